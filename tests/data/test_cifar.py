"""CIFAR: what its arrays must be, and how a part of them is taken."""

import numpy as np
import pytest

from course_lib import data


@pytest.mark.parametrize("name, classes", [("cifar10", 10), ("cifar100", 100)])
@pytest.mark.parametrize("label_shape", ["flat", "column"])
@pytest.mark.parametrize("label_dtype", ["uint8", "int64", ">i4"])
def test_reads_the_shared_copy(folder, cifar_arrays, name, classes, label_shape, label_dtype):
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


def test_real_sizes_are_asked_for(cifar_arrays, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    np.savez(tmp_path / "cifar10.npz", **cifar_arrays())
    with pytest.raises(ValueError, match=r"\(50000, 32, 32, 3\).* found uint8 \(200, 32, 32, 3\)"):
        data.load("cifar10")


def test_class_names_are_the_official_ones(folder, cifar_arrays):
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
def test_refuses_other_arrays(folder, cifar_arrays, change, found):
    arrays = cifar_arrays()
    change(arrays)
    np.savez(folder / "cifar10.npz", **arrays)
    with pytest.raises(ValueError, match=rf"cifar10\.npz is not cifar10: expected .*{found}"):
        data.load("cifar10")


def test_refuses_the_other_cifar(folder, cifar_arrays):
    np.savez(folder / "cifar10.npz", **cifar_arrays(100))
    np.savez(folder / "cifar100.npz", **cifar_arrays(10))
    with pytest.raises(ValueError, match=r"every label from 0 to 9, .*from 0 to 99"):
        data.load("cifar10")
    with pytest.raises(ValueError, match=r"every label from 0 to 99, .*from 0 to 9"):
        data.load("cifar100")


def test_limits_take_the_first_of_a_balanced_shuffle(folder, cifar_arrays):
    np.savez(folder / "cifar10.npz", **cifar_arrays())
    whole, some = data.load("cifar10"), data.load("cifar10", n_train=57, n_test=20)
    more = data.load("cifar10", n_train=150)
    for n, part in ((57, some.train), (20, some.test), (150, more.train)):
        counts = np.bincount(part[1], minlength=10)
        assert counts.sum() == n == len(part[0]) and counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(more.train[0][:57], some.train[0])
    np.testing.assert_array_equal(more.train[1][:57], some.train[1])
    assert len(more.test[0]) == 100
    # Every picked image is a stored one, with its own label, and none comes twice.
    x, y = more.train
    rows = {image.tobytes(): label for image, label in zip(*whole.train, strict=True)}
    assert len({image.tobytes() for image in x}) == 150
    assert all(rows[image.tobytes()] == label for image, label in zip(x, y, strict=True))
    assert not np.array_equal(np.sort(y[:100]), y[:100])
    other = data.load("cifar10", n_train=57, seed=1)
    assert not np.array_equal(other.train[0], some.train[0])


def test_limits_are_checked(folder, cifar_arrays):
    np.savez(folder / "cifar10.npz", **cifar_arrays())
    with pytest.raises(ValueError, match=r"n_train must be a whole number from 1 to 200, got 201"):
        data.load("cifar10", n_train=201)
    with pytest.raises(ValueError, match=r"n_test must be a whole number from 1 to 100, got 0"):
        data.load("cifar10", n_test=0)
    with pytest.raises(ValueError, match=r"seed must be a whole number of at least 0, got 0.5"):
        data.load("cifar10", n_test=1, seed=0.5)
