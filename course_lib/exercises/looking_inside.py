"""Checks of chapter 03."""

from itertools import product

import numpy as np

from course_lib.exercises.check import Check
from course_lib.exercises.letters import LetterCheck

_RNG = np.random.default_rng(3)


def _seen(period, stride):
    """Stripes for each step of the stride, as they seem to be."""
    return abs(stride / period - round(stride / period))


apparent_period = Check(
    "3.1 apparent_period",
    lambda period, stride: stride / _seen(period, stride),
    "You can now say for every stem which stripes it shows as others",
    cases=[
        *[(5, 4), (6, 4), (5, 2), (16, 4), (2.5, 4), (3, 2), (7, 4), (8, 4), (3, 4), (1.5, 1)],
        *[(2.4, 4), (9, 16), (3.2, 8)],
    ],
    mistakes=[
        lambda p, s: p,
        "Only stripes wider than two strides come out as they are; finer ones come out wider",
        lambda p, s: s / (s / p % 1),
        "0.8 of a stripe forwards looks like 0.2 backwards: which whole number is nearest?",
        lambda p, s: s / (s / p - round(s / p)),
        "Stripes that seem to run backwards are as wide as if they ran forwards: no sign",
        lambda p, s: s / abs(s / p - 1) if s != p else np.inf,
        "That is the distance to one whole stripe; the nearest number may be 0, 2 or 3",
        lambda p, s: 1 / _seen(p, s),
        "That is the period in steps; a step is `stride` pixels wide",
        _seen,
        "That is how much of a stripe one step seems to be; how many pixels has a whole one?",
        lambda p, s: max(p, 2 * s),
        "How much wider finer stripes come out depends on their period",
        lambda p, s: p * s,
        "The product is right only where period and stride differ by one",
    ],
    hint="How much of a stripe is one step, and how far is that from a whole number of stripes?",
)

_CONVOLUTIONS = [
    (2, 3, 3, 4, 5),
    (1, 2, 3, 3, 1),
    (2, 1, 2, 1, 3),
    (1, 2, 2, 2, 2),
    (3, 1, 1, 1, 1),
]

conv1x1 = Check(
    "3.2 conv1x1",
    lambda x, kernel, bias: x @ kernel[0, 0] + bias,
    "A 1×1 convolution is one matrix, used at every pixel",
    cases=[
        (
            np.array([[[[1.0, 2.0], [0.0, 1.0]]]]),
            np.array([[[[3.0, 0.0], [1.0, 2.0]]]]),
            np.array([10.0, 20.0]),
        ),
        *[
            tuple(_RNG.normal(size=z).round(1) for z in ((n, h, w, c), (1, 1, c, f), (f,)))
            for n, h, w, c, f in _CONVOLUTIONS
        ],
    ],
    mistakes=[
        lambda x, k, b: x @ k[0, 0],
        "Each filter adds its bias at every pixel",
        lambda x, k, b: np.maximum(x @ k[0, 0] + b, 0),
        "That is the convolution and a ReLU; leave the ReLU to the next layer",
        lambda x, k, b: (x @ k[0, 0] + b).reshape(-1, k.shape[-1]),
        "Right at every pixel; now give the rows of pixels their height and width back",
        lambda x, k, b: x @ k[0, 0].T + b,
        "The kernel's rows are the channels that come in: do not turn it round",
        lambda x, k, b: x @ k.squeeze() + b,
        "squeeze drops every axis of length 1, also that of a single channel or filter",
        lambda x, k, b: x.sum(axis=-1, keepdims=True) + b,
        "Each channel counts as much as the filter's weight for it says, not 1",
        lambda x, k, b: x.mean(axis=(1, 2)) @ k[0, 0] + b,
        "The map keeps its height and width: no average over the pixels",
        lambda x, k, b: x * k[0, 0].sum(axis=0) + b,
        "Every filter sees all channels of its pixel, each with a weight of its own",
    ],
    hint="Inside the kernel is one matrix, channels by filters. Which axis of x does it meet?",
)

missing_parts = LetterCheck(
    "3.3 missing_parts",
    "No 1×1 convolutions, no map for each class, no classifier: the network in the network is gone",
    right={
        "A": "read the column of the kernels: what follows each convolution in NiN?",
        "C": "how many channels does the last map have, and how many classes are there?",
        "D": "what is the last row of each table?",
    },
    wrong={
        "B": "its last row is a GlobalAveragePooling2D",
        "E": "it has three pooling layers between its convolutions",
        "F": "the row of its last convolution says relu",
    },
    verdict="is there",
)


# The names of these scores stand in the messages, without the underscore.
def _total(image):
    return float(np.sum(image))


def _largest(image):
    return float(np.max(image))


def _mean(image):
    return float(np.mean(image))


def _squares(score, image, size, step=1, copy=True, hide=True, grey=0.0, square=None):
    """The occlusion map, or what a mistake makes of it."""
    rows, columns = (range(0, side - size + 1, step) for side in square or image.shape)
    result = np.zeros((len(rows), len(columns)))
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        hidden = image.copy() if copy else image
        place = (slice(row, row + size), slice(column, column + size))
        if hide:
            hidden[place] = grey
        else:
            hidden = np.zeros_like(image)
            hidden[place] = image[place]
        result[i, j] = score(hidden)
    return result


_UNSORTED = np.array([[1.0, 2.0, 9.0], [3.0, 5.0, 4.0], [8.0, 7.0, 6.0]])

occlusion_map = Check(
    "3.4 occlusion_map",
    _squares,
    "This is how ZFNet's authors asked a net where it looks",
    cases=[
        (_total, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 1),
        (_total, np.arange(1.0, 21.0).reshape(4, 5), 2),
        (_largest, _UNSORTED, 2),
        (_mean, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 2),
        (_total, np.array([[1.0, 2.0], [4.0, 5.0], [7.0, 9.0]]), 1),
        (_largest, _UNSORTED, 3),
        (_mean, _RNG.normal(size=(5, 4)).round(1), 3),
    ],
    mistakes=[
        lambda *case: _squares(*case, copy=False),
        "The squares add up: each place needs the whole picture again",
        lambda score, image, size: score(image) - _squares(score, image, size),
        "That is how much the score falls; return the score that is left",
        lambda score, image, size: _squares(score, image, size, step=size),
        "The square moves on by one pixel each time, not by its own width",
        lambda *case: _squares(*case, hide=False),
        "You show the square and hide the rest; it is the other way round",
        lambda *case: _squares(*case).T,
        "Rows come first: result[row, column]",
        lambda score, image, size: _squares(score, image, size, square=image.shape[:1] * 2),
        "The picture need not be a square: its width may differ from its height",
        lambda score, image, size: _squares(score, image, size, square=image.shape[1:] * 2),
        "The picture need not be a square: its height may differ from its width",
        lambda *case: _squares(*case, grey=0.5),
        "The square is grey, 0.5; the exercise asks for zeros",
        lambda score, image, size: _squares(score, image, size, grey=image.mean()),
        "The square has the picture's mean colour; the exercise asks for zeros",
        lambda *case: _squares(*case, grey=1.0),
        "The square is white, 1; the exercise asks for zeros",
        lambda *case: _squares(*case)[:-1, :-1],
        "The last place is missing: where does a square start that touches the far edge?",
    ],
    hint="At each place: which pixels does the square hide, and are all others as they were?",
)

class_map = Check(
    "3.5 class_map",
    lambda maps, weights, label: maps @ weights[:, label],
    "Its mean, plus the bias, is the class's score: the map says where that score comes from",
    cases=[
        (
            np.array([[[1.0, 0.0], [2.0, 1.0]], [[0.0, 3.0], [1.0, 1.0]]]),
            np.array([[1.0, -1.0], [-2.0, 2.0]]),
            1,
        ),
        *[
            (_RNG.normal(size=(h, w, c)).round(1), _RNG.normal(size=(c, n)).round(1), label)
            for h, w, c, n, label in ((3, 2, 4, 4, 3), (2, 3, 3, 3, 0), (1, 4, 2, 5, 1))
        ],
    ],
    mistakes=[
        lambda m, w, y: m @ w,
        "These are the maps of all classes; one class is asked for",
        lambda m, w, y: m @ w[y],
        "That is the row of one feature map; where does a class have its weights?",
        lambda m, w, y: m.mean(axis=(0, 1)) @ w[:, y],
        "That is the score of the whole picture; each place should keep its own number",
        lambda m, w, y: m @ w[:, y] / m[..., 0].size,
        "No division: the mean over the places, not their sum, is the score",
        lambda m, w, y: m.sum(axis=-1),
        "Each feature map counts as much as the class's weight for it says",
        lambda m, w, y: m * w[:, y],
        "Those are the parts that each feature map adds; the map is their sum at each place",
        lambda m, w, y: m[..., y],
        "That is one feature map; here the class has no map of its own, it mixes all of them",
        lambda m, w, y: np.maximum(m @ w[:, y], 0),
        "Keep the negative numbers: such a place speaks against the class",
    ],
    hint="At one place: what does each feature map say, and how much does it count for the class?",
)
