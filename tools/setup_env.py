"""Make or mend .venv: the packages of requirements.txt, and course_lib. Standard library only.

    python3 tools/setup_env.py [PYTHON]

A working .venv stays as it is until the new one is complete. If packages are missing, or another
Python is asked for, a new environment is filled in .venv.new, and two renames put it in place of
the old one. (Updating .venv in place with pip would leave a mixture if it were interrupted.) If all
packages are there, as after the folder was moved, .venv is mended in place, without a network.

An environment holds its own path, which a rename makes wrong: in the first lines of its commands,
and in bin/activate. So the commands are changed to look for Python beside themselves, and
bin/activate is written again by running venv over the environment under its final name.

Pythons too old for the course must be able to read this file, to say so: no f-strings here.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

OLDEST, NEWEST = (3, 11), (3, 13)  # the Pythons that the pinned TensorFlow supports
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
NEW, OLD = VENV + ".new", VENV + ".old"
STAMP = "course-stamp"  # written last: what the environment was made for

# A command that pip wrote starts like FIRST_LINES; it should start with PYTHON_BESIDE.
FIRST_LINES = re.compile(rb"#!(/bin/sh\n'''exec' .*\n' '''|.*/python[\d.]*)\n")
PYTHON_BESIDE = b"""#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
"""


def python_of(venv):
    return os.path.join(venv, "bin", "python")


def version_of(python, modules="sys"):
    """(3, 11) for a Python that starts and has these modules, else None."""
    code = "import sys, {}; print(sys.version_info[0], sys.version_info[1])".format(modules)
    try:
        out = subprocess.check_output([python, "-c", code], stderr=subprocess.STDOUT)
        return tuple(int(number) for number in out.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def usual_pythons(found):
    """The Pythons to try if none is asked for, first that of a .venv that starts."""
    own = getattr(sys, "_base_executable", sys.executable)  # .venv's own would be removed
    rest = [own, "python3.13", "python3.12", "python3.11"]
    return rest if found == "unusable" else [python_of(VENV)] + rest


def choose(candidates):
    """The first of these that can make .venv; if none can, exit with one sentence."""
    for python in candidates:
        version = version_of(python, "ensurepip, venv")
        if version and OLDEST <= version <= NEWEST:
            return python
    first = candidates[0]
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
    """What .venv depends on, the folder included, since course_lib is installed by its path."""
    digest = hashlib.sha256(repr((ROOT, version)).encode())
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def state(asked):
    """'ready'; 'stale' if .venv starts but was made for other pins; or 'unusable'."""
    have = version_of(python_of(VENV))
    if not have or not OLDEST <= have <= NEWEST or (asked and version_of(asked) != have):
        return "unusable"
    try:
        with open(os.path.join(VENV, STAMP)) as file:
            return "ready" if file.read() == fingerprint(have) else "stale"
    except OSError:
        return "stale"


def run(*command):
    subprocess.check_call(command, cwd=ROOT)


def has_packages(venv):
    """Whether every pin is already installed; pip tells without a network."""
    pip = [python_of(venv), "-m", "pip", "install", "--dry-run", "--no-index", "--report", "-"]
    try:
        with open(os.devnull, "w") as quiet:
            out = subprocess.check_output(
                pip + ["-q", "-r", "requirements.txt"], cwd=ROOT, stderr=quiet
            )
        return not json.loads(out.decode("utf-8"))["install"]
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False


def install(venv, *what):
    run(python_of(venv), "-m", "pip", "install", "-q", "--disable-pip-version-check", *what)


def install_course(venv):
    """Install course_lib by its path, and what a kernel and a renamed environment need."""
    install(venv, "--no-deps", "--no-build-isolation", "-e", ".")
    config = os.path.join(venv, "etc", "ipython")
    os.makedirs(config, exist_ok=True)
    with open(os.path.join(config, "ipython_kernel_config.py"), "w") as file:
        # TensorFlow's log lines go to the terminal, not into the notebook that imports it.
        file.write("c.IPKernelApp.capture_fd_output = False\n")
    for name in os.listdir(os.path.join(venv, "bin")):
        path = os.path.join(venv, "bin", name)
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                text = file.read()
            found = FIRST_LINES.match(text)
            if found and found.group() != PYTHON_BESIDE:
                with open(path, "wb") as file:
                    file.write(PYTHON_BESIDE + text[found.end() :])


def finish():
    """Write .venv's final path into it, and stamp it."""
    run(python_of(VENV), "-m", "venv", "--without-pip", VENV)
    part = os.path.join(VENV, STAMP + ".part")
    with open(part, "w") as file:
        file.write(fingerprint(version_of(python_of(VENV))))
    os.replace(part, os.path.join(VENV, STAMP))


def unstamp(venv):
    """Call this before changing an environment: if interrupted, it must not look ready."""
    if os.path.exists(os.path.join(venv, STAMP)):
        os.remove(os.path.join(venv, STAMP))


def discard(venv):
    if os.path.islink(venv):
        os.remove(venv)
    elif os.path.exists(venv):
        unstamp(venv)
        shutil.rmtree(venv)


def tidy():
    """Put the old .venv back if there is none; remove what an interrupted set-up left."""
    if os.path.lexists(OLD) and not os.path.lexists(VENV):
        os.rename(OLD, VENV)
    discard(OLD)
    discard(NEW)


def replace(python):
    """Fill a new environment beside .venv, then swap them."""
    print("Making .venv with Python {}.{} ...".format(*version_of(python)), flush=True)
    run(python, "-m", "venv", NEW)
    print("Installing the packages (2.6 GB; it takes some minutes) ...", flush=True)
    install(NEW, "-r", "requirements.txt")
    install_course(NEW)
    if os.path.lexists(VENV):
        os.rename(VENV, OLD)
    os.rename(NEW, VENV)


def set_up(asked):
    start, found = time.time(), state(asked)
    if found == "stale" and has_packages(VENV):
        print("Mending .venv ...", flush=True)
        unstamp(VENV)
        install_course(VENV)
    else:
        replace(choose([asked] if asked else usual_pythons(found)))
    finish()
    print("The set-up is ready after {:.0f} s.".format(time.time() - start))


def wait_for_another(file):
    """If two set-ups run at once, the second waits until the first has closed this file."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass  # a system without locks: nothing stops two set-ups at once


def main(asked):
    if state(asked) == "ready" and not os.path.exists(NEW) and not os.path.exists(OLD):
        return
    with open(os.path.join(ROOT, "requirements.txt")) as file:
        wait_for_another(file)
        tidy()
        if state(asked) == "ready":
            return
        try:
            set_up(asked)
        finally:
            tidy()


def still_there():
    """What to say after a failed set-up if there was a .venv before."""
    if state("") == "unusable":
        return ""
    return " Your old .venv is kept. To continue with it meanwhile: .venv/bin/python -m tools.lab"


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except subprocess.CalledProcessError:
        sys.exit(
            "The set-up failed for the reason above (is there a network?): run it again."
            + still_there()
        )
    except KeyboardInterrupt:
        sys.exit("The set-up was interrupted: run it again." + still_there())
