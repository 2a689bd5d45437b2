"""The same weights give the same outputs as nets that others wrote: keras.applications."""

import gc

import keras
import numpy as np
import pytest

from course_lib.models import MODELS
from course_lib.models.resnet import build_resnet
from course_lib.models.vgg import build_vgg


def noise(shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.fixture(autouse=True)
def free_memory():
    yield
    keras.utils.clear_session()
    gc.collect()


def set_random_weights(model):
    """Random everywhere: biases, gammas and moving statistics too, which start at 0 or 1."""
    rng = np.random.default_rng(1)
    for weight in model.weights:
        value = rng.normal(size=weight.shape).astype("float32")
        if "kernel" in weight.path:
            value *= np.sqrt(2 / np.prod(weight.shape[:-1]))
        elif "variance" in weight.path or "gamma" in weight.path:
            value = 0.5 + np.abs(value)
        else:
            value *= 0.1
        weight.assign(value)


def copy_by_name(theirs, ours, names):
    """`names` maps a layer of theirs to one of ours; every weight of ours must be set."""
    filled = set()
    for layer in theirs.layers:
        if layer.weights:
            own = ours.get_layer(names(layer.name))
            own.set_weights(layer.get_weights())
            filled.add(own.name)
    assert filled == {layer.name for layer in ours.layers if layer.weights}


def assert_equal_outputs(ours, theirs, shape):
    images = noise(shape)
    expected = np.asarray(theirs(images, training=False))
    assert expected.std() > 1e-3  # a constant would be no test
    np.testing.assert_allclose(ours(images, training=False), expected, atol=2e-6, rtol=1e-3)


def vgg_name(name):
    words = {"predictions": "probabilities"}
    return words.get(name, name.replace("block", "stage"))


def test_vgg():
    # 64×64, so that the flattened map has more than one pixel to put in order
    theirs = keras.applications.VGG19(weights=None, input_shape=(64, 64, 3), classes=10)
    set_random_weights(theirs)
    ours = build_vgg((64, 64, 3), 10, configuration="E")
    assert ours.count_params() == theirs.count_params()
    copy_by_name(theirs, ours, vgg_name)
    assert_equal_outputs(ours, theirs, (2, 64, 64, 3))


def resnet_name(name):
    if name == "predictions":
        return "probabilities"
    if name.startswith("conv1"):
        return {"conv1_conv": "stem_conv", "conv1_bn": "stem_conv_bn"}[name]
    stage, block, number, kind = name.split("_")  # conv2_block1_0_conv
    layer = "shortcut" if number == "0" else f"conv{number}"
    own = f"stage{stage.removeprefix('conv')}_{block}_{layer}"
    return own if kind == "conv" else f"{own}_bn"


@pytest.mark.parametrize("depth", [50, 152])
def test_resnet(depth):
    reference = getattr(keras.applications, f"ResNet{depth}")
    theirs = reference(weights=None, input_shape=(64, 64, 3), classes=10)
    set_random_weights(theirs)
    ours = build_resnet((64, 64, 3), 10, depth=depth, conv_bias=True)
    for layer in ours.layers:
        if hasattr(layer, "epsilon"):
            layer.epsilon = 1.001e-5  # Keras's; ours is 1e-5
    assert ours.count_params() == theirs.count_params()
    copy_by_name(theirs, ours, resnet_name)
    assert_equal_outputs(ours, theirs, (2, 64, 64, 3))


def test_resized_resnet_is_keras_net_on_enlarged_images():
    model = MODELS["resnet50_resized_cifar100"](size=64)
    theirs = keras.applications.ResNet50(
        include_top=False, weights=None, input_shape=(64, 64, 3), pooling="avg"
    )
    dense = model.get_layer("probabilities")
    theirs.set_weights(model.get_weights()[: -len(dense.weights)])
    images = noise((2, 32, 32, 3))
    expected = dense(theirs(keras.ops.image.resize(images, (64, 64)), training=False))
    np.testing.assert_allclose(model(images, training=False), expected, atol=1e-6)
