"""Checks of chapter 01, ImageNet."""

import numpy as np

from course_lib.exercises.check import Check, integers
from course_lib.exercises.progress import progress as progress
from course_lib.measure import metrics

_RNG = np.random.default_rng(1)
_SCORES = np.array(
    [
        [0.60, 0.20, 0.10, 0.05, 0.03, 0.02],
        [0.30, 0.05, 0.25, 0.11, 0.20, 0.09],
        [0.02, 0.03, 0.05, 0.10, 0.30, 0.50],
        [0.15, 0.40, 0.25, 0.04, 0.05, 0.11],
    ]
)


def _random_top(images, classes, k):
    scores = _RNG.permuted(np.tile(np.arange(classes) / classes, (images, 1)), axis=1).round(2)
    return _RNG.integers(0, classes, images), scores, k


def _top(labels, scores, k, axis=1, first=0):
    """Error of those whose label is not among the guesses from the first to the k-th."""
    best = np.argsort(-scores, axis=axis)[:, first:k]
    return 1 - float((best == labels[:, None]).any(axis=1).mean())


top_k_error = Check(
    "1.1 top_k_error",
    metrics.top_k_error,
    "Three lines, and you can read every table of every paper in this course",
    cases=[
        *[(np.array([0, 4, 0, 2]), _SCORES, k) for k in (3, 1, 2, 4, 6)],
        *[_random_top(*case) for case in ((5, 4, 2), (1, 3, 1), (4, 8, 6), (3, 3, 2), (9, 4, 3))],
    ],
    mistakes=[
        lambda y, s, k: 1 - _top(y, s, k),
        "That is the share of hits, the accuracy; the error is the share of misses",
        lambda y, s, k: _top(y, -s, k),
        "argsort puts the lowest score first, so these are the k worst classes",
        lambda y, s, k: _top(y, s, 1),
        "That looks at the single best class, whatever k is",
        lambda y, s, k: _top(y, s, 5),
        "That looks at the five best classes, whatever k is",
        lambda y, s, k: _top(y, s, k - 1),
        "That is one guess too few: a slice [:k] ends in front of k, so it has k entries",
        lambda y, s, k: _top(y, s, k + 1),
        "That is one guess too many: a slice [:k] has k entries",
        lambda y, s, k: _top(y, s, k, axis=0),
        "That puts the images of each class in order; put the classes of each image in order",
        lambda y, s, k: 1 - float((np.argsort(-s, axis=1)[:, :k] == y[:, None]).mean()),
        "That is the share of wrong guesses; one hit among the k guesses makes an image right",
        lambda y, s, k: 1 - float((np.sort(s, axis=1)[:, -k:] == y[:, None]).any(axis=1).mean()),
        "That compares labels with scores; compare them with the places of the best scores",
        lambda y, s, k: _top(y, s, k, first=k - 1),
        "That looks at the k-th guess alone; all of the first k count",
        lambda y, s, k: 100 * _top(y, s, k),
        "That is in percent; return a fraction",
        lambda y, s, k: round(len(y) * _top(y, s, k)),
        "That is the number of misses; the error is their share",
    ],
    hint="For which images is the label among the k classes with the highest scores?",
)

chance_top_k_error = Check(
    "1.2 chance_top_k_error",
    lambda classes, k: 1 - k / classes,
    "Guessing five of a thousand classes fails 99.5% of the time",
    cases=[(4, 2), (1000, 5), (10, 1), (10, 10), *integers(1, (100, 999), (1, 99))],
    mistakes=[
        lambda n, k: k / n,
        "That is the chance to hit; the error is the chance to miss",
        lambda n, k: 1 - 1 / n,
        "That is for one guess; here there are k",
        lambda n, k: (1 - 1 / n) ** k,
        "That is for k guesses that may repeat; the k guesses here all differ",
        lambda n, k: 100 * (1 - k / n),
        "That is in percent; return a fraction",
        lambda n, k: n - k,
        "That is how many classes are not named; what share of all is it?",
    ],
)

relative_reduction = Check(
    "1.3 relative_reduction",
    lambda before, after: (before - after) / before,
    "Going from 4 to 2 percent is as large a step as going from 40 to 20",
    cases=[(40.0, 20.0), (25.770, 16.422), (4.0, 3.0), (7.0, 7.0), (3.0, 0.0), (20.0, 25.0)],
    mistakes=[
        lambda b, a: b - a,
        "That is the difference in points; which share is it of what was there before?",
        lambda b, a: (b - a) / a if a else np.inf,
        "The share is of the error before, not of the error after",
        lambda b, a: (a - b) / b,
        "A reduction counts as positive: which number is larger?",
        lambda b, a: a / b,
        "That is what is left; the rest is gone",
        lambda b, a: 100 * (b - a) / b,
        "That is in percent; return a fraction",
        lambda b, a: abs(b - a) / b,
        "An error that rises is not reduced: then the number is negative",
        lambda b, a: max(b - a, 0) / b,
        "An error that rises is a negative reduction; do not cut it off at 0",
    ],
)


def _shares(nets, images, classes):
    scores = _RNG.integers(1, 20, (nets, images, classes))
    return (np.round(scores / scores.sum(axis=2, keepdims=True), 2),)


# Small enough to be shown whole. The mean differs from what each other way of voting gives.
_ENSEMBLES = [
    (np.array([[[0.6, 0.4, 0.0]], [[0.6, 0.4, 0.0]], [[0.0, 0.9, 0.1]]]),),  # from the count
    (np.array([[[0.01, 0.99]], [[0.8, 0.2]], [[0.8, 0.2]]]),),  # from the product
    (np.array([[[1.0, 0.0]], [[0.3, 0.7]], [[0.3, 0.7]]]),),  # from the median
    (np.array([[[0.7, 0.3, 0.0]], [[0.0, 0.5, 0.5]]]),),  # from the surest, and the squares
    *[_shares(*shape) for shape in ((2, 3, 4), (4, 2, 3), (1, 3, 2), (3, 4, 3), (2, 2, 2))],
]

ensemble = Check(
    "1.4 ensemble",
    lambda scores: scores.mean(axis=0).argmax(axis=1),
    "This is all that an ensemble is: the nets vote with their probabilities",
    cases=_ENSEMBLES,
    mistakes=[
        lambda s: np.array([np.bincount(v).argmax() for v in s.argmax(axis=2).T]),
        "That counts votes: a net that is almost sure weighs no more than one that wavers",
        lambda s: s.mean(axis=0),
        "Those are the averaged probabilities; the prediction is the class with the highest",
        lambda s: s.mean(axis=0).max(axis=1),
        "That is how high the best probability is; return which class has it",
        lambda s: s.mean(axis=1).argmax(axis=1),
        "That averages over the images; the nets lie along the first axis",
        lambda s: s.max(axis=0).argmax(axis=1),
        "That follows the net that is most sure; an ensemble listens to all of them",
        lambda s: np.median(s, axis=0).argmax(axis=1),
        "That takes the median of the nets, and leaves out how sure the others are",
        lambda s: s.prod(axis=0).argmax(axis=1),
        "That multiplies: one net with a probability near 0 overrules all others. Average them",
        lambda s: (s**2).mean(axis=0).argmax(axis=1),
        "Squares let the surest net count for more than its probability; average those as they are",
        lambda s: np.exp(s).mean(axis=0).argmax(axis=1),
        "These are probabilities already: no exponential or softmax once more",
        lambda s: s.argmax(axis=2),
        "Those are the predictions of each net; there is to be one for each image",
    ],
)
