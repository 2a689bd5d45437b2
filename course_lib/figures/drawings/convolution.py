"""One step of a convolution, with its numbers."""

import numpy as np
from matplotlib.patches import Rectangle

from course_lib.figures.drawings.canvas import LINE, Box, arrow, canvas, write
from course_lib.figures.style import VERMILLION

CELL = 0.46  # inches
# A bright stripe on a dark background, and a kernel that responds to its edges.
PICTURE = np.array([[0, 0, 9, 9, 0, 0]] * 2 + [[0, 0, 0, 9, 9, 0]] * 4)
KERNEL = np.array([[1, 0, -1]] * 3)
WINDOW = (0, 3)  # row and column of its top left place


def sliding_kernel():
    """A kernel on a picture, with stride 1: the window, the weights, the number that they give."""
    fig, ax = canvas(4.7, "Each window of the picture, times the kernel, gives one number")
    windows = np.lib.stride_tricks.sliding_window_view(PICTURE, KERNEL.shape)
    output = (windows * KERNEL).sum(axis=(2, 3))
    middle = 2.45
    shades = {number: str(0.6 + 0.4 * number / PICTURE.max()) for number in np.unique(PICTURE)}
    seen = _grid(ax, 1.65, middle, PICTURE, "picture, 6×6", WINDOW, KERNEL.shape, shades)
    kernel = _grid(ax, 4.65, middle + 1.5 * CELL, KERNEL, "kernel, 3×3", (0, 0), KERNEL.shape)
    result = _grid(ax, 7.55, middle, output, "output, 4×4", WINDOW, (1, 1))
    arrow(ax, (seen.right, seen.y), (kernel.left, kernel.y))
    corner, above = kernel.right + 0.4, result.top + 0.25
    turns = [(kernel.right, kernel.y), (corner, kernel.y), (corner, above)]
    arrow(ax, *turns, (result.x, above), (result.x, result.top))
    products = zip(windows[WINDOW].ravel(), KERNEL.ravel(), strict=True)
    terms = [f"{pixel}·{weight}" if weight >= 0 else f"{pixel}·(−1)" for pixel, weight in products]
    write(ax, 4.5, 0.4, f"{' + '.join(terms)} = {output[WINDOW]}")
    return fig


def _grid(ax, x, y, numbers, name, corner, size, shades=None):
    """A grid of numbers centred on (x, y). Returns the Box of `size` framed cells at `corner`."""
    rows, columns = numbers.shape
    left, top = x - columns * CELL / 2, y + rows * CELL / 2
    write(ax, x, 4.05, name, weight="bold")
    for (i, j), number in np.ndenumerate(numbers):
        place = left + j * CELL, top - (i + 1) * CELL
        colour = (shades or {}).get(number, "white")
        ax.add_patch(Rectangle(place, CELL, CELL, facecolor=colour, edgecolor=LINE))
        write(ax, place[0] + CELL / 2, place[1] + CELL / 2, str(number).replace("-", "−"))
    start, height = left + corner[1] * CELL, size[0] * CELL
    bottom, width = top - corner[0] * CELL - height, size[1] * CELL
    frame = {"fill": False, "edgecolor": VERMILLION, "linewidth": 4, "zorder": 3}
    ax.add_patch(Rectangle((start, bottom), width, height, **frame))
    sides = bottom + height, bottom, start, start + width
    return Box(start + width / 2, bottom + height / 2, *sides)
