import gc
import math

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from course_lib.measure.tables import (
    empirical_receptive_field,
    formatted,
    model_table,
    receptive_field,
    side_by_side,
    totals,
)
from course_lib.models import MODELS
from course_lib.models.outlines import outline


@pytest.fixture
def zero_weights(monkeypatch):
    """Weights of zeros: drawing 138 million random numbers takes 8 s and 2.5 GB."""

    def zeros(self, shape, dtype=None):
        return keras.ops.zeros(shape, dtype)

    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", zeros)
    yield
    gc.collect()  # a model refers to itself: without this, they add up


def sequential(shape, *stack):
    return keras.Sequential([keras.Input(shape), *stack])


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


@pytest.mark.parametrize(
    ("groups", "parameters", "total"),
    [
        (1, [34_944, 614_656, 885_120, 1_327_488, 884_992], 62_378_344),
        (2, [34_944, 307_456, 885_120, 663_936, 442_624], 60_965_224),
    ],
)
def test_alexnet(zero_weights, groups, parameters, total):
    model = sequential(
        (227, 227, 3),
        layers.Conv2D(96, 11, strides=4, activation="relu", name="conv1"),
        layers.MaxPooling2D(3, 2),
        layers.Conv2D(256, 5, padding="same", groups=groups, activation="relu", name="conv2"),
        layers.MaxPooling2D(3, 2),
        layers.Conv2D(384, 3, padding="same", activation="relu", name="conv3"),
        layers.Conv2D(384, 3, padding="same", groups=groups, activation="relu", name="conv4"),
        layers.Conv2D(256, 3, padding="same", groups=groups, activation="relu", name="conv5"),
        layers.MaxPooling2D(3, 2, name="pool5"),
        layers.Flatten(),
        layers.Dense(4096, activation="relu", name="fc6"),
        layers.Dropout(0.5),
        layers.Dense(4096, activation="relu", name="fc7"),
        layers.Dropout(0.5),
        layers.Dense(1000, activation="softmax", name="fc8"),
    )
    table = model_table(model)
    weighted = table[table.parameters > 0]
    assert weighted.parameters.tolist() == [*parameters, 37_752_832, 16_781_312, 4_097_000]
    assert totals(model)["parameters"] == table.parameters.sum() == total
    assert table.loc["conv1", "output_shape"] == "55 x 55 x 96"
    assert table.loc["conv2", "multiply_adds"] == 27 * 27 * 256 * 25 * 96 // groups
    assert receptive_field(model, "pool5") == (195, 32)
    # Six positions, 32 pixels apart; larger than 227 since conv2 to conv5 are padded.
    assert receptive_field(model, "fc6") == (195 + 5 * 32, None)
    if groups == 1:
        assert empirical_receptive_field(model, "pool5") == (195, 195)


def test_vgg16(zero_weights):
    model = keras.applications.VGG16(weights=None)
    sums = totals(model)
    assert sums["parameters"] == sums["trainable"] == 138_357_544
    assert sums["multiply_adds"] == pytest.approx(15.3e9, rel=0.015)  # ResNet paper, section 3.3
    assert receptive_field(model, "block5_pool") == (212, 32)
    assert receptive_field(model, "fc1") == (212 + 6 * 32, None)


def test_vgg16_measured_with_two_filters_a_layer():
    inputs = x = keras.Input((224, 224, 3))
    for convolutions in (2, 2, 3, 3, 3):
        for _ in range(convolutions):
            x = conv(3)(x)
        x = layers.MaxPooling2D(2)(x)
    model = keras.Model(inputs, x)
    name = model.layers[-1].name
    assert receptive_field(model, name) == (212, 32)
    assert empirical_receptive_field(model, name) == (212, 212)


def test_resnet50(zero_weights):
    model = keras.applications.ResNet50(weights=None)
    sums = totals(model)
    assert sums["parameters"] == 25_636_712
    assert sums["trainable"] == 25_583_592
    assert sums["non_trainable"] == 53_120
    assert 3.8e9 < sums["multiply_adds"] < 3.9e9  # ResNet paper, table 1
    assert receptive_field(model, "conv5_block3_out") == (483, 32)
    assert receptive_field(model, "conv2_block3_out") == (35, 4)
    assert empirical_receptive_field(model, "conv2_block3_out") == (35, 35)


# --- Receptive fields, computed against measured ------------------------------------------------


def conv(size, **options):
    return layers.Conv2D(2, size, **{"padding": "same", **options})


def residual(x):
    x = conv(3)(x)
    shortcut = conv(1, strides=2)(x)
    x = layers.BatchNormalization()(conv(3, strides=2)(x))
    x = conv(3)(layers.ReLU()(x))
    return layers.Add()([x, shortcut])


def inception(x):
    x = layers.MaxPooling2D(2)(x)
    branches = [conv(1)(x), conv(3)(conv(1)(x)), conv(5)(conv(1)(x))]
    branches.append(conv(1)(layers.MaxPooling2D(3, 1, padding="same")(x)))
    return conv(3)(layers.Concatenate()(branches))


def shifted_branches(x):
    # Two even windows see pixels 0 to +2, one odd window -1 to +1: together -1 to +2.
    return layers.Concatenate()([conv(2)(conv(2)(x)), conv(3)(x)])


def padding_moves_a_branch(x):
    # Pixels -2 to 0 and pixels 0 to +1.
    padded = layers.ZeroPadding2D(((2, 0), (2, 0)))(x)
    return layers.Add()([conv(3, padding="valid")(padded), conv(2)(x)])


def operators(x):
    return (conv(3)(x) + conv(5)(x)) * 2.0


NETS = {
    "one_3x3": (lambda x: conv(3)(x), 3, 1),
    "two_3x3": (lambda x: conv(3)(conv(3)(x)), 5, 1),
    "three_3x3": (lambda x: conv(3)(conv(3)(conv(3)(x))), 7, 1),
    "strides": (lambda x: conv(3)(conv(3, strides=2)(conv(3, strides=2)(x))), 15, 4),
    "valid": (lambda x: conv(3, padding="valid")(conv(5, padding="valid", strides=2)(x)), 9, 2),
    "dilation": (lambda x: conv(3, dilation_rate=3)(conv(3)(x)), 9, 1),
    "one_by_seven": (lambda x: conv((1, 7))(x), (1, 7), 1),
    "factorised_7x7": (lambda x: conv((7, 1))(conv((1, 7))(x)), 7, 1),
    "uneven_strides": (lambda x: conv(3)(conv(3, strides=(2, 1))(x)), (7, 5), (2, 1)),
    "max_pool": (lambda x: conv(3)(layers.MaxPooling2D(3, 2)(conv(3)(x))), 9, 2),
    "average_pool": (lambda x: layers.AveragePooling2D(2, padding="same")(conv(3)(x)), 4, 2),
    "zero_padding": (
        lambda x: conv(3, padding="valid")(layers.ZeroPadding2D(((3, 0), 1))(x)),
        3,
        1,
    ),
    "depthwise": (lambda x: conv(1)(layers.DepthwiseConv2D(5, padding="same")(x)), 5, 1),
    "separable": (lambda x: layers.SeparableConv2D(2, 5, strides=2, padding="same")(x), 5, 2),
    "grouped": (lambda x: conv(3, groups=2)(conv(3)(x)), 5, 1),
    "dense_per_pixel": (lambda x: layers.Dense(3)(conv(3)(x)), 3, 1),
    "activation": (lambda x: layers.Activation("softmax")(conv(3, activation="tanh")(x)), 3, 1),
    "dropout": (lambda x: layers.Dropout(0.5)(conv(3)(x)), 3, 1),
    "strided_1x1": (lambda x: conv(3)(conv(1, strides=2, padding="valid")(x)), 5, 2),
    "residual": (residual, 9, 2),
    "inception": (inception, 2 + 2 * 6, 2),
    "shifted_branches": (shifted_branches, 4, 1),
    "padding_moves_a_branch": (padding_moves_a_branch, 4, 1),
    "operators": (operators, 5, 1),
}


@pytest.mark.parametrize(
    ("name", "side"),  # how much a strided layer pads depends on the parity of the side
    [(name, side) for name in NETS for side in (40, 41) if side == 40 or NETS[name][2] != 1],
)
def test_receptive_field_equals_the_measured_one(name, side):
    build, size, stride = NETS[name]
    inputs = keras.Input((side, side, 2))
    model = keras.Model(inputs, build(inputs))
    last = model.outputs[0]._keras_history.operation.name
    assert receptive_field(model, last) == (size, stride)
    assert empirical_receptive_field(model, last) == (
        size if isinstance(size, tuple) else (size,) * 2
    )


@pytest.mark.parametrize(
    "pool", [layers.Flatten(), layers.GlobalAveragePooling2D(), layers.GlobalMaxPooling2D()]
)
def test_one_output_sees_the_whole_map(pool):
    model = sequential(
        (21, 17, 1), conv(5, strides=2, padding="valid"), pool, layers.Dense(3, name="fc")
    )
    assert receptive_field(model, pool.name) == ((21, 17), None)
    assert receptive_field(model, "fc") == ((21, 17), None)
    assert empirical_receptive_field(model, "fc") == (21, 17)


def test_global_pooling_that_keeps_its_axes_and_gates_a_map():
    inputs = keras.Input((8, 8, 2))
    x = conv(3)(inputs)
    gate = layers.Dense(2)(layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x))
    model = keras.Model(inputs, layers.Multiply(name="gated")([x, gate]))
    assert receptive_field(model, "squeeze") == receptive_field(model, "gated") == (10, None)
    assert empirical_receptive_field(model, "gated") == (8, 8)


def test_a_field_over_the_border_is_measured_inside_the_image():
    model = sequential((6, 6, 1), conv(9, name="conv"))
    assert receptive_field(model, "conv") == (9, 1)
    assert empirical_receptive_field(model, "conv") == (6, 6)


def test_unknown_geometry_is_none_and_not_a_guess():
    inputs = keras.Input((8, 8, 2))
    x = conv(3, name="conv")(inputs)
    up = layers.UpSampling2D(name="up")(layers.MaxPooling2D(name="pool")(x))
    model = keras.Model(inputs, layers.Add(name="sum")([x, up]))
    for name in ("up", "sum"):
        assert receptive_field(model, name) == (None, None)
    assert receptive_field(model, "pool") == (4, 2)


def test_branches_whose_strides_disagree_are_unknown():
    inputs = keras.Input((8, 8, 2))
    coarse = layers.MaxPooling2D(4, 4)(inputs)
    corner = layers.MaxPooling2D(7, 1)(inputs)
    model = keras.Model(inputs, layers.Add(name="sum")([coarse, corner]))
    assert receptive_field(model, "sum") == (None, None)


def test_vectors_have_no_receptive_field():
    table = model_table(sequential((4,), layers.Dense(3, name="fc")))
    assert table.loc["fc", "receptive_field"] is None
    assert table.loc["fc", "multiply_adds"] == 12


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


# --- Models of every build ----------------------------------------------------------------------


def test_nested_model_is_taken_apart():
    trunk = sequential((20, 20, 3), conv(3, name="a"), conv(3, name="b"))
    trunk.name = "trunk"
    inputs = keras.Input((40, 40, 3))
    x = layers.MaxPooling2D(2)(inputs)
    model = keras.Model(inputs, conv(1, name="head")(trunk(x)))
    table = model_table(model)
    assert [n for n in table.index if "/" in n] == ["trunk/a", "trunk/b"]
    assert receptive_field(model, "trunk/b") == receptive_field(model, "head") == (10, 2)
    assert empirical_receptive_field(model, "head") == (10, 10)
    assert totals(model)["parameters"] == model.count_params()


def test_shared_layer_has_two_rows_and_its_parameters_once():
    shared = conv(3, name="shared")
    inputs = keras.Input((16, 16, 2))
    model = keras.Model(inputs, shared(shared(inputs)))
    table = model_table(model).loc["shared"]
    assert table.parameters.tolist() == [38, 0]
    assert table.multiply_adds.tolist() == [16 * 16 * 2 * 2 * 9] * 2
    assert table.receptive_field.tolist() == [3, 5]
    assert totals(model)["parameters"] == model.count_params() == 38


def test_sequential_that_grew_by_add():
    model = keras.Sequential([keras.Input((9, 9, 1))])
    for name in ("a", "b", "c"):
        model.add(conv(3, name=name))
    assert model_table(model).index.tolist()[1:] == ["a", "b", "c"]
    assert receptive_field(model, "c") == (7, 1)
    assert empirical_receptive_field(model, "c") == (7, 7)


def test_part_of_a_model():
    inputs = keras.Input((9, 9, 1))
    middle = conv(3)(inputs)
    after = conv(3, name="after")(middle)
    assert receptive_field(keras.Model(middle, after), "after") == (3, 1)


def test_analysis_leaves_the_model_alone():
    model = sequential((9, 9, 1), conv(3, name="a"), conv(3, activation="relu", name="b"))
    before, config = model.get_weights(), model.get_config()
    first = model_table(model)
    empirical_receptive_field(model, "b")
    assert model.get_config() == config
    assert all(map(np.array_equal, before, model.get_weights()))
    assert first.equals(model_table(model))


# --- Tables for reading -------------------------------------------------------------------------


def test_columns_and_dtypes_do_not_depend_on_the_model():
    flat = model_table(sequential((4,), layers.Dense(3)))
    square = model_table(sequential((9, 9, 1), conv(3), layers.Flatten()))
    assert flat.dtypes.equals(square.dtypes)
    assert flat.columns.tolist() == [
        "type",
        "output_shape",
        "parameters",
        "non_trainable",
        "multiply_adds",
        "receptive_field",
        "stride",
        "activation_bytes",
    ]
    assert all(type(size) is int for size in square.receptive_field)


def test_formatted_is_text_and_the_same_every_time():
    model = sequential((64, 64, 3), conv((1, 7), name="conv"), layers.Flatten(name="flat"))
    text = formatted(model_table(model))
    assert text.loc["conv"].tolist() == [
        "Conv2D",
        "64 x 64 x 2",
        "44",
        "0",
        "172,032",
        "1 x 7",
        "1",
        "32,768",
    ]
    assert text.loc["flat", ["receptive_field", "stride"]].tolist() == ["64 x 70", "-"]
    assert text._repr_html_() == formatted(model_table(model))._repr_html_()


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


def field_by_hand(steps):
    """The recurrence: each window adds (kernel - 1) times the distance of what it slides over."""
    size, distance = 1, 1
    for kernel, stride in steps:
        size, distance = size + (kernel - 1) * distance, distance * stride
    return size


def application(name):
    return lambda: getattr(keras.applications, name)(weights=None)


# Layers and fields, by hand or from the papers; multiply-adds from the ResNet paper (table 1 and
# section 3.3), where it gives them.
KNOWN = {
    "lenet5": (5, field_by_hand([(5, 1), (2, 2), (5, 1), (2, 2)]), None),
    "alexnet": (8, field_by_hand(alexnet_by_hand()), None),
    "alexnet_grouped": (8, field_by_hand(alexnet_by_hand()), None),
    "VGG16": (16, field_by_hand(vgg_by_hand(2, 2, 3, 3, 3)), 15.3e9),
    "VGG19": (19, field_by_hand(vgg_by_hand(2, 2, 4, 4, 4)), 19.6e9),
    "ResNet50": (50, field_by_hand(resnet_by_hand(3, 4, 6, 3)), 3.8e9),
    "ResNet101": (101, field_by_hand(resnet_by_hand(3, 4, 23, 3)), 7.6e9),
}


def test_the_recurrence_by_hand():
    assert field_by_hand(alexnet_by_hand()) == 195
    assert field_by_hand(vgg_by_hand(2, 2, 3, 3, 3)) == 212


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
    assert fields["googlenet"] == fields["googlenet_aux"] == field_by_hand(steps)
    assert table.parameters["googlenet"] == 6_998_552
    assert table.parameters["googlenet_aux"] == 13_378_280
    # 6n + 2 layers for images of 32x32: all 3x3, the map is halved twice.
    steps = [(3, 1)] * 7 + [(3, 2)] + [(3, 1)] * 5 + [(3, 2)] + [(3, 1)] * 5
    for name in ("resnet20_cifar", "preact20_cifar"):
        assert fields[name] == field_by_hand(steps)
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


@pytest.mark.parametrize(
    ("builders", "error", "message"),
    [
        ([branches_and_heads], TypeError, "builders must map names to functions, got list"),
        ({}, ValueError, "builders must hold at least one net"),
        ({"net": "lenet5"}, TypeError, "got str for 'net'"),
        (
            {"net": sequential((4,), layers.Dense(1))},
            TypeError,
            "got Sequential for 'net'; pass the function itself, without calling it",
        ),
    ],
)
def test_side_by_side_refuses(builders, error, message):
    with pytest.raises(error, match=message):
        side_by_side(builders)


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
        (
            lambda: sequential((None, None, 3), conv(3)),
            r"fixed size, got .*\(None, None, None, 3\)",
        ),
        (
            lambda: sequential((8, 8, 3), layers.Conv2DTranspose(2, 3, name="up")),
            "multiply-adds are known, got 'up' of type Conv2DTranspose",
        ),
        (
            lambda: sequential(
                (3, 8, 8), layers.MaxPooling2D(2, data_format="channels_first", name="pool")
            ),
            "channels_first in 'pool'",
        ),
    ],
)
def test_model_that_cannot_be_analysed(function, model, message):
    with pytest.raises(ValueError, match=message):
        function(model())


@pytest.mark.parametrize("function", [receptive_field, empirical_receptive_field])
def test_unknown_layer(function):
    model = sequential((8, 8, 3), conv(3, name="conv1"))
    with pytest.raises(ValueError, match=r"layer_name must be .* got 'conv2'; it has .*'conv1'"):
        function(model, "conv2")


def test_outline_counts_like_the_model_and_takes_no_memory():
    import psutil

    def build(units=10):
        x = inputs = keras.Input((32, 32, 3), name="image")
        x = keras.layers.Conv2D(8, 3, name="conv")(x)
        x = keras.layers.BatchNormalization(name="bn")(x)
        x = keras.layers.Flatten(name="flatten")(x)
        return keras.Model(inputs, keras.layers.Dense(units, name="dense")(x))

    pd.testing.assert_frame_equal(model_table(outline(build)), model_table(build()))
    before = psutil.Process().memory_info().rss
    large = outline(lambda: build(units=50_000))  # 1.4 GB of weights
    small = build()
    assert large.count_params() > 3.5e8
    assert psutil.Process().memory_info().rss - before < 1e8
    assert np.isfinite(small(np.ones((1, 32, 32, 3), "float32"))).all()


def test_outline_keeps_the_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        outline(lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)
