"""Show a figure together with a sentence for readers who cannot see it."""

import base64
import io

import matplotlib.pyplot as plt
from IPython import get_ipython
from IPython.display import display

DPI = 120  # pixels per inch


def show(fig, alt, **views):
    """Display `fig` as a PNG with the sentence `alt` for readers who cannot see it.

    The figure is closed, so a notebook shows it once. Outside IPython the sentence is printed.
    `views` are other forms of the same output, by MIME type.

    >>> from course_lib.figures import plots
    >>> show(plots.bars({"a": 1, "b": 2}), alt="Bars: a has 1 and b has 2.")
    Bars: a has 1 and b has 2.
    """
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise ValueError(f"alt must be a sentence that says what the figure shows, got {alt!r}")
    alt = " ".join(alt.split())
    if get_ipython() is None:
        plt.close(fig)
        print(alt)
        return
    data = {"image/png": png(fig), "text/plain": alt, **views}
    display(data, metadata={"image/png": {"alt": alt}, "alt": alt}, raw=True)


def png(fig):
    """Close `fig` and return it as a PNG in base64. The same pixels give the same text."""
    plt.close(fig)
    file = io.BytesIO()
    # Without matplotlib's version in the file, it stays the same.
    fig.savefig(file, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return base64.b64encode(file.getvalue()).decode()
