"""What the nets are made of: each block is a function of a tensor and a name.

A `Style` holds what all layers of one net share, so that only what differs is passed in. Names:
convolution k of block j in stage i is `stage{i}_block{j}_conv{k}`, and what belongs to it begins
with that name: `..._bn`, `..._relu`.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from keras import layers

from course_lib.models.layers import BatchNormalization, ChannelPadding, LocalResponseNormalization


@dataclasses.dataclass(kw_only=True)
class Style:
    """What all layers of a net have in common.

    Attributes:
        activation: of the hidden layers, as Keras names it; None leaves it out.
        normalisation: "batch" puts batch normalisation between convolution and activation.
        conv_bias: whether convolutions have a bias; None: only without normalisation, which
            would subtract it again.
        l2: strength of an L2 penalty on the kernels that is added to the loss.
        bn_momentum, bn_epsilon: of batch normalisation. 0.9 follows a training of a few hundred
            steps; Keras's own 0.99 needs thousands.
        initializer: of every kernel, as Keras names it, or an initializer object.
        seed: decides every kernel; None leaves that to `keras.utils.set_random_seed`.

    Raises:
        ValueError: another normalisation.
    """

    activation: str | None = "relu"
    normalisation: str | None = None
    conv_bias: bool | None = None
    l2: float = 0.0
    bn_momentum: float = 0.9
    bn_epsilon: float = 1e-5
    initializer: str | keras.Initializer = "he_normal"
    seed: int | None = None

    def __post_init__(self):
        if self.normalisation not in (None, "batch"):
            raise ValueError(f'normalisation must be "batch" or None, got {self.normalisation!r}')
        self.initializers = initializers(self.initializer, self.seed)

    def kernel(self) -> dict:
        """Settings of the next layer's kernel."""
        return {
            "kernel_initializer": next(self.initializers),
            "kernel_regularizer": keras.regularizers.L2(self.l2) if self.l2 else None,
        }


def initializers(
    initializer: str | keras.Initializer, seed: int | None = None
) -> Iterator[keras.Initializer]:
    """A new initializer for each layer: one shared, seeded object would start them all alike.

    >>> first, second = itertools.islice(initializers("he_normal", seed=1), 2)
    >>> bool((first((3, 3)) == second((3, 3))).numpy().any())
    False
    """
    model = keras.initializers.get(initializer)
    config = model.get_config()
    if seed is None and initializer is model:
        seed = config.get("seed")  # an object may bring a seed of its own
    for i in itertools.count():
        if "seed" in config:
            own = None if seed is None else np.random.SeedSequence([seed, i]).generate_state(1)[0]
            config["seed"] = None if own is None else int(own)
        yield type(model).from_config(config)


def conv(x, filters, kernel, name, style, stride=1, padding="same", groups=1, activate=True):
    """Convolution, then batch normalisation and activation where the style has them.

    Args:
        x: tensor (n, height, width, channels).
        filters, kernel, stride, padding, groups: as in Keras; `kernel` may be (height, width).
        activate: False leaves the activation out.

    Returns:
        Tensor (n, height / stride, width / stride, filters) with "same" padding.

    >>> conv(keras.Input((8, 8, 3)), 4, 3, "conv1", Style(), stride=2).shape
    (None, 4, 4, 4)
    """
    at_once = activate and style.normalisation is None
    activation = style.activation if at_once else None
    x = convolution(x, filters, kernel, name, style, stride, padding, groups, activation)
    x = normalise(x, name, style)
    return act(x, name, style) if activate and not at_once else x


def convolution(
    x, filters, kernel, name, style, stride=1, padding="same", groups=1, activation=None
):
    """A convolution and nothing after it, unless an activation is named; else as `conv`."""
    return layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding=padding,
        groups=groups,
        activation=activation,
        use_bias=style.normalisation is None if style.conv_bias is None else style.conv_bias,
        name=name,
        **style.kernel(),
    )(x)


def normalise(x, name, style):
    """Batch normalisation, if the style has it."""
    if style.normalisation is None:
        return x
    return BatchNormalization(
        momentum=style.bn_momentum, epsilon=style.bn_epsilon, name=f"{name}_bn"
    )(x)


def act(x, name, style):
    """The style's activation, if it has one."""
    if style.activation is None:
        return x
    return layers.Activation(style.activation, name=f"{name}_{style.activation}")(x)


def dense(x, units, name, style):
    """A hidden dense layer with the style's activation."""
    return layers.Dense(units, activation=style.activation, name=name, **style.kernel())(x)


def classifier(x, classes, style, name="probabilities"):
    """The last layer: a probability for each class, in float32 whatever the net computes in."""
    return layers.Dense(
        classes, activation="softmax", dtype="float32", name=name, **style.kernel()
    )(x)


def vgg_stage(x, filters, kernels: Sequence[int | str], name, style):
    """Convolutions at one resolution, then a pooling layer that halves it (arXiv:1409.1556).

    "lrn" among the kernels is local response normalisation at that place.

    >>> vgg_stage(keras.Input((8, 8, 3)), 16, (3, 3), "stage1", Style()).shape
    (None, 4, 4, 16)
    """
    for k, kernel in enumerate(kernels, start=1):
        if kernel == "lrn":
            x = LocalResponseNormalization(name=f"{name}_lrn")(x)
        else:
            x = conv(x, filters, kernel, f"{name}_conv{k}", style)
    return layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def mlpconv(x, widths: Sequence[int], kernel, name, style):
    """A convolution and 1×1 convolutions after it: a small net that slides (arXiv:1312.4400).

    >>> mlpconv(keras.Input((8, 8, 3)), (16, 8, 4), 5, "stage1", Style()).shape
    (None, 8, 8, 4)
    """
    for k, filters in enumerate(widths, start=1):
        x = conv(x, filters, kernel if k == 1 else 1, f"{name}_conv{k}", style)
    return x


def inception_module(x, widths: Sequence[int | None], name, style, kernel5=5):
    """Four views of the same map, side by side (arXiv:1409.4842, Fig. 2).

    Args:
        x: tensor (n, height, width, channels).
        widths: filters of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5 and pool projection, in the order
            of the paper's Table 1. None leaves a 1×1 reduction or projection out, as in the naive
            module.
        name: begins the names of the module's layers.
        style: shared settings.
        kernel5: size of the "5×5" kernel; some well-known code has 3 by mistake.

    Returns:
        Tensor (n, height, width, sum of the branches' filters).

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
    """Convolutions whose result is added to what came in (arXiv:1512.03385, Figs. 2 and 5).

    Args:
        x: tensor (n, height, width, channels).
        convolutions: (filters, kernel, stride) of each: two make a basic block, three (1×1, 3×3,
            1×1) a bottleneck.
        name: begins the names of the block's layers.
        style: shared settings.
        shortcut: what joins `x` where the size changes: "projection", a 1×1 convolution (option B
            of section 3.3); "padding", every other pixel and channels of zeros, which has no
            weights (option A). None: no shortcut at all, a plain block.
        preactivation: normalisation and activation before each convolution and none after the
            sum (arXiv:1603.05027, Fig. 4e).

    Returns:
        Tensor with the filters of the last convolution.

    >>> x = keras.Input((8, 8, 16))
    >>> residual_block(x, [(32, 3, 2), (32, 3, 1)], "stage2_block1", Style()).shape
    (None, 4, 4, 32)
    """
    y = x
    for k, (filters, kernel, stride) in enumerate(convolutions, start=1):
        conv_name = f"{name}_conv{k}"
        if preactivation:
            y = act(normalise(y, conv_name, style), conv_name, style)
            y = convolution(y, filters, kernel, conv_name, style, stride)
        else:
            last = k == len(convolutions)  # its activation comes after the sum
            y = conv(y, filters, kernel, conv_name, style, stride, activate=not last)
    if shortcut is not None:
        stride = math.prod(stride for *_, stride in convolutions)
        x = _shortcut(x, y.shape[-1], stride, f"{name}_shortcut", style, shortcut, preactivation)
        y = layers.Add(name=f"{name}_add")([x, y])
    return y if preactivation else act(y, name, style)


def _shortcut(x, filters, stride, name, style, kind, preactivation):
    if stride == 1 and x.shape[-1] == filters:
        return x
    if kind == "projection" and preactivation:  # nothing is normalised right before the sum
        return convolution(x, filters, 1, name, style, stride)
    if kind == "projection":
        return conv(x, filters, 1, name, style, stride, activate=False)
    if stride > 1:  # every other pixel, as a pooling layer, so that `analysis` can follow it
        x = layers.AveragePooling2D(1, strides=stride, name=f"{name}_subsample")(x)
    return ChannelPadding(filters - x.shape[-1], name=name)(x)
