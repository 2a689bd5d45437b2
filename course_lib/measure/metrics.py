"""Top-k accuracy and error, the score of the ImageNet challenge, in NumPy alone."""

import numpy as np


def top_k_accuracy(labels, scores, k=5):
    """Share of the images whose true class is among the net's k best guesses.

    Exactly k classes are guesses. Where scores tie, the class with the lower number comes first,
    as in `np.argmax`: k = 1 is ordinary accuracy, and a net that gives every class the same score
    is right only by chance. Keras's `sparse_top_k_categorical_accuracy` agrees unless scores tie
    or are infinite: it counts every class that ties with the k-th best (that net reaches 100%),
    and takes a row with an infinite score for wrong, where here infinities are ranked.

    Args:
        labels: integers of shape (n,), each from 0 to classes - 1.
        scores: floats of shape (n, classes): probabilities or logits, higher is better.
        k: number of guesses, from 1 to classes.

    Returns:
        A float from 0 to 1.

    Raises:
        TypeError: labels or k are not integers, or scores are not real numbers.
        ValueError: wrong shapes, no images, k or a label out of range, or a score that is NaN.

    Source: Russakovsky et al., arXiv:1409.0575, section 4.1 (five guesses an image).

    >>> scores = [[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]]
    >>> top_k_accuracy([1, 2], scores, k=1)
    0.5
    >>> top_k_accuracy([1, 2], scores, k=3)
    1.0
    """
    return float(np.mean(_hits(labels, scores, k)))


def top_k_error(labels, scores, k=5):
    """Share of the images whose true class is not among the k best guesses.

    The complement of `top_k_accuracy`: same arguments, same rule for ties, same errors.

    >>> top_k_error([1, 2], [[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]], k=1)
    0.5
    """
    return float(np.mean(~_hits(labels, scores, k)))


def _hits(labels, scores, k):
    labels, scores = np.asarray(labels), np.asarray(scores)
    _check(labels, scores, k)
    true = labels[:, np.newaxis]  # (n, 1)
    true_score = np.take_along_axis(scores, true, axis=1)  # (n, 1)
    # Counting the classes ahead of the true one needs no sorting.
    ahead = scores > true_score
    ahead |= (scores == true_score) & (np.arange(scores.shape[1]) < true)
    return ahead.sum(axis=1) < k


def _check(labels, scores, k):
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            f"labels must have shape (n,) and scores (n, classes), got {labels.shape} and "
            f"{scores.shape}; turn one-hot labels into numbers with labels.argmax(axis=1), "
            "a column with labels.reshape(-1)"
        )
    n, classes = scores.shape
    if n == 0 or classes == 0:
        raise ValueError(f"scores must hold at least one image and one class, got {scores.shape}")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, got {labels.dtype}; use labels.astype(int)")
    if scores.dtype.kind not in "fiu":
        raise TypeError(f"scores must be real numbers, got {scores.dtype}; cast them to float32")
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k must be an integer, got {k!r}")
    if not 1 <= k <= classes:
        raise ValueError(f"k must be between 1 and the number of classes ({classes}), got {k}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be between 0 and {classes - 1}, "
            f"got values from {labels.min()} to {labels.max()}; number the classes from 0"
        )
    if np.isnan(scores).any():
        raise ValueError(
            f"scores must not be NaN, got {int(np.isnan(scores).any(axis=1).sum())} such rows; "
            "the net has probably diverged: lower the learning rate"
        )
