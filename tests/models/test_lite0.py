"""The net with ImageNet's weights: it names a photograph, and takes no other file."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from course_lib.data import imagenet
from course_lib.models import lite0


def test_it_names_the_coffee():
    """Every array is where it belongs: one misplaced axis, and the espresso is gone."""
    photograph = Image.fromarray(data.coffee())  # 600×400
    square = photograph.resize((224, 224), Image.Resampling.BICUBIC, (125, 25, 475, 375))
    net = lite0.load_lite0()
    found = net((np.asarray(square, "float32")[None] - 127) / 128, training=False).numpy()[0]
    names = imagenet.class_names()
    best = [names[i].split(",")[0] for i in found.argsort()[::-1][:2]]
    assert best == ["espresso", "cup"] and found.max() == pytest.approx(0.951, abs=0.005)
    assert np.isclose(found.sum(), 1)


def test_the_names_are_in_the_order_of_the_labels():
    names = imagenet.class_names()
    assert len(names) == 1000
    assert names[281].startswith("tabby") and names[999].startswith("toilet tissue")


def test_another_file_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    monkeypatch.setattr(lite0, "read_torch", None)
    with pytest.raises(ValueError, match=r"57934424\.pth is not the file that its authors publ"):
        lite0.load_lite0()


def test_a_missing_package_is_named(monkeypatch):
    for module, call in ((lite0, lite0.load_lite0), (imagenet, imagenet.class_names)):
        monkeypatch.setattr(module, "PACKAGE", "no_such_package")
        with pytest.raises(ValueError, match=r"package no_such_package is missing.*pip install"):
            call()


def test_an_incomplete_package_is_named(monkeypatch):
    monkeypatch.setattr(lite0, "FILE", "no_such_file")
    with pytest.raises(ValueError, match="no_such_file is not the file"):
        lite0.load_lite0()
    monkeypatch.setattr(imagenet, "FILE", "no_such_file")
    with pytest.raises(ValueError, match="incomplete"):
        imagenet.class_names()
