"""Whether images and labels fit a model: the checks that probes and heat maps share."""

import numpy as np


def check_images(model, images):
    """Raise ValueError unless the images are float32 and have the shape that the model takes."""
    _check_pixels("images", images, ("n of at least 1", *model.inputs[0].shape[1:]))


def check_image(model, image):
    """The same for one image, without the batch axis."""
    _check_pixels("image", image, model.inputs[0].shape[1:])


def check_label(model, label, argument="label"):
    """Raise ValueError unless the label is the number of one of the model's classes."""
    classes = model.outputs[0].shape[-1]
    if not isinstance(label, int | np.integer) or not 0 <= label < classes:
        raise ValueError(
            f"{argument} must be an integer from 0 to {classes - 1}, since the model has {classes} "
            f"classes, got {label!r}"
        )


def _check_pixels(argument, pixels, expected):
    fits = len(pixels.shape) == len(expected) and all(
        found == side if isinstance(side, int) else found > 0
        for side, found in zip(expected, pixels.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{argument} must have the shape ({', '.join(map(str, expected))}) that the model "
            f"takes, got {pixels.shape}"
        )
    if pixels.dtype != np.float32:
        raise ValueError(
            f"{argument} must be float32, got {pixels.dtype}; "
            "`course_lib.data.normalise` makes it so"
        )
