"""What the nets are made of: each block is a function of a tensor and a name.

A `Style` holds what all layers of one net share, so only what differs is passed in. Tensors are
(n, height, width, channels). A block's name begins the names of its layers: convolution k of block
j in stage i is `stage{i}_block{j}_conv{k}`, followed by `..._bn` and `..._relu`.
"""

import dataclasses
import math
import random
from collections.abc import Sequence

import keras
from keras import layers

from course_lib.models.layers import ChannelPadding, FusedBatchNormalization
from course_lib.models.sizes import check_choice


@dataclasses.dataclass(frozen=True, kw_only=True)
class Style:
    """What all layers of a net have in common.

    Attributes:
        activation: of the hidden layers, by its Keras name; None leaves it out.
        normalisation: "batch" puts batch normalisation between convolution and activation.
        conv_bias: whether convolutions have biases. None: only without normalisation, which would
            cancel them.
        epsilon: what batch normalisation adds to the variance.
        l2: strength of an L2 penalty on the kernels, added to the loss.
        initializer: of every kernel, by its Keras name.
        seed: decides each layer's kernel together with the layer's name, whatever other layers the
            net has. None: drawn from Python's `random`, which `keras.utils.set_random_seed` seeds.

    >>> seeds = {Style(seed=1).kernel("conv1")["kernel_initializer"].seed for _ in range(3)}
    >>> len(seeds)
    1
    """

    activation: str | None = "relu"
    normalisation: str | None = None
    conv_bias: bool | None = None
    epsilon: float = 1e-5
    l2: float = 0.0
    initializer: str = "he_normal"
    seed: int | None = None

    def __post_init__(self):
        check_choice("normalisation", self.normalisation, ("batch", None))
        if self.seed is None:
            object.__setattr__(self, "seed", random.getrandbits(31))

    def has_biases(self) -> bool:
        """Whether convolutions have biases."""
        return self.normalisation is None if self.conv_bias is None else self.conv_bias

    def kernel(self, name: str, kind: str = "kernel") -> dict:
        """Settings of the kernel of the layer `name`, which Keras may call by another kind."""
        initializer = keras.initializers.get(self.initializer)
        config = initializer.get_config()
        if "seed" in config:
            # It depends on names, not on the order of building: a new layer changes no other.
            config["seed"] = random.Random(f"{self.seed} {name}").getrandbits(31)
        return {
            f"{kind}_initializer": type(initializer).from_config(config),
            f"{kind}_regularizer": keras.regularizers.L2(self.l2) if self.l2 else None,
        }


def conv(
    x, filters, kernel, name, style, stride=1, padding="same", groups=1, *, norm=True, act=True
):
    """Convolution, then batch normalisation and activation where the style has them.

    `filters`, `kernel`, `stride`, `padding` and `groups` are as in Keras; `norm` and `act` of False
    leave normalisation or activation out, whatever the style says.

    >>> conv(keras.Input((8, 8, 3)), 4, 3, "conv1", Style(), stride=2).shape
    (None, 4, 4, 4)
    """
    at_once = act and not (norm and style.normalisation)
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding=padding,
        groups=groups,
        activation=style.activation if at_once else None,
        use_bias=style.has_biases(),
        name=name,
        **style.kernel(name),
    )(x)
    x = normalise(x, name, style) if norm else x
    return activate(x, name, style) if act and not at_once else x


def normalise(x, name, style):
    """Batch normalisation, if the style has it."""
    if style.normalisation is None:
        return x
    # Statistics with a momentum of 0.9 are good after a few hundred steps; Keras's default of 0.99
    # needs thousands.
    return FusedBatchNormalization(momentum=0.9, epsilon=style.epsilon, name=f"{name}_bn")(x)


def activate(x, name, style):
    """The style's activation, if it has one."""
    if style.activation is None:
        return x
    return layers.Activation(style.activation, name=f"{name}_{style.activation}")(x)


def dense(x, units, name, style):
    """A hidden dense layer with the style's activation."""
    return layers.Dense(units, activation=style.activation, name=name, **style.kernel(name))(x)


def classifier(x, classes, style, name="probabilities"):
    """The last layer: a probability for each class, in float32 whatever the net's precision."""
    return layers.Dense(
        classes, activation="softmax", dtype="float32", name=name, **style.kernel(name)
    )(x)


def inception_module(x, widths: Sequence[int | None], name, style, kernel5=5):
    """Four branches on the same maps, side by side (arXiv:1409.4842, Fig. 2).

    `widths` are the filters of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5 and pool projection, as in the
    paper's Table 1; None leaves out a reduction or the projection, as in the naive module.
    `kernel5` is the side of the "5×5" kernel; some well-known code uses 3 by mistake.

    >>> inception_module(keras.Input((8, 8, 3)), (3, 2, 2, 2, 2, 2), "module", Style()).shape
    (None, 8, 8, 9)
    """
    one, reduce3, three, reduce5, five, project = widths

    def branch(x, reduce, filters, kernel, kernel_name):
        if reduce is not None:
            x = conv(x, reduce, 1, f"{name}_conv{kernel_name}_reduce", style)
        return conv(x, filters, kernel, f"{name}_conv{kernel_name}", style)

    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    if project is not None:
        pooled = conv(pooled, project, 1, f"{name}_pool_project", style)
    branches = [
        branch(x, None, one, 1, "1x1"),
        branch(x, reduce3, three, 3, "3x3"),
        branch(x, reduce5, five, kernel5, "5x5"),
        pooled,
    ]
    return layers.Concatenate(name=f"{name}_concatenate")(branches)


def residual_block(x, convolutions, name, style, shortcut="projection", preactivation=False):
    """Convolutions whose result is added to their input (arXiv:1512.03385, Figs. 2 and 5).

    Args:
        convolutions: (filters, kernel, stride) of each: two make a basic block, three (1×1, 3×3,
            1×1) a bottleneck.
        shortcut: what takes `x` to the sum where the shape changes: "projection", a 1×1 convolution
            (option B of section 3.3); "padding", every other pixel plus channels of zeros (option
            A). None: no shortcut at all, a plain block.
        preactivation: whether normalisation and activation precede each convolution, and nothing
            follows the sum (arXiv:1603.05027, Fig. 4e).

    >>> x = keras.Input((8, 8, 16))
    >>> residual_block(x, [(32, 3, 2), (32, 3, 1)], "stage2_block1", Style()).shape
    (None, 4, 4, 32)
    """
    y = x
    for k, (filters, kernel, stride) in enumerate(convolutions, start=1):
        conv_name = f"{name}_conv{k}"
        if preactivation:
            y = activate(normalise(y, conv_name, style), conv_name, style)
            y = conv(y, filters, kernel, conv_name, style, stride, norm=False, act=False)
        else:
            last = k == len(convolutions)  # its activation comes after the sum
            y = conv(y, filters, kernel, conv_name, style, stride, act=not last)
    if shortcut is not None:
        stride = math.prod(stride for *_, stride in convolutions)
        x = _shortcut(x, y.shape[-1], stride, f"{name}_shortcut", style, shortcut, preactivation)
        y = layers.Add(name=f"{name}_add")([x, y])
    return y if preactivation else activate(y, name, style)


def inverted_residual_block(x, filters, kernel, stride, expand, name, style):
    """Widens the maps, convolves each channel alone, narrows them (arXiv:1801.04381, Fig. 3b).

    A 1×1 convolution to `expand` times the channels, a `kernel`×`kernel` one with the stride, in
    which each channel sees itself only, and a 1×1 convolution to `filters` without activation. The
    input is added where the shape stays. It is a bottleneck upside down: wide between the sums.

    >>> inverted_residual_block(keras.Input((8, 8, 4)), 4, 3, 1, 6, "block", Style()).shape
    (None, 8, 8, 4)
    """
    y = conv(x, expand * x.shape[-1], 1, f"{name}_expand", style) if expand > 1 else x
    y = _channelwise(y, kernel, stride, f"{name}_channelwise", style)
    y = conv(y, filters, 1, f"{name}_project", style, act=False)
    return layers.Add(name=f"{name}_add")([x, y]) if y.shape == x.shape else y


def _channelwise(x, kernel, stride, name, style):
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same",
        use_bias=style.has_biases(),
        name=name,
        **style.kernel(name, "depthwise"),
    )(x)
    return activate(normalise(x, name, style), name, style)


def _shortcut(x, filters, stride, name, style, kind, preactivation):
    if stride == 1 and x.shape[-1] == filters:
        return x
    if kind == "projection":
        # With pre-activation, nothing is normalised on the way to the sum.
        return conv(x, filters, 1, name, style, stride, norm=not preactivation, act=False)
    if stride > 1:  # takes every other pixel with a pooling layer, which tables can follow
        x = layers.AveragePooling2D(1, strides=stride, name=f"{name}_subsample")(x)
    return ChannelPadding(filters - x.shape[-1], name=name)(x)
