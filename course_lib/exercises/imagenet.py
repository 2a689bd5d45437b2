"""Checks of chapter 01."""

import numpy as np

from course_lib.exercises.check import Check, Misconception
from course_lib.measure import metrics

_SCORES = np.array(
    [
        [0.60, 0.20, 0.10, 0.05, 0.03, 0.02],
        [0.30, 0.05, 0.25, 0.10, 0.20, 0.10],
        [0.02, 0.03, 0.05, 0.10, 0.30, 0.50],
        [0.15, 0.40, 0.25, 0.05, 0.05, 0.10],
    ]
)
_LABELS = np.array([0, 4, 0, 2])


def _top_by(order, wrong=True):
    """A top-k error (or accuracy) whose ranking is `order` of the scores."""

    def rate(labels, scores, k):
        top = np.argsort(order(scores), axis=1)[:, :k]
        hit = (top == labels[:, None]).any(axis=1)
        return float(np.mean(~hit if wrong else hit))

    return rate


top_k_error = Check(
    "1.1 top_k_error",
    metrics.top_k_error,
    "Six lines, and you can read every table of every paper in this course",
    names=("labels", "scores", "k"),
    cases=[(_LABELS, _SCORES, k) for k in (3, 1, 2, 4, 6)],
    misconceptions=[
        Misconception(
            _top_by(lambda scores: -scores, wrong=False),
            "That is the share of hits, the accuracy; the error is 1 minus it",
        ),
        Misconception(
            _top_by(lambda scores: scores),
            "argsort puts the lowest score first, so these are the k worst classes; turn the order "
            "round, for example with -scores",
        ),
        Misconception(
            lambda labels, scores, k: float(np.mean(scores.argmax(axis=1) != labels)),
            "That looks at the single best class, whatever k is",
        ),
        Misconception(
            lambda labels, scores, k: float(
                np.mean(~(np.sort(scores, axis=1)[:, -k:] == labels[:, None]).any(axis=1))
            ),
            "That compares labels with scores; compare them with the positions of the k best "
            "scores, which argsort gives",
        ),
        Misconception(
            lambda labels, scores, k: float(
                np.mean(np.argsort(-scores, axis=1)[:, k - 1] != labels)
            ),
            "That looks at the k-th guess alone; all of the first k count",
        ),
        Misconception(
            lambda labels, scores, k: 100 * _top_by(lambda scores: -scores)(labels, scores, k),
            "That is in percent; return a fraction",
        ),
        Misconception(
            lambda labels, scores, k: int(
                len(labels) * _top_by(lambda scores: -scores)(labels, scores, k)
            ),
            "That is the number of misses; the error is their share",
        ),
    ],
)

chance_top_k_error = Check(
    "1.2 chance_top_k_error",
    lambda classes, k: 1 - k / classes,
    "Guessing five of a thousand classes fails 99.5% of the time",
    names=("classes", "k"),
    cases=[(4, 2), (1000, 5), (10, 1), (10, 10)],
    misconceptions=[
        Misconception(
            lambda classes, k: k / classes,
            "That is the chance to hit; the error is the chance to miss",
        ),
        Misconception(
            lambda classes, k: 1 - 1 / classes, "That is for one guess; here there are k"
        ),
        Misconception(
            lambda classes, k: (1 - 1 / classes) ** k,
            "That is for k guesses that may repeat; the k guesses here all differ",
        ),
        Misconception(
            lambda classes, k: 100 * (1 - k / classes), "That is in percent; return a fraction"
        ),
    ],
)

relative_reduction = Check(
    "1.3 relative_reduction",
    lambda before, after: (before - after) / before,
    "Going from 4 to 2 percent is as large a step as going from 40 to 20",
    names=("before", "after"),
    cases=[(40.0, 20.0), (25.770, 16.422), (4.0, 3.0)],
    misconceptions=[
        Misconception(
            lambda before, after: before - after,
            "That is the difference in points; the relative reduction is its share of what was "
            "there before",
        ),
        Misconception(
            lambda before, after: (before - after) / after,
            "The share is of the error before, not of the error after",
        ),
        Misconception(
            lambda before, after: (after - before) / before,
            "A reduction counts as positive: before minus after",
        ),
        Misconception(lambda before, after: after / before, "That is what is left; 1 minus it"),
        Misconception(
            lambda before, after: 100 * (before - after) / before,
            "That is in percent; return a fraction",
        ),
    ],
)


def _average(part):
    return lambda scores: part(np.asarray(scores))


ensemble = Check(
    "1.4 ensemble",
    _average(lambda s: s.mean(axis=0).argmax(axis=1)),
    "This is all that an ensemble is: the nets vote with their probabilities",
    names=("scores",),
    cases=[
        (
            np.array(
                [
                    [[0.55, 0.45, 0.00], [0.1, 0.2, 0.7], [0.95, 0.05, 0.0]],
                    [[0.55, 0.45, 0.00], [0.3, 0.4, 0.3], [0.1, 0.6, 0.3]],
                    [[0.00, 0.90, 0.10], [0.3, 0.4, 0.3], [0.1, 0.7, 0.2]],
                    [[0.30, 0.40, 0.30], [0.2, 0.3, 0.5], [0.1, 0.5, 0.4]],
                ]
            ),
        ),
        # The mean differs from the product (first image) and from the median (second one).
        (
            np.array(
                [
                    [[0.01, 0.99], [1.0, 0.0]],
                    [[0.80, 0.20], [0.3, 0.7]],
                    [[0.80, 0.20], [0.3, 0.7]],
                ]
            ),
        ),
    ],
    misconceptions=[
        Misconception(
            lambda s: np.array([np.bincount(v).argmax() for v in s.argmax(axis=2).T]),
            "That counts votes: a net that is almost sure weighs as much as one that wavers. "
            "Average the probabilities first, then take the best class",
        ),
        Misconception(
            _average(lambda s: s.mean(axis=0)),
            "Those are the averaged probabilities; the prediction is the class with the highest",
        ),
        Misconception(
            _average(lambda s: s.mean(axis=1).argmax(axis=1)),
            "That averages over the images; the nets lie along the first axis",
        ),
        Misconception(
            _average(lambda s: s.max(axis=0).argmax(axis=1)),
            "That follows the net that is most sure; an ensemble listens to all of them",
        ),
        Misconception(
            _average(lambda s: s.argmax(axis=2)),
            "Those are the predictions of each net; there is to be one for each image",
        ),
    ],
)
