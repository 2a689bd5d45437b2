"""Blocks against NumPy, and the names of their layers."""

import keras
import numpy as np
import pytest

from course_lib.models.blocks import (
    Style,
    conv,
    inception_module,
    inverted_residual_block,
    residual_block,
)
from course_lib.models.layers import ChannelPadding

BASIC = [(8, 3, 2), (8, 3, 1)]


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def model_of(block, channels=4, side=8, **style):
    """A block of one tensor as a model, with biases and statistics that are not 0 and 1."""
    image = keras.Input((side, side, channels), name="image")
    keras.utils.set_random_seed(0)
    model = keras.Model(image, block(image, Style(**style)))
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if "kernel" not in weight.path:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return model


def names(model):
    return [layer.name for layer in model.layers[1:]]


def normalised(model, name, x):
    gamma, beta, mean, variance = model.get_layer(name).get_weights()
    return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta


def correlate(x, kernel, stride):
    """A convolution with "same" padding of 3×3 and 1×1 kernels, in NumPy."""
    k = kernel.shape[0]
    n, height, width, _ = x.shape
    total = max((-(-height // stride) - 1) * stride + k - height, 0)
    before = total // 2
    padded = np.pad(x, ((0, 0), (before, total - before), (before, total - before), (0, 0)))
    outputs = np.zeros((n, -(-height // stride), -(-width // stride), kernel.shape[-1]))
    for i in range(k):
        for j in range(k):
            part = padded[:, i : i + height : stride, j : j + width : stride]
            outputs += part[:, : outputs.shape[1], : outputs.shape[2]] @ kernel[i, j]
    return outputs


def test_conv_without_normalisation_is_one_layer_with_a_bias():
    model = model_of(lambda x, style: conv(x, 6, 3, "conv1", style))
    assert names(model) == ["conv1"] and model.get_layer("conv1").use_bias


def test_conv_normalises_then_activates():
    model = model_of(lambda x, s: conv(x, 6, 3, "conv1", s, stride=2), normalisation="batch")
    assert names(model) == ["conv1", "conv1_bn", "conv1_relu"]
    assert not model.get_layer("conv1").use_bias
    x = noise(2, 8, 8, 4)
    y = normalised(model, "conv1_bn", correlate(x, model.get_layer("conv1").kernel.numpy(), 2))
    np.testing.assert_allclose(model(x), np.maximum(y, 0), atol=1e-5)


def test_no_activation_leaves_a_linear_net():
    model = model_of(lambda x, s: conv(x, 6, 3, "conv1", s), normalisation="batch", activation=None)
    assert names(model) == ["conv1", "conv1_bn"]


@pytest.mark.parametrize("preactivation", [False, True])
@pytest.mark.parametrize("shortcut", ["projection", "padding", None])
def test_residual_block(shortcut, preactivation):
    """y = relu(x' + bn(conv(relu(bn(conv(x)))))), or everything before its convolution."""
    model = model_of(
        lambda x, s: residual_block(x, BASIC, "b", s, shortcut, preactivation),
        normalisation="batch",
    )
    kernel = {
        layer.name: layer.kernel.numpy()
        for layer in model.layers
        if "conv" in layer.name and hasattr(layer, "kernel")
    }
    x = noise(2, 8, 8, 4)
    y = x
    for name, stride in (("b_conv1", 2), ("b_conv2", 1)):
        if preactivation:
            y = correlate(np.maximum(normalised(model, f"{name}_bn", y), 0), kernel[name], stride)
        else:
            y = normalised(model, f"{name}_bn", correlate(y, kernel[name], stride))
            y = np.maximum(y, 0) if name == "b_conv1" else y
    if shortcut == "padding":  # every other pixel, and zeros behind the channels
        y += np.concatenate([x[:, ::2, ::2], np.zeros((2, 4, 4, 4))], axis=-1)
    elif shortcut == "projection":
        projected = correlate(x, model.get_layer("b_shortcut").kernel.numpy(), 2)
        y += projected if preactivation else normalised(model, "b_shortcut_bn", projected)
    np.testing.assert_allclose(model(x), y if preactivation else np.maximum(y, 0), atol=1e-4)


@pytest.mark.parametrize(("filters", "stride"), [(4, 1), (4, 2), (5, 1)])
def test_inverted_residual_block(filters, stride):
    """Wide, each channel alone, narrow; the input is added where the shape stays."""
    model = model_of(
        lambda x, s: inverted_residual_block(x, filters, 3, stride, 6, "b", s),
        normalisation="batch",
        activation="relu6",
    )
    x = noise(2, 8, 8, 4)

    def normal(name, y):
        return normalised(model, f"b_{name}_bn", y)

    y = np.clip(normal("expand", correlate(x, model.get_layer("b_expand").kernel.numpy(), 1)), 0, 6)
    alone = model.get_layer("b_channelwise").kernel.numpy()
    alone = [correlate(y[..., [c]], alone[:, :, [c]], stride) for c in range(24)]
    y = np.clip(normal("channelwise", np.concatenate(alone, axis=-1)), 0, 6)
    y = normal("project", correlate(y, model.get_layer("b_project").kernel.numpy(), 1))
    added = (filters, stride) == (4, 1)
    assert ("b_add" in names(model)) == added
    np.testing.assert_allclose(model(x), x + y if added else y, atol=1e-4)


@pytest.mark.parametrize("preactivation", [False, True])
def test_residual_block_of_zeros_is_the_identity(preactivation):
    """F → 0 gives H = x (of positive x, where the last ReLU does nothing)."""
    same = [(4, 3, 1), (4, 3, 1)]
    model = model_of(lambda x, s: residual_block(x, same, "b", s, preactivation=preactivation))
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    x = np.abs(noise(2, 8, 8, 4))
    np.testing.assert_array_equal(model(x), x)
    assert "b_shortcut" not in names(model)  # the identity needs no weights


def test_a_1x1_convolution_is_a_dense_layer_at_every_pixel():
    model = model_of(lambda x, s: conv(x, 6, 1, "conv1", s))
    x = noise(2, 8, 8, 4)
    kernel, bias = model.get_layer("conv1").get_weights()
    dense = keras.layers.Dense(6, activation="relu")
    dense.build((None, 4))
    dense.set_weights([kernel[0, 0], bias])
    pixels = dense(x.reshape(-1, 4)).numpy().reshape(2, 8, 8, 6)
    np.testing.assert_allclose(model(x), pixels, atol=1e-5)


def test_inception_module_is_four_branches_side_by_side():
    widths = (3, 2, 4, 2, 5, 6)
    model = model_of(lambda x, s: inception_module(x, widths, "m", s))
    x = noise(2, 8, 8, 4)

    def layer(name, x):
        return model.get_layer(name)(x)

    pooled = np.stack(
        [
            np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)[
                :, i : i + 8, j : j + 8
            ]
            for i in range(3)
            for j in range(3)
        ]
    ).max(axis=0)
    branches = [
        layer("m_conv1x1", x),
        layer("m_conv3x3", layer("m_conv3x3_reduce", x)),
        layer("m_conv5x5", layer("m_conv5x5_reduce", x)),
        layer("m_pool_project", pooled),
    ]
    assert [branch.shape[-1] for branch in branches] == [3, 4, 5, 6]
    np.testing.assert_allclose(model(x), np.concatenate(branches, axis=-1), atol=1e-5)
    sizes = {n: model.get_layer(n).kernel_size for n in ("m_conv1x1", "m_conv3x3", "m_conv5x5")}
    assert sizes == {"m_conv1x1": (1, 1), "m_conv3x3": (3, 3), "m_conv5x5": (5, 5)}


def test_naive_module_grows_by_what_its_pooling_passes_on():
    model = model_of(lambda x, s: inception_module(x, (3, None, 3, None, 3, None), "m", s))
    assert model.output_shape[-1] == 3 + 3 + 3 + 4
    assert not any("reduce" in name or "project" in name for name in names(model))


def test_l2_adds_the_squared_kernels_to_the_loss():
    model = model_of(lambda x, s: conv(x, 6, 3, "conv1", s), l2=0.01)
    kernel = model.get_layer("conv1").kernel.numpy()
    assert float(model.losses[0]) == pytest.approx(0.01 * np.sum(kernel**2), rel=1e-5)
    assert not model_of(lambda x, s: conv(x, 6, 3, "conv1", s)).losses


def test_channel_padding_is_numpys():
    x = noise(2, 3, 3, 4)
    expected = np.pad(x, ((0, 0), (0, 0), (0, 0), (0, 3)))
    np.testing.assert_array_equal(ChannelPadding(3)(x), expected)


def test_wrong_normalisation():
    with pytest.raises(ValueError, match="got 'layer'"):
        Style(normalisation="layer")
