"""Checks of chapter 05."""

from math import prod

from course_lib.exercises.check import Check, Misconception

MODULE_3A = (64, 96, 128, 16, 32, 32)

channels_after = Check(
    "5.1 channels_after",
    lambda channels, one, three, five, modules: channels + modules * (one + three + five),
    "The pooling branch passes every channel on, so a naive stack can only grow",
    names=("channels", "one", "three", "five", "modules"),
    cases=[(3, 3, 3, 3, 1), (192, 64, 128, 32, 1), (192, 64, 128, 32, 2), (192, 64, 128, 32, 9)],
    misconceptions=[
        Misconception(
            lambda channels, one, three, five, modules: (
                channels + (modules - 1) * (one + three + five)
            ),
            "That is one module too few: the first one adds channels too",
        ),
        Misconception(
            lambda channels, one, three, five, modules: modules * (one + three + five),
            "The pooling branch adds channels too: as many as came in",
        ),
        Misconception(
            lambda channels, one, three, five, modules: one + three + five,
            "The fourth branch, pooling, is missing: it keeps all channels that came in",
        ),
        Misconception(
            lambda channels, one, three, five, modules: channels + one + three + five,
            "That is one module; the next one starts from what this one returns",
        ),
        Misconception(
            lambda channels, one, three, five, modules: modules * (channels + one + three + five),
            "The channels that came in are passed on, not doubled: each module adds only "
            "one + three + five",
        ),
        Misconception(
            lambda channels, one, three, five, modules: max(channels, one, three, five),
            "Branches are laid side by side, so their channels add up",
        ),
    ],
    hint="How many channels does each of the four branches return?",
)


def _parameters(channels, widths, kernel5=5, bias=1):
    one, reduce3, three, reduce5, five, project = widths
    narrow = (channels + bias) * (one + reduce3 + reduce5 + project)
    return narrow + (9 * reduce3 + bias) * three + (kernel5**2 * reduce5 + bias) * five


def _without_reductions(channels, widths):
    one, _, three, _, five, project = widths
    return (
        (channels + 1) * (one + project) + (9 * channels + 1) * three + (25 * channels + 1) * five
    )


def _blind_to_reductions(channels, widths):
    _, reduce3, _, reduce5, _, _ = widths
    return _without_reductions(channels, widths) + (channels + 1) * (reduce3 + reduce5)


def _only_large(channels, widths):
    one, reduce3, three, reduce5, five, project = widths
    return (channels + 1) * (one + project) + (9 * reduce3 + 1) * three + (25 * reduce5 + 1) * five


def _project_sees_one(channels, widths):
    *_, project = widths
    return _parameters(channels, widths) - (channels - 1) * project


module_parameters = Check(
    "5.2 module_parameters",
    _parameters,
    "176 for the small module, 163,696 for module 3a: you can check every row of the paper's table",
    names=("channels", "widths"),
    cases=[(3, (3, 2, 2, 2, 2, 2)), (192, MODULE_3A), (480, (192, 96, 208, 16, 48, 64))],
    misconceptions=[
        Misconception(
            lambda channels, widths: _parameters(channels, widths, bias=0),
            "Every filter has a bias too, the 1×1 filters as well",
        ),
        Misconception(
            lambda channels, widths: _parameters(channels, widths, kernel5=3),
            "This is the very mistake that this chapter hunts: a 5×5 kernel has 25 weights for "
            "each channel that it sees",
        ),
        Misconception(
            _blind_to_reductions,
            "The 3×3 and the 5×5 see only what their reductions leave, not all channels",
        ),
        Misconception(
            lambda channels, widths: _parameters(channels, (*widths[:5], 0)),
            "The projection after the pooling is missing: a 1×1 convolution, too",
        ),
        Misconception(
            lambda channels, widths: _parameters(channels, widths) - widths[1] - widths[3],
            "The two reductions have biases, too",
        ),
        Misconception(
            _without_reductions,
            "The 3×3 and the 5×5 see only what their reductions leave, and the reductions have "
            "weights of their own",
        ),
        Misconception(
            _only_large,
            "The two reductions are convolutions too: 1×1, with weights and biases",
        ),
        Misconception(
            _project_sees_one,
            "The projection sees all channels: pooling does not mix them, and keeps every one",
        ),
        Misconception(
            lambda channels, widths: channels * sum(widths),
            "Kernels differ: 9 weights a channel in a 3×3, 25 in a 5×5, and what they see differs "
            "too",
        ),
    ],
    hint="Six convolutions, each with kernel · kernel · channels seen · filters weights and one "
    "bias a filter",
)


def _costs(side, channels, reduce, filters, kernel):
    direct = side**2 * kernel**2 * channels * filters
    return direct, side**2 * (channels * reduce + kernel**2 * reduce * filters)


def _without_its_own(side, channels, reduce, filters, kernel):
    return (
        side**2 * kernel**2 * channels * filters,
        side**2 * kernel**2 * reduce * filters,
    )


def _weights(side, channels, reduce, filters, kernel):
    return _costs(1, channels, reduce, filters, kernel)


def _with_biases(side, channels, reduce, filters, kernel):
    direct, reduced = _costs(side, channels, reduce, filters, kernel)
    return direct + side**2 * filters, reduced + side**2 * (reduce + filters)


def _large_reduction(side, channels, reduce, filters, kernel):
    return (
        side**2 * kernel**2 * channels * filters,
        side**2 * kernel**2 * (channels * reduce + reduce * filters),
    )


def _kernel_not_squared(side, channels, reduce, filters, kernel):
    return (
        side**2 * kernel * channels * filters,
        side**2 * (channels * reduce + kernel * reduce * filters),
    )


def _reads_all_channels(side, channels, reduce, filters, kernel):
    direct = side**2 * kernel**2 * channels * filters
    return direct, direct + side**2 * channels * reduce


branch_costs = Check(
    "5.3 branch_costs",
    _costs,
    "In module 3a the 5×5 branch falls from 120 to 12 million multiply-adds: to about a tenth",
    names=("side", "channels", "reduce", "filters", "kernel"),
    cases=[(4, 8, 2, 4, 3), (28, 192, 16, 32, 5), (28, 192, 96, 128, 3), (14, 64, 64, 32, 3)],
    misconceptions=[
        Misconception(
            lambda *case: _costs(*case)[::-1],
            "Return the branch without its reduction first, then the one with it",
        ),
        Misconception(
            _without_its_own,
            "The reduction itself has to be computed too: channels · reduce at every place",
        ),
        Misconception(
            _weights,
            "Those are the weights; each is used at every place, side · side times",
        ),
        Misconception(
            _kernel_not_squared,
            "A kernel is a square: kernel · kernel weights for each channel that it sees",
        ),
        Misconception(
            _reads_all_channels,
            "After the reduction the large kernel sees `reduce` channels, not all of them",
        ),
        Misconception(
            lambda *case: tuple(2 * cost for cost in _costs(*case)),
            "A multiply-add is one multiplication with its addition: count it once",
        ),
        Misconception(
            lambda side, *case: tuple(cost // side for cost in _costs(side, *case)),
            "The map is a square: side · side places",
        ),
        Misconception(
            _large_reduction,
            "The reduction is a 1×1 convolution: no kernel · kernel in its part",
        ),
        Misconception(
            _with_biases,
            "A bias is an addition, no multiply-add; papers leave it out",
        ),
    ],
    hint="Multiply-adds = places · weights of the kernel; the second number has two convolutions",
)


def _kernel(parameters, channels, widths, root=0.5, bias=1):
    *_, reduce5, five, _ = widths
    others = _parameters(channels, widths, kernel5=0, bias=bias)
    return (abs(parameters - others) / (reduce5 * five)) ** root


kernel_found = Check(
    "5.4 kernel_found",
    lambda *case: round(_kernel(*case)),
    "A parameter count tells which kernel the code has, whatever its name says",
    names=("parameters", "channels", "widths"),
    cases=[
        (176, 3, (3, 2, 2, 2, 2, 2)),
        (112, 3, (3, 2, 2, 2, 2, 2)),
        (155_504, 192, MODULE_3A),
        (163_696, 192, MODULE_3A),
        (175_984, 192, MODULE_3A),
        (151_408, 192, MODULE_3A),
        (159_088, 192, MODULE_3A),
    ],
    misconceptions=[
        Misconception(
            lambda parameters, channels, widths: 5,
            "That is what the name says; the count may say something else",
        ),
        Misconception(
            lambda parameters, channels, widths: 3,
            "Not every code has the mistake: let the count decide",
        ),
        Misconception(
            lambda *case: round(_kernel(*case, root=1)),
            "Those are the weights for each channel seen; a kernel is a square, so take the root",
        ),
        Misconception(
            lambda *case: _kernel(*case, bias=0),
            "The parameters hold biases too: one for each filter of all six convolutions",
        ),
        Misconception(
            lambda parameters, channels, widths: _parameters(channels, widths) == parameters,
            "Return the kernel's size, such as 5, not whether it is right",
        ),
    ],
    hint="Take the six convolutions' parameters with a 5×5, and see what a smaller or larger "
    "kernel would change: reduce5 · five weights for each of its places",
)


def _chain(kernels):
    return (
        1 + sum(height - 1 for height, _ in kernels),
        1 + sum(width - 1 for _, width in kernels),
        sum(height * width for height, width in kernels),
    )


chain = Check(
    "5.5 chain",
    _chain,
    "Now you can take any kernel apart, and say what it saves",
    names=("kernels",),
    cases=[
        ([(3, 3), (3, 3)],),
        ([(5, 5)],),
        ([(1, 7), (7, 1)],),
        ([(1, 3), (3, 1), (3, 3)],),
        ([(1, 7)],),
        ([(3, 1), (1, 5)],),
    ],
    misconceptions=[
        Misconception(
            lambda kernels: (
                sum(height for height, _ in kernels),
                sum(width for _, width in kernels),
                _chain(kernels)[2],
            ),
            "The first kernel sees its own size; each further one adds its size minus 1",
        ),
        Misconception(
            lambda kernels: (
                max(height for height, _ in kernels),
                max(width for _, width in kernels),
                _chain(kernels)[2],
            ),
            "A second kernel looks at cells that have each seen a patch: the field grows",
        ),
        Misconception(
            lambda kernels: (_chain(kernels)[1], _chain(kernels)[0], _chain(kernels)[2]),
            "The height comes first, then the width",
        ),
        Misconception(
            lambda kernels: (_chain(kernels)[0], _chain(kernels)[0], _chain(kernels)[2]),
            "Height and width need not be equal: add up each for itself",
        ),
        Misconception(
            lambda kernels: (*_chain(kernels)[:2], prod(h * w for h, w in kernels)),
            "The convolutions stand one after the other: their weights add up",
        ),
        Misconception(
            lambda kernels: (*_chain(kernels)[:2], sum(h * h for h, _ in kernels)),
            "A kernel of height × width has height · width weights, also where they differ",
        ),
        Misconception(
            lambda kernels: (
                *_chain(kernels)[:2],
                sum(height + width for height, width in kernels),
            ),
            "A kernel of height × width has height · width weights",
        ),
        Misconception(
            lambda kernels: (*_chain(kernels)[:2], _chain(kernels)[0] * _chain(kernels)[1]),
            "Those are the weights of one kernel that sees as much; the chain has fewer",
        ),
        Misconception(
            lambda kernels: (*_chain(kernels)[:2], _chain(kernels)[2] + len(kernels)),
            "Without biases: count the weights alone",
        ),
        Misconception(
            lambda kernels: (_chain(kernels)[0], _chain(kernels)[2]),
            "Return three numbers: height seen, width seen, weights",
        ),
    ],
    hint="How much higher does the field get with a kernel of height 3? And of height 1?",
)
