"""Chapter 05's nets, each written in two other ways; and what the challenge must refuse."""

import keras
import pandas as pd
import pytest
from keras import layers
from test_checks import solution

from course_lib.exercises.inception import halve, inception_module, squeezing, thin_module


def branches_in_a_list(x, *widths):
    """The table's order, activations as layers of their own, dense layers for 1×1."""
    one, reduce3, three, reduce5, five, project = widths
    steps = [[(one, 1)], [(reduce3, 1), (three, 3)], [(reduce5, 1), (five, 5)], [(project, 1)]]
    ends = []
    for i, branch in enumerate(steps):
        y = layers.MaxPooling2D(3, 1, "same")(x) if i == 3 else x
        for filters, kernel in branch:
            new = layers.Conv2D(filters, kernel, padding="same") if kernel > 1 else None
            y = layers.ReLU()((new or layers.Dense(filters))(y))
        ends.append(y)
    return keras.ops.concatenate(ends, axis=-1)


def from_the_last_branch(x, one, reduce3, three, reduce5, five, project):
    def conv(filters, kernel):
        return layers.Conv2D(filters, kernel, padding="same", activation="relu")

    pooled = conv(project, 1)(keras.ops.max_pool(x, 3, 1, padding="same"))
    fives = keras.Sequential([conv(reduce5, 1), conv(five, 5)])(x)
    threes = conv(three, 3)(conv(reduce3, 1)(x))
    return layers.Concatenate(axis=-1)([conv(one, 1)(x), threes, fives, pooled])


def padded_by_hand(x, three, reduce, double):
    pooled = keras.ops.max_pool(x, 3, 2)
    y = layers.Conv2D(reduce, 1, activation="relu")(x)
    y = layers.Conv2D(double, 3, activation="relu")(layers.ZeroPadding2D(1)(y))
    y = layers.ReLU()(layers.Conv2D(double, 3, strides=(2, 2))(y))
    left = layers.Conv2D(three, (3, 3), 2, "valid", activation="relu")(x)
    return keras.ops.concatenate([left, y, pooled], axis=3)


def cut_out_afterwards(x, three, reduce, double):
    """Stride 1 and every second place of what comes out is the same as stride 2."""
    relu = {"activation": "relu"}
    y = layers.Dense(reduce, **relu)(x)
    y = layers.Conv2D(double, 3, padding="same", **relu)(y)
    ends = [layers.Conv2D(three, 3, **relu)(x), layers.Conv2D(double, 3, **relu)(y)]
    ends.append(layers.MaxPooling2D(3, 1)(x))
    return layers.Concatenate()([end[:, ::2, ::2] for end in ends])


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (inception_module, branches_in_a_list),
        (inception_module, from_the_last_branch),
        (halve, padded_by_hand),
        (halve, cut_out_afterwards),
    ],
)
def test_another_right_answer_passes(check, answer):
    assert check.grade(answer).status == "right", check.grade(answer).message


def conv(x, filters, kernel):
    return layers.Conv2D(filters, kernel, padding="same", activation="relu")(x)


def as_3a(x):
    """A quarter of 3a's widths, a 1×1 in place of the pooling branch."""
    threes, fives = conv(conv(x, 24, 1), 32, 3), conv(conv(x, 4, 1), 8, 5)
    return layers.Concatenate()([conv(x, 16, 1), threes, fives, conv(x, 8, 1)])


def taken_apart_twice(x):
    x = layers.Conv2D(4, 1)(x)
    for size, apart in (((1, 3), 1), ((3, 1), 1), ((1, 2), (1, 2)), ((2, 1), (2, 1))):
        x = layers.DepthwiseConv2D(size, dilation_rate=apart, depth_multiplier=2, padding="same")(x)
    return x


def squeezed_to(channels, kernel=5):
    def build(x):
        x = layers.Conv2D(channels, 1)(x)
        wide = layers.DepthwiseConv2D(kernel, depth_multiplier=64 // channels, padding="same")
        return wide(x)

    return build


def twice_the_same(x):
    half = layers.Conv2D(32, 5, padding="same")(x)
    return layers.Concatenate()([half, half])


def used_again(x):
    again = layers.Conv2D(48, 3, padding="same")
    return layers.Conv2D(64, 1)(again(again(x)))


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (as_3a, "wrong", "8,003,072 multiply-adds"),
        (taken_apart_twice, "right", "357,504 multiply-adds"),
        (squeezed_to(4), "wrong", "1,404,928 multiply-adds"),
        (squeezed_to(2), "wrong", "Only 50 of the 64 outputs are independent"),
        (squeezed_to(1, kernel=8), "wrong", "sees 8 pixels in a line"),
        (squeezed_to(8, kernel=3), "wrong", "0 outputs see all of 5×5 pixels"),
        (twice_the_same, "wrong", "Only 32 of the 64 outputs are independent"),
        (used_again, "wrong", "Each layer may stand in the module once"),
        (lambda x: layers.Conv2D(64, 5, padding="same", groups=2)(x), "wrong", "depends on every"),
        (lambda x: layers.MaxPooling2D(3, 1, "same")(x), "wrong", "with 64 channels"),
        (lambda x: conv(layers.AveragePooling2D(5, 1, "same")(x), 64, 1), "wrong", "AveragePool"),
        (lambda x: layers.Conv2D(64, 1, activation="softmax")(x), "wrong", "no other activation"),
    ],
)
def test_a_thin_module_is_weighed_or_refused(answer, status, words):
    result = thin_module.grade(answer)
    assert result.status == status and words in result.message, result.message


def test_the_solution_is_thin():
    answer = solution("05_inception", "thin_module")
    assert thin_module.grade(answer).message.startswith("464,128 multiply-adds")


def test_a_guess_is_told_what_it_assumed():
    naive, unsqueezed, squeezed = squeezing.example
    measured = pd.Series({naive: 55.0, unsqueezed: 80.0, squeezed: 70.0})
    said = {
        "a squeeze costs a part": [unsqueezed, squeezed, naive],
        "every kernel sees all": [naive, unsqueezed, squeezed],
        "throws away is worth more": [unsqueezed, naive, squeezed],
        "fewer weights learn more": [squeezed, unsqueezed, naive],
    }
    for words, guess in said.items():
        series = measured[guess]
        told = [text for test, text in squeezing.assumptions if test(guess, series)]
        assert words in told[0]
