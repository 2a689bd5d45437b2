import platform
from pathlib import Path

import pytest

from course_lib import machine

DATA_SETS = {"shapes10": ("ready", "drawn when needed")}
GIB = 2**30


@pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() != "x86_64", reason="reads /proc/cpuinfo"
)
def test_features_are_those_of_the_running_system():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    flags = next(line for line in lines if line.startswith("flags")).split(":")[1].split()
    assert "sse2" in flags
    assert set(flags) <= machine.cpu_features()
    assert machine.cpu_features() & machine.BFLOAT16_INSTRUCTIONS <= set(flags)


@pytest.fixture
def groups(monkeypatch, tmp_path):
    """A stand-in for the folders in which Linux keeps its limits, on a computer with 8 GiB free."""
    memory = machine.psutil.virtual_memory()._replace(available=8 * GIB)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(machine, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "own")
    return tmp_path


def limit_memory(folder, files, limit, use, cached):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(files[:2], (limit, use), strict=True):
        (folder / name).write_text(f"{value}\n")
    (folder / "memory.stat").write_text(f"anon 12\n{files[2]} {cached}\nslab 3\n")


def test_report_names_the_installed_versions_and_the_data_sets():
    import keras

    report = machine.report(DATA_SETS)
    assert report.loc["keras", "found"] == keras.__version__
    assert report.loc["shapes10"].tolist() == ["ready", "drawn when needed"]


def test_little_memory_is_said(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 2 * GIB)
    assert machine.report(DATA_SETS).loc["memory"].tolist() == [
        "2.0 GiB free",
        "little: close other programs",
    ]


def test_free_memory_without_limits_is_that_of_the_computer(groups):
    assert machine.free_memory() == 8 * GIB  # no such file: another system than Linux
    (groups / "own").write_text("0::/user\n")
    limit_memory(groups / "user", machine.CONTROL_GROUP_FILES[0], "max", GIB, 0)
    assert machine.free_memory() == 8 * GIB


@pytest.mark.parametrize(
    ("own", "folder", "files"),
    [
        ("0::/jobs/12", "jobs/12", machine.CONTROL_GROUP_FILES[0]),
        ("0::/jobs/12", "jobs", machine.CONTROL_GROUP_FILES[0]),
        ("0::/", "", machine.CONTROL_GROUP_FILES[0]),
        ("4:memory:/jobs/12\n1:cpu,cpuacct:/", "memory/jobs/12", machine.CONTROL_GROUP_FILES[1]),
        ("4:memory:/of/the/host", "memory", machine.CONTROL_GROUP_FILES[1]),
    ],
)
def test_a_limit_counts_and_cached_files_are_free(groups, own, folder, files):
    (groups / "own").write_text(own + "\n")
    limit_memory(groups / folder, files, limit=4 * GIB, use=3 * GIB, cached=GIB)
    assert machine.free_memory() == 2 * GIB
    limit_memory(groups / folder, files, limit=2 * GIB, use=3 * GIB, cached=0)
    assert machine.free_memory() == 0


@pytest.mark.parametrize(("features", "expected"), [({"amx_bf16"}, "yes"), (set(), "no")])
def test_bfloat16_follows_the_processor(monkeypatch, features, expected):
    monkeypatch.setattr(machine, "cpu_features", lambda: frozenset(features))
    assert machine.report(DATA_SETS).loc["bfloat16 instructions", "found"] == expected
