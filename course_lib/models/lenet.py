"""LeNet-5, the ancestor (LeCun, Bottou, Bengio, Haffner, Proceedings of the IEEE, 1998)."""

import keras
from keras import layers

from course_lib.models.arguments import check_classes, check_size, scaled
from course_lib.models.blocks import Style, classifier, conv, dense


def build_lenet5(
    input_shape: tuple[int, int, int] = (32, 32, 1),
    classes: int = 10,
    *,
    width: float = 1.0,
    **style,
) -> keras.Model:
    """LeNet-5 in its modern form: 61,706 parameters for 32×32 grey images and 10 classes.

    The form of 1998 has 60,000: its second convolution sees only some of the maps, its pooling
    layers have weights, and its output layer measures distances instead of a softmax.

    Args:
        input_shape: (height, width, channels), at least 16×16.
        classes: number of outputs, at least 2.
        width: scales the number of filters and of hidden units.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds; its own are tanh and Glorot's uniform weights.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: the images are too small, fewer than 2 classes, or no filters are left.

    >>> build_lenet5().count_params()
    61706
    """
    check_classes(classes)
    check_size(input_shape, [(5, 1, 0), (2, 2, 0), (5, 1, 0), (2, 2, 0)])
    style = Style(**{"activation": "tanh", "initializer": "glorot_uniform"} | style)
    c1, c3, c5, f6 = scaled((6, 16, 120, 84), width)
    image = x = keras.Input(input_shape, name="image")  # 32×32×1
    x = conv(x, c1, 5, "c1", style, padding="valid")  # 28×28×6
    x = layers.AveragePooling2D(2, name="s2")(x)  # 14×14×6
    x = conv(x, c3, 5, "c3", style, padding="valid")  # 10×10×16
    x = layers.AveragePooling2D(2, name="s4")(x)  # 5×5×16
    x = layers.Flatten(name="flatten")(x)  # 400
    x = dense(x, c5, "c5", style)
    x = dense(x, f6, "f6", style)
    return keras.Model(image, classifier(x, classes, style), name="lenet5")
