"""The arithmetic of convolutions, in plain Python: what a cell sees, and what a kernel costs."""


def receptive_fields(kernels, strides=None):
    """What one cell of each map sees of the input, along one axis, through a stack of windows.

    A cell of the next map sees `kernel` cells of this one, which lie `stride` pixels apart. So
    size + (kernel - 1) * stride is what it sees, and its neighbours lie stride * own stride apart.

    Args:
        kernels: the windows' lengths, the first layer's first; pooling counts like a convolution.
        strides: their strides; None: all 1.

    Returns:
        (size, stride) of every map in input pixels, the input's own (1, 1) first.

    Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks",
    Distill 2019.

    >>> receptive_fields((11, 3, 5), (4, 2, 1))
    [(1, 1), (11, 4), (19, 8), (51, 8)]
    """
    fields = [(1, 1)]
    for kernel, stride in zip(kernels, strides or [1] * len(kernels), strict=True):
        size, apart = fields[-1]
        fields.append((size + (kernel - 1) * apart, apart * stride))
    return fields


def conv_cost(kernel, channels, filters, side=1, groups=1):
    """Multiply-adds of a convolution on a map of side × side places; with side 1, its weights.

    Each of the weights is used once at every place. Biases do not count. `kernel` is the side of
    a square, or (height, width).

    >>> conv_cost(3, 64, 64), conv_cost((1, 7), 64, 64), conv_cost(3, 192, 128, side=28)
    (36864, 28672, 173408256)
    """
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    return side**2 * height * width * (channels // groups) * filters


def inception_costs(channels, widths, side=1):
    """Multiply-adds of an Inception module's six convolutions, by their names in the paper.

    Args:
        channels: of the map that comes in.
        widths: filters of the six, in the order of Table 1 (arXiv:1409.4842). None leaves a
            reduction or the projection out, and what follows sees all channels.
        side: of the map; with 1, the weights.

    >>> costs = inception_costs(192, (64, 96, 128, 16, 32, 32), side=28)
    >>> costs["5×5"], sum(costs.values())
    (10035200, 128049152)
    """
    one, reduce3, three, reduce5, five, project = widths
    layers = {
        "1×1": (1, channels, one),
        "3×3 reduce": (1, channels, reduce3),
        "3×3": (3, reduce3 or channels, three),
        "5×5 reduce": (1, channels, reduce5),
        "5×5": (5, reduce5 or channels, five),
        "pool proj": (1, channels, project),
    }
    return {
        name: conv_cost(kernel, seen, filters or 0, side)
        for name, (kernel, seen, filters) in layers.items()
    }
