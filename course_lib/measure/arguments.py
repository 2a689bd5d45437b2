"""Whether images and labels fit a model: the checks that probes, heat maps and training share."""

import numpy as np

from course_lib.data.dataset import describe


def check_images(model, images, argument="images", one=False):
    """Raise ValueError unless the images (or `one` image) are float32 and as the model takes them.

    At least one; a single image has no batch axis.
    """
    shape = (1, *images.shape) if one else images.shape
    expected = model.inputs[0].shape[1:]
    sides = zip(expected, shape[1:], strict=False)
    fits = len(shape) == 1 + len(expected) and all(side in (None, found) for side, found in sides)
    if not fits or shape[0] == 0:
        axes = map(str, expected if one else ("n of at least 1", *expected))
        rule = f"{argument} must have the shape ({', '.join(axes)}) that the model takes"
        raise ValueError(f"{rule}, got {images.shape}")
    if images.dtype != np.float32:
        raise ValueError(f"{argument} must be float32, got {images.dtype}; use `data.normalise`")


def check_labels(model, labels, n, argument="labels"):
    """Raise ValueError unless the labels are n numbers of the model's classes."""
    classes = model.outputs[0].shape[-1]
    whole = labels.shape == (n,) and labels.dtype.kind in "iu"
    if not whole or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{argument} must be from 0 to {classes - 1}, one integer for each of the {n} images, "
            f"got {describe(labels)}; for one-hot labels take labels.argmax(axis=1)"
        )
