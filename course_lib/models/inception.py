"""Inception modules and GoogLeNet (Szegedy et al., "Going deeper", arXiv:1409.4842)."""

import keras
from keras import layers

from course_lib.models.blocks import Style, classifier, conv, dense, inception_module
from course_lib.models.layers import LocalResponseNormalization
from course_lib.models.sizes import check_choice, scaled, takes_images

# Table 1 of the paper. For each module: filters of the 1×1; of the 3×3 reduction and the 3×3; of
# the 5×5 reduction and the 5×5; of the pool projection.
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


@takes_images
def build_inception_module(
    input_shape=(32, 32, 3), *, widths=(3, 2, 2, 2, 2, 2), kernel5=5, **style
):
    """One `blocks.inception_module` as a model from images to maps, to count and to draw.

    >>> build_inception_module().count_params()
    176
    >>> build_inception_module(widths=(3, None, 3, None, 3, None)).count_params()
    324
    """
    image = keras.Input(input_shape, name="image")
    x = inception_module(image, widths, "inception", Style(**style), kernel5)
    return keras.Model(image, x, name="inception_module")


@takes_images
def build_googlenet(
    input_shape=(224, 224, 3),
    classes=1000,
    *,
    auxiliary=False,
    width=1.0,
    stem="large",
    kernel5=5,
    dropout=0.4,
    lrn=True,
    **style,
):
    """GoogLeNet: nine Inception modules, 22 layers deep, 6,998,552 parameters.

    This count follows from the widths in the paper's Table 1, but differs from the parameters
    printed there. `kernel5` is as in `blocks.inception_module`.

    Args:
        auxiliary: whether two auxiliary heads follow modules 4a and 4d, outputs of their own:
            13,378,280 parameters in all.
        stem: "large", the paper's, which reduces the side to an eighth; or "small", one 3×3
            convolution at full size.
        lrn: whether the large stem has local response normalisation.
    """
    check_choice("stem", stem, ("large", "small"))
    style = Style(**style)
    n64, n192, n128, n1024 = scaled((64, 192, 128, 1024), width)
    x = image = keras.Input(input_shape, name="image")  # 224×224×3
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
                y = layers.Dropout(0.7, name=f"{name}_auxiliary_dropout")(y)
                heads.append(classifier(y, classes, style, f"auxiliary{len(heads) + 1}"))
        if i < max(STAGES):
            x = layers.MaxPooling2D(3, 2, "same", name=f"stage{i}_pool")(x)
        # 14×14×480, 7×7×832, 7×7×1024
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 1024
    x = layers.Dropout(dropout, name="dropout")(x)
    x = classifier(x, classes, style)
    name = "googlenet_auxiliary" if auxiliary else "googlenet"
    return keras.Model(image, [x, *heads] if auxiliary else x, name=name)


@takes_images
def build_inception_v3(input_shape=(299, 299, 3), classes=1000):
    """Keras's Inception v3 (Szegedy et al., arXiv:1512.00567): 23,851,784 parameters."""
    return keras.applications.InceptionV3(weights=None, input_shape=input_shape, classes=classes)
