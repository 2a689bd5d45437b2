"""Checks of chapter 02."""

import numpy as np

from course_lib.exercises.check import Check, Misconception

output_size = Check(
    "2.1 output_size",
    lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1,
    "You can now check every map size in every paper, 227 and 224 included",
    names=("size", "kernel", "stride", "padding"),
    cases=[
        (227, 11, 4, 0),
        (224, 11, 4, 0),
        (226, 11, 4, 0),
        (27, 5, 1, 2),
        (55, 3, 2, 0),
        (224, 7, 2, 3),
    ],
    misconceptions=[
        Misconception(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
            "The first position counts too: add 1",
        ),
        Misconception(
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1,
            "A window that does not fit whole is left out: divide with //, which rounds down",
        ),
        Misconception(
            lambda size, kernel, stride, padding: -(-(size + 2 * padding - kernel) // stride) + 1,
            "A window that does not fit whole is left out: round down, not up",
        ),
        Misconception(
            lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
            "The padding is added on both sides",
        ),
        Misconception(
            lambda size, kernel, stride, padding: size // stride,
            "The kernel takes room too: it can start at size - kernel + 1 places",
        ),
    ],
)

conv_parameters = Check(
    "2.2 conv_parameters",
    lambda kernel, channels, filters, groups: kernel**2 * (channels // groups) * filters + filters,
    "With groups=2 this gives the paper's network, layer by layer",
    names=("kernel", "channels", "filters", "groups"),
    cases=[(3, 8, 16, 1), (11, 3, 96, 1), (5, 96, 256, 2), (3, 384, 384, 2)],
    misconceptions=[
        Misconception(
            lambda kernel, channels, filters, groups: kernel**2 * (channels // groups) * filters,
            "Each filter has a bias too",
        ),
        Misconception(
            lambda kernel, channels, filters, groups: kernel**2 * channels * filters + filters,
            "With groups, a filter sees only channels / groups of the channels",
        ),
        Misconception(
            lambda kernel, channels, filters, groups: (
                (kernel**2 * channels * filters + filters) // groups
            ),
            "Groups thin out the weights, but every filter keeps its bias",
        ),
        Misconception(
            lambda kernel, channels, filters, groups: (
                kernel**2 * (channels // groups) * (filters // groups) + filters
            ),
            "That is one group's weights; there are `groups` of them",
        ),
        Misconception(
            lambda kernel, channels, filters, groups: (
                kernel * (channels // groups) * filters + filters
            ),
            "A kernel is square: kernel times kernel weights for each channel",
        ),
        Misconception(
            lambda kernel, channels, filters, groups: kernel**2 * filters + filters,
            "A filter is as deep as its input: one square for each channel that it sees",
        ),
    ],
)

# The statements that the exercise offers: three are differences to the paper's network.
BLOG_DIFFERENCES = frozenset({"B", "D", "F"})
_WHERE_TO_LOOK = {
    "B": "what does a hidden layer of the blog's do with its sum?",
    "D": "how large are the maps before the third convolution, here and in the paper?",
    "F": "which rows of the published table are missing here?",
}
_NO_DIFFERENCE = {
    "A": "both start with 11×11 and stride 4",
    "C": "both have five convolutions on the way",
    "E": "two times 2,048 units are the paper's 4,096",
    "G": "in both, the third convolution sees all 256 maps",
}

blog_differences = Check(
    "2.3 blog_differences",
    BLOG_DIFFERENCES,
    "No activations, one pooling layer too few, and no normalisation or dropout",
    misconceptions=[
        *[
            Misconception(BLOG_DIFFERENCES - {missing}, f"Two are right. For the third: {hint}")
            for missing, hint in _WHERE_TO_LOOK.items()
        ],
        *[
            Misconception(
                BLOG_DIFFERENCES | {extra}, f"Three are right, but {extra} is no difference: {why}"
            )
            for extra, why in _NO_DIFFERENCE.items()
        ],
        *[
            Misconception(
                BLOG_DIFFERENCES - {missing} | {extra},
                f"Two are right, but {extra} is no difference: {why}",
            )
            for missing in _WHERE_TO_LOOK
            for extra, why in _NO_DIFFERENCE.items()
        ],
        Misconception(frozenset(), "Choose three letters, such as {'A', 'C', 'E'}"),
    ],
    hint="Give three letters, such as {'A', 'C', 'E'}, and hold each statement against the tables",
)

_RNG = np.random.default_rng(2)
_LINEAR = [
    (
        np.array([[1.0, 2.0], [0.0, 1.0]]),
        np.array([1.0, -1.0]),
        np.array([[3.0, 0.0], [1.0, 2.0]]),
        np.array([0.5, 0.0]),
    ),
    tuple(_RNG.normal(size=shape) for shape in ((3, 4), (4,), (4, 2), (2,))),
]

collapse = Check(
    "2.4 collapse",
    lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2 + b2),
    "Two linear layers are one linear layer; without activations depth buys nothing",
    names=("w1", "b1", "w2", "b2"),
    cases=_LINEAR,
    misconceptions=[
        Misconception(
            lambda w1, b1, w2, b2: (w1 @ w2, b1 + b2),
            "The first bias goes through the second layer's weights, too: b1 @ w2",
        ),
        Misconception(
            lambda w1, b1, w2, b2: (w1 @ w2, b2),
            "The first layer's bias must not get lost: (x @ w1 + b1) @ w2 = x @ w1 @ w2 + b1 @ w2",
        ),
        Misconception(
            lambda w1, b1, w2, b2: (w2 @ w1, b1 @ w2 + b2),
            "Order matters for matrices: x meets w1 first, so it is w1 @ w2",
        ),
        Misconception(
            lambda w1, b1, w2, b2: (w1 * w2, b1 @ w2 + b2),
            "The star multiplies entry by entry; matrices are multiplied with @",
        ),
        Misconception(
            lambda w1, b1, w2, b2: w1 @ w2,
            "That is the weight; return a pair: weight and bias",
        ),
    ],
    hint="Write (x @ w1 + b1) @ w2 + b2 without brackets, and sort by what holds x",
)
