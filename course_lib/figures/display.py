"""Show a figure together with its text, for readers who cannot see it."""

import base64
import io

import matplotlib.pyplot as plt
from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure

DPI = 120  # pixels per inch


def show(fig, alt):
    """Display `fig` as a PNG that carries the sentence `alt` for readers who can't see it.

    The output's metadata and its text/plain hold `alt`. The figure is closed, so that a notebook
    shows it once. Outside IPython the sentence is printed.

    >>> from course_lib.figures import plots
    >>> show(plots.bars({"a": 1, "b": 2}), alt="Bars: a has 1 and b has 2.")
    Bars: a has 1 and b has 2.
    """
    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a matplotlib Figure, got {type(fig).__name__}")
    if not isinstance(alt, str) or len(alt.split()) < 3:
        rule = "alt must be a sentence of three words or more"
        raise ValueError(f"{rule}, got {alt!r}; say what a reader should see in the figure")
    alt = " ".join(alt.split())
    if get_ipython() is None:
        plt.close(fig)
        print(alt)
        return
    data = {"image/png": png(fig), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}, "alt": alt}, raw=True)


def png(fig):
    """Close `fig` and return it as PNG in base64: the same pixels give the same text."""
    plt.close(fig)
    file = io.BytesIO()
    # The file does not name matplotlib's version, so that it stays the same.
    fig.savefig(file, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return base64.b64encode(file.getvalue()).decode()
