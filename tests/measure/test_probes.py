"""What the probes find, against NumPy, finite differences and nets whose answer is known."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers
from small_nets import AUX, IMAGES, LABELS, RANDOM, linear, nin, residual_net, softmax

from course_lib.measure.probes import activation_scales, feature_maps, gradient_norms


def state(model):
    return [np.array(v) for v in model.variables]


# Feature maps


def test_feature_maps_are_what_the_layers_compute():
    model = residual_net()
    found = feature_maps(model, IMAGES, ["add", "conv1", "aux1"])
    assert list(found) == ["add", "conv1", "aux1"]
    assert {maps.dtype.name for maps in found.values()} == {"float32"}
    expected = IMAGES @ model.get_layer("conv1").kernel.numpy()[0, 0]
    np.testing.assert_allclose(found["conv1"], expected, atol=1e-5)
    np.testing.assert_allclose(found["aux1"], model(IMAGES, training=False)[1], atol=1e-6)
    assert found["add"].shape == (6, 8, 8, 3)


def test_feature_maps_of_many_images_and_of_a_net_in_bfloat16():
    images = RANDOM.normal(size=(1001, 1, 1, 2)).astype("float32")
    conv = layers.Conv2D(1, 1, dtype="mixed_bfloat16", name="conv")
    found = feature_maps(keras.Sequential([keras.Input((1, 1, 2)), conv]), images, ["conv"])["conv"]
    np.testing.assert_allclose(found, images @ conv.kernel.numpy()[0, 0], atol=0.05)
    assert found.dtype == np.float32


def test_feature_maps_refuse_unknown_names():
    with pytest.raises(ValueError, match=r"No such layer: conv9. Existing layers are: .*'conv1'"):
        feature_maps(residual_net(), IMAGES, ["conv1", "conv9"])


# Gradients


def two_layers(heads=1):
    image = keras.Input((2, 2, 1))
    x = layers.Dense(5, use_bias=False, name="fc1")(layers.Flatten()(image))
    outputs = [layers.Dense(3, activation="softmax", name="probabilities")(x)]
    outputs += [layers.Dense(3, activation="softmax", name=f"aux{i}")(x) for i in range(1, heads)]
    return keras.Model(image, outputs if heads > 1 else outputs[0])


def test_heads_that_weigh_nothing_change_no_gradient():
    model = residual_net(heads=2)
    alone = keras.Model(model.inputs[0], model.outputs[0])
    norms = gradient_norms(model, IMAGES, LABELS, auxiliary_weight=0.0)
    expected = gradient_norms(alone, IMAGES, LABELS)
    pd.testing.assert_series_equal(norms[expected.index], expected)


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_gradient_norms_of_linear_layers_by_hand(heads):
    model = two_layers(heads)
    x = RANDOM.normal(size=(7, 2, 2, 1)).astype("float32")
    labels = RANDOM.integers(0, 3, size=7)
    found = gradient_norms(model, x, labels)
    flat, first = x.reshape(7, 4), model.get_layer("fc1").kernel.numpy()
    names = ["probabilities", "aux1", "aux2"][:heads]
    expected, behind = {}, 0
    for name in names:
        weight = 1 if name == "probabilities" else AUX
        kernel, bias = (np.array(w) for w in model.get_layer(name).weights)
        error = weight * (softmax(flat @ first @ kernel + bias) - np.eye(3)[labels]) / 7
        expected[name] = np.linalg.norm((flat @ first).T @ error)
        behind = behind + error @ kernel.T
    expected["fc1"] = np.linalg.norm(flat.T @ behind)
    assert found.index[0] == "fc1" and set(found.index) == set(expected)
    assert found.to_dict() == pytest.approx(expected, rel=1e-4)
    assert (found.dtype, found.index.name, found.name) == ("float64", "layer", "gradient norm")


def test_gradient_norms_through_batch_normalisation_by_finite_differences():
    model = residual_net()
    found = gradient_norms(model, IMAGES, LABELS)
    assert list(found.index) == ["conv1", "conv2", "conv3", "probabilities", "aux1"]

    def loss():
        main, aux = (np.array(p, dtype=float) for p in model(IMAGES, training=True))
        chosen = np.arange(6), LABELS
        return -np.log(main[chosen]).mean() - AUX * np.log(aux[chosen]).mean()

    kernel = model.get_layer("conv1").kernel
    weights, step, slopes = kernel.numpy(), 5e-3, []
    for place in np.ndindex(weights.shape):
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[place] += sign * step
            kernel.assign(moved)
            ends.append(loss())
        slopes.append((ends[0] - ends[1]) / (2 * step))
    assert found["conv1"] == pytest.approx(np.linalg.norm(slopes), rel=1e-3)


def test_gradient_norms_are_exact_far_below_float32_squares_and_where_a_net_is_sure_and_wrong():
    image = keras.Input((1, 1, 1))
    x = layers.Flatten()(image)
    for name in ("fc1", "fc2", "fc3"):
        x = layers.Dense(1, use_bias=False, kernel_initializer="ones", name=name)(x)
    x = layers.Dense(2, use_bias=False, activation="softmax", name="probabilities")(x)
    model = keras.Model(image, x)
    images = np.ones((2, 1, 1, 1), "float32")
    for name, value in (("fc2", 1e-14), ("fc3", 1e-14), ("probabilities", [[1.0, -1.0]])):
        model.get_layer(name).kernel.assign(np.reshape(value, model.get_layer(name).kernel.shape))
    # p = 1/2 each; d loss / d score = (-1/2, 1/2); back through (1, -1): -1.
    found = gradient_norms(model, images, np.array([0, 0]))
    assert found["fc1"] == pytest.approx(1e-28, rel=1e-4, abs=0)
    sure = linear(np.array([[200.0, 0.0]]), shape=(1, 1, 1))
    assert gradient_norms(sure, images, [1, 1]).item() == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize("probe", ["gradient_norms", "activation_scales"])
def test_a_probe_leaves_the_net_as_it_was(probe):
    """No moving statistics, no random numbers, no activation moves on; so it can be repeated."""
    model = residual_net(dropout=0.5)
    before, activation = state(model), model.get_layer("conv2").activation

    def run():
        if probe == "gradient_norms":
            return gradient_norms(model, IMAGES, LABELS)
        return activation_scales(model, IMAGES)

    first = run()
    assert len(before) == len(model.variables) > len(model.weights)  # dropout's seed too
    for a, b in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.get_layer("conv2").activation is activation
    np.testing.assert_array_equal(run(), first)


def test_probes_run_in_mixed_precision():
    exact, mixed = residual_net(), residual_net(dtype="mixed_bfloat16")
    mixed.set_weights(exact.get_weights())
    for one, other in (
        (gradient_norms(exact, IMAGES, LABELS), gradient_norms(mixed, IMAGES, LABELS)),
        (activation_scales(exact, IMAGES), activation_scales(mixed, IMAGES)),
    ):
        np.testing.assert_allclose(one, other, rtol=0.1)
        assert list(one.index) == list(other.index) and other.dtype == "float64"


def test_frozen_layers_have_no_gradient_norm():
    model = residual_net()
    model.get_layer("conv2").trainable = False
    expected = ["conv1", "conv3", "probabilities", "aux1"]
    assert list(gradient_norms(model, IMAGES, LABELS).index) == expected


def test_only_kernels_count():
    """Neither the slopes of PReLU, which have three axes, nor biases have a row or a part."""
    weights = RANDOM.normal(size=(4, 2))
    plain = linear(weights, shape=(2, 2, 1))
    model = keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            layers.PReLU(alpha_initializer="ones", name="prelu"),
            layers.Flatten(),
            layers.Dense(2, activation="softmax", name="probabilities"),
        ]
    )
    model.layers[-1].set_weights([weights, np.zeros(2)])
    images = RANDOM.normal(size=(3, 2, 2, 1)).astype("float32")
    found = gradient_norms(model, images, [0, 1, 1])
    assert found.to_dict() == pytest.approx(gradient_norms(plain, images, [0, 1, 1]).to_dict())
    assert list(activation_scales(model, images).index) == ["probabilities"]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[:1], LABELS[:1], "images must be at least 2, got 1"),
        (IMAGES, LABELS[:5], "one integer for each of the 6 images"),
        (IMAGES, np.eye(4)[LABELS], r"got float64 \(6, 4\).*; for one-hot"),
        (IMAGES, LABELS.astype(float), "got float64"),
        (IMAGES, LABELS + 1, "labels must be from 0 to 3.* to 4"),
        (IMAGES, LABELS.astype(int) - 1, "labels must be from 0 to 3.* from -1"),
    ],
)
def test_gradient_norms_refuse(images, labels, message):
    with pytest.raises(ValueError, match=message):
        gradient_norms(residual_net(), images, labels)


# Scales


def test_activation_scales_are_those_before_activation_and_normalisation():
    model = residual_net()
    found = activation_scales(model, 3 * IMAGES)
    assert list(found.index) == ["conv1", "conv2", "conv3", "probabilities", "aux1"]
    assert (found.dtype, found.index.name, found.name) == (
        "float64",
        "layer",
        "standard deviation",
    )
    conv1 = feature_maps(model, 3 * IMAGES, ["conv1"])["conv1"]
    assert found["conv1"] == pytest.approx(conv1.std(), rel=1e-5)
    # Batch statistics, not the moving ones, which are still 0 and 1; then tanh and conv2 by hand.
    axes = (0, 1, 2)
    x = np.tanh((conv1 - conv1.mean(axes)) / np.sqrt(conv1.var(axes) + 1e-3))
    kernel, bias = model.get_layer("conv2").get_weights()
    response = tf.nn.conv2d(x, kernel, 1, "SAME").numpy() + bias
    assert found["conv2"] == pytest.approx(response.std(), rel=1e-4)
    kernel, bias = model.get_layer("aux1").get_weights()
    assert found["aux1"] == pytest.approx((x.mean((1, 2)) @ kernel + bias).std(), rel=1e-4)


def test_he_keeps_the_scale_and_glorot_halves_the_variance_in_each_relu_layer():
    scales = {}
    images = RANDOM.normal(size=(50, 1, 1, 400)).astype("float32")
    for name in ("he_normal", "glorot_normal"):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((1, 1, 400)), layers.Flatten()])
        for _ in range(12):
            model.add(layers.Dense(400, activation="relu", kernel_initializer=name))
        scales[name] = activation_scales(model, images).to_numpy()
    assert scales["he_normal"][-1] == pytest.approx(scales["he_normal"][0], rel=0.3)
    ratios = scales["glorot_normal"] / scales["he_normal"]
    np.testing.assert_allclose(ratios, 2.0 ** (-np.arange(1, 13) / 2), rtol=1e-3)


def test_activations_return_even_when_the_net_fails():
    def fails(x):
        raise ArithmeticError("on purpose")

    model = nin()
    relu = model.get_layer("conv1").activation
    model.add(layers.Dense(2, name="last"))
    model.get_layer("last").activation = fails
    with pytest.raises(ArithmeticError):
        activation_scales(model, IMAGES)
    assert model.get_layer("conv1").activation is relu
    assert model.get_layer("last").activation is fails


# What all of them refuse


PROBES = {
    "feature_maps": lambda model, images: feature_maps(model, images, ["conv1"]),
    "gradient_norms": lambda model, images: gradient_norms(model, images, LABELS),
    "activation_scales": activation_scales,
}


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"shape \(n of at least 1, 8, 8, 3\) .*got \(8, 8, 3\)"),
        (IMAGES[:, :4], r"got \(6, 4, 8, 3\)"),
        (IMAGES[:0], r"got \(0, 8, 8, 3\)"),
        (IMAGES.astype("uint8"), "images must be float32, got uint8; use `data.normalise`"),
    ],
)
def test_probes_refuse_other_images(name, images, message):
    with pytest.raises(ValueError, match=message):
        PROBES[name](residual_net(), images)


@pytest.mark.parametrize("name", ["gradient_norms", "activation_scales"])
def test_nested_models_are_refused(name):
    inner = residual_net(heads=1)
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, inner(image))
    with pytest.raises(ValueError, match="model must be flat, got models among its layers"):
        PROBES[name](model, IMAGES)


def test_a_net_for_images_of_any_size_can_be_probed():
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 1, name="conv1")])
    assert feature_maps(model, IMAGES, ["conv1"])["conv1"].shape == (6, 8, 8, 2)
