"""What drawings are made of: a page measured in inches, boxes, arrows and text."""

from collections import namedtuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from course_lib.figures.style import STYLE, TINTS, WIDTH

SIZE = 13  # of all text but titles, in points
LINE = "0.3"  # the grey of lines and arrows
UNSEEN = "0.92"

Box = namedtuple("Box", "x y top bottom left right")


def canvas(height, title):
    """A Figure of `height` inches with a title, and frameless axes measured in inches."""
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(WIDTH, height))
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH), ylim=(0, height))
        ax.set_axis_off()
        ax.set_title(title, size=16, weight="bold", y=1 - 0.4 / height)
    return fig, ax


def write(ax, x, y, text, **look):
    """Text centred on (x, y)."""
    ax.text(x, y, text, **{"size": SIZE, "ha": "center", "va": "center", **look})


def box(ax, x, y, text, kind, width=1.0, height=0.4):
    """A rounded box centred on (x, y), in the tint of its kind. Returns its place as a Box."""
    sides = Box(x, y, y + height / 2, y - height / 2, x - width / 2, x + width / 2)
    look = {"boxstyle": "round,pad=0,rounding_size=0.06", "facecolor": TINTS[kind]}
    corner = sides.left, sides.bottom
    ax.add_patch(FancyBboxPatch(corner, width, height, edgecolor=LINE, zorder=2, **look))
    write(ax, x, y, text, zorder=3)
    return sides


def arrow(ax, *points):
    """A line through the points, with a head at the last one."""
    ax.plot(*zip(*points, strict=True), color=LINE, linewidth=1.5, zorder=1)
    look = {"arrowstyle": "-|>", "color": LINE, "linewidth": 1.5, "mutation_scale": 13}
    ax.annotate("", points[-1], points[-2], arrowprops={**look, "shrinkA": 0, "shrinkB": 0})


def square(ax, x, y, side, **look):
    """A square centred on (x, y)."""
    ax.add_patch(Rectangle((x - side / 2, y - side / 2), side, side, **look))


def spread(middle, n):
    """n evenly spaced places around a middle, from low to high."""
    return middle + 0.38 * (np.arange(n) - (n - 1) / 2)
