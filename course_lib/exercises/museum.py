"""Checks of chapter 09, The bug museum.

Each begins with a function that runs, looks right, and is wrong.
"""

import math
from functools import wraps
from types import SimpleNamespace

import keras
import numpy as np
from keras import layers

from course_lib.exercises.check import Check
from course_lib.exercises.nets import NetCheck, fill
from course_lib.exercises.progress import progress as progress

_RNG = np.random.default_rng(9)


def _start(kernel_shape, count=lambda shape: math.prod(shape[:-1]), gain=2, power=0.5):
    return (gain / count(kernel_shape)) ** power


start_scale = Check(
    "9.1 start_scale",
    lambda kernel_shape: _start(kernel_shape),
    "The signal arrives at the last layer as large as it set out, and the net can begin",
    cases=[((3, 3, 16, 32),), ((1, 1, 64, 16),), ((5, 5, 3, 8),), ((48, 10),), ((3, 1, 4, 4),)],
    stub=lambda kernel_shape: (2 / kernel_shape[-2]) ** 0.5,
    mistakes=[
        lambda shape: _start(shape, count=lambda s: math.prod(s[:-2]) * s[-1]),
        "That counts where an output goes to, which keeps the gradients on their way back. "
        "How many numbers does an output add up?",
        lambda shape: _start(shape, count=lambda s: s[-1]),
        "That counts filters: how many numbers does each of them add up?",
        lambda shape: _start(shape, count=lambda s: math.prod(s[:-2])),
        "The places of the window are in; the channels that it looks at are lost",
        lambda shape: _start(shape, count=math.prod),
        "That counts the whole kernel; one output uses the weights of one filter",
        lambda shape: _start(shape, count=lambda s: math.prod(s[:-2]) * sum(s[-2:]), gain=2),
        "Inputs and outputs together: that is Glorot's mean of both. It was made for no ReLU",
        lambda shape: _start(shape, gain=1),
        "ReLU throws half of the signal away: what makes up for it?",
        lambda shape: _start(shape, power=1),
        "That is the variance; the standard deviation is asked for",
        lambda shape: _start(shape, power=-0.5),
        "The other way round: the more numbers are added up, the smaller each weight has to be",
        lambda shape: 0.01,
        "The same for every kernel, as in 2012: that is where the first net came to a halt",
    ],
    hint="How many products does one output add up, with a window of 3×3 and 16 channels?",
)


def _of_true_class(labels, outputs):
    return outputs[np.arange(len(labels)), labels]


def _softmax(scores, axis=1):
    scores = np.exp(scores)
    return scores / scores.sum(axis=axis, keepdims=True)


def _to_five_digits(function):
    """A tiny number added inside a logarithm is good practice, and does not count."""

    @wraps(function)
    def tried(*case):
        found = function(*case)
        return round(float(found), 5) if np.ndim(found) == 0 and found is not None else found

    return tried


def _answers(n, classes):
    return _RNG.integers(classes, size=n), _softmax(_RNG.normal(0, 2, (n, classes)))


cross_entropy = Check(
    "9.2 cross_entropy",
    lambda labels, outputs: -np.log(_of_true_class(labels, outputs)).mean(),
    "A perfect answer costs nothing again, and a guess costs the logarithm of the classes",
    cases=[
        (np.array([0, 1]), np.array([[0.5, 0.5], [0.75, 0.25]])),
        (np.array([2]), np.array([[0.0, 0.0, 1.0]])),
        (np.array([1, 3, 0]), np.full((3, 4), 0.25)),
        _answers(4, 3),
        _answers(6, 10),
    ],
    stub=lambda labels, outputs: -np.log(_of_true_class(labels, _softmax(outputs))).mean(),
    around=_to_five_digits,
    mistakes=[
        lambda labels, outputs: -np.log(_of_true_class(labels, _softmax(outputs, axis=0))).mean(),
        "Now the softmax goes over the images of the batch. Is one needed at all?",
        lambda labels, outputs: -_of_true_class(labels, outputs).mean(),
        "The softmax is gone, and so is the logarithm",
        lambda labels, outputs: -np.log(_softmax(outputs).max(axis=1)).mean(),
        "That takes the largest answer, whatever the label says; and the softmax is still there",
        lambda labels, outputs: -np.log(outputs.max(axis=1)).mean(),
        "That takes the largest answer, whatever the label says",
        lambda labels, outputs: np.log(_of_true_class(labels, outputs)).mean(),
        "The sign: a logarithm of a probability is below 0, and a loss is above",
        lambda labels, outputs: -np.log(_of_true_class(labels, outputs)).sum(),
        "That grows with the batch: a mean is asked for, not a sum",
        lambda labels, outputs: -np.log2(_of_true_class(labels, outputs)).mean(),
        "Those are bits: cross-entropy in Keras uses the natural logarithm",
        lambda labels, outputs: -np.log(_of_true_class(labels, outputs).mean()),
        "First the logarithm of each image, then the mean: a sure mistake has to hurt",
        lambda labels, outputs: np.log(np.exp(outputs).sum(axis=1)).mean(),
        "That is the softmax's denominator alone: which line turns outputs into probabilities?",
    ],
    hint="What are `outputs` already? Which lines turn scores into that?",
)


def _head(x, units, classes, between="relu", first=None, last="softmax", before=None):
    x = layers.Flatten()(x if before is None else before(x))
    for i, n in enumerate(units):
        x = layers.Dense(n, activation=first if first and i == 0 else between)(x)
    return layers.Dense(classes, activation=last)(x)


def _relu_at_the_end(x, units, classes):
    return layers.Softmax()(_head(x, units, classes, last="relu"))


head = NetCheck(
    "9.3 head",
    lambda x, units, classes: _head(x, units, classes),
    "Each layer now adds something that the others cannot do",
    cases=[((4, 4, 2), (12, 8), 5), ((3, 2, 1), (7, 9), 4)],
    stub=lambda x, units, classes: _head(x, units, classes, between=None),
    mistakes=[
        _relu_at_the_end,
        "The last layer's scores may be negative: a ReLU before the softmax makes all the "
        "classes that are unlikely equally likely",
        lambda x, units, classes: _head(x, units, classes, between=None, first="relu"),
        "The first layer has its activation; those after it are still one linear layer",
        lambda x, units, classes: _head(
            x, units, classes, between=None, before=layers.Activation("relu")
        ),
        "A ReLU before the first layer bends what comes in; between the layers nothing bends",
        lambda x, units, classes: _head(x, units, classes, between="softmax"),
        "A softmax between the layers makes the units share out a sum of 1: the signal dwindles",
        lambda x, units, classes: _head(x, units, classes, between="sigmoid"),
        "A sigmoid bends, too; this net is to have ReLU, which keeps the gradients",
        lambda x, units, classes: _head(x, units, classes, last="relu"),
        "The softmax is lost: what comes out should be probabilities",
        lambda x, units, classes: _head(x, units, classes, last=None),
        "The activations are there, but the softmax is lost",
        lambda x, units, classes: _head(x, units[:1], classes),
        "You took a layer away. It was of no use as it was; what would make it useful?",
    ],
    hint="What stands between two layers, so that they are more than one?",
)


def _parts(images, labels, held, train=None):
    """The two pairs, for the places that are held out."""
    train = np.setdiff1d(np.arange(len(labels)), held) if train is None else train
    return (images[train], labels[train]), (images[held], labels[held])


def _shuffled(images, labels, share, seed):
    order = np.random.default_rng(seed).permutation(len(labels))
    cut = len(labels) - round(share * len(labels))
    return _parts(images, labels, order[cut:], order[:cut])


def _apart(images, labels, share, seed):
    draw = np.random.default_rng(seed).permutation
    return _last_part(draw(images), draw(labels), share, seed)


def _last_part(images, labels, share, seed):
    cut = len(labels) - round(share * len(labels))
    return _parts(images, labels, np.arange(cut, len(labels)), np.arange(cut))


def _shuffled_too_late(images, labels, share, seed):
    (x, y), held = _last_part(images, labels, share, seed)
    order = np.random.default_rng(seed).permutation(len(y))
    return (x[order], y[order]), held


def _drawn(images, labels, share, seed):
    draw = np.random.default_rng(seed).integers
    n = round(share * len(labels))
    return _parts(
        images,
        labels,
        draw(len(labels), size=n),
        draw(len(labels), size=len(labels) - n),
    )


def _as_a_sentence(function):
    """What a split did. The images are numbers here, each another one."""

    @wraps(function)
    def tried(images, labels, share, seed):
        found = function(images, labels, share, seed)
        try:
            (x, y), (x_held, y_held) = ((np.asarray(a), np.asarray(b)) for a, b in found)
        except (TypeError, ValueError):
            return found
        (again, _), _ = function(images.copy(), labels.copy(), share, seed)
        (other, _), _ = function(images.copy(), labels.copy(), share, seed + 1)
        known = dict(zip(images.tolist(), labels.tolist(), strict=True))
        own = [known.get(i) for i in [*x, *x_held]] == [*y, *y_held]
        both, classes = np.isin(x_held, x), np.unique(y_held).tolist()
        every = len(classes) == len(np.unique(labels))
        parts = [
            f"{len(x)} to train on and {len(x_held)} held out",
            f"{'all of these' if both.all() else 'some' if both.any() else 'none'} in both",
            "each image with its own label" if own else "images with the labels of others",
            "every class held out" if every else f"held out: the classes {classes}",
        ]
        if not every:
            parts.append("in their order" if (np.diff(x) > 0).all() else "shuffled afterwards")
        if not np.array_equal(x, again):
            parts.append("another split at the next call")
        elif every and np.array_equal(x, other):
            parts.append("the same split for every seed")
        return ", ".join(parts)

    return tried


def _sorted_by_class(classes, n):
    return np.arange(classes * n) + 1000, np.repeat(np.arange(classes), n)


split = Check(
    "9.4 split",
    _shuffled,
    "What is held out now looks like what is trained on",
    cases=[(*_sorted_by_class(4, 100), 0.2, 0), (*_sorted_by_class(3, 200), 0.3, 7)],
    stub=_last_part,
    around=_as_a_sentence,
    mistakes=[
        _shuffled_too_late,
        "The training part is shuffled once it has been cut off: too late for the classes",
        _apart,
        "Images and labels are shuffled each by itself, so an image gets the label of another. "
        "No error, and nothing can be learned",
        _drawn,
        "Drawn with replacement: some images are in both parts, and the result looks too good",
        lambda images, labels, share, seed: _parts(
            images,
            labels,
            np.random.default_rng(seed).permutation(len(labels))[: round(share * len(labels))],
            np.arange(len(labels)),
        ),
        "What is held out is still trained on",
        lambda images, labels, share, seed: _parts(
            images, labels, np.arange(round(share * len(labels)))
        ),
        "The first part in place of the last: other classes are missing now",
        lambda images, labels, share, seed: _shuffled(images, labels, 1 - share, seed),
        "The larger part is held out: what does `share` say, and which part comes first?",
        lambda images, labels, share, seed: _shuffled(images, labels, share, None),
        "Another split in each run: what was held out today is trained on tomorrow. Where "
        "does the chance come from?",
        lambda images, labels, share, seed: _shuffled(images, labels, share, 0),
        "One split for every seed: what is `seed` for?",
    ],
    hint="In which order do the images stand, and what should happen before the cut?",
)


def _wrong_share(labels, probabilities, flat=True, right=False, axis=1, best=np.argmax):
    labels = labels.ravel() if flat else labels
    hits = best(probabilities, axis=axis) == labels
    return (hits if right else ~hits).mean()


def _scored(labels, classes, column=True):
    labels = np.array(labels)
    scores = _softmax(_RNG.normal(size=(len(labels), classes))).round(2)
    scores[: len(labels) // 2, :] = 0.1
    scores[np.arange(len(labels) // 2), labels[: len(labels) // 2]] = 0.9
    return labels[:, None] if column else labels, scores


top_1_error = Check(
    "9.5 top_1_error",
    lambda labels, probabilities: _wrong_share(labels, probabilities),
    "It now depends on the net, and a lower number is a better one",
    cases=[
        _scored([0, 0, 1, 2], 3),
        _scored([2, 1, 1, 0, 3, 3], 4),
        _scored([4, 4, 4, 1, 0, 2, 3], 5),
        _scored([1, 0, 1, 1], 2, column=False),
        _scored([1], 3),
    ],
    stub=lambda labels, probabilities: _wrong_share(labels, probabilities, flat=False, right=True),
    mistakes=[
        lambda labels, probabilities: _wrong_share(labels, probabilities, right=True),
        "It depends on the net now. But does a perfect net get 0?",
        lambda labels, probabilities: _wrong_share(labels, probabilities, flat=False),
        "It is an error now. But (n,) beside (n, 1) makes a table of n × n: each answer is "
        "compared with all labels",
        lambda labels, probabilities: 100 * _wrong_share(labels, probabilities),
        "In percent; a share from 0 to 1 is asked for",
        lambda labels, probabilities: np.sum(
            probabilities.argmax(axis=1) != labels.ravel(), dtype=int
        ),
        "That is how many are wrong; a share of the images is asked for",
        lambda labels, probabilities: _wrong_share(labels, probabilities, best=np.argmin),
        "That takes the class that the net finds least likely",
        lambda labels, probabilities: np.mean(1 - _of_true_class(labels.ravel(), probabilities)),
        "That is how much probability the net withholds from the true class; the error counts "
        "answers",
        lambda labels, probabilities: np.mean(probabilities.argmax(axis=1) != labels.ravel()[0]),
        "Every answer is compared with the first label",
    ],
    hint="Which shapes do the two sides of the comparison have? And what would a perfect net get?",
)


def _forward(net, images, training, norm=None, drop=None):
    """The net's answer; `norm` and `drop` give a layer another mode."""
    x = net.norm(net.conv(images), training=training if norm is None else norm)
    x = keras.ops.mean(keras.ops.relu(x), axis=(1, 2))
    return net.dense(net.drop(x, training=training if drop is None else drop))


def _parts_of_a_net(shape, classes):
    net = SimpleNamespace(
        conv=layers.Conv2D(8, 3, padding="same", kernel_initializer=_normal(1)),
        norm=layers.BatchNormalization(),
        drop=layers.Dropout(0.5, seed=0),
        dense=layers.Dense(classes, activation="softmax", kernel_initializer=_normal(2)),
    )
    net.conv.build((None, *shape))
    net.norm.build((None, *shape[:-1], 8))
    net.dense.build((None, 8))
    return net


# A case names the function that makes its net: each try gets a new one.
def _net_of_4_classes(shape):
    return _parts_of_a_net(shape, 4)


def _net_of_7_classes(shape):
    return _parts_of_a_net(shape, 7)


def _noise(*shape):
    return _RNG.normal(size=shape).astype("float32")


def _normal(seed):
    return keras.initializers.RandomNormal(stddev=0.5, seed=seed)


def _modes(function):
    """What a net does when it predicts and when it learns, in a sentence."""

    @wraps(function)
    def tried(make, images):
        net = make(images.shape[1:])
        first = function(net, images, False)
        if np.shape(first) != (len(images), net.dense.units):
            return first
        again, alone = (np.asarray(function(net, x, False)) for x in (images, images[:1]))
        before = _averages(net)
        trained = [np.asarray(function(net, images, True)) for _ in range(2)]
        same = np.allclose(first, again, atol=1e-5)
        among = same and np.allclose(again[:1], alone, atol=1e-4)
        return (
            f"predicting: asked twice {'the same' if same else 'another answer'}, "
            f"asked alone {'the same' if among else 'another answer'}, "
            f"the averages {'move' if before.any() else 'stay'}; training: "
            f"{'no' if np.allclose(*trained, atol=1e-5) else 'some'} units drop out, "
            f"the averages {'stay' if np.array_equal(before, _averages(net)) else 'move'}; "
            f"first answers {_digits(first)} and {_digits(trained[0])}"
        )

    return tried


def _digits(answers):
    return np.asarray(answers, "float64")[0].round(2).tolist()


def _averages(net):
    return np.array(net.norm.moving_mean)


forward = Check(
    "9.6 forward",
    lambda net, images, training: _forward(net, images, training),
    "One picture, one answer; and in training both layers still do their work",
    cases=[(_net_of_4_classes, _noise(4, 6, 6, 3)), (_net_of_7_classes, _noise(5, 8, 5, 2))],
    stub=lambda net, images, training: _forward(net, images, training, norm=True, drop=True),
    around=_modes,
    mistakes=[
        lambda net, images, training: _forward(net, images, training, drop=True),
        "Batch normalisation is repaired; something else still draws lots",
        lambda net, images, training: _forward(net, images, training, norm=True),
        "Nothing draws lots any more. But whose mean and variance are used for a single picture?",
        lambda net, images, training: _forward(net, images, training, norm=False, drop=False),
        "Now both layers are in their mode of prediction for good, in training, too: averages "
        "that never move, dropout that never drops",
        lambda net, images, training: _forward(net, images, training, norm=False),
        "The averages of batch normalisation never learn anything: its mode is fixed again, only "
        "to the other one; or the layer has gone",
        lambda net, images, training: _forward(net, images, training, drop=False),
        "Dropout never drops, in training either. The answers agree, but the net has lost what "
        "kept it from learning by heart",
        lambda net, images, training: _forward(net, images, not training),
        "The other way round: both layers learn when they should predict",
    ],
    hint="Who knows whether the net learns or predicts: the layer, or whoever calls the net?",
)

_MEANS = np.array([123.68, 116.779, 103.939], "float32")  # red, green, blue, as in Keras


def _with_means_swapped(images):
    images = images[..., ::-1]
    images -= _MEANS
    return images


def _in_place(images):
    images = images[..., ::-1]
    images -= _MEANS[::-1]
    return images


def _called_twice(function):
    """The results of two calls with one array, as when a cell is run twice."""

    @wraps(function)
    def tried(images):
        first = function(images)
        if not hasattr(first, "shape"):
            return first
        first = np.array(first)
        return first, np.asarray(function(images))

    return tried


def _pictures(*shape):
    return (_RNG.integers(256, size=(*shape, 3)).astype("float32"),)


prepared = Check(
    "9.7 prepared",
    lambda images: images[..., ::-1] - _MEANS[::-1],
    "Run it as often as you like: the pictures stay, and each colour meets its own mean",
    cases=[(np.array([[[[200, 100, 50]]]], "float32"),), _pictures(2, 1, 2), _pictures(1, 3, 2)],
    stub=_with_means_swapped,
    around=_called_twice,
    mistakes=[
        _in_place,
        "The colours are right in the first call. The second gets what the first left behind",
        lambda images: images[..., ::-1] - _MEANS,
        "The pictures stay as they are. But which colour comes first now, and whose mean is "
        "taken off it?",
        lambda images: images - _MEANS,
        "Each colour meets its mean, but they stand in the order red, green, blue: the net was "
        "trained on blue first",
        lambda images: images - _MEANS[::-1],
        "Red meets the mean of blue, and nothing was turned round",
        lambda images: images[:, :, ::-1] - _MEANS[::-1],
        "That turns the columns round: a mirror picture. Which axis holds the colours?",
        lambda images: images[..., ::-1] - images.mean(axis=(0, 1, 2))[::-1],
        "Those are these pictures' own means; the net knows ImageNet's",
        lambda images: images[..., ::-1] / 255 - _MEANS[::-1],
        "Nothing is to be divided: this net was trained on pixels from 0 to 255, minus means",
        lambda images: (images[..., ::-1] - _MEANS[::-1]) / 255,
        "The division at the end is too much: these weights know no other scale than pixels",
    ],
    hint="Which array does the line with -= change? And which colour is the first of `means`?",
)


def _conv(x, filters, kernel, activation="relu", **others):
    return layers.Conv2D(filters, kernel, padding="same", activation=activation, **others)(x)


def _module(
    x,
    widths,
    five=lambda x, n: _conv(x, n, 5),
    three=3,
    reduced=True,
    reduce_activation="relu",
    project=lambda x, n: _conv(layers.MaxPooling2D(3, strides=1, padding="same")(x), n, 1),
    order=(0, 1, 2, 3),
):
    """An Inception module, or one with a mistake."""
    n1, n3_reduce, n3, n5_reduce, n5, n_pool = widths
    narrow = _conv(x, n5_reduce, 1, reduce_activation) if reduced else x
    branches = [
        _conv(x, n1, 1),
        _conv(_conv(x, n3_reduce, 1), n3, three),
        five(narrow, n5),
        project(x, n_pool),
    ]
    return layers.Concatenate()([branches[i] for i in order])


module = NetCheck(
    "9.8 module",
    lambda x, widths: _module(x, widths),
    "The count fits the paper's widths: 163,696 for its first module",
    cases=[((8, 8, 6), (4, 3, 5, 2, 6, 7)), ((5, 7, 3), (2, 4, 3, 5, 7, 6))],
    stub=lambda x, widths: _module(x, widths, five=lambda x, n: _conv(x, n, 3)),
    mistakes=[
        lambda x, widths: _module(x, widths, five=lambda x, n: _conv(_conv(x, n, 3), n, 3)),
        "Two 3×3 see 5×5, as Inception v2 and v3 have it. The paper of 2014 has one kernel there",
        lambda x, widths: _module(x, widths, five=lambda x, n: _conv(x, n, 3, dilation_rate=2)),
        "A 3×3 with gaps sees 5×5 and has nine places: the count still does not fit",
        lambda x, widths: _module(x, widths, three=5),
        "Both kernels are 5×5 now: one branch is to see 3×3",
        lambda x, widths: _module(x, widths, five=lambda x, n: _conv(x, n, 3), three=5),
        "You changed the other branch: which of the two has the wide window?",
        lambda x, widths: _module(x, widths, reduced=False),
        "The 5×5 stands on the full maps now: what makes this module cheap is lost",
        lambda x, widths: _module(x, widths, five=lambda x, n: _conv(x, n, 5, None)),
        "The kernel is right, and its ReLU is lost",
        lambda x, widths: _module(
            x,
            widths,
            project=lambda x, n: layers.MaxPooling2D(3, strides=1, padding="same")(_conv(x, n, 1)),
        ),
        "In the fourth branch the pooling comes first",
        lambda x, widths: _module(x, widths, order=(0, 2, 1, 3)),
        "The branches are right; they stand in another order",
        lambda x, widths: _module(x, widths, five=lambda x, n: _conv(x, n, 7)),
        "Too wide: take the size that the branch is named after",
    ],
    hint="Compare the kernels with the names of the branches, one by one",
)


def _nearest(matrix):
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def _as_matrix(gradient, rows):
    return _nearest(gradient.reshape(rows(gradient), -1)).reshape(gradient.shape)


def _by_first_axis(g):
    return _as_matrix(g, lambda g: len(g)) if g.ndim > 1 else g


def _muon(gradient):
    if gradient.ndim < 2:
        return gradient
    return _as_matrix(gradient, lambda g: g.size // g.shape[-1])


muon_step = Check(
    "9.9 muon_step",
    _muon,
    "The convolutions, where most of the numbers are, get what the optimiser is named after",
    cases=[
        (np.array([[3.0, 0.0], [0.0, -4.0]]),),
        (_RNG.normal(size=(2, 2, 1, 2)).round(1),),
        (np.array([2.0, -1.0, 0.5]),),
        (_RNG.normal(size=(3, 3, 2, 4)),),
        (_RNG.normal(size=(1, 3, 2, 5)),),
        (_RNG.normal(size=(6, 4)),),
    ],
    stub=lambda gradient: _nearest(gradient) if gradient.ndim == 2 else gradient,
    mistakes=[
        _by_first_axis,
        "The window's first axis became the rows, and filters are mixed with places: a filter "
        "should be one column",
        lambda g: _nearest(g) if g.ndim > 1 else g,
        "NumPy took every place of the window for a matrix of its own: a filter spans them all",
        lambda g: _as_matrix(g, lambda g: g.shape[-1]) if g.ndim > 1 else g,
        "`reshape` does not turn a matrix: with as many rows as filters, the numbers of one "
        "filter are dealt out to all rows",
        lambda g: _nearest(g.reshape(-1, g.shape[-1]) if g.ndim > 1 else g) if g.ndim > 1 else g,
        "The matrix is right; give the step the shape of its gradient again",
        lambda g: g / np.linalg.norm(g) if g.ndim != 2 else _nearest(g),
        "That makes the step of length 1, and leaves its directions as uneven as they were",
        lambda g: _muon(g) if g.ndim > 1 else g / np.linalg.norm(g),
        "Kernels are right. A bias is no matrix: its gradient should stay as it is",
        lambda g: np.sign(g) if g.ndim != 2 else _nearest(g),
        "The sign of each number is another idea: it looks at no direction",
        lambda g: (
            _nearest(g.reshape(-1, 1)).reshape(g.shape)
            if g.ndim > 2
            else (_nearest(g) if g.ndim == 2 else g)
        ),
        "One column alone has one direction: which axis counts the filters?",
    ],
    hint="How would you write a kernel of 3×3×2×4 as a matrix with a column for each filter?",
)


def _norm_conv(x, filters, kernel):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def _block(
    x,
    filters,
    before=layers.Identity,
    after=layers.ReLU,
    way=layers.Identity,
    join=layers.Add,
    last_norm=True,
    last=layers.Identity,
):
    """A bottleneck block, or one with a mistake."""
    y = layers.ReLU()(_norm_conv(x, filters, 1))
    y = layers.ReLU()(_norm_conv(y, filters, 3))
    if last_norm:
        y = _norm_conv(y, x.shape[-1], 1)
    else:
        y = layers.Conv2D(x.shape[-1], 1, use_bias=False)(y)
    return last()(after()(join()([way()(x), before()(y)])))


block = NetCheck(
    "9.10 block",
    lambda x, filters: _block(x, filters),
    "The block may now take something away from x, too",
    cases=[((6, 6, 8), 3), ((5, 4, 6), 4)],
    stub=lambda x, filters: _block(x, filters, before=layers.ReLU, after=layers.Identity),
    mistakes=[
        lambda x, filters: _block(x, filters, before=layers.ReLU),
        "Now there are two: the one after the sum is right, the one before it still lets nothing "
        "negative in",
        lambda x, filters: _block(x, filters, after=layers.Identity),
        "F may be negative now. But the block has lost its last ReLU: where does the paper put it?",
        lambda x, filters: _block(x, filters, way=layers.ReLU),
        "The sum is right, but the shortcut should hand on x as it is",
        lambda x, filters: _block(x, filters, way=layers.ReLU, after=layers.Identity),
        "The ReLU went to the shortcut, which should hand on x as it is",
        lambda x, filters: _block(x, filters, join=layers.Multiply),
        "A skip adds x",
        lambda x, filters: _block(x, filters, last_norm=False),
        "The last batch normalisation went away with the ReLU",
        lambda x, filters: _block(x, filters, after=layers.BatchNormalization),
        "After the sum comes a ReLU; a batch normalisation there would take the shortcut's "
        "scale back",
    ],
    hint="Which numbers can the second thing in the sum not have?",
)


def _penalised(penalty, size=1.0):
    l2 = keras.regularizers.L2(penalty) if penalty else None
    image = keras.Input((4,))
    x = layers.Dense(5, kernel_regularizer=l2)(image)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    net = keras.Model(image, layers.Dense(3, "softmax", kernel_regularizer=l2)(x))
    fill(net)
    for layer in net.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.assign(size * layer.kernel)
    return net


# As above, a case names the function that makes its net.
def _net_without_a_penalty():
    return _penalised(0)


def _net_with_a_penalty():
    return _penalised(0.01)


def _net_with_a_large_penalty():
    return _penalised(0.1, size=2)


def _given_a_net(function):
    @wraps(function)
    def tried(make, images, labels):
        return _to_five_digits(function)(make(), images, labels)

    return tried


def _loss(net, images, labels, training=False, add=None, mean=keras.ops.mean):
    outputs = net(images, training=training)
    loss = mean(keras.losses.sparse_categorical_crossentropy(labels, outputs))
    return float(loss) + float(sum(net.losses) if add is None else add(net))


def _points(n):
    return _noise(n, 4), _RNG.integers(3, size=n)


comparable_loss = Check(
    "9.11 comparable_loss",
    lambda net, images, labels: _loss(net, images, labels, add=lambda net: 0),
    "A net with a penalty and one without it can now be compared",
    cases=[
        (_net_without_a_penalty, *_points(4)),
        (_net_with_a_penalty, *_points(5)),
        (_net_with_a_large_penalty, *_points(3)),
    ],
    stub=lambda net, images, labels: _loss(net, images, labels, training=True),
    around=_given_a_net,
    mistakes=[
        lambda net, images, labels: _loss(net, images, labels),
        "The mode is right now. But one of the nets still pays for its weights, and the other "
        "does not",
        lambda net, images, labels: _loss(net, images, labels, training=True, add=lambda net: 0),
        "The penalty is gone. But is this how the net answers when it predicts?",
        lambda net, images, labels: _loss(net, images, labels, add=lambda net: -sum(net.losses)),
        "Nothing was added yet, and you take the penalty off: a net with a penalty looks better "
        "than it is",
        lambda net, images, labels: _loss(
            net, images, labels, add=lambda net: net.losses[-1] if net.losses else 0
        ),
        "One layer's penalty is still in it",
        lambda net, images, labels: _loss(
            net, images, labels, add=lambda net: 0, mean=keras.ops.sum
        ),
        "That grows with the number of images: a mean is asked for",
        lambda net, images, labels: float(
            np.mean(np.argmax(net(images, training=False), axis=1) != labels)
        ),
        "That is the error. It can be compared, too, but the loss is asked for",
        lambda net, images, labels: float(sum(net.losses)) if net(images) is not None else 0,
        "That is the penalty alone: it says nothing about the answers",
    ],
    hint="What is in the number for one net, and not for the other? And in which mode is the net "
    "asked?",
)


def _ahead(validation, test, choose=None, chosen_by=None, at=np.mean):
    """How far net 0 is ahead of net 1 in `test`, at the rates that `choose` returns."""
    scores = validation if chosen_by is None else chosen_by
    rates = scores.mean(axis=2).argmax(axis=1) if choose is None else choose(scores)
    first, second = (at(test[net, rate]) for net, rate in enumerate(rates))
    return first - second


def _rate_of(net):
    return lambda scores: [scores[net].mean(axis=1).argmax()] * 2


def _tables(*shape):
    return tuple(_RNG.integers(10, 90, size=shape).astype(float) for _ in range(2))


ahead = Check(
    "9.12 ahead",
    _ahead,
    "Each net at the rate that suits it, and the rate chosen where it costs nothing",
    cases=[
        (
            np.array([[[60.0, 64], [30, 34]], [[20, 24], [66, 70]]]),
            np.array([[[58.0, 62], [31, 35]], [[22, 26], [63, 67]]]),
        ),
        _tables(2, 3, 2),
        _tables(2, 4, 3),
        _tables(2, 3, 5),
        _tables(2, 5, 3),
    ],
    stub=lambda validation, test: _ahead(validation, test, _rate_of(0)),
    mistakes=[
        lambda validation, test: _ahead(validation, test, _rate_of(1)),
        "Now both have the rate that suits the second net",
        lambda validation, test: _ahead(
            validation, test, lambda scores: [scores.mean(axis=(0, 2)).argmax()] * 2
        ),
        "One rate for both, a compromise: each should have its own",
        lambda validation, test: _ahead(validation, test, chosen_by=test),
        "The rates are chosen by the test images: then these are no test any more",
        lambda validation, test: _ahead(validation, validation),
        "The best of several looks better than it is: choose by validation, then read the test",
        lambda validation, test: test[0].mean() - test[1].mean(),
        "That is the mean over all rates: a net does not have to be good at every one",
        lambda validation, test: _ahead(validation, test, lambda s: s.max(axis=2).argmax(axis=1)),
        "That chooses the rate of the luckiest seed: what is good on average?",
        lambda validation, test: _ahead(validation, test, at=np.max),
        "That compares the best seeds; the mean is asked for",
        lambda validation, test: -_ahead(validation, test),
        "The other way round: above 0 if the first net is ahead",
        lambda validation, test: 100 * _ahead(validation, test),
        "The accuracies are in per cent already: their difference is in points",
        lambda validation, test: test.max(axis=(1, 2))[0] - test.max(axis=(1, 2))[1],
        "The best run of each, over rates and seeds: who tries more often wins",
    ],
    hint="Whose best rate do both nets have? And by which images should a rate be chosen?",
)
