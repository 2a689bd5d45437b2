"""`make setup` gives a whole .venv or leaves the one that was there, whatever goes wrong.

Most tests run the real program with a made-up Python, which needs no network and no time; the last
one uses venv and pip.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from tools.notebooks import ROOT

SCRIPT = ROOT / "tools" / "setup_env.py"

# It knows what setup_env.py asks of a Python: its version, to make an environment, to install.
FAKE_PYTHON = """#!/bin/sh
'''exec' {python} -S "$0" "$@"
' '''
import json, os, signal, sys

VERSION = {version}
args, step = sys.argv[1:], None
venv = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
installed = os.path.join(venv, "installed")
pins = open("requirements.txt").read().split() if os.path.exists("requirements.txt") else []
have = open(installed).read().split() if os.path.exists(installed) else []


def reach(step):
    # The set-up is stopped while it waits for this step.
    if os.environ.get("STOP_AT") == step:
        os.kill(os.getppid(), getattr(signal, os.environ["STOP_WITH"]))


if args[0] == "-c":
    print(*VERSION)
elif args[:2] == ["-m", "venv"]:
    reach("name" if "--without-pip" in args else "make")
    os.makedirs(os.path.join(args[-1], "bin"), exist_ok=True)
    link = os.path.join(args[-1], "bin", "python")
    if not os.path.exists(link):
        os.symlink(os.path.realpath(sys.argv[0]), link)
elif "--dry-run" in args:
    print(json.dumps({{"install": [pin for pin in pins if pin not in have]}}))
elif "-r" in args:
    for pin in pins:
        if pin not in have and os.environ.get("NETWORK") == "no":
            sys.exit("no network")
        open(installed, "a").write(pin + "\\n")
        reach("packages")
elif "-e" in args:
    reach("course")
    if os.path.exists("broken"):
        sys.exit("course_lib cannot be installed")
    open(os.path.join(venv, "course"), "w").write(os.getcwd())
"""


class Checkout:
    """A folder with a set-up of its own."""

    def __init__(self, root):
        self.root, self.venv = root, root / ".venv"
        (root / "tools").mkdir(parents=True)
        shutil.copy(SCRIPT, root / "tools")
        (root / "pyproject.toml").write_text("")
        self.pin("numpy==1", "keras==1")

    def pin(self, *pins):
        (self.root / "requirements.txt").write_text("\n".join(pins))

    def python(self, major, minor):
        path = self.root / f"python{major}.{minor}"
        path.write_text(
            FAKE_PYTHON.format(python=shlex.quote(sys.executable), version=(major, minor))
        )
        path.chmod(0o755)
        return str(path)

    def start(self, python="", **env):
        command = [sys.executable, self.root / "tools" / "setup_env.py", python]
        return subprocess.Popen(
            command, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def set_up(self, python="", **env):
        """The exit code, and what was printed."""
        process = self.start(python, **env)
        output = process.communicate(timeout=300)[0].decode()
        return process.returncode, output

    def is_ready(self):
        """Nothing is left to do: the set-up says nothing, and no environment lies beside .venv."""
        assert {path.name for path in self.root.glob(".venv*")} == {".venv"}
        return self.set_up(NETWORK="no") == (0, "")

    def installed(self):
        return (self.venv / "installed").read_text().split()

    def version(self):
        out = subprocess.check_output([self.venv / "bin" / "python", "-c", ""])
        return tuple(int(number) for number in out.split())


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "course")


@pytest.fixture
def ready(checkout):
    """A checkout with a .venv of Python 3.12."""
    assert checkout.set_up(checkout.python(3, 12))[0] == 0
    return checkout


def test_first_set_up(checkout):
    code, output = checkout.set_up(checkout.python(3, 12))
    assert code == 0 and "ready" in output
    assert checkout.is_ready()
    assert checkout.installed() == ["numpy==1", "keras==1"]
    assert (checkout.venv / "course").read_text() == str(checkout.root)
    (config,) = checkout.venv.glob("etc/ipython/*.py")
    assert "capture_fd_output = False" in config.read_text()


def test_first_set_up_without_a_network_leaves_nothing(checkout):
    code, output = checkout.set_up(checkout.python(3, 12), NETWORK="no")
    assert code == 1 and "network" in output and "kept" not in output
    assert not list(checkout.root.glob(".venv*"))


@pytest.mark.parametrize(
    ("version", "message"), [((3, 10), "needs Python 3.11 to 3.13"), (None, "does not start")]
)
def test_refused_python_leaves_venv_ready(ready, version, message):
    python = ready.python(*version) if version else str(ready.root / "python9")
    code, output = ready.set_up(python)
    assert code == 1 and message in output
    assert ready.is_ready()


@pytest.mark.parametrize(("network", "version"), [("yes", (3, 13)), ("no", (3, 12))])
def test_another_python_replaces_venv_where_it_can(ready, network, version):
    code, output = ready.set_up(ready.python(3, 13), NETWORK=network)
    assert code == (network == "no") == ("kept" in output)
    assert ready.version() == version
    assert ready.is_ready()


def test_new_pin_is_installed_by_the_same_python(ready):
    ready.pin("numpy==2", "keras==1")
    assert ready.set_up()[0] == 0
    assert ready.version() == (3, 12)
    assert ready.installed() == ["numpy==2", "keras==1"]
    assert ready.is_ready()


def test_new_pin_without_a_network_twice_leaves_the_old_packages(ready):
    ready.pin("numpy==2", "keras==1")
    for _ in range(2):
        code, output = ready.set_up(NETWORK="no")
        assert code == 1 and "kept" in output and "-m tools.lab" in output
        assert ready.installed() == ["numpy==1", "keras==1"]
    ready.pin("numpy==1", "keras==1")
    assert ready.is_ready()


def test_changed_project_needs_no_network(ready):
    (ready.root / "pyproject.toml").write_text("# changed")
    assert ready.set_up(NETWORK="no")[0] == 0
    assert ready.is_ready()


def test_course_that_cannot_be_installed_leaves_venv(ready):
    """A mistake in pyproject.toml, say, while a new pin is installed."""
    ready.pin("numpy==2")
    (ready.root / "broken").touch()
    assert ready.set_up()[0] == 1
    assert ready.installed() == ["numpy==1", "keras==1"]
    (ready.root / "broken").unlink()
    assert ready.set_up()[0] == 0
    assert ready.is_ready()


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
@pytest.mark.parametrize("step", ["make", "packages", "course", "name"])
def test_stopped_at_any_step_leaves_a_whole_venv(ready, step, how):
    ready.pin("numpy==2", "keras==2")
    code, output = ready.set_up(STOP_AT=step, STOP_WITH=how)
    assert code != 0
    if how == "SIGINT":
        assert "interrupted" in output and "kept" in output
    new = ["numpy==2", "keras==2"]
    assert ready.installed() == (new if step == "name" else ["numpy==1", "keras==1"])
    code, _ = ready.set_up(NETWORK="no")
    assert code == (0 if step == "name" else 1)
    assert ready.set_up()[0] == 0
    assert ready.installed() == new
    assert ready.is_ready()


def test_stopped_while_mending_is_mended_next_time(ready):
    """Also where the change that called for it is taken back."""
    (ready.root / "pyproject.toml").write_text("# changed")
    assert ready.set_up(STOP_AT="course", STOP_WITH="SIGKILL")[0] == -signal.SIGKILL
    (ready.root / "pyproject.toml").write_text("")
    code, output = ready.set_up(NETWORK="no")
    assert code == 0 and "Mending" in output
    assert ready.is_ready()


def test_stopped_between_the_two_renames_gets_its_venv_back(ready):
    ready.venv.rename(ready.root / ".venv.old")
    shutil.copytree(ready.root / ".venv.old", ready.root / ".venv.new")
    assert ready.set_up(NETWORK="no") == (0, "")
    assert ready.is_ready()


def test_link_to_another_environment_is_replaced_without_harm(ready, tmp_path):
    other = tmp_path / "other"
    ready.venv.rename(other)
    ready.venv.symlink_to(other)
    assert ready.set_up(ready.python(3, 13))[0] == 0
    assert (other / "course-stamp").exists()
    assert not ready.venv.is_symlink()
    assert ready.is_ready()


def test_two_set_ups_at_once(checkout):
    python = checkout.python(3, 12)
    both = [checkout.start(python) for _ in range(2)]
    outputs = [process.communicate(timeout=300)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(bool(output) for output in outputs) == [False, True], "one has nothing to do"
    assert checkout.installed() == ["numpy==1", "keras==1"]
    assert checkout.is_ready()


# Builds a wheel: of the package that is pinned, and of course_lib by its place.
BACKEND = """
import os
import zipfile

def write(path, name, files):
    info = f"{name}-1.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)

def build_editable(folder, config_settings=None, metadata_directory=None):
    wheel = "course_lib-1-py3-none-any.whl"
    write(os.path.join(folder, wheel), "course_lib", {"course_lib.pth": os.getcwd()})
    return wheel
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]'


def test_real_environment_can_be_moved(tmp_path):
    """Made by venv and pip; the new place has what shells trip over, and no network."""
    checkout, wheels = Checkout(tmp_path / "course"), tmp_path / "wheels"
    checkout.pin("tiny==1")
    (checkout.root / "pyproject.toml").write_text(PROJECT)
    (checkout.root / "backend.py").write_text(BACKEND)
    backend = {}
    exec(BACKEND, backend)
    wheels.mkdir()
    files = {
        "tiny.py": "import backend, sys\ndef main():\n    print(backend.__file__, sys.prefix)\n",
        "tiny-1.dist-info/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    backend["write"](wheels / "tiny-1-py3-none-any.whl", "tiny", files)
    env = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    code, output = checkout.set_up(**env)
    assert code == 0, output

    new = tmp_path / "in $HOME, 'moved'"
    for place in (checkout.root, new):
        venv = place / ".venv"
        expected = f"{place / 'backend.py'} {venv}\n"
        assert subprocess.check_output([venv / "bin" / "tiny"], text=True) == expected
        activate = (venv / "bin" / "activate").read_text()
        assert place.name in activate and ".venv.new" not in activate
        if place != new:
            checkout.root.rename(new)
            checkout.root, checkout.venv = new, new / ".venv"
            shutil.rmtree(wheels)
            code, output = checkout.set_up(**env)
            assert code == 0, output
    assert checkout.is_ready()
