"""Chapter 04's nets, each written in two other ways; and what the challenge must refuse."""

import keras
import pandas as pd
import pytest
from keras import layers
from test_checks import solution

from course_lib.exercises.vgg import any_size, vgg_stages, which_start, wide_view

SAME = {"padding": "same", "use_bias": False}


def one_more_each_time(x, convolutions, filters):
    for count, width in zip(convolutions, filters, strict=True):
        convolutions = [layers.Conv2D(width, 3, padding="same") for _ in range(count)]
        for convolution in convolutions:
            x = keras.ops.relu(convolution(x))
        x = layers.MaxPooling2D()(x)
    return x


def by_recursion(x, convolutions, filters):
    if not convolutions:
        return x
    stage = [
        layers.Conv2D(filters[0], 3, padding="same", activation="relu", name=f"c{i}_{x.name}")
        for i in range(convolutions[0])
    ]
    x = keras.Sequential([keras.Input(x.shape[1:]), *stage, layers.MaxPool2D(2, 2)])(x)
    return by_recursion(x, convolutions[1:], filters[1:])


def dense_at_each_place(maps, side, units, classes):
    x = layers.Conv2D(units, (side, side), padding="valid")(maps)
    x = layers.Dense(units, "relu")(layers.ReLU()(x))
    return keras.ops.softmax(keras.ops.mean(layers.Dense(classes)(x), axis=(1, 2)))


def averaged_before_the_last(maps, side, units, classes):
    """The last layer is linear, so it may come before or after the average."""
    x = layers.Conv2D(units, side, activation="relu")(maps)
    x = layers.Conv2D(units, 1, activation="relu")(x)
    return layers.Dense(classes, "softmax")(layers.GlobalAveragePooling2D()(x))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (vgg_stages, one_more_each_time),
        (vgg_stages, by_recursion),
        (any_size, dense_at_each_place),
        (any_size, averaged_before_the_last),
    ],
)
def test_another_right_answer_passes(check, answer):
    assert check.grade(answer).status == "right", check.grade(answer).message


def twenty(x):
    for _ in range(20):
        x = layers.Conv2D(8, 3, padding="same")(x)
    return x


def in_base_two(x):
    for apart in (1, 2, 4, 8, 16, 32):
        x = layers.DepthwiseConv2D((1, 2), dilation_rate=(1, apart), **SAME)(x)
        x = layers.DepthwiseConv2D((2, 1), dilation_rate=(apart, 1), **SAME)(x)
    return layers.Conv2D(8, 1, use_bias=False)(x)


def in_base_four(x):
    """Written otherwise: without padding, the channels mixed first, 4·4·3 pixels."""
    x = layers.Conv2D(8, 1, use_bias=False)(x)
    for size, apart in ((4, 12), (4, 3), (3, 1)):
        x = layers.DepthwiseConv2D((size, 1), dilation_rate=(apart, 1), use_bias=False)(x)
        x = layers.DepthwiseConv2D((1, size), dilation_rate=(1, apart), use_bias=False)(x)
    return layers.ReLU()(x)


def used_again(x):
    again = layers.SeparableConv2D(8, 3, **SAME)
    for _ in range(20):
        x = again(x)
    return x


def with_holes(x):
    for apart in (2, 4, 8, 16):
        x = layers.Conv2D(8, 3, dilation_rate=apart, padding="same")(x)
    return x


def narrow(x):
    return layers.Conv2D(8, (1, 30), padding="same")(layers.Conv2D(8, (40, 1), padding="same")(x))


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (twenty, "wrong", "11,680 weights"),
        (in_base_two, "wrong", "256 weights"),
        (in_base_four, "right", "240 weights"),
        (used_again, "wrong", "Each layer may stand in the stack once"),
        (with_holes, "wrong", "61×61 pixels, but with holes"),
        (narrow, "wrong", "40×30 pixels, not 40×40"),
        (lambda x: layers.DepthwiseConv2D(40)(x), "wrong", "Not every output channel depends"),
        (lambda x: layers.Conv2D(8, 40)(layers.Conv2D(1, 1)(x)), "wrong", "fewer than 8 channels"),
        (lambda x: layers.AveragePooling2D(40, 1)(x), "wrong", "has this AveragePooling2D"),
        (lambda x: layers.Conv2D(8, 41, 2)(x), "wrong", "has this Conv2D"),
        (lambda x: layers.Conv2D(4, 40)(x), "wrong", "a map with 8 channels"),
        (lambda x: x + x, "wrong", "has this Add"),
    ],
)
def test_a_wide_view_is_weighed_or_refused(answer, status, words):
    result = wide_view.grade(answer)
    assert result.status == status and words in result.message, result.message


def test_the_solution_has_a_wide_view():
    assert wide_view.grade(solution("04_vgg", "wide_view")).message.startswith("240 weights")


def test_a_guess_is_told_what_it_assumed():
    measured = dict(zip(which_start.example, (3, 1, 4, 0, 5), strict=True))
    low, less, usual, high, normalised = which_start.example
    said = {
        "blamed none": [normalised, usual, low, less, high],
        "nothing saves a net": [usual, high, normalised, low, less],
        "stand any rate": [normalised, usual, low, high, less],
        "larger steps lead away": [normalised, usual, less, low, high],
        "small steps make up": [normalised, low, usual, less, high],
    }
    for words, guess in said.items():
        series = pd.Series(measured)[guess]
        told = [text for test, text in which_start.assumptions if test(guess, series)]
        assert words in told[0]
