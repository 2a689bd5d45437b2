"""What stacks of convolutions see of the input, and how many weights they have."""

from itertools import pairwise

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from course_lib.figures.drawings.canvas import LINE, UNSEEN, canvas, square, write
from course_lib.figures.style import ORANGE, SKY, WIDTH
from course_lib.measure.geometry import conv_cost, receptive_fields

MIDDLE = 4.62  # the centre line of a receptive field, in inches
SMALLEST_CELL = 0.07  # inches; a row of narrower cells becomes one bar


def receptive_field_pyramid(kernels, strides=None):
    """A stack of convolutions seen from the side: what one cell of the last map depends on.

    Rows are maps, from the input at the bottom to the last layer's map on top. Everything that the
    top cell depends on is coloured. A row of cells too narrow to draw becomes one bar, without the
    gaps that a stride larger than the kernel leaves. Arguments and errors are those of
    `measure.geometry.receptive_fields`.

    >>> receptive_field_pyramid((11, 3), strides=(4, 2)).axes[0].get_title()
    'After 2 layers, one cell sees 19 × 19 pixels'
    """
    strides = strides or [1] * len(kernels)
    fields, jumps = zip(*receptive_fields(kernels, strides), strict=True)
    depth, field = len(kernels), fields[-1]
    stack = "1 layer" if depth == 1 else f"{depth} layers"
    step = 1 if depth < 5 else 0.7
    title = f"After {stack}, one cell sees {field:,} × {field:,} pixels"
    fig, ax = canvas(1.2 + depth * step, title)
    view = max(1.2 * field, field + 4)  # pixels in the bottom row, some of which are not seen
    inch = min(4.4 / view, 0.4)  # the width of a pixel
    centres, reach = np.zeros(1), 0  # of the cells that are seen; from the first to the last one
    cones = []
    for i in reversed(range(depth + 1)):
        if i < depth:
            reach += (kernels[i] - 1) * jumps[i]
        # If the stride is larger than the kernel, a cell is as wide as what it sees: gaps show.
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
        write(ax, 0.15, y, name, ha="left")
        write(ax, WIDTH - 0.15, y, sees, ha="right")
    for (left, right, y), (lower_left, lower_right, lower_y) in pairwise(cones):
        corners = [(left, y - 0.17), (right, y - 0.17)]
        corners += [(lower_right, lower_y + 0.17), (lower_left, lower_y + 0.17)]
        ax.add_patch(Polygon(corners, facecolor=SKY, alpha=0.25, zorder=0))
    return fig


def stacks_side_by_side():
    """Stacks of convolutions, the square that one output sees, and their weights without biases.

    Inside it are the squares that earlier layers see (arXiv:1409.1556, section 2.3).
    """
    fig, ax = canvas(4.1, "Stacked 3×3 layers see the same square with fewer weights")
    numbers, side, cell, middle = {1: "one", 2: "two", 3: "three"}, 9, 0.21, 2
    for i, kernels in enumerate([(5,), (3, 3), (7,), (3, 3, 3)]):
        x = WIDTH / 4 * (i + 0.5)
        fields, _ = zip(*receptive_fields(kernels), strict=True)
        square(ax, x, middle, side * cell, facecolor=UNSEEN)
        shades = ("#D8EEFB", "#A6D8F5", SKY)
        for field, shade in zip(fields[:0:-1], shades, strict=False):
            square(ax, x, middle, field * cell, facecolor=shade)
            square(ax, x, middle, field * cell, fill=False, linewidth=2, zorder=3)
        for line in (np.arange(side + 1) - side / 2) * cell:
            end = side * cell / 2
            ax.plot([x + line] * 2, [middle - end, middle + end], color="white", linewidth=1)
            ax.plot([x - end, x + end], [middle + line] * 2, color="white", linewidth=1)
        heading = f"{numbers[len(kernels)]} {kernels[0]}×{kernels[0]}"
        write(ax, x, 3.2, heading, weight="bold")
        write(ax, x, 0.75, f"sees {fields[-1]}×{fields[-1]}")
        write(ax, x, 0.4, f"{sum(conv_cost(k, 1, 1) for k in kernels)} C² weights")
    ax.plot([WIDTH / 2] * 2, [0.3, 3.4], color="0.7", linewidth=1.5)
    return fig


def _cells(ax, y, inch, centres, width, colour):
    """A row of cells; centres (from MIDDLE) and width are in pixels of `inch` inches."""
    for centre in centres:
        corner = (MIDDLE + (centre - width / 2) * inch, y - 0.17)
        ax.add_patch(Rectangle(corner, width * inch, 0.34, facecolor=colour, edgecolor=LINE))
