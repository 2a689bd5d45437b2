"""Chapter 02: right answers that are written otherwise, what texts say, the challenge's rules."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from test_checks import solution

from course_lib.exercises import alexnet
from course_lib.exercises.challenge import Challenge
from course_lib.models import outline

CHAPTER = "02_alexnet"
TABLE = [
    (96, 11, 4, "valid", True),
    (256, 5, 1, "same", True),
    (384, 3, 1, "same", False),
    (384, 3, 1, "same", False),
    (256, 3, 1, "same", True),
]


def tail_as_a_net(x, side, units, classes):
    return keras.Sequential(
        [
            layers.Conv2D(units, (side, side), kernel_initializer="he_normal", name="fc6"),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Conv2D(units, 1, padding="same", activation=keras.activations.relu),
            layers.Conv2D(classes, (1, 1), activation="softmax"),
        ]
    )(x)


def tail_with_operations(x, side, units, classes):
    for window in (side, 1):
        x = keras.ops.maximum(layers.Conv2D(units, window, strides=1, padding="valid")(x), 0)
    return keras.ops.softmax(layers.Conv2D(classes, 1)(x), axis=-1)


def rebuild_in_a_sequence(x, table, units, classes):
    net = keras.Sequential([keras.Input(x.shape[1:])])
    for filters, kernel, stride, padding, pooled in table:
        net.add(layers.Conv2D(filters, kernel, strides=stride, padding=padding))
        net.add(layers.Activation("relu"))
        if pooled:
            net.add(layers.MaxPool2D(pool_size=(3, 3), strides=(2, 2), padding="valid"))
    net.add(layers.Flatten())
    for _ in "ab":
        net.add(layers.Dense(units, "relu"))
    net.add(layers.Dense(classes, "softmax"))
    return net(x)


def rebuild_by_hand(x, table, units, classes):
    for filters, kernel, stride, padding, pooled in table:
        x = layers.Conv2D(filters, kernel, stride, padding)(x)
        if pooled:  # the largest first and ReLU afterwards gives the same
            x = keras.ops.max_pool(x, 3, 2)
        x = keras.ops.relu(x)
    x = keras.ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))
    for width in (units, units):
        x = layers.ReLU()(layers.Dense(width)(x))
    return layers.Activation("softmax")(layers.Dense(classes)(x))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (alexnet.sliding_tail, tail_as_a_net),
        (alexnet.sliding_tail, tail_with_operations),
        (alexnet.rebuild, rebuild_in_a_sequence),
        (alexnet.rebuild, rebuild_by_hand),
    ],
)
def test_answers_written_otherwise_are_right(check, answer):
    assert check.grade(answer) == check.grade(check.reference)


def test_a_convolution_slides_the_dense_layers_over_the_map():
    maps = np.random.default_rng(0).normal(size=(1, 4, 5, 2)).astype("float32")
    image = keras.Input((4, 5, 2))
    sliding = keras.Model(image, solution(CHAPTER, "sliding_tail")(image, 3, 4, 3))
    dense = keras.Sequential([keras.Input((3, 3, 2)), layers.Flatten()])
    for width, activation in ((4, "relu"), (4, "relu"), (3, "softmax")):
        dense.add(layers.Dense(width, activation))
    assert sliding.count_params() == dense.count_params()
    pairs = zip(sliding.get_weights(), dense.get_weights(), strict=True)
    dense.set_weights([a.reshape(b.shape) for a, b in pairs])
    answers = np.asarray(sliding(maps))
    assert answers.shape == (1, 2, 3, 3)
    for row, column in ((0, 0), (1, 2)):
        square = maps[:, row : row + 3, column : column + 3]
        np.testing.assert_allclose(answers[:, row, column], dense(square), rtol=1e-4)


def test_the_symptoms_of_the_rebuild_are_as_told():
    def parameters(function):
        def build():
            image = keras.Input((227, 227, 3))
            return keras.Model(image, function(image, TABLE, 4096, 1000))

        return outline(build).count_params()

    assert parameters(alexnet.rebuild.stub) == 28_823_912
    assert parameters(solution(CHAPTER, "rebuild")) == 62_378_344
    (trap,) = [f for f, hint in alexnet.rebuild.mistakes if "the count is right, too" in hint]
    assert parameters(trap) == 62_378_344

    keras.utils.set_random_seed(0)
    image = keras.Input((33, 33, 3))
    net = keras.Model(image, alexnet.rebuild.stub(image, alexnet._TABLES[0], 64, 10))
    answers = np.asarray(net(np.random.default_rng(0).normal(size=(50, 33, 33, 3))))
    ties = [len(np.unique(answer)) < 10 for answer in answers]
    assert np.mean(ties) > 0.5


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (("tanh high", "relu low", "tanh low", "relu high"), "a rate of its own"),
        (("relu high", "relu low", "tanh high", "tanh low"), "the activation decides"),
        (("tanh high", "relu high", "relu low", "tanh low"), "larger steps are faster"),
        (("tanh low", "relu low", "tanh high", "relu high"), "small steps are the safe ones"),
        (("relu low", "tanh high", "tanh low", "relu high"), "its activation or by its rate"),
    ],
)
def test_what_a_guess_of_the_race_assumed(order, said):
    rates = {"low": "rate 0.005", "high": "rate 0.04"}
    guess = [f"{net}, {rates[rate]}" for net, rate in map(str.split, order)]
    values = {"tanh, rate 0.04": 4.0, "relu, rate 0.005": 3.0}
    measured = pd.Series(values | {"tanh, rate 0.005": 2.0, "relu, rate 0.04": 1.0})
    (text, *_) = [text for test, text in alexnet.race.assumptions if test(guess, measured)]
    assert said in text


def _tiny():
    """Forty pictures: bright ones and dark ones."""
    labels = np.arange(40) % 2
    pictures = np.random.default_rng(0).normal(size=(40, 6, 6, 3)) + labels[:, None, None, None]
    return ((pictures.astype("float32"), labels.astype("uint8")),) * 2


RECIPE = replace(alexnet.RECIPE, epochs=20, batch_size=8, learning_rate=0.1)


@pytest.fixture
def small():
    tiny = {"shape": (6, 6, 3), "classes": 2, "pictures": _tiny}
    measure = partial(alexnet._parameters, **tiny, recipe=RECIPE, share=0.8)
    return Challenge("2.8 smallest", measure, target=20, unit="parameters", limit_s=300)


def _net(*between, classes=None, side=None):
    def build(shape, count):
        end = layers.Dense(classes or count, activation="softmax")
        average = layers.GlobalAveragePooling2D()
        return keras.Sequential([keras.Input(side or shape), *between, average, end])

    return build


def test_few_parameters_that_know_enough_reach_the_target(small):
    assert small.grade(_net()) == ("right", "8 parameters; the target is at most 20.")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_net(layers.Conv2D(8, 3)), "242 parameters; the target is at most 20"),
        (_net(layers.Lambda(lambda x: 2 * x)), "Only Keras's own layers, and no Lambda"),
        (_net(keras.Sequential([layers.Lambda(lambda x: 2 * x)])), "and no Lambda"),
        (_net(layers.Conv2D(700, 7, padding="same")), "multiply-adds for a picture; at most 1,500"),
        (_net(layers.Rescaling(0.0)), "of the new pictures; 80% are asked for"),
        (_net(classes=3), "takes 6×6×3 numbers and gives 2"),
        (_net(side=(6, 6, 1)), "takes 6×6×3 numbers and gives 2"),
        (lambda shape, classes: None, "a Keras model that starts with"),
        (lambda shape, classes: keras.Sequential([layers.Dense(2)]), "with a keras.Input"),
    ],
)
def test_a_naive_net_is_not_yet_there_and_rules_are_kept(small, answer, said):
    result = small.grade(answer)
    assert result.status == "wrong" and said in result.message, result.message


def test_what_was_learned_before_does_not_count(small):
    def learned(shape, count):
        net = _net()(shape, count)
        net.layers[-1].set_weights([np.full((3, 2), 99.0), np.zeros(2)])
        return net

    assert small.grade(learned) == small.grade(_net())


def test_the_solution_keeps_the_rules_and_has_few_enough_parameters():
    net = solution(CHAPTER, "smallest")((32, 32, 3), 10)
    assert net.count_params() <= alexnet.smallest.target
    rules = partial(alexnet._parameters, pictures=_as_large, recipe=replace(RECIPE, epochs=1))
    kept = Challenge("2.8 smallest", partial(rules, share=0), 2_500, "parameters", limit_s=300)
    assert kept.grade(solution(CHAPTER, "smallest")).status == "right"


def _as_large():
    pair = np.zeros((10, 32, 32, 3), "float32"), np.arange(10, dtype="uint8")
    return pair, pair
