"""Figures: what they draw, what they refuse, and that each one carries its text."""

import base64
import functools
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

from course_lib.figures import charts, plots, show
from course_lib.figures.display import DPI

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
    "learning_curves": lambda: plots.learning_curves({"ReLU": RUN, "tanh": RUN}, title="Two runs"),
    "bars": lambda: plots.bars({"a": 1, "b": 2}, title="Two", xlabel="Things", highlight="b"),
    "ilsvrc_chart": charts.ilsvrc,
    "overlay": lambda: plots.overlay(IMAGES, [np.eye(3)] * 5, "Probability", list("abcde"), "Five"),
    "feature_grid": lambda: plots.feature_grid(np.ones((4, 4, 9)), title="Nine"),
    "by_depth": lambda: plots.by_depth({"a": [1, 0], "b": [1e-9, 2]}, "Norm", title="Two runs"),
    "error_chart": functools.cache(charts.error_and_cost),  # 12 models take some seconds
}


def drawn(fig):
    """The figure's canvas after a drawing at the resolution of `show`."""
    fig.set_dpi(DPI)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return canvas


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What a notebook gets from show: a figure of ours and one of pyplot's, inline backend."""
    source = f"""
%matplotlib inline
import matplotlib.pyplot as plt
from course_lib.figures import plots, show
show(plots.bars({{"a": 1, "b": 2}}), alt={ALT!r})
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
    code = f"from course_lib.figures import plots, show; show(plots.bars({{'a': 1}}), alt={ALT!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ALT), done.stderr


def test_show_closes_the_figure_and_returns_none(capsys):
    fig, _ = plt.subplots()
    assert show(fig, alt=ALT) is None
    assert not plt.fignum_exists(fig.number)
    assert capsys.readouterr().out == ALT + "\n"


@pytest.mark.parametrize("alt", ["", "  ", "figure", None, 3])
def test_show_refuses_a_text_that_says_nothing(alt):
    with pytest.raises(ValueError, match="alt must be a sentence"):
        show(plots.bars({"a": 1}), alt=alt)


def test_show_refuses_what_is_no_figure():
    with pytest.raises(TypeError, match="fig must be a matplotlib Figure, got list"):
        show([], alt=ALT)


@pytest.mark.parametrize("name", FIGURES)
def test_settings_stay_and_pyplot_gets_no_figure(name):
    with mpl.rc_context({key: mpl.rcParamsDefault[key] for key in plots.STYLE}):
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
def test_learning_curves_draws_every_number(run):
    fig = plots.learning_curves({"ReLU": run, "tanh": run + 0.1 * (run.columns != "epoch")})
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


def test_learning_curves_without_test_images_speaks_of_no_test():
    fig = plots.learning_curves({"ReLU": RUN.assign(val_loss=np.nan, val_accuracy=np.nan)})
    assert [line.get_linestyle() for ax in fig.axes for line in ax.lines] == ["--", "--"]
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["training", "ReLU"]


@pytest.mark.parametrize(
    ("histories", "error", "message"),
    [
        (RUN, TypeError, "must map names to DataFrames, got DataFrame"),
        ({}, ValueError, "1 to 7 runs, got 0"),
        ({i: RUN for i in range(8)}, ValueError, "1 to 7 runs, got 8"),
        ({"net": RUN[[]]}, ValueError, r"histories\['net'\] must have a column"),
    ],
)
def test_learning_curves_refuses(histories, error, message):
    with pytest.raises(error, match=message):
        plots.learning_curves(histories)


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
    (ax,) = charts.ilsvrc().axes
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


# From the papers and the course's counts: billions of multiply-adds, top-5 error, million weights.
NETS = {
    "AlexNet": (0.7, 18.2, 61),
    "ZFNet": (1.2, 16.5, 62),
    "VGG A": (7.6, 10.4, 133),
    "VGG A-LRN": (7.6, 10.5, 133),
    "VGG B": (11.3, 9.9, 133),
    "VGG C": (11.8, 9.4, 134),
    "VGG-16 (D)": (15.5, 8.8, 138),
    "VGG-19 (E)": (19.6, 9.0, 144),
    "GoogLeNet": (1.6, 10.07, 7),
    "ResNet-50": (3.9, 6.71, 26),
    "ResNet-101": (7.6, 6.05, 45),
    "ResNet-152": (11.3, 5.71, 60),
}


def test_error_chart_shows_every_net_where_it_belongs():
    (ax,) = FIGURES["error_chart"]().axes
    assert ax.get_xscale() == "log" and len(ax.collections) == len(ax.texts) == len(NETS)
    found, areas, colours = {}, {}, {}
    for bubble, text in zip(ax.collections, ax.texts, strict=True):
        name, millions = text.get_text().split("\n")
        assert tuple(bubble.get_offsets()[0]) == text.xy
        found[name] = (round(text.xy[0], 1), text.xy[1], int(millions.removesuffix(" M")))
        areas[name] = bubble.get_sizes()[0]
        colours[name] = tuple(bubble.get_facecolor()[0])
    assert found == NETS
    scale = areas["VGG-16 (D)"] / 138.357544  # area for a million
    for name, (*_, millions) in NETS.items():
        assert areas[name] / scale == pytest.approx(millions, abs=0.5)
    families = {(name.split("-")[0].split()[0], colour) for name, colour in colours.items()}
    assert len(families) == len({name for name, _ in families}) == len(set(colours.values())) == 5


def test_error_chart_says_what_its_numbers_say():
    fig = FIGURES["error_chart"]()
    assert fig.get_suptitle() == "ResNet-50 beats VGG-16 with a quarter of its multiply-adds"
    places = {text.get_text().split("\n")[0]: text.xy for text in fig.axes[0].texts}
    (cost, error), (vgg_cost, vgg_error) = places["ResNet-50"], places["VGG-16 (D)"]
    assert error < vgg_error and cost / vgg_cost == pytest.approx(1 / 4, rel=0.01)
    assert "tested in different ways" in fig.get_supxlabel()


def test_error_chart_names_cover_neither_names_nor_bubbles():
    fig = FIGURES["error_chart"]()
    drawn(fig)
    (ax,) = fig.axes
    boxes = [text.get_window_extent() for text in ax.texts]
    for box, text in zip(boxes, ax.texts, strict=True):
        others = [other for other in boxes if other is not box]
        assert not any(box.overlaps(other) for other in others), text.get_text()
        for bubble in ax.collections:
            middle = ax.transData.transform(bubble.get_offsets()[0])
            nearest = np.clip(middle, box.min, box.max)
            radius = np.sqrt(bubble.get_sizes()[0] / np.pi) * fig.dpi / 72
            assert np.hypot(*(middle - nearest)) > radius, text.get_text()


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


HEATS = [np.array([[0.1, 0.9], [0.5, 0.2]]), np.arange(16.0).reshape(4, 4) / 15]
MAPS = np.random.default_rng(0).normal(size=(4, 4, 5)) * [1, 10, 0, 5, 2]


def test_overlay_stretches_each_map_over_its_image_on_one_scale():
    fig = plots.overlay(IMAGES[:2], HEATS, "Probability", titles=["cat", 7], title="Message")
    *axes, bar = fig.axes
    assert [ax.get_title() for ax in axes] == ["cat", "7", "", ""]
    assert bar.get_ylabel() == "Probability" and bar.get_ylim() == (0, 1)
    for ax, image in zip(axes[:2], IMAGES, strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    for ax, image, heat in zip(axes[2:], IMAGES, HEATS, strict=False):
        grey, drawn_heat = ax.images
        np.testing.assert_array_equal(drawn_heat.get_array(), heat)
        assert drawn_heat.get_clim() == (0, 1) and drawn_heat.get_cmap().name == "viridis"
        assert list(drawn_heat.get_extent()) == list(grey.get_extent()) == [0, 6, 4, 0]
        assert np.corrcoef(grey.get_array().ravel(), image.mean(-1).ravel())[0, 1] > 0.999
        assert np.ptp(grey.get_array()) <= 0.4


@pytest.mark.parametrize("images", [IMAGES[:1, ..., 0], IMAGES[:1] / 255, IMAGES[:1, ..., :1]])
def test_overlay_takes_what_image_grid_takes_and_a_map_that_is_the_same_everywhere(images):
    fig = plots.overlay(images, [np.full((2, 2), 0.3)], "Evidence")
    drawn(fig)
    np.testing.assert_array_equal(fig.axes[0].images[0].get_array(), images[0].squeeze())


@pytest.mark.parametrize(
    ("images", "heats", "kwargs", "message"),
    [
        (IMAGES[:2], HEATS[:1], {}, r"one map an image \(2\), got 1"),
        (IMAGES[:2], [HEATS[0], HEATS[0][0]], {}, r"got \[\(2, 2\), \(2,\)\]"),
        (IMAGES[:1], [np.full((2, 2), np.nan)], {}, "heats must be finite maps"),
        (IMAGES[:2].astype(float), HEATS, {}, "got 0 to 143; divide by 255"),
        (IMAGES[:2], HEATS, {"titles": ["one"]}, r"one text an image \(2\), got 1"),
    ],
)
def test_overlay_refuses(images, heats, kwargs, message):
    with pytest.raises(ValueError, match=message):
        plots.overlay(images, heats, "Evidence", **kwargs)


def test_feature_grid_draws_the_strongest_channels_each_from_black_to_white():
    (ax,) = plots.feature_grid(MAPS, count=4).axes
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["1", "3", "4", "0"]
    for shown, channel in zip(ax.images, (1, 3, 4, 0), strict=True):
        image, values = shown.get_array(), MAPS[..., channel]
        assert (image.min(), image.max()) == (0, 1)
        np.testing.assert_allclose(image * np.ptp(values) + values.min(), values)
    dead = plots.feature_grid(MAPS, count=9).axes[0].images
    assert len(dead) == 5 and (dead[-1].get_array() == 0).all()


@pytest.mark.parametrize(
    ("maps", "count", "message"),
    [
        (MAPS[None], 4, r"got \(1, 4, 4, 5\); take those of one image"),
        (MAPS[..., :0], 4, "maps must have the shape"),
        (np.full((2, 2, 1), np.inf), 4, "maps must be finite"),
        (MAPS, 0, "count must be 1 or more, got 0"),
    ],
)
def test_feature_grid_refuses(maps, count, message):
    with pytest.raises(ValueError, match=message):
        plots.feature_grid(maps, count=count)


def test_by_depth_draws_every_number_and_says_what_it_cannot_draw():
    runs = {
        "ReLU": pd.Series({"conv1": 1.0, "conv2": 0.5}),
        "sigmoid": pd.Series([0, 0, 1e-9, np.inf], index=list("abcd")),
        "deep": np.logspace(-30, 0, 110),
    }
    fig = plots.by_depth(runs, ylabel="Gradient norm", title="Depth")
    drawn(fig)
    (ax,) = fig.axes
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "Gradient norm")
    relu, sigmoid, deep = ax.lines
    assert list(relu.get_xdata()) == [1, 2] and list(relu.get_ydata()) == [1.0, 0.5]
    np.testing.assert_array_equal(sigmoid.get_ydata(), [np.nan, np.nan, 1e-9, np.nan])
    np.testing.assert_array_equal(deep.get_ydata(), runs["deep"])
    assert len({(line.get_color(), line.get_marker()) for line in ax.lines}) == 3
    assert [text.get_text() for text in fig.legends[0].get_texts()] == [
        "ReLU",
        "sigmoid (2 of 4 layers at 0) (1 of 4 layers not finite)",
        "deep",
    ]


def test_by_depth_draws_a_net_without_any_gradient():
    drawn(plots.by_depth({"dead": [0.0, 0.0, 0.0]}, ylabel="Gradient norm"))


@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        (pd.Series([1.0]), TypeError, "runs must map names to Series, got Series"),
        ({}, ValueError, "runs must hold 1 to 7 runs, got 0"),
        ({"net": []}, ValueError, r"runs\['net'\] must hold a number"),
        ({"net": [1, -1]}, ValueError, r"0 or more for each layer, got \[1.0, -1.0\]"),
        ({"net": [[1, 2]]}, ValueError, r"runs\['net'\] must hold"),
    ],
)
def test_by_depth_refuses(runs, error, message):
    with pytest.raises(error, match=message):
        plots.by_depth(runs, ylabel="Gradient norm")
