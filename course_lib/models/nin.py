"""Network in Network (Lin, Chen, Yan, arXiv:1312.4400)."""

import keras
from keras import layers

from course_lib.models.blocks import Style, conv
from course_lib.models.sizes import scaled, takes_images

# The usual widths for CIFAR (the paper gives none): filters of the convolution and of the two 1×1
# after it, and its kernel. The last 1×1 has one filter per class.
BLOCKS = (((192, 160, 96), 5), ((192, 192, 192), 5), ((192, 192), 3))


@takes_images
def build_nin(input_shape=(32, 32, 3), classes=10, *, width=1.0, dropout=0.5, **style):
    """Network in Network for CIFAR: 966,986 parameters for 10 classes, and no dense layer.

    Its last maps have a channel per class, which shows where the net saw it; the average is its
    score. Dropout is between the blocks.
    """
    style = Style(**style)
    x = image = keras.Input(input_shape, name="image")  # 32×32×3
    for i, (filters, kernel) in enumerate(BLOCKS, start=1):
        last = i == len(BLOCKS)
        widths = [*scaled(filters, width), *([classes] if last else [])]
        for k, n in enumerate(widths, start=1):
            x = conv(x, n, kernel if k == 1 else 1, f"stage{i}_conv{k}", style)
        if not last:
            x = layers.MaxPooling2D(3, strides=2, name=f"stage{i}_pool")(x)  # 15×15×96, 7×7×192
            x = layers.Dropout(dropout, name=f"stage{i}_dropout")(x)
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 7×7×10 to 10
    x = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="nin")
