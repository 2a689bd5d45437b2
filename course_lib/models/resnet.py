"""Residual nets, plain nets and pre-activation nets from two tables.

He, Zhang, Ren, Sun: "Deep residual learning", arXiv:1512.03385, and "Identity mappings in deep
residual networks", arXiv:1603.05027.
"""

import keras
from keras import layers

from course_lib.models.arguments import check_choice, check_classes, check_size, scaled
from course_lib.models.blocks import (
    Style,
    act,
    classifier,
    conv,
    convolution,
    normalise,
    residual_block,
)

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
SHORTCUTS = ("projection", "padding", None)
# He's variance (arXiv:1502.01852) from a uniform distribution: a CPU draws it three times as fast
# as a truncated normal one, which is half of the time that building a ResNet-50 takes.
STYLE = {"normalisation": "batch", "initializer": "he_uniform"}
STEMS = {"large": [(7, 2, None), (3, 2, None)], "small": []}


def build_resnet(
    depth: int = 50,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    *,
    shortcut: str | None = "projection",
    preactivation: bool = False,
    stride_on: int = 1,
    width: float = 1.0,
    stem: str = "large",
    top: str = "global",
    **style,
) -> keras.Model:
    """ResNet-18, 34, 50, 101 or 152, or the plain net of the same layers (section 3.3, Table 1).

    Args:
        depth: 18 or 34 (blocks of two 3×3), 50, 101 or 152 (bottlenecks: 1×1, 3×3, 1×1).
        input_shape: (height, width, channels), at least 17×17 with the large stem, 5×5 with the
            small one.
        classes: number of outputs, at least 2.
        shortcut: "projection" (option B), "padding" (option A), or None: a plain net.
        preactivation: normalisation and activation before each convolution.
        stride_on: which convolution of a bottleneck halves the map: 1, its first (the paper), or
            3, its 3×3 (most code since then).
        width: scales the number of filters.
        stem: "large", 7×7 with stride 2 and a pooling layer; "small", one 3×3 with stride 1.
        top: "global" average pooling, or "flatten": 2×2 average pooling and a flattened map.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds; `STYLE` is what it
            changes.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: an argument is outside what the table allows.

    >>> build_resnet(18, (32, 32, 3), classes=10, width=0.125).output_shape
    (None, 10)
    """
    check_choice("depth", depth, DEPTHS)
    check_choice("stride_on", stride_on, (1, 3))
    check_choice("top", top, ("global", "flatten"))
    style = Style(**STYLE | style)
    bottleneck, blocks = DEPTHS[depth]

    def convolutions(filters, stride):  # (filters, kernel, stride) of each in a block
        if not bottleneck:
            return [(filters, 3, stride), (filters, 3, 1)]
        first, second = (stride, 1) if stride_on == 1 else (1, stride)
        return [(filters, 1, first), (filters, 3, second), (4 * filters, 1, 1)]

    stages = [
        (f"stage{i}", filters, count, 1 if i == 2 else 2)
        for i, (filters, count) in enumerate(zip(scaled(FILTERS, width), blocks, strict=True), 2)
    ]
    return _build(
        f"{_kind(shortcut, preactivation)}{depth}",
        *(input_shape, classes, stem, stages, convolutions, shortcut, preactivation, top, style),
    )


def build_resnet_cifar(
    depth: int = 20,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    shortcut: str | None = "padding",
    preactivation: bool = False,
    width: float = 1.0,
    **style,
) -> keras.Model:
    """The thin nets of 6n + 2 layers for small images (section 4.2): 16, 32 and 64 filters.

    Args:
        depth: 6n + 2; the paper has 20, 32, 44, 56, 110 and 1202.
        input_shape: (height, width, channels), at least 3×3.
        classes: number of outputs, at least 2.
        shortcut: "padding" (option A, the paper's choice here), "projection" (option B), or None:
            a plain net.
        preactivation: normalisation and activation before each convolution (arXiv:1603.05027).
        width: scales the number of filters.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds; `STYLE` is what it
            changes.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: an argument is outside what the table allows.

    >>> build_resnet_cifar(8, width=0.5).output_shape
    (None, 10)
    """
    if not isinstance(depth, int) or depth < 8 or (depth - 2) % 6:
        raise ValueError(
            "depth must be 6n + 2 (two layers in each of n blocks in three stages, the stem and "
            f"the classifier), such as 20, 32, 44, 56 or 110, got {depth!r}"
        )
    style = Style(**STYLE | style)
    stages = [
        (f"stage{i}", filters, (depth - 2) // 6, 1 if i == 1 else 2)
        for i, filters in enumerate(scaled(CIFAR_FILTERS, width), start=1)
    ]

    def convolutions(filters, stride):
        return [(filters, 3, stride), (filters, 3, 1)]

    return _build(
        f"{_kind(shortcut, preactivation)}{depth}_cifar",
        *(input_shape, classes, "small", stages, convolutions, shortcut, preactivation),
        *("global", style),
    )


def _kind(shortcut, preactivation):
    return "plain" if shortcut is None else "preact" if preactivation else "resnet"


def _build(
    name, input_shape, classes, stem, stages, convolutions, shortcut, preactivation, top, style
):
    """Stem, stages of (name, filters, blocks, first stride), and classifier."""
    check_classes(classes)
    check_choice("stem", stem, STEMS)
    check_choice("shortcut", shortcut, SHORTCUTS)
    pool = [(2, 2, 0)] if top == "flatten" else []
    check_size(input_shape, [*STEMS[stem], *((3, stride, None) for *_, stride in stages), *pool])
    image = x = keras.Input(input_shape, name="image")  # 224×224×3, or 32×32×3
    first = convolution if preactivation else conv
    filters = stages[0][1]
    if stem == "large":
        x = layers.ZeroPadding2D(3, name="stem_pad")(x)  # as much on the left as on the right
        x = first(x, filters, 7, "stem_conv", style, 2, "valid")  # 112×112×64
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
        x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)  # 56×56×64
    else:
        x = first(x, filters, 3, "stem_conv", style)  # 32×32×16
    for stage, filters, blocks, stride in stages:
        for j in range(1, blocks + 1):
            table = convolutions(filters, stride if j == 1 else 1)
            x = residual_block(x, table, f"{stage}_block{j}", style, shortcut, preactivation)
        # 56×56×256, 28×28×512, 14×14×1024, 7×7×2048; or 32×32×16, 16×16×32, 8×8×64
    if preactivation:
        x = act(normalise(x, "top", style), "top", style)
    if top == "flatten":
        x = layers.AveragePooling2D(2, name="top_pool")(x)
        x = layers.Flatten(name="flatten")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 2048, or 64
    return keras.Model(image, classifier(x, classes, style), name=name)
