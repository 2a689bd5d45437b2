"""Drawings of what the papers draw: receptive fields, two towers, modules and blocks.

Each function returns a matplotlib Figure, to be shown with `figures.show`. Their axes are measured
in inches from the bottom left, so that a number of the code is a length on the page.
"""

from collections import namedtuple
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Polygon, Rectangle

from course_lib.figures.plots import ORANGE, SKY, STYLE, WIDTH

SIZE = 13  # points, of every text but titles
LINE = "0.3"  # the grey of lines and arrows
UNSEEN = "0.92"
# Pale tints on which black text stays readable; each box also says in words what it is.
TINTS = {"conv": "#BBDDF3", "dense": "#F7D9A6", "pool": "#BFE5D6", "join": "#F3CFE0"}
TINTS |= {"map": "white", "norm": "0.92"}
MIDDLE = 4.62  # inches, the axis of a receptive field
SMALLEST_CELL = 0.07  # inches; a row of narrower cells becomes one bar

Box = namedtuple("Box", "x y top bottom left right")


def receptive_field_pyramid(kernels, strides=None):
    """A stack of convolutions seen from the side: what one cell of the last map depends on.

    Rows are maps, from the last layer's on top to the input pixels at the bottom. Coloured is all
    that the cell on top depends on; at each row stands how many input pixels in a line one of its
    cells sees. A row whose cells would be too narrow is one bar, to scale, without the gaps that a
    stride beyond the kernel leaves. Pooling counts like a convolution of its kernel and stride.

    `kernels` holds each layer's side, the first layer's first, `strides` its stride (None: all 1).
    Returns a Figure. Raises ValueError if they are not integers from 1, at least one, as many of
    the one as of the other.

    Source: Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks",
    Distill 2019.

    >>> fig = receptive_field_pyramid((3, 3, 3))
    >>> [text.get_text() for text in fig.axes[0].texts if "cell sees" in text.get_text()][:3]
    ['a cell sees 7', 'a cell sees 5', 'a cell sees 3']
    """
    kernels = _sides("kernels", kernels)
    strides = [1] * len(kernels) if strides is None else _sides("strides", strides)
    if len(strides) != len(kernels):
        rule = f"strides must hold one number for each of the {len(kernels)} kernels"
        raise ValueError(f"{rule}, got {len(strides)}; leave it out if all are 1")
    fields, jumps = _fields(kernels, strides)
    depth, field = len(kernels), fields[-1]
    stack = "1 layer" if depth == 1 else f"{depth} layers"
    step = 1 if depth < 5 else 0.7
    title = f"After {stack}, one cell sees {field:,} × {field:,} pixels"
    fig, ax = _page(1.2 + depth * step, title)
    view = max(1.2 * field, field + 4)  # pixels across, some of which are not seen
    inch = min(4.4 / view, 0.4)  # the width of a pixel
    centres, reach = np.zeros(1), 0  # of the cells that are seen; from the first to the last
    cones = []
    for i in reversed(range(depth + 1)):
        if i < depth:
            reach += (kernels[i] - 1) * jumps[i]
        # With a stride beyond the kernel, a cell is as wide as what it sees, and gaps show.
        wide, y = min(jumps[i], fields[i]), 0.35 + i * step
        if wide * inch < SMALLEST_CELL:
            _cells(ax, y, inch, [0], view, UNSEEN)
            _cells(ax, y, inch, [0], reach + wide, SKY)
        else:
            if i < depth:
                window = np.arange(kernels[i]) - (kernels[i] - 1) / 2
                centres = np.unique(centres[:, None] + window * jumps[i])
            beyond = int((view - reach - wide) / 2 // jumps[i])
            row = centres[0] + jumps[i] * np.arange(-beyond, beyond + 1 + reach // jumps[i])
            _cells(ax, y, inch, row, wide, UNSEEN)
            _cells(ax, y, inch, centres, wide, ORANGE if i == depth else SKY)
        half = (reach + wide) / 2 * inch
        cones.append((MIDDLE - half, MIDDLE + half, y))
        if i:
            name = f"layer {i}: {kernels[i - 1]}×{kernels[i - 1]}"
            name += f", stride {strides[i - 1]}" if strides[i - 1] > 1 else ""
            sees = f"a cell sees {fields[i]:,}"
        else:
            name, sees = "input", "1 pixel" if field == 1 else f"{field:,} pixels"
        _text(ax, 0.15, y, name, ha="left")
        _text(ax, WIDTH - 0.15, y, sees, ha="right")
    for (left, right, y), (lower_left, lower_right, lower_y) in pairwise(cones):
        corners = [(left, y - 0.17), (right, y - 0.17)]
        corners += [(lower_right, lower_y + 0.17), (lower_left, lower_y + 0.17)]
        ax.add_patch(Polygon(corners, facecolor=SKY, alpha=0.25, zorder=0))
    return fig


def stacks_side_by_side():
    """Stacks of convolutions and the square of pixels that one output sees, with their weights.

    One 5×5 beside two 3×3, one 7×7 beside three 3×3: each pair sees the same square. Inside it lie
    the squares seen by the layers before. Weights are those of C channels throughout, without
    biases (arXiv:1409.1556, section 2.3). Returns a Figure.

    >>> texts = [text.get_text() for text in stacks_side_by_side().axes[0].texts]
    >>> [text for text in texts if "weights" in text]
    ['25 C² weights', '18 C² weights', '49 C² weights', '27 C² weights']
    """
    fig, ax = _page(4.1, "Stacked 3×3 layers see the same square with fewer weights")
    numbers, side, cell, middle = {1: "one", 2: "two", 3: "three"}, 9, 0.21, 2
    for i, kernels in enumerate([(5,), (3, 3), (7,), (3, 3, 3)]):
        x = WIDTH / 4 * (i + 0.5)
        fields, _ = _fields(kernels, [1] * len(kernels))
        _square(ax, x, middle, side * cell, facecolor=UNSEEN)
        shades = ("#D8EEFB", "#A6D8F5", SKY)
        for field, shade in zip(fields[:0:-1], shades, strict=False):
            _square(ax, x, middle, field * cell, facecolor=shade)
            _square(ax, x, middle, field * cell, fill=False, linewidth=2, zorder=3)
        for line in (np.arange(side + 1) - side / 2) * cell:
            end = side * cell / 2
            ax.plot([x + line] * 2, [middle - end, middle + end], color="white", linewidth=1)
            ax.plot([x - end, x + end], [middle + line] * 2, color="white", linewidth=1)
        heading = f"{numbers[len(kernels)]} {kernels[0]}×{kernels[0]}"
        _text(ax, x, 3.2, heading, weight="bold")
        _text(ax, x, 0.75, f"sees {fields[-1]}×{fields[-1]}")
        _text(ax, x, 0.4, f"{sum(k * k for k in kernels)} C² weights")
    ax.plot([WIDTH / 2] * 2, [0.3, 3.4], color="0.7", linewidth=1.5)
    return fig


# AlexNet's layers: name, kernels or units in all, the kernels' side.
ALEXNET = [("conv1", 96, 11), ("conv2", 256, 5), ("conv3", 384, 3), ("conv4", 384, 3)]
ALEXNET += [("conv5", 256, 3), ("fc6", 4096, None), ("fc7", 4096, None), ("fc8", 1000, None)]
SEES_BOTH = ("conv3", "fc6", "fc7", "fc8")


def two_towers():
    """AlexNet as published, on two GPUs: which layer sees which half of the maps below it.

    Boxes hold the number of kernels or units; below stands what one of them sees. Source:
    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural
    networks", NIPS 2012, section 3.5 and Fig. 2. Returns a Figure.

    >>> [text.get_text() for text in two_towers().axes[0].texts if "×" in text.get_text()]
    ['11×11×3', '5×5×48', '3×3×256', '3×3×192', '3×3×192']
    """
    fig, ax = _page(4.3, "Two GPUs: only conv3 and the dense layers see both halves")
    step, towers = WIDTH / 9, (2.9, 1.6)
    size = {"width": 0.72, "height": 0.6}
    _text(ax, step / 2, 0.65, "each\nsees")
    for y, name in zip(towers, ("GPU 1", "GPU 2"), strict=True):
        _text(ax, step / 2, y, name, weight="bold")
    below = [_box(ax, step / 2, sum(towers) / 2, "image", "map", **size)] * 2
    maps = 3  # channels of the image; later, maps or numbers in both halves
    for i, (name, units, side) in enumerate(ALEXNET, start=1):
        x, kind = step * (i + 0.5), "conv" if side else "dense"
        _text(ax, x, towers[0] + 0.6, name, weight="bold")
        if name == "fc8":
            boxes = [_box(ax, x, sum(towers) / 2, f"{units}", kind, **size)] * 2
        else:
            boxes = [_box(ax, x, y, f"{units // 2}", kind, **size) for y in towers]
        both = name in SEES_BOTH
        ways = {(below[j], boxes[k]) for j in range(2) for k in range(2) if both or j == k}
        for start, end in sorted(ways):
            _arrow(ax, (start.right, start.y), (end.left, end.y))
        seen = maps if both or name == "conv1" else maps // 2
        _text(ax, x, 0.65, f"{side}×{side}×{seen}" if side else f"all\n{seen:,}")
        below, maps = boxes, units * (6 * 6 if name == "conv5" else 1)  # 6×6 maps after the pool
    return fig


def mlpconv():
    """Network in Network's two ideas: a small dense net that slides, and an average per class.

    Above, a convolution (one step from the patch to the pixel's channels) beside an mlpconv (two
    1×1 convolutions more). Below, the end of NiN for CIFAR-10, where 8×8 maps of 192 channels
    become 10 scores: by flatten and dense, or by a 1×1 convolution and global average pooling;
    the weights include biases. Circles and maps stand for many. Source: Lin, Chen, Yan, "Network in
    network", arXiv:1312.4400, Figs. 1 and 2. Returns a Figure.

    >>> [text.get_text() for text in mlpconv().axes[0].texts if "weights" in text.get_text()]
    ['122,890 weights', '1,930 weights']
    """
    fig, ax = _page(6.7, "NiN: a small dense net at every pixel, then one average per class")
    left, right, upper, lower = WIDTH / 4, WIDTH * 3 / 4, 4.75, 1.75
    heading = {"weight": "bold"}
    _text(ax, left, upper + 1.15, "convolution: one step", **heading)
    _dots(ax, left - 0.6, upper, [("patch", 5), ("5×5", 4)])
    _text(ax, right, upper + 1.15, "mlpconv: a net that slides", **heading)
    _dots(ax, right - 1.8, upper, [("patch", 5), ("5×5", 4), ("1×1", 4), ("1×1", 4)])
    side, channels, classes = 8, 192, 10
    values = side * side * channels
    _text(ax, left, lower + 1.15, "flatten, then dense", **heading)
    _maps(ax, left - 1.5, lower, f"{side}×{side}×{channels}")
    _arrow(ax, (left - 1.15, lower), (left - 0.3, lower))
    _dots(ax, left, lower, [(f"{values:,}", 5), (f"dense, {classes}", 4)])
    _text(ax, left, lower - 1.5, f"{(values + 1) * classes:,} weights")
    _text(ax, right, lower + 1.15, "global average pooling", **heading)
    _maps(ax, right - 1.5, lower, f"{side}×{side}×{channels}")
    _arrow(ax, (right - 1.15, lower), (right - 0.35, lower))
    _maps(ax, right, lower, f"1×1, {classes}", TINTS["conv"])
    _dots(ax, right + 1.2, lower, [("average", 4)])
    for y in _spread(lower, 4):
        _arrow(ax, (right + 0.16, y), (right + 1.08, y))
    _text(ax, right, lower - 1.5, f"{(channels + 1) * classes:,} weights")
    return fig


def inception_modules(widths=(64, 96, 128, 16, 32, 32), channels=192, side=28):
    """The naive Inception module beside the one with 1×1 reductions, and what each costs.

    `widths` are those of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5 and pool projection, as in the
    paper's Table 1; the input is `side` × `side` × `channels`. The defaults are module 3a.
    Multiply-adds are those of the convolutions. Source: Szegedy et al., "Going deeper with
    convolutions", arXiv:1409.4842, Fig. 2. Returns a Figure. Raises ValueError if they are not
    integers from 1, and `widths` not six of them.

    >>> texts = [text.get_text() for text in inception_modules().axes[0].texts]
    >>> [text for text in texts if text.endswith("channels out")]
    ['416 channels out', '256 channels out']
    >>> [text for text in texts if "million" in text]
    ['303 million multiply-adds', '128 million multiply-adds']
    """
    widths = _sides("widths", widths)
    if len(widths) != 6:
        rule = "widths must hold six numbers (1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool proj)"
        raise ValueError(f"{rule}, got {len(widths)}; see the paper's Table 1")
    channels, side = _sides("channels and side", (channels, side))
    one, reduce3, three, reduce5, five, pool = widths
    naive = [[(1, one)], [(3, three)], [(5, five)], ["pool"]]
    reduced = [[(1, one)], [(1, reduce3), (3, three)], [(1, reduce5), (5, five)]]
    reduced.append(["pool", (1, pool)])
    fig, ax = _page(5.9, "")
    costs = []
    for left, heading, branches in ((0, "naive", naive), (4.5, "with reductions", reduced)):
        out, weights, texts = 0, 0, []
        for branch in branches:
            depth, column = channels, []
            for layer in branch:
                if layer == "pool":
                    column.append(["3×3\npool"])
                    continue
                kernel, width = layer
                weights, depth = weights + kernel**2 * depth * width, width
                column.append([f"{kernel}×{kernel}\n{width}"])
            out += depth
            texts.append(column)
        _text(ax, left + 2.25, 5.1, heading, weight="bold")
        _module(ax, left, 4.6, 1.25, texts, f"{side}×{side}×{channels}")
        _text(ax, left + 2.25, 0.75, f"{out:,} channels out")
        costs.append(millions(weights * side**2))
        _text(ax, left + 2.25, 0.4, f"{costs[-1]} million multiply-adds")
    message = f"1×1 reductions: {costs[1]} million multiply-adds instead of {costs[0]}"
    ax.set_title(message, size=16, weight="bold", y=1 - 0.4 / 5.9)
    return fig


def inception_v3_modules():
    """Inception v3's modules: large kernels taken apart, and the grid made smaller.

    Source: Szegedy et al., "Rethinking the Inception architecture for computer vision",
    arXiv:1512.00567, Figs. 5, 6, 7 and 10 (in Fig. 6, n is 7). Returns a Figure.

    >>> texts = [text.get_text() for text in inception_v3_modules().axes[0].texts]
    >>> texts.count("1×n"), texts.count("n×1"), texts.count("1×3"), texts.count("3×1")
    (3, 3, 2, 2)
    """
    both, tail = ["1×3", "3×1"], [[["pool"], ["1×1"]], [["1×1"]]]
    modules = {
        "5×5 as two 3×3": [[["1×1"], ["3×3"], ["3×3"]], [["1×1"], ["3×3"]], *tail],
        "n×n as 1×n and n×1": [
            [["1×1"], ["1×n"], ["n×1"], ["1×n"], ["n×1"]],
            [["1×1"], ["1×n"], ["n×1"]],
            *tail,
        ],
        "side by side, in the last modules": [
            [["1×1"], ["3×3"], both],
            [["1×1"], both],
            *tail,
        ],
        "half the side: stride 2": [
            [["1×1"], ["3×3"], ["3×3 /2"]],
            [["1×1"], ["3×3 /2"]],
            [["pool /2"]],
        ],
    }
    fig, ax = _page(8.5, "Inception v3: large kernels taken apart into small ones")
    places = [(0, 7.7, 3.95), (4.5, 7.7, 3.95), (0, 3.3, 0.35), (4.5, 3.3, 0.35)]
    for (left, top, bottom), heading in zip(places, modules, strict=True):
        _text(ax, left + 2.25, top, heading, weight="bold")
        _module(ax, left, top - 0.42, bottom, modules[heading], "input", height=0.32)
    return fig


def residual_blocks():
    """A plain block and four residual ones, side by side.

    Sources: He et al., "Deep residual learning for image recognition", arXiv:1512.03385, Figs. 2
    and 5 and section 3.3; "Identity mappings in deep residual networks", arXiv:1603.05027, Fig. 4e.
    Returns a Figure.

    >>> [text.get_text() for text in residual_blocks().axes[0].texts].count("+")
    4
    """
    basic = ["3×3, 64", "BN, ReLU", "3×3, 64", "BN"]
    wider = ["3×3, 128, /2", "BN, ReLU", "3×3, 128", "BN"]
    narrow = ["1×1, 64", "BN, ReLU", "3×3, 64", "BN, ReLU", "1×1, 256", "BN"]
    before = ["BN, ReLU", "3×3, 64", "BN, ReLU", "3×3, 64"]
    fig, ax = _page(6.2, "A residual block adds its input to what its layers compute")
    top, total, relu = 4.9, 1.15, 0.45  # where x, the sum and the last ReLU stand
    for x, heading, layers in (
        (0.75, "plain", basic),
        (2.25, "identity", basic),
        (4.0, "projection", wider),
        (6.3, "bottleneck", narrow),
        (8.05, "pre-activation", before),
    ):
        wide = 1.22 if heading == "projection" else 1.0
        _text(ax, x, 5.4, heading, weight="bold")
        _text(ax, x, top, "x")
        end, below = (x, top - 0.12), top - 0.12
        for y, text in zip(np.linspace(4.25, 1.8, len(layers)), layers, strict=True):
            kind = "conv" if "×" in text else "norm"
            box = _box(ax, x, y, text, kind, wide, height=0.34)
            _arrow(ax, end, (x, box.top))
            end = (x, box.bottom)
        if heading != "plain":
            _arrow(ax, end, (x, total + 0.17))
            ax.add_patch(Circle((x, total), 0.17, facecolor=TINTS["join"], edgecolor=LINE))
            _text(ax, x, total, "+", weight="bold")
            end, side = (x, total - 0.17), x + wide / 2 + 0.22
            fork = below - 0.12
            if heading == "projection":
                side += 0.22
                box = _box(ax, side, 3.0, "1×1,\n128,\n/2,\nBN", "conv", 0.55, height=1.2)
                _arrow(ax, (x, fork), (side, fork), (side, box.top))
                _arrow(ax, (side, box.bottom), (side, total), (x + 0.17, total))
            else:
                _arrow(ax, (x, fork), (side, fork), (side, total), (x + 0.17, total))
        if heading != "pre-activation":
            box = _box(ax, x, relu, "ReLU", "norm", wide, height=0.34)
            _arrow(ax, end, (x, box.top))
            end = (x, box.bottom)
        _arrow(ax, end, (x, 0.05))
    return fig


def _page(height, title):
    """A Figure of `height` inches under its title, and axes in inches without any frame."""
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(WIDTH, height))
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH), ylim=(0, height))
        ax.set_axis_off()
        ax.set_title(title, size=16, weight="bold", y=1 - 0.4 / height)
    return fig, ax


def _text(ax, x, y, text, **look):
    ax.text(x, y, text, **{"size": SIZE, "ha": "center", "va": "center", **look})


def _box(ax, x, y, text, kind, width=1.0, height=0.4):
    """A rounded box around (x, y), in the tint of its kind."""
    box = Box(x, y, y + height / 2, y - height / 2, x - width / 2, x + width / 2)
    look = {"boxstyle": "round,pad=0,rounding_size=0.06", "facecolor": TINTS[kind]}
    patch = FancyBboxPatch((box.left, box.bottom), width, height, edgecolor=LINE, zorder=2, **look)
    ax.add_patch(patch)
    _text(ax, x, y, text, zorder=3)
    return box


def _arrow(ax, *points):
    """A line through the points with a head at the last one."""
    ax.plot(*zip(*points, strict=True), color=LINE, linewidth=1.5, zorder=1)
    look = {"arrowstyle": "-|>", "color": LINE, "linewidth": 1.5, "mutation_scale": 13}
    ax.annotate("", points[-1], points[-2], arrowprops={**look, "shrinkA": 0, "shrinkB": 0})


def _cells(ax, y, inch, centres, width, colour):
    """A row of cells; centres from MIDDLE on and width in pixels of `inch` inches."""
    for centre in centres:
        corner = (MIDDLE + (centre - width / 2) * inch, y - 0.17)
        ax.add_patch(Rectangle(corner, width * inch, 0.34, facecolor=colour, edgecolor=LINE))


def _square(ax, x, y, side, **look):
    ax.add_patch(Rectangle((x - side / 2, y - side / 2), side, side, **look))


def _module(ax, left, top, bottom, branches, base, height=0.56):
    """Branches between a common input and a concatenation, in a panel 4.5 inches wide.

    A branch is a list of steps from top to bottom, a step a list of boxes' texts side by side.
    """
    middle, columns = left + 2.25, [max(map(len, branch)) for branch in branches]
    across = 4.2 / sum(columns)
    width = min(0.86 * across, 1.0)
    start = _box(ax, middle, top, base, "map", 1.6, height=0.36)
    end = _box(ax, middle, bottom, "concatenate", "join", 1.6, height=0.36)
    fork, meet = start.bottom - 0.12, end.top + 0.25
    longest = max(map(len, branches))
    step = (top - bottom - 0.3) / (longest + 1)
    for i, branch in enumerate(branches):
        x = left + 0.15 + across * (sum(columns[:i]) + columns[i] / 2)
        above = [(middle, start.bottom), (middle, fork), (x, fork)]
        for j, texts in enumerate(branch):
            y = (top + bottom) / 2 + step * ((len(branch) - 1) / 2 - j)
            boxes = []
            for k, text in enumerate(texts):
                at = x + across * (k - (len(texts) - 1) / 2)
                kind = "pool" if "pool" in text else "conv"
                boxes.append(_box(ax, at, y, text, kind, width, height))
                _arrow(ax, *above, (at, boxes[-1].top))
            above = [(x, boxes[0].bottom)]
        for box in boxes:
            _arrow(ax, (box.x, box.bottom), (box.x, meet), (middle, meet), (middle, end.top))


def _spread(middle, n):
    """The heights of n circles or maps in a column."""
    return middle + 0.38 * (np.arange(n) - (n - 1) / 2)


def _dots(ax, x, y, columns):
    """Columns of circles from x on, each joined to all of the next; a column is (name, circles)."""
    before = []
    for name, n in columns:
        _text(ax, x, y - 1.15, name)
        look = {"facecolor": TINTS["conv"] if before else "white", "edgecolor": LINE, "zorder": 2}
        column = [(x, height) for height in _spread(y, n)]
        for node in column:
            ax.add_patch(Circle(node, 0.12, **look))
            for start in before:
                ax.plot(*zip(start, node, strict=True), color="0.55", linewidth=1, zorder=1)
        before, x = column, x + 1.2


def _maps(ax, x, y, name, colour="white"):
    """Four maps above each other, and what they are."""
    for height in _spread(y, 4):
        _square(ax, x, height, 0.32, facecolor=colour, edgecolor=LINE)
    _text(ax, x, y - 1.15, name)


def millions(number):
    """A number in millions with three digits, as text: the papers print no more.

    >>> millions(303_464_448), millions(1_230_400_000)
    ('303', '1,230')
    """
    return f"{number / 1e6:.3g}" if number < 1e9 else f"{number / 1e6:,.0f}"


def _sides(name, values):
    """`values` as a list of Python integers, or a ValueError."""
    whole = isinstance(values, Sequence) and all(isinstance(v, Integral) for v in values)
    if not whole or not values or min(values) < 1:
        example = "pass a tuple such as (3, 3, 3)"
        raise ValueError(f"{name} must hold integers of 1 or more, got {values!r}; {example}")
    return [int(value) for value in values]


def _fields(kernels, strides):
    """Receptive field and stride of every map in input pixels, the input's first."""
    fields, jumps = [1], [1]
    for kernel, stride in zip(kernels, strides, strict=True):
        fields.append(fields[-1] + (kernel - 1) * jumps[-1])
        jumps.append(jumps[-1] * stride)
    return fields, jumps
