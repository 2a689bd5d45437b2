"""Write what a class gets into build/handout: a folder for each kind of copy.

    python -m tools.handout [--for nbgrader | otter] [02]

The argument is the start of a notebook's name; then the other chapters' copies stay as they are.
"""

import argparse
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nbformat

from tools.handout import copies, grading
from tools.links import save_notebook
from tools.notebooks import NOTEBOOKS, ROOT
from tools.solutions import solutions

TARGET = ROOT / "build" / "handout"


@contextmanager
def replaced(folder, keep=False):
    """A new folder to write into, which takes the place of `folder` if nothing goes wrong.

    Args:
        folder: need not be there yet.
        keep: whether the new folder begins as a copy of the old one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        new, old = Path(place) / "new", Path(place) / "old"
        if keep and folder.exists():
            shutil.copytree(folder, new)
        else:
            new.mkdir()
        yield new
        if folder.exists():
            os.rename(folder, old)
        try:
            os.rename(new, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise


def write(target, start="", tool=None, source=NOTEBOOKS):
    """Write the copies of every chapter whose name begins with `start`, all or none.

    Args:
        target: the folder to write.
        start: such as "02".
        tool: "nbgrader" or "otter", for a folder that this tool reads.
        source: the folder of the chapters and their solutions.

    Raises:
        ValueError: if there is no such chapter.
    """
    paths = sorted(source.glob(f"{start}*.ipynb"))
    if not paths:
        raise ValueError(f"no chapter begins with {start!r}; choose one of 00, 01, ...")
    with replaced(target, keep=bool(start)) as folder:
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            code = solutions(source / "solutions" / f"{path.stem}.py")
            written = {
                f"student/{path.name}": copies.student(notebook),
                f"presenter/{path.name}": copies.presenter(notebook),
                f"solved/{path.name}": copies.solved(notebook, code),
            }
            if tool == "nbgrader":
                graded = grading.for_nbgrader(notebook, code)
                written[f"nbgrader/source/{path.stem}/{path.name}"] = graded
            elif tool == "otter":
                written[f"otter/{path.name}"] = grading.for_otter(notebook, code, path.stem)
            for name, each in written.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                save_notebook(each, folder / name)
        if tool == "nbgrader":
            config = folder / "nbgrader" / "nbgrader_config.py"
            config.write_text(grading.CONFIG, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("start", nargs="?", default="")
    parser.add_argument("--for", dest="tool", choices=["nbgrader", "otter"])
    arguments = parser.parse_args()
    try:
        write(TARGET, arguments.start, arguments.tool)
    except ValueError as error:
        parser.error(str(error))
    kinds = sorted(folder.name for folder in TARGET.iterdir())
    print(f"{TARGET.relative_to(ROOT)} holds the folders {', '.join(kinds)}.")
