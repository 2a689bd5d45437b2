"""Checks of chapter 04, VGG."""

import math
import operator
from itertools import accumulate

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from course_lib.exercises.challenge import Challenge, Refused
from course_lib.exercises.check import Check
from course_lib.exercises.nets import NetCheck, uses_a_layer_twice
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import progress as progress
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
    for filters, count in zip(_FILTERS, convolutions, strict=True):
        channels = [seen, *[filters if inner else seen] * (count - 1)]
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


def _conv(x, filters, kernel=3, padding="same", activation="relu"):
    return layers.Conv2D(filters, kernel, padding=padding, activation=activation)(x)


def _stages(x, convolutions, filters, more=_conv, fewer=0, widen=1, shared=False, pool=True):
    """VGG's stages, or what a mistake makes of them: `more` adds all but the first of a stage."""
    for count, width in zip(convolutions, filters, strict=True):
        x = first = _conv(x, width)
        again = layers.Conv2D(width, 3, padding="same", activation="relu")
        for i in range(1, count - fewer):
            x = again(x) if shared else more(x, width * widen**i)
            if pool == "inside":
                x = layers.MaxPooling2D(2, padding="same")(x)
            if pool == "first":
                x = layers.Add()([x, first])
        if pool != "inside":
            x = layers.MaxPooling2D(2)(x)
    return x


def _side_by_side(x, convolutions, filters):
    for count, width in zip(convolutions, filters, strict=True):
        x = _conv(x, width)
        x = layers.Add()([_conv(x, width) for _ in range(count - 1)]) if count > 2 else x
        x = layers.MaxPooling2D(2)(x)
    return x


vgg_stages = NetCheck(
    "4.4 vgg_stages",
    _stages,
    "Each call of Conv2D makes new weights; each call of what it returns uses them again",
    cases=[
        ((16, 16, 3), (2, 2), (4, 6)),
        ((16, 12, 3), (3, 3), (4, 6)),
        ((16, 16, 2), (1, 4), (3, 5)),
    ],
    mistakes=[
        lambda x, c, f: _stages(x, c, f, fewer=1),
        "Now a stage is one layer short: the first stands before the inner loop",
        lambda x, c, f: _stages(x, c, f, fewer=-1),
        "Now a stage has one layer more than the table says: the first one counts, too",
        lambda x, c, f: _stages(x, c, f, widen=2),
        "Filters double from stage to stage, not within one",
        lambda x, c, f: _stages(x, c, f, more=lambda x, width: _conv(x, width, kernel=1)),
        "The count is nearer, but the new layers see no neighbour: their kernels are 3×3, too",
        lambda x, c, f: _stages(x, c, f, more=lambda x, width: _conv(x, width, padding="valid")),
        "A new layer should keep the size of the map, as the first one does",
        lambda x, c, f: _stages(x, c, f, more=lambda x, width: _conv(x, width, activation=None)),
        "The count is right, but two layers with nothing between them are one",
        lambda x, c, f: _stages(x, c, f, pool="inside"),
        "Pooling ends a stage; it does not stand behind each of its layers",
        lambda x, c, f: _stages(x, c, f, pool="first"),
        "Nothing is added up in VGG: each layer sees what the one before it gives",
        _side_by_side,
        "Layers with weights of their own, but side by side: each should see the one before it",
    ],
    stub=lambda x, c, f: _stages(x, c, f, shared=True),
    hint="Which line makes weights, and how often does it run for a stage of three?",
)


def _head(maps, side, units, classes, padding="valid", stride=1, relu="relu", end=None, later=1):
    """The three layers at every place, or what a mistake makes of them."""
    x = layers.Conv2D(units, side, stride, padding, activation="relu")(maps)
    x = layers.Conv2D(units, later, padding="same", activation=relu)(x)
    x = layers.Conv2D(classes, 1)(x)
    return end(x) if end else layers.Softmax()(layers.GlobalAveragePooling2D()(x))


def _dense(x, units, classes):
    for _ in range(2):
        x = layers.Dense(units, "relu")(x)
    return layers.Dense(classes, "softmax")(x)


any_size = NetCheck(
    "4.5 any_size",
    _head,
    "The weights are those of Flatten and three dense layers; the picture may have any size",
    cases=[((3, 3, 4), 3, 6, 5), ((5, 6, 4), 3, 6, 5), ((4, 5, 6), 2, 8, 3), ((7, 7, 2), 5, 4, 6)],
    mistakes=[
        lambda m, s, u, c: _dense(layers.Flatten()(m), u, c),
        "Flatten ties the weights to one size of the map, and so of the picture",
        lambda m, s, u, c: _dense(layers.GlobalAveragePooling2D()(m), u, c),
        "Averaged first, a map no longer tells what was where; fc1 has a weight for each place",
        lambda m, s, u, c: _head(m, s, u, c, padding="same"),
        "A window that hangs over the edge sees zeros: fc1 never saw such a thing in training",
        lambda m, s, u, c: _head(m, s, u, c, stride=s),
        "The windows overlap: from one place to the next it is one cell",
        lambda m, s, u, c: _head(m, s, u, c, later=3),
        "The second dense layer sees the units of one place, and no neighbour",
        lambda m, s, u, c: _head(m, s, u, c, relu=None),
        "A ReLU is missing: fc1 and fc2 have one each",
        lambda m, s, u, c: _head(
            m, s, u, c, end=lambda x: layers.GlobalAveragePooling2D()(layers.Softmax()(x))
        ),
        "Those are averaged probabilities; scores are averaged, and the softmax comes last",
        lambda m, s, u, c: _head(
            m, s, u, c, end=lambda x: layers.Softmax()(layers.GlobalMaxPooling2D()(x))
        ),
        "The largest score of all places is not their average",
        lambda m, s, u, c: _head(m, s, u, c, end=layers.GlobalAveragePooling2D()),
        "Those are scores: which layer makes probabilities of them?",
        lambda m, s, u, c: _head(m, s, u, c, end=layers.Softmax()),
        "One answer for each place; the picture should get one for all of them",
    ],
    hint="What does a unit of fc1 see, and what is a layer called that sees it at every place?",
)


_STACKABLE = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.ReLU)


def _view(net):
    """For each pixel whether each output channel at the centre depends on each channel there.

    Measured as in `probes.empirical_receptive_field`, for each pair of channels: by gradients, with
    positive weights, so that no two ways cancel each other.
    """
    for layer in net.layers:
        for w in layer.weights:
            w.assign(np.full(w.shape, 1 / np.prod(w.shape[:2]) if w.shape[1:] else 0))
    picture = tf.ones((1, *net.input_shape[1:]))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(picture)
        y = net(picture, training=False)
        centre = tf.unstack(y[0, y.shape[1] // 2, y.shape[2] // 2])
    return np.stack([tape.gradient(each, picture)[0] for each in centre], axis=-1) != 0


def _weights_of_view(stack, side=40, channels=8):
    """The weights of a stack, if its outputs see side × side pixels of all channels."""
    x = keras.Input((84, 84, channels))
    y = stack(x)
    if not isinstance(y, keras.KerasTensor) or len(y.shape) != 4 or y.shape[-1] != channels:
        raise Refused(f"return the tensor that comes out, a map with {channels} channels")
    net = keras.Model(x, y)
    for layer in net.operations[1:]:
        if type(layer) not in _STACKABLE or getattr(layer, "strides", (1, 1)) != (1, 1):
            raise Refused(
                "the stack may hold Conv2D, DepthwiseConv2D, SeparableConv2D and ReLU, with stride "
                f"1, but yours has this {type(layer).__name__}"
            )
        if len(layer.output.shape) != 4 or layer.output.shape[-1] < channels:
            raise Refused(f"no map on the way may have fewer than {channels} channels")
    if uses_a_layer_twice(net):
        raise Refused("each layer may stand in the stack once: make a new one for each place")
    seen = _view(net)
    if not seen.any(axis=(0, 1)).all():
        raise Refused("not every output channel depends on every channel of the input")
    both = seen.all(axis=(2, 3))
    if not np.lib.stride_tricks.sliding_window_view(both, (side, side)).all(axis=(2, 3)).any():
        rows, columns = (np.flatnonzero(both.any(axis=axis)) for axis in (1, 0))
        high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        what = "but with holes" if min(high, wide) >= side else f"not {side}×{side}"
        raise Refused(f"an output sees {high}×{wide} pixels, {what}")
    return sum(int(np.prod(w.shape)) for layer in net.layers for w in layer.weights)


wide_view = Challenge("4.6 wide_view", _weights_of_view, target=240, unit="weights")


loss_of_guessing = Check(
    "4.7 loss_of_guessing",
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
    "4.8 signal_after",
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

_LOW, _LESS = "Glorot, rate 0.0001", "Glorot, rate 0.0003"
_USUAL, _HIGH = "He, rate 0.001", "He, rate 0.003"
_NORMALISED = "Glorot + batch normalisation, rate 0.003"


def _before(first, *others):
    """Whether a guess puts the first before one of the others, and the measurement does not."""
    return lambda guess, measured: any(
        guess.index(first) < guess.index(other) and measured[first] < measured[other]
        for other in others
    )


which_start = Prediction(
    "4.9 which_start",
    "nets of five that left the wall",
    example=[_LOW, _LESS, _USUAL, _HIGH, _NORMALISED],
    assumptions=[
        lambda guess, measured: list(measured) == sorted(measured, reverse=True),
        "You blamed none of the three alone, and weighed them against each other",
        _before(_HIGH, _NORMALISED),
        "You assumed that nothing saves a net from steps that are too large",
        _before(_HIGH, _LOW, _LESS),
        "You assumed that good first weights stand any rate",
        _before(_LESS, _LOW),
        "You assumed that larger steps lead away from the wall sooner",
        _before(_LOW, _USUAL),
        "You assumed that small steps make up for any start",
    ],
)
