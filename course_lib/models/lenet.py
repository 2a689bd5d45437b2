"""LeNet-5, the ancestor (LeCun, Bottou, Bengio, Haffner, Proceedings of the IEEE, 1998)."""

import keras
from keras import layers

from course_lib.models.blocks import Style, classifier, conv, dense
from course_lib.models.sizes import scaled, takes_images


@takes_images
def build_lenet5(input_shape=(32, 32, 1), classes=10, *, width=1.0, **style):
    """LeNet-5 in its modern form: 61,706 parameters for 32×32 grey images and 10 classes.

    The paper counts 60,000 (section II-B): each map of its second convolution sees only some of the
    maps before it, its pooling layers have weights, and its output layer measures distances.
    `width` scales the dense layers too.
    """
    style = Style(**{"activation": "tanh", "initializer": "glorot_uniform"} | style)
    c1, c3, c5, f6 = scaled((6, 16, 120, 84), width)
    image = keras.Input(input_shape, name="image")  # 32×32×1
    x = conv(image, c1, 5, "c1", style, padding="valid")  # 28×28×6
    x = layers.AveragePooling2D(2, name="s2")(x)  # 14×14×6
    x = conv(x, c3, 5, "c3", style, padding="valid")  # 10×10×16
    x = layers.AveragePooling2D(2, name="s4")(x)  # 5×5×16
    x = layers.Flatten(name="flatten")(x)  # 400
    x = dense(x, c5, "c5", style)
    x = dense(x, f6, "f6", style)
    return keras.Model(image, classifier(x, classes, style), name="lenet5")
