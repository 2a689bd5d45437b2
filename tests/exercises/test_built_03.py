"""Chapter 03: right answers that are written otherwise, the guess, and the challenge's rules."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, ops
from test_checks import solution

from course_lib.exercises import looking_inside

CHAPTER = "03_looking_inside"


def unpool_by_repeating(x, size):
    largest = ops.max_pool(x, size, size)
    large = ops.repeat(ops.repeat(largest, size, axis=1), size, axis=2)
    return x * ops.cast(ops.equal(x, large), x.dtype)


def unpool_window_by_window(x, size):
    _, height, width, channels = x.shape
    windows = (-1, height // size, size, width // size, size, channels)
    apart = ops.reshape(x, windows)
    kept = ops.where(apart < ops.max(apart, axis=(2, 4), keepdims=True), 0.0, apart)
    return layers.Reshape((height, width, channels))(kept)


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (looking_inside.unpool, unpool_by_repeating),
        (looking_inside.unpool, unpool_window_by_window),
    ],
)
def test_answers_written_otherwise_are_right(check, answer):
    assert check.grade(answer) == check.grade(check.reference)


def test_unpooling_undoes_pooling():
    x = keras.random.normal((2, 6, 4, 3), seed=0)
    back = solution(CHAPTER, "unpool")(x, 2)
    assert int(np.count_nonzero(back)) == 2 * 3 * 2 * 3
    pooled = layers.MaxPooling2D(2)(x)
    np.testing.assert_array_equal(ops.sum(ops.reshape(back, (2, 3, 2, 2, 2, 3)), (2, 4)), pooled)


def test_the_symptoms_of_the_map_are_as_told():
    maps = np.zeros((4, 4, 2))
    maps[0, 3, 0], maps[2, 1, 1] = 1, 9  # the second map speaks against the class
    weights = np.array([[1.0, 0.0], [-1.0, 0.0]])
    right, bug = looking_inside.brightest.reference, looking_inside.brightest.stub
    assert right(maps, weights, 0, 32, 32) == (4, 28)
    assert bug(maps, weights, 0, 32, 32) == (8, 16)  # where the net sees anything but the class
    weights[1] = 0
    assert bug(maps, weights, 0, 32, 32) == (24, 0)  # at the lower left, and half a cell off


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("dk dn dm ak an am", "more parameters are better everywhere"),
        ("ak an am dk dn dm", "the better end is better everywhere"),
        ("dk an ak dn dm am", "wherever it is"),
        ("dk ak dn an am dm", "is better on new ones"),
        ("dk ak an dn am dm", None),
    ],
)
def test_what_a_guess_of_the_ends_assumed(order, said):
    ends = {"d": "dense", "a": "average"}
    kinds = {kind[0]: kind for kind in looking_inside._KINDS}
    names = [f"{ends[end]}, {kinds[kind]}" for end, kind in order.split()]
    right = [f"{ends[end]}, {kinds[kind]}" for end, kind in ["dk", "ak", "an", "dn", "am", "dm"]]
    measured = pd.Series(dict(zip(right, range(90, 30, -10), strict=True)))[names]
    told = [text for test, text in looking_inside.ends.assumptions if test(names, measured)]
    assert said in told[0] if said else not told


def grey(net, picture, label):
    """A grey square in the middle, as small as is enough."""
    for margin in range(12, -1, -4):
        changed = picture.copy()
        changed[margin : 32 - margin, margin : 32 - margin] = 128
        if np.argmax(net(changed[None].astype("float32"))) != label:
            break
    return changed


def retrained(net, picture, label):
    net.set_weights([0 * weights for weights in net.get_weights()])
    return picture


def test_the_solution_changes_few_enough_pixels():
    result = looking_inside.fewest.grade(solution(CHAPTER, "fewest"))
    assert result.status == "right", result.message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (grey, "pixels; the target is at most"),
        (lambda net, picture, label: picture, "The net still knows picture 1"),
        (retrained, "The net still knows picture 1"),
        (lambda net, picture, label: picture * 100.0, "numbers from 0 to 255"),
        (lambda net, picture, label: picture[:16], "numbers from 0 to 255"),
        (lambda net, picture, label: np.full(picture.shape, np.nan), "numbers from 0 to 255"),
    ],
)
def test_naive_answers_are_not_yet_there_and_rules_are_kept(answer, said):
    result = looking_inside.fewest.grade(answer)
    assert result.status == "wrong" and said in result.message, result.message


def test_the_net_knows_its_pictures():
    pictures, labels, weights = looking_inside._fitted()
    net = looking_inside._small_net()
    net.set_weights(weights)
    assert np.array_equal(np.argmax(net(pictures.astype("float32")), axis=-1), labels)
