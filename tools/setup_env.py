"""Make or mend .venv: the packages of requirements.txt, and course_lib. Standard library only.

    python3 tools/setup_env.py [PYTHON]

Pythons too old for the course must be able to read this file, to say so: no f-strings here.
"""

import hashlib
import os
import subprocess
import sys
import time

OLDEST, NEWEST = (3, 11), (3, 13)  # the Pythons that the pinned TensorFlow is built for
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(
    VENV, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python"))
)
# TensorFlow's log lines go to the terminal, not into the notebook that imports it.
KERNEL_CONFIG = os.path.join(VENV, "etc", "ipython", "ipython_kernel_config.py")
STAMP = os.path.join(VENV, "course-stamp")  # written last: without it, the set-up was cut off


def version_of(python, modules="sys"):
    """(3, 11) for a Python that starts and has these modules, else None."""
    code = "import sys, {}; print(sys.version_info[0], sys.version_info[1])".format(modules)
    try:
        out = subprocess.check_output([python, "-c", code], stderr=subprocess.STDOUT)
        return tuple(int(number) for number in out.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def choose(asked):
    """The Python to build .venv with; where there is none, exit with one sentence."""
    own = getattr(sys, "_base_executable", sys.executable)  # not .venv's, which may be replaced
    for python in [asked] if asked else [own, "python3.13", "python3.12", "python3.11"]:
        version = version_of(python, "ensurepip, venv")
        if version and OLDEST <= version <= NEWEST:
            return python
    first = asked or own
    version = version_of(first)
    if version is None:
        sys.exit("{} does not start: name another, as in PYTHON=python3.12.".format(first))
    name = "Python {}.{}".format(*version)
    if not OLDEST <= version <= NEWEST:
        sys.exit(
            "The course needs Python 3.11 to 3.13, and {} is {}: install one of those and run this "
            "again, naming it if need be: make lab PYTHON=python3.12.".format(first, name)
        )
    sys.exit(
        "{} at {} has no venv module: install it (Debian, Ubuntu: sudo apt install "
        "python{}.{}-venv) and run this again.".format(name, first, *version)
    )


def fingerprint(version):
    """What .venv depends on; the folder too, since course_lib is installed by its place."""
    digest = hashlib.sha256(repr((ROOT, version)).encode())
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def state(asked):
    """'ready', 'stale' where packages changed, or 'unusable'."""
    have = version_of(VENV_PYTHON)
    if not have or not os.path.exists(STAMP) or (asked and version_of(asked) != have):
        return "unusable"  # none, broken, cut off in the middle, or another Python's
    with open(STAMP) as file:
        return "ready" if file.read() == fingerprint(have) else "stale"


def wait_for_another(file):
    """Two set-ups at once would spoil one .venv: the second waits (except on Windows)."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
    except (ImportError, OSError):
        pass


def set_up(asked):
    start, found = time.time(), state(asked)
    if os.path.exists(STAMP):
        os.remove(STAMP)  # before anything else: from here on, .venv is half made
    if found == "unusable":
        python = choose(asked)
        print("Making .venv with Python {}.{} ...".format(*version_of(python)), flush=True)
        subprocess.check_call([python, "-m", "venv", "--clear", VENV])
    print("Installing the packages (2.6 GB; a network and some minutes needed) ...", flush=True)
    pip = [VENV_PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.check_call(pip + ["-r", "requirements.txt"], cwd=ROOT)
    subprocess.check_call(pip + ["--no-deps", "--no-build-isolation", "-e", "."], cwd=ROOT)
    os.makedirs(os.path.dirname(KERNEL_CONFIG), exist_ok=True)
    with open(KERNEL_CONFIG, "w") as file:
        file.write("c.IPKernelApp.capture_fd_output = False\n")
    with open(STAMP + ".part", "w") as file:
        file.write(fingerprint(version_of(VENV_PYTHON)))
    os.replace(STAMP + ".part", STAMP)
    print("The set-up is ready after {:.0f} s.".format(time.time() - start))


if __name__ == "__main__":
    try:
        asked = sys.argv[1] if len(sys.argv) > 1 else ""
        if state(asked) != "ready":
            with open(os.path.join(ROOT, "requirements.txt")) as file:
                wait_for_another(file)
                if state(asked) != "ready":
                    set_up(asked)
    except subprocess.CalledProcessError:
        sys.exit("The set-up failed for the reason above (is there a network?): run it again.")
    except KeyboardInterrupt:
        sys.exit("The set-up was interrupted: run it again, and it starts where it must.")
