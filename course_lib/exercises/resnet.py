"""Checks of chapter 06."""

import numpy as np

from course_lib.exercises.check import Check
from course_lib.measure.geometry import conv_cost

_RNG = np.random.default_rng(6)


def _growing(growth):
    """What a mistake about the residual net gives, with the plain net as it should be."""
    return lambda blocks, skip: growth(blocks) if skip else 1


variance_growth = Check(
    "6.1 variance_growth",
    lambda blocks, skip: 2**blocks if skip else 1,
    "That is why residual nets need normalisation, or an F that starts small",
    cases=[
        *[(1, True), (2, True), (3, True), (16, True), (16, False), (54, True), (1, False)],
        *[(0, True), (0, False)],
    ],
    mistakes=[
        _growing(lambda blocks: 2 * blocks),
        "Block upon block multiplies; what happens to a factor that is used again and again?",
        _growing(lambda blocks: 1 + blocks),
        "F of the second block sees a signal that has grown already, so it adds more",
        _growing(lambda blocks: 2 ** (blocks - 1)),
        "The first block changes the variance, too",
        _growing(lambda blocks: 2**blocks - 1),
        "What came in is still there and counts: take nothing away",
        _growing(lambda blocks: 2 ** (blocks + 1)),
        "That is one block more than there are",
        _growing(lambda blocks: blocks**2),
        "A square grows by less and less of itself; each block has the same factor",
        _growing(lambda blocks: 2),
        "That is one block; each further one does the same to what it is given",
        lambda blocks, skip: 2**blocks if skip else 0,
        "A plain net's signal does not disappear: F keeps the variance. Which factor is that?",
        _growing(lambda blocks: 2 ** (blocks / 2)),
        "That is the standard deviation; the variance is its square",
        _growing(lambda blocks: 4**blocks),
        "Variances of independent numbers add up; the numbers themselves need not",
        lambda blocks, skip: 1 if skip else 2**blocks,
        "The other way round: with a skip there are two parts to add, x and F(x)",
        lambda blocks, skip: 2**blocks,
        "Without a skip a block hands on F(x) alone, whose variance is that of x",
    ],
    hint="What does one block do to the variance? And the next one, to what it is given?",
)


def _kernel(size, channels, at=None, through=np.eye):
    kernel = np.zeros((size, size, channels, channels))
    at = size // 2 if at is None else at
    kernel[at, at] = through(channels)
    return kernel


def _everywhere(size, channels):
    return np.ones((size, size, channels, channels))


identity_kernel = Check(
    "6.2 identity_kernel",
    _kernel,
    "A plain block has to find this kernel; a residual block only has to find zero",
    cases=[(3, 1), (1, 2), (3, 2), (5, 3), (1, 1), (7, 2), (3, 4)],
    mistakes=[
        lambda size, channels: _kernel(size, channels, at=0),
        "The pixel itself is the centre of the window, not its upper left corner",
        lambda size, channels: _kernel(size, channels, at=-1),
        "The pixel itself is the centre of the window, not its lower right corner",
        lambda size, channels: _kernel(size, channels, at=1 if size > 1 else 0),
        "The centre of a larger window lies further in: where does it lie for any size?",
        lambda size, channels: _kernel(size, channels, through=lambda n: np.ones((n, n))),
        "That adds up all channels; channel 0 should go to channel 0 alone",
        _everywhere,
        "That adds up the whole window; the neighbours should count 0",
        lambda size, channels: _everywhere(size, channels) * np.eye(channels),
        "The channels are right, but the neighbours should count 0, or the picture is blurred",
        lambda size, channels: _kernel(size, channels) / size**2,
        "The centre counts 1, not a share of the window: nothing is averaged",
        lambda size, channels: np.moveaxis(_kernel(size, channels), (0, 1), (2, 3)),
        "The axes are height, width, channels in, channels out, in this order",
        lambda size, channels: _kernel(size, channels, through=lambda n: np.eye(n)[::-1]),
        "The channels are swapped: channel 0 should go to channel 0",
        lambda size, channels: _kernel(size, channels)[:, :, 0],
        "A kernel has four axes: height, width, channels in, channels out",
        lambda size, channels: 0 * _everywhere(size, channels),
        "Zeros make the output 0. That is enough for F in a residual block, but not here",
    ],
    hint="Which pixel of the window should come out, and which channel should each one go to?",
)


def _relu(z):
    return np.maximum(z, 0)


# Small whole numbers, so that a learner can follow them.
_BLOCKS = [
    tuple(_RNG.integers(-3, 4, size=shape).astype(float) for shape in ((n, c), (c, c), (c, c)))
    for n, c in ((2, 2), (3, 3), (1, 1), (2, 3), (4, 2))
]

residual_forward = Check(
    "6.3 residual_forward",
    lambda x, w1, w2: _relu(x + _relu(x @ w1) @ w2),
    "That is all there is to it: two layers, and a plus sign",
    cases=[
        (
            np.array([[1.0, 2.0]]),
            np.array([[1.0, -1.0], [2.0, -1.0]]),
            np.array([[1.0, -1.0], [-1.0, 1.0]]),
        ),
        (  # the negative x tells a skip from a ReLU or an absolute value of x
            np.array([[-3.0, 1.0]]),
            np.array([[-1.0, 0.0], [1.0, 1.0]]),
            np.array([[1.0, 0.5], [0.25, -2.0]]),
        ),
        *_BLOCKS,
    ],
    mistakes=[
        lambda x, w1, w2: _relu(_relu(x @ w1) @ w2),
        "That is a plain block; where is the skip?",
        lambda x, w1, w2: _relu(_relu(x) + _relu(x @ w1) @ w2),
        "The skip hands on x as it is, negative numbers too: no ReLU on the shortcut",
        lambda x, w1, w2: x + _relu(_relu(x) @ w1) @ w2,
        "That is pre-activation, of a later section. Here the second ReLU stands after the sum",
        lambda x, w1, w2: _relu(_relu(_relu(x) @ w1) @ w2 + x),
        "x goes into the first layer as it is: no ReLU before it",
        lambda x, w1, w2: _relu(x * (_relu(x @ w1) @ w2)),
        "A skip adds x; it does not multiply by it",
        lambda x, w1, w2: x + _relu(_relu(x @ w1) @ w2),
        "The last ReLU comes after the sum, not before it",
        lambda x, w1, w2: x + _relu(x @ w1) @ w2,
        "After the sum comes one more ReLU",
        lambda x, w1, w2: _relu(x + _relu(_relu(x @ w1) @ w2)),
        "The second layer's output goes into the sum as it is: there are two ReLUs, not three",
        lambda x, w1, w2: _relu(x + x @ w1 @ w2),
        "Without a ReLU between them the two layers are one: see chapter 04",
        lambda x, w1, w2: _relu(_relu(x @ w1) + _relu(x @ w1) @ w2),
        "The skip goes around both layers: add x, not the first layer's output",
    ],
    hint="Which two things meet in the sum, and where are the two ReLUs?",
)


def _layers(blocks, convolutions, ends=2):
    return convolutions * sum(blocks) + ends


weight_layers = Check(
    "6.4 weight_layers",
    _layers,
    "18, 34, 50, 101, 152, and 6n + 2 for the small nets: you know where they come from",
    cases=[
        *[((2, 2, 2, 2), 2), ((3, 4, 6, 3), 2), ((3, 4, 6, 3), 3), ((3, 4, 23, 3), 3)],
        *[((3, 8, 36, 3), 3), ((3, 3, 3), 2), ((1,), 1), ((5, 2), 4)],
    ],
    mistakes=[
        lambda b, c: _layers(b, c, ends=0),
        "Two layers are missing: one before the blocks and one after them",
        lambda b, c: _layers(b, c, ends=1),
        "One layer is missing: there is one before the blocks and one after them",
        lambda b, c: _layers(b, c, ends=1 + len(b)),
        "Shortcuts with weights do not count: they lie beside the road, not on it",
        lambda b, c: _layers(b, c, ends=2 + len(b)),
        "Shortcuts with weights do not count, in no stage: they lie beside the road, not on it",
        lambda b, c: sum(b) + 2,
        "Those are the blocks; how many layers has each?",
        lambda b, c: c * len(b) + 2,
        "A stage has several blocks: count them all",
        lambda b, c: 2 * sum(b) + 2,
        "A block may have more than two layers, or one",
    ],
    hint="How many blocks are there in all, how many layers has each, and which lie outside them?",
)


def _block(channels, middle=4, basic=2, ones=2, kernel=3):
    m = channels // middle
    bottleneck = ones * conv_cost(1, channels, m) + conv_cost(kernel, m, m)
    return basic * conv_cost(3, channels, channels), bottleneck


block_weights = Check(
    "6.5 block_weights",
    _block,
    "Three layers for less than a tenth of the weights of two: that is what a bottleneck is for",
    cases=[(64,), (256,), (512,), (4,), (20,)],
    mistakes=[
        lambda c: _block(c)[::-1],
        "The right numbers in the other order: basic first",
        lambda c: _block(c, basic=1),
        "A basic block has two 3×3 convolutions",
        lambda c: _block(c, ones=1),
        "A bottleneck has two 1×1: one down to a quarter, one back up",
        lambda c: _block(c, middle=1),
        "In the middle of a bottleneck there are fewer channels: a quarter",
        lambda c: _block(c, middle=2),
        "The bottleneck goes down to a quarter, not to a half",
        lambda c: _block(c, kernel=1),
        "The middle layer of a bottleneck is 3×3: nine weights for each pair of channels",
        lambda c: (_block(c)[0] + 2 * c, _block(c)[1] + c * 3 // 2),
        "No biases: the batch normalisation behind each convolution makes them useless",
        lambda c: (_block(c)[0] // 9, _block(c)[1]),
        "A 3×3 kernel has nine places",
        lambda c: _block(c)[0],
        "That is the basic block; the bottleneck is missing",
        lambda c: _block(c)[1],
        "That is the bottleneck; the basic block is missing",
    ],
    hint="Which convolutions has each block, and how many weights has each of them?",
)
