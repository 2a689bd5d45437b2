"""The arithmetic of windows, in plain Python: how large a map is, what a cell sees, what it costs.

Sizes and receptive fields are along one axis. For them, pooling is like a convolution.
"""

import math
from typing import NamedTuple


def output_size(size, kernel, stride=1, padding=0):
    """The size of the map that a window of `kernel` cells makes from one of `size` cells.

    `padding` is the number of cells added on each side; or "valid": none; or "same": as many as
    needed for size / stride cells, rounded up. Numbers that are not whole and a window larger than
    the padded map raise ValueError.

    >>> output_size(227, 11, stride=4), output_size(27, 3, 2, padding="same")
    (55, 14)
    """
    _check_whole(size=size, kernel=kernel, stride=stride)
    if padding == "same":
        return math.ceil(size / stride)
    padded = size + (0 if padding == "valid" else 2 * padding)
    if kernel > padded:
        raise ValueError(f"kernel must be at most {padded}, the padded map's size, got {kernel}")
    return (padded - kernel) // stride + 1


class Axis(NamedTuple):
    """What the cells of a map see of the image: `size` pixels each, `stride` pixels apart.

    A stride of None: there is no map any more, one cell sees all of it.

    >>> Axis().slide(3, stride=2).slide(3)
    Axis(size=7, stride=2)
    """

    size: int = 1
    stride: int | None = 1

    def slide(self, kernel, stride=1):
        """The axis after a window slid over the map."""
        return Axis(self.size + (kernel - 1) * self.stride, self.stride * stride)


def union(branches):
    """The axis where branches meet: the largest field. None if strides differ."""
    strides = {axis.stride for axis in branches}
    if len(strides - {None}) > 1:
        return None
    return Axis(max(axis.size for axis in branches), None if None in strides else strides.pop())


def receptive_fields(kernels, strides=None):
    """What one cell of each map sees of the input, through layers with these kernels and strides.

    Strides of None are all 1. Returns (size, stride) of every map in input pixels, from the input's
    own (1, 1) on. Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural
    networks", Distill 2019.

    >>> receptive_fields((11, 3, 5), (4, 2, 1))
    [(1, 1), (11, 4), (19, 8), (51, 8)]
    """
    strides = [1] * len(kernels) if strides is None else strides
    axes = [Axis()]
    for kernel, stride in zip(kernels, strides, strict=True):
        _check_whole(kernel=kernel, stride=stride)
        axes.append(axes[-1].slide(kernel, stride))
    return [tuple(axis) for axis in axes]


def conv_cost(kernel, channels, filters, side=1, groups=1):
    """Multiply-adds of a convolution whose output is side × side; with side 1, its weights.

    Biases do not count. `kernel` and `side` are numbers, for squares, or (height, width).

    >>> conv_cost(3, 64, 64), conv_cost((1, 7), 64, 64), conv_cost(3, 192, 128, side=28)
    (36864, 28672, 173408256)
    """
    window, places = (n**2 if isinstance(n, int) else math.prod(n) for n in (kernel, side))
    return places * window * (channels // groups) * filters


def inception_costs(channels, widths, side=1):
    """Multiply-adds of an Inception module's six convolutions, by their names in the paper.

    `widths` are the filters of the six, in the order of Table 1 (arXiv:1409.4842). None leaves out
    a reduction or the projection. With side 1, the weights.

    >>> costs = inception_costs(192, (64, 96, 128, 16, 32, 32), side=28)
    >>> costs["5×5"], sum(costs.values())
    (10035200, 128049152)
    """
    one, reduce3, three, reduce5, five, project = widths
    return {
        "1×1": conv_cost(1, channels, one, side),
        "3×3 reduce": conv_cost(1, channels, reduce3 or 0, side),
        "3×3": conv_cost(3, reduce3 or channels, three, side),
        "5×5 reduce": conv_cost(1, channels, reduce5 or 0, side),
        "5×5": conv_cost(5, reduce5 or channels, five, side),
        "pool proj": conv_cost(1, channels, project or 0, side),
    }


def _check_whole(**values):
    for name, value in values.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
