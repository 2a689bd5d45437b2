"""Checks of chapter 06, ResNet."""

import numpy as np
from keras import layers

from course_lib import data, training
from course_lib.exercises.challenge import Challenge, Refused
from course_lib.exercises.check import Check
from course_lib.exercises.nets import NetCheck
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import progress as progress
from course_lib.measure.geometry import conv_cost
from course_lib.measure.metrics import accuracy
from course_lib.models import build_resnet_cifar

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


deeper = Prediction(
    "6.2 deeper",
    "how much higher is the deeper net's error, in points",
    example=5,
    bounds=(-100, 100),
    assumptions=[
        lambda guess, points: guess < 0 < points,
        "You assumed that a net which can do more also learns more. The deeper one has an answer "
        "that is at least as good, and does not find it",
        lambda guess, points: guess == 0,
        "You assumed that 30 more layers do no harm. They could do nothing, and must learn that",
        lambda guess, points: abs(guess - points) <= 10,
        "Either you know degradation, or you would not trust a signal to 44 layers",
        lambda guess, points: guess < points,
        "The right direction. You took it for a small loss; the deeper net has hardly begun",
        lambda guess, points: points < guess,
        "The right direction. You took the shallower net to be further on than it is",
    ],
)


def _kernel(size, channels, down, right, middle=None, through=np.eye):
    """The kernel that moves a picture, or what a mistake makes of it."""
    kernel = np.zeros((size, size, channels, channels))
    middle = size // 2 if middle is None else middle
    kernel[middle - down, middle - right] = through(channels)
    return kernel


shift_kernel = Check(
    "6.3 shift_kernel",
    _kernel,
    "A plain block has to find such a kernel to do nothing; a residual block only has to find zero",
    cases=[
        *[(3, 1, 1, 0), (3, 1, 0, 0), (3, 2, 0, 1), (5, 2, -2, 1), (5, 1, 1, 2), (7, 1, 3, -3)],
        *[(3, 3, -1, -1), (1, 2, 0, 0), (1, 1, 0, 0)],
    ],
    mistakes=[
        lambda size, channels, down, right: _kernel(size, channels, -down, -right),
        "Your picture moves the other way: from where does a pixel take its value, if all are to "
        "move down?",
        lambda size, channels, down, right: _kernel(size, channels, -down, right),
        "Left and right are as they should be; up and down are swapped",
        lambda size, channels, down, right: _kernel(size, channels, down, -right),
        "Up and down are as they should be; left and right are swapped",
        lambda size, channels, down, right: _kernel(size, channels, right, down),
        "The first axis of a kernel is its rows: which of the two numbers moves along it?",
        lambda size, channels, down, right: _kernel(size, channels, 0, 0),
        "That hands on the picture where it is: what are `down` and `right` for?",
        lambda size, channels, down, right: _kernel(size, channels, down, right, middle=0),
        "Count from the pixel itself: it lies in the middle of the window, not in its corner",
        lambda size, channels, down, right: _kernel(size, channels, -down, -right, middle=0),
        "Count from the pixel itself, which lies in the middle of the window. And which way?",
        lambda size, channels, down, right: _kernel(size, channels, down, right, middle=1),
        "The middle of a larger window lies further in: where does it lie for any size?",
        lambda *case: _kernel(*case, through=lambda n: np.ones((n, n))),
        "That adds up all channels; channel 0 should go to channel 0 alone",
        lambda *case: _kernel(*case, through=lambda n: np.eye(n)[::-1]),
        "The channels are swapped: channel 0 should go to channel 0",
        lambda *case: _kernel(*case) / case[0] ** 2,
        "The one pixel counts 1, not a share of the window: nothing is averaged",
        lambda *case: np.ones_like(_kernel(*case)) * np.eye(case[1]),
        "The channels are right, but one pixel should count, and all others 0",
        lambda *case: np.ones_like(_kernel(*case)),
        "That adds up the whole window and all channels; one of each should count",
        lambda *case: np.moveaxis(_kernel(*case), (0, 1), (2, 3)),
        "The axes are height, width, channels in, channels out, in this order",
        lambda *case: _kernel(*case)[:, :, 0],
        "A kernel has four axes: height, width, channels in, channels out",
        lambda *case: np.zeros_like(_kernel(*case)),
        "Zeros make the output 0. That is enough for F in a residual block, but not here",
    ],
    hint="Which pixel of its window should a place show, and which channel should each one go to?",
)


def _relu(z):
    return np.maximum(z, 0)


# Small whole numbers, so that a learner can follow them.
_BLOCKS = [
    tuple(_RNG.integers(-3, 4, size=shape).astype(float) for shape in ((n, c), (c, c), (c, c)))
    for n, c in ((2, 2), (3, 3), (1, 1), (2, 3), (4, 2))
]

residual_forward = Check(
    "6.4 residual_forward",
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


def _layer(x, filters, norm, kernel=3, stride=1):
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    return norm(x)


def _pair(
    new=layers.BatchNormalization,
    second=None,
    between=layers.ReLU,
    skip=True,
    last=layers.ReLU,
    after=None,
):
    """A residual block, or one with a mistake. `new` and `second` make a normalisation."""

    def block(x, filters):
        y = between()(_layer(x, filters, new()))
        y = _layer(y, filters, (second or new)())
        y = layers.Add()([x, y]) if skip else y
        return last()(after()(y) if after else y)

    return block


def _shared(x, filters):
    norm = layers.BatchNormalization()
    return _pair(lambda: norm)(x, filters)


mended = NetCheck(
    "6.5 mended",
    _pair(),
    "Now each place of the net keeps its own mean and variance, and the answers stay the same",
    cases=[((6, 6, 4), 4), ((5, 7, 3), 3)],
    stub=_shared,
    mistakes=[
        _pair(layers.Identity),
        "Without any normalisation the two modes agree, too; but how deep can you go then?",
        _pair(second=layers.Identity),
        "Now the second convolution has no normalisation at all. It needs one; which?",
        _pair(layers.Identity, layers.BatchNormalization),
        "Now the first convolution has no normalisation at all. It needs one; which?",
        _pair(layers.Identity, after=layers.BatchNormalization),
        "One normalisation after the sum: then x itself is rescaled in each block on its way",
        _pair(after=layers.BatchNormalization),
        "One normalisation too many, after the sum: then x itself is rescaled in each block",
        _pair(lambda: layers.BatchNormalization(momentum=1.0)),
        "Now the averages never move from where they began, and fit no map at all",
        _pair(lambda: layers.BatchNormalization(center=False, scale=False)),
        "The scales and shifts are gone; they were not at fault. What else does such a layer keep?",
        _pair(lambda: layers.LayerNormalization()),
        "That normalises each picture by itself: another net. Keep batch normalisation",
        _pair(between=layers.Identity),
        "The ReLU between the two layers got lost",
        _pair(skip=False),
        "The skip got lost; it was not at fault",
    ],
    hint="What does a normalisation layer remember from batch to batch, and of which maps?",
)


def _layers(blocks, convolutions, ends=2):
    return convolutions * sum(blocks) + ends


weight_layers = Check(
    "6.6 weight_layers",
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
    "6.7 block_weights",
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


def _preactivated(
    x,
    filters,
    stride,
    way=lambda x, front: front,
    identity=lambda x, front: x,
    always=False,
    kernel=1,
    strides=lambda stride: (stride, 1),
    normalised=True,
    between=True,
    last=layers.Identity,
    relu_first=False,
):
    """The block as the exercise asks, or with a mistake.

    `way` and `identity` say what the shortcut starts from, of x and of its front: normalised, and
    through the ReLU. The first is for blocks that change the shape.
    """

    def ahead(y):
        y = layers.ReLU()(y) if relu_first else y
        y = layers.BatchNormalization()(y) if normalised else y
        return y if relu_first else layers.ReLU()(y)

    def conv(y, kernel, stride):
        return layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(y)

    first, second = strides(stride)
    front = ahead(x)
    y = conv(front, 3, first)
    y = conv(ahead(y) if between else y, 3, second)
    if always or stride > 1 or x.shape[-1] != filters:
        start = way(x, front)
        x = conv(ahead(x) if start is None else start, kernel, stride)
    else:
        x = identity(x, front)
    return last()(layers.Add()([x, y]))


def _wrong(**mistake):
    return lambda x, filters, stride: _preactivated(x, filters, stride, **mistake)


preactivation_block = NetCheck(
    "6.8 preactivation_block",
    _preactivated,
    "Where the shape stays, nothing touches x any more; with such blocks 1001 layers train",
    cases=[((8, 8, 3), 4, 2), ((6, 6, 4), 4, 1), ((5, 7, 3), 5, 1), ((8, 8, 4), 4, 2)],
    mistakes=[
        _wrong(way=lambda x, front: x),
        "The projection is given x as it came; it should be given what the first convolution gets",
        _wrong(identity=lambda x, front: front),
        "Where the shape stays, the skip hands on x as it came, neither normalised nor cut at zero",
        _wrong(way=lambda x, front: None),
        "x is normalised twice, by two layers: the projection should share the first one's output",
        _wrong(always=True),
        "A projection in every block: where the shape stays, x needs none",
        _wrong(kernel=3),
        "The projection has a kernel of 3×3; to make x fit, one pixel is enough",
        _wrong(strides=lambda stride: (1, stride)),
        "The second convolution takes the stride; here the first one should",
        _wrong(normalised=False),
        "Where is the normalisation? Each convolution has one before its ReLU",
        _wrong(between=False),
        "Nothing stands between the two convolutions; the second needs its front, too",
        _wrong(last=layers.ReLU),
        "A ReLU after the sum stands in the way again: that is the block of 2015",
        _wrong(relu_first=True),
        "ReLU and normalisation are swapped: first normalise, then cut at zero",
    ],
    hint="Follow x on both ways: what happens to it before the sum if the shape stays? And if not?",
)

_RECIPE = training.TrainingConfig(
    epochs=5,
    batch_size=50,
    optimizer="sgd",
    learning_rate=0.1,
    momentum=0.9,
    schedule="cosine",
    warmup_epochs=1,
    weight_decay=1e-4,
)


def _halved(images):
    n, height, width, channels = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def learned(start, depth=44, n_train=1500, recipe=_RECIPE):
    """Training accuracy in per cent of the page's plain net, from the weights that `start` gives.

    Args:
        start: changes the weights of the net that it is given; returns nothing.
        depth, n_train, recipe: as on the page; smaller in tests.

    Raises Refused if the net is no longer the page's, or if `start` trains.
    """
    (pixels, y), (others, _) = data.load("shapes10", n_train=n_train, n_test=10)
    x = _halved(data.normalise(pixels, others)[0])

    def build():
        net = build_resnet_cifar(x.shape[1:], 10, depth=depth, width=0.5, shortcut=None)
        config = str(net.get_config())
        start(net)
        if str(net.get_config()) != config or not all(v.trainable for v in net.trainable_weights):
            raise Refused("the layers should stay as they are; only their weights may change")
        if not all(np.isfinite(w).all() for w in net.get_weights()):
            raise Refused("some of the weights are no finite numbers")
        if accuracy(net, x, y) > 0.2:
            raise Refused("the net knows the pictures before it is trained here")
        return net

    _, history = training.train(build, (x, y), None, recipe)
    return round(100 * history["accuracy"].iloc[-1], 1)


start_plain = Challenge(
    "6.9 start_plain",
    learned,
    target=30,
    unit="% of the training pictures in the last epoch",
    lower_is_better=False,
    limit_s=300,
)
