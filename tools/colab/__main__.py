"""Run each chapter as Colab does: in an empty folder, where its set-up cell fetches course_lib.

    python -m tools.colab [PREFIX] [--pins 2026-08] [--python python3.13]
    python -m tools.colab [PREFIX] --here

PREFIX is the start of notebooks' names; without it, all run. The packages are those of a file of
pins beside this one (of each in turn, if none is named), in an environment in build/colab. `--here`
takes the Python and the packages that are there, as in Colab's own runtime image; course_lib is
installed into it. What runs is the last commit. The outputs are not compared.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools.links import link_notebook, repository
from tools.notebooks import ROOT, peak_mb, use_kernel_env
from tools.setup_env import version_of

PINS = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.txt"))}
ENVIRONMENTS = ROOT / "build" / "colab"
REPO = repository() or "owner/name"  # git is told to look for it on this computer


def pip(python, *arguments):
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def packages(python):
    """Every package of an environment but course_lib, and its version."""
    listed = json.loads(pip(python, "list", "--format", "json"))
    return {p["name"]: p["version"] for p in listed if p["name"] not in ("course_lib", "pip")}


def changed(before, after):
    """What was there before and has another version now.

    >>> changed({"numpy": "2.1.3", "keras": "3.13.2"}, {"numpy": "2.4.6", "keras": "3.13.2"})
    ['numpy 2.1.3 became 2.4.6']
    """
    return [
        f"{name} {version} became {after.get(name, 'nothing')}"
        for name, version in before.items()
        if after.get(name) != version
    ]


def environment(name, asked=None):
    """The Python of the environment with these pins, made if need be, and its packages."""
    folder, pins = ENVIRONMENTS / name, PINS[name].read_text(encoding="utf-8")
    wanted = re.search(r"python3\.\d+", pins)[0]
    candidates = [asked] if asked else [wanted, sys.executable]
    python = next((p for p in candidates if version_of(p, "ensurepip, venv")), None)
    if python is None:
        sys.exit(f"{asked} does not start, or has no venv module")
    version = "{}.{}".format(*version_of(python))
    stamp = folder / "made.json"  # written last
    made = json.loads(stamp.read_text()) if stamp.exists() else {}
    own = str(folder / "bin" / "python")
    if (made.get("pins"), made.get("python")) != (pins, version):
        print(f"Making {folder.relative_to(ROOT)} ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        try:
            pip(own, "install", "-q", "-r", str(PINS[name]))
        except subprocess.CalledProcessError:
            sys.exit(f"{PINS[name].name} cannot be installed for Python {version}: see above")
        made = {"pins": pins, "python": version, "packages": packages(own)}
        stamp.write_text(json.dumps(made))
    what = ", ".join(line for line in pins.splitlines() if "==" in line)
    print(f"{name}: Python {version}, where {wanted} is meant; {what}")
    return own, made["packages"]


def kernel(python, clone, folder):
    """Define the kernel `colab` in `folder`: this Python, which finds the clone on GitHub."""
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Colab",
        "language": "python",
        "env": {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{clone}.insteadOf",
            "GIT_CONFIG_VALUE_0": f"https://github.com/{REPO}",
            "GIT_ALLOW_PROTOCOL": "file",  # never the real address, whoever owns it
        },
    }
    path = folder / "kernels" / "colab" / "kernel.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(folder)
    os.environ.pop("TQDM_DISABLE", None)  # the bar is a widget, which Colab has in an old version


def run_chapter(text, kernel_name="colab"):
    """Run a notebook's text in an empty folder. Returns seconds, peak memory in MB, and 'ok' or
    the error."""
    peak, start = 0.0, time.perf_counter()

    def after_cell(**_):
        nonlocal peak
        peak = peak_mb(client.km.provisioner.pid)

    with tempfile.TemporaryDirectory(prefix="course-chapter-") as empty:
        client = NotebookClient(
            nbformat.reads(text, as_version=4),
            timeout=900,
            kernel_name=kernel_name,
            on_cell_executed=after_cell,
            resources={"metadata": {"path": empty}},
        )
        try:
            client.execute()
            result = "ok"
        except CellExecutionError as error:
            result = f"{error.ename}: {error.evalue}"
        except (CellTimeoutError, DeadKernelError) as error:
            result = f"{type(error).__name__}: {error}"
    return time.perf_counter() - start, peak, result.splitlines()[0]


def run(python, before, prefix):
    """Run the chapters of the last commit with this Python, print a table, and return whether all
    went well and no package changed its version."""
    with tempfile.TemporaryDirectory(prefix="course-colab-") as temporary:
        folder = Path(temporary)
        clone = folder / "course"
        subprocess.run(["git", "clone", "-q", f"file://{ROOT}", clone], check=True)
        kernel(python, clone, folder)
        fine = True
        print(f"{'chapter':24}{'seconds':>9}{'peak MB':>9}  result", flush=True)
        for path in sorted(clone.glob(f"notebooks/{prefix}*.ipynb")):
            pip(python, "uninstall", "-qqq", "-y", "course_lib")  # each chapter fetches it
            text = link_notebook(path.read_text(encoding="utf-8"), REPO, path.name)
            seconds, peak, result = run_chapter(text)
            print(f"{path.stem:24}{seconds:9.0f}{peak:9.0f}  {result}", flush=True)
            fine = fine and result == "ok"
    differences = changed(before, packages(python))
    print(f"Packages that changed: {', '.join(differences) or 'none'}.\n", flush=True)
    return fine and not differences


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix", nargs="?", default="")
    parser.add_argument("--pins", choices=PINS)
    parser.add_argument("--python", help="make the environment with this Python")
    parser.add_argument("--here", action="store_true", help="no environment of its own")
    arguments = parser.parse_args()
    if arguments.here and sys.prefix != sys.base_prefix:
        sys.exit("--here would change this environment: it is meant for Colab's runtime image")
    ipython_folder = use_kernel_env()  # removed at the end
    if arguments.here:
        fine = [run(sys.executable, packages(sys.executable), arguments.prefix)]
    else:
        names = [arguments.pins] if arguments.pins else list(PINS)
        fine = [run(*environment(n, arguments.python), arguments.prefix) for n in names]
    sys.exit(not all(fine))
