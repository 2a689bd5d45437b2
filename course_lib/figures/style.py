"""The look of every figure: colours, and sizes that can be read from the back of a room."""

import textwrap
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe and Ito's colours for colour-blind readers, without yellow, which is too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
BLUE, VERMILLION, GREEN, _, ORANGE, SKY, BLACK = COLOURS
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Tints of boxes, so pale that black text stays readable; each box also says in words what it is.
TINTS = {"conv": "#BBDDF3", "dense": "#F7D9A6", "pool": "#BFE5D6", "join": "#F3CFE0"}
TINTS |= {"map": "white", "norm": "0.92"}

WIDTH = 9  # inches: about the width of a notebook's page
STYLE = {"font.size": 14, "figure.titlesize": 16, "figure.titleweight": "bold"}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "hatch.linewidth": 1.5}
STYLE |= {"lines.linewidth": 2.5, "lines.markersize": 8}


@contextmanager
def page(height, title, panels=1, **look):
    """A Figure of the usual width with its title, and its axes, drawn in the course's style.

    `look` goes to matplotlib's `subplots`. Afterwards matplotlib's settings are restored.
    """
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(WIDTH, height), layout="constrained")
        fig.suptitle(textwrap.fill(title or "", 60))
        yield fig, fig.subplots(1, panels, **look)


def legend(fig, handles, names):
    """The legend under a figure, in as many columns as its longest name leaves room for."""
    columns = max(2, min(5, 80 // (6 + max(map(len, names)))))
    columns = min(columns, len(names))
    fig.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False)


def millions(number):
    """A number in millions as text: three digits, as papers print it, or whole millions.

    >>> millions(303_464_448), millions(1_230_400_000)
    ('303', '1,230')
    """
    return f"{number / 1e6:.3g}" if number < 1e9 else f"{number / 1e6:,.0f}"
