"""Open the course in JupyterLab: `make lab` a student's own copies, `make edit` the originals.

    python -m tools.lab [--edit | --hub] [options of JupyterLab]

The copies lie in my_notebooks/, which git ignores; under JupyterHub (--hub) in ~/course.
Each is made once; later a chapter that has changed replaces its copy only as long as nobody has
saved the copy.
"""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import nbformat
from ipykernel.ipkernel import IPythonKernel
from nbformat.sign import NotebookNotary

from tools.links import save_notebook
from tools.notebooks import NOTEBOOKS, ROOT

COPIES = ROOT / "my_notebooks"
MADE = ".made.json"  # in COPIES: of each chapter, what the original and its copy were like


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def copy_notebooks(source, target):
    """Copy new chapters, and changed ones whose copy nobody has saved. Returns lines to print."""
    target.mkdir(exist_ok=True)
    # Solutions hold no answers of the student: they always follow the original.
    shutil.copytree(source / "solutions", target / "solutions", dirs_exist_ok=True)
    made = json.loads((target / MADE).read_text()) if (target / MADE).exists() else {}
    notary, lines = NotebookNotary(), []
    for path in sorted(source.glob("*.ipynb")):
        copy, (original, copied) = target / path.name, made.get(path.name, (None, None))
        if digest(path) == original and copy.exists():
            continue
        if digest(copy) not in (None, copied):
            lines.append(
                f"{path.name} has a new version, and yours has your work. To get the new one: "
                "rename yours, and start again."
            )
            continue
        notebook = nbformat.read(path, as_version=4)
        # What JupyterLab would write on opening it, and then ask whether to save.
        notebook.metadata.language_info = nbformat.from_dict(IPythonKernel.language_info)
        save_notebook(notebook, copy)
        notary.sign(nbformat.read(copy, as_version=4))
        made[path.name] = digest(path), digest(copy)
    (target / MADE).write_text(json.dumps(made, indent=1) + "\n")
    return lines


def command(folder, options, program="jupyterlab"):
    """The command that starts JupyterLab in a folder, at the first chapter, without its news."""
    return [
        *(sys.executable, "-m", program),
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.app_settings_dir={Path(__file__).parent}",
        "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
        *options,
    ]


if __name__ == "__main__":
    options, folder, program = sys.argv[1:], COPIES, "jupyterlab"
    if "--edit" in options:
        options.remove("--edit")
        folder = NOTEBOOKS
    elif "--hub" in options:
        options.remove("--hub")
        folder, program = Path.home() / "course", "jupyterhub.singleuser"
        os.environ.pop("PYTHONPATH", None)  # by it JupyterHub found this module; no kernel needs it
    if folder != NOTEBOOKS:
        for line in copy_notebooks(NOTEBOOKS, folder):
            print(line)
    start = command(folder, options, program)
    os.execv(start[0], start)
