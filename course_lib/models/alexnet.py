"""AlexNet (Krizhevsky, Sutskever, Hinton, NIPS 2012), ZFNet (Zeiler, Fergus, arXiv:1311.2901)."""

import keras
from keras import layers

from course_lib.models.arguments import check_choice, check_classes, check_size, scaled
from course_lib.models.blocks import Style, classifier, conv, dense
from course_lib.models.layers import LocalResponseNormalization

# Filters, kernel, stride, padding (a number: so many pixels on each side), in two groups?, and
# what follows: response normalisation, and pooling that drops ("pool") or keeps ("pool_same") a
# last row that its window does not fill.
# AlexNet, section 3.5:
ALEXNET = (
    (96, 11, 4, "valid", False, ("lrn", "pool")),
    (256, 5, 1, "same", True, ("lrn", "pool")),
    (384, 3, 1, "same", False, ()),
    (384, 3, 1, "same", True, ()),
    (256, 3, 1, "same", True, ("pool",)),
)
# ZFNet, Fig. 3; its maps are 110, 55, 26, 13, 13, 13 and 6 wide.
ZFNET = (
    (96, 7, 2, 1, False, ("pool_same", "lrn")),
    (256, 5, 2, "valid", False, ("pool_same", "lrn")),
    *((*row[:4], False, row[5]) for row in ALEXNET[2:]),
)
# A tutorial's ZFNet: conv2 keeps its stride of 1.
ZFNET_BLOG = (
    (96, 7, 2, "valid", False, ("lrn", "pool")),
    (256, 5, 1, "same", False, ("lrn", "pool")),
    *ZFNET[2:],
)


def build_alexnet(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    classes: int = 1000,
    groups: int = 1,
    lrn: bool = True,
    pool_size: int = 3,
    dropout: float = 0.5,
    width: float = 1.0,
    fc: int = 4096,
    stem: tuple[int, int] = (11, 4),
    **style,
) -> keras.Model:
    """AlexNet: 62,378,344 parameters in one tower, 60,965,224 as published, with `groups=2`.

    The weights start as He's initialisation proposes (arXiv:1502.01852), not as N(0, 0.01²) with
    biases of 1 (section 5 of the paper): that recipe needs the paper's 90 epochs.

    Args:
        input_shape: (height, width, channels). The paper prints 224, but (224 - 11) / 4 is no
            whole number; with 227 the first map is 55×55, as the paper says.
        classes: number of outputs, at least 2.
        groups: 1, or 2 for the paper's two GPUs, which see each other in conv3 only.
        lrn: local response normalisation after conv1 and conv2 (section 3.3).
        pool_size: 3 overlaps with its stride of 2 (section 3.4); 2 does not.
        dropout: share of the hidden units of fc6 and fc7 that is left out (section 4.2).
        width: scales the number of filters, for small images and quick experiments.
        fc: units of fc6 and of fc7.
        stem: kernel size and stride of conv1; small images need a smaller one.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: groups, classes, width or image size are outside what the table allows.

    >>> build_alexnet((32, 32, 3), classes=10, width=0.25, fc=128, stem=(3, 2)).output_shape
    (None, 10)
    """
    check_choice("groups", groups, (1, 2))
    check_classes(classes)
    check_trunk(ALEXNET, input_shape, stem, pool_size)
    style = Style(**style)
    image = keras.Input(input_shape, name="image")  # 227×227×3
    x = trunk(image, ALEXNET, style, width, stem, lrn, pool_size, groups)  # 6×6×256
    x = _dense_layers(x, fc, dropout, classes, style)
    return keras.Model(image, x, name="alexnet" if groups == 1 else "alexnet_grouped")


def build_zfnet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    *,
    blog: bool = False,
    lrn: bool = True,
    dropout: float = 0.5,
    width: float = 1.0,
    fc: int = 4096,
    stem: tuple[int, int] = (7, 2),
    **style,
) -> keras.Model:
    """ZFNet: AlexNet with a finer look at the image. 62,357,608 parameters.

    Args:
        input_shape: (height, width, channels).
        classes: number of outputs, at least 2.
        blog: True builds a tutorial's variant, whose conv2 has stride 1: 201,818,216 parameters
            with images of 227×227.
        lrn: normalisation across channels after the first two pooling layers (the paper's
            "contrast normalisation"; Fig. 3).
        dropout: share of the hidden units of fc6 and fc7 that is left out in training.
        width: scales the number of filters.
        fc: units of fc6 and of fc7.
        stem: kernel size and stride of conv1; small images need a smaller one.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: classes, width or image size are outside what the table allows.

    >>> build_zfnet((64, 64, 3), classes=10, width=0.25, fc=64).output_shape
    (None, 10)
    """
    table = ZFNET_BLOG if blog else ZFNET
    check_classes(classes)
    check_trunk(table, input_shape, stem)
    style = Style(**style)
    image = keras.Input(input_shape, name="image")  # 224×224×3
    x = trunk(image, table, style, width, stem, lrn)  # 6×6×256
    x = _dense_layers(x, fc, dropout, classes, style)
    return keras.Model(image, x, name="zfnet_blog" if blog else "zfnet")


def build_alexnet_blog(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    classes: int = 1000,
    *,
    width: float = 1.0,
    fc: int = 2048,
    **style,
) -> keras.Model:
    """A blog's two-tower rebuild that is not AlexNet: 200,425,832 parameters.

    Its five convolutions are those of the paper. But it has no activations, no response
    normalisation and no dropout, and it lacks the pooling layer after the second convolution, so
    that the first dense stage grows to 177 million weights. Chapter 02 asks for these differences.

    Args:
        input_shape: (height, width, channels), at least 35×35.
        classes: number of outputs, at least 2.
        width: scales the number of filters.
        fc: units of each tower's dense layers.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds. The blog has no activation.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: the image is too small, fewer than 2 classes, or no filters are left.

    >>> build_alexnet_blog((67, 67, 3), classes=10, fc=32).output_shape
    (None, 10)
    """
    check_classes(classes)
    check_size(input_shape, [(11, 4, 0), (3, 2, 0), (3, 2, 0)])
    style = Style(**{"activation": None} | style)
    n48, n128, n192 = scaled((48, 128, 192), width)
    image = keras.Input(input_shape, name="image")  # 227×227×3
    towers = []
    for t in "ab":
        x = conv(image, n48, 11, f"conv1{t}", style, stride=4, padding="valid")  # 55×55×48
        x = layers.MaxPooling2D(3, strides=2, name=f"pool1{t}")(x)  # 27×27×48
        towers.append(conv(x, n128, 5, f"conv2{t}", style))  # 27×27×128
    both = layers.Concatenate(name="concatenate2")(towers)  # 27×27×256
    towers = []
    for t in "ab":
        x = conv(both, n192, 3, f"conv3{t}", style)  # 27×27×192
        x = conv(x, n192, 3, f"conv4{t}", style)
        x = conv(x, n128, 3, f"conv5{t}", style)  # 27×27×128
        x = layers.MaxPooling2D(3, strides=2, name=f"pool5{t}")(x)  # 13×13×128
        towers.append(layers.Flatten(name=f"flatten{t}")(x))  # 21632
    both = layers.Concatenate(name="concatenate5")(towers)  # 43264
    for i in (6, 7):
        towers = [dense(both, fc, f"fc{i}{t}", style) for t in "ab"]
        both = layers.Concatenate(name=f"concatenate{i}")(towers)  # 4096
    x = classifier(both, classes, style)
    return keras.Model(image, x, name="alexnet_blog")


def trunk(x, table, style, width=1.0, stem=None, lrn=True, pool_size=3, groups=1):
    """The convolutions of a table; `stem` is kernel and stride of conv1, if not the table's.

    >>> trunk(keras.Input((227, 227, 3)), ALEXNET, Style()).shape
    (None, 6, 6, 256)
    """
    widths = scaled([row[0] for row in table], width, multiple=groups)
    for i, (_, kernel, stride, padding, grouped, then) in enumerate(table, start=1):
        kernel, stride = stem if stem and i == 1 else (kernel, stride)
        if isinstance(padding, int):
            x = layers.ZeroPadding2D(padding, name=f"pad{i}")(x)
            padding = "valid"
        in_groups = groups if grouped else 1
        x = conv(x, widths[i - 1], kernel, f"conv{i}", style, stride, padding, in_groups)
        # AlexNet: 55×55×96, 27×27×256, 13×13×384, 13×13×384, 13×13×256
        for step in then:
            if step == "lrn":
                x = LocalResponseNormalization(name=f"lrn{i}")(x) if lrn else x
            else:
                padding = "same" if step == "pool_same" else "valid"
                x = layers.MaxPooling2D(pool_size, 2, padding, name=f"pool{i}")(x)  # 27, 13, 6
    return x


def check_trunk(table, input_shape, stem=None, pool_size=3):
    """Raise ValueError if the image is too small for the table's convolutions and pooling."""
    windows = []
    for i, (_, kernel, stride, padding, _, then) in enumerate(table):
        kernel, stride = stem if stem and i == 0 else (kernel, stride)
        padding = {"same": None, "valid": 0}.get(padding, padding)
        windows.append((kernel, stride, padding))
        for step in then:
            if step != "lrn":
                windows.append((pool_size, 2, None if step == "pool_same" else 0))
    check_size(input_shape, windows, "take larger images, or a smaller stem, such as stem=(3, 2)")


def _dense_layers(x, fc, dropout, classes, style):
    x = layers.Flatten(name="flatten")(x)  # 6·6·256 = 9216
    for i in (6, 7):
        x = dense(x, fc, f"fc{i}", style)
        x = layers.Dropout(dropout, name=f"dropout{i}")(x)
    return classifier(x, classes, style)
