"""Data sets: shapes and dtypes, the class-shared copy, and an error for each thing gone wrong."""

import os
import subprocess
import sys
import types
import urllib.error

import numpy as np
import pytest

from course_lib import data
from course_lib.data import cifar

SMALL = {"train": 200, "test": 100}  # in place of 50,000 and 10,000


def cifar_arrays(classes=10):
    rng = np.random.default_rng(0)
    arrays = {}
    for split, n in SMALL.items():
        arrays[f"x_{split}"] = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
        arrays[f"y_{split}"] = rng.permutation(np.arange(n, dtype=np.uint8) % classes)
    return arrays


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "CIFAR_COUNTS", SMALL)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "keras", None)  # any use of Keras fails
    return tmp_path


def fake_keras(monkeypatch, load_data):
    both = types.SimpleNamespace(load_data=load_data)
    datasets = types.SimpleNamespace(cifar10=both, cifar100=both)
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(datasets=datasets))


# CIFAR from the class-shared copy


@pytest.mark.parametrize("name, classes", [("cifar10", 10), ("cifar100", 100)])
@pytest.mark.parametrize("label_shape", ["flat", "column"])
@pytest.mark.parametrize("label_dtype", ["uint8", "int64", ">i4"])
def test_reads_the_shared_copy(folder, name, classes, label_shape, label_dtype):
    arrays = cifar_arrays(classes)
    stored = dict(arrays)
    for key in ("y_train", "y_test"):
        stored[key] = arrays[key].astype(label_dtype)
        if label_shape == "column":
            stored[key] = stored[key][:, None]
    np.savez(folder / f"{name}.npz", **stored)
    loaded = data.load(name)
    (x_train, y_train), (x_test, y_test) = loaded
    for key, array in zip(arrays, (x_train, y_train, x_test, y_test), strict=True):
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, arrays[key])
    assert loaded.name == name and len(loaded.class_names) == classes
    folder.chmod(0o500)  # a read-only copy is as good
    assert len(data.load(name).train[0]) == 200


def test_real_sizes_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    np.savez(tmp_path / "cifar10.npz", **cifar_arrays())
    with pytest.raises(ValueError, match=r"\(50000, 32, 32, 3\).* found uint8 \(200, 32, 32, 3\)"):
        data.load("cifar10")


def test_class_names_are_the_official_ones(folder):
    for name, classes in (("cifar10", 10), ("cifar100", 100)):
        np.savez(folder / f"{name}.npz", **cifar_arrays(classes))
    ten, hundred = data.load("cifar10").class_names, data.load("cifar100").class_names
    assert ten == (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )
    assert len(set(hundred)) == 100 and list(hundred) == sorted(hundred)
    places = {0: "apple", 11: "boy", 36: "hamster", 52: "oak_tree", 70: "rose", 99: "worm"}
    assert {k: hundred[k] for k in places} == places


def without(key):
    def change(arrays):
        del arrays[key]

    return change


def setting(key, function):
    def change(arrays):
        arrays[key] = function(arrays[key])

    return change


@pytest.mark.parametrize(
    "change, found",
    [
        (without("y_test"), "and nothing"),
        (without("x_train"), "found nothing"),
        (setting("x_train", lambda x: x[:150]), r"found uint8 \(150, 32, 32, 3\)"),
        (setting("x_train", lambda x: x[..., 0]), r"found uint8 \(200, 32, 32\)"),
        (setting("x_test", lambda x: x.transpose(0, 3, 1, 2)), r"\(100, 3, 32, 32\)"),
        (setting("x_train", lambda x: (x / 255).astype("f4")), "found float32"),
        (setting("y_train", lambda y: y[:-1]), r"and uint8 \(199,\)"),
        (setting("y_train", lambda y: y.astype("f4")), "and float32"),
        (setting("y_train", lambda y: y.astype(str)), "and <U"),
        (setting("y_train", lambda y: np.eye(10, dtype="u1")[y]), r"and uint8 \(200, 10\)"),
        (setting("y_test", lambda y: y + 1), "from 1 to 10"),
        (setting("y_test", lambda y: y.astype(int) - 1), "from -1 to 8"),
        (setting("y_test", lambda y: y.astype(int) + 256), "from 256 to 265"),
        (setting("y_train", lambda y: y % 9), "from 0 to 8"),
    ],
)
def test_refuses_other_arrays(folder, change, found):
    arrays = cifar_arrays()
    change(arrays)
    np.savez(folder / "cifar10.npz", **arrays)
    with pytest.raises(ValueError, match=rf"cifar10\.npz is not cifar10: expected .*{found}"):
        data.load("cifar10")


def test_refuses_the_other_cifar(folder):
    np.savez(folder / "cifar10.npz", **cifar_arrays(100))
    np.savez(folder / "cifar100.npz", **cifar_arrays(10))
    with pytest.raises(ValueError, match=r"every label from 0 to 9, .*from 0 to 99"):
        data.load("cifar10")
    with pytest.raises(ValueError, match=r"every label from 0 to 99, .*from 0 to 9"):
        data.load("cifar100")


def savez_bytes(path, arrays, compressed):
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path.read_bytes()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "damage", ["cut", "empty", "text", "one array", "flipped", "head", "tail only"]
)
def test_damaged_file(folder, damage, compressed):
    path = folder / "cifar10.npz"
    whole = savez_bytes(path, cifar_arrays(), compressed)
    middle = len(whole) // 2
    if damage == "one array":
        np.save(folder / "one.npy", np.zeros(3))
        path.write_bytes((folder / "one.npy").read_bytes())
    else:
        path.write_bytes(
            {
                "cut": whole[:middle],
                "empty": b"",
                "text": b"<html>log in to the network first</html>",
                "flipped": whole[:middle] + bytes(64) + whole[middle + 64 :],
                "head": whole[:50] + 64 * b"\xff" + whole[114:],
                "tail only": whole[middle:],
            }[damage]
        )
    with pytest.raises(OSError, match=r"cifar10\.npz must be a whole \.npz file .* copy it again"):
        data.load("cifar10")
    assert len(list(folder.glob("cifar10*"))) == 1  # nothing written, nothing removed


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was opened",))


def test_pickled_arrays_are_refused_unopened(folder):
    arrays = cifar_arrays()
    trap = np.empty(200, object)
    trap[:] = [Trap() for _ in trap]
    np.savez(folder / "cifar10.npz", **{**arrays, "y_train": trap})
    with pytest.raises(OSError, match=r"must be a whole \.npz file of numbers"):
        data.load("cifar10")


def test_unreadable_file(folder, monkeypatch):
    path = folder / "cifar10.npz"
    np.savez(path, **cifar_arrays())
    path.chmod(0)
    if os.access(path, os.R_OK):  # the administrator may read everything, and so may Windows

        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(OSError, match=r"cifar10\.npz must be .*Permission.*check its permissions"):
        data.load("cifar10")
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match=r"cifar10\.npz must be a whole"):
        data.load("cifar10")


def test_course_data_dir_must_be_a_folder(folder, monkeypatch):
    for wrong in (folder / "nowhere", folder / "file"):
        (folder / "file").touch()
        monkeypatch.setenv("COURSE_DATA_DIR", str(wrong))
        with pytest.raises(NotADirectoryError, match=f"COURSE_DATA_DIR must .*{wrong.name}"):
            data.load("cifar10")


def test_home_is_understood_in_course_data_dir(folder, monkeypatch):
    np.savez(folder / "cifar10.npz", **cifar_arrays())
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("COURSE_DATA_DIR", "~")
    assert data.load("cifar10").name == "cifar10"


# CIFAR through Keras


@pytest.mark.parametrize("variable", ["folder without the file", "empty", "not set"])
def test_falls_back_to_keras(folder, monkeypatch, variable):
    arrays = cifar_arrays()

    def load_data():
        columns = {k: v[:, None] if k[0] == "y" else v for k, v in arrays.items()}
        return (columns["x_train"], columns["y_train"]), (columns["x_test"], columns["y_test"])

    fake_keras(monkeypatch, load_data)
    if variable == "empty":
        monkeypatch.setenv("COURSE_DATA_DIR", "")
    elif variable == "not set":
        monkeypatch.delenv("COURSE_DATA_DIR")
    (x_train, y_train), _ = data.load("cifar10")
    np.testing.assert_array_equal(x_train, arrays["x_train"])
    np.testing.assert_array_equal(y_train, arrays["y_train"])


@pytest.mark.parametrize(
    "error",
    [
        Exception("URL fetch failure on http://example.invalid: None -- no address"),
        urllib.error.URLError("timed out"),
        PermissionError(13, "Permission denied"),
        ValueError("Incomplete or corrupted file detected."),
        EOFError("Ran out of input"),
    ],
)
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_says_what_to_do_when_keras_cannot(folder, monkeypatch, error, name):
    def load_data():
        raise error

    fake_keras(monkeypatch, load_data)
    with pytest.raises(OSError) as caught:
        data.load(name)
    message = str(caught.value)
    for part in (name, str(error), f"{name}.npz", "COURSE_DATA_DIR", 'DATASET = "shapes10"'):
        assert part in message
    assert caught.value.__cause__ is error


def test_interrupting_a_download_is_not_hidden(folder, monkeypatch):
    def load_data():
        raise KeyboardInterrupt

    fake_keras(monkeypatch, load_data)
    with pytest.raises(KeyboardInterrupt):
        data.load("cifar10")


REAL_KERAS = """
import os, pathlib
from course_lib import data
home = pathlib.Path(os.environ["KERAS_HOME"])

def attempt():
    try:
        data.load("cifar10")
    except OSError as error:
        assert "Keras could not get it" in str(error) and "shapes10" in str(error), error
    else:
        raise SystemExit("there should be no network here")
    return sorted(str(p.relative_to(home)) for p in home.rglob("*") if "cifar" in p.name)

assert attempt() == []  # no network
(home / "datasets" / "cifar-10-batches-py-target_archive").write_bytes(b"half")
assert attempt() == [], "a half file stayed"
assert attempt() == []
(home / "datasets").rmdir()
(home / "datasets").write_text("in the way: nothing can be written here")
assert attempt() == []
"""


def test_real_keras_without_network_leaves_no_half_file(tmp_path):
    """In a process of its own: Keras reads KERAS_HOME when it is imported."""
    nowhere = "http://127.0.0.1:9"  # a proxy that does not answer
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_DATA_DIR"}
    environment |= {"KERAS_HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": ""}
    run = subprocess.run(
        [sys.executable, "-c", REAL_KERAS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr


# parts of a data set


def test_limits_take_the_first_of_a_balanced_shuffle(folder):
    np.savez(folder / "cifar10.npz", **cifar_arrays())
    whole, some = data.load("cifar10"), data.load("cifar10", n_train=57, n_test=20)
    more = data.load("cifar10", n_train=150)
    for n, part in ((57, some.train), (20, some.test), (150, more.train)):
        counts = np.bincount(part[1], minlength=10)
        assert counts.sum() == n == len(part[0]) and counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(more.train[0][:57], some.train[0])
    np.testing.assert_array_equal(more.train[1][:57], some.train[1])
    assert len(more.test[0]) == SMALL["test"]
    # Every picked image is a stored one, with its own label, and none comes twice.
    x, y = more.train
    rows = {image.tobytes(): label for image, label in zip(*whole.train, strict=True)}
    assert len({image.tobytes() for image in x}) == 150
    assert all(rows[image.tobytes()] == label for image, label in zip(x, y, strict=True))
    assert not np.array_equal(np.sort(y[:100]), y[:100])
    other = data.load("cifar10", n_train=57, seed=1)
    assert not np.array_equal(other.train[0], some.train[0])


def test_limits_are_checked(folder):
    np.savez(folder / "cifar10.npz", **cifar_arrays())
    with pytest.raises(ValueError, match=r"n_train must be a whole number from 1 to 200, got 201"):
        data.load("cifar10", n_train=201)
    with pytest.raises(ValueError, match=r"n_test must be a whole number from 1 to 100, got 0"):
        data.load("cifar10", n_test=0)
    with pytest.raises(ValueError, match=r"seed must be a whole number of at least 0, got 0.5"):
        data.load("cifar10", n_test=1, seed=0.5)
