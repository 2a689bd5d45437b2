"""VGG: only small kernels (Simonyan, Zisserman, arXiv:1409.1556), and the stacks it compares."""

import keras
from keras import layers

from course_lib.models.blocks import Style, classifier, conv, dense
from course_lib.models.layers import LocalResponseNormalization
from course_lib.models.sizes import check_choice, scaled, takes_images

FILTERS = (64, 128, 256, 512, 512)
# Table 1 of the paper: the kernels of each stage's convolutions.
CONFIGURATIONS = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),  # 11 layers with weights
    "A-LRN": ((3, "lrn"), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),  # 13
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),  # 16, three of them 1×1
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),  # 16: VGG-16
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),  # 19: VGG-19
}


@takes_images
def build_vgg(
    input_shape=(224, 224, 3),
    classes=1000,
    *,
    configuration="D",
    width=1.0,
    fc=4096,
    dropout=0.5,
    **style,
):
    """One of VGG's nets, A to E: five stages of small convolutions and three dense layers.

    `configuration` is "A", "A-LRN", "B", "C", "D" (VGG-16) or "E" (VGG-19).
    """
    check_choice("configuration", configuration, CONFIGURATIONS)
    style = Style(**style)
    x = image = keras.Input(input_shape, name="image")  # 224×224×3
    table = zip(scaled(FILTERS, width), CONFIGURATIONS[configuration], strict=True)
    for i, (filters, kernels) in enumerate(table, start=1):
        for k, kernel in enumerate(kernels, start=1):
            if kernel == "lrn":
                x = LocalResponseNormalization(name=f"stage{i}_lrn")(x)
            else:
                x = conv(x, filters, kernel, f"stage{i}_conv{k}", style)
        x = layers.MaxPooling2D(2, name=f"stage{i}_pool")(x)
        # 112×112×64, 56×56×128, 28×28×256, 14×14×512, 7×7×512
    x = layers.Flatten(name="flatten")(x)  # 7·7·512 = 25088
    for i in (1, 2):
        x = dense(x, fc, f"fc{i}", style)
        x = layers.Dropout(dropout, name=f"dropout{i}")(x)
    x = classifier(x, classes, style)
    return keras.Model(image, x, name=f"vgg_{configuration.lower().replace('-', '_')}")


@takes_images
def build_stack(input_shape=(32, 32, 3), *, kernels=(3, 3), **style):
    """A stack of convolutions without padding, two filters each, as compared in section 2.3.

    A model from images to the last feature maps; `kernels` holds the side of each layer's kernel.

    >>> [build_stack(kernels=sizes).count_params() for sizes in [(5,), (3, 3), (3, 3, 3)]]
    [152, 94, 132]
    """
    style = Style(**style)
    x = image = keras.Input(input_shape, name="image")
    for k, kernel in enumerate(kernels, start=1):
        x = conv(x, 2, kernel, f"conv{k}", style, padding="valid")
    return keras.Model(image, x, name="stack_" + "_".join(map(str, kernels)))
