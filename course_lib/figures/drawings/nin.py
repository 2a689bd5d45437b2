"""Network in Network: mlpconv and global average pooling."""

from matplotlib.patches import Circle

from course_lib.figures.drawings.canvas import LINE, arrow, canvas, spread, square, write
from course_lib.figures.style import TINTS, WIDTH


def mlpconv():
    """Network in Network's two ideas: a small dense net that slides, and an average per class.

    Below, 8×8 maps of 192 channels become 10 scores in two ways. The weights include biases; a few
    circles and maps stand for many. Source: arXiv:1312.4400, Figs. 1 and 2.
    """
    fig, ax = canvas(6.7, "NiN: a small dense net at every pixel, then one average per class")
    left, right, upper, lower = WIDTH / 4, WIDTH * 3 / 4, 4.75, 1.75
    heading = {"weight": "bold"}
    write(ax, left, upper + 1.15, "convolution: one step", **heading)
    _dots(ax, left - 0.6, upper, [("patch", 5), ("5×5", 4)])
    write(ax, right, upper + 1.15, "mlpconv: a net that slides", **heading)
    _dots(ax, right - 1.8, upper, [("patch", 5), ("5×5", 4), ("1×1", 4), ("1×1", 4)])
    side, channels, classes = 8, 192, 10
    values = side * side * channels
    write(ax, left, lower + 1.15, "flatten, then dense", **heading)
    _maps(ax, left - 1.5, lower, f"{side}×{side}×{channels}")
    arrow(ax, (left - 1.15, lower), (left - 0.3, lower))
    _dots(ax, left, lower, [(f"{values:,}", 5), (f"dense, {classes}", 4)])
    write(ax, left, lower - 1.5, f"{(values + 1) * classes:,} weights")
    write(ax, right, lower + 1.15, "global average pooling", **heading)
    _maps(ax, right - 1.5, lower, f"{side}×{side}×{channels}")
    arrow(ax, (right - 1.15, lower), (right - 0.35, lower))
    _maps(ax, right, lower, f"1×1, {classes}", TINTS["conv"])
    _dots(ax, right + 1.2, lower, [("average", 4)])
    for y in spread(lower, 4):
        arrow(ax, (right + 0.16, y), (right + 1.08, y))
    write(ax, right, lower - 1.5, f"{(channels + 1) * classes:,} weights")
    return fig


def _dots(ax, x, y, columns):
    """Columns of circles from x on, each joined to all of the next. A column is (name, count)."""
    before = []
    for name, n in columns:
        write(ax, x, y - 1.15, name)
        look = {"facecolor": TINTS["conv"] if before else "white", "edgecolor": LINE, "zorder": 2}
        column = [(x, height) for height in spread(y, n)]
        for node in column:
            ax.add_patch(Circle(node, 0.12, **look))
            for start in before:
                ax.plot(*zip(start, node, strict=True), color="0.55", linewidth=1, zorder=1)
        before, x = column, x + 1.2


def _maps(ax, x, y, name, colour="white"):
    """Four maps above each other, with their name below."""
    for height in spread(y, 4):
        square(ax, x, height, 0.32, facecolor=colour, edgecolor=LINE)
    write(ax, x, y - 1.15, name)
