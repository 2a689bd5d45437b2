"""Residual nets, plain nets and pre-activation nets from two tables.

He, Zhang, Ren, Sun: "Deep residual learning", arXiv:1512.03385, and "Identity mappings in deep
residual networks", arXiv:1603.05027. `**style` defaults to `STYLE` in this file.
"""

from functools import partial

import keras
from keras import layers

from course_lib.models.blocks import Style, activate, classifier, conv, normalise, residual_block
from course_lib.models.sizes import check_choice, scaled, takes_images

FILTERS = (64, 128, 256, 512)
# Table 1 of the paper: whether blocks are bottlenecks, and how many are in conv2_x to conv5_x.
DEPTHS = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}
CIFAR_FILTERS = (16, 32, 64)  # section 4.2; n basic blocks per stage make 6n + 2 layers
CIFAR_DEPTHS = (20, 32, 44, 56, 110)
# He's variance (arXiv:1502.01852) from a uniform distribution. A CPU draws a truncated normal one
# three times as slowly, which would take half the time of building a ResNet-50.
STYLE = {"normalisation": "batch", "initializer": "he_uniform"}


@takes_images
def build_resnet(
    input_shape=(224, 224, 3),
    classes=1000,
    *,
    depth=50,
    shortcut="projection",
    stride_on=1,
    width=1.0,
    **style,
):
    """ResNet-18, 34, 50, 101 or 152, or a plain net of the same layers (section 3.3, Table 1).

    Args:
        depth: 18 or 34 (blocks of two 3×3), 50, 101 or 152 (bottlenecks: 1×1, 3×3, 1×1).
        shortcut: as in `blocks.residual_block`.
        stride_on: which convolution of a bottleneck halves the maps: 1, its first 1×1 (the paper),
            or 3, its 3×3 (most code since then).
    """
    check_choice("depth", depth, DEPTHS)
    check_choice("stride_on", stride_on, (1, 3))
    bottlenecks, counts = DEPTHS[depth]
    block = partial(bottleneck, stride_on=stride_on) if bottlenecks else basic
    style, filters = Style(**STYLE | style), scaled(FILTERS, width)
    image = keras.Input(input_shape, name="image")  # 224×224×3
    x = layers.ZeroPadding2D(3, name="stem_pad")(image)  # the same on all sides, unlike "same"
    x = conv(x, filters[0], 7, "stem_conv", style, 2, "valid")  # 112×112×64
    x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)  # 56×56×64
    # 56×56×256, 28×28×512, 14×14×1024, 7×7×2048
    x = _stages(x, 2, filters, counts, block, style, shortcut)
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 2048
    kind = "plain" if shortcut is None else "resnet"
    return keras.Model(image, classifier(x, classes, style), name=f"{kind}{depth}")


@takes_images
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

    `depth` is 6n + 2; `shortcut` and `preactivation` are those of `blocks.residual_block`.
    """
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(f"depth must be 6n + 2, such as 20, 32, 44, 56 or 110, got {depth!r}")
    counts = [(depth - 2) // 6] * 3
    style, filters = Style(**STYLE | style), scaled(CIFAR_FILTERS, width)
    then = {"norm": not preactivation, "act": not preactivation}
    image = keras.Input(input_shape, name="image")  # 32×32×3
    x = conv(image, filters[0], 3, "stem_conv", style, **then)  # 32×32×16
    # 32×32×16, 16×16×32, 8×8×64
    x = _stages(x, 1, filters, counts, basic, style, shortcut, preactivation)
    if preactivation:
        x = activate(normalise(x, "top", style), "top", style)
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 64
    kind = "plain" if shortcut is None else "preact" if preactivation else "resnet"
    return keras.Model(image, classifier(x, classes, style), name=f"{kind}{depth}_cifar")


def basic(filters, stride):
    """(filters, kernel, stride) of a basic block's convolutions (Fig. 5, left)."""
    return [(filters, 3, stride), (filters, 3, 1)]


def bottleneck(filters, stride, stride_on=1):
    """The same for a bottleneck (Fig. 5, right); `stride_on` is the kernel with the stride."""
    first, second = (stride, 1) if stride_on == 1 else (1, stride)
    return [(filters, 1, first), (filters, 3, second), (4 * filters, 1, 1)]


def _stages(x, first, filters, counts, block, style, shortcut, preactivation=False):
    """The stages from number `first` on. All but the first halve the maps in their first block."""
    check_choice("shortcut", shortcut, ("projection", "padding", None))
    for i, (n, blocks) in enumerate(zip(filters, counts, strict=True), start=first):
        for j in range(1, blocks + 1):
            convolutions = block(n, stride=2 if i > first and j == 1 else 1)
            name = f"stage{i}_block{j}"
            x = residual_block(x, convolutions, name, style, shortcut, preactivation)
    return x
