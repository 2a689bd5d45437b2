import pytest

from course_lib import machine


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def test_report_names_the_installed_versions():
    import keras

    assert machine.report().loc["keras", "found"] == keras.__version__


def test_a_shared_copy_and_keras_cache_are_found(monkeypatch, tmp_path):
    assert machine.report().loc["cifar10", "found"] == "not here"
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    (tmp_path / "cifar10.npz").touch()
    (tmp_path / "keras" / "datasets" / "cifar-100-python-target").mkdir(parents=True)
    report = machine.report()
    assert report.loc["cifar10"].tolist() == ["ready", "in the folder that COURSE_DATA_DIR names"]
    assert report.loc["cifar100"].tolist() == ["ready", "in Keras's cache"]


def test_little_memory_is_said(monkeypatch):
    memory = machine.psutil.virtual_memory()
    monkeypatch.setattr(
        machine.psutil, "virtual_memory", lambda: memory._replace(available=2 * 2**30)
    )
    assert machine.report().loc["memory"].tolist() == [
        "2.0 GiB free",
        "little: close other programs",
    ]


@pytest.mark.parametrize(("features", "expected"), [({"amx_bf16"}, "yes"), (set(), "no")])
def test_bfloat16_follows_the_processor(monkeypatch, features, expected):
    monkeypatch.setattr(machine, "cpu_features", lambda: frozenset(features))
    assert machine.report().loc["bfloat16 instructions", "found"] == expected
