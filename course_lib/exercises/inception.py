"""Checks of chapter 05."""

import math

from course_lib.exercises.check import Check, integers
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


def _kernel(parameters, channels, widths, root=0.5, bias=True):
    others = _other_kernel(channels, widths, 0) - (not bias) * sum(widths)
    return (abs(parameters - others) / (widths[3] * widths[4])) ** root


kernel_found = Check(
    "5.4 kernel_found",
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
    "5.5 chain",
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
