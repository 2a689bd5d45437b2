"""Checks of chapter 07, Pretrained nets."""

import operator
from functools import cache, partial, wraps

import keras
import numpy as np

from course_lib.exercises.challenge import Challenge, Refused
from course_lib.exercises.check import Check
from course_lib.exercises.nets import NetCheck
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import progress as progress
from course_lib.models.layers import FusedBatchNormalization

_RNG = np.random.default_rng(7)


def _best(probabilities, names, k, order=lambda p: np.argsort(-p), factor=1):
    places = order(probabilities)[:k]
    return [(names[i], factor * probabilities[i]) for i in places]


def _by_dict(probabilities, names, k):
    found = dict(zip(names, probabilities, strict=True))
    return sorted(found.items(), key=lambda pair: -pair[1])[:k]


_NAMES = ["tench", "crane", "hen", "tabby", "crane", "sundial"]

decode = Check(
    "7.1 decode",
    _best,
    "From now on a net's answer has names",
    cases=[
        (np.array([0.125, 0.5, 0.25, 0.0625]), ["hen", "tabby", "crane", "tench"], 2),
        (np.array([0.25, 0.0625, 0.5]), ["sundial", "hen", "tabby"], 3),
        (np.array([0.03, 0.3, 0.02, 0.4, 0.24, 0.01]), _NAMES, 3),  # ImageNet has two cranes, too
        (np.array([0.2, 0.5, 0.3]), ["tench", "hen", "crane"], 1),
    ],
    mistakes=[
        lambda p, n, k: _best(p, n, k, order=np.argsort),
        "`argsort` begins with the lowest; those are the k worst",
        lambda p, n, k: _best(p, n, k)[::-1],
        "The right k, but the lowest of them comes first",
        lambda p, n, k: _best(p, n, 1),
        "Only the best class: what is k for?",
        lambda p, n, k: _best(p, n, k)[0],
        "That is the best pair alone; return a list of k pairs",
        lambda p, n, k: _best(p, n, len(n)),
        "Those are all classes: what is k for?",
        lambda p, n, k: [(i, x) for i, x in _best(p, range(len(n)), k)],
        "Those are the numbers of the classes; look up their names",
        lambda p, n, k: list(zip(n, np.sort(p)[::-1], strict=True))[:k],
        "You sort the probabilities and leave the names where they were: sort both in one order",
        lambda p, n, k: [(a, b) for (a, _), b in zip(_best(p, n, k), p, strict=False)],
        "The names are sorted and the probabilities are not: use one order for both",
        _by_dict,
        "Two classes may have the same name, and a dict keeps one of them: go by their numbers",
        lambda p, n, k: _best(p, n, k, factor=100),
        "That is in percent; the course keeps probabilities as fractions from 0 to 1",
    ],
    hint="Where are the k highest probabilities, and which names stand at the same places?",
)

_MEANS = np.array([103.939, 116.779, 123.68])  # of blue, green and red
_MEAN, _DEVIATION = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
_MODES = {
    "caffe": lambda x: x[..., ::-1] - _MEANS,
    "tf": lambda x: x / 127.5 - 1,
    "torch": lambda x: (x / 255 - _MEAN) / _DEVIATION,
}


def _preprocess(pixels, mode, **mistake):
    """What the net is given, or what a mistake in one of the modes makes of it."""
    return (_MODES | mistake)[mode](pixels.astype(float))


def _in_float32(function):
    """Floats of any precision count: the last digits of a float64 made from float32 are chance."""

    @wraps(function)
    def tried(pixels, mode):
        found = function(pixels, mode)
        return np.float32(found) if getattr(found, "dtype", None) == np.float64 else found

    return tried


# No value near a mean: the difference of two numbers that are almost equal has few right digits.
_VALUES = [*range(0, 80, 5), *range(160, 256, 5)]

preprocess = Check(
    "7.3 preprocess",
    _preprocess,
    "Three habits of three programs; a net knows only the one that it was trained with",
    cases=[
        *[(np.array([[[[255, 170, 0], [0, 60, 200]]]], "uint8"), mode) for mode in _MODES],
        *[
            (_RNG.choice(_VALUES, size=(*shape, 3)).astype("uint8"), mode)
            for shape, mode in (((2, 3, 4), "caffe"), ((1, 2, 3), "tf"), ((2, 1, 2), "torch"))
        ],
    ],
    mistakes=[
        lambda x, m: _preprocess(x, m, caffe=lambda x: x - _MEANS),
        "`caffe`: red has lost the mean of blue. In which order do the channels come?",
        lambda x, m: _preprocess(x, m, caffe=lambda x: x - _MEANS[::-1]),
        "`caffe`: each colour has its own mean, but the channels are still in the order RGB",
        lambda x, m: _preprocess(x, m, caffe=lambda x: (x - _MEANS)[..., ::-1]),
        "`caffe`: the order is BGR, but red has lost the mean of blue. What comes first?",
        lambda x, m: _preprocess(x, m, caffe=lambda x: x[:, :, ::-1] - _MEANS),
        "`caffe`: you have turned the picture left to right; the channels are the last axis",
        lambda x, m: _preprocess(x, m, caffe=lambda x: x[::-1] - _MEANS),
        "`caffe`: you have turned the order of the pictures; the channels are the last axis",
        lambda x, m: _preprocess(x, m, caffe=lambda x: (x[..., ::-1] - _MEANS) / 255),
        "`caffe`: nothing is divided; the numbers go from about -124 to 151",
        lambda x, m: _preprocess(x, m, tf=lambda x: x / 255),
        "`tf`: that goes from 0 to 1; it should go from -1 to 1",
        lambda x, m: _preprocess(x, m, tf=lambda x: x / 127.5),
        "`tf`: that goes from 0 to 2; it should go from -1 to 1",
        lambda x, m: _preprocess(x, m, torch=lambda x: x / 255 - _MEAN),
        "`torch`: the division by the standard deviations is missing",
        lambda x, m: _preprocess(x, m, torch=lambda x: (x - _MEAN) / _DEVIATION),
        "`torch`: these means are of pixels from 0 to 1, and yours go to 255",
        lambda x, m: _preprocess(x[..., ::-1] if m != "caffe" else x, m),
        "Only caffe wants BGR; turn the channels in that mode alone",
        lambda x, m: _preprocess(x, m).astype(int).astype("uint8"),
        "A uint8 holds whole numbers from 0 to 255: below 0 it starts again at 255. Make floats",
    ],
    hint="Take the first pixel alone: what becomes of its red, its green and its blue?",
    around=_in_float32,
)


def _converted(array, conv=(2, 3, 1, 0), channelwise=(2, 3, 0, 1), dense=(1, 0)):
    if array.ndim == 4:
        return array.transpose(channelwise if array.shape[1] == 1 else conv)
    return array.transpose(dense) if array.ndim == 2 else array


_SHAPES = [(2, 3), (3,), (2, 2, 1, 2), (3, 1, 2, 1), (4, 2, 3, 5), (1, 3, 2, 2), (5, 1, 3, 2)]

to_keras = Check(
    "7.2 to_keras",
    _converted,
    "With this and a list of names you can carry any net across",
    cases=[(np.arange(1.0, 1 + np.prod(shape)).reshape(shape),) for shape in (*_SHAPES, (3, 3))],
    mistakes=[
        lambda a: a.reshape(_converted(a).shape),
        "The shape is right, and every number is in the wrong place: reshape does not move axes",
        lambda a: a.reshape(*a.shape[2:], -1, 1) if a.shape[1:2] == (1,) else _converted(a),
        "A channelwise kernel is not reshaped, either: its axes move, and the numbers with them",
        lambda a: _converted(a, conv=(2, 3, 0, 1)),
        "In Keras a convolution has the inputs before the outputs; only channelwise differs",
        lambda a: _converted(a, channelwise=(2, 3, 1, 0)),
        "A channelwise convolution has one input per kernel; Keras wants the channels before it",
        lambda a: a.transpose(),
        "Turning all axes round swaps height and width, too",
        lambda a: _converted(a, dense=(0, 1)),
        "A dense layer's matrix is turned, too: Keras computes x @ w, PyTorch x @ w.T",
        lambda a: a[:, None] if a.ndim == 1 else _converted(a),
        "A bias is a vector for both: leave it as it is, no column",
        lambda a: _converted(a)[::-1, ::-1] if a.ndim == 4 else _converted(a),
        "Neither program flips its kernels, so nothing is turned upside down",
    ],
    hint="Which axis of the array is the outputs, which the inputs? And in Keras?",
)

_NORM = keras.layers.BatchNormalization
_LAYERS = {
    "conv": lambda name: keras.layers.Conv2D(2, 1, name=name),
    "norm": lambda name: _NORM(name=name),
    "fused": lambda name: FusedBatchNormalization(name=name),
    "head": lambda name: keras.layers.Dense(2, name=name),
}


@cache
def _net_of(names):
    x = image = keras.Input((4, 4, 2), name="image")
    for name in names.split():
        x = _LAYERS[name.rstrip("123")](name)(x)
    return keras.Model(image, x)


def _maker(names, start=""):
    """A function that returns a net as if it were new; a message shows it as its layers' names."""

    def make():
        net = _net_of(names)
        net.trainable = start != "all frozen"
        for layer in net.layers:
            layer.trainable = not start or (net.trainable and layer.name == "head")
        return net

    make.__name__ = names.replace(" ", " → ") + (f" ({start})" if start else "")
    return make


def _what_trains(function):
    """A function that gives a net to `function`, and returns which of its layers train."""

    @wraps(function)
    def tried(make, name):
        net = make()
        returned = function(net, name)
        if returned is ... or isinstance(returned, tuple):  # three dots: not attempted
            return returned
        # While the net's own `trainable` is False, Keras trains none of its layers.
        return [(x.name, net.trainable and x.trainable) for x in net.layers if x.weights]

    return tried


def _freeze(
    model, name, shift=0, norm=lambda x: isinstance(x, _NORM), switch=True, each=True, up=True
):
    """Freeze as the exercise asks, or with a mistake; `switch` is the net's own `trainable`."""
    first = [layer.name for layer in model.layers].index(name) + shift
    if switch:
        model.trainable = True
    for i, layer in enumerate(model.layers):
        trains = (i >= first) == up and not norm(layer)
        if each or not trains:
            layer.trainable = trains


freeze_below = Check(
    "7.8 freeze_below",
    _freeze,
    "First the head alone, then some blocks more: this function is how a net is fine-tuned",
    cases=[
        (_maker("conv1 norm1 conv2 norm2 head"), "conv2"),
        (_maker("conv1 norm1 conv2 norm2 conv3 head"), "norm2"),
        (_maker("conv1 fused1 conv2 fused2 head"), "conv1"),
        (_maker("conv1 conv2 norm1 head", "all frozen"), "conv2"),
        (_maker("conv1 conv2 conv3 head", "only head trains"), "conv3"),
    ],
    mistakes=[
        lambda model, name: None,
        "Every layer is as it was: set `trainable` of the layers of the model that you are given",
        lambda model, name: setattr(model, "trainable", False),
        "While the net's own `trainable` is False, nothing trains, whatever its layers say",
        lambda model, name: _freeze(model, name, switch=False),
        "A net that comes all frozen has its own `trainable` at False: that must become True first",
        lambda model, name: _freeze(model, name, each=False),
        "`model.trainable = True` does nothing if it is True already: set the layers one by one",
        lambda model, name: _freeze(model, name, shift=1),
        "The layer with this name is frozen, too; it is the first that trains",
        lambda model, name: _freeze(model, name, up=False),
        "The other way round: the layers near the image are frozen",
        lambda model, name: _freeze(model, name, norm=lambda x: False),
        "Batch normalisation above the name still trains; it stays frozen everywhere",
        lambda model, name: _freeze(model, name, norm=lambda x: type(x) is _NORM),
        "Classes made from BatchNormalization, such as the course's own, are frozen, too",
        lambda model, name: _freeze(model, model.layers[-1].name),
        "Only the last layer trains: what is the name for?",
    ],
    hint="Go through model.layers in order: when does the name come, and what changes then?",
    around=_what_trains,
)


def _stop(val_loss, patience, better=operator.lt, previous=False, in_a_row=True, first=0):
    """The best and the last epoch, or what a mistake makes of them."""
    best = before = np.inf
    best_epoch, waited = first, 0
    for epoch, loss in enumerate(val_loss, start=1):
        if better(loss, before if previous else best):
            waited = 0 if in_a_row else waited
        else:
            waited += 1
        if better(loss, best):
            best, best_epoch = loss, epoch
        before = loss
        if waited >= patience:
            break
    return best_epoch, epoch


def _with_last(best):
    """A mistake about the best epoch alone: best(losses, patience, last)."""
    return lambda v, p: (best(v, p, _stop(v, p)[1]), _stop(v, p)[1])


_NAN = float("nan")

stop_early = Check(
    "7.10 stop_early",
    _stop,
    "The validation images choose the epoch, so that the test images need not",
    cases=[
        ([0.9, 0.7, 0.8, 0.75, 0.6], 2),
        ([0.9, 0.8, 0.7], 2),
        ([0.9, 0.7, 0.8], 2),
        ([0.5, 0.5, 0.5, 0.4], 2),
        ([0.9, _NAN, 0.8, _NAN, _NAN, 0.7], 2),
        ([_NAN, 0.9, 1.0], 2),
        ([_NAN, _NAN, 0.5], 2),
        ([0.5, 0.6, 0.4], 1),
        ([0.3, 0.4, 0.29, 0.35, 0.36, 0.37, 0.38, 0.1], 3),
    ],
    mistakes=[
        lambda v, p: tuple(epoch - 1 for epoch in _stop(v, p)),
        "You count from 0; the first epoch is number 1",
        lambda v, p: _stop(v, p)[::-1],
        "The right numbers in the other order: best first",
        _with_last(lambda v, p, last: last),
        "The last epoch is right, but its weights are not the best: those come from before",
        _with_last(lambda v, p, last: last - p),
        "The best lies `patience` epochs before the last only if patience ended the training",
        _with_last(lambda v, p, last: int(np.nanargmin(v)) + 1),
        "That best epoch was never trained: you cannot look at what comes after the stop",
        _with_last(lambda v, p, last: int(np.argmin(v[:last])) + 1),
        "`np.argmin` takes NaN for the smallest of all; there is a function that leaves it out",
        lambda v, p: (int(np.nanargmin(v)) + 1, len(v)),
        "Training may stop before the last of these epochs: what is patience for?",
        lambda v, p: _stop(v, p + 1),
        "You wait one epoch too long: after `patience` epochs without a new best it is over",
        lambda v, p: _stop(v, p - 1),
        "You stop one epoch too soon: the best epoch itself does not count as waiting",
        lambda v, p: _stop(v, p, first=1),
        "As long as every loss is NaN, no epoch is the best, not even the first: that is a 0",
        lambda v, p: _stop(v, p, first=None),
        "As long as every loss is NaN, no epoch is the best: return 0 for it, not None",
        lambda v, p: _stop(v, p, previous=True),
        "Better than the epoch before is not enough: compare with the best so far",
        lambda v, p: _stop(v, p, in_a_row=False),
        "The epochs must be in a row: after a new best, the count starts again",
        lambda v, p: _stop(v, p, better=operator.le),
        "As low as the best is not lower: a tie counts as waiting, and the earlier epoch stays",
        lambda v, p: _stop(v, p, better=lambda loss, best: not loss >= best),
        "NaN is not an improvement: which comparisons with NaN are True?",
    ],
    hint="Go epoch by epoch: what is the best so far, and for how many epochs has it stood?",
)


@cache
def _untrained():
    layers = [
        keras.layers.Conv2D(4, 2, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, activation="softmax"),
    ]
    return keras.Sequential([keras.Input((None, None, 3)), *layers])


def _net():
    """A net whose moving statistics are those of no photograph here; as if it were new."""
    net, draw = _untrained(), np.random.default_rng(10).uniform
    low = [0.5 if w.path.endswith("variance") else -1 for w in net.weights]
    net.set_weights([draw(a, 1.5, w.shape) for a, w in zip(low, net.weights, strict=True)])
    return net


def _given_a_net(function):
    @wraps(function)
    def tried(make, photographs):
        return function(make(), photographs)

    return tried


def _answer(model, photographs, turned=False, scale=lambda x: (x - 127) / 128, training=False):
    """The net's answer, or what the bugs make of it."""
    x = photographs[..., ::-1] if turned else photographs
    return model(scale(x.astype("float32")), training=training).numpy()


def _undivided(x):
    return x - 127


_COLOURS = np.array([[230, 120, 20], [20, 60, 220], [90, 200, 40], [250, 240, 10]], "uint8")
_PHOTOGRAPHS = _COLOURS[[[[0, 0, 1], [0, 2, 0]], [[1, 1, 2], [1, 3, 1]]]]
_LARGER = _RNG.integers(0, 256, size=(3, 3, 4, 3)).astype("uint8")

answer = Check(
    "7.4 answer",
    _answer,
    "None of the three bugs stopped the program: only the answers were wrong",
    cases=[(_net, _PHOTOGRAPHS[:1]), (_net, _PHOTOGRAPHS), (_net, _LARGER)],
    mistakes=[
        partial(_answer, turned=True),
        "One bug is left: the net was trained on RGB, and which colour comes first now?",
        partial(_answer, scale=_undivided),
        "One bug is left: the net is given numbers from -127 to 128. Is the division kept?",
        partial(_answer, training=True),
        "One bug is left. Alone the first photograph gets 0.58 for the last class, and beside "
        "another one 0.24: why does its company count?",
        partial(_answer, scale=_undivided, training=True),
        "The colours are right now; two bugs are left. What becomes of the result of `x / 128`?",
        partial(_answer, turned=True, training=True),
        "The division is kept now; two bugs are left. Which colour comes first in `x`?",
        partial(_answer, turned=True, scale=_undivided),
        "The net no longer trains; two bugs are left. Follow one red pixel through the first line",
        partial(_answer, scale=lambda x: x / 128 - 127),
        "Subtract before you divide: now all numbers lie near -126",
        partial(_answer, scale=lambda x: x - 127 / 128),
        "Division goes before subtraction: the difference needs brackets",
        lambda m, x: m(((x - np.uint8(127)) / 128).astype("float32"), training=False).numpy(),
        "A uint8 has no numbers below 0: subtract after `astype`, not before",
        lambda m, x: _answer(m, x).argmax(axis=-1),
        "Those are the best classes; return the probabilities",
    ],
    hint="Follow one red photograph, line by line: what is `x` after each of them?",
    around=_given_a_net,
    stub=partial(_answer, turned=True, scale=_undivided, training=True),
)


ahead = Prediction(
    "7.5 ahead",
    "points that the frozen net is ahead with 100 pictures",
    example=10,
    bounds=(-100, 100),
    assumptions=[
        lambda guess, measured: abs(guess - measured) <= 5,
        "Near enough: another seed would move the measured number further than that",
        lambda guess, measured: guess <= 0 < measured,
        "You assumed that a net of photographs is of no use for drawings. Its edges, corners and "
        "textures are in both",
        lambda guess, measured: guess < measured,
        "You assumed that a small net learns more from ten pictures of each class than it does. "
        "It has to find its edges and corners in them, too",
        lambda guess, measured: True,
        "You assumed that the frozen net has hardly anything left to learn, or its rival no "
        "chance at all. One is asked about drawings, and the other sees 60 epochs of crops",
    ],
)


def _small_net(height, width, old):
    """A function that makes a classifier; a message shows it as its kind of picture."""

    def make():
        image = keras.Input((height, width, 3))
        x = keras.layers.Conv2D(4, 3, use_bias=False)(image)
        x = keras.layers.ReLU()(_NORM()(x))
        x = keras.layers.Conv2D(6, 3, strides=2, use_bias=False)(x)
        x = keras.layers.ReLU()(_NORM()(x))
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(image, keras.layers.Dense(old, activation="softmax")(x))

    make.__name__ = f"a net for {height}×{width}×3 and {old} classes"
    return make


def _on_a_net(function, case):
    make, classes = case
    return function(make(), classes)


def _features(base):
    return keras.Model(base.input, base.layers[-2].output)


def _switch(base, trains):
    for layer in base.layers:
        layer.trainable = trains(layer)


def _as_trained(x):
    return (x - 127) / 128


def _grey_three_times(x):
    return keras.layers.Concatenate()([x, x, x])


def _for_grey(
    base,
    classes,
    scale=_as_trained,
    colours=_grey_three_times,
    body=_features,
    trains=lambda layer: False,
    ending="softmax",
    head=True,
):
    """The net as the exercise asks for it, or with a mistake."""
    image = keras.Input((*base.input_shape[1:3], 1))
    _switch(base, trains)
    last = keras.layers.Dense(classes, activation=ending, trainable=head)
    return keras.Model(image, last(body(base)(colours(scale(image)))))


for_grey = NetCheck(
    "7.6 for_grey",
    _for_grey,
    "Whoever gets this net gives it pixels as they come, and cannot prepare them wrongly",
    make=_on_a_net,
    cases=[(_small_net(9, 9, 5), 3), (_small_net(8, 11, 4), 7)],
    mistakes=[
        partial(_for_grey, scale=lambda x: x),
        "The base is given pixels up to 255. What was it given in its own training?",
        partial(_for_grey, scale=lambda x: x / 255),
        "From 0 to 1 is another net's habit; what did this base see in its training?",
        partial(
            _for_grey,
            colours=lambda x: keras.layers.Concatenate()([x, 0 * x, 0 * x]),
        ),
        "The base now sees red pictures. Which red, green and blue has a grey pixel?",
        partial(_for_grey, colours=lambda x: _grey_three_times(x) / 3),
        "Each colour has a third of the brightness: the base sees pictures of little contrast",
        partial(_for_grey, colours=keras.layers.Conv2D(3, 1)),
        "A convolution for the colours begins at random and has to learn what you know already",
        partial(_for_grey, body=lambda base: base),
        "The new layer sees the old classes' probabilities. What does the old layer look at?",
        partial(_for_grey, trains=lambda layer: True),
        "The base learns, too. `training=False` chooses a mode and freezes nothing; what does?",
        partial(_for_grey, trains=lambda layer: isinstance(layer, _NORM)),
        "Batch normalisation of the base still learns, and its averages move",
        partial(_for_grey, head=False),
        "Nothing learns: the new layer is frozen with the rest",
        partial(_for_grey, ending=None),
        "Those are scores; probabilities are asked for",
    ],
    hint="Go along the net: which pixels come, what does the base want, where are its features?",
)


def _places(pool, draw):
    """Three fifths of the pictures, in an order of chance."""
    return draw.permutation(len(pool))[: len(pool) * 3 // 5]


def _accuracy(features, labels, test_features, test_labels):
    """Per cent right of a linear layer that is solved and not trained (ridge regression)."""
    targets = np.eye(test_labels.max() + 1)[labels]
    products = features @ features.T
    penalty = 0.01 * np.trace(products) / len(features) * np.eye(len(features))
    weights = features.T @ np.linalg.solve(products + penalty, targets - targets.mean(axis=0))
    return 100 * np.mean((test_features @ weights).argmax(axis=1) == test_labels)


def labelling(features, labels, test_features, test_labels, pools=5, n=20):
    """A `measure` for `choose`: how far a rule's pictures are ahead of pictures taken by chance.

    Args:
        features, labels: arrays (pictures, numbers) and (pictures,), to choose from.
        test_features, test_labels: the same of the pictures that the accuracy is measured on.
        pools: how often the rule chooses, each time from another three fifths.
        n: how many pictures it may choose.

    >>> features, labels = np.eye(10).repeat(10, axis=0), np.arange(10).repeat(10)
    >>> measure = labelling(features, labels, features, labels, n=10)
    >>> measure(lambda pool, n: pool.argmax(axis=0)) > 20  # one of each class
    True
    """
    labels, test_labels = np.ravel(labels), np.ravel(test_labels)
    mean = np.mean(features, axis=0)
    features, test_features = features - mean, test_features - mean

    def measure(rule):
        gains, chosen = [], []
        for seed in range(pools):
            draw = np.random.default_rng(seed)
            pool = _places(features, draw)

            def accuracy(places, pool=pool):
                at = pool[places]
                return _accuracy(features[at], labels[at], test_features, test_labels)

            by_chance = [accuracy(draw.choice(len(pool), n, replace=False)) for _ in range(20)]
            chosen.append(_checked(rule(features[pool], n), len(pool), n))
            gains.append(accuracy(chosen[-1]) - np.mean(by_chance))
        if all(np.array_equal(chosen[0], others) for others in chosen):
            raise Refused(
                "your rule takes the same places from every pool: it does not look at the features"
            )
        return round(float(np.mean(gains)), 1)

    return measure


def _checked(places, pictures, n):
    places = np.asarray(places)
    if places.shape != (n,) or places.dtype.kind not in "iu":
        raise Refused(f"return {n} places, as whole numbers")
    if len(np.unique(places)) < n:
        raise Refused("a picture that is chosen twice is labelled once: choose different ones")
    if places.min() < 0 or places.max() >= pictures:
        raise Refused(f"there are {pictures} pictures, with places from 0 to {pictures - 1}")
    return places


def _needs_features(rule):
    rule(np.eye(20), 2)  # what is still to be written says so here
    raise Refused("run the cell above first: it hands the features of this page to the check")


choose = Challenge(
    "7.7 choose",
    _needs_features,
    target=5,
    unit="points ahead of chance",
    lower_is_better=False,
    limit_s=60,
)


def _fine_tuned(base, classes, trains=lambda layer: not isinstance(layer, _NORM), ending="softmax"):
    """The net as it should be repaired, or with a mistake."""
    _switch(base, trains)
    last = keras.layers.Dense(classes, activation=ending)
    return keras.Model(base.input, last(_features(base).output))


def _like_the_guide(base, classes):
    return _fine_tuned(base, classes, trains=lambda layer: True)


def _first_norm_alone(base, classes):
    first = next(layer for layer in base.layers if isinstance(layer, _NORM))
    return _fine_tuned(base, classes, trains=lambda layer: layer is not first)


def _slow_averages(base, classes):
    for layer in base.layers:
        if isinstance(layer, _NORM):
            layer.momentum = 1.0
    return _like_the_guide(base, classes)


def _with(function, **switches):
    """A mistake that sets `trainable` of the whole net at the end."""

    def built(base, classes):
        net = function(base, classes)
        for layer in net.layers:
            layer.trainable = switches["trains"](layer)
        return net

    return built


fine_tuned = NetCheck(
    "7.9 fine_tuned",
    _fine_tuned,
    "With a rate of 0 this net stays what it is, and you know which of the two switches does it",
    make=_on_a_net,
    cases=[(_small_net(9, 9, 5), 3), (_small_net(8, 11, 4), 7)],
    stub=_like_the_guide,
    mistakes=[
        partial(_fine_tuned, trains=lambda layer: False),
        "Now the convolutions of the base do not learn either: that is no fine-tuning",
        _slow_averages,
        "The averages stand still, but in training the batch's own are used, and scale and shift "
        "of the normalisation learn. Which switch holds all of that?",
        _first_norm_alone,
        "One normalisation stands still; there are more of them",
        partial(_fine_tuned, trains=lambda layer: isinstance(layer, _NORM)),
        "The other way round: the convolutions learn, and the normalisation does not",
        _with(_fine_tuned, trains=lambda layer: isinstance(layer, keras.layers.Conv2D)),
        "The new layer does not learn: it was frozen together with the normalisation",
        partial(_fine_tuned, ending=None),
        "The net's end was right: probabilities, by softmax",
    ],
    hint="`fit` calls the net with `training=True`. What of that reaches the base's normalisation?",
)
