"""Solutions of chapter 05, with their reasons."""

import math


def channels_after(channels, one, three, five, modules):
    """Pooling passes all channels on, so each module adds the filters of its other branches."""
    return channels + modules * (one + three + five)


def module_parameters(channels, widths):
    """Four of the six convolutions see all channels; the 3×3 and the 5×5 see their reductions'."""
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
    """Each weight is used once at every place. With a reduction there are two convolutions."""
    places = side * side
    direct = places * kernel * kernel * channels * filters
    reduced = places * channels * reduce + places * kernel * kernel * reduce * filters
    return direct, reduced


def kernel_found(parameters, channels, widths):
    """Each place of the kernel costs reduce5 · five weights; a 5×5 would have 25 of them.

    The difference between the report and a real 5×5 tells how many places more or fewer there are.
    """
    *_, reduce5, five, _ = widths
    places = 25 + (parameters - module_parameters(channels, widths)) // (reduce5 * five)
    return math.isqrt(places)  # the side of a square with so many places


def chain(kernels):
    """Start from one pixel; a kernel of height h adds h - 1 to the height, and so for the width.

    Each convolution has height · width weights for a pair of channels, and they add up.
    """
    height = 1 + sum(h - 1 for h, _ in kernels)
    width = 1 + sum(w - 1 for _, w in kernels)
    return height, width, sum(h * w for h, w in kernels)
