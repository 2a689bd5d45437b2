"""Write build/bundle: the course, the packages that it needs, its slides and pages, and the data.

    python -m tools.bundle

The packages are those of requirements.txt, for the system and the Python that run this. CIFAR-10
and CIFAR-100 come along where this computer has them. In the room, `python3 start.py` installs the
course from the folder, and opens it.
"""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from course_lib.data import sources
from tools import site, slides
from tools.handout.__main__ import replaced
from tools.notebooks import ROOT

HERE = Path(__file__).parent
TARGET = ROOT / "build" / "bundle"


def copy_course(target):
    """Copy the files that git knows, or would not ignore.

    Raises:
        RuntimeError: if this is no git checkout: nothing tells the course's files from others.
    """
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "-c", "-o", "--exclude-standard"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError("a bundle needs a git checkout: clone the course first") from error
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():  # not what is deleted and not committed yet
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def fetch_wheels(target):
    """Every package of requirements.txt as a wheel for this system and this Python."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements.txt"), "-w", str(target)], check=True)


def copy_data(target):
    """Copy the data sets that this computer has. Returns their names."""
    found = []
    for name in sources.ARCHIVES:
        shared = sources.shared_copy(name)
        if shared is None and not sources.downloaded(name):
            continue
        target.mkdir(parents=True, exist_ok=True)
        if shared:
            shutil.copy(shared, target)
        else:
            np.savez(target / f"{name}.npz", **sources.from_network(name))
        found.append(name)
    return found


def run(module, *arguments):
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, cwd=ROOT)


def write(folder):
    """Fill an empty folder with the bundle; returns the names of the data sets in it."""
    print("Copying the course ...", flush=True)
    copy_course(folder / "course")
    print("Fetching the packages (0.9 GB; needs a network) ...", flush=True)
    fetch_wheels(folder / "wheels")
    print("Making slides and pages ...", flush=True)
    run(slides.__name__)
    run(site.__name__)
    for name in ("slides", "site"):
        shutil.copytree(ROOT / "build" / name, folder / name)
    data = copy_data(folder / "data")
    version = ".".join(platform.python_version_tuple()[:2])
    made_for = {"system": platform.system(), "machine": platform.machine(), "python": version}
    for name in ("start.py", "README.txt"):
        shutil.copy(HERE / name, folder)
    (folder / "made_for.json").write_text(json.dumps(made_for, indent=1) + "\n")
    return data


if __name__ == "__main__":
    try:
        with replaced(TARGET) as folder:
            data = write(folder)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"No bundle was written: {error}")
    size = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file()) / 1e9
    with_data = ", ".join(data) or "no data set (CIFAR was not found on this computer)"
    print(f"{TARGET.relative_to(ROOT)}: {size:.1f} GB, with {with_data}.")
