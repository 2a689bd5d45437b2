"""Solutions of chapter 05, with their reasons."""

import math

from keras import layers


def channels_after(channels, one, three, five, modules):
    """Pooling passes all channels on, so each module adds the filters of its other branches.

    What came in is still there at the top, and each module adds the same number: no matter how
    deep, a naive stack never gets narrower.
    """
    return channels + modules * (one + three + five)


def module_parameters(channels, widths):
    """Four of the six convolutions see all channels; the 3×3 and the 5×5 see their reductions'.

    The branches lie side by side, so each begins with the module's input. Pooling has no weights
    and keeps the channels: its projection sees all of them.
    """
    one, reduce3, three, reduce5, five, project = widths

    def conv(kernel, seen, filters):
        return kernel * kernel * seen * filters + filters

    return (
        conv(1, channels, one)
        + conv(1, channels, reduce3)
        + conv(3, reduce3, three)
        + conv(1, channels, reduce5)
        + conv(5, reduce5, five)
        + conv(1, channels, project)
    )


def branch_costs(side, channels, reduce, filters, kernel):
    """Each weight is used once at every place. With a reduction there are two convolutions.

    The reduction is not free, but it has a kernel of one place; in return the large kernel, with
    its kernel² places, sees `reduce` channels in place of all.
    """
    places = side * side
    direct = places * kernel * kernel * channels * filters
    reduced = places * channels * reduce + places * kernel * kernel * reduce * filters
    return direct, reduced


def thin_module(x):
    """64 independent outputs need 64 numbers to be made of: four channels at 25 places are 100.

    So four mixtures of the channels go on, and the 5×5 is taken apart: one row, then one column,
    and each step makes four maps of every map. Taken apart once more, into 3 and 2 with a gap, it
    costs nearly a quarter less.
    """
    x = layers.Conv2D(4, 1, activation="relu")(x)
    x = layers.DepthwiseConv2D((1, 5), depth_multiplier=4, padding="same")(x)
    return layers.DepthwiseConv2D((5, 1), depth_multiplier=4, padding="same", activation="relu")(x)


def kernel_found(parameters, channels, widths):
    """Each place of the kernel costs reduce5 · five weights; a 5×5 would have 25 of them.

    The difference between the report and a real 5×5 tells how many places more or fewer there are.
    """
    *_, reduce5, five, _ = widths
    places = 25 + (parameters - module_parameters(channels, widths)) // (reduce5 * five)
    return math.isqrt(places)  # the side of a square with so many places


def inception_module(x, one, reduce3, three, reduce5, five, project):
    """The reductions had no ReLU, the pooling saw 2×2, and the projection stood before it.

    None of the three has a weight more or less. A ReLU has none, a window of pooling has none, and
    a 1×1 has as many before the pooling as behind it.
    """
    same = {"padding": "same", "activation": "relu"}
    ones = layers.Conv2D(one, 1, **same)(x)
    threes = layers.Conv2D(three, 3, **same)(layers.Conv2D(reduce3, 1, **same)(x))
    fives = layers.Conv2D(five, 5, **same)(layers.Conv2D(reduce5, 1, **same)(x))
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    projected = layers.Conv2D(project, 1, **same)(pooled)
    return layers.Concatenate()([ones, threes, fives, projected])


def chain(kernels):
    """Start from one pixel; a kernel of height h adds h - 1 to the height, and so for the width.

    Each convolution has height · width weights for a pair of channels, and they add up.
    """
    height = 1 + sum(h - 1 for h, _ in kernels)
    width = 1 + sum(w - 1 for _, w in kernels)
    return height, width, sum(h * w for h, w in kernels)


def halve(x, three, reduce, double):
    """Each branch ends with the layer that halves, so nothing is dropped before it was looked at.

    That layer has no padding: (35 - 3) // 2 + 1 = 17. The 3×3 in the middle needs it: else 35 would
    be 33, and the branch would end with 16.
    """
    first = layers.Conv2D(three, 3, strides=2, activation="relu")(x)
    second = layers.Conv2D(reduce, 1, activation="relu")(x)
    second = layers.Conv2D(double, 3, padding="same", activation="relu")(second)
    second = layers.Conv2D(double, 3, strides=2, activation="relu")(second)
    return layers.Concatenate()([first, second, layers.MaxPooling2D(3, strides=2)(x)])
