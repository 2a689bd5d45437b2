"""Figures: what they draw, what they refuse, and that each one carries its text."""

import base64
import struct
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from nbclient import NotebookClient

from course_lib import plots

RUN = pd.DataFrame(
    {
        "loss": [2.0, 1.0, 0.5],
        "val_loss": [2.1, 1.2, 0.9],
        "accuracy": [0.2, 0.5, 0.8],
        "val_accuracy": [0.1, 0.4, 0.6],
    },
    index=[1, 2, 3],
)
IMAGES = np.arange(5 * 4 * 6 * 3, dtype=np.uint8).reshape(5, 4, 6, 3)
ALT = "Two bars; b is twice as long as a."
FIGURES = {
    "image_grid": lambda: plots.image_grid(IMAGES, titles=list("abcde"), title="Five"),
    "filter_grid": lambda: plots.filter_grid(np.ones((3, 3, 3, 4)), title="Four"),
    "plot_history": lambda: plots.plot_history({"ReLU": RUN, "tanh": RUN}, title="Two runs"),
    "bars": lambda: plots.bars({"a": 1, "b": 2}, title="Two", xlabel="Things", highlight="b"),
    "ilsvrc_chart": plots.ilsvrc_chart,
}


def drawn(fig):
    """The figure's canvas after a drawing at the resolution of `show`."""
    fig.set_dpi(plots.DPI)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return canvas


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What a notebook gets from show: a figure of ours and one of pyplot's, inline backend."""
    source = f"""
%matplotlib inline
import matplotlib.pyplot as plt
from course_lib.plots import bars, show
show(bars({{"a": 1, "b": 2}}), alt={ALT!r})
fig, ax = plt.subplots()
show(fig, alt="An empty plot\\n   without any data.")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook.cells[0].outputs


def test_show_gives_one_png_with_its_text(outputs):
    assert [out.output_type for out in outputs] == ["display_data", "display_data"]
    out = outputs[0]
    assert out.data["text/plain"] == ALT
    assert out.metadata["alt"] == ALT
    assert out.metadata["image/png"]["alt"] == ALT
    assert outputs[1].data["text/plain"] == "An empty plot without any data."
    png = base64.b64decode(out.data["image/png"])
    assert png.startswith(b"\x89PNG") and b"matplotlib" not in png
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1080 and height == pytest.approx((1.2 + 0.45 * 2) * 120, abs=1)


def test_show_in_a_plain_script_prints_the_text():
    code = f"from course_lib.plots import bars, show; show(bars({{'a': 1}}), alt={ALT!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ALT), done.stderr


def test_show_closes_the_figure_and_returns_none(capsys):
    fig, _ = plt.subplots()
    assert plots.show(fig, alt=ALT) is None
    assert not plt.fignum_exists(fig.number)
    assert capsys.readouterr().out == ALT + "\n"


@pytest.mark.parametrize("alt", ["", "  ", "figure", None, 3])
def test_show_refuses_a_text_that_says_nothing(alt):
    with pytest.raises(ValueError, match="alt must be a sentence"):
        plots.show(plots.bars({"a": 1}), alt=alt)


def test_show_refuses_what_is_no_figure():
    with pytest.raises(TypeError, match="fig must be a matplotlib Figure, got list"):
        plots.show([], alt=ALT)


@pytest.mark.parametrize("name", FIGURES)
def test_settings_stay_and_pyplot_gets_no_figure(name):
    with mpl.rc_context({key: mpl.rcParamsDefault[key] for key in plots._STYLE}):
        before = dict(mpl.rcParams)
        drawn(FIGURES[name]())
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_too_small_or_outside(name):
    fig = FIGURES[name]()
    drawn(fig)
    texts = [text for text in fig.findobj(mpl.text.Text) if text.get_text() and text.get_visible()]
    assert texts
    assert all(text.get_fontsize() >= 12 for text in texts)
    whole = fig.get_tightbbox()  # inches
    width, height = fig.get_size_inches()
    assert whole.x0 >= -0.01 and whole.x1 <= width + 0.01, whole
    assert whole.y0 >= -0.01 and whole.y1 <= height + 0.01, whole


@pytest.mark.parametrize(
    "images",
    [IMAGES, IMAGES[..., 0], IMAGES[..., :1], IMAGES / 255, np.float32(IMAGES[..., 0]) / 255],
)
def test_image_grid_draws_every_image_with_crisp_pixels(images):
    (ax,) = plots.image_grid(images, columns=2).axes
    assert len(ax.images) == 5
    for shown, image in zip(ax.images, images, strict=True):
        np.testing.assert_array_equal(shown.get_array(), image.squeeze())
        assert shown.get_interpolation() == "nearest"
    lefts = [shown.get_extent()[0] for shown in ax.images]
    assert lefts[0] == lefts[2] == lefts[4] < lefts[1] == lefts[3]
    x0, x1, bottom, top = ax.images[0].get_extent()
    assert (x1 - x0) % 6 == 0 and (bottom - top) * 6 == (x1 - x0) * 4


def test_image_grid_pixels_reach_the_file():
    """Four grey levels, one pixel each: the drawing has big squares of exactly these levels."""
    image = np.array([[[0, 85], [170, 255]]], dtype=np.uint8)
    fig = plots.image_grid(image)
    pixels = np.asarray(drawn(fig).buffer_rgba())[..., 0]
    size = int(fig.axes[0].images[0].get_extent()[1] - fig.axes[0].images[0].get_extent()[0])
    for level in (0, 85, 170):
        assert (pixels == level).sum() == (size // 2) ** 2


def test_image_grid_titles_and_large_images():
    fig = plots.image_grid(np.zeros((2, 400, 400, 3)), titles=["cat", 7], title="Message")
    assert [text.get_text() for text in fig.axes[0].texts] == ["cat", "7", "Message"]
    assert fig.get_size_inches()[0] <= plots.WIDTH


@pytest.mark.parametrize(
    ("images", "kwargs", "message"),
    [
        (IMAGES[0, 0], {}, "images must have the shape"),
        (np.zeros((2, 4, 4, 2)), {}, r"got \(2, 4, 4, 2\)"),
        (np.zeros((0, 4, 4, 3)), {}, "images must have the shape"),
        (IMAGES.astype(int), {}, "images must be uint8 or floats from 0 to 1, got int64"),
        (IMAGES.astype(float), {}, "got 0 to 255; divide by 255"),
        (IMAGES / 255 - 0.5, {}, "must lie in 0..1"),
        (np.full((1, 2, 2), np.nan), {}, "must lie in 0..1"),
        (IMAGES, {"titles": ["one"]}, r"one text an image \(5\), got 1"),
        (IMAGES, {"columns": 0}, "columns must be 1 or more, got 0"),
    ],
)
def test_image_grid_refuses(images, kwargs, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images, **kwargs)


def test_filter_grid_scales_each_filter_around_grey():
    kernels = np.random.default_rng(0).normal(size=(3, 3, 3, 4)) * [1, 10, 100, 0]
    images = [image.get_array() for image in plots.filter_grid(kernels).axes[0].images]
    for i in range(3):
        kernel = kernels[..., i]
        np.testing.assert_allclose((images[i] - 0.5) * 2 * np.abs(kernel).max(), kernel)
        assert np.abs(images[i] - 0.5).max() == pytest.approx(0.5)
    assert (images[3] == 0.5).all()


@pytest.mark.parametrize(
    ("kernels", "message"),
    [
        (np.zeros((3, 3, 64, 8)), r"got \(3, 3, 64, 8\)"),
        (np.zeros((3, 3, 3)), "kernels must have the shape"),
        (np.full((3, 3, 3, 1), np.inf), "kernels must be finite"),
    ],
)
def test_filter_grid_refuses(kernels, message):
    with pytest.raises(ValueError, match=message):
        plots.filter_grid(kernels)


@pytest.mark.parametrize("run", [RUN, RUN.rename_axis("epoch").reset_index()])
def test_plot_history_draws_every_number(run):
    fig = plots.plot_history({"ReLU": run, "tanh": run + 0.1 * (run.columns != "epoch")})
    loss, accuracy = fig.axes
    for ax, column in ((loss, "loss"), (accuracy, "accuracy")):
        lines = {(line.get_label(), line.get_linestyle()): line for line in ax.lines}
        assert len(lines) == 4
        for name, shift in (("ReLU", 0), ("tanh", 0.1)):
            for style, key in (("--", column), ("-", "val_" + column)):
                np.testing.assert_allclose(lines[name, style].get_ydata(), RUN[key] + shift)
                assert list(lines[name, style].get_xdata()) == [1, 2, 3]
        looks = {(line.get_label(), line.get_color(), line.get_marker()) for line in ax.lines}
        assert len(looks) == 2
    (legend,) = fig.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["training", "test", "ReLU", "tanh"]


@pytest.mark.parametrize(
    ("histories", "error", "message"),
    [
        (RUN, TypeError, "must map names to DataFrames, got DataFrame"),
        ({}, ValueError, "1 to 7 runs, got 0"),
        ({i: RUN for i in range(8)}, ValueError, "1 to 7 runs, got 8"),
        ({"net": RUN[[]]}, ValueError, r"histories\['net'\] must have a column"),
    ],
)
def test_plot_history_refuses(histories, error, message):
    with pytest.raises(error, match=message):
        plots.plot_history(histories)


def test_bars_draw_every_value_in_order():
    values = {"fc6": 37_752_832, "conv1": 34_944, "worse": -2.5}
    (ax,) = plots.bars(pd.Series(values), highlight=["fc6"]).axes
    assert [bar.get_width() for bar in ax.patches] == list(values.values())
    assert [text.get_text() for text in ax.texts] == ["37,752,832", "34,944", "-2.5"]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(values)
    assert ax.yaxis_inverted()
    assert [bar.get_hatch() for bar in ax.patches] == ["//", None, None]


@pytest.mark.parametrize(
    ("values", "highlight", "message"),
    [
        ({}, (), "finite numbers, at least one"),
        ({"a": float("nan")}, (), "values must be finite"),
        ({"a": 1}, "b", r"highlight must name bars \(\['a'\]\), got \['b'\]"),
    ],
)
def test_bars_refuse(values, highlight, message):
    with pytest.raises(ValueError, match=message):
        plots.bars(values, highlight=highlight)


def test_ilsvrc_chart_shows_each_winner_and_tells_shallow_from_deep():
    (ax,) = plots.ilsvrc_chart().axes
    bars = {round(bar.get_x() + bar.get_width() / 2): bar for bar in ax.patches}
    heights = [28.191, 25.770, 16.422, 11.743, 6.656, 3.567, 2.991, 2.251]
    assert {year: bar.get_height() for year, bar in bars.items()} == dict(
        zip(range(2010, 2018), heights, strict=True)
    )
    assert [year for year, bar in bars.items() if bar.get_hatch()] == [2010, 2011]
    assert len({bar.get_facecolor() for bar in bars.values()}) == 2
    diamonds = next(line for line in ax.lines if line.get_marker() == "D")
    assert list(diamonds.get_ydata()) == [15.315, 11.197]
    texts = " ".join(text.get_text() for text in ax.texts)
    for words in ("AlexNet", "Clarifai", "ResNet", "human: 5.1%", "one annotator", "1,500 images"):
        assert words in texts


def test_pairs_draws_both_numbers_of_every_row():
    table = pd.DataFrame(
        {"training": [90.0, 70.0, 80.0], "test": [60.0, 65.0, 81.0]}, index=list("abc")
    )
    ax = plots.pairs(table, xlabel="accuracy, %").axes[0]
    drawn = {line.get_label(): list(line.get_xdata()) for line in ax.lines}
    assert drawn == {"training": [90, 70, 80], "test": [60, 65, 81]}
    heights = dict(zip("abc", ax.get_yticks(), strict=True))
    assert [heights[n] for n in "abc"] == [0, 1, 2] and ax.get_ylim()[0] > ax.get_ylim()[1]


@pytest.mark.parametrize(
    "table",
    [{"a": [1.0]}, {"a": [1.0], "b": [np.nan]}, {"a": [1], "b": [1], "c": [2]}, {"a": [], "b": []}],
)
def test_pairs_refuses_other_tables(table):
    with pytest.raises(ValueError, match="table must"):
        plots.pairs(pd.DataFrame(table))
