"""Checks of functions that build nets: what the net does counts, not how it is written."""

import zlib
from collections import Counter
from functools import wraps
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.check import Check
from course_lib.exercises.values import show


class Behaviour(NamedTuple):
    """What a net does when its weights are those of `fill`."""

    net: keras.Model
    shapes: list[tuple]  # of its outputs, without the batch
    learned: int  # numbers that training changes
    frozen: int  # numbers that it does not change by the gradient
    outputs: list[np.ndarray]  # in inference mode
    kept: int  # weights that a call in training mode leaves as they are, of those without gradient
    unreached: list[keras.Layer]  # layers with weights to learn that no gradient reaches


def block(function, case):
    """The net of a function that is given a tensor, and of a case (shape, other arguments)."""
    shape, *arguments = case
    x = keras.Input(shape)
    y = function(x, *arguments)
    return keras.Model(x, y) if isinstance(y, keras.KerasTensor) else y


def whole(function, case):
    """The net of a function that returns one."""
    return function(*case)


class NetCheck(Check):
    """A check of a function that builds a net or a part of one.

    Nets are the same if, filled with the same weights, they give the same outputs; if equally many
    numbers learn; if the gradient reaches equally many layers; and if equally many moving averages
    move in training. Names and the order of lines do not matter. A wrong net is told what differs,
    and at which of its layers first. Layers are told apart by their kernels: choose cases in which
    no two layers side by side have kernels of one shape.

    Args:
        name, reference, success, mistakes, cases, hint, stub: as for Check; the functions build.
        make: turns a function and a case into a net: `block` or `whole`, or one of the chapter's.

    >>> from keras import layers
    >>> pair = NetCheck("pair", lambda x, n: layers.Dense(n)(layers.ReLU()(x)), "it decides",
    ...                 cases=[((3,), 2)], mistakes=[lambda x, n: layers.Dense(n)(x),
    ...                                              "what is below zero should not get through"])
    >>> pair(lambda x, n: layers.Dense(n)(x))
    ✗ pair: not yet. For x of (3,), n = 2 the outputs differ, with the same weights: first at your
    layer 1, a Dense with a kernel of 3×2, which is given other numbers. What is below zero should
    not get through.
    >>> pair(lambda x, n: layers.Dense(n)(layers.Activation("relu")(x)))
    ✓ pair: right. It decides.
    """

    def __init__(self, *args, make=block, **options):
        super().__init__(*args, around=lambda function: _observed(function, make), **options)
        self.make, self._seen = make, {}

    def _try(self, function, case, **options):
        """As for Check; what the reference and the mistakes build is kept, since it takes time."""
        known = [self.reference, *(mistake for mistake, _ in self.mistakes)]
        if not any(function is each for each in known):
            return super()._try(function, case, **options)
        key = id(function), repr(case)
        if key not in self._seen:
            self._seen[key] = super()._try(function, case, **options)
        return self._seen[key]

    def _same(self, received, expected):
        if not (isinstance(received, Behaviour) and isinstance(expected, Behaviour)):
            return False
        return (
            received.shapes == expected.shapes
            and (received.learned, received.frozen) == (expected.learned, expected.frozen)
            and received.kept == expected.kept
            and len(received.unreached) == len(expected.unreached)
            and all(map(_close, received.outputs, expected.outputs))
        )

    def _given(self, case):
        first, *others = zip(self.names, case, strict=False)
        start = f"{first[0]} of " if self.make is block else f"{first[0]} = "
        return ", ".join([start + show(first[1])] + [f"{name} = {show(v)}" for name, v in others])

    def _difference(self, received, expected):
        if not isinstance(received, Behaviour):
            wanted = "the tensor that comes out" if self.make is block else "a built Keras model"
            return f"your function should return {wanted}, not {show(received, 100)}."
        if received.shapes != expected.shapes:
            wanted, yours = (" and ".join(map(_times, b.shapes)) for b in (expected, received))
            return f"what comes out should be {wanted}, yours is {yours}."
        if received.learned != expected.learned:
            wanted, yours = expected.learned, received.learned
            strange = _without_partner(received.net, expected.net)
            where = f"; in a right answer no layer has the weights of {strange}" if strange else ""
            return f"{wanted:,} numbers should learn, in yours {yours:,} do{where}."
        if received.frozen != expected.frozen:
            wanted, yours = expected.frozen, received.frozen
            return (
                f"{wanted:,} numbers should not learn by the gradient, in yours {yours:,} do not."
            )
        if not all(map(_close, received.outputs, expected.outputs)):
            where = _first_difference(received.net, expected.net)
            return f"the outputs differ, with the same weights: first {where}."
        if len(received.unreached) != len(expected.unreached):
            layers = [_named(layer, received.net) for layer in received.unreached]
            which = f"does not reach {layers[0]}" if layers else "reaches layers that it should not"
            return f"the answers are right, but in training the gradient {which}."
        what = "move" if received.kept > expected.kept else "stand still"
        return (
            "the answers are right, but in training the moving averages of batch normalisation "
            f"should {what}."
        )

    def _hint(self, wrong, trials):
        known = [hint for answer, hint in self.mistakes if self._fits(answer, trials)]
        return known[0] if known else self.hint


def fill(net):
    """Give each weight of a net numbers that depend on its name and shape alone.

    Kernels of one shape are told apart by their order in the net, other weights are not. So two
    nets of the same layers get the same weights, whoever wrote them and in whatever order. A dense
    layer at each place of a map gets those of the 1×1 convolution that it is.
    """
    place = Counter()
    for layer in _layers(net):
        for weight in layer.weights:
            key = _key(weight)
            random = np.random.default_rng([zlib.crc32(repr(key).encode()), place[key]])
            place[key] += weight.name == "kernel"
            if weight.name in ("gamma", "moving_variance"):
                values = random.uniform(1, 2, key[1])
            else:  # a sum of many inputs stays as large as one
                values = random.normal(0, 1 / np.sqrt(max(1, np.prod(key[1][:-1]))), key[1])
            weight.assign(values.reshape(weight.shape))


def _key(weight):
    """Its name and shape, without the 1×1 of a kernel that a dense layer could have."""
    shape = tuple(weight.shape)
    return weight.name, shape[2:] if len(shape) == 4 and shape[:2] == (1, 1) else shape


def observe(net):
    """The Behaviour of a built Keras model. Its weights become those of `fill`."""
    fill(net)
    images = _images(net)
    outputs = [np.asarray(y) for y in keras.tree.flatten(net(images, training=False))]
    learned = [tf.convert_to_tensor(v) for v in net.trainable_variables]
    others = [tf.convert_to_tensor(v) for v in net.non_trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(learned)
        after, moved = net.stateless_call(learned, others, images, training=True)
        # Not the plain sum: that of probabilities is 1, whatever the weights are.
        after = keras.tree.flatten(after)
        loss = sum(tf.reduce_sum(y * np.cos(np.arange(y.shape[-1]))) for y in after)
    gradients = tape.gradient(loss, learned, unconnected_gradients="zero") if learned else []
    reached = {id(v) for v, g in zip(net.trainable_variables, gradients, strict=True) if np.any(g)}
    return Behaviour(
        net,
        [tuple(y.shape[1:]) for y in outputs],
        sum(int(np.prod(w.shape)) for w in net.trainable_weights),
        sum(int(np.prod(w.shape)) for w in net.non_trainable_weights),
        outputs,
        sum(np.array_equal(a, b) for a, b in zip(others, moved, strict=True)),
        [
            layer
            for layer in _layers(net)
            if layer.trainable_weights and not reached & {id(w) for w in layer.trainable_weights}
        ],
    )


def uses_a_layer_twice(net):
    """Whether some layer of a net of single layers stands at two places, with the same weights.

    >>> x, layer = keras.Input((3,)), keras.layers.Dense(3)
    >>> uses_a_layer_twice(keras.Model(x, layer(layer(x))))
    True
    """
    return any(len(layer["inbound_nodes"]) > 1 for layer in net.get_config()["layers"])


def _observed(function, make):
    @wraps(function)
    def observed(*case):
        net = make(function, case)
        return observe(net) if isinstance(net, keras.Model) and net.built else net

    return observed


def _layers(net):
    """The layers in order, those of nets within the net, too."""
    for layer in net.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _close(received, expected):
    """Within what another order of sums, or another epsilon of batch normalisation, changes."""
    return np.allclose(received, expected, rtol=0, atol=3e-3 * np.abs(expected).max())


def _partners(net, other):
    """Each layer of `net` with a kernel, and the layer of `other` that has the same, or None."""
    found = [{}, {}]
    for layers, each in zip(found, (net, other), strict=True):
        place = Counter()
        for layer in _layers(each):
            if hasattr(layer, "kernel"):
                key = tuple(map(_key, layer.weights))
                layers[key, place[key]] = layer
                place[key] += 1
    return [(layer, found[1].get(key)) for key, layer in found[0].items()]


def _without_partner(net, other):
    """The first layer of `net` whose kernel no layer of `other` has, in words, or None."""
    layers = [layer for layer, partner in _partners(net, other) if partner is None]
    return _named(layers[0], net) if layers else None


def _first_difference(net, other):
    """Where two nets with the same weights begin to differ, in words."""
    last, seen, its = None, _seen(net), _seen(other)
    for layer, partner in _partners(net, other):
        if partner is None:
            return f"at {_named(layer, net)}: in a right answer no layer has such weights"
        given, returned = (
            a.shape == b.shape and _close(a, b)
            for a, b in zip(seen[id(layer)], its[id(partner)], strict=True)
        )
        if not returned:
            why = (
                "although it is given the right numbers"
                if given
                else "which is given other numbers"
            )
            return f"at {_named(layer, net)}, {why}"
        last = layer
    return f"after {_named(last, net)}, the last with a kernel" if last else "at the start"


def _seen(net):
    """For each layer with a kernel, what it is given and what it returns, also in nets within."""
    seen = {}

    def watched(layer):
        call = layer.call

        def watch(x, *args, **kwargs):
            y = call(x, *args, **kwargs)
            seen[id(layer)] = np.asarray(x), np.asarray(y)
            return y

        return watch

    layers = [layer for layer in _layers(net) if hasattr(layer, "kernel")]
    for layer in layers:
        object.__setattr__(layer, "call", watched(layer))
    try:
        net(_images(net), training=False)
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")
    return seen


def _images(net):
    """Four random inputs, the same for all nets."""
    random = np.random.default_rng(0)
    images = [random.normal(size=(4, *x.shape[1:])).astype("float32") for x in net.inputs]
    return images[0] if len(images) == 1 else images


def _named(layer, net):
    """A layer in words: by the place and the kind that a learner sees in the code."""
    place = [each for each in _layers(net) if not isinstance(each, keras.layers.InputLayer)]
    words = f"your layer {place.index(layer) + 1}, a {type(layer).__name__}"
    kernel = getattr(layer, "kernel", None)
    return words if kernel is None else f"{words} with a kernel of {_times(kernel.shape)}"


def _times(shape):
    """
    >>> _times((3, 3, 16))
    '3×3×16'
    """
    return "×".join(map(str, shape))
