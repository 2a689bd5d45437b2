"""What the walk through a model finds, against gradients: which pixels an output depends on."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers
from small_nets import conv, inception, sequential

from course_lib.measure.geometry import output_size
from course_lib.measure.probes import empirical_receptive_field
from course_lib.measure.tables import model_table, receptive_field, totals


def residual(x):
    x = conv(3)(x)
    shortcut = conv(1, strides=2)(x)
    x = layers.BatchNormalization()(conv(3, strides=2)(x))
    x = conv(3)(layers.ReLU()(x))
    return layers.Add()([x, shortcut])


def operators(x):
    return layers.Activation("linear")((conv(3)(x) + conv(5)(x)) * 2.0)


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


def test_windows_of_every_kind_make_maps_as_large_as_keras_makes_them():
    for size, kernel, stride, padding in itertools.product(
        range(5, 12), (1, 2, 3, 5), (1, 2, 3), ("same", "valid", 0, 1, 2)
    ):
        pad = padding if isinstance(padding, int) else 0
        x = layers.ZeroPadding2D(pad)(keras.Input((size, size, 1)))
        how = "same" if padding == "same" else "valid"
        x = layers.MaxPooling2D(kernel, stride, padding=how)(x)
        assert x.shape[1] == output_size(size, kernel, stride, padding)
