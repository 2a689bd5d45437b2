"""What a model answers, and how often it is right. Importing this file loads no TensorFlow."""

import numpy as np

from course_lib.data.dataset import describe

VIEWS = ("as they are", "mirrored", "mirrored and shifted")


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


def log_probabilities(model, images, views="as they are"):
    """Logarithms of the model's probabilities (n, classes), averaged over views of the images.

    `views` is "as they are"; "mirrored", both sides with half the weight each; or "mirrored and
    shifted", which gives half the weight to these, and half to both sides of two copies, moved by
    one pixel up and left or down and right (what is missing is mirrored in). Source: AlexNet's ten
    crops (section 4.1); these six: airbench94, arXiv:2404.00498, section 3.5. The average of the
    logarithms differs from that of the scores before the softmax by the same number in all classes.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.GlobalMaxPooling2D(),
    ...     keras.layers.Softmax()])
    >>> images = np.zeros((1, 4, 4, 2), "float32")
    >>> np.exp(log_probabilities(model, images, "mirrored and shifted")).tolist()
    [[0.5, 0.5]]
    """
    if views not in VIEWS:
        raise ValueError(f"views must be one of {', '.join(VIEWS)}, got {views!r}")
    whole, weights = [images], [1.0]
    if views == "mirrored and shifted":
        padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)], "reflect")
        whole, weights = [images, padded[:, 2:, 2:], padded[:, :-2, :-2]], [0.5, 0.25, 0.25]
    total = 0.0
    for part, weight in zip(whole, weights, strict=True):
        sides = [part] if views == "as they are" else [part, part[:, :, ::-1]]
        for side in sides:
            total = total + weight / len(sides) * np.log(probabilities(model, side) + 1e-30)
    return total


def accuracy(model, images, labels, views="as they are"):
    """Share of the images (n, height, width, channels) that the model gets right, from 0 to 1.

    Dropout is off, so training and test accuracy can be compared. Labels are as in `top_k_error`,
    `views` as in `log_probabilities`.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
    >>> accuracy(model, np.eye(2, dtype="float32"), np.array([0, 0]))
    0.5
    """
    if views == "as they are":
        return float(np.mean(_hits(labels, probabilities(model, images), k=1)))
    return float(np.mean(_hits(labels, log_probabilities(model, images, views), k=1)))


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
