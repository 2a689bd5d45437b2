"""CIFAR's tests run on few images of noise, in the folder that COURSE_DATA_DIR names."""

import sys

import numpy as np
import pytest

from course_lib.data import cifar

SMALL = {"train": 200, "test": 100}  # in place of 50,000 and 10,000


@pytest.fixture
def cifar_arrays():
    def make(classes=10):
        rng = np.random.default_rng(0)
        arrays = {}
        for split, n in SMALL.items():
            arrays[f"x_{split}"] = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
            arrays[f"y_{split}"] = rng.permutation(np.arange(n, dtype=np.uint8) % classes)
        return arrays

    return make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "COUNTS", SMALL)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setitem(sys.modules, "keras", None)  # any use of Keras fails
    return tmp_path
