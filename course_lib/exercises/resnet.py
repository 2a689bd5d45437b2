"""Checks of chapter 06."""

import numpy as np

from course_lib.exercises.check import Check, Misconception

variance_growth = Check(
    "6.1 variance_growth",
    lambda blocks, skip: 2**blocks if skip else 1,
    "That is why residual nets need normalisation, or an F that starts small",
    names=("blocks", "skip"),
    cases=[(1, True), (2, True), (3, True), (16, True), (16, False), (54, True)],
    misconceptions=[
        Misconception(
            lambda blocks, skip: 2 * blocks if skip else 1,
            "Block upon block multiplies: a power of 2, not a multiple",
        ),
        Misconception(
            lambda blocks, skip: 1 + blocks if skip else 1,
            "F of the second block sees a signal that has grown already, so it adds more",
        ),
        Misconception(
            lambda blocks, skip: 2 ** (blocks - 1) if skip else 1,
            "The first block doubles the variance, too",
        ),
        Misconception(
            lambda blocks, skip: blocks**2 if skip else 1,
            "Two to the power of the blocks, not the blocks squared: each block doubles",
        ),
        Misconception(
            lambda blocks, skip: 2 if skip else 1,
            "That is one block; each further one doubles what it is given",
        ),
        Misconception(
            lambda blocks, skip: 2**blocks if skip else 0,
            "A plain net's signal does not disappear: F keeps the variance, which is a factor of 1",
        ),
        Misconception(
            lambda blocks, skip: 2 ** (blocks / 2) if skip else 1,
            "That is the standard deviation; the variance is its square",
        ),
        Misconception(
            lambda blocks, skip: 4**blocks if skip else 1,
            "Variances of independent numbers add up: x and F(x) make twice the variance, not four "
            "times",
        ),
        Misconception(
            lambda blocks, skip: 1 if skip else 2**blocks,
            "The other way round: with a skip there are two parts to add, x and F(x)",
        ),
        Misconception(
            lambda blocks, skip: 2**blocks,
            "Without a skip a block hands on F(x) alone, whose variance is that of x",
        ),
    ],
    hint="What does one block do to the variance? And the next one, to what it is given?",
)


def _kernel(size, channels, at=None, through=np.eye):
    kernel = np.zeros((size, size, channels, channels))
    at = size // 2 if at is None else at
    kernel[at, at] = through(channels)
    return kernel


identity_kernel = Check(
    "6.2 identity_kernel",
    _kernel,
    "A plain block has to find this kernel; a residual block only has to find zero",
    names=("size", "channels"),
    cases=[(3, 1), (1, 2), (3, 2), (5, 3)],
    misconceptions=[
        Misconception(
            lambda size, channels: _kernel(size, channels, at=0),
            "The pixel itself is the centre of the window, not its upper left corner",
        ),
        Misconception(
            lambda size, channels: _kernel(size, channels, through=lambda n: np.ones((n, n))),
            "That adds up all channels; channel 0 should go to channel 0 alone",
        ),
        Misconception(
            lambda size, channels: np.ones((size, size, channels, channels)),
            "That adds up the whole window; the neighbours should count 0",
        ),
        Misconception(
            lambda size, channels: np.ones((size, size, channels, channels)) * np.eye(channels),
            "The channels are right, but the neighbours should count 0, or the picture is blurred",
        ),
        Misconception(
            lambda size, channels: _kernel(size, channels) / size**2,
            "The centre counts 1, not a share of the window: nothing is averaged",
        ),
        Misconception(
            lambda size, channels: np.moveaxis(_kernel(size, channels), (0, 1), (2, 3)),
            "The axes are height, width, channels in, channels out, in this order",
        ),
        Misconception(
            lambda size, channels: _kernel(size, channels, through=lambda n: np.eye(n)[::-1]),
            "The channels are swapped: channel 0 should go to channel 0",
        ),
        Misconception(
            lambda size, channels: _kernel(size, channels)[:, :, 0],
            "A kernel has four axes: height, width, channels in, channels out",
        ),
        Misconception(
            lambda size, channels: np.zeros((size, size, channels, channels)),
            "Zeros make the output 0. That is enough for F in a residual block, but not here",
        ),
    ],
    hint="All is 0 but the centre, [size // 2, size // 2], where np.eye(channels) stands",
)


def _relu(z):
    return np.maximum(z, 0)


residual_forward = Check(
    "6.3 residual_forward",
    lambda x, w1, w2: _relu(x + _relu(x @ w1) @ w2),
    "That is all there is to it: two layers, and a plus sign",
    names=("x", "w1", "w2"),
    cases=[
        (
            np.array([[1.0, 2.0]]),
            np.array([[1.0, -1.0], [2.0, -1.0]]),
            np.array([[1.0, -1.0], [-1.0, 1.0]]),
        ),
        (
            np.array([[-1.0, 3.0], [2.0, 1.0]]),
            np.array([[1.0, 1.0], [-1.0, 2.0]]),
            np.array([[2.0, -1.0], [-1.0, -1.0]]),
        ),
        (  # the negative x tells a skip from a ReLU or an absolute value of x
            np.array([[-3.0, 1.0]]),
            np.array([[-1.0, 0.0], [1.0, 1.0]]),
            np.array([[1.0, 0.5], [0.25, -2.0]]),
        ),
    ],
    misconceptions=[
        Misconception(
            lambda x, w1, w2: _relu(_relu(x @ w1) @ w2),
            "That is a plain block; add x before the last ReLU",
        ),
        Misconception(
            lambda x, w1, w2: _relu(_relu(x) + _relu(x @ w1) @ w2),
            "The skip hands on x as it is, negative numbers too: no ReLU on the shortcut",
        ),
        Misconception(
            lambda x, w1, w2: x + _relu(_relu(x) @ w1) @ w2,
            "That is pre-activation, of a later section. Here each ReLU stands after a layer, the "
            "second one after the sum",
        ),
        Misconception(
            lambda x, w1, w2: _relu(_relu(_relu(x) @ w1) @ w2 + x),
            "x goes into the first layer as it is: no ReLU before it",
        ),
        Misconception(
            lambda x, w1, w2: _relu(x * (_relu(x @ w1) @ w2)),
            "Add x, do not multiply by it",
        ),
        Misconception(
            lambda x, w1, w2: x + _relu(_relu(x @ w1) @ w2),
            "The last ReLU comes after the sum, not before it",
        ),
        Misconception(
            lambda x, w1, w2: x + _relu(x @ w1) @ w2,
            "After the sum comes one more ReLU",
        ),
        Misconception(
            lambda x, w1, w2: _relu(x + x @ w1 @ w2),
            "Without a ReLU between them the two layers are one: see chapter 04",
        ),
        Misconception(
            lambda x, w1, w2: _relu(_relu(x @ w1) + _relu(x @ w1) @ w2),
            "The skip goes around both layers: add x, not the first layer's output",
        ),
    ],
    hint="ReLU after the first layer; the second layer; plus x; ReLU",
)


def _layers(blocks, convolutions, ends=2):
    return convolutions * sum(blocks) + ends


weight_layers = Check(
    "6.4 weight_layers",
    _layers,
    "18, 34, 50, 101, 152, and 6n + 2 for the small nets: you know where they come from",
    names=("blocks", "convolutions"),
    cases=[
        ((2, 2, 2, 2), 2),
        ((3, 4, 6, 3), 2),
        ((3, 4, 6, 3), 3),
        ((3, 4, 23, 3), 3),
        ((3, 8, 36, 3), 3),
        ((3, 3, 3), 2),
    ],
    misconceptions=[
        Misconception(
            lambda blocks, convolutions: _layers(blocks, convolutions, ends=0),
            "Two layers are missing: the stem before the blocks and the classifier after them",
        ),
        Misconception(
            lambda blocks, convolutions: _layers(blocks, convolutions, ends=1),
            "One layer is missing: there is one before the blocks and one after them",
        ),
        Misconception(
            lambda blocks, convolutions: _layers(blocks, convolutions, ends=1 + len(blocks)),
            "Shortcuts with weights do not count: they lie beside the road, not on it",
        ),
        Misconception(
            lambda blocks, convolutions: _layers(blocks, convolutions, ends=2 + len(blocks)),
            "Shortcuts with weights do not count, in no stage: they lie beside the road, not on it",
        ),
        Misconception(
            lambda blocks, convolutions: sum(blocks) + 2,
            "Those are the blocks; each has `convolutions` layers",
        ),
        Misconception(
            lambda blocks, convolutions: convolutions * len(blocks) + 2,
            "A stage has several blocks: add them up",
        ),
    ],
    hint="Add the blocks of all stages, however many there are: `sum(blocks)`; then the "
    "convolutions in each, and one layer at either end",
)


def _block(channels, middle=4, basic=2, up=True, kernel=3):
    m = channels // middle
    ones = channels * m * (2 if up else 1)
    return basic * 9 * channels**2, ones + kernel**2 * m**2


block_weights = Check(
    "6.5 block_weights",
    _block,
    "Three layers for less than a tenth of the weights of two: that is what a bottleneck is for",
    names=("channels",),
    cases=[(64,), (256,), (512,)],
    misconceptions=[
        Misconception(
            lambda channels: _block(channels)[::-1],
            "The right numbers in the other order: basic first",
        ),
        Misconception(
            lambda channels: _block(channels, basic=1),
            "A basic block has two 3×3 convolutions",
        ),
        Misconception(
            lambda channels: _block(channels, up=False),
            "A bottleneck has two 1×1: down to a quarter, and back up",
        ),
        Misconception(
            lambda channels: _block(channels, middle=1),
            "In the middle of a bottleneck there are channels // 4 channels",
        ),
        Misconception(
            lambda channels: _block(channels, kernel=1),
            "The middle layer of a bottleneck is 3×3: nine weights for each pair of channels",
        ),
        Misconception(
            lambda channels: (
                18 * channels**2 + 2 * channels,
                _block(channels)[1] + channels * 3 // 2,
            ),
            "No biases: the batch normalisation behind each convolution makes them useless",
        ),
        Misconception(
            lambda channels: _block(channels)[0],
            "Return two numbers: the basic block's and the bottleneck's",
        ),
        Misconception(
            lambda channels: _block(channels)[1],
            "Return two numbers: `return basic, bottleneck`",
        ),
    ],
    hint="A k×k convolution from a to b channels has k·k·a·b weights; a basic block has two of "
    "them, a bottleneck three",
)
