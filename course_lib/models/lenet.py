"""LeNet-5, the ancestor (LeCun, Bottou, Bengio, Haffner, Proceedings of the IEEE, 1998)."""

import keras
from keras import layers


def build_lenet5(
    input_shape: tuple[int, int, int] = (32, 32, 1),
    classes: int = 10,
    activation: str | None = "tanh",
) -> keras.Model:
    """LeNet-5 in its modern form: 61,706 parameters for 32×32 grey images and 10 classes.

    The form of 1998 has 60,000: its second convolution sees only some of the maps, its pooling
    layers have weights, and its output layer measures distances instead of a softmax.

    Args:
        input_shape: (height, width, channels), at least 16×16.
        classes: number of outputs, at least 2.
        activation: of the hidden layers; None leaves it out.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: the images are too small, or there are fewer than 2 classes.

    >>> build_lenet5().count_params()
    61706
    """
    height, width, _ = input_shape
    if min(height, width) < 16:
        raise ValueError(
            "input_shape: LeNet-5 halves the image twice between two 5×5 convolutions, so it "
            f"needs at least 16×16 pixels, got {height}×{width}"
        )
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes}")
    image = x = keras.Input(input_shape, name="image")  # 32×32×1
    x = layers.Conv2D(6, 5, activation=activation, name="c1")(x)  # 28×28×6
    x = layers.AveragePooling2D(2, name="s2")(x)  # 14×14×6
    x = layers.Conv2D(16, 5, activation=activation, name="c3")(x)  # 10×10×16
    x = layers.AveragePooling2D(2, name="s4")(x)  # 5×5×16
    x = layers.Flatten(name="flatten")(x)  # 400
    x = layers.Dense(120, activation=activation, name="c5")(x)
    x = layers.Dense(84, activation=activation, name="f6")(x)
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="lenet5")
