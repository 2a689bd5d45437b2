"""Every plot, grid and chart: matplotlib's settings stay, and texts can be read."""

import functools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course_lib.figures import charts, grids, plots, style

RUN = pd.DataFrame({"loss": [2.0, 1.0], "val_loss": [2.1, 1.2], "accuracy": [0.2, 0.5]})
STOPPED = RUN.copy()
STOPPED.attrs["stopped"] = "stopped after 2 of 10 epochs"
IMAGES = np.zeros((5, 4, 6, 3), dtype=np.uint8)
TABLE = pd.DataFrame({"plain-20": [60, 11], "residual-20": [62, 55]}, index=["whole", "1.1"])
FIGURES = {
    "image_grid": lambda: grids.image_grid(IMAGES, titles=list("abcde"), title="Five"),
    "filter_grid": lambda: grids.filter_grid(np.ones((3, 3, 3, 4)), title="Four"),
    "feature_grid": lambda: grids.feature_grid(np.ones((4, 4, 9)), title="Nine"),
    "overlay": lambda: grids.overlay(IMAGES, [np.eye(3)] * 5, "Probability", list("abcde"), "Five"),
    "learning_curves": lambda: plots.learning_curves({"ReLU": RUN, "tanh": STOPPED}, title="Two"),
    "curves": lambda: plots.curves({"plain": {"20 layers": RUN["loss"]}}, "error", chance=90),
    "points": lambda: plots.points(TABLE, "accuracy, %", "deleted block", chance=10),
    "bars": lambda: plots.bars({"a": 1, "b": 2}, title="Two", xlabel="Things", highlight="b"),
    "pairs": lambda: plots.pairs(TABLE, title="Two", xlabel="accuracy, %"),
    "by_depth": lambda: plots.by_depth({"a": [1, 0], "b": [1e-9, 2]}, "Norm", title="Two runs"),
    "ilsvrc": charts.ilsvrc,
    "error_and_cost": functools.cache(charts.error_and_cost),  # 12 models take some seconds
}


@pytest.mark.parametrize("name", FIGURES)
def test_settings_stay_and_pyplot_gets_no_figure(name, drawn):
    with mpl.rc_context({key: mpl.rcParamsDefault[key] for key in style.STYLE}):
        before = dict(mpl.rcParams)
        drawn(FIGURES[name]())
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_too_small_or_outside(name, drawn):
    fig = FIGURES[name]()
    drawn(fig)
    texts = [text for text in fig.findobj(mpl.text.Text) if text.get_text() and text.get_visible()]
    assert texts
    assert all(text.get_fontsize() >= 12 for text in texts)
    whole = fig.get_tightbbox()  # inches
    width, height = fig.get_size_inches()
    assert whole.x0 >= -0.01 and whole.x1 <= width + 0.01, whole
    assert whole.y0 >= -0.01 and whole.y1 <= height + 0.01, whole
