"""A class on one server: JupyterHub's configuration, and the tool that measures what it takes."""

import asyncio
import json
import re
import runpy
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from tools.classroom.__main__ import KERNELS, measure
from tools.lab import __main__ as lab
from tools.notebooks import NOTEBOOKS, ROOT

CONFIG = ROOT / "tools" / "classroom" / "jupyterhub_config.py"
v4 = nbformat.v4
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is shared")


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """The configuration as JupyterHub reads it, for a class of two."""

    def read(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = Config()
        runpy.run_path(str(CONFIG), init_globals={"get_config": lambda: config})
        return config

    monkeypatch.chdir(tmp_path)
    (tmp_path / "students.txt").write_text("ada\ngrace\n")
    return read


def test_the_class_and_the_teacher_may_log_in_and_nobody_else(configured):
    c = configured()
    assert c.Authenticator.allowed_users == {"teacher", "ada", "grace"}
    assert c.Authenticator.admin_users == {"teacher"}
    assert "allow_all" not in c.Authenticator and not c.FirstUseAuthenticator.create_users
    assert all(re.fullmatch(c.Authenticator.username_pattern, n) for n in ("ada", "st01"))
    assert not any(
        re.fullmatch(c.Authenticator.username_pattern, n) for n in ("Ada", "a b", "../a")
    )


def test_limits_and_the_kernels_threads_agree(configured):
    c = configured(COURSE_MEMORY="2G", COURSE_TEACHER="hopper")
    assert c.Spawner.mem_limit == "2G" and "hopper" in c.Authenticator.admin_users
    kernels = json.loads(KERNELS.read_text())
    assert {n: c.Spawner.environment[n] for n in kernels} == kernels
    threads = {value for name, value in kernels.items() if "THREADS" in name}
    assert threads == {str(c.Spawner.cpu_limit)}


def test_a_missing_class_list_is_named(configured, tmp_path):
    (tmp_path / "students.txt").unlink()
    with pytest.raises(SystemExit, match=r"students\.txt must hold the class list"):
        configured()


def test_a_students_server_has_its_own_copies_of_the_chapters(configured, tmp_path, monkeypatch):
    c = configured()
    program, dash_m, *words = c.Spawner.cmd
    assert (program, dash_m, words) == (sys.executable, "-m", ["tools.lab", "--hub"])
    assert c.Spawner.environment["PYTHONPATH"] == str(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "argv", [lab.__file__, *words[1:], *c.Spawner.args])
    started = []
    monkeypatch.setattr(lab.os, "execv", lambda *command: started.append(command))
    runpy.run_path(lab.__file__, run_name="__main__")
    ((_, command),) = started
    assert command[:3] == [sys.executable, "-m", "jupyterhub.singleuser"]
    assert f"--ServerApp.root_dir={tmp_path / 'course'}" in command and "--hub" not in command
    assert command[-len(c.Spawner.args) :] == c.Spawner.args
    assert "PYTHONPATH" not in lab.os.environ
    assert {p.name for p in (tmp_path / "course").glob("*.ipynb")} == {
        p.name for p in NOTEBOOKS.glob("*.ipynb")
    }


def notebook(path, *cells):
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(c) for c in cells]), path)
    return path


@linux
def test_what_kernels_take_together_is_divided_among_them(tmp_path):
    work = "import time; kept = bytes(range(256)) * 400_000; time.sleep(2)"
    path = notebook(tmp_path / "01_try.ipynb", work)
    row = asyncio.run(measure(path, 2))
    assert row["chapter"] == "01_try" and row["students"] == 2
    assert 102 < row["MB each"] < 300  # 102.4 MB, and the kernel itself
    assert row["CPU seconds each"] <= row["seconds"] * row["cores"] and row["seconds"] >= 2


@linux
def test_a_cell_that_fails_is_an_error(tmp_path):
    path = notebook(tmp_path / "01_try.ipynb", "1 / 0")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        asyncio.run(measure(path, 2))


def test_the_sites_table_is_of_chapters_that_there_are():
    rows = json.loads((ROOT / "site" / "classroom.json").read_text())
    assert rows and rows.keys() <= {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert all(row["students"] >= 4 for row in rows.values())
