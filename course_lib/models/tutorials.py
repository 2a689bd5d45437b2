"""Nets from blogs and tutorials, rebuilt as described, mistakes included.

The chapters ask you to find the mistakes; for real use, build the papers' nets.
"""

import keras
from keras import layers

from course_lib.models.alexnet import ALEXNET, ZFNET, build_zfnet, trunk
from course_lib.models.blocks import Style, classifier, conv, dense
from course_lib.models.resnet import build_resnet
from course_lib.models.sizes import scaled, takes_images
from course_lib.models.vgg import build_vgg

# The padding of the first convolution and the stride of the second differ from the paper's.
ZFNET_BLOG = (
    (96, 7, 2, "valid", False, ("lrn", "pool")),
    (256, 5, 1, "same", False, ("lrn", "pool")),
    *ZFNET[2:],
)


@takes_images
def build_alexnet_blog(input_shape=(227, 227, 3), classes=1000, *, width=1.0, fc=2048, **style):
    """A two-tower rebuild that is not AlexNet: 200,425,832 parameters.

    Its convolutions are the paper's. But it has no activations, no response normalisation, no
    dropout, and no pooling layer after the second convolution, so its first dense layers have 177
    million weights. `fc` is the number of units in each tower.
    """
    style = Style(**{"activation": None} | style)
    n48, n128, n192 = scaled((48, 128, 192), width)
    image = keras.Input(input_shape, name="image")  # 227×227×3
    towers = []
    for t in "ab":
        x = conv(image, n48, 11, f"conv1{t}", style, stride=4, padding="valid")  # 55×55×48
        x = layers.MaxPooling2D(3, strides=2, name=f"pool1{t}")(x)  # 27×27×48
        towers.append(conv(x, n128, 5, f"conv2{t}", style))  # 27×27×128
    both = layers.Concatenate(name="concatenate2")(towers)  # 27×27×256
    towers = []
    for t in "ab":
        x = conv(both, n192, 3, f"conv3{t}", style)  # 27×27×192
        x = conv(x, n192, 3, f"conv4{t}", style)
        x = conv(x, n128, 3, f"conv5{t}", style)  # 27×27×128
        x = layers.MaxPooling2D(3, strides=2, name=f"pool5{t}")(x)  # 13×13×128
        towers.append(layers.Flatten(name=f"flatten{t}")(x))  # 21632
    both = layers.Concatenate(name="concatenate5")(towers)  # 43264
    for i in (6, 7):
        towers = [dense(both, fc, f"fc{i}{t}", style) for t in "ab"]
        both = layers.Concatenate(name=f"concatenate{i}")(towers)  # 4096
    return keras.Model(image, classifier(both, classes, style), name="alexnet_blog")


@takes_images
def build_nin_blog(input_shape=(227, 227, 3), *, width=1.0, stem=None, **style):
    """A 'NiN' that isn't one: AlexNet's convolutions, then global average pooling.

    3,747,200 parameters, no 1×1 convolution, no activation after conv1, and no classifier: its
    output is 256 averages.
    """
    image = keras.Input(input_shape, name="image")
    style = Style(**style)
    x = trunk(image, ALEXNET, style, width=width, stem=stem, lrn=False, linear=(1,))  # 6×6×256
    x = layers.GlobalAveragePooling2D(name="global_pool")(x)  # 256
    return keras.Model(image, x, name="nin_blog")


@takes_images
def build_resnet50_resized_cifar100(input_shape=(32, 32, 3), classes=100, *, size=224):
    """Keras's ResNet-50 behind a layer that enlarges small images: 23,792,612 parameters.

    Its weights start at random (`weights=None`), so nothing is transferred; an image enlarged to a
    side of `size` = 224 pixels costs 49 times as much as one of 32, but shows nothing more.
    """
    image = keras.Input(input_shape, name="image")  # 32×32×3
    x = layers.Resizing(size, size, name="resize")(image)  # 224×224×3
    resnet = keras.applications.ResNet50(
        include_top=False, weights=None, input_tensor=x, pooling="avg"
    )
    x = resnet.output  # 2048
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="resnet50_resized")


def variant(build, input_shape, classes, **changes):
    """The same builder with different defaults, which still takes its arguments by position."""
    return lambda input_shape=input_shape, classes=classes, **others: build(
        input_shape, classes, **changes | others
    )


NETS = {
    "alexnet_blog": build_alexnet_blog,
    # 201,818,216 parameters: conv2 has lost its stride, so conv3 to conv5 work on four times as
    # many places, and the first dense layer sees 13×13 maps instead of 6×6.
    "zfnet_blog": variant(build_zfnet, (227, 227, 3), 1000, table=ZFNET_BLOG, name="zfnet_blog"),
    "nin_blog": build_nin_blog,
    # 34,006,948 parameters. With Glorot's initial weights, as in the tutorial, and Adam at 0.001,
    # its loss stays at that of guessing. Chapter 04 asks why.
    "vgg16_cifar100": variant(build_vgg, (32, 32, 3), 100),
    # 23,766,052 parameters: the stem for large images leaves the last stage maps of one pixel. The
    # penalty is part of the loss, and the tutorial compared this loss with that of a net without a
    # penalty.
    "resnet50_cifar100": variant(build_resnet, (32, 32, 3), 100, stride_on=3, l2=1e-4),
    # 23,600,006 parameters: convolutions have biases, which batch normalisation cancels.
    "resnet50_64": variant(build_resnet, (64, 64, 3), 6, conv_bias=True),
    "resnet50_resized_cifar100": build_resnet50_resized_cifar100,
}
