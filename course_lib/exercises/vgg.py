"""Checks of chapter 04."""

import math

from course_lib.exercises.check import Check, Misconception

FILTERS = (64, 128, 256, 512, 512)


def _field(kernels, strides, start=1, shrink=1, own_stride=False):
    field, jump = start, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        jump *= stride if own_stride else 1
        field += (kernel - shrink) * jump
        jump *= 1 if own_stride else stride
    return field


receptive_field = Check(
    "4.1 receptive_field",
    _field,
    "You can now say what any layer of any stack sees",
    names=("kernels", "strides"),
    cases=[
        ((3, 3), (1, 1)),
        ((3, 3, 3), (1, 1, 1)),
        ((3, 3, 2), (1, 1, 2)),
        ((3, 3, 2, 3), (1, 1, 2, 1)),
        ((11, 3, 5), (4, 2, 1)),
    ],
    misconceptions=[
        Misconception(
            lambda kernels, strides: _field(kernels, strides, start=0),
            "Before the first layer a cell is one pixel, which sees itself: start at 1",
        ),
        Misconception(
            lambda kernels, strides: _field(kernels, strides, start=0, shrink=0),
            "Neighbouring windows overlap: a layer adds kernel - 1, not kernel",
        ),
        Misconception(
            lambda kernels, strides: sum(kernels) - len(kernels) + 1,
            "With a stride, neighbours further up lie more than one pixel apart: multiply kernel "
            "- 1 by the strides of the layers before",
        ),
        Misconception(
            lambda kernels, strides: _field(kernels, strides, own_stride=True),
            "A layer's own stride counts only for the layers after it",
        ),
        Misconception(
            lambda kernels, strides: math.prod(kernels),
            "Fields add up, layer by layer; they do not multiply",
        ),
    ],
)


def _stack(kernels, channels, filters):
    total = 0
    for kernel in kernels:
        total += kernel**2 * channels * filters + filters
        channels = filters
    return total


stack_parameters = Check(
    "4.2 stack_parameters",
    _stack,
    "152, 94 and 132 are yours; now you can weigh any stack against any other",
    names=("kernels", "channels", "filters"),
    cases=[((5,), 3, 2), ((3, 3), 3, 2), ((3, 3, 3), 3, 2), ((7,), 8, 8), ((3, 3, 3), 8, 16)],
    misconceptions=[
        Misconception(
            lambda kernels, channels, filters: (
                _stack(kernels, channels, filters) - filters * len(kernels)
            ),
            "Each filter has a bias too",
        ),
        Misconception(
            lambda kernels, channels, filters: sum(
                k**2 * channels * filters + filters for k in kernels
            ),
            "Only the first layer sees the input's channels; the next one sees `filters` maps",
        ),
        Misconception(
            lambda kernels, channels, filters: sum(
                k**2 * filters * filters + filters for k in kernels
            ),
            "The first layer sees the input's channels, not yet `filters` maps",
        ),
        Misconception(
            lambda kernels, channels, filters: sum(k**2 * filters + filters for k in kernels),
            "A filter is as deep as its input: one square of weights for each channel",
        ),
    ],
)


def _vgg(convolutions, side=7, bias=1, dense=3, inner=True):
    total, channels = 0, 3
    for filters, layers in zip(FILTERS, convolutions, strict=True):
        for _ in range(layers):
            total += 9 * channels * filters + bias * filters
            channels = filters if inner else channels
        channels = filters
    inputs = side * side * 512
    for units in (4096, 4096, 1000)[3 - dense :] if dense else ():
        total += inputs * units + bias * units
        inputs = units
    return total


vgg_parameters = Check(
    "4.3 vgg_parameters",
    _vgg,
    "You can count any VGG to the last bias; the dense layers hold most of it",
    names=("convolutions",),
    cases=[((1, 1, 2, 2, 2),), ((2, 2, 2, 2, 2),), ((2, 2, 3, 3, 3),), ((2, 2, 4, 4, 4),)],
    misconceptions=[
        Misconception(lambda convolutions: _vgg(convolutions, bias=0), "Each unit has a bias too"),
        Misconception(
            lambda convolutions: _vgg(convolutions, dense=0),
            "Those are the convolutions; the three dense layers hold most of the parameters",
        ),
        Misconception(
            lambda convolutions: _vgg(convolutions, side=14),
            "There are five pooling layers, one after each stage: 224 becomes 7, not 14",
        ),
        Misconception(
            lambda convolutions: _vgg(convolutions, side=1),
            "The first dense layer sees the whole last map, 7·7·512 numbers",
        ),
        Misconception(
            lambda convolutions: _vgg(convolutions, inner=False),
            "Within a stage the second layer sees the first one's maps",
        ),
        Misconception(
            lambda convolutions: _vgg(convolutions, dense=2),
            "Three dense layers: 4,096, 4,096 and 1,000 units",
        ),
    ],
    hint="Print the number of each layer and compare with tables.model_table of the same net",
)

loss_of_guessing = Check(
    "4.4 loss_of_guessing",
    math.log,
    "Whenever a loss stands at this number, the net has not begun to tell the classes apart",
    names=("classes",),
    cases=[(2,), (10,), (100,), (1000,)],
    misconceptions=[
        Misconception(
            lambda classes: math.log(1 / classes),
            "The loss is minus the logarithm; it is never negative",
        ),
        Misconception(
            lambda classes: 1 - 1 / classes,
            "That is the share of wrong answers; the loss is the logarithm of a probability",
        ),
        Misconception(
            lambda classes: round(math.log(classes), 4), "Right; only leave out the rounding"
        ),
        Misconception(lambda classes: 1 / classes, "That is the probability; the loss is -log"),
        Misconception(
            lambda classes: -math.log10(1 / classes), "Cross-entropy takes the natural logarithm"
        ),
        Misconception(
            lambda classes: -math.log2(1 / classes),
            "Cross-entropy takes the natural logarithm, not that of base 2",
        ),
        Misconception(
            lambda classes: classes * math.log(classes),
            "Only the true class counts, so there is one term, not one for each class",
        ),
    ],
)

signal_after = Check(
    "4.5 signal_after",
    lambda layers, inputs, variance: (inputs * variance / 2) ** (layers / 2),
    "With variance 2 / inputs the signal stays as it is: that is He's initialisation",
    names=("layers", "inputs", "variance"),
    cases=[(1, 100, 0.02), (1, 100, 0.01), (15, 576, 2 / 576), (15, 576, 1 / 576), (4, 50, 0.08)],
    misconceptions=[
        Misconception(
            lambda layers, inputs, variance: (inputs * variance / 2) ** layers,
            "That is the variance; its square root is the standard deviation",
        ),
        Misconception(
            lambda layers, inputs, variance: (inputs * variance) ** (layers / 2),
            "ReLU throws away one half: each layer keeps inputs · variance / 2",
        ),
        Misconception(
            lambda layers, inputs, variance: (inputs * variance / 2) ** (layers // 2),
            "Half of an odd number of layers is not a whole number: layers / 2",
        ),
        Misconception(
            lambda layers, inputs, variance: layers * (inputs * variance / 2) ** 0.5,
            "Layer upon layer multiplies: a power, not a product",
        ),
        Misconception(
            lambda layers, inputs, variance: (inputs * variance / 2) ** 0.5,
            "That is one layer; there are `layers` of them",
        ),
        Misconception(
            lambda layers, inputs, variance: (variance / 2) ** (layers / 2),
            "A sum of more terms spreads further: multiply by inputs",
        ),
    ],
)
