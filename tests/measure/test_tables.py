import math

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from small_nets import conv, inception, sequential

from course_lib.measure.geometry import receptive_fields
from course_lib.measure.probes import empirical_receptive_field
from course_lib.measure.tables import (
    formatted,
    model_table,
    receptive_field,
    side_by_side,
    totals,
    training_memory,
)
from course_lib.models import MODELS

# --- Counts from the papers ---------------------------------------------------------------------


def test_lenet5_by_hand():
    model = sequential(
        (32, 32, 1),
        layers.Conv2D(6, 5, activation="tanh", name="c1"),
        layers.AveragePooling2D(2, name="s2"),
        layers.Conv2D(16, 5, activation="tanh", name="c3"),
        layers.AveragePooling2D(2, name="s4"),
        layers.Flatten(name="flat"),
        layers.Dense(120, name="c5"),
        layers.Dense(84, name="f6"),
        layers.Dense(10, name="out"),
    )
    table = model_table(model).iloc[1:]
    assert table.index.tolist() == ["c1", "s2", "c3", "s4", "flat", "c5", "f6", "out"]
    assert table.parameters.tolist() == [156, 0, 2_416, 0, 0, 48_120, 10_164, 850]
    assert table.multiply_adds.tolist() == [
        28 * 28 * 6 * 25,
        0,
        10 * 10 * 16 * 25 * 6,
        0,
        0,
        400 * 120,
        120 * 84,
        84 * 10,
    ]
    assert table.output_shape.tolist()[:5] == [
        "28 x 28 x 6",
        "14 x 14 x 6",
        "10 x 10 x 16",
        "5 x 5 x 16",
        "400",
    ]
    assert table.receptive_field.tolist() == [5, 6, 14, 16, 32, 32, 32, 32]  # no padding: the image
    assert table.stride.tolist() == [1, 2, 2, 4, None, None, None, None]
    assert table.activation_bytes.tolist()[:2] == [28 * 28 * 6 * 4, 14 * 14 * 6 * 4]
    assert totals(model)["parameters"] == 61_706


# --- Multiply-adds, parameters, memory ----------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(6, 3), 10 * 8 * 6 * 9 * 4),
        (layers.Conv2D(6, 3, use_bias=False), 10 * 8 * 6 * 9 * 4),
        (layers.Conv2D(6, (1, 3), strides=2, padding="same"), 6 * 5 * 6 * 3 * 4),
        (layers.Conv2D(6, 3, groups=2), 10 * 8 * 6 * 9 * 2),
        (layers.Conv2D(6, 3, dilation_rate=2), 8 * 6 * 6 * 9 * 4),
        (layers.Conv2D(6, 1), 12 * 10 * 6 * 4),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), 10 * 8 * 8 * 9),
        (layers.SeparableConv2D(6, 3), 10 * 8 * (4 * 9 + 4 * 6)),
        (layers.Dense(5), 12 * 10 * 4 * 5),
        (layers.BatchNormalization(), 0),
        (layers.PReLU(), 0),
        (layers.MaxPooling2D(), 0),
        (layers.Activation("relu"), 0),
    ],
)
def test_multiply_adds(layer, expected):
    model = sequential((12, 10, 4), layer)
    row = model_table(model).loc[layer.name]
    assert row.multiply_adds == expected
    assert row.parameters == layer.count_params()
    assert row.activation_bytes == 4 * math.prod(layer.output.shape[1:])
    assert row.type == type(layer).__name__


def test_multiply_adds_equal_a_count_in_loops():
    """A grouped, dilated convolution in plain Python that counts its products."""
    kernel, groups, filters, dilation = 3, 2, 4, 2
    image = np.random.default_rng(0).normal(size=(9, 9, 4)).astype("float32")
    layer = layers.Conv2D(filters, kernel, groups=groups, dilation_rate=dilation)
    model = sequential(image.shape, layer)
    weights = layer.get_weights()[0]
    side = 9 - dilation * (kernel - 1)
    result, count = np.zeros((side, side, filters)), 0
    for y, x, f in np.ndindex(result.shape):
        first = f // (filters // groups) * (4 // groups)
        for i, j, c in np.ndindex(kernel, kernel, 4 // groups):
            value = image[y + dilation * i, x + dilation * j, first + c]
            result[y, x, f] += value * weights[i, j, c, f]
            count += 1
    np.testing.assert_allclose(model(image[None])[0], result, atol=1e-5)
    assert totals(model)["multiply_adds"] == count


def test_equals_keras_summary_counts():
    inputs = keras.Input((16, 16, 3))
    x = layers.BatchNormalization()(inception(inputs))
    x = layers.Dense(5)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, x)
    table = model_table(model)
    assert sorted(table.index) == sorted(layer.name for layer in model.layers)
    assert table.parameters.sum() == model.count_params()
    for layer in model.layers:
        assert table.loc[layer.name, "parameters"] == layer.count_params()
    frozen = sum(math.prod(w.shape) for w in model.non_trainable_weights)
    assert totals(model)["non_trainable"] == table.non_trainable.sum() == frozen == 2 * 2


def test_frozen_layers_are_not_trainable():
    model = sequential((4,), layers.Dense(3, name="frozen"), layers.Dense(2))
    model.get_layer("frozen").trainable = False
    assert model_table(model).non_trainable.tolist() == [0, 15, 0]
    assert totals(model) == {
        "parameters": 23,
        "trainable": 8,
        "non_trainable": 15,
        "multiply_adds": 18,
        "activation_bytes": 4 * (4 + 3 + 2),
    }


# --- Tables for reading -------------------------------------------------------------------------


def test_columns_and_dtypes_do_not_depend_on_the_model():
    flat = model_table(sequential((4,), layers.Dense(3)))
    square = model_table(sequential((9, 9, 1), conv(3), layers.Flatten()))
    assert flat.dtypes.equals(square.dtypes)
    assert flat.columns.tolist() == [
        *("type", "stage", "block", "kernel", "activation", "output_shape", "parameters"),
        *("non_trainable", "multiply_adds", "receptive_field", "stride", "activation_bytes"),
    ]
    assert all(type(size) is int for size in square.receptive_field)


def test_stage_and_block_come_from_the_names():
    names = {
        "stem_conv1": ("stem", "stem"),
        "stage1_conv2": ("stage1", "stage1"),
        "stage12_block3_conv1_relu": ("stage12", "stage12_block3"),
        "stage3_blocka_conv3x3": ("stage3", "stage3_blocka"),
        "stage3_blocka": ("stage3", "stage3_blocka"),
        "stages_conv": ("stages_conv", "stages_conv"),
        "stemless": ("stemless", "stemless"),
        "fc6": ("fc6", "fc6"),
    }
    inner = sequential((4, 4, 2), layers.ReLU(name="stage1_block1_relu"))
    inner.name = "inner"
    model = sequential((4, 4, 2), *[layers.Dropout(0.5, name=name) for name in names], inner)
    table = model_table(model)
    for name, place in names.items():
        assert tuple(table.loc[name, ["stage", "block"]]) == place
    nested = table.loc["inner/stage1_block1_relu", ["stage", "block"]]
    assert tuple(nested) == ("inner/stage1", "inner/stage1_block1")


@pytest.mark.parametrize(
    ("layer", "kernel", "activation"),
    [
        (layers.Conv2D(2, (1, 7), activation="relu"), "1 x 7", "relu"),
        (layers.DepthwiseConv2D(3), "3 x 3", "linear"),
        (layers.MaxPooling2D(2), None, None),
        (layers.Dense(2, activation=keras.activations.tanh), None, "tanh"),
        (layers.Dense(2, activation=layers.LeakyReLU()), None, "LeakyReLU"),
        (layers.Activation("gelu"), None, "gelu"),
        (layers.ReLU(), None, "relu"),
        (layers.Softmax(), None, "softmax"),
        (layers.BatchNormalization(), None, None),
    ],
)
def test_kernel_and_activation(layer, kernel, activation):
    row = model_table(sequential((8, 8, 2), layer)).loc[layer.name]
    assert (row.kernel, row.activation) == (kernel, activation)


@pytest.mark.parametrize("table", [model_table, totals, lambda net: side_by_side({"net": net})])
def test_a_builder_counts_like_its_model(table):
    expected, found = table(MODELS["lenet5"]()), table(MODELS["lenet5"])
    assert expected.equals(found) if isinstance(found, pd.DataFrame) else expected == found


def test_receptive_field_of_a_builder_that_would_not_fit_into_memory():
    def build():
        x = conv(3, name="conv")(image := keras.Input((64, 64, 3)))
        return keras.Model(image, layers.Dense(10**8)(layers.Flatten()(x)))

    assert receptive_field(build, "conv") == (3, 1)


def test_formatted_is_text_and_the_same_every_time():
    model = sequential((64, 64, 3), conv((1, 7), name="conv"), layers.Flatten(name="flat"))
    table = model_table(model).drop(columns=["stage", "block"])
    text = formatted(table)
    assert text.loc["conv"].tolist() == [
        *("Conv2D", "1 x 7", "linear", "64 x 64 x 2"),
        *("44", "0", "172,032", "1 x 7", "1", "32,768"),
    ]
    assert text.loc["flat", ["receptive_field", "stride"]].tolist() == ["64 x 70", "-"]
    assert text._repr_html_() == formatted(table)._repr_html_()


def test_formatted_shows_whole_numbers_beside_none_without_decimals():
    """A row of sums turns whole columns into floats or objects, as the version of pandas has it."""
    table = pd.DataFrame({"parameters": [124_416, 163_696], "field": [27, 59]}, index=["a", "b"])
    table.loc["all"] = [table.parameters.sum(), None]
    for kind in (table, table.astype(object), table.astype(float), table.astype("Int64")):
        text = formatted(kind)
        assert text.parameters.tolist() == ["124,416", "163,696", "288,112"]
        assert text.field.tolist() == ["27", "59", "-"]


def test_formatted_keeps_decimals_where_a_column_has_some():
    table = pd.DataFrame({"points": [62.5, 70.0, np.inf], "right": [True, False, None]})
    assert formatted(table).points.tolist() == ["62.5", "70.0", "inf"]
    assert formatted(table).right.tolist() == ["True", "False", "-"]


# --- Architectures side by side -----------------------------------------------------------------


def alexnet_by_hand():
    """(kernel, stride) of every layer that slides, up to pool5."""
    return [(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)]


def vgg_by_hand(*stages):
    return [step for n in stages for step in [(3, 1)] * n + [(2, 2)]]


def resnet_by_hand(*stages):
    steps = [(7, 2), (3, 2)]
    for i, blocks in enumerate(stages):  # a 1x1 halves the map before stages 3 to 5
        steps += [(1, 2 if i else 1)] + [(3, 1)] * blocks
    return steps


def field_of(steps):
    return receptive_fields(*zip(*steps, strict=True))[-1][0]


def application(name):
    return lambda: getattr(keras.applications, name)(weights=None)


# Layers and fields, by hand or from the papers; multiply-adds from the ResNet paper (table 1 and
# section 3.3), where it gives them.
KNOWN = {
    "lenet5": (5, field_of([(5, 1), (2, 2), (5, 1), (2, 2)]), None),
    "alexnet": (8, field_of(alexnet_by_hand()), None),
    "alexnet_grouped": (8, field_of(alexnet_by_hand()), None),
    "VGG16": (16, field_of(vgg_by_hand(2, 2, 3, 3, 3)), 15.3e9),
    "VGG19": (19, field_of(vgg_by_hand(2, 2, 4, 4, 4)), 19.6e9),
    "ResNet50": (50, field_of(resnet_by_hand(3, 4, 6, 3)), 3.8e9),
    "ResNet101": (101, field_of(resnet_by_hand(3, 4, 23, 3)), 7.6e9),
}


def test_side_by_side_of_known_nets():
    builders = {
        **{name: MODELS[name] for name in KNOWN if name in MODELS},
        **{name: application(name) for name in KNOWN if name not in MODELS},
    }
    table = side_by_side(builders)
    assert list(table.index) == list(builders)
    for name, (depth, field, multiply_adds) in KNOWN.items():
        assert (table.layers[name], table.receptive_field[name]) == (depth, field), name
        if multiply_adds:
            assert table.multiply_adds[name] == pytest.approx(multiply_adds, rel=0.016), name
    assert table.parameters["VGG16"] == 138_357_544
    assert table.input["alexnet"] == "227 x 227 x 3"


def test_side_by_side_of_the_course():
    """Layers as the papers count them: a projection, a branch, an auxiliary head adds none."""
    layer_counts = {
        **{"vgg_a": 11, "vgg_a_lrn": 11, "vgg_b": 13, "vgg_c": 16, "vgg_d": 16, "vgg_e": 19},
        **{"nin": 9, "zfnet": 8, "googlenet": 22, "googlenet_aux": 22},
        **{"resnet18": 18, "resnet34": 34, "resnet50": 50, "plain34": 34},
        **{"resnet20_cifar": 20, "plain56_cifar": 56, "preact20_cifar": 20},
    }
    table = side_by_side({name: MODELS[name] for name in layer_counts})
    assert table.layers.to_dict() == layer_counts
    fields, cost = table.receptive_field, table.multiply_adds
    assert fields["vgg_d"] == 212 and fields["resnet50"] == 483
    assert cost["vgg_d"] == pytest.approx(15.3e9, rel=0.016)
    assert cost["resnet50"] == pytest.approx(3.8e9, rel=0.016)
    # The stem; then the 5x5 of two, five and two modules, with pooling between.
    steps = [(7, 2), (3, 2), (3, 1), (3, 2)] + [(5, 1)] * 2 + [(3, 2)] + [(5, 1)] * 5
    steps += [(3, 2)] + [(5, 1)] * 2
    assert fields["googlenet"] == fields["googlenet_aux"] == field_of(steps)
    assert table.parameters["googlenet"] == 6_998_552
    assert table.parameters["googlenet_aux"] == 13_378_280
    # 6n + 2 layers for images of 32x32: all 3x3, the map is halved twice.
    steps = [(3, 1)] * 7 + [(3, 2)] + [(3, 1)] * 5 + [(3, 2)] + [(3, 1)] * 5
    for name in ("resnet20_cifar", "preact20_cifar"):
        assert fields[name] == field_of(steps)
    assert not fields.isna().any()


def branches_and_heads(head=None):
    """Three kernels on the longest way; an auxiliary head of four more."""
    image = keras.Input((16, 16, 3))
    x = conv(3, strides=2)(image)
    side = conv(3)(conv(1)(x))
    main = layers.Concatenate()([side, conv(1)(x)])
    x = layers.AveragePooling2D(8)(main)  # the whole map: as global pooling
    outputs = [layers.Dense(2)(layers.Flatten()(x))]
    if head:
        y = main
        for _ in range(3):
            y = conv(3)(y)
        outputs.append(layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    return keras.Model(image, outputs)


def test_side_by_side_follows_the_longest_way_to_the_first_output():
    table = side_by_side({"plain": branches_and_heads, "aux": lambda: branches_and_heads("aux")})
    assert table.layers.tolist() == [4, 4]
    assert table.receptive_field.tolist() == [3 + 2 * 2] * 2
    assert table.parameters["aux"] > table.parameters["plain"]
    assert table.multiply_adds["aux"] > table.multiply_adds["plain"]


def test_side_by_side_of_a_nested_model():
    def nested():
        trunk = keras.applications.ResNet50(
            weights=None, include_top=False, input_shape=(64, 64, 3)
        )
        x = conv(3, strides=2)(image := keras.Input((128, 128, 3)))
        x = trunk(layers.Conv2D(3, 1)(x))
        return keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))

    row = side_by_side({"nested": nested}).loc["nested"]
    assert (row.layers, row.receptive_field) == (49 + 3, 3 + 482 * 2)
    # Keras's count without its classifier; the convolutions before it; 2x2x2048 to 2.
    assert row.parameters == (25_636_712 - 2_049_000) + (56 + 9) + (2 * 2 * 2048 * 2 + 2)


def test_side_by_side_counts_as_totals_do():
    row = side_by_side({"net": branches_and_heads}).loc["net"]
    sums = totals(branches_and_heads())
    assert row[list(sums)].to_dict() == sums
    batch = side_by_side({"net": MODELS["resnet20_cifar"]}).loc["net"]
    assert (batch.trainable, batch.parameters - batch.non_trainable) == (269_722, 269_722)


def test_side_by_side_of_other_kinds_of_nets():
    def gated():
        x = conv(3)(image := keras.Input((8, 6, 2)))
        gate = layers.Dense(2)(layers.GlobalAveragePooling2D(keepdims=True)(x))
        return keras.Model(image, conv(3)(layers.Multiply()([x, gate])))

    table = side_by_side(
        {
            "vector": lambda: sequential((4,), layers.Dense(3), layers.Dense(2)),
            "a map to the end": lambda: sequential((8, 8, 1), conv((1, 5), strides=2), conv(3)),
            "every output sees all": gated,
            "whole maps do not end": lambda: sequential((2, 2, 1), layers.MaxPooling2D(2)),
        }
    )
    assert table.input.tolist() == ["4", "8 x 8 x 1", "8 x 6 x 2", "2 x 2 x 1"]
    assert table.layers.tolist() == [2, 2, 3, 0]
    assert table.receptive_field.tolist() == [None, (5, 9), None, 2]
    for name in ("layers", "parameters", "multiply_adds", "activation_bytes"):
        assert table[name].dtype == "int64"


def test_side_by_side_keeps_whole_numbers_whole_beside_none():
    nets = {"vector": lambda: sequential((4,), layers.Dense(3)), "lenet5": MODELS["lenet5"]}
    assert [type(size) for size in side_by_side(nets).receptive_field] == [type(None), int]


# --- Memory of training -------------------------------------------------------------------------


def test_training_memory_by_hand():
    def build():
        x = conv(3, activation="relu")(image := keras.Input((8, 8, 3)))  # 56 weights, 128 outputs
        x = layers.Flatten()(layers.BatchNormalization()(x))  # 8 weights, of which 4 are trained
        return keras.Model(image, layers.Dense(2)(x))  # 258 weights

    weights, trained, largest = 56 + 8 + 258, 56 + 4 + 258, 258
    outputs, largest_output = 192 + 128 + 2, 192  # what is flattened or normalised takes nothing
    for batch, slots in ((1, 1), (32, 0), (32, 2)):
        numbers = weights + (1 + slots) * trained + 2 * largest
        numbers += batch * (outputs + 2 * largest_output)
        assert training_memory(build, batch, slots) == training_memory(build(), batch, slots)
        assert training_memory(build, batch, slots) == 4 * numbers


def test_training_memory_tells_what_fits_from_what_does_not():
    assert training_memory(MODELS["vgg_d"], batch_size=256) > 20e9
    assert training_memory(MODELS["lenet5"], batch_size=32) < 20e6


# --- Wrong input --------------------------------------------------------------------------------


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("function", [model_table, totals])
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: keras.Sequential([layers.Dense(1)]), "model must be .* built"),
        (Subclassed, "model must be a functional or Sequential"),
        (lambda: layers.Dense(1), "model must be a functional or Sequential"),
        (lambda: "lenet5", "or a function that builds one, got 'lenet5'"),
        (
            lambda: sequential((None, None, 3), conv(3)),
            r"fixed size, got .*\(None, None, None, 3\)",
        ),
        (
            lambda: sequential((8, 8, 3), layers.Conv2DTranspose(2, 3, name="up")),
            "net must be .* multiply-adds are known, got 'up' of type Conv2DTranspose",
        ),
    ],
)
def test_model_that_cannot_be_analysed(function, model, message):
    with pytest.raises(ValueError, match=message):
        function(model())


def test_unknown_layer():
    model = sequential((8, 8, 3), conv(3, name="conv1"))
    with pytest.raises(ValueError, match=r"layer_name must be one of .*got 'conv2'"):
        receptive_field(model, "conv2")
    with pytest.raises(ValueError, match="No such layer: conv2"):
        empirical_receptive_field(model, "conv2")
