"""Chapter 08: blocks that are right in other ways, and its challenge with naive ways and cheats."""

import pytest
from keras import layers, ops
from test_checks import solution

from course_lib.exercises.practice import WORKERS, all_reduce, weighed


def residual(x):
    y = layers.Conv2D(2 * x.shape[-1], (3, 3), padding="same", use_bias=False)(x)
    y = layers.Activation("relu")(layers.BatchNormalization()(y))
    y = layers.Conv2D(x.shape[-1], (3, 3), padding="same", use_bias=False)(y)
    return layers.BatchNormalization()(y)


def with_vectors(x, ratio):
    y = residual(x)
    gate = layers.Dense(x.shape[-1] // ratio)(layers.GlobalAveragePooling2D()(y))
    gate = layers.Dense(x.shape[-1])(layers.ReLU()(gate))
    gate = layers.Reshape((1, 1, x.shape[-1]))(layers.Activation("sigmoid")(gate))
    return layers.Activation("relu")(layers.Add()([layers.Multiply()([y, gate]), x]))


def with_operations(x, ratio):
    y = residual(x)
    gate = ops.mean(y, axis=(1, 2), keepdims=True)
    gate = ops.relu(layers.Dense(x.shape[-1] // ratio)(gate))
    return ops.relu(ops.sigmoid(layers.Dense(x.shape[-1])(gate)) * y + x)


@pytest.mark.parametrize("answer", [with_vectors, with_operations])
def test_other_right_answers_are_right(answer):
    assert weighed.grade(answer).status == "right"


def ring(n):
    """The page's: in each step each worker sends one part to its neighbour."""
    return [[(w, (w + 1) % n, [(w - step) % n]) for w in range(n)] for step in range(2 * (n - 1))]


def all_of_it(n):
    """Four exchanges of the whole vector."""
    return [[(w, w ^ d, range(n)) for w in range(n)] for d in (8, 4, 2, 1)]


def by_a_tree(n):
    """All to worker 0 and back, along a tree."""
    up = [[(w + d, w, range(n)) for w in range(0, n, 2 * d)] for d in (1, 2, 4, 8)]
    return up + [[(b, a, parts) for a, b, parts in step] for step in up[::-1]]


@pytest.mark.parametrize(("schedule", "time"), [(ring, 180), (all_of_it, 84), (by_a_tree, 168)])
def test_known_ways_take_their_time_and_are_not_enough(schedule, time):
    status, message = all_reduce.grade(schedule)
    assert status == "wrong" and message.startswith(f"{time} millionths"), message


def test_the_solution_of_all_reduce_reaches_its_target():
    status, message = all_reduce.grade(solution("08_practice", "all_reduce"))
    assert status == "right" and message.startswith("70 millionths"), message


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (lambda n: [[(0, w, range(n)) for w in range(1, n)]], "a worker sends more than one"),
        (lambda n: [[(w, 0, range(n)) for w in range(1, n)]], "a worker is sent more than one"),
        (lambda n: ring(n)[:-1], "not every worker has the sum of all"),
        (lambda n: [], "not every worker has the sum of all"),
        (
            lambda n: [[(0, 1, [0])], [(1, 2, [0])], [(0, 3, [0])], [(3, 2, [0])]],
            "some of its numbers already",
        ),
    ],
)
def test_the_rules_of_all_reduce(schedule, words):
    status, message = all_reduce.grade(schedule)
    assert status == "wrong" and words in message, message


def test_the_workers_are_those_of_the_exercise():
    assert WORKERS == 16
