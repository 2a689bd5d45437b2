"""Pictures in rows: images, filters, feature maps, and heat maps laid over images.

Each function returns a Figure. `title` is its message; `titles` holds a short text for each image.
Images are (n, h, w, 3), (n, h, w) or (n, h, w, 1), uint8 or floats from 0 to 1; others raise
ValueError.
"""

import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from course_lib.figures.display import DPI
from course_lib.figures.style import STYLE, WIDTH

GAP = 6  # pixels between the images of a grid


def image_grid(images, titles=None, title=None):
    """Images side by side, row by row, with crisp pixels."""
    images = _drawable(images, titles)
    n, height, width = images.shape[:3]
    columns = min(8, n)
    size = min(216, WIDTH * DPI // columns) - GAP
    scale = size // width or size / width  # a whole number where possible, for equal pixels
    width, height = int(scale * width), int(scale * height)
    lines = 0 if titles is None else 1 + max(str(text).count("\n") for text in titles)
    step_x, step_y, top = width + GAP, height + GAP + 24 * lines, 50 if title else 6
    # A narrow grid is as wide as its title needs.
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


def filter_grid(kernels, title=None):
    """The filters of a first convolution as images.

    `kernels` is (kh, kw, 3, n) or (kh, kw, 1, n), floats. Each filter has its own scale: grey is 0,
    bright is positive, dark is negative.

    >>> fig = filter_grid(np.zeros((11, 11, 3, 4)))
    >>> fig.axes[0].images[3].get_array()[0, 0].tolist()
    [0.5, 0.5, 0.5]
    """
    kernels = np.asarray(kernels, dtype=np.float64)
    if kernels.ndim != 4 or kernels.shape[2] not in (1, 3):
        rule = "kernels must have the shape (kh, kw, 3, n) or (kh, kw, 1, n)"
        raise ValueError(f"{rule}, got {kernels.shape}; take those of the first convolution")
    largest = np.abs(kernels).max(axis=(0, 1, 2), keepdims=True)
    images = 0.5 + 0.5 * kernels / np.where(largest > 0, largest, 1)
    return image_grid(np.moveaxis(images, -1, 0), title=title)


def feature_grid(maps, count=16, title=None):
    """The strongest channels of one image's feature maps as grey images, strongest first.

    `maps` is (h, w, channels), floats, such as `probes.feature_maps(...)["conv1"][0]`. It draws the
    `count` channels with the largest mean absolute value, each under its number and from black for
    its smallest value to white for its largest.

    >>> fig = feature_grid(np.arange(48.0).reshape(4, 4, 3), count=2)
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_text()]
    ['2', '1']
    """
    maps = np.asarray(maps, dtype=float)
    if maps.ndim != 3:
        rule = "maps must have the shape (h, w, channels)"
        raise ValueError(f"{rule}, got {maps.shape}; take those of one image, such as maps[0]")
    strongest = np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")[:count]
    images = np.moveaxis(maps[..., strongest], -1, 0)
    images = images - images.min(axis=(1, 2), keepdims=True)
    largest = images.max(axis=(1, 2), keepdims=True)
    images = images / np.where(largest > 0, largest, 1)
    return image_grid(images, titles=list(strongest), title=title)


def overlay(images, heats, label, titles=None, title=None):
    """Images in a row, and below each the same image in grey under its heat map.

    `heats` holds an array (rows, columns) for each image, such as from `measure.heatmaps`, which is
    stretched over the image. All share one colour scale; `label` says what the colours mean.

    >>> heat = np.array([[0.1, 0.9], [0.9, 0.9]])
    >>> fig = overlay(np.zeros((1, 32, 32, 3)), [heat], label="Probability of the true class")
    >>> fig.axes[-1].get_ylabel()
    'Probability of the true class'
    """
    images = _drawable(images, titles)
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
            # With little contrast, so that the colours still show the map's values.
            grey = 0.3 + 0.4 * (image if image.ndim == 2 else image.mean(axis=-1)) / white
            axes[0, i].imshow(image, extent=extent, **_look(images))
            axes[1, i].imshow(grey, extent=extent, **_look(grey))
            drawn = axes[1, i].imshow(heat, extent=extent, alpha=0.75, **scale)
            axes[0, i].set_title("" if titles is None else str(titles[i]), size=12)
        for ax in axes.flat:
            ax.set_axis_off()
        fig.colorbar(drawn, ax=axes, shrink=0.8).set_label(textwrap.fill(label, int(size[1] * 8)))
    return fig


def _drawable(images, titles):
    """The images as an array for imshow, checked together with their titles."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.size == 0 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        rule = "images must have the shape (n, h, w, 3) or (n, h, w), n at least 1"
        raise ValueError(f"{rule}, got {images.shape}; pass a single image x as x[None]")
    real = images.dtype.kind == "f" and images.min() >= 0 and images.max() <= 1  # not NaN
    if not real and images.dtype != np.uint8:
        found = f"{images.dtype} from {images.min():.3g} to {images.max():.3g}"
        raise ValueError(f"images must be uint8 or floats from 0 to 1, got {found}; divide by 255")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must hold one text per image ({len(images)}), got {len(titles)}")
    return images


def _look(images):
    """Settings for imshow: crisp pixels, and black is 0."""
    largest = 255 if images.dtype == np.uint8 else 1
    return {"interpolation": "nearest", "cmap": "gray", "vmin": 0, "vmax": largest}
