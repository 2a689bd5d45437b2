"""Checks of nets: what must pass, what must not, and what is said of each."""

import keras
import numpy as np
import pytest
from keras import layers

from course_lib.exercises.nets import NetCheck, fill, observe, whole
from course_lib.models.layers import FusedBatchNormalization


def residual(x, filters, stride):
    """Two layers and a projection, as in arXiv:1512.03385, section 3.3."""
    y = layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(y))
    x = layers.BatchNormalization()(layers.Conv2D(filters, 1, stride, use_bias=False)(x))
    return layers.ReLU()(x + y)


def written_otherwise(x, filters, stride):
    """The shortcut first, names, a net within the net, other epsilons, keras.ops."""
    way = FusedBatchNormalization(epsilon=1e-5)(
        layers.Conv2D(filters, 1, stride, use_bias=False, name="way")(x)
    )
    conv = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    two = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(filters, 3, strides=stride, **conv),
            layers.BatchNormalization(epsilon=1e-5),
            layers.Activation("relu"),
            layers.Conv2D(filters, 3, **conv),
            layers.BatchNormalization(momentum=0.9),
        ]
    )
    return keras.ops.relu(layers.Add()([two(x), way]))


def changed(**changes):
    """The block with one of its lines changed."""

    def block(x, filters, stride):
        part = {
            "stride": stride,
            "bias": False,
            "norm": lambda x, place: layers.BatchNormalization()(x),
            "between": layers.ReLU(),
            "join": lambda x, y: x + y,
            "last": layers.ReLU(),
            "way": lambda x: x,
            "trainable": True,
        } | changes
        norm = part["norm"]
        first = layers.Conv2D(filters, 3, part["stride"], "same", use_bias=part["bias"])
        first.trainable = part["trainable"]
        y = part["between"](norm(first(x), 1))
        y = norm(layers.Conv2D(filters, 3, padding="same", use_bias=part["bias"])(y), 2)
        x = part["way"](x)
        x = norm(layers.Conv2D(filters, 1, stride, use_bias=part["bias"])(x), 3)
        return part["last"](part["join"](x, y))

    return block


CASES = [((8, 8, 3), 4, 2), ((5, 7, 6), 5, 1)]
check = NetCheck(
    "0.1 residual",
    residual,
    "it learns",
    cases=CASES,
    mistakes=[changed(last=layers.Identity()), "after the sum comes something, too"],
    hint="look again",
)


@pytest.mark.parametrize("answer", [residual, written_otherwise, changed()])
def test_what_the_net_does_counts_and_not_how_it_is_written(answer):
    assert check.grade(answer) == ("right", "It learns.")


WRONG = {
    "after the sum comes something": (
        changed(last=layers.Identity()),
        "the outputs differ, with the same weights: first after your layer 5, a "
        "Conv2D with a kernel of 3×3×4×4, the last with a kernel. After the sum comes something",
    ),
    "another activation": (
        changed(between=layers.Activation("tanh")),
        "first at your layer 5, a Conv2D with a kernel of 3×3×4×4, which is given other numbers",
    ),
    "padding": (
        changed(way=lambda x: layers.ZeroPadding2D(((1, 0), (1, 0)))(x)[:, :-1, :-1]),
        "with a kernel of 1×1×3×4, which is given other numbers",
    ),
    "biases": (
        changed(bias=True),
        "288 numbers should learn, in yours 300 do; in a right answer no layer has the weights of "
        "your layer 1, a Conv2D with a kernel of 3×3×3×4",
    ),
    "product": (changed(join=lambda x, y: x * y), "first after your layer"),
    "too small": (changed(stride=1, way=lambda x: x[:, ::2, ::2]), "stops with ValueError"),
    "frozen": (changed(trainable=False), "numbers should learn, in yours"),
    "no gradient": (
        changed(join=lambda x, y: x + keras.ops.stop_gradient(y)),
        "the answers are right, but in training the gradient does not reach your layer 1, a Conv2D",
    ),
    "statistics stand still": (
        changed(norm=lambda x, place: layers.BatchNormalization(momentum=1.0)(x)),
        "the answers are right, but in training the moving averages of batch normalisation "
        "should move",
    ),
    "normalised twice": (
        changed(norm=lambda x, place: layers.BatchNormalization()(layers.BatchNormalization()(x))),
        "numbers should learn",
    ),
    "nothing": (lambda x, filters, stride: None, "returns None"),
    "a layer": (lambda x, filters, stride: layers.ReLU(), "the tensor that comes out, not"),
    "another picture": (
        lambda x, filters, stride: residual(keras.Input(x.shape[1:]), filters, stride),
        "stops with ValueError",
    ),
    "its input": (lambda x, filters, stride: x, "what comes out should be 4×4×4, yours is 8×8×3"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_net_is_told_what_differs_and_where(wrong):
    answer, words = WRONG[wrong]
    status, message = check.grade(answer)
    assert status == "wrong" and words in message, message


def test_a_function_that_returns_a_net():
    def net(shape, classes):
        return keras.Sequential(
            [keras.Input(shape), layers.Flatten(), layers.Dense(classes, "softmax")]
        )

    def scores(shape, classes):
        return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(classes)])

    check = NetCheck("0.2 net", net, "fine", cases=[((4, 4, 1), 3)], make=whole)
    assert check.grade(net).status == "right"
    assert "first at your layer 2, a Dense" in check.grade(scores).message
    unbuilt = keras.Sequential([layers.Flatten(), layers.Dense(3)])
    assert "a built Keras model" in check.grade(lambda shape, classes: unbuilt).message


def test_the_stub_is_not_attempted_and_a_net_to_repair_neither():
    stub = changed(between=layers.Identity())
    repair = NetCheck("0.3 repair", residual, "fine", cases=CASES, stub=stub)
    assert repair.grade(stub).status == "not attempted"
    assert repair.grade(residual).status == "right"
    assert repair.grade(changed(last=layers.Identity())).status == "wrong"


def test_filling_is_the_same_for_each_net_and_unlike_for_each_weight():
    def net():
        return keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.Dense(2)])

    one, other = net(), net()
    fill(one), fill(other)
    for mine, its in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert not np.array_equal(one.layers[0].kernel, one.layers[1].kernel)


def test_a_dense_layer_at_each_place_is_a_convolution_of_1_by_1():
    check = NetCheck(
        "0.4 places", lambda x, n: layers.Conv2D(n, 1)(x), "fine", cases=[((4, 4, 3), 2)]
    )
    assert check.grade(lambda x, n: layers.Dense(n)(x)).status == "right"
    assert check.grade(lambda x, n: layers.Dense(n, "relu")(x)).status == "wrong"


def test_dropout_and_several_outputs_are_observed():
    x = keras.Input((3,))
    y = layers.Dropout(0.5)(layers.Dense(4, "relu")(x))
    seen = observe(keras.Model(x, [layers.Dense(2)(y), layers.Dense(1)(y)]))
    assert seen.shapes == [(2,), (1,)] and not seen.unreached
    assert seen.learned == 4 * 4 + 2 * 5 + 1 * 5
