"""Plots of measurements. Each function returns a Figure; show it with `figures.show`.

`title` is the figure's message; `chance` draws a dashed line at what guessing gives. Runs come in a
dictionary by name, at most seven; others raise TypeError or ValueError.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_lib.figures.style import BLACK, COLOURS, MARKERS, ORANGE, SKY, legend, page

LOOKS = [{"color": colour, "marker": m} for colour, m in zip(COLOURS, MARKERS, strict=True)]
ALONE = {"linestyle": "none", "markersize": 11}  # marks that no line joins


def learning_curves(histories, title=None):
    """Loss and accuracy by epoch, in two panels; training is dashed, test is solid.

    `histories` maps names to DataFrames, as from `training.fit`. The legend repeats a history's
    `attrs["stopped"]`, such as "stopped after 2 of 10 epochs".
    """
    _check_runs("histories", histories, "DataFrames")
    with page(4.6, title, panels=2) as (fig, axes):
        key, lines = {}, {}
        for (name, history), look in zip(histories.items(), LOOKS, strict=False):
            if len(history) == 0:
                raise ValueError(f"{name!r} has no finished epoch: run its training cell again")
            # A run without test images has val_ columns without numbers.
            history = history.dropna(axis="columns", how="all")
            for quantity, ax in zip(("loss", "accuracy"), axes, strict=True):
                for kind, line, prefix in (("training", "--", ""), ("test", "-", "val_")):
                    if prefix + quantity in history:
                        ax.plot(history[prefix + quantity], line, label=name, **look)
                        lines[kind] = Line2D([], [], color="0.45", linestyle=line)
            stopped = history.attrs.get("stopped")
            key[f"{name} ({stopped})" if stopped else str(name)] = Line2D([], [], **look)
        _by_number(axes[0], xlabel="Epoch", ylabel="Loss")
        _by_number(axes[1], xlabel="Epoch", ylabel="Accuracy")
        axes[1].yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
        legend(fig, [*lines.values(), *key.values()], [*lines, *key])
    return fig


def curves(panels, ylabel, title=None, chance=None):
    """Percentages by epoch: a panel per group, and in it a line per run.

    `panels` maps a group's name to its runs, which map a run's name to a Series over epochs, or to
    a DataFrame with a column for each seed: then the line is their median, among thin lines for the
    seeds. The name is at the end of the line. The first runs of all groups have the same colour; so
    do the second ones, which are drawn thicker.

    >>> error = pd.Series([80, 60], index=[1, 2])
    >>> fig = curves({"plain nets": {"20 layers": error}}, "training error, %", chance=90)
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['chance', '20 layers']
    """
    with page(4.6, title, len(panels), squeeze=False, sharey=True) as (fig, axes):
        for ax, (group, runs) in zip(axes[0], panels.items(), strict=True):
            _check_runs(f"panels[{group!r}]", runs, "Series")
            names = {}  # each name with the height, place and colour of its line's end
            for i, (name, values) in enumerate(runs.items()):
                if len(values) == 0:
                    raise ValueError(f"{name!r} has no finished epoch: run its training cell again")
                if isinstance(values, pd.DataFrame):
                    ax.plot(values, color=COLOURS[i], linewidth=0.8, alpha=0.6)
                    values = values.median(axis="columns")
                ax.plot(values, color=COLOURS[i], linewidth=2.5 + 1.5 * i)
                names[name] = values.iloc[-1], values.index[-1], COLOURS[i]
            if chance is not None:
                ax.axhline(chance, color="0.4", linestyle="--")
                ax.text(*(0.03, chance), "chance", transform=ax.get_yaxis_transform(), va="bottom")
            lowest = -np.inf
            for name, (y, x, colour) in sorted(names.items(), key=lambda item: item[1][0]):
                lowest = max(y, lowest + 7)  # names of lines that meet are stacked
                look = {"textcoords": "offset points", "color": colour, "va": "center"}
                look["annotation_clip"] = False  # a name pushed above the axes is drawn, too
                ax.annotate(name, (x, lowest), (8, 0), **look)
            ax.set_title(group, size=14, weight="bold")
            _by_number(ax, xlabel="Epoch", ylim=(0, 100))
        axes[0, 0].set_ylabel(ylabel)
    return fig


def points(table, ylabel, xlabel, title=None, chance=None):
    """A table of percentages: its rows along the x axis, a colour and a marker per column."""
    with page(4.8, title) as (fig, ax):
        for name, look in zip(table, LOOKS, strict=False):
            ax.plot(range(len(table)), table[name], label=name, **ALONE, **look)
        if chance is not None:
            ax.axhline(chance, color="0.4", linestyle="--", label="chance")
        ax.set_xticks(range(len(table)), map(str, table.index))
        ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 100))
        legend(fig, *ax.get_legend_handles_labels())
    return fig


def bars(values, title=None, xlabel=None, highlight=None, fmt="{:,.10g}"):
    """Horizontal bars with their values, the first one on top.

    `values` is a dict or a Series from name to a finite number; `fmt` formats one. `xlabel` says
    what they are. The bar named `highlight` has another colour and is hatched.

    >>> fig = bars({"conv": 2_334_080, "fc": 58_631_144}, highlight="fc", fmt="{:,.0f}")
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['2,334,080', '58,631,144']
    """
    values = pd.Series(values, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite numbers, got {values.to_dict()}")
    with page(1.2 + 0.45 * len(values), title) as (fig, ax):
        drawn = ax.barh(range(len(values)), values, color=SKY, edgecolor=BLACK)
        if highlight is not None:
            drawn[values.index.get_loc(highlight)].set(facecolor=ORANGE, hatch="//")
        ax.bar_label(drawn, [fmt.format(value) for value in values], padding=6)
        ax.set_yticks(range(len(values)), map(str, values.index))
        ax.invert_yaxis()
        ax.margins(x=0.18)  # room for the values, which replace an axis
        ax.tick_params(axis="y", length=0)
        ax.spines[:].set_visible(False)
        ax.axvline(0, color=BLACK, linewidth=1)
        ax.set(xlabel=xlabel or "", xticks=[])
    return fig


def pairs(table, title=None, xlabel=None):
    """A table of two columns: each row is a line between two marks, the first row on top.

    `xlabel` says what is measured, and its unit.

    >>> table = pd.DataFrame({"training": [90, 70], "test": [60, 65]}, index=["off", "dropout"])
    >>> fig = pairs(table, xlabel="accuracy, %")
    >>> [tick.get_text() for tick in fig.axes[0].get_yticklabels()]
    ['off', 'dropout']
    """
    with page(1.6 + 0.45 * len(table), title) as (fig, ax):
        rows = range(len(table))
        ax.hlines(rows, table.min(axis=1), table.max(axis=1), color="0.45", linewidth=2)
        for name, look in zip(table, LOOKS, strict=False):
            ax.plot(table[name], rows, label=name, **ALONE, **look)
        ax.set_yticks(rows, map(str, table.index))
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.margins(x=0.06)
        ax.grid(axis="x", color="0.85", linewidth=1)
        ax.set_axisbelow(True)
        ax.set(xlabel=xlabel or "")
        legend(fig, *ax.get_legend_handles_labels())
    return fig


def by_depth(runs, ylabel, title=None, marks=None, xlabel="Layer, from the image on"):
    """A line per run over its layers, from the first to the last, on a logarithmic scale.

    `runs` maps names to a number for each layer, as from `probes.gradient_norms` and
    `probes.activation_scales`; `ylabel` says what it is, and `xlabel` what is counted. `marks` maps
    a text to the layer of the first run where it is written beside a dotted line. Where a number is
    0 or infinite, the line has a gap, and the legend counts these layers.

    >>> fig = by_depth({"sigmoid": [1e-6, 1e-3, 1], "ReLU": [0, 1, 1]}, ylabel="Gradient norm")
    >>> [text.get_text() for text in fig.legends[0].get_texts()]
    ['sigmoid', 'ReLU (1 of 3 layers at 0)']
    """
    _check_runs("runs", runs, "Series")
    with page(4.6, title) as (fig, ax):
        for (name, values), look in zip(runs.items(), LOOKS, strict=False):
            values = np.asarray(values, dtype=float)
            for found, word in ((values == 0, "at 0"), (~np.isfinite(values), "not finite")):
                if found.any():
                    name = f"{name} ({found.sum()} of {len(values)} layers {word})"
            shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
            numbers, every = range(1, len(values) + 1), -(-len(values) // 25)
            ax.plot(numbers, shown, label=name, markevery=every, **look)
        for text, layer in (marks or {}).items():
            place = next(iter(runs.values())).index.get_loc(layer) + 1
            ax.axvline(place, color="0.5", linestyle=":")
            ax.text(*(place, 0.98), f" {text}", transform=ax.get_xaxis_transform(), va="top")
        _by_number(ax, xlabel=xlabel, ylabel=ylabel, yscale="log")
        legend(fig, *ax.get_legend_handles_labels())
    return fig


def roofline(work, peak, bandwidth, title=None):
    """What a computer reaches in several kinds of work, under the roof that its parts allow.

    `work` has the columns intensity (operations for each byte of memory traffic) and speed
    (billions of operations a second), and a row for each of at most seven kinds. The roof is
    `bandwidth` (GB a second) times the intensity, and nowhere higher than `peak` (billions of
    operations a second). Both axes are logarithmic. Source: Williams, Waterman, Patterson,
    "Roofline", Communications of the ACM 52(4), 2009.

    >>> work = pd.DataFrame({"intensity": [0.1, 50], "speed": [1, 80]}, index=["sum", "product"])
    >>> fig = roofline(work, peak=100, bandwidth=10)
    >>> [text.get_text() for text in fig.legends[0].get_texts()]
    ['the roof', 'sum', 'product']
    """
    with page(4.8, title) as (fig, ax):
        corner = peak / bandwidth
        xs = [0.5 * work["intensity"].min(), corner, 3 * max(work["intensity"].max(), corner)]
        ax.plot(xs, [min(peak, bandwidth * x) for x in xs], color=BLACK, label="the roof")
        for (name, (intensity, speed)), look in zip(work.iterrows(), LOOKS, strict=False):
            ax.plot(intensity, speed, label=name, **ALONE, **look)
        ax.set(xscale="log", yscale="log", ylabel="Billions of operations a second")
        ax.set(xlabel="Operations for each byte that is moved")
        ax.grid(color="0.9", linewidth=1)
        legend(fig, *ax.get_legend_handles_labels())
    return fig


def _by_number(ax, **settings):
    """Whole numbers along the x axis, and horizontal lines to read values by."""
    ax.set(**settings)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(axis="y", color="0.85", linewidth=1)


def _check_runs(argument, runs, kind):
    if not isinstance(runs, Mapping):
        raise TypeError(f"{argument} must map names to {kind}, got {type(runs).__name__}")
    if not 1 <= len(runs) <= len(LOOKS):
        raise ValueError(f"{argument} must hold 1 to {len(LOOKS)} runs, got {len(runs)}")
