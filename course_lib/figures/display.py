"""Show a figure together with a sentence for readers who cannot see it."""

import base64
import io
from html import escape

import matplotlib.pyplot as plt
from IPython import get_ipython
from IPython.display import display

DPI = 120  # pixels per inch


def show(fig, alt):
    """Display `fig` as a picture with the sentence `alt` for readers who cannot see it.

    The figure is closed, so a notebook shows it once. Outside IPython the sentence is printed.

    >>> from course_lib.figures import plots
    >>> show(plots.bars({"a": 1, "b": 2}), alt="Bars: a has 1 and b has 2.")
    Bars: a has 1 and b has 2.
    """
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise ValueError(f"alt must be a sentence that says what the figure shows, got {alt!r}")
    put(picture(png(fig), " ".join(alt.split())))


def put(output):
    """Display an output, given by MIME type. Outside IPython its text is printed."""
    if get_ipython() is None:
        print(output["text/plain"])
    else:
        display(output, raw=True)


def picture(image, alt, kind="image/png"):
    """An image, as bytes, with its sentence as a notebook's output, by MIME type.

    It is HTML, since that is the one form in which JupyterLab, nbconvert, GitHub, Colab and MyST-NB
    give readers the sentence: of an output image/png they show the image alone.

    >>> picture(b"GIF", "A dot, as an example.", "image/gif")["text/html"]
    '<img alt="A dot, as an example." src="data:image/gif;base64,R0lG" style="max-width: 100%">'
    """
    source = f"data:{kind};base64,{base64.b64encode(image).decode()}"
    html = f'<img alt="{escape(alt)}" src="{source}" style="max-width: 100%">'
    return {"text/html": html, "text/plain": alt}


def png(fig):
    """Close `fig` and return it as a PNG. The same pixels give the same bytes."""
    plt.close(fig)
    file = io.BytesIO()
    # Without matplotlib's version in the file, it stays the same.
    fig.savefig(file, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return file.getvalue()
