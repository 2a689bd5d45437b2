"""Weights are where Keras looks for them, or one sentence says why not, before a net is built."""

import hashlib

import keras
import pytest
from keras.src.applications import imagenet_utils, inception_v3, resnet, vgg16

from course_lib.models import pretrained


@pytest.fixture
def served(site, tmp_path, monkeypatch):
    """Keras's two addresses on this computer, with other files and their sums."""
    weights, names = b"weights" * 99, b'{"0": ["n0", "tench"]}'
    site.files["resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5"] = weights
    site.files["names.json"] = names
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(pretrained, "SITE", site.url)
    monkeypatch.setattr(pretrained, "NAMES", site.url + "names.json")
    monkeypatch.setattr(pretrained, "NAMES_MD5", hashlib.md5(names).hexdigest())
    md5 = hashlib.md5(weights).hexdigest()
    monkeypatch.setitem(pretrained.WEIGHTS, "ResNet50", ("resnet/resnet50", md5))
    return site


def test_each_file_is_fetched_once(served, tmp_path):
    for _ in range(2):
        path = pretrained.fetch_weights("ResNet50")
    assert path == tmp_path / "models" / "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    assert len(served.asked) == 2 and path.read_bytes().startswith(b"weights")


def test_keras_finds_what_was_fetched(served):
    """Keras's own download takes the file that is there, and asks nobody."""
    path = pretrained.fetch_weights("ResNet50")
    served.asked.clear()
    found = keras.utils.get_file(
        path.name, "http://127.0.0.1:9/", cache_subdir="models", cache_dir=path.parents[1],
        file_hash=pretrained.WEIGHTS["ResNet50"][1],
    )  # fmt: skip
    assert str(found) == str(path) and not served.asked


def test_without_a_network_one_sentence(served, monkeypatch):
    monkeypatch.setattr(pretrained, "NAMES", "http://127.0.0.1:9/names.json")
    with pytest.raises(OSError, match=r"no connection could be made; go on without it: the rest"):
        pretrained.fetch_weights("ResNet50")


def test_addresses_and_sums_are_those_of_keras():
    kind = "_weights_tf_dim_ordering_tf_kernels.h5"
    urls = {
        name: f"{pretrained.SITE}{part}{kind}" for name, (part, _) in pretrained.WEIGHTS.items()
    }
    assert urls["VGG16"] == vgg16.WEIGHTS_PATH
    assert urls["InceptionV3"] == inception_v3.WEIGHTS_PATH
    assert urls["ResNet50"] == f"{resnet.BASE_WEIGHTS_PATH}resnet50{kind}"
    assert pretrained.WEIGHTS["ResNet50"][1] == resnet.WEIGHTS_HASHES["resnet50"][0]
    assert pretrained.NAMES == imagenet_utils.CLASS_INDEX_PATH
    for module, name in ((vgg16, "VGG16"), (inception_v3, "InceptionV3")):
        with open(module.__file__, encoding="utf-8") as source:
            assert pretrained.WEIGHTS[name][1] in source.read()
    with open(imagenet_utils.__file__, encoding="utf-8") as source:
        assert pretrained.NAMES_MD5 in source.read()
