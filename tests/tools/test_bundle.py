"""The folder for a room without a network."""

import os
import platform
import runpy
import subprocess
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import sources
from tools.bundle import __main__ as bundle

START = runpy.run_path(str(bundle.HERE / "start.py"))
PYTHON = ".".join(platform.python_version_tuple()[:2])
HERE = {"system": platform.system(), "machine": platform.machine(), "python": PYTHON}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout with files that git knows, ignores, has not seen yet, or misses."""
    root = tmp_path / "the course"
    root.mkdir()
    for name in ("known.py", "removed.py", "new.py", "ignored.pyc"):
        (root / name).write_text(name)
    (root / ".gitignore").write_text("*.pyc\nbuild\n")
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "known.py", "removed.py"], check=True)
    (root / "removed.py").unlink()
    monkeypatch.setattr(bundle, "ROOT", root)
    return root


def test_the_courses_files_are_copied_and_no_others(checkout, tmp_path):
    bundle.copy_course(tmp_path / "copy")
    copied = {path.name for path in (tmp_path / "copy").iterdir()}
    assert copied == {".gitignore", "known.py", "new.py"}


def test_without_git_there_is_no_bundle(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    with pytest.raises(RuntimeError, match="needs a git checkout"):
        bundle.copy_course(tmp_path / "copy")


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)


def test_data_that_is_not_here_is_not_fetched(no_data, tmp_path):
    assert bundle.copy_data(tmp_path / "data") == []
    assert not (tmp_path / "data").exists()


def test_shared_and_downloaded_data_come_along(no_data, tmp_path, monkeypatch):
    (tmp_path / "shared").mkdir()
    np.savez(tmp_path / "shared" / "cifar10.npz", x_train=np.arange(3))
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "shared"))
    monkeypatch.setattr(sources, "downloaded", lambda name: name == "cifar100")
    monkeypatch.setattr(sources, "from_network", lambda name: {"x_train": np.arange(5)})
    assert bundle.copy_data(tmp_path / "data") == ["cifar10", "cifar100"]
    for name, length in (("cifar10", 3), ("cifar100", 5)):
        assert len(np.load(tmp_path / "data" / f"{name}.npz")["x_train"]) == length


def test_a_bundle_is_whole_or_the_old_one_stays(checkout, no_data, monkeypatch):
    def fetched(target):
        target.mkdir()
        (target / "numpy-2-py3-none-any.whl").write_text("")

    def run(module, *arguments):
        (checkout / "build" / module.split(".")[-1]).mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(bundle, "fetch_wheels", fetched)
    monkeypatch.setattr(bundle, "run", run)
    target = checkout / "build" / "bundle"
    with bundle.replaced(target) as folder:
        bundle.write(folder)
    names = {path.name for path in target.iterdir()}
    made = {"course", "wheels", "slides", "site", "start.py", "README.txt", "made_for.json"}
    assert names == made

    def no_network(target):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(bundle, "fetch_wheels", no_network)
    with pytest.raises(subprocess.CalledProcessError), bundle.replaced(target) as folder:
        bundle.write(folder)
    assert {path.name for path in target.iterdir()} == made
    assert not [p for p in target.parent.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("name", HERE)
def test_packages_for_another_computer_are_refused(name):
    START["check"](HERE)
    with pytest.raises(SystemExit, match="are for .*another.*, and this is .*" + HERE["system"]):
        START["check"](HERE | {name: "another"})


def test_the_rooms_pip_sees_the_folder_alone(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://example.org/more")
    settings = START["environment"]()
    assert {n: v for n, v in settings.items() if n.startswith("PIP_")} == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": (bundle.HERE / "wheels").as_uri(),
    }
    assert "COURSE_DATA_DIR" not in settings or settings["COURSE_DATA_DIR"] == os.environ.get(
        "COURSE_DATA_DIR"
    )
    assert Path(START["HERE"]) == bundle.HERE
