"""Residual blocks, the paths through them, and plain-34 beside ResNet-34."""

from itertools import combinations

import numpy as np
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from course_lib.figures.drawings.canvas import LINE, arrow, box, canvas, write
from course_lib.figures.style import TINTS, VERMILLION
from course_lib.models.resnet import DEPTHS, FILTERS


def residual_blocks():
    """A plain block and four residual ones, side by side.

    Sources: arXiv:1512.03385, Figs. 2 and 5 and section 3.3; arXiv:1603.05027, Fig. 4e.
    """
    basic = ["3×3, 64", "BN, ReLU", "3×3, 64", "BN"]
    wider = ["3×3, 128, /2", "BN, ReLU", "3×3, 128", "BN"]
    narrow = ["1×1, 64", "BN, ReLU", "3×3, 64", "BN, ReLU", "1×1, 256", "BN"]
    before = ["BN, ReLU", "3×3, 64", "BN, ReLU", "3×3, 64"]
    fig, ax = canvas(5.5, "A residual block adds its input to what its layers compute")
    top, total, relu = 4.4, 1.05, 0.44  # heights of x, the sum and the last ReLU
    for x, heading, layers in (
        (0.75, "plain", basic),
        (2.25, "identity", basic),
        (4.0, "projection", wider),
        (6.3, "bottleneck", narrow),
        (8.05, "pre-activation", before),
    ):
        wide = 1.22 if heading == "projection" else 1.0
        write(ax, x, 4.8, heading, weight="bold")
        write(ax, x, top, "x")
        end, below = (x, top - 0.12), top - 0.12
        for y, text in zip(np.linspace(3.85, 1.62, len(layers)), layers, strict=True):
            kind = "conv" if "×" in text else "norm"
            layer = box(ax, x, y, text, kind, wide, height=0.34)
            arrow(ax, end, (x, layer.top))
            end = (x, layer.bottom)
        if heading != "plain":
            arrow(ax, end, (x, total + 0.17))
            _sum(ax, x, total)
            end, side = (x, total - 0.17), x + wide / 2 + 0.22
            fork = below - 0.12
            if heading == "projection":
                side += 0.22
                layer = box(ax, side, 2.7, "1×1,\n128,\n/2,\nBN", "conv", 0.55, height=1.2)
                arrow(ax, (x, fork), (side, fork), (side, layer.top))
                arrow(ax, (side, layer.bottom), (side, total), (x + 0.17, total))
            else:
                arrow(ax, (x, fork), (side, fork), (side, total), (x + 0.17, total))
        if heading != "pre-activation":
            layer = box(ax, x, relu, "ReLU", "norm", wide, height=0.34)
            arrow(ax, end, (x, layer.top))
            end = (x, layer.bottom)
        arrow(ax, end, (x, 0.05))
    return fig


def residual_paths():
    """The paths through three residual blocks: each block is either used or bypassed.

    They are paths of the signal and of its gradient, not terms of a sum: a later block sees the sum
    of what arrives on all of them. Source: arXiv:1605.06431, section 3 and Fig. 1.
    """
    fig, ax = canvas(5.5, "Three residual blocks are 2³ = 8 ways from input to output")
    columns, names = (1.8, 3.5, 5.2), ("F₁", "F₂", "F₃")
    start, top, end = 0.5, 4.4, 6.6
    write(ax, start, top, "x")
    before = start + 0.15
    for x, name in zip(columns, names, strict=True):
        block, plus, over = box(ax, x, top, name, "conv", 0.7), x + 0.75, top + 0.4
        fork = block.left - 0.3
        arrow(ax, (before, top), (block.left, top))
        arrow(ax, (block.right, top), (plus - 0.17, top))
        arrow(ax, (fork, top), (fork, over), (plus, over), (plus, top + 0.17))
        _sum(ax, plus, top)
        before = plus + 0.17
    arrow(ax, (before, top), (end, top))
    write(ax, end + 0.1, top, "output", ha="left")
    y = 3.6
    for length in range(4):
        ways = list(combinations(range(3), length))
        number = f"{len(ways)} way{'s' * (len(ways) > 1)} of {length} block{'s' * (length != 1)}"
        write(ax, end + 0.1, y - 0.21 * (len(ways) - 1), number, ha="left")
        for way in ways:
            write(ax, start, y, "x")
            before = start + 0.15
            for i in way:
                block = box(ax, columns[i], y, names[i], "conv", 0.7, height=0.36)
                arrow(ax, (before, y), (block.left, y))
                before = block.right
            arrow(ax, (before, y), (end, y))
            y -= 0.42
        y -= 0.1
    return fig


def plain_and_residual():
    """Plain-34 above ResNet-34, from left to right, without and with skips.

    A skip is dashed where the shape changes. Source: arXiv:1512.03385, Fig. 3.
    """
    _, blocks = DEPTHS[34]
    fig, ax = canvas(4.7, f"ResNet-34 is plain-34 with {sum(blocks)} skips")
    step, pause = 0.212, 0.13  # from layer to layer, and as much more between stages
    stages = [["conv", "pool"], *(["conv"] * 2 * count for count in blocks), ["pool", "dense"]]
    for residual, y, above in ((False, 3.3, 0.45), (True, 1.4, 0.8)):
        write(ax, 0.15, y + above, ("plain-34", "ResNet-34")[residual], ha="left", weight="bold")
        x, end = 0.35, 0.05
        for i, kinds in enumerate(stages):
            first = x
            for j, kind in enumerate(kinds):
                layer = box(ax, x, y, "", kind, 0.15, 0.44)
                ax.plot((end, layer.left), (y, y), color=LINE, linewidth=1.5, zorder=1)
                end, x = layer.right, x + step
                if residual and 0 < i < 5 and j % 2 == 0:
                    _skip(ax, layer.left - 0.03, 2 * step, y, "--" if i > 1 and j == 0 else "-")
            if 0 < i < 5 and not residual:
                side, filters = 56 // 2 ** (i - 1), FILTERS[i - 1]
                write(ax, (first + x - step) / 2, 2.68, f"{side}×{side},\n{filters} filters")
            x += pause
        arrow(ax, (end, y), (end + 0.25, y))
    write(ax, 0.15, 0.72, "first: 7×7, 64, /2, and max pool, /2", ha="left")
    write(ax, 8.85, 0.72, "last: average pool, and dense, 1000", ha="right")
    write(ax, 4.5, 0.32, "between: layers of 3×3; a skip is dashed where the side halves")
    return fig


def _skip(ax, start, wide, y, line):
    """An arc over two layers."""
    end = start + wide
    curve = [(start, y), (start, y + 0.8), (end, y + 0.8), (end, y)]
    path = Path(curve, [Path.MOVETO] + [Path.CURVE4] * 3)
    look = {"color": VERMILLION, "linewidth": 2, "linestyle": line, "fill": False}
    ax.add_patch(PathPatch(path, **look))


def _sum(ax, x, y):
    ax.add_patch(Circle((x, y), 0.17, facecolor=TINTS["join"], edgecolor=LINE))
    write(ax, x, y, "+", weight="bold")
