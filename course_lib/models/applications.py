"""Nets that `keras.applications` brings along, as the course uses them."""

import keras
from keras import layers

from course_lib.models.arguments import check_classes


def build_inception_v3(
    input_shape: tuple[int, int, int] = (299, 299, 3),
    classes: int = 1000,
    *,
    weights: str | None = None,
) -> keras.Model:
    """Inception v3 (Szegedy et al., arXiv:1512.00567): 23,851,784 parameters.

    Args:
        input_shape: (height, width, channels), at least 75×75.
        classes: number of outputs; 1000 with weights.
        weights: None, or "imagenet", which downloads 92 MB unless they are in Keras's cache.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes).

    Raises:
        ValueError: from Keras, for an image that is too small.
    """
    check_classes(classes)
    return keras.applications.InceptionV3(weights=weights, input_shape=input_shape, classes=classes)


def build_resnet50_resized(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 100,
    *,
    size: int = 224,
    weights: str | None = None,
) -> keras.Model:
    """Keras's ResNet-50 behind a layer that enlarges small images: 23,792,612 parameters.

    Args:
        input_shape: (height, width, channels) of the images as they come.
        classes: number of outputs, at least 2.
        size: side in pixels that they are enlarged to, at least 32.
        weights: None, or "imagenet", which downloads 95 MB unless they are in Keras's cache.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: fewer than 2 classes, or a size below 32.

    >>> build_resnet50_resized(size=32).output_shape
    (None, 100)
    """
    check_classes(classes)
    if size < 32:
        raise ValueError(f"size must be at least 32, which ResNet-50 halves 5 times, got {size}")
    image = keras.Input(input_shape, name="image")  # 32×32×3
    x = layers.Resizing(size, size, name="resize")(image)  # 224×224×3
    x = keras.applications.ResNet50(
        include_top=False, weights=weights, input_shape=(size, size, input_shape[-1]), pooling="avg"
    )(x)  # 2048
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="resnet50_resized")
