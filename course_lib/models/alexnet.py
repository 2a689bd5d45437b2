"""AlexNet and its relatives (Krizhevsky, Sutskever, Hinton, NIPS 2012)."""

import keras
from keras import layers

from course_lib.layers import LocalResponseNormalization

# Section 3.5 of the paper: filters, kernel size, in two groups on two GPUs?, what follows.
CONVOLUTIONS = (
    (96, 11, False, ("lrn", "pool")),
    (256, 5, True, ("lrn", "pool")),
    (384, 3, False, ()),
    (384, 3, True, ()),
    (256, 3, True, ("pool",)),
)


def build_alexnet(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    classes: int = 1000,
    groups: int = 1,
    activation: str | None = "relu",
    lrn: bool = True,
    pool_size: int = 3,
    dropout: float = 0.5,
    width: float = 1.0,
    fc: int = 4096,
    stem: tuple[int, int] = (11, 4),
    initializer: str | keras.Initializer = "he_normal",
) -> keras.Model:
    """AlexNet: 62,378,344 parameters in one tower, 60,965,224 as published, with `groups=2`.

    The weights start as He's initialisation proposes (arXiv:1502.01852), not as N(0, 0.01²) with
    biases of 1 (section 5 of the paper): that recipe needs the paper's 90 epochs.

    Args:
        input_shape: (height, width, channels). The paper prints 224, but (224 - 11) / 4 is no
            whole number; with 227 the first map is 55×55, as the paper says.
        classes: number of outputs, at least 2.
        groups: 1, or 2 for the paper's two GPUs, which see each other in conv3 only.
        activation: of every hidden layer; None leaves it out.
        lrn: local response normalisation after conv1 and conv2 (section 3.3).
        pool_size: 3 overlaps with its stride of 2 (section 3.4); 2 does not.
        dropout: share of the hidden units of fc6 and fc7 that is left out (section 4.2).
        width: scales the number of filters, for small images and quick experiments.
        fc: units of fc6 and of fc7.
        stem: kernel size and stride of conv1; small images need a smaller one.
        initializer: of every kernel, as Keras names it.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: groups, classes, width or image size are outside what the table allows.

    >>> build_alexnet((32, 32, 3), classes=10, width=0.25, fc=128, stem=(3, 2)).output_shape
    (None, 10)
    """
    if groups not in (1, 2):
        raise ValueError(f"groups must be 1 or 2, got {groups!r}")
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes!r}")
    if width <= 0 or any(round(filters * width) % 2 for filters, *_ in CONVOLUTIONS):
        raise ValueError(
            f"width must leave each layer an even number of filters, got {width!r}; "
            "1, 0.5, 0.25 and 0.125 do"
        )
    _check_size(input_shape, stem, pool_size)
    image = x = keras.Input(input_shape, name="image")  # 227×227×3
    for i, (filters, kernel, grouped, then) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv2D(
            round(filters * width),
            stem[0] if i == 1 else kernel,
            strides=stem[1] if i == 1 else 1,
            padding="valid" if i == 1 else "same",
            groups=groups if grouped else 1,
            activation=activation,
            kernel_initializer=_fresh(initializer),
            name=f"conv{i}",
        )(x)  # 55×55×96, 27×27×256, 13×13×384, 13×13×384, 13×13×256
        if "lrn" in then and lrn:
            x = LocalResponseNormalization(name=f"lrn{i}")(x)
        if "pool" in then:
            x = layers.MaxPooling2D(pool_size, strides=2, name=f"pool{i}")(x)  # 27, 13, 6
    x = layers.Flatten(name="flatten")(x)  # 6·6·256 = 9216
    for i in (6, 7):
        x = layers.Dense(
            fc, activation=activation, kernel_initializer=_fresh(initializer), name=f"fc{i}"
        )(x)
        x = layers.Dropout(dropout, name=f"dropout{i}")(x)
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="alexnet" if groups == 1 else "alexnet_grouped")


def build_alexnet_blog(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    classes: int = 1000,
    activation: str | None = None,
) -> keras.Model:
    """A blog's two-tower rebuild that is not AlexNet: 200,425,832 parameters.

    Its five convolutions are those of the paper. But it has no activations, no response
    normalisation and no dropout, and it lacks the pooling layer after the second convolution, so
    that the first dense stage grows to 177 million weights. Chapter 02 asks for these differences.

    Args:
        input_shape: (height, width, channels), at least 67×67.
        classes: number of outputs, at least 2.
        activation: of the hidden layers; the blog has none.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: the image is too small, or there are fewer than 2 classes.

    >>> build_alexnet_blog((67, 67, 3), classes=10).output_shape
    (None, 10)
    """
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes!r}")
    if min(input_shape[:2]) < 67:
        raise ValueError(
            "input_shape must be at least 67×67, so that the last pooling layer has a 3×3 map to "
            f"pool, got {input_shape[0]}×{input_shape[1]}"
        )

    def conv(x, filters, kernel, name, **settings):
        return layers.Conv2D(filters, kernel, activation=activation, name=name, **settings)(x)

    image = keras.Input(input_shape, name="image")  # 227×227×3
    towers = []
    for t in ("a", "b"):
        x = conv(image, 48, 11, f"conv1{t}", strides=4)  # 55×55×48
        x = layers.MaxPooling2D(3, strides=2, name=f"pool1{t}")(x)  # 27×27×48
        towers.append(conv(x, 128, 5, f"conv2{t}", padding="same"))  # 27×27×128
    both = layers.Concatenate(name="concatenate2")(towers)  # 27×27×256
    towers = []
    for t in ("a", "b"):
        x = conv(both, 192, 3, f"conv3{t}", padding="same")  # 27×27×192
        x = conv(x, 192, 3, f"conv4{t}", padding="same")
        x = conv(x, 128, 3, f"conv5{t}", padding="same")  # 27×27×128
        x = layers.MaxPooling2D(3, strides=2, name=f"pool5{t}")(x)  # 13×13×128
        towers.append(layers.Flatten(name=f"flatten{t}")(x))  # 21632
    both = layers.Concatenate(name="concatenate5")(towers)  # 43264
    for i in (6, 7):
        towers = [layers.Dense(2048, activation=activation, name=f"fc{i}{t}")(both) for t in "ab"]
        both = layers.Concatenate(name=f"concatenate{i}")(towers)  # 4096
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(both)
    return keras.Model(image, x, name="alexnet_blog")


def _fresh(initializer):
    """A copy for each layer: one shared instance would start every layer alike."""
    return initializer if isinstance(initializer, str) else initializer.clone()


def _check_size(input_shape, stem, pool_size):
    """Follow height and width through conv1 and the three pooling layers."""
    kernel, stride = stem

    def last_map(size):
        size = (size - kernel) // stride + 1
        for _ in range(3):
            size = (size - pool_size) // 2 + 1
        return size

    smallest = next(size for size in range(kernel, 10_000) if last_map(size) >= 1)
    if min(input_shape[:2]) < smallest:
        raise ValueError(
            f"input_shape must be at least {smallest}×{smallest} for the stem {stem} and pooling "
            f"of size {pool_size}, got {input_shape[0]}×{input_shape[1]}; take larger images or a "
            "smaller stem"
        )
