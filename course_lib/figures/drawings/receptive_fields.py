"""What stacks of convolutions see of the input, and how many weights they have."""

import numpy as np

from course_lib.figures.drawings.canvas import UNSEEN, canvas, square, write
from course_lib.figures.style import SKY, WIDTH
from course_lib.measure.geometry import conv_cost, receptive_fields


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
