"""AlexNet (Krizhevsky, Sutskever, Hinton, NIPS 2012), ZFNet (Zeiler, Fergus, arXiv:1311.2901)."""

import keras
from keras import layers

from course_lib.models.blocks import Style, classifier, conv, dense
from course_lib.models.layers import LocalResponseNormalization
from course_lib.models.sizes import check_choice, scaled, takes_images

# Filters, kernel, stride, padding (a number: pixels on each side), whether in two groups, and what
# follows: response normalisation, and pooling that drops ("pool") or keeps ("pool_same") a last row
# that its window does not fill.
# AlexNet, section 3.5:
ALEXNET = (
    (96, 11, 4, "valid", False, ("lrn", "pool")),
    (256, 5, 1, "same", True, ("lrn", "pool")),
    (384, 3, 1, "same", False, ()),
    (384, 3, 1, "same", True, ()),
    (256, 3, 1, "same", True, ("pool",)),
)
# ZFNet, Fig. 3; the sides of its maps are 110, 55, 26, 13, 13, 13 and 6.
ZFNET = (
    (96, 7, 2, 1, False, ("pool_same", "lrn")),
    (256, 5, 2, "valid", False, ("pool_same", "lrn")),
    *ALEXNET[2:],
)


@takes_images
def build_alexnet(
    input_shape=(227, 227, 3),
    classes=1000,
    *,
    table=ALEXNET,
    groups=1,
    lrn=True,
    dropout=0.5,
    width=1.0,
    fc=4096,
    stem=None,
    name="alexnet",
    **style,
):
    """AlexNet: 60,965,224 parameters with `groups=2`, as published; 62,378,344 in one tower.

    The paper says that images are 224×224, but (224 - 11) / 4 is not a whole number; with 227 the
    first map is 55×55, as in the paper. The weights start from He's initialisation
    (arXiv:1502.01852): N(0, 0.01²) with biases of 1 (section 5) needs the paper's 90 epochs.

    Args:
        table: the five convolutions and what follows each, like `ALEXNET` in this file.
        groups: 2 for the paper's two GPUs, which exchange maps only at conv3.
        lrn: whether local response normalisation follows conv1 and conv2 (section 3.3).
        stem: kernel size and stride of conv1, if not the table's.

    >>> build_alexnet((32, 32, 3), 10, width=0.25, fc=128, stem=(3, 2)).output_shape
    (None, 10)
    """
    check_choice("groups", groups, (1, 2))
    style = Style(**style)
    image = keras.Input(input_shape, name="image")  # 227×227×3
    x = trunk(image, table, style, width=width, stem=stem, lrn=lrn, groups=groups)  # 6×6×256
    x = layers.Flatten(name="flatten")(x)  # 6·6·256 = 9216
    for i in (6, 7):
        x = dense(x, fc, f"fc{i}", style)
        x = layers.Dropout(dropout, name=f"dropout{i}")(x)
    return keras.Model(image, classifier(x, classes, style), name=name)


def build_zfnet(input_shape=(224, 224, 3), classes=1000, **changes):
    """ZFNet: AlexNet with a smaller first kernel and stride. 62,357,608 parameters.

    Its "contrast normalisation" (Fig. 3) is AlexNet's response normalisation, after the pooling
    layers. `changes` are arguments of `build_alexnet`.
    """
    return build_alexnet(input_shape, classes, **{"table": ZFNET, "name": "zfnet"} | changes)


def trunk(x, table, style, *, width=1.0, stem=None, lrn=True, groups=1, linear=()):
    """The convolutions of a table; `linear` holds the numbers of those without activation."""
    widths = scaled([row[0] for row in table], width, multiple=groups)
    for i, (_, kernel, stride, padding, grouped, then) in enumerate(table, start=1):
        kernel, stride = stem if stem and i == 1 else (kernel, stride)
        if isinstance(padding, int):
            x = layers.ZeroPadding2D(padding, name=f"pad{i}")(x)
            padding = "valid"
        in_groups = groups if grouped else 1
        act = i not in linear
        x = conv(x, widths[i - 1], kernel, f"conv{i}", style, stride, padding, in_groups, act=act)
        # AlexNet: 55×55×96, 27×27×256, 13×13×384, 13×13×384, 13×13×256
        for step in then:
            if step == "lrn":
                x = LocalResponseNormalization(name=f"lrn{i}")(x) if lrn else x
            else:
                padding = "same" if step == "pool_same" else "valid"
                x = layers.MaxPooling2D(3, 2, padding, name=f"pool{i}")(x)  # 27, 13, 6
    return x
