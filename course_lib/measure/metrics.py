"""What a model answers, and how often it is right. Importing this file loads no TensorFlow."""

import numpy as np

from course_lib.data.dataset import describe


def probabilities(model, images):
    """The model's first output (n, classes), float32, for images (n, height, width, channels).

    Like `model.predict`, but without the second that Keras takes to prepare a new model.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
    >>> probabilities(model, np.zeros((1, 2), "float32")).tolist()
    [[0.5, 0.5]]
    """
    parts = []
    for i in range(0, len(images), 500):  # bounds the memory
        outputs = model(images[i : i + 500], training=False)
        parts.append(outputs[0] if isinstance(outputs, list | tuple) else outputs)
    return np.concatenate(parts, dtype="float32")


def accuracy(model, images, labels):
    """Share of the images (n, height, width, channels) that the model gets right, from 0 to 1.

    Dropout is off, so training and test accuracy can be compared. Labels are as in `top_k_error`.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
    >>> accuracy(model, np.eye(2, dtype="float32"), np.array([0, 0]))
    0.5
    """
    return float(np.mean(_hits(labels, probabilities(model, images), k=1)))


def top_k_error(labels, scores, k=5):
    """Share of the images whose true class is not among the net's k best guesses.

    `labels` are integers (n,), each from 0 to classes - 1; `scores` real numbers (n, classes),
    higher is better; k is from 1 to classes. Others raise ValueError, and so do scores of NaN.

    Exactly k classes are guesses. If scores tie, the class with the lower number comes first, as in
    `np.argmax`: a net that gives every class the same score is right only by chance. (In Keras's
    `sparse_top_k_categorical_accuracy` that net reaches 100%.) Source: Russakovsky et al.,
    arXiv:1409.0575, section 4.1 (five guesses an image).

    >>> scores = [[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]]
    >>> top_k_error([1, 2], scores, k=1), top_k_error([1, 2], scores, k=3)
    (0.5, 0.0)
    """
    return float(np.mean(~_hits(labels, scores, k)))


def _hits(labels, scores, k):
    labels, scores = np.asarray(labels), np.asarray(scores)
    if scores.ndim != 2 or scores.size == 0 or labels.shape != scores.shape[:1]:
        raise ValueError(
            "labels must have the shape (n,) and scores (n, classes), at least one of each, got "
            f"{labels.shape} and {scores.shape}; turn one-hot labels into numbers with "
            "labels.argmax(axis=1), a column with labels.reshape(-1)"
        )
    classes = scores.shape[1]
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be integers from 0 to {classes - 1}, got {describe(labels)}")
    if not 1 <= k <= classes:
        raise ValueError(f"k must be between 1 and the number of classes ({classes}), got {k}")
    if np.isnan(scores).any():
        raise ValueError(
            f"scores must not be NaN, got {int(np.isnan(scores).any(axis=1).sum())} such rows; "
            "the net has probably diverged: lower the learning rate"
        )
    true = labels[:, np.newaxis]  # (n, 1)
    true_score = np.take_along_axis(scores, true, axis=1)  # (n, 1)
    # Counting the classes ahead of the true one needs no sorting.
    ahead = scores > true_score
    ahead |= (scores == true_score) & (np.arange(scores.shape[1]) < true)
    return ahead.sum(axis=1) < k
