"""Heatmaps, against squares by hand and nets whose answer is known."""

import keras
import numpy as np
import pytest
from keras import layers
from small_nets import IMAGES, RANDOM, linear, nin, residual_net, softmax

from course_lib.measure.heatmaps import class_activation_map, occlusion
from course_lib.measure.probes import feature_maps

# Occlusion


@pytest.mark.parametrize("pixel", [(0, 0), (3, 5), (7, 7), (4, 4)])
@pytest.mark.parametrize(("size", "stride"), [(4, 2), (3, 1), (8, 2), (2, 2), (5, 3)])
def test_occlusion_finds_the_one_pixel_that_the_net_looks_at(pixel, size, stride):
    weights = np.zeros((8, 8, 3, 2))
    weights[(*pixel, 1, 1)] = 2.0
    image = np.ones((8, 8, 3), "float32")
    before = image.copy()
    found = occlusion(linear(weights.reshape(192, 2)), image, 1, size=size, stride=stride)
    # A square hides the pixel if its centre, that of a cell, is at most half a side away.
    cells = np.arange(-(-8 // stride))
    starts = cells * stride + stride / 2 - size / 2
    hides = [(np.floor(starts) <= p) & (p < np.floor(starts) + size) for p in pixel]
    hidden, seen = softmax(np.array([0.0, 0.0]))[1], softmax(np.array([0.0, 2.0]))[1]
    expected = np.where(np.outer(*hides), hidden, seen)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.outer(*hides).any()  # no pixel is never hidden
    np.testing.assert_array_equal(image, before)


def test_occlusion_equals_hiding_by_hand_and_reads_the_first_output():
    model = residual_net()
    found = occlusion(model, IMAGES[0], np.int64(2), size=4, stride=2)
    assert found.shape == (4, 4) and found.dtype == np.float32
    for i in range(4):
        for j in range(4):
            padded = np.pad(IMAGES[0], [(4, 4), (4, 4), (0, 0)])
            padded[2 * i + 3 : 2 * i + 7, 2 * j + 3 : 2 * j + 7] = 0
            expected = model(padded[None, 4:12, 4:12], training=False)[0][0, 2]
            assert found[i, j] == pytest.approx(float(expected), abs=1e-6)
    assert np.ptp(found) > 1e-4


def test_occlusion_of_an_oblong_image_is_as_oblong():
    weights = RANDOM.normal(size=(6 * 24, 2))
    image = np.ones((6, 24, 1), "float32")
    model = linear(weights, shape=image.shape)
    found = occlusion(model, image, 0, size=1, stride=1)
    logits = image.ravel() @ weights - weights  # one pixel less
    np.testing.assert_allclose(found.ravel(), softmax(logits)[:, 0], atol=1e-5)
    assert found.shape == (6, 24)


@pytest.mark.parametrize("kwargs", [{"stride": 0}, {"size": 3, "stride": 4}, {"size": 0}])
def test_occlusion_refuses_squares_that_miss_pixels(kwargs):
    with pytest.raises(ValueError, match=r"stride must be from 1 to size"):
        occlusion(residual_net(), IMAGES[0], 0, **kwargs)


# Class activation maps


@pytest.mark.parametrize("label", range(4))
def test_the_mean_of_the_map_plus_the_bias_is_the_score(label):
    model = residual_net()
    dense = model.get_layer("probabilities")
    bias = RANDOM.normal(size=4)
    dense.set_weights([dense.kernel, bias])
    found = class_activation_map(model, IMAGES[1], label)
    assert found.shape == (8, 8) and found.dtype == np.float32
    features = feature_maps(model, IMAGES[1:2], ["global_pool"])["global_pool"][0]
    score = features @ dense.kernel.numpy()[:, label] + bias[label]
    assert found.mean() + bias[label] == pytest.approx(score, abs=1e-5)


def test_the_map_lies_where_the_class_is():
    """Two channels, two classes that each read one of them: a class's map is its channel."""
    image = np.zeros((4, 4, 2), "float32")
    image[0, 3] = [5, 0]
    image[2, 1] = [0, 7]
    model = keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(2, name="scores"),
            layers.Activation("softmax", name="probabilities"),
        ]
    )
    model.set_weights([np.array([[1.0, -2.0], [0.0, 3.0]]), np.array([9.0, 9.0])])
    for label, at_first, at_second in ((0, 5, 0), (1, -10, 21)):
        expected = np.zeros((4, 4))
        expected[0, 3], expected[2, 1] = at_first, at_second
        np.testing.assert_array_equal(class_activation_map(model, image, label), expected)


def test_without_a_dense_layer_a_class_has_a_map_of_its_own():
    model = nin()
    maps = feature_maps(model, IMAGES[:1], ["conv1"])["conv1"][0]
    for label in range(4):
        found = class_activation_map(model, IMAGES[0], label)
        np.testing.assert_array_equal(found, maps[..., label])
    means = [class_activation_map(model, IMAGES[0], label).mean() for label in range(4)]
    np.testing.assert_allclose(softmax(np.array(means)), model(IMAGES[:1])[0], atol=1e-6)


def test_class_activation_map_refuses_nets_without_global_pooling_or_with_more_behind_it():
    with pytest.raises(ValueError, match=r"GlobalAveragePooling2D layer.*use `occlusion`"):
        class_activation_map(linear(np.zeros((192, 2))), IMAGES[0], 0)
    two = [layers.Dense(5, name="fc"), layers.Dense(2, name="probabilities")]
    one = [layers.BatchNormalization(name="bn")]
    for tail, names in ((two, r"\['fc', 'probabilities'\]"), (one, r"\['bn'\]")):
        model = keras.Sequential([keras.Input((8, 8, 3)), layers.GlobalAveragePooling2D(), *tail])
        with pytest.raises(ValueError, match=f"at most one Dense layer.*{names}"):
            class_activation_map(model, IMAGES[0], 0)


# What both refuse


ONE_IMAGE = {"occlusion": occlusion, "class_activation_map": class_activation_map}


@pytest.mark.parametrize("name", ONE_IMAGE)
@pytest.mark.parametrize(
    ("image", "message"),
    [
        (IMAGES[:1], r"image must have the shape \(8, 8, 3\) .*got \(1, 8, 8, 3\)"),
        (IMAGES[0].astype(float), "image must be float32, got float64"),
    ],
)
def test_heatmaps_refuse(name, image, message):
    with pytest.raises(ValueError, match=message):
        ONE_IMAGE[name](residual_net(), image, 0)


@pytest.mark.parametrize("name", ONE_IMAGE)
@pytest.mark.parametrize("label", [-1, 99, 0.5])
def test_heatmaps_refuse_a_class_that_there_is_not(name, label):
    with pytest.raises(ValueError, match="label must be from 0 to"):
        ONE_IMAGE[name](residual_net(), IMAGES[0], label)
