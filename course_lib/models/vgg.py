"""VGG: nothing but 3×3 (Simonyan, Zisserman, arXiv:1409.1556), and the stacks it argues with."""

from collections.abc import Sequence

import keras
from keras import layers

from course_lib.models.arguments import check_choice, check_classes, check_size, scaled
from course_lib.models.blocks import Style, classifier, conv, dense, vgg_stage

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


def build_vgg(
    configuration: str = "D",
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    *,
    width: float = 1.0,
    fc: int = 4096,
    dropout: float = 0.5,
    **style,
) -> keras.Model:
    """One of VGG's nets, A to E: five stages of small convolutions and three dense layers.

    Args:
        configuration: "A", "A-LRN", "B", "C", "D" (VGG-16) or "E" (VGG-19).
        input_shape: (height, width, channels), at least 32×32: each stage halves the map.
        classes: number of outputs, at least 2.
        width: scales the number of filters, for quick experiments.
        fc: units of the two hidden dense layers.
        dropout: share of their units that is left out in training (section 3.1).
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to class probabilities (n, classes), float32.

    Raises:
        ValueError: an argument is outside what the table allows.

    >>> build_vgg("D", (32, 32, 3), classes=10, width=0.125, fc=64).output_shape
    (None, 10)
    """
    check_choice("configuration", configuration, CONFIGURATIONS)
    check_classes(classes)
    check_size(input_shape, [(2, 2, 0)] * len(FILTERS))
    style = Style(**style)
    image = x = keras.Input(input_shape, name="image")  # 224×224×3
    table = zip(scaled(FILTERS, width), CONFIGURATIONS[configuration], strict=True)
    for i, (filters, kernels) in enumerate(table, start=1):
        x = vgg_stage(x, filters, kernels, f"stage{i}", style)
        # 112×112×64, 56×56×128, 28×28×256, 14×14×512, 7×7×512
    x = layers.Flatten(name="flatten")(x)  # 7·7·512 = 25088
    for i in (1, 2):
        x = dense(x, fc, f"fc{i}", style)
        x = layers.Dropout(dropout, name=f"dropout{i}")(x)
    x = classifier(x, classes, style)
    return keras.Model(image, x, name=f"vgg_{configuration.lower().replace('-', '_')}")


def build_stack(
    kernels: Sequence[int] = (3, 3),
    input_shape: tuple[int, int, int] = (32, 32, 3),
    *,
    filters: int = 2,
    **style,
) -> keras.Model:
    """Convolutions without padding, one upon the other: what section 2.3 of the paper compares.

    Args:
        kernels: size of each layer's kernel.
        input_shape: (height, width, channels), large enough for all kernels.
        filters: of each layer.
        **style: activation, normalisation, initializer, seed and whatever else
            `course_lib.models.blocks.Style` holds.

    Returns:
        A model from images (n, *input_shape) to the last feature map.

    Raises:
        ValueError: the image is smaller than what the kernels see, or there is no kernel.

    >>> [build_stack(kernels).count_params() for kernels in [(5,), (3, 3), (3, 3, 3)]]
    [152, 94, 132]
    """
    if len(kernels) == 0:
        raise ValueError("kernels must name at least one kernel, got none")
    check_size(input_shape, [(kernel, 1, 0) for kernel in kernels])
    style = Style(**style)
    image = x = keras.Input(input_shape, name="image")
    for k, kernel in enumerate(kernels, start=1):
        x = conv(x, filters, kernel, f"conv{k}", style, padding="valid")
    return keras.Model(image, x, name="stack_" + "_".join(map(str, kernels)))
