"""Checks of chapter 05, Inception."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from course_lib.exercises.challenge import Challenge, Refused
from course_lib.exercises.check import Check, integers
from course_lib.exercises.nets import NetCheck, uses_a_layer_twice
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import progress as progress
from course_lib.measure import tables
from course_lib.measure.geometry import conv_cost, inception_costs, receptive_fields

_SMALL = (3, 2, 2, 2, 2, 2)
_MODULE_3A = (64, 96, 128, 16, 32, 32)
_MODULE_3B = (128, 128, 192, 32, 96, 64)

channels_after = Check(
    "5.1 channels_after",
    lambda channels, one, three, five, modules: channels + modules * (one + three + five),
    "The pooling branch passes every channel on, so a naive stack can only grow",
    cases=[
        *[(3, 3, 3, 3, 1), (192, 64, 128, 32, 1), (192, 64, 128, 32, 2), (192, 64, 128, 32, 9)],
        *[(5, 1, 2, 4, 0), *integers(5, (1, 500), (1, 99), (1, 99), (1, 99), (2, 6))],
    ],
    mistakes=[
        lambda c, a, b, d, n: c + (n - 1) * (a + b + d),
        "That is one module too few: the first one adds channels too",
        lambda c, a, b, d, n: n * (a + b + d),
        "The pooling branch adds channels too: as many as came in",
        lambda c, a, b, d, n: a + b + d,
        "The fourth branch, pooling, is missing: it keeps all channels that came in",
        lambda c, a, b, d, n: c + n * (a + b),
        "The 5×5 branch is missing",
        lambda c, a, b, d, n: c + n * (a + d),
        "The 3×3 branch is missing",
        lambda c, a, b, d, n: c + n * (b + d),
        "The 1×1 branch is missing",
        lambda c, a, b, d, n: c + a + b + d,
        "That is one module; the next one starts from what this one returns",
        lambda c, a, b, d, n: n * (c + a + b + d),
        "The channels that came in are passed on; they come in once, not once for each module",
        lambda c, a, b, d, n: max(c, a, b, d),
        "Branches are laid side by side, so their channels add up",
    ],
    hint="How many channels does each of the four branches return?",
)


def _module(channels, widths, bias=True):
    return sum(inception_costs(channels, widths).values()) + bias * sum(widths)


def _other_kernel(channels, widths, kernel):
    """The module's parameters with this kernel in the place of the 5×5."""
    reduce5, five = widths[3:5]
    return _module(channels, widths) + (kernel**2 - 25) * reduce5 * five


def _sees_all(channels, widths):
    """The parameters if the large kernels saw all channels beside their reductions."""
    _, reduce3, three, reduce5, five, _ = widths
    return (
        _module(channels, widths)
        + conv_cost(3, channels - reduce3, three)
        + conv_cost(5, channels - reduce5, five)
    )


def _reductions(channels, widths):
    return (channels + 1) * (widths[1] + widths[3])


module_parameters = Check(
    "5.2 module_parameters",
    _module,
    "176 for the small module, 163,696 for module 3a: you can check every row of the paper's table",
    cases=[
        *[(3, _SMALL), (192, _MODULE_3A), (256, _MODULE_3B)],
        *[(c, tuple(widths)) for c, *widths in integers(52, (1, 99), *[(1, 50)] * 6, count=3)],
    ],
    mistakes=[
        lambda c, w: _module(c, w, bias=False),
        "Every filter has a bias too, the 1×1 filters as well",
        lambda c, w: _other_kernel(c, w, 3),
        "This is the very mistake that this chapter hunts: how many weights has a 5×5 kernel?",
        _sees_all,
        "The 3×3 and the 5×5 see only what their reductions leave, not all channels",
        lambda c, w: _module(c, (*w[:5], 0)),
        "The projection after the pooling is missing: a 1×1 convolution, too",
        lambda c, w: _module(c, w) - w[1] - w[3],
        "The two reductions have biases, too",
        lambda c, w: _sees_all(c, w) - _reductions(c, w),
        "The reductions have weights of their own, and change what the 3×3 and the 5×5 see",
        lambda c, w: _module(c, w) - _reductions(c, w),
        "The two reductions are convolutions too: 1×1, with weights and biases",
        lambda c, w: _module(c, w) - (c - 1) * w[5],
        "The projection sees all channels: pooling does not mix them, and keeps every one",
        lambda c, w: _module(c, (w[0], w[3], w[2], w[1], *w[4:])),
        "The two reductions have changed places: in `widths` each stands before its kernel",
        lambda c, w: c * sum(w),
        "Kernels differ in size, and in how many channels they see",
    ],
    hint="Six convolutions: which kernel has each, what does it see, how many filters are there?",
)


def _costs(side, channels, reduce, filters, kernel, bias=False):
    return (
        conv_cost(kernel, channels, filters, side) + bias * side**2 * filters,
        conv_cost(1, channels, reduce, side)
        + conv_cost(kernel, reduce, filters, side)
        + bias * side**2 * (reduce + filters),
    )


def _second(cost):
    """A mistake in the second number alone."""
    return lambda s, c, r, f, k: (conv_cost(k, c, f, s), cost(s, c, r, f, k))


branch_costs = Check(
    "5.3 branch_costs",
    _costs,
    "In module 3a the 5×5 branch falls from 120 to 12 million multiply-adds: to about a tenth",
    cases=[
        *[(4, 8, 2, 4, 3), (28, 192, 16, 32, 5), (28, 192, 96, 128, 3), (14, 64, 64, 32, 3)],
        *integers(53, (1, 30), (1, 99), (1, 50), (1, 50), (2, 7)),
    ],
    mistakes=[
        lambda *case: _costs(*case)[::-1],
        "Return the branch without its reduction first, then the one with it",
        _second(lambda s, c, r, f, k: conv_cost(k, r, f, s)),
        "The reduction itself has to be computed too, at every place",
        _second(lambda s, c, r, f, k: conv_cost(k, c, f, s) + conv_cost(1, c, r, s)),
        "After the reduction the large kernel sees what the reduction leaves, not all channels",
        _second(lambda s, c, r, f, k: conv_cost(k, c, r, s) + conv_cost(k, r, f, s)),
        "The reduction is a 1×1 convolution: its kernel has one place",
        _second(lambda s, c, r, f, k: conv_cost(1, c, r) + conv_cost(k, r, f, s)),
        "The reduction is computed at every place, too",
        lambda side, *case: _costs(1, *case),
        "Those are the weights; each of them is used at every place of the map",
        lambda side, *case: tuple(side * cost for cost in _costs(1, *case)),
        "The map is a square: its places are not just one row",
        lambda s, c, r, f, k: (s * s * k * c * f, s * s * (c * r + k * r * f)),
        "A kernel is a square: so many weights in each of its rows, for each channel",
        lambda *case: tuple(2 * cost for cost in _costs(*case)),
        "A multiply-add is one multiplication with its addition: count it once",
        lambda *case: _costs(*case, bias=True),
        "A bias is an addition, no multiply-add; papers leave it out",
    ],
    hint="How many weights has each convolution, and at how many places is each of them used?",
)

_NAIVE, _OPEN, _SQUEEZED = "naive", "1×1, nothing squeezed", "1×1, squeezed"

squeezing = Prediction(
    "5.4 squeezing",
    "test accuracy after 4 epochs, %",
    example=[_NAIVE, _OPEN, _SQUEEZED],
    assumptions=[
        lambda guess, measured: list(measured) == sorted(measured, reverse=True),
        "You assumed that a layer more gains much, and that a squeeze costs a part of it",
        lambda guess, measured: guess[0] == _NAIVE,
        "You assumed that it is best if every kernel sees all channels itself",
        lambda guess, measured: guess.index(_NAIVE) < guess.index(_SQUEEZED),
        "You assumed that what a squeeze throws away is worth more than one more layer",
        lambda guess, measured: guess[0] == _SQUEEZED,
        "You assumed that fewer weights learn more from few pictures",
    ],
)

_CHANNELS, _OUTPUTS, _WIDEST, _WIDE = 48, 64, 5, 8


def _net_of(build, side):
    x = keras.Input((side, side, _CHANNELS))
    y = build(x)
    if not isinstance(y, keras.KerasTensor) or y.shape[1:] != (side, side, _OUTPUTS):
        raise Refused(f"return a map as large as the one that came in, with {_OUTPUTS} channels")
    net = keras.Model(x, y)
    convolutions = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
    for layer in net.operations[1:]:
        kind = type(layer)
        if kind is not layers.Concatenate and (kind not in convolutions or layer.strides != (1, 1)):
            raise Refused(
                "the module may hold Conv2D, DepthwiseConv2D and SeparableConv2D with stride 1, "
                f"and Concatenate, but yours has this {kind.__name__}"
            )
        allowed = (None, keras.activations.linear, keras.activations.relu)
        if getattr(layer, "activation", None) not in allowed:
            raise Refused("use no other activation than ReLU")
    if uses_a_layer_twice(net):
        raise Refused("each layer may stand in the module once: make a new one for each place")
    return net


def _pulls(net):
    """How each output at the centre changes with each number of the map, ReLUs left out.

    One row for each output channel: as many copies of the map go in as there are channels, and of
    each another output is asked.
    """
    random = np.random.default_rng(0)
    for layer in net.layers:
        if hasattr(layer, "activation"):
            layer.activation = keras.activations.linear
        layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    maps = tf.ones((_OUTPUTS, *net.input_shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        y = net(maps, training=False)
        asked = tf.linalg.diag_part(y[:, y.shape[1] // 2, y.shape[2] // 2])
    return tape.gradient(asked, maps).numpy()


def _cost_of_module(build):
    """Multiply-adds on a map of 28×28, if the module obeys the rules."""
    cost = tables.totals(_net_of(build, 28))["multiply_adds"]
    pulls = _pulls(_net_of(build, 9))
    if not pulls.any(axis=(1, 2)).all():
        raise Refused("not every output depends on every channel that comes in")
    seen = pulls.any(axis=3)
    for axis in (1, 2):
        wide = max(np.ptp(np.flatnonzero(line)) + 1 for line in seen.any(axis=axis))
        if wide > _WIDEST:
            raise Refused(f"an output sees {wide} pixels in a line; the widest view is {_WIDEST}")
    whole = int((seen.sum(axis=(1, 2)) == _WIDEST**2).sum())
    if whole < _WIDE:
        raise Refused(f"{whole} outputs see all of 5×5 pixels; at least {_WIDE} should")
    rows = pulls.reshape(_OUTPUTS, -1).astype("float64")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    independent = np.linalg.matrix_rank(rows, tol=1e-5)
    if independent < _OUTPUTS:
        raise Refused(
            f"only {independent} of the {_OUTPUTS} outputs are independent, the others are sums of "
            "them"
        )
    return cost


thin_module = Challenge("5.5 thin_module", _cost_of_module, target=465_000, unit="multiply-adds")


def _kernel(parameters, channels, widths, root=0.5, bias=True):
    others = _other_kernel(channels, widths, 0) - (not bias) * sum(widths)
    return (abs(parameters - others) / (widths[3] * widths[4])) ** root


kernel_found = Check(
    "5.6 kernel_found",
    lambda parameters, channels, widths: round(_kernel(parameters, channels, widths)),
    "A parameter count tells which kernel the code has, whatever its name says",
    cases=[
        *[(_other_kernel(3, _SMALL, kernel), 3, _SMALL) for kernel in (5, 3)],
        *[(_other_kernel(192, _MODULE_3A, k), 192, _MODULE_3A) for k in (3, 5, 7, 1, 13)],
        *[(_other_kernel(256, _MODULE_3B, k), 256, _MODULE_3B) for k in (4, 5, 30)],
    ],
    mistakes=[
        lambda *case: 5,
        "That is what the name says; the count may say something else",
        lambda *case: 3,
        "Not every code has the mistake: let the count decide",
        lambda *case: round(_kernel(*case, root=1)),
        "Those are the kernel's places; how long is the side of a square with so many?",
        lambda *case: _kernel(*case, bias=False),
        "The parameters hold biases too: one for each filter of all six convolutions",
        lambda parameters, channels, widths: _module(channels, widths) == parameters,
        "Return the kernel's size, such as 5, not whether it is right",
        lambda parameters, c, w: 5 if parameters == _module(c, w) else 3,
        "The kernel may be neither: 1×1, 4×4 and 7×7 are possible, too",
        lambda *case: kernel if (kernel := round(_kernel(*case))) < 12 else None,
        "A kernel may be larger than those that you have tried",
    ],
    hint="How many parameters would a real 5×5 give, and what does one more place of it cost?",
)


def _convolved(x, filters, kernel, relu=True):
    activation = "relu" if relu else None
    return layers.Conv2D(filters, kernel, padding="same", activation=activation)(x)


def _whole_module(
    x, one, reduce3, three, reduce5, five, project, window=3, relu=True, late=True, **changes
):
    """An Inception module; the options are the three faults of the stub, `changes` others."""
    pool = changes.get("pool", layers.MaxPooling2D)(window, strides=1, padding="same")
    last = changes.get("last", True)
    pooled = _convolved(pool(x), project, 1, last) if late else pool(_convolved(x, project, 1))
    branches = [
        _convolved(x, one, 1),
        _convolved(_convolved(x, reduce3, 1, relu), three, 3),
        _convolved(_convolved(x, reduce5, 1, relu), five, changes.get("kernel", 5)),
        pooled,
    ]
    return layers.Concatenate()(branches)


def _faulty(window=2, relu=False, late=False):
    return lambda *case: _whole_module(*case, window=window, relu=relu, late=late)


inception_module = NetCheck(
    "5.7 inception_module",
    lambda x, one, reduce3, three, reduce5, five, project: _whole_module(
        x, one, reduce3, three, reduce5, five, project
    ),
    "A count finds wrong kernels; what has no weights, only the outputs show",
    cases=[((6, 6, 5), 6, 3, 4, 2, 5, 7), ((7, 4, 3), 4, 5, 3, 2, 6, 7)],
    mistakes=[
        _faulty(window=3),
        "The window is right now. What follows a reduction, and what does the pooling see?",
        _faulty(relu=True),
        "The reductions are right now. In the fourth branch, two things are not",
        _faulty(late=True),
        "The order is right now. How far does the pooling see, and what follows a reduction?",
        _faulty(window=3, relu=True),
        "One thing is left: in the fourth branch, which of the two comes first?",
        _faulty(window=3, late=True),
        "One thing is left: two layers with nothing between them are one",
        _faulty(relu=True, late=True),
        "One thing is left: a pooling window, like a kernel, has a side",
        lambda *case: _whole_module(*case, pool=layers.AveragePooling2D),
        "The pooling takes the largest number, not the average",
        lambda *case: _whole_module(*case, last=False),
        "The projection has a ReLU behind it, too",
        lambda *case: _whole_module(*case, kernel=3),
        "Now the old mistake is back: count",
    ],
    stub=_faulty(),
    hint="Compare with the drawing, branch by branch: what stands where, and what has no weights?",
)


def _chain(kernels):
    heights, widths = zip(*kernels, strict=True)
    height, width = (receptive_fields(sides)[-1][0] for sides in (heights, widths))
    return height, width, sum(conv_cost(kernel, 1, 1) for kernel in kernels)


def _weights(count):
    """A mistake in the third number alone."""
    return lambda kernels: (*_chain(kernels)[:2], count(kernels))


def _seen(see):
    """A mistake in the first two numbers: `see` makes of all heights, or widths, what is seen."""
    return lambda kernels: (*map(see, zip(*kernels, strict=True)), _chain(kernels)[2])


chain = Check(
    "5.8 chain",
    _chain,
    "Now you can take any kernel apart, and say what it saves",
    cases=[
        *[([(3, 3), (3, 3)],), ([(5, 5)],), ([(1, 7), (7, 1)],), ([(1, 3), (3, 1), (3, 3)],)],
        *[([(1, 7)],), ([(3, 1), (1, 5)],), ([(2, 3), (4, 1), (5, 6)],), ([(1, 1)],)],
    ],
    mistakes=[
        _seen(sum),
        "The first kernel sees its own size; how much more does each further one see?",
        _seen(max),
        "A second kernel looks at cells that have each seen a patch: the field grows",
        _seen(math.prod),
        "Fields add up, kernel by kernel; they do not multiply",
        _seen(lambda sides: sum(sides) - len(sides)),
        "Before the first kernel a cell is one pixel, and sees itself",
        lambda kernels: _chain([kernel[::-1] for kernel in kernels]),
        "The height comes first, then the width",
        lambda kernels: (_chain(kernels)[0], _chain(kernels)[0], _chain(kernels)[2]),
        "Height and width need not be equal: add up each for itself",
        _weights(lambda kernels: math.prod(h * w for h, w in kernels)),
        "The convolutions stand one after the other: their weights add up",
        _weights(lambda kernels: sum(h * h for h, _ in kernels)),
        "A kernel need not be a square: its width counts, too",
        _weights(lambda kernels: sum(h + w for h, w in kernels)),
        "A kernel is a rectangle of weights: how many places has it?",
        _weights(lambda kernels: math.prod(_chain(kernels)[:2])),
        "Those are the weights of one kernel that sees as much; the chain has fewer",
        _weights(lambda kernels: _chain(kernels)[2] + len(kernels)),
        "Without biases: count the weights alone",
        lambda kernels: (_chain(kernels)[0], _chain(kernels)[2]),
        "Return three numbers: height seen, width seen, weights",
    ],
    hint="How much higher does the field get with a kernel of height 3? And of height 1?",
)


def _halved(
    x, three, reduce, double, strides=(1, 1, 2), padding="valid", kernels=(1, 3, 3), **changes
):
    """The module that halves the side, or what a mistake makes of it."""
    y = x
    for filters, kernel, stride in zip((reduce, double, double), kernels, strides, strict=True):
        if kernel:
            pad = "same" if stride == 1 else padding
            relu = None if filters == reduce and changes.get("bare") else "relu"
            y = layers.Conv2D(filters, kernel, stride, pad, activation=relu)(y)
    pool = changes.get("pool", layers.MaxPooling2D)
    pooled = pool(changes.get("window", 3), 2, padding)(x)
    if changes.get("project"):
        pooled = layers.Conv2D(x.shape[-1], 1, activation="relu")(pooled)
    first = layers.Conv2D(three, 3, 2, padding, activation="relu")(x)
    return layers.Concatenate()([first, y, pooled][:: changes.get("order", 1)])


def _pooled_first(x, three, reduce, double):
    x = y = layers.MaxPooling2D(3, 2)(x)
    for filters, kernel in ((reduce, 1), (double, 3), (double, 3)):
        y = _convolved(y, filters, kernel)
    return layers.Concatenate()([_convolved(x, three, 3), y, x])


halve = NetCheck(
    "5.9 halve",
    lambda x, three, reduce, double: _halved(x, three, reduce, double),
    "Every number is looked at before the map shrinks, and v3 does it so between its stages",
    cases=[((9, 9, 4), 5, 3, 6), ((7, 11, 3), 4, 2, 5)],
    mistakes=[
        lambda *case: _halved(*case, padding="same"),
        "35 should become 17, and with padding it becomes 18",
        lambda *case: _halved(*case, strides=(1, 2, 1)),
        "The map shrinks one layer too early: in that branch the stride comes as late as it can",
        lambda *case: _halved(*case, pool=layers.AveragePooling2D),
        "The pooling takes the largest number, not the average",
        lambda *case: _halved(*case, window=2),
        "The windows of the pooling overlap: they are as large as the other branches' last ones",
        lambda *case: _halved(*case, project=True),
        "The pooling hands on the channels as they are: no weights behind it",
        lambda *case: _halved(*case, kernels=(0, 3, 3)),
        "The 1×1 is missing: two 3×3 on all channels are what it should spare",
        lambda *case: _halved(*case, kernels=(1, 0, 3)),
        "The middle branch has two 3×3",
        lambda *case: _halved(*case, bare=True),
        "A ReLU follows each convolution, the 1×1, too",
        lambda *case: _halved(*case, order=-1),
        "All is there, in another order: laid on top of each other as the task names them",
        _pooled_first,
        "Cheap, but three quarters of the numbers are gone before a layer has looked at them",
    ],
    hint="Which layer of each branch halves the side, and what has every layer before it seen?",
)
