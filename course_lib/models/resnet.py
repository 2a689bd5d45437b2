"""Residual nets, plain nets and pre-activation nets from two tables.

He, Zhang, Ren, Sun: "Deep residual learning", arXiv:1512.03385, and "Identity mappings in deep
residual networks", arXiv:1603.05027.
"""

from functools import partial

import keras
from keras import layers

from course_lib.models.blocks import Style, activate, classifier, conv, normalise, residual_block
from course_lib.models.sizes import check_choice, scaled, takes_images

FILTERS = (64, 128, 256, 512)
# Table 1 of the paper: are the blocks bottlenecks, and how many are there in conv2_x to conv5_x?
DEPTHS = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}
CIFAR_FILTERS = (16, 32, 64)  # section 4.2; n basic blocks a stage make 6n + 2 layers
CIFAR_DEPTHS = (20, 32, 44, 56, 110)
# He's variance (arXiv:1502.01852) from a uniform distribution: a CPU draws it three times as fast
# as a truncated normal one, which is half of the time that building a ResNet-50 takes.
STYLE = {"normalisation": "batch", "initializer": "he_uniform"}


@takes_images(smaller_stem="small")
def build_resnet(
    input_shape=(224, 224, 3),
    classes=1000,
    *,
    depth=50,
    shortcut="projection",
    preactivation=False,
    stride_on=1,
    width=1.0,
    stem="large",
    **style,
):
    """ResNet-18, 34, 50, 101 or 152, or the plain net of the same layers (section 3.3, Table 1).

    Args:
        depth: 18 or 34 (blocks of two 3×3), 50, 101 or 152 (bottlenecks: 1×1, 3×3, 1×1).
        shortcut: "projection" (option B), "padding" (option A), or None: a plain net.
        preactivation: normalisation and activation before each convolution (arXiv:1603.05027).
        stride_on: which convolution of a bottleneck halves the map: 1, its first (the paper), or
            3, its 3×3 (most code since then).
        stem: "large", 7×7 with stride 2 and a pooling layer; "small", one 3×3 with stride 1.
        **style: `STYLE` in this file holds its own defaults.

    >>> build_resnet((32, 32, 3), 10, depth=18, width=0.125).output_shape
    (None, 10)
    """
    check_choice("depth", depth, DEPTHS)
    check_choice("stride_on", stride_on, (1, 3))
    check_choice("stem", stem, ("large", "small"))
    bottlenecks, counts = DEPTHS[depth]
    return _residual_net(
        input_shape,
        classes,
        Style(**STYLE | style),
        name=f"{_kind(shortcut, preactivation)}{depth}",
        stages=list(zip(range(2, 6), scaled(FILTERS, width), counts, strict=True)),
        block=partial(bottleneck, stride_on=stride_on) if bottlenecks else basic,
        shortcut=shortcut,
        preactivation=preactivation,
        stem=stem,
    )


@takes_images()
def build_resnet_cifar(
    input_shape=(32, 32, 3),
    classes=10,
    *,
    depth=20,
    shortcut="padding",
    preactivation=False,
    width=1.0,
    **style,
):
    """The thin nets of 6n + 2 layers for small images (section 4.2): 16, 32 and 64 filters.

    Args:
        depth: 6n + 2; the paper has 20, 32, 44, 56, 110 and 1202.
        shortcut: "padding" (option A, the paper's choice here), "projection" (option B), or None:
            a plain net.
        preactivation: normalisation and activation before each convolution (arXiv:1603.05027).
        **style: `STYLE` in this file holds its own defaults.

    >>> build_resnet_cifar(depth=8, width=0.5).output_shape
    (None, 10)
    """
    if not isinstance(depth, int) or depth < 8 or (depth - 2) % 6:
        raise ValueError(
            "depth must be 6n + 2 (two layers in each of n blocks in three stages, the stem and "
            f"the classifier), such as 20, 32, 44, 56 or 110, got {depth!r}"
        )
    n = (depth - 2) // 6
    return _residual_net(
        input_shape,
        classes,
        Style(**STYLE | style),
        name=f"{_kind(shortcut, preactivation)}{depth}_cifar",
        stages=list(zip(range(1, 4), scaled(CIFAR_FILTERS, width), (n, n, n), strict=True)),
        block=basic,
        shortcut=shortcut,
        preactivation=preactivation,
    )


def basic(filters, stride):
    """(filters, kernel, stride) of a basic block's convolutions (Fig. 5, left).

    >>> basic(64, 2)
    [(64, 3, 2), (64, 3, 1)]
    """
    return [(filters, 3, stride), (filters, 3, 1)]


def bottleneck(filters, stride, stride_on=1):
    """The same of a bottleneck (Fig. 5, right); `stride_on` says which kernel has the stride.

    >>> bottleneck(64, 2)
    [(64, 1, 2), (64, 3, 1), (256, 1, 1)]
    """
    first, second = (stride, 1) if stride_on == 1 else (1, stride)
    return [(filters, 1, first), (filters, 3, second), (4 * filters, 1, 1)]


def _kind(shortcut, preactivation):
    return "plain" if shortcut is None else "preact" if preactivation else "resnet"


def _residual_net(
    input_shape,
    classes,
    style,
    *,
    name,
    stages,  # (number, filters, blocks) of each
    block,
    shortcut,
    preactivation,
    stem="small",
):
    check_choice("shortcut", shortcut, ("projection", "padding", None))
    first_stage, filters, _ = stages[0]
    then = {"norm": not preactivation, "act": not preactivation}
    x = image = keras.Input(input_shape, name="image")  # 224×224×3, or 32×32×3
    if stem == "large":
        x = layers.ZeroPadding2D(3, name="stem_pad")(x)  # as much on the left as on the right
        x = conv(x, filters, 7, "stem_conv", style, 2, "valid", **then)  # 112×112×64
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
        x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)  # 56×56×64
    else:
        x = conv(x, filters, 3, "stem_conv", style, **then)  # 32×32×16
    for i, filters, blocks in stages:
        for j in range(1, blocks + 1):
            convolutions = block(filters, stride=2 if j == 1 and i > first_stage else 1)
            x = residual_block(
                x, convolutions, f"stage{i}_block{j}", style, shortcut, preactivation
            )
        # 56×56×256, 28×28×512, 14×14×1024, 7×7×2048; or 32×32×16, 16×16×32, 8×8×64
    if preactivation:
        x = activate(normalise(x, "top", style), "top", style)
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 2048, or 64
    return keras.Model(image, classifier(x, classes, style), name=name)
