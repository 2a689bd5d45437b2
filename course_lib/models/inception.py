"""Inception modules and GoogLeNet (Szegedy et al., "Going deeper", arXiv:1409.4842)."""

from collections.abc import Sequence

import keras
from keras import layers

from course_lib.models.arguments import check_choice, check_classes, check_size, scaled
from course_lib.models.blocks import Style, classifier, conv, dense, inception_module
from course_lib.models.layers import LocalResponseNormalization

# Table 1 of the paper. For each module: filters of the 1×1; the 3×3 reduction, the 3×3; the 5×5
# reduction, the 5×5; the pool projection.
STAGES = {
    3: {"a": (64, 96, 128, 16, 32, 32), "b": (128, 128, 192, 32, 96, 64)},
    4: {
        "a": (192, 96, 208, 16, 48, 64),
        "b": (160, 112, 224, 24, 64, 64),
        "c": (128, 128, 256, 24, 64, 64),
        "d": (112, 144, 288, 32, 64, 64),
        "e": (256, 160, 320, 32, 128, 128),
    },
    5: {"a": (256, 160, 320, 32, 128, 128), "b": (384, 192, 384, 48, 128, 128)},
}
AUXILIARY_AFTER = ("stage4_blocka", "stage4_blockd")
STEMS = {"large": [(7, 2, None), (3, 2, None), (3, 2, None)], "small": []}


def build_inception_module(
    widths: Sequence[int | None] = (3, 2, 2, 2, 2, 2),
    input_shape: tuple[int, int, int] = (32, 32, 3),
    *,
    kernel5: int = 5,
    **style,
) -> keras.Model:
    """One Inception module as a model, to count and to draw.

    Args:
        widths: filters of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5 and pool projection. None leaves
            a reduction or the projection out: (3, None, 3, None, 3, None) is the naive module.
        input_shape: (height, width, channels).
        kernel5: size of the "5×5" kernel; some well-known code has 3 by mistake.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to maps of the same height and width.

    Raises:
        ValueError: `widths` has not six entries.

    >>> build_inception_module().count_params()
    176
    >>> build_inception_module((3, None, 3, None, 3, None)).count_params()
    324
    """
    if len(widths) != 6:
        raise ValueError(
            "widths must hold six entries (1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool "
            f"projection), got {widths!r}; None leaves a reduction or the projection out"
        )
    check_size(input_shape, [])
    style = Style(**style)
    image = keras.Input(input_shape, name="image")
    x = inception_module(image, widths, "inception", style, kernel5)
    return keras.Model(image, x, name="inception_module")


def build_googlenet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    *,
    auxiliary: bool = False,
    width: float = 1.0,
    stem: str = "large",
    kernel5: int = 5,
    dropout: float = 0.4,
    auxiliary_dropout: float = 0.7,
    lrn: bool = True,
    **style,
) -> keras.Model:
    """GoogLeNet: nine Inception modules, 22 layers deep, 6,998,552 parameters.

    Args:
        input_shape: (height, width, channels); at least 17×17 with the large stem and 3×3 with
            the small one; 65×65 and 9×9 with auxiliary heads.
        classes: number of outputs, at least 2.
        auxiliary: two more outputs, after modules 4a and 4d, that bring the loss closer to the
            stem in training: 13,378,280 parameters in all. Their loss weighs 0.3 each (section 5;
            `TrainingConfig.auxiliary_weight`).
        width: scales the number of filters, for quick experiments.
        stem: "large", the paper's, which hands stage 3 an eighth of the image's side; "small",
            one 3×3 convolution at full size, for images of 32×32.
        kernel5: size of the "5×5" kernels; some well-known code has 3 by mistake.
        dropout: before the last layer; auxiliary_dropout: before those of the heads.
        lrn: local response normalisation in the large stem.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32; with
        auxiliary heads, to three of them, the last layer's first.

    Raises:
        ValueError: an argument is outside what the table allows.

    >>> build_googlenet((32, 32, 3), classes=10, width=0.125, stem="small").output_shape
    (None, 10)
    """
    check_classes(classes)
    check_choice("stem", stem, STEMS)
    last = (5, 3, 0) if auxiliary else (3, 2, None)  # the heads' pooling, or the one after stage 4
    check_size(input_shape, [*STEMS[stem], (3, 2, None), last])
    style = Style(**style)
    n64, n192, n128, n1024 = scaled((64, 192, 128, 1024), width)
    image = x = keras.Input(input_shape, name="image")  # 224×224×3
    if stem == "small":
        x = conv(x, n192, 3, "stem_conv1", style)
    else:
        x = conv(x, n64, 7, "stem_conv1", style, stride=2)  # 112×112×64
        x = layers.MaxPooling2D(3, 2, "same", name="stem_pool1")(x)  # 56×56×64
        x = LocalResponseNormalization(name="stem_lrn1")(x) if lrn else x
        x = conv(x, n64, 1, "stem_conv2", style)
        x = conv(x, n192, 3, "stem_conv3", style)  # 56×56×192
        x = LocalResponseNormalization(name="stem_lrn2")(x) if lrn else x
        x = layers.MaxPooling2D(3, 2, "same", name="stem_pool2")(x)  # 28×28×192
    heads = []
    for i, modules in STAGES.items():
        for letter, widths in modules.items():
            name = f"stage{i}_block{letter}"
            x = inception_module(x, scaled(widths, width), name, style, kernel5)
            if auxiliary and name in AUXILIARY_AFTER:
                y = layers.AveragePooling2D(5, 3, name=f"{name}_auxiliary_pool")(x)  # 4×4
                y = conv(y, n128, 1, f"{name}_auxiliary_conv", style)  # 4×4×128
                y = layers.Flatten(name=f"{name}_auxiliary_flatten")(y)  # 2048
                y = dense(y, n1024, f"{name}_auxiliary_fc", style)
                y = layers.Dropout(auxiliary_dropout, name=f"{name}_auxiliary_dropout")(y)
                heads.append(classifier(y, classes, style, f"auxiliary{len(heads) + 1}"))
        if i < max(STAGES):
            x = layers.MaxPooling2D(3, 2, "same", name=f"stage{i}_pool")(x)
        # 14×14×480, 7×7×832, 7×7×1024
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 1024
    x = layers.Dropout(dropout, name="dropout")(x)
    x = classifier(x, classes, style)
    name = "googlenet_auxiliary" if auxiliary else "googlenet"
    return keras.Model(image, [x, *heads] if auxiliary else x, name=name)
