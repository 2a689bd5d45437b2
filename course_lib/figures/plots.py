"""Figures that can be read from the back of a room.

Each function returns a matplotlib Figure and leaves matplotlib's own settings as they were.
"""

import textwrap
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_lib.figures.display import DPI

# Okabe and Ito's colours for colour-blind readers, without their yellow: too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
BLUE, VERMILLION, GREEN, _, ORANGE, SKY, BLACK = COLOURS
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

WIDTH = 9  # inches: about the width of a notebook's page
GAP = 6  # pixels between the images of a grid
STYLE = {"font.size": 14, "figure.titlesize": 16, "figure.titleweight": "bold"}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "hatch.linewidth": 1.5}
STYLE |= {"lines.linewidth": 2.5, "lines.markersize": 8}


def image_grid(images, titles=None, columns=8, title=None):
    """Images side by side, row by row, with crisp pixels.

    `images` is (n, h, w, 3) or (n, h, w) or (n, h, w, 1): uint8, or floats from 0 to 1. `titles`
    holds one short text an image, `columns` images make a row, `title` is the figure's message.
    Returns a Figure. Raises ValueError for other shapes, dtypes and ranges.

    >>> fig = image_grid(np.zeros((3, 8, 8, 3), np.uint8), titles=["a", "b", "c"], columns=3)
    >>> len(fig.axes[0].images)
    3
    """
    images = _drawable(images, titles)
    if columns < 1:
        raise ValueError(f"columns must be 1 or more, got {columns}")
    n, height, width = images.shape[:3]
    columns = min(columns, n)
    size = min(216, WIDTH * DPI // columns) - GAP
    scale = size // width or size / width  # enlarged by a whole number, so that pixels stay square
    width, height = int(scale * width), int(scale * height)
    lines = 0 if titles is None else 1 + max(str(text).count("\n") for text in titles)
    step_x, step_y, top = width + GAP, height + GAP + 24 * lines, 50 if title else 6
    # A narrow grid under a message is as wide as the message needs.
    page = max(columns * step_x, 17 * len(title or "")), -(-n // columns) * step_y + top
    left = (page[0] - columns * step_x) // 2
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(page[0] / DPI, page[1] / DPI))
        ax = fig.add_axes((0, 0, 1, 1))  # measured in pixels from the top left
        ax.set_axis_off()
        for i, image in enumerate(images):
            x, y = left + i % columns * step_x + GAP // 2, top + i // columns * step_y + 24 * lines
            ax.imshow(image, extent=(x, x + width, y + height, y), **_look(images))
            if titles is not None:
                ax.text(x + width / 2, y - 4, str(titles[i]), size=12, ha="center", va="bottom")
        ax.set(xlim=(0, page[0]), ylim=(page[1], 0))
        ax.text(page[0] / 2, 12, title or "", size=16, weight="bold", ha="center", va="top")
    return fig


def filter_grid(kernels, columns=8, title=None):
    """The filters of a first convolution as images.

    `kernels` is (kh, kw, 3, n) or (kh, kw, 1, n), floats, as Keras stores them. Each filter is
    scaled by its own largest absolute weight: grey is 0, bright positive, dark negative. Returns a
    Figure; raises ValueError for other shapes and for weights that are not finite.

    >>> fig = filter_grid(np.zeros((11, 11, 3, 4)), columns=4)
    >>> fig.axes[0].images[3].get_array()[0, 0].tolist()
    [0.5, 0.5, 0.5]
    """
    kernels = np.asarray(kernels, dtype=np.float64)
    if kernels.ndim != 4 or kernels.shape[2] not in (1, 3):
        rule = "kernels must have the shape (kh, kw, 3, n) or (kh, kw, 1, n)"
        raise ValueError(f"{rule}, got {kernels.shape}; take those of the first convolution")
    if not np.isfinite(kernels).all():
        raise ValueError("kernels must be finite, got NaN or infinity; did the training diverge?")
    largest = np.abs(kernels).max(axis=(0, 1, 2), keepdims=True)
    images = 0.5 + 0.5 * kernels / np.where(largest > 0, largest, 1)
    return image_grid(np.moveaxis(images, -1, 0), columns=columns, title=title)


def learning_curves(histories, title=None):
    """Loss and accuracy by epoch: one colour and marker a run, training dashed, test solid.

    `histories` maps a run's name to a DataFrame with any of the columns loss, val_loss, accuracy,
    val_accuracy (accuracies from 0 to 1); epochs are its column "epoch" or else its index. `title`
    is the figure's message. Returns a Figure with two panels. Raises TypeError for no mapping,
    ValueError for no runs, more than seven, or a run without any such column.

    >>> run = pd.DataFrame({"loss": [2.3, 1.9], "val_loss": [2.2, 2.0]}, index=[1, 2])
    >>> [ax.get_ylabel() for ax in learning_curves({"ReLU": run}).axes]
    ['Loss', 'Accuracy']
    """
    _check_runs("histories", histories, "DataFrames")
    # A run without test images has val_ columns without numbers.
    histories = {
        name: history.dropna(axis="columns", how="all") if len(history) else history
        for name, history in histories.items()
    }
    with mpl.rc_context(STYLE):
        fig, axes = figure(4.6, title, panels=2)
        panels = dict(zip(("loss", "accuracy"), axes, strict=True))
        looks = zip(COLOURS, MARKERS, strict=True)
        columns = {column for history in histories.values() for column in history}
        tested = not columns.isdisjoint({"val_loss", "val_accuracy"})
        kinds = {"training": "--", "test": "-"} if tested else {"training": "--"}
        key = [Line2D([], [], color="0.45", linestyle=line) for line in kinds.values()]
        for (name, history), (colour, marker) in zip(histories.items(), looks, strict=False):
            known = {"loss", "val_loss", "accuracy", "val_accuracy"} & set(history)
            if not known:
                raise ValueError(f"histories[{name!r}] must have a column such as loss or accuracy")
            key.append(Line2D([], [], color=colour, marker=marker))
            epochs = history.get("epoch", history.index)
            for column in sorted(known):
                line = "-" if column.startswith("val_") else "--"
                ax = panels[column.removeprefix("val_")]
                ax.plot(epochs, history[column], line, color=colour, marker=marker, label=name)
        for quantity, ax in panels.items():
            ax.set(xlabel="Epoch", ylabel=quantity.capitalize())
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            ax.grid(axis="y", color="0.85", linewidth=1)
        panels["accuracy"].yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
        names = [*kinds, *map(str, histories)]
        fig.legend(key, names, loc="outside lower center", ncols=min(len(names), 5), frameon=False)
    return fig


def bars(values, title=None, xlabel=None, highlight=(), fmt="{:,.10g}"):
    """Horizontal bars with their values, the first one on top.

    `values` is a dict or a Series: name -> number. `highlight` is a name or several, drawn in
    another colour and hatched; `fmt` writes a value, `xlabel` says what it is, `title` is the
    message. Returns a Figure. Raises ValueError for values that are none or not finite, and for a
    highlighted name that is not among them.

    >>> fig = bars({"conv": 2_334_080, "fc": 58_631_144}, highlight="fc", fmt="{:,.0f}")
    >>> [text.get_text() for text in fig.axes[0].texts]
    ['2,334,080', '58,631,144']
    """
    values = pd.Series(values, dtype=float)
    if values.empty or not np.isfinite(values).all():
        raise ValueError(f"values must be finite numbers, at least one, got {values.to_dict()}")
    highlight = [highlight] if isinstance(highlight, str) else list(highlight)
    if missing := [name for name in highlight if name not in values.index]:
        raise ValueError(f"highlight must name bars ({list(values.index)}), got {missing}")
    with mpl.rc_context(STYLE):
        fig, ax = figure(1.2 + 0.45 * len(values), title)
        drawn = ax.barh(range(len(values)), values, color=SKY, edgecolor=BLACK)
        for name in highlight:
            drawn[values.index.get_loc(name)].set(facecolor=ORANGE, hatch="//")
        ax.bar_label(drawn, [fmt.format(value) for value in values], padding=6)
        ax.set_yticks(range(len(values)), [str(name) for name in values.index])
        ax.invert_yaxis()
        ax.margins(x=0.18)  # room for the values, which stand in place of an axis
        ax.tick_params(axis="y", length=0)
        ax.spines[:].set_visible(False)
        ax.axvline(0, color=BLACK, linewidth=1)
        ax.set(xlabel=xlabel or "", xticks=[])
    return fig


def pairs(table, title=None, xlabel=None):
    """Two numbers a row as two marks on a line, the first row on top; their distance is seen.

    `table` is a DataFrame with two columns of numbers; its index names the rows, its columns the
    marks. `title` is the message, `xlabel` says what is measured and in which unit. Returns a
    Figure. Raises ValueError for other than two columns, no rows, or numbers that are not finite.

    >>> table = pd.DataFrame({"training": [90, 70], "test": [60, 65]}, index=["off", "dropout"])
    >>> fig = pairs(table, xlabel="accuracy, %")
    >>> [tick.get_text() for tick in fig.axes[0].get_yticklabels()]
    ['off', 'dropout']
    """
    if table.shape[1] != 2 or len(table) == 0:
        raise ValueError(f"table must have two columns and a row at least, got {table.shape}")
    if not np.isfinite(table.to_numpy(dtype=float)).all():
        raise ValueError(f"table must hold finite numbers, got {table.to_dict()}")
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(WIDTH, 1.6 + 0.45 * len(table)), layout="constrained")
        ax = fig.subplots()
        rows = range(len(table))
        ax.hlines(rows, table.min(axis=1), table.max(axis=1), color="0.45", linewidth=2)
        for name, colour, marker in zip(table, COLOURS, MARKERS, strict=False):
            style = {"color": colour, "marker": marker, "markersize": 11, "linestyle": "none"}
            ax.plot(table[name], rows, label=name, **style)
        ax.set_yticks(rows, [str(name) for name in table.index])
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.margins(x=0.06)
        ax.grid(axis="x", color="0.85", linewidth=1)
        ax.set_axisbelow(True)
        ax.set(xlabel=xlabel or "")
        fig.legend(loc="outside lower center", ncols=2, frameon=False)
        fig.suptitle(title or "")
    return fig


def overlay(images, heats, label, titles=None, title=None):
    """Images in a row, and under each its heat map laid over the image in grey.

    `images` is as in `image_grid`; `heats` holds one array (rows, columns) an image, such as an
    occlusion or class activation map, which is stretched over the whole image. All share one
    scale, and `label` says in words what its colours mean. `titles` holds one short text an image,
    `title` is the figure's message. Returns a Figure. Raises ValueError for images as `image_grid`
    does, and for heat maps that are not one a picture, not two-dimensional or not finite.

    >>> heat = np.array([[0.1, 0.9], [0.9, 0.9]])
    >>> fig = overlay(np.zeros((1, 32, 32, 3)), [heat], label="Probability of the true class")
    >>> fig.axes[-1].get_ylabel()
    'Probability of the true class'
    """
    images = _drawable(images, titles)
    heats = [np.asarray(heat, dtype=float) for heat in heats]
    if len(heats) != len(images):
        raise ValueError(f"heats must hold one map an image ({len(images)}), got {len(heats)}")
    if any(heat.ndim != 2 or not np.isfinite(heat).all() for heat in heats):
        shapes = [heat.shape for heat in heats]
        raise ValueError(f"heats must be finite maps of the shape (rows, columns), got {shapes}")
    n, height, width = images.shape[:3]
    side = min(2.2, (WIDTH - 1.6) / n)
    size = (n * side + 1.6, 2 * side * height / width + (1.0 if title else 0.5))
    extent, white = (0, width, height, 0), _look(images)["vmax"]
    scale = {"vmin": min(map(np.min, heats)), "vmax": max(map(np.max, heats)), "cmap": "viridis"}
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=size, layout="constrained")
        fig.suptitle(textwrap.fill(title or "", int(size[0] * 7)))
        axes = fig.subplots(2, n, squeeze=False)
        for i, (image, heat) in enumerate(zip(images, heats, strict=True)):
            # Of little contrast, so that the colours still show the map's values.
            grey = 0.3 + 0.4 * (image if image.ndim == 2 else image.mean(axis=-1)) / white
            axes[0, i].imshow(image, extent=extent, **_look(images))
            axes[1, i].imshow(grey, extent=extent, **_look(grey))
            drawn = axes[1, i].imshow(heat, extent=extent, alpha=0.75, **scale)
            axes[0, i].set_title("" if titles is None else str(titles[i]), size=12)
        for ax in axes.flat:
            ax.set_axis_off()
        fig.colorbar(drawn, ax=axes, shrink=0.8).set_label(textwrap.fill(label, int(size[1] * 8)))
    return fig


def feature_grid(maps, count=16, columns=8, title=None):
    """The strongest channels of one image's feature maps as grey images, strongest first.

    `maps` is (h, w, channels), finite floats, such as `probes.feature_maps(...)["conv1"][0]`. The
    `count` channels with the largest mean absolute value are drawn under their numbers. Each is
    scaled by itself: its smallest value black, its largest white; a constant one is black.
    Returns a Figure; raises ValueError for other shapes and values and for a count below 1.

    >>> fig = feature_grid(np.arange(48.0).reshape(4, 4, 3), count=2)
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_text()]
    ['2', '1']
    """
    maps = np.asarray(maps, dtype=float)
    if maps.ndim != 3 or maps.size == 0:
        rule = "maps must have the shape (h, w, channels)"
        raise ValueError(f"{rule}, got {maps.shape}; take those of one image, such as maps[0]")
    if not np.isfinite(maps).all():
        raise ValueError("maps must be finite, got NaN or infinity; did the training diverge?")
    if count < 1:
        raise ValueError(f"count must be 1 or more, got {count}")
    strongest = np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")[:count]
    images = np.moveaxis(maps[..., strongest], -1, 0)
    images = images - images.min(axis=(1, 2), keepdims=True)
    largest = images.max(axis=(1, 2), keepdims=True)
    images = images / np.where(largest > 0, largest, 1)
    return image_grid(images, titles=list(strongest), columns=columns, title=title)


def by_depth(runs, ylabel, title=None):
    """One line a run over the layers' numbers, 1 next to the image; the scale is logarithmic.

    `runs` maps a run's name to a Series with a number for each layer, such as
    `probes.gradient_norms` or `probes.activation_scales` give; `ylabel` says what it is, `title` is
    the figure's message. A logarithmic scale has no place for 0 and infinity: the line has a gap
    there, and the legend counts them. Returns a Figure. Raises TypeError for no mapping,
    ValueError for no runs, more than seven, no layers or a negative number.

    >>> fig = by_depth({"sigmoid": [1e-6, 1e-3, 1], "ReLU": [0, 1, 1]}, ylabel="Gradient norm")
    >>> [text.get_text() for text in fig.legends[0].get_texts()]
    ['sigmoid', 'ReLU (1 of 3 layers at 0)']
    """
    _check_runs("runs", runs, "Series")
    with mpl.rc_context(STYLE):
        fig, ax = figure(4.6, title)
        for (name, values), colour, marker in zip(runs.items(), COLOURS, MARKERS, strict=False):
            values = np.asarray(values, dtype=float)
            if values.ndim != 1 or len(values) == 0 or (values < 0).any():
                rule = f"runs[{name!r}] must hold a number of 0 or more for each layer"
                raise ValueError(f"{rule}, got {values.tolist()}")
            for found, word in ((values == 0, "at 0"), (~np.isfinite(values), "not finite")):
                if found.any():
                    name = f"{name} ({found.sum()} of {len(values)} layers {word})"
            shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
            style = {"color": colour, "marker": marker, "markevery": -(-len(values) // 25)}
            ax.plot(np.arange(1, len(values) + 1), shown, label=name, **style)
        ax.set(xlabel="Layer, from the image on", ylabel=ylabel, yscale="log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.grid(axis="y", color="0.85", linewidth=1)
        columns = 4 if max(len(text) for text in ax.get_legend_handles_labels()[1]) < 20 else 2
        fig.legend(loc="outside lower center", ncols=min(columns, len(runs)), frameon=False)
    return fig


def _drawable(images, titles):
    """The images as an array that imshow draws, checked together with their titles."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.size == 0 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        rule = "images must have the shape (n, h, w, 3) or (n, h, w), n at least 1"
        raise ValueError(f"{rule}, got {images.shape}; pass a single image x as x[None]")
    if images.dtype.kind == "f" and not (images.min() >= 0 and images.max() <= 1):  # or NaN
        found = f"{images.min():.3g} to {images.max():.3g}"
        raise ValueError(f"images as floats must lie in 0..1, got {found}; divide by 255")
    if images.dtype.kind != "f" and images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 or floats from 0 to 1, got {images.dtype}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must hold one text an image ({len(images)}), got {len(titles)}")
    return images


def _look(images):
    """How imshow draws such images: crisp pixels; black is 0."""
    largest = 255 if images.dtype == np.uint8 else 1
    return {"interpolation": "nearest", "cmap": "gray", "vmin": 0, "vmax": largest}


def _check_runs(argument, runs, kind):
    if not isinstance(runs, Mapping):
        raise TypeError(f"{argument} must map names to {kind}, got {type(runs).__name__}")
    if not 1 <= len(runs) <= len(COLOURS):
        raise ValueError(f"{argument} must hold 1 to {len(COLOURS)} runs, got {len(runs)}")


def figure(height, title, panels=1):
    """A Figure of the usual width under its message, and its axes."""
    fig = Figure(figsize=(WIDTH, height), layout="constrained")
    fig.suptitle(textwrap.fill(title or "", 60))
    return fig, fig.subplots(1, panels)
