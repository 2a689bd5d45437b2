"""Checks of chapter 03."""

from itertools import product

import numpy as np

from course_lib.exercises.check import Check, Misconception


def _seen(period, stride):
    """Stripes for each step of the stride, as they seem to be."""
    return abs(stride / period - round(stride / period))


apparent_period = Check(
    "3.1 apparent_period",
    lambda period, stride: stride / _seen(period, stride),
    "You can now say for every stem which stripes it shows as others",
    names=("period", "stride"),
    cases=[(5, 4), (6, 4), (5, 2), (16, 4), (2.5, 4), (3, 2), (7, 4)],
    misconceptions=[
        Misconception(
            lambda period, stride: period,
            "Only stripes of at least two strides come out as they are; finer ones come out wider",
        ),
        Misconception(
            lambda period, stride: stride / (stride / period % 1),
            "0.8 of a stripe forwards looks like 0.2 of a stripe backwards: take the distance to "
            "the nearest whole number",
        ),
        Misconception(
            lambda period, stride: stride / (stride / period - round(stride / period)),
            "Stripes that seem to run backwards are as wide as if they ran forwards: no sign",
        ),
        Misconception(
            lambda period, stride: 1 / _seen(period, stride),
            "That is the period in steps; a step is `stride` pixels wide",
        ),
        Misconception(
            lambda period, stride: _seen(period, stride),
            "That is how much of a stripe one step seems to be; how many pixels has a whole one?",
        ),
        Misconception(
            lambda period, stride: max(period, 2 * stride),
            "Two strides are the finest that can be shown; what is finer comes out wider, "
            "and how much wider depends on the period",
        ),
        Misconception(
            lambda period, stride: period * stride,
            "The product is right only where period and stride differ by one; "
            "count how much of a stripe one step is",
        ),
    ],
    hint="How much of a stripe is one step, and how far is that from a whole number of stripes?",
)

_RNG = np.random.default_rng(3)

conv1x1 = Check(
    "3.2 conv1x1",
    lambda x, kernel, bias: x @ kernel[0, 0] + bias,
    "A 1×1 convolution is one matrix, used at every pixel",
    names=("x", "kernel", "bias"),
    cases=[
        (
            np.array([[[[1.0, 2.0], [0.0, 1.0]]]]),
            np.array([[[[3.0, 0.0], [1.0, 2.0]]]]),
            np.array([10.0, 20.0]),
        ),
        tuple(_RNG.normal(size=shape) for shape in ((2, 3, 3, 4), (1, 1, 4, 5), (5,))),
    ],
    misconceptions=[
        Misconception(
            lambda x, kernel, bias: x @ kernel[0, 0],
            "Each filter adds its bias at every pixel",
        ),
        Misconception(
            lambda x, kernel, bias: np.maximum(x @ kernel[0, 0] + bias, 0),
            "That is the convolution and a ReLU; leave the ReLU to the next layer",
        ),
        Misconception(
            lambda x, kernel, bias: (x @ kernel[0, 0] + bias).reshape(-1, kernel.shape[-1]),
            "Right at every pixel; now give the rows of pixels their height and width back",
        ),
        Misconception(
            lambda x, kernel, bias: x @ kernel[0, 0].T + bias,
            "The kernel's rows are the channels that come in, its columns the filters: do not turn "
            "it round",
        ),
        Misconception(
            lambda x, kernel, bias: x.sum(axis=-1, keepdims=True) + bias,
            "Each channel counts as much as the filter's weight for it says, not 1",
        ),
        Misconception(
            lambda x, kernel, bias: x.mean(axis=(1, 2)) @ kernel[0, 0] + bias,
            "The map keeps its height and width: no average over the pixels",
        ),
        Misconception(
            lambda x, kernel, bias: x * kernel[0, 0].sum(axis=0) + bias,
            "Every filter sees all channels of its pixel, each with a weight of its own",
        ),
    ],
    hint="Take the matrix kernel[0, 0], channels by filters; the last axis of x meets it",
)

# The statements that the exercise offers: three parts of NiN that the tutorial's net lacks.
MISSING_PARTS = frozenset({"A", "C", "D"})
_WHERE_TO_LOOK = {
    "A": "read the column of the kernels: what follows each convolution in NiN?",
    "C": "how many channels does the last map have, and how many classes are there?",
    "D": "what is the last row of each table?",
}
_IS_THERE = {
    "B": "its last row is a GlobalAveragePooling2D",
    "E": "it has three pooling layers between its convolutions",
    "F": "its column of activations says relu throughout",
}

missing_parts = Check(
    "3.3 missing_parts",
    MISSING_PARTS,
    "No 1×1 convolutions, no map for each class, no classifier: the network in the network is gone",
    misconceptions=[
        *[
            Misconception(MISSING_PARTS - {part}, f"Two are right. For the third: {hint}")
            for part, hint in _WHERE_TO_LOOK.items()
        ],
        *[
            Misconception(MISSING_PARTS | {extra}, f"Three are right, but {extra} is there: {why}")
            for extra, why in _IS_THERE.items()
        ],
        *[
            Misconception(
                MISSING_PARTS - {part} | {extra},
                f"Two are right, but {extra} is there: {_IS_THERE[extra]}",
            )
            for part, extra in product(_WHERE_TO_LOOK, _IS_THERE)
        ],
        Misconception(frozenset(_IS_THERE), "These three are there; look for what is not"),
    ],
    hint="Give three letters, and hold each line A to F against the table",
)


class _Score:
    """A score as simple as can be, which says what it is where a message shows it."""

    def __init__(self, name, function):
        self.name, self.function = name, function

    def __call__(self, image):
        return float(self.function(image))

    def __repr__(self):
        return self.name


_SUM = _Score("the sum of the pixels", np.sum)
_MAX = _Score("the largest pixel", np.max)
_MEAN = _Score("the mean of the pixels", np.mean)


def _squares(score, image, size, step=1, copy=True, hide=True):
    """The occlusion map, or what a mistake makes of it."""
    rows, columns = (range(0, side - size + 1, step) for side in image.shape)
    result = np.zeros((len(rows), len(columns)))
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        hidden = image.copy() if copy else image
        square = (slice(row, row + size), slice(column, column + size))
        if hide:
            hidden[square] = 0
        else:
            hidden = np.zeros_like(image)
            hidden[square] = image[square]
        result[i, j] = score(hidden)
    return result


occlusion_map = Check(
    "3.4 occlusion_map",
    _squares,
    "This is how ZFNet's authors asked a net where it looks",
    names=("score", "image", "size"),
    cases=[
        (_SUM, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 1),
        (_SUM, np.arange(1.0, 21.0).reshape(4, 5), 2),
        (_MAX, np.array([[1.0, 2.0, 9.0], [3.0, 5.0, 4.0], [8.0, 7.0, 6.0]]), 2),
        (_MEAN, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 2),
    ],
    misconceptions=[
        Misconception(
            lambda score, image, size: _squares(score, image, size, copy=False),
            "The squares add up: hide each one in a fresh copy of the image",
        ),
        Misconception(
            lambda score, image, size: score(image) - _squares(score, image, size),
            "That is how much the score falls; return the score that is left",
        ),
        Misconception(
            lambda score, image, size: _squares(score, image, size, step=size),
            "The square moves on by one pixel each time, not by its own width",
        ),
        Misconception(
            lambda score, image, size: _squares(score, image, size, hide=False),
            "You show the square and hide the rest; it is the other way round",
        ),
        Misconception(
            lambda score, image, size: _squares(score, image, size).T,
            "Rows come first: result[row, column]",
        ),
        Misconception(
            lambda score, image, size: _squares(score, image, size)[
                : -size or None, : -size or None
            ],
            "The last place is missing: the square can start at side - size, so use "
            "range(side - size + 1)",
        ),
    ],
    hint="Two loops over the places; in each: copy the image, set the square to 0, ask the score",
)

_MAPS = np.array([[[1.0, 0.0], [2.0, 1.0]], [[0.0, 3.0], [1.0, 1.0]]])
_WEIGHTS = np.array([[1.0, -1.0], [-2.0, 2.0]])

class_map = Check(
    "3.5 class_map",
    lambda maps, weights, label: maps @ weights[:, label],
    "Its mean, plus the bias, is the class's score: the map says where that score comes from",
    names=("maps", "weights", "label"),
    cases=[
        (_MAPS, _WEIGHTS, 1),
        (_RNG.normal(size=(3, 2, 4)), _RNG.normal(size=(4, 4)), 3),
    ],
    misconceptions=[
        Misconception(
            lambda maps, weights, label: maps @ weights,
            "These are the maps of all classes; take the weights of one: weights[:, label]",
        ),
        Misconception(
            lambda maps, weights, label: maps @ weights[label],
            "weights[label] is the row of one feature map; a class is a column: weights[:, label]",
        ),
        Misconception(
            lambda maps, weights, label: maps.mean(axis=(0, 1)) @ weights[:, label],
            "That is the score of the whole picture; leave the average out, and each place keeps "
            "its own number",
        ),
        Misconception(
            lambda maps, weights, label: maps @ weights[:, label] / maps[..., 0].size,
            "No division: the mean over the places, not their sum, is the score",
        ),
        Misconception(
            lambda maps, weights, label: maps.sum(axis=-1),
            "Each feature map counts as much as the class's weight for it says",
        ),
        Misconception(
            lambda maps, weights, label: maps[..., label],
            "That is one feature map; here the class has no map of its own, it mixes all of them",
        ),
        Misconception(
            lambda maps, weights, label: np.maximum(maps @ weights[:, label], 0),
            "Keep the negative numbers: such a place speaks against the class",
        ),
    ],
    hint="At each place: the sum over the channels of map value times that class's weight",
)
