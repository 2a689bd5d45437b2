"""Drawings: their numbers against Keras and NumPy, and texts that can be read."""

import math
import re
from functools import partial
from itertools import combinations

import keras
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from course_lib.figures import drawings
from course_lib.figures.style import WIDTH
from course_lib.measure import tables
from course_lib.models import MODELS, outline
from course_lib.models.alexnet import build_alexnet
from course_lib.models.inception import build_inception_module

PICTURES = {
    "stacks_side_by_side": drawings.stacks_side_by_side,
    "two_towers": drawings.two_towers,
    "mlpconv": drawings.mlpconv,
    "inception_modules": drawings.inception_modules,
    "inception_v3_modules": drawings.inception_v3_modules,
    "residual_blocks": drawings.residual_blocks,
    "sliding_kernel": drawings.sliding_kernel,
    "alexnet_to_scale": drawings.alexnet_to_scale,
    "vgg16_and_googlenet": drawings.vgg16_and_googlenet,
    "residual_paths": drawings.residual_paths,
    "plain_and_residual": drawings.plain_and_residual,
}


def texts(fig):
    return [text.get_text() for text in fig.axes[0].texts if text.get_text()]


def numbers(lines, pattern):
    """The numbers that the pattern finds in the lines, in their order."""
    found = (re.search(pattern, line) for line in lines)
    return [int(match[1].replace(",", "")) for match in found if match]


@pytest.mark.parametrize("name", PICTURES)
def test_texts_are_large_and_lie_apart_on_the_page(name, drawn):
    before = dict(mpl.rcParams)
    fig = PICTURES[name]()
    assert dict(mpl.rcParams) == before
    assert fig.get_size_inches()[0] == WIDTH
    assert fig.axes[0].get_title()
    canvas = drawn(fig)
    written = [text for text in [fig.axes[0].title, *fig.axes[0].texts] if text.get_text()]
    areas = {text: text.get_window_extent(canvas.get_renderer()) for text in written}
    for text, area in areas.items():
        assert text.get_size() >= 13, text
        assert fig.bbox.x0 < area.x0 and area.x1 < fig.bbox.x1, text
        assert fig.bbox.y0 < area.y0 and area.y1 < fig.bbox.y1, text
    for one, other in combinations(areas, 2):
        assert not areas[one].overlaps(areas[other]), (one, other)
    for box in (patch for patch in fig.axes[0].patches if isinstance(patch, FancyBboxPatch)):
        frame = box.get_window_extent()
        for text, area in areas.items():
            if area.overlaps(frame):
                assert frame.x0 <= area.x0 and area.x1 <= frame.x1, text
                assert frame.y0 <= area.y0 and area.y1 <= frame.y1, text


def test_stacks_weigh_what_keras_counts():
    weights, fields = [], []
    for kernels in ((5,), (3, 3), (7,), (3, 3, 3)):
        x = inputs = keras.Input((9, 9, 4))
        for kernel in kernels:
            x = keras.layers.Conv2D(4, kernel, use_bias=False)(x)
        model = keras.Model(inputs, x)
        weights.append(model.count_params() / 4**2)
        fields.append(tables.receptive_field(model, model.layers[-1].name)[0])
    lines = texts(drawings.stacks_side_by_side())
    assert numbers(lines, r"(\d+) C² weights") == weights
    assert numbers(lines, r"sees (\d+)×") == fields


def test_two_towers_have_alexnets_parameters():
    lines = texts(drawings.two_towers())
    units = [int(line) for line in lines if line.isdigit()]  # one number a tower, fc8 one in all
    units = [sum(units[i : i + 2]) for i in range(0, len(units), 2)]
    seen = [line for line in lines if "×" in line or line.startswith("all")]
    sizes = [math.prod(map(int, re.findall(r"\d+", line.replace(",", "")))) for line in seen]
    assert sum((size + 1) * n for size, n in zip(sizes, units, strict=True)) == 60_965_224


def test_sliding_kernel_computes_what_keras_does():
    fig = drawings.sliding_kernel()
    shown = [text.replace("−", "-") for text in texts(fig)]
    values = [int(text) for text in shown if re.fullmatch(r"-?\d+", text)]
    picture, kernel, output = values[:36], values[36:45], values[45:]
    maps = keras.ops.conv(
        np.reshape(picture, (1, 6, 6, 1)).astype("float32"),
        np.reshape(kernel, (3, 3, 1, 1)).astype("float32"),
    )
    assert np.ravel(maps).tolist() == output
    assert shown[-1].endswith(f"= {output[3]}")  # the window is the last one of the first row
    terms = re.findall(r"(\d+)·\(?(-?\d)\)?", shown[-1])
    window = np.reshape(picture, (6, 6))[:3, 3:].ravel()
    assert terms == [(str(p), str(k)) for p, k in zip(window, kernel, strict=True)]


def test_alexnet_to_scale_follows_the_models_table():
    table = tables.model_table(outline(build_alexnet))["output_shape"]
    layers = ["image", *(f"conv{i}" for i in range(1, 6)), "pool5", "fc6", "fc7", "probabilities"]
    sizes = [[int(number) for number in table[layer].split(" x ")] for layer in layers]
    fig = drawings.alexnet_to_scale()
    fronts = [patch.get_xy() for patch in fig.axes[0].patches[::3]]
    heights, lengths = zip(*(np.ptp(front, axis=0)[::-1] for front in fronts), strict=True)
    sides, channels = zip(*((size[0], size[-1]) for size in sizes), strict=True)
    assert np.allclose(np.divide(heights[:7], sides[:7]), heights[0] / 227)
    assert np.allclose(np.divide(lengths[:7], channels[:7]), lengths[0] / 3)
    assert np.allclose(np.divide(heights[7:], sides[7:]), heights[7] / 4096)
    assert numbers(texts(fig), r"^([\d,]+)$") == [4096, 4096, 1000]
    assert numbers(texts(fig), r"^×(\d+)$") == list(channels[:7])


def test_mlpconv_counts_as_keras():
    maps = keras.Input((8, 8, 192))
    dense = keras.layers.Dense(10)(keras.layers.Flatten()(maps))
    average = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(10, 1)(maps))
    expected = [keras.Model(maps, end).count_params() for end in (dense, average)]
    assert numbers(texts(drawings.mlpconv()), r"([\d,]+) weights") == expected


def test_inception_modules_cost_what_keras_counts():
    fig = drawings.inception_modules()
    lines = texts(fig)
    channels, costs = [], []
    for widths in ((64, None, 128, None, 32, None), (64, 96, 128, 16, 32, 32)):
        module = outline(partial(build_inception_module, (28, 28, 192), widths=widths))
        channels.append(module.output_shape[-1])
        costs.append(round(tables.totals(module)["multiply_adds"] / 1e6))
    assert numbers(lines, r"(\d+) channels out") == channels
    assert numbers(lines, r"(\d+) million") == costs
    message = f"{costs[1]} million multiply-adds instead of {costs[0]}"
    assert fig.axes[0].get_title().endswith(message)


def test_inception_v3_takes_large_kernels_apart():
    lines = texts(drawings.inception_v3_modules())
    assert [lines.count(kernel) for kernel in ("1×n", "n×1", "1×3", "3×1")] == [3, 3, 2, 2]


def test_residual_blocks_differ_where_the_papers_do():
    fig = drawings.residual_blocks()
    columns = {}
    for text in fig.axes[0].texts:
        if text.get_text():  # an arrow has none
            x, y = text.get_position()
            columns.setdefault(x, []).append((-y, text.get_text()))
    blocks = {}
    for column in columns.values():
        heading, *words = [word for _, word in sorted(column)]
        blocks[heading] = words
    tail = ["BN", "+", "ReLU"]
    assert blocks["plain"] == ["x", "3×3, 64", "BN, ReLU", "3×3, 64", "BN", "ReLU"]
    assert blocks["identity"] == ["x", "3×3, 64", "BN, ReLU", "3×3, 64", *tail]
    assert blocks["bottleneck"][1::2] == ["1×1, 64", "3×3, 64", "1×1, 256", "+"]
    assert blocks["pre-activation"] == ["x", *["BN, ReLU", "3×3, 64"] * 2, "+"]
    assert "1×1,\n128,\n/2,\nBN" in blocks and "3×3, 128, /2" in blocks["projection"]


@pytest.mark.parametrize("name", ["vgg_d", "googlenet_aux"])
def test_whole_nets_show_every_convolution_and_dense_layer(name):
    model = outline(MODELS[name])
    kinds = [type(layer).__name__ for layer in model.layers]
    lines = texts(drawings.vgg16_and_googlenet())
    assert numbers(lines, r"(\d+) million") == [138, 7]
    column = (
        lines[: lines.index("GoogLeNet")] if name == "vgg_d" else lines[lines.index("GoogLeNet") :]
    )
    modules = sum(line.startswith("module") for line in column)
    convolutions = sum("×" in line and "," in line and "average" not in line for line in column)
    assert convolutions + 6 * modules == kinds.count("Conv2D")
    assert sum(line.startswith("dense") for line in column) == kinds.count("Dense")
    assert sum(line.startswith("max pool") for line in column) + modules == kinds.count(
        "MaxPooling2D"
    )
    for line in column:
        if line.startswith("module"):
            _, block, channels = line.replace(",", "").split()
            end = model.get_layer(f"stage{block[0]}_block{block[1]}_concatenate")
            assert end.output.shape[-1] == int(channels)


def test_residual_paths_are_all_ways_through_three_blocks():
    fig, rows = drawings.residual_paths(), {}
    for text in fig.axes[0].texts:
        if text.get_text().startswith("F"):
            rows.setdefault(text.get_position()[1], []).append(text.get_text())
    ways = [tuple(row) for row in rows.values()][1:]  # the first row is the net itself
    assert len(ways) == len(set(ways)) == 7  # and one without any block
    assert texts(fig).count("x") == 1 + 8
    assert numbers(texts(fig), r"^(\d) ways? of") == [1, 3, 3, 1]


@pytest.mark.parametrize("row, name", [(0, "plain34"), (1, "resnet34")])
def test_plain_and_residual_show_every_layer_and_skip(row, name):
    model = outline(MODELS[name])
    ax = drawings.plain_and_residual().axes[0]
    layers = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    places = np.array([[each.get_x(), each.get_y()] for each in layers])
    x = np.sort(places[places[:, 1] == np.unique(places[:, 1])[::-1][row], 0])
    stages = np.split(x, np.flatnonzero(np.diff(x) > 1.2 * np.diff(x).min()) + 1)
    expected = [
        sum(
            layer.name.startswith(f"stage{i}_") and layer.kernel_size == (3, 3)
            for layer in model.layers
            if isinstance(layer, keras.layers.Conv2D)
        )
        for i in (2, 3, 4, 5)
    ]
    assert [len(stage) for stage in stages] == [2, *expected, 2]
    skips = [patch for patch in ax.patches if type(patch).__name__ == "PathPatch"]
    sums = sum(isinstance(layer, keras.layers.Add) for layer in model.layers)
    assert len(skips) * row == sums
    assert sum(patch.get_linestyle() == "--" for patch in skips) == 3
