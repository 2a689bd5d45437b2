"""Checks of chapter 02, AlexNet."""

from functools import cache

import keras
import numpy as np
from keras import layers

from course_lib import data
from course_lib.exercises.challenge import Challenge, Refused
from course_lib.exercises.check import Check, integers
from course_lib.exercises.letters import LetterCheck
from course_lib.exercises.nets import NetCheck
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import progress as progress
from course_lib.measure import metrics, tables
from course_lib.measure.geometry import conv_cost
from course_lib.measure.walk import walk
from course_lib.training import TrainingConfig, train

output_size = Check(
    "2.1 output_size",
    lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1,
    "You can now check every map size in every paper, 227 and 224 included",
    cases=[
        *[(227, 11, 4, 0), (224, 11, 4, 0), (226, 11, 4, 0), (27, 5, 1, 2), (55, 3, 2, 0)],
        *[(224, 7, 2, 3), (3, 3, 1, 0), (1, 3, 2, 1), (5, 5, 3, 0)],
        *integers(2, (11, 300), (1, 11), (1, 5), (0, 5)),
    ],
    mistakes=[
        lambda n, k, s, p: (n + 2 * p - k) // s,
        "The first position counts too",
        lambda n, k, s, p: (n + 2 * p - k) / s + 1,
        "A window that does not fit whole is left out, so round down",
        lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1,
        "A window that does not fit whole is left out: round down, not up",
        lambda n, k, s, p: (n + p - k) // s + 1,
        "The padding is added on both sides",
        lambda n, k, s, p: (n - k) // s + 1,
        "The padding makes the picture larger",
        lambda n, k, s, p: n + 2 * p - k + 1,
        "With a stride, the window skips places",
        lambda n, k, s, p: (n + 2 * p - k + 1) // s,
        "Count the steps first, then add the place at the start: the 1 is not divided",
        lambda n, k, s, p: n // s,
        "The kernel takes room too: it cannot start at the last pixels",
    ],
)


def _conv(kernel, channels, filters, groups):
    return conv_cost(kernel, channels, filters, groups=groups) + filters


conv_parameters = Check(
    "2.2 conv_parameters",
    _conv,
    "With groups=2 this gives the paper's network, layer by layer",
    cases=[
        *[(3, 8, 16, 1), (11, 3, 96, 1), (5, 96, 256, 2), (3, 384, 384, 2), (3, 16, 32, 4)],
        *[(1, 12, 6, 3), (7, 8, 8, 8), (1, 1, 1, 1)],
    ],
    mistakes=[
        lambda k, c, f, g: _conv(k, c, f, g) - f,
        "Each filter has a bias too",
        lambda k, c, f, g: _conv(k, c, f, g) - f + 1,
        "Each filter has a bias, not one for all",
        lambda k, c, f, g: _conv(k, c, f, g) - f + g,
        "Each filter has a bias, not each group",
        lambda k, c, f, g: _conv(k, c, f, g) - f + c,
        "The biases belong to the filters, not to the channels that come in",
        lambda k, c, f, g: _conv(k, c, f, 1),
        "With groups, a filter does not see all of the channels",
        lambda k, c, f, g: _conv(k, c // 2 if g > 1 else c, f, 1),
        "There may be more than two groups",
        lambda k, c, f, g: _conv(k, c, f, 1) // g,
        "Groups thin out the weights, but every filter keeps its bias",
        lambda k, c, f, g: k**2 * (c // g) * (f // g) + f,
        "That is one group's weights; there are `groups` of them",
        lambda k, c, f, g: k * (c // g) * f + f,
        "A kernel is square: so many weights in each of its rows, for each channel",
        lambda k, c, f, g: k**2 * f + f,
        "A filter is as deep as its input: one square for each channel that it sees",
    ],
)


def _tail(x, side, units, classes, **changes):
    """The right answer, or with a change what a mistake makes of it."""
    part = {
        "first": lambda units, side: layers.Conv2D(units, side),
        "second": lambda units, side: layers.Conv2D(units, 1),
        "last": lambda classes, side: layers.Conv2D(classes, 1),
        "between": layers.ReLU(),
        "scores": layers.Identity(),
        "probabilities": layers.Softmax(),
        "end": layers.Identity(),
    } | changes
    x = part["between"](part["first"](units, side)(x))
    if part["second"]:
        x = part["between"](part["second"](units, side)(x))
    x = part["scores"](part["last"](classes, side)(x))
    return part["end"](part["probabilities"](x))


def _tail_with(**changes):
    return lambda x, side, units, classes: _tail(x, side, units, classes, **changes)


def _same_padding(filters, side):
    return layers.Conv2D(filters, side, padding="same")


def _without_bias(side=None):
    return lambda filters, given: layers.Conv2D(filters, side or given, use_bias=False)


sliding_tail = NetCheck(
    "2.3 sliding_tail",
    lambda x, side, units, classes: _tail(x, side, units, classes),
    "The same weights, and now the net takes a picture of any size and says what it sees where",
    cases=[((6, 6, 4), 6, 5, 3), ((8, 7, 3), 5, 4, 6), ((3, 5, 2), 2, 3, 4)],
    mistakes=[
        lambda x, side, units, classes: _tail_with(
            first=lambda units, side: layers.Dense(units),
            second=lambda units, side: layers.Dense(units),
            last=lambda classes, side: layers.Dense(classes),
        )(layers.Flatten()(x), side, units, classes),
        "That is the old tail: one answer, and weights for maps of one size only",
        _tail_with(first=_same_padding),
        "With padding the squares reach over the edge, to zeros that no dense layer ever saw",
        _tail_with(second=_same_padding, last=_same_padding),
        "The first dense layer sees a square of the map. What does the second one see?",
        _tail_with(first=lambda units, side: layers.Conv2D(units, 1)),
        "Each place decides alone; the first dense layer sees side × side places at once",
        lambda x, side, units, classes: _tail_with(
            first=lambda units, side: layers.Conv2D(units, 1)
        )(layers.AveragePooling2D(side, strides=1)(x), side, units, classes),
        "An average has one weight for each map; a dense layer has one for each place of it, too",
        _tail_with(first=lambda units, side: layers.Conv2D(units, side, strides=side)),
        "The square moves on by one place each time, not by its own width",
        _tail_with(between=layers.Identity()),
        "Without ReLU three layers are one",
        _tail_with(scores=layers.ReLU()),
        "A score may be negative: no ReLU before the softmax",
        _tail_with(probabilities=layers.Softmax(axis=(1, 2))),
        "At each place the classes' probabilities add up to 1, not the places' for each class",
        _tail_with(probabilities=layers.Identity()),
        "These are scores; the last layer makes probabilities of them",
        _tail_with(end=layers.GlobalAveragePooling2D()),
        "Leave the answers apart: one for each place of the square, not their average",
        _tail_with(first=_without_bias(), second=_without_bias(1), last=_without_bias(1)),
        "A dense layer has a bias for each unit",
        _tail_with(second=None),
        "There are three dense layers: two hidden ones, and the one that scores the classes",
    ],
    hint="Which places of the map does a unit of each of the three dense layers see?",
)

blog_differences = LetterCheck(
    "2.4 blog_differences",
    "No activations, one pooling layer too few, and no normalisation or dropout",
    right={
        "B": "what does a hidden layer of the blog's do with its sum?",
        "D": "how large are the maps before the third convolution, here and in the paper?",
        "F": "which rows of the published table are missing here?",
    },
    wrong={
        "A": "both start with 11×11 and stride 4",
        "C": "both have five convolutions on the way",
        "E": "two times 2,048 units are the paper's 4,096",
        "G": "in both, the third convolution sees all 256 maps",
    },
    verdict="is no difference",
)


def _rebuild(
    x, table, units, classes, pool=layers.MaxPooling2D, size=3, hidden="relu", end=None, **window
):
    """The net of exercise 2.5: its table's loop, a tail, and `end`, the last layer and softmax."""
    for filters, kernel, stride, padding, pooled in table:
        x = layers.Conv2D(filters, kernel, stride, padding, activation="relu")(x)
        if pooled:
            x = pool(size, **window)(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(units, activation=hidden)(x)
    last, softmax = end or (None, True)
    x = layers.Dense(classes, activation=last)(x)
    return layers.Softmax()(x) if softmax else x


def _rebuilt(**changes):
    return lambda x, table, units, classes: _rebuild(x, table, units, classes, **changes)


_TABLES = (
    [(4, 5, 2, "valid", True), (6, 3, 1, "same", False), (5, 3, 1, "same", True)],
    [(3, 5, 2, "valid", True), (5, 3, 1, "same", True)],
)

rebuild = NetCheck(
    "2.5 rebuild",
    _rebuilt(strides=2),
    "Two lines, and only one of them showed in the count",
    cases=[((33, 33, 3), _TABLES[0], 7, 4), ((33, 65, 2), _TABLES[1], 6, 5)],
    stub=_rebuilt(end=("relu", True)),
    mistakes=[
        _rebuilt(strides=2, end=("relu", True)),
        "The count is right now. The second symptom: which numbers can the softmax not tell apart?",
        _rebuilt(),
        "The scores are right now. The count is not: how large are the maps after each pooling?",
        _rebuilt(size=2),
        "With AlexNet's sizes the count is right, too. But how wide are the windows in the paper?",
        _rebuilt(size=2, end=("relu", True)),
        "AlexNet's count would be right by chance: the paper's windows are wider, and overlap. "
        "And the scores?",
        _rebuilt(strides=2, padding="same"),
        "The windows overlap now, but they reach over the edge: those that do not fit are left out",
        _rebuilt(strides=2, hidden=None),
        "The last layer needs no ReLU, but the hidden ones do, or three layers are one",
        _rebuilt(strides=2, end=("softmax", True)),
        "Softmax twice: no class can then be more than e times as likely as another",
        _rebuilt(strides=2, end=(None, False)),
        "The ReLU had to go, and not the softmax: these are scores",
        _rebuilt(strides=2, end=("relu", False)),
        "The softmax was right; what stands before it is not",
        _rebuilt(strides=2, end=("sigmoid", True)),
        "Sigmoid and softmax: two squeezes. A score may be any number",
        _rebuilt(strides=2, end=("tanh", True)),
        "A score may be any number; tanh leaves those between -1 and 1",
        _rebuilt(strides=2, pool=layers.AveragePooling2D),
        "AlexNet keeps the largest number of each window, not the average",
    ],
    hint="Follow the map's size line by line. Then: what may a class's score be?",
)

_RNG = np.random.default_rng(2)
_SHAPES = (((3, 4), (4,), (4, 2), (2,)), ((2, 2), (2,), (2, 2), (2,)), ((1, 3), (3,), (3, 1), (1,)))

collapse = Check(
    "2.6 collapse",
    lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2 + b2),
    "Two linear layers are one linear layer; without activations depth buys nothing",
    cases=[
        (
            np.array([[1.0, 2.0], [0.0, 1.0]]),
            np.array([1.0, -1.0]),
            np.array([[3.0, 0.0], [1.0, 2.0]]),
            np.array([0.5, 0.0]),
        ),
        *[tuple(_RNG.normal(size=size).round(1) for size in shapes) for shapes in _SHAPES],
    ],
    mistakes=[
        lambda w1, b1, w2, b2: (w1 @ w2, b1 + b2),
        "The weight is right. What does the second layer do with the first one's bias?",
        lambda w1, b1, w2, b2: (w1 @ w2, b2),
        "The weight is right. What becomes of the first layer's bias?",
        lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2),
        "The weight is right. What becomes of the second layer's bias?",
        lambda w1, b1, w2, b2: (w2 @ w1, b1 @ w2 + b2),
        "The bias is right. With matrices the order matters: which one does x meet first?",
        lambda w1, b1, w2, b2: (w1 * w2, b1 @ w2 + b2),
        "The bias is right. The star multiplies entry by entry; a layer multiplies matrices",
        lambda w1, b1, w2, b2: (w1 + w2, b1 + b2),
        "Layers that follow each other do not add up: the second works on the first one's result",
        lambda w1, b1, w2, b2: w1 @ w2,
        "That is the weight; return a pair: weight and bias",
        lambda w1, b1, w2, b2: b1 @ w2 + b2,
        "That is the bias; return a pair: weight and bias",
        lambda w1, b1, w2, b2: (b1 @ w2 + b2, w1 @ w2),
        "Both are right, in the other order: the weight comes first",
    ],
    hint="Multiply out (x @ w1 + b1) @ w2 + b2: which part holds x?",
)


def _above(order, first, second):
    return order.index(first) < order.index(second)


def _low_above_high(order):
    return [_above(order, f"{net}, rate 0.005", f"{net}, rate 0.04") for net in ("relu", "tanh")]


def _relu_first(order):
    return all("relu" in net for net in order[:2])


def _measured(accuracies):
    return list(accuracies.sort_values(ascending=False).index)


race = Prediction(
    "2.7 race",
    "training accuracy, %",
    example=["relu, rate 0.005", "relu, rate 0.04", "tanh, rate 0.005", "tanh, rate 0.04"],
    assumptions=[
        lambda guess, measured: list(guess) == _measured(measured),
        "You gave each activation a rate of its own",
        lambda guess, measured: (
            (_relu_first(guess), _relu_first(_measured(measured))) == (True, False)
        ),
        "You assumed that the activation decides; here the rate picks the winner",
        lambda guess, measured: (
            not any(_low_above_high(guess)) and any(_low_above_high(_measured(measured)))
        ),
        "You assumed that larger steps are faster steps; for one of the nets they were too large",
        lambda guess, measured: (
            all(_low_above_high(guess)) and not all(_low_above_high(_measured(measured)))
        ),
        "You assumed that small steps are the safe ones; one of the nets hardly moved with them",
        lambda guess, measured: guess[0] != _measured(measured)[0],
        "You chose a winner by its activation or by its rate; here it takes both",
    ],
)

# With it, the solution knows 65% to 71% of the new pictures, with five seeds.
RECIPE = TrainingConfig(
    epochs=10, batch_size=64, optimizer="adam", learning_rate=0.01, schedule="cosine"
)
WORK = 1_500_000  # multiply-adds for a picture: more would train for longer than a minute


@cache
def _pictures():
    """4,000 pictures to learn from and 1,000 new ones, prepared as in the chapter."""
    (known, y_known), (new, y_new) = data.load("shapes10", n_train=4000, n_test=1000)
    known, new = data.normalise(known, new)
    return (known, y_known), (new, y_new)


def _parameters(build, shape=(32, 32, 3), classes=10, pictures=_pictures, recipe=RECIPE, share=0.6):
    """How many numbers a net holds, if it keeps the rules and reaches the share of new pictures."""
    net = build(shape, classes)
    if not (isinstance(net, keras.Model) and net.built):
        raise Refused("the function should return a Keras model that starts with a keras.Input")
    if net.input_shape[1:] != shape or net.output_shape != (None, classes):
        sides = "×".join(map(str, shape))
        raise Refused(f"a net is asked for that takes {sides} numbers and gives {classes}")
    kinds = {type(call.layer) for call in walk(net)[0]}
    if layers.Lambda in kinds or not all(kind.__module__.startswith("keras.") for kind in kinds):
        raise Refused("only Keras's own layers, and no Lambda: all that a net knows should count")
    work = tables.totals(net)["multiply_adds"]
    if work > WORK:
        raise Refused(f"{work:,} multiply-adds for a picture; at most {WORK:,} are allowed")
    known, new = pictures()
    # A copy, so that nothing counts that was learned before.
    net, _ = train(lambda: keras.models.clone_model(net), known, None, recipe)
    reached = metrics.accuracy(net, *new)
    if reached < share:
        guessing = ", hardly more than by guessing: it has not begun to learn"
        why = guessing if reached < 1.5 / classes else ""
        raise Refused(f"it knows {reached:.1%} of the new pictures; {share:.0%} are asked for{why}")
    return net.count_params()


smallest = Challenge("2.8 smallest", _parameters, target=2_500, unit="parameters", limit_s=300)
