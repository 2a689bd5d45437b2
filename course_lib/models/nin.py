"""Network in Network (Lin, Chen, Yan, arXiv:1312.4400), and a net that only has the name."""

import keras
from keras import layers

from course_lib.models.alexnet import ALEXNET, check_trunk, trunk
from course_lib.models.arguments import check_classes, check_size, scaled
from course_lib.models.blocks import Style, mlpconv

# The usual widths for CIFAR: filters of the convolution and of the two 1×1 after it, its kernel.
BLOCKS = (((192, 160, 96), 5), ((192, 192, 192), 5), ((192, 192), 3))


def build_nin(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    width: float = 1.0,
    dropout: float = 0.5,
    **style,
) -> keras.Model:
    """Network in Network for CIFAR: 966,986 parameters for 10 classes, none of them dense.

    Its last map is one channel a class; the average over the map is the class's score. So the
    last map of a class shows where the net saw it.

    Args:
        input_shape: (height, width, channels), at least 7×7.
        classes: number of outputs, at least 2.
        width: scales the number of filters, for quick experiments.
        dropout: share of the values between the blocks that is left out in training.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: the image is too small, fewer than 2 classes, or no filters are left.

    >>> build_nin(width=0.125).output_shape
    (None, 10)
    """
    check_classes(classes)
    check_size(input_shape, [(3, 2, 0), (3, 2, 0)])
    style = Style(**style)
    image = x = keras.Input(input_shape, name="image")  # 32×32×3
    for i, (filters, kernel) in enumerate(BLOCKS, start=1):
        filters = scaled(filters, width)
        if i == len(BLOCKS):
            x = mlpconv(x, [*filters, classes], kernel, f"stage{i}", style)  # 7×7×10
        else:
            x = mlpconv(x, filters, kernel, f"stage{i}", style)
            x = layers.MaxPooling2D(3, strides=2, name=f"stage{i}_pool")(x)  # 15×15×96, 7×7×192
            x = layers.Dropout(dropout, name=f"stage{i}_dropout")(x)
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 10
    x = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="nin")


def build_nin_blog(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    *,
    width: float = 1.0,
    stem: tuple[int, int] = (11, 4),
    **style,
) -> keras.Model:
    """A tutorial's 'NiN' that is none: AlexNet's convolutions and global average pooling.

    3,747,200 parameters. It has no 1×1 convolution and no classifier: what comes out are 256
    averages. Chapter 03 asks what is missing.

    Args:
        input_shape: (height, width, channels), at least 67×67 with the usual stem.
        width: scales the number of filters.
        stem: kernel size and stride of conv1.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to features (n, 256 * width).

    Raises:
        ValueError: the image is too small, or no filters are left.

    >>> build_nin_blog((67, 67, 3), width=0.25).output_shape
    (None, 64)
    """
    check_trunk(ALEXNET, input_shape, stem)
    style = Style(**style)
    image = keras.Input(input_shape, name="image")
    x = trunk(image, ALEXNET, style, width=width, stem=stem, lrn=False)  # 6×6×256
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 256
    return keras.Model(image, x, name="nin_blog")
