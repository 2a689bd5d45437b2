"""What all tests of figures need."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from course_lib.figures.display import DPI


@pytest.fixture
def drawn():
    """A function that gives a figure's canvas after a drawing at the resolution of `show`."""

    def draw(fig):
        fig.set_dpi(DPI)
        canvas = FigureCanvasAgg(fig)
        canvas.draw()
        return canvas

    return draw
