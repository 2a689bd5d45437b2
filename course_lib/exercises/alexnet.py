"""Checks of chapter 02."""

import numpy as np

from course_lib.exercises.check import Check, integers
from course_lib.exercises.letters import LetterCheck
from course_lib.measure.geometry import conv_cost

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

blog_differences = LetterCheck(
    "2.3 blog_differences",
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

_RNG = np.random.default_rng(2)
_SHAPES = (((3, 4), (4,), (4, 2), (2,)), ((2, 2), (2,), (2, 2), (2,)), ((1, 3), (3,), (3, 1), (1,)))

collapse = Check(
    "2.4 collapse",
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
