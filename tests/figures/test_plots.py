"""Plots: every number is drawn, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from course_lib.figures import plots
from course_lib.figures.style import COLOURS

RUN = pd.DataFrame(
    {
        "loss": [2.0, 1.0, 0.5],
        "val_loss": [2.1, 1.2, 0.9],
        "accuracy": [0.2, 0.5, 0.8],
        "val_accuracy": [0.1, 0.4, 0.6],
    },
    index=[1, 2, 3],
)


def test_learning_curves_draws_every_number():
    fig = plots.learning_curves({"ReLU": RUN, "tanh": RUN + 0.1})
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
        ({"net": RUN[:0]}, ValueError, "'net' has no finished epoch: run its training cell"),
    ],
)
def test_learning_curves_refuses(histories, error, message):
    with pytest.raises(error, match=message):
        plots.learning_curves(histories)


def test_learning_curves_marks_a_run_that_was_stopped():
    stopped = RUN[:2].copy()
    stopped.attrs["stopped"] = "stopped after 2 of 10 epochs"
    fig = plots.learning_curves({"ReLU": RUN, "tanh": stopped})
    names = [text.get_text() for text in fig.legends[0].get_texts()]
    assert names[-2:] == ["ReLU", "tanh (stopped after 2 of 10 epochs)"]


ERRORS = {"20 layers": pd.Series([80.0, 50], [1, 2]), "32 layers": pd.Series([85.0, 52], [1, 2])}


def test_curves_draw_each_run_in_its_group_and_name_it_at_its_end(drawn):
    fig = plots.curves({"plain": ERRORS, "residual": ERRORS}, "training error, %", chance=90)
    canvas = drawn(fig)
    assert [ax.get_title() for ax in fig.axes] == ["plain", "residual"]
    assert {ax.get_xlabel() for ax in fig.axes} == {"Epoch"}
    assert fig.axes[0].get_ylabel() == "training error, %"
    for ax in fig.axes:
        assert ax.get_ylim() == (0, 100)
        shallow, deep, chance = ax.lines
        assert list(shallow.get_xdata()) == [1, 2] and list(shallow.get_ydata()) == [80, 50]
        assert list(deep.get_ydata()) == [85, 52] and list(chance.get_ydata()) == [90, 90]
        assert deep.get_linewidth() > shallow.get_linewidth()
        names = {text.get_text().strip(): text for text in ax.texts}
        for line, name in ((shallow, "20 layers"), (deep, "32 layers")):
            assert to_hex(names[name].get_color()) == to_hex(line.get_color())
        first, second = (
            names[name].get_window_extent(canvas.get_renderer())
            for name in ("20 layers", "32 layers")
        )
        assert not first.overlaps(second) and first.y1 <= second.y0


def test_curves_draw_a_name_that_others_push_above_the_axes(drawn):
    best = {"dropout": pd.Series([50.0, 97], [1, 2]), "all off": pd.Series([90.0, 100], [1, 2])}
    fig = plots.curves({"training": best}, "accuracy, %")
    renderer = drawn(fig).get_renderer()
    for text in fig.axes[0].texts:
        assert text.get_tightbbox(renderer).width > 0, text.get_text()  # null where it is cut off


def test_points_draw_every_number_and_chance():
    table = pd.DataFrame({"plain": [60, 11], "residual": [62, 55]}, index=["whole", "1.1"])
    (ax,) = plots.points(table, "test accuracy, %", "deleted block", "Title", chance=10).axes
    found = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert found == {"plain": [60, 11], "residual": [62, 55], "chance": [10, 10]}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["whole", "1.1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("deleted block", "test accuracy, %")
    looks = {(line.get_color(), line.get_marker()) for line in ax.lines[:2]}
    assert {colour for colour, _ in looks} == set(COLOURS[:2]) and len(looks) == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.curves({"plain": [1]}, "error"), TypeError, r"panels\['plain'\] must map"),
        (lambda: plots.curves({"plain": {}}, "error"), ValueError, "must hold 1 to 7 runs, got 0"),
        (
            lambda: plots.curves({"plain": {"a": pd.Series([], dtype=float)}}, "error"),
            ValueError,
            "'a' has no finished epoch",
        ),
    ],
)
def test_curves_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_bars_draw_every_value_in_order():
    values = {"fc6": 37_752_832, "conv1": 34_944, "worse": -2.5}
    (ax,) = plots.bars(pd.Series(values), highlight="fc6").axes
    assert [bar.get_width() for bar in ax.patches] == list(values.values())
    assert [text.get_text() for text in ax.texts] == ["37,752,832", "34,944", "-2.5"]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(values)
    assert ax.yaxis_inverted()
    assert [bar.get_hatch() for bar in ax.patches] == ["//", None, None]


def test_bars_refuse_what_has_no_length():
    with pytest.raises(ValueError, match="values must be finite numbers"):
        plots.bars({"a": float("nan")})


def test_pairs_draws_both_numbers_of_every_row():
    table = pd.DataFrame(
        {"training": [90.0, 70.0, 80.0], "test": [60.0, 65.0, 81.0]}, index=list("abc")
    )
    ax = plots.pairs(table, xlabel="accuracy, %").axes[0]
    drawn = {line.get_label(): list(line.get_xdata()) for line in ax.lines}
    assert drawn == {"training": [90, 70, 80], "test": [60, 65, 81]}
    heights = dict(zip("abc", ax.get_yticks(), strict=True))
    assert [heights[n] for n in "abc"] == [0, 1, 2] and ax.get_ylim()[0] > ax.get_ylim()[1]


def test_by_depth_draws_every_number_and_says_what_it_cannot_draw(drawn):
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


def test_by_depth_marks_layers_by_name():
    runs = {"ReLU": pd.Series({"conv1": 1.0, "conv2": 0.5, "fc": 2.0})}
    (ax,) = plots.by_depth(runs, "Gradient norm", marks={"head": "conv2"}).axes
    assert list(ax.lines[-1].get_xdata()) == [2, 2]
    (text,) = ax.texts
    assert text.get_text() == " head" and text.get_position()[0] == 2


def test_by_depth_draws_a_net_without_any_gradient(drawn):
    drawn(plots.by_depth({"dead": [0.0, 0.0, 0.0]}, ylabel="Gradient norm"))


@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        (pd.Series([1.0]), TypeError, "runs must map names to Series, got Series"),
        ({}, ValueError, "runs must hold 1 to 7 runs, got 0"),
    ],
)
def test_by_depth_refuses(runs, error, message):
    with pytest.raises(error, match=message):
        plots.by_depth(runs, ylabel="Gradient norm")
