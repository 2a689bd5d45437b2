"""Normalising: the training images decide, and anything but pixels is refused."""

import numpy as np
import pytest

from course_lib import data


def test_normalise_uses_training_statistics():
    rng = np.random.default_rng(0)
    x_train = rng.integers(0, [50, 200, 256], (40, 8, 8, 3)).astype(np.uint8)
    x_test = rng.integers(100, 256, (10, 8, 8, 3)).astype(np.uint8)
    before = x_train.copy()
    new_train, new_test = data.normalise(x_train, x_test)
    mean = x_train.astype(float).mean(axis=(0, 1, 2))
    std = x_train.astype(float).std(axis=(0, 1, 2))
    assert new_train.dtype == new_test.dtype == np.float32
    np.testing.assert_allclose(new_train, (x_train - mean) / std, atol=1e-5)
    np.testing.assert_allclose(new_test, (x_test - mean) / std, atol=1e-5)
    np.testing.assert_allclose(new_train.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(new_train.std(axis=(0, 1, 2)), 1, atol=1e-5)
    np.testing.assert_array_equal(x_train, before)


def test_normalise_refuses_other_images():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3)).astype(np.uint8)
    with pytest.raises(ValueError, match=r"x_train must be uint8 .*, got float64"):
        data.normalise(images / 255, images)
    with pytest.raises(ValueError, match=r"x_test must be uint8 .*, got uint8 \(4, 4, 3\)"):
        data.normalise(images, images[0])
    with pytest.raises(ValueError, match=r"x_test must be .*, got uint8 \(5, 4, 3, 3\)"):
        data.normalise(images, images[:, :, :3])
    with pytest.raises(ValueError, match="x_train must vary in each channel"):
        data.normalise(images * np.array([1, 0, 1], np.uint8), images)


@pytest.mark.parametrize("name", ["x_train", "x_test"])
def test_normalise_run_twice_says_so(name):
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3)).astype(np.uint8)
    arguments = {"x_train": images, "x_test": images, name: data.normalise(images, images)[0]}
    with pytest.raises(ValueError, match=rf"^{name} .*already normalised; run the cell that loads"):
        data.normalise(**arguments)
