"""Checks of chapter 04."""

import math
import operator
from itertools import accumulate

from course_lib.exercises.check import Check
from course_lib.measure.geometry import conv_cost, receptive_fields


def _field(kernels, strides, start=1, grows=lambda kernel: kernel - 1, apart=None):
    """The receptive field, or what a mistake makes of it.

    `grows` is what a kernel adds, `apart` how far apart neighbours lie before each layer.
    """
    apart = apart or [distance for _, distance in receptive_fields(kernels, strides)]
    return start + sum(grows(k) * distance for k, distance in zip(kernels, apart, strict=False))


receptive_field = Check(
    "4.1 receptive_field",
    _field,
    "You can now say what any layer of any stack sees",
    cases=[
        *[((3, 3), (1, 1)), ((3, 3, 3), (1, 1, 1)), ((3, 3, 2), (1, 1, 2)), ((1,), (3,))],
        *[((3, 3, 2, 3), (1, 1, 2, 1)), ((11, 3, 5), (4, 2, 1)), ((2, 4, 6), (2, 3, 2))],
        ((7, 1, 3, 2, 3), (2, 1, 2, 2, 1)),
    ],
    mistakes=[
        lambda k, s: _field(k, s, start=0),
        "Before the first layer a cell is one pixel, and sees itself",
        lambda k, s: _field(k, s, start=0, grows=lambda kernel: kernel),
        "Neighbouring windows overlap, so a layer adds less than its whole kernel",
        lambda k, s: _field(k, s, grows=lambda kernel: kernel),
        "A window holds the cell itself, too: a layer adds one less than its kernel",
        lambda k, s: _field(k, s, grows=lambda kernel: 2 * (kernel // 2)),
        "A kernel of even side adds an odd number: 2 adds 1, not 2",
        lambda k, s: _field(k, s, apart=[1] * len(k)),
        "With a stride, neighbours further up lie more than one pixel apart",
        lambda k, s: _field(k, s, apart=list(accumulate(s, operator.mul))),
        "A layer's own stride counts only for the layers after it",
        lambda k, s: _field(k, s, apart=s),
        "How far apart neighbours lie depends on all the strides before, not on one",
        lambda k, s: _field(k, s, apart=[1, *s]),
        "How far apart neighbours lie depends on all the strides before, not on the last",
        lambda k, s: _field(k, s, apart=[1, *accumulate(s)]),
        "A stride upon a stride makes neighbours lie farther apart than the sum of the two",
        lambda k, s: _field(k, s, apart=list(accumulate([1, *s]))),
        "Strides multiply: do not add a stride to the distance so far",
        lambda k, s: math.prod(k),
        "Fields add up, layer by layer; they do not multiply",
        lambda k, s: sum(k),
        "A layer adds less than its kernel, and earlier strides widen it",
    ],
)


def _stack(kernels, channels, filters, bias=True):
    seen = [channels, *[filters] * len(kernels)]
    return sum(
        conv_cost(k, c, filters) + bias * filters for k, c in zip(kernels, seen, strict=False)
    )


stack_parameters = Check(
    "4.2 stack_parameters",
    _stack,
    "152, 94 and 132 are yours; now you can weigh any stack against any other",
    cases=[
        *[((5,), 3, 2), ((3, 3), 3, 2), ((3, 3, 3), 3, 2), ((7,), 8, 8), ((3, 3, 3), 8, 16)],
        *[((5, 3), 3, 2), ((1, 3, 7), 4, 6), ((1,), 1, 1)],
    ],
    mistakes=[
        lambda k, c, f: _stack(k, c, f, bias=False),
        "Each filter has a bias too",
        lambda k, c, f: _stack(k, c, f, bias=False) + f,
        "Each filter of each layer has a bias, not only those of one",
        lambda k, c, f: _stack(k, c, f, bias=False) + len(k),
        "Each filter has a bias of its own, not each layer",
        lambda k, c, f: sum(_stack((kernel,), c, f) for kernel in k),
        "Only the first layer sees the input's channels; what does the next one see?",
        lambda k, c, f: _stack(k, f, f),
        "The first layer sees the input's channels, not yet the maps of a layer",
        lambda k, c, f: _stack(k[::-1], c, f),
        "The first kernel of the list is the one that sees the picture",
        lambda k, c, f: sum(kernel**2 * f + f for kernel in k),
        "A filter is as deep as its input: one square of weights for each channel",
        lambda k, c, f: k[0] * c * f + sum(k[1:]) * f * f + len(k) * f,
        "A kernel is a square: so many weights in each of its rows",
    ],
)

_FILTERS = (64, 128, 256, 512, 512)


def _vgg(convolutions, side=7, bias=True, dense=(4096, 4096, 1000), inner=True, picture=3):
    total, seen = 0, picture
    for filters, layers in zip(_FILTERS, convolutions, strict=True):
        channels = [seen, *[filters if inner else seen] * (layers - 1)]
        total += sum(conv_cost(3, c, filters) + bias * filters for c in channels)
        seen = filters
    inputs = side * side * seen
    for units in dense:
        total += (inputs + bias) * units
        inputs = units
    return total


vgg_parameters = Check(
    "4.3 vgg_parameters",
    _vgg,
    "You can count any VGG to the last bias; the dense layers hold most of it",
    cases=[((1, 1, 2, 2, 2),), ((2, 2, 2, 2, 2),), ((2, 2, 3, 3, 3),), ((2, 1, 3, 1, 4),)],
    mistakes=[
        lambda c: _vgg(c, bias=False),
        "Each unit has a bias too",
        lambda c: _vgg(c, dense=()),
        "Those are the convolutions; the three dense layers hold most of the parameters",
        lambda c: _vgg(c, side=14),
        "There are five pooling layers, one after each stage",
        lambda c: _vgg(c, side=1),
        "The first dense layer sees every place of the last map, not only its channels",
        lambda c: _vgg(c, side=224),
        "The pooling layers make the maps smaller on the way",
        lambda c: _vgg(c, inner=False),
        "Within a stage the second layer sees the first one's maps",
        lambda c: _vgg(c, dense=(4096, 1000)),
        "There are three dense layers, not two",
        lambda c: _vgg(c, dense=(4096, 4096)),
        "The last dense layer, for the classes, is missing",
        lambda c: _vgg(c, picture=1),
        "The picture is in colour: three channels come in",
        lambda c: _vgg((1,) * 5),
        "A stage has as many layers as `convolutions` says, not one",
    ],
    hint="Which layer differs? Compare layer by layer with tables.model_table of the same net",
)

loss_of_guessing = Check(
    "4.4 loss_of_guessing",
    lambda classes: math.log(classes),
    "Whenever a loss stands at this number, the net has not begun to tell the classes apart",
    cases=[(2,), (10,), (100,), (1000,), (1,), (7,)],
    mistakes=[
        lambda n: -math.log(n),
        "Mind the sign: a loss is never negative",
        lambda n: 1 - 1 / n,
        "That is the share of wrong answers; the loss is the logarithm of a probability",
        lambda n: 1 / n,
        "That is the probability of the true class; the loss is made of it",
        lambda n: math.log10(n),
        "Cross-entropy takes the natural logarithm, not that of base 10",
        lambda n: math.log2(n),
        "Cross-entropy takes the natural logarithm, not that of base 2",
        lambda n: n * math.log(n),
        "Only the true class counts, so there is one term, not one for each class",
        lambda n: math.log(n) / n,
        "Only the true class counts, with the whole of its term: do not average over classes",
    ],
)


def _signal(layers, inputs, variance, power=0.5):
    return (inputs * variance / 2) ** (layers * power)


signal_after = Check(
    "4.5 signal_after",
    _signal,
    "With variance 2 / inputs the signal stays as it is: that is He's initialisation",
    cases=[
        *[(1, 100, 0.02), (1, 100, 0.01), (15, 576, 2 / 576), (15, 576, 1 / 576), (4, 50, 0.08)],
        *[(2, 10, 0.1), (3, 20, 0.3), (0, 7, 0.5)],
    ],
    mistakes=[
        lambda n, i, v: _signal(n, i, v, power=1),
        "That is the variance; the standard deviation is asked for",
        lambda n, i, v: _signal(n, i, 2 * v),
        "ReLU throws away one half of the signal",
        lambda n, i, v: _signal(n // 2, i, v, power=1),
        "Half of an odd number of layers is not a whole number, and need not be",
        lambda n, i, v: _signal(n - 1, i, v),
        "Every layer changes the signal, the first one too",
        lambda n, i, v: n * _signal(1, i, v),
        "Layer upon layer multiplies; n times the same factor is a power, not a product",
        lambda n, i, v: _signal(1, i, v),
        "That is one layer; there are `layers` of them",
        lambda n, i, v: _signal(n, 1, v),
        "A sum of more terms spreads further: how many inputs are there?",
        lambda n, i, v: _signal(n, i, v, power=-0.5),
        "The other way round: larger weights make a larger signal",
    ],
)
