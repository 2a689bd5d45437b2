"""Pictures that follow a slider: their numbers against Keras, their texts, and a still axis."""

import re
from itertools import combinations
from xml.etree import ElementTree

import keras
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from course_lib.figures import sketches
from course_lib.figures.style import ORANGE, SKY
from course_lib.measure import tables

STACKS = {
    "three 3×3": ((3, 3, 3), (1, 1, 1)),
    "one 7×7": ((7,), (1,)),
    "strides": ((3, 5, 3), (2, 1, 2)),
    "gaps": ((3, 3), (4, 4)),
    "even": ((2, 4, 3), (2, 1, 1)),
    "AlexNet to conv3": ((11, 3, 5, 3, 3), (4, 2, 1, 2, 1)),
    "deep": ((3,) * 8, (1,) * 8),
}
COSTS = {f"layer {i}": 3.0**i for i in range(6)} | {"without reductions": 303.2}
PICTURES = {
    name: lambda stack=stack: sketches.pyramid(*stack, "What one cell sees", rows=8)
    for name, stack in STACKS.items()
} | {
    "huge": lambda: sketches.pyramid((11,) * 8, (4,) * 8, "What one cell sees", rows=8),
    "a point": lambda: sketches.pyramid((1,), (4,), "What one cell sees", rows=8),
    "costs": lambda: sketches.rows_of_bars(COSTS, "Costs", "million", "without reductions"),
    "norms": lambda: sketches.norms_by_depth([1e-14] * 44, "Small", "44 layers", 1e-3, 10),
}


def elements(svg, tag):
    return list(ElementTree.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


def texts(svg):
    return [text.text for text in elements(svg, "text")]


def number(text):
    return float(re.sub(r"[^\d.]", "", text))


def cells(svg, colour):
    """Left ends and widths of the cells of a colour, a list for each row, the top one first."""
    rows = []
    for path in elements(svg, "path"):
        if path.get("fill") == colour:
            rows.append(
                [
                    (float(x), float(w))
                    for x, w in re.findall(r"M(\S+) \S+?h([\d.]+)v", path.get("d"))
                ]
            )
    return rows


@pytest.mark.parametrize("name", PICTURES)
def test_texts_are_large_and_lie_apart_on_the_page(name):
    svg = PICTURES[name]()
    page = ElementTree.fromstring(svg)
    height, areas = float(page.get("height")), {}
    for text in elements(svg, "text"):
        if text.get("transform"):
            continue  # the turned one
        size, x, y = (
            float(v)
            for v in (text.get("font-size", page.get("font-size")), text.get("x"), text.get("y"))
        )
        assert size >= 17
        font = FontProperties(family="DejaVu Sans", weight=text.get("font-weight", "normal"))
        width = TextPath((0, 0), text.text, size=size, prop=font).get_extents().width
        left = x - width * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor")]
        areas[text.text, x, y] = (left, left + width, y - 0.75 * size, y + 0.2 * size)
        assert left > 0 and left + width < sketches.WIDTH and 0 < y < height, text.text
    for (one, a), (other, b) in combinations(areas.items(), 2):
        apart = a[1] < b[0] or b[1] < a[0] or a[3] < b[2] or b[3] < a[2]
        assert apart, (one, other)
    for row in cells(svg, SKY) + cells(svg, ORANGE) + cells(svg, sketches.UNSEEN):
        for left, width in row:
            beside = [a for a in areas.values() if a[2] > 40]
            assert all(a[1] < left or left + width < a[0] for a in beside)


@pytest.mark.parametrize("kernels, strides", STACKS.values(), ids=list(STACKS))
def test_receptive_field_as_in_keras(kernels, strides):
    x = inputs = keras.Input((240, 240, 1))
    for i, (kernel, stride) in enumerate(zip(kernels, strides, strict=True)):
        x = keras.layers.Conv2D(1, kernel, stride, name=f"layer{i}")(x)
    model = keras.Model(inputs, x)
    fields = [tables.receptive_field(model, f"layer{i}")[0] for i in range(len(kernels))]
    lines = texts(sketches.pyramid(kernels, strides, "", rows=8))
    assert [number(line) for line in lines if line and "sees" in line] == fields[::-1]
    assert [number(line) for line in lines if line and line.endswith("pixels")] == [fields[-1]]


@pytest.mark.parametrize("name", [name for name in STACKS if "AlexNet" not in name])
def test_every_coloured_cell_is_seen(name):
    kernels, strides = STACKS[name]
    seen, counts = {0}, [1]
    for kernel, stride in list(zip(kernels, strides, strict=True))[::-1]:
        seen = {stride * cell + tap for cell in seen for tap in range(kernel)}
        counts.append(len(seen))
    svg = sketches.pyramid(kernels, strides, "", rows=8)
    assert [len(row) for row in cells(svg, ORANGE) + cells(svg, SKY)] == counts


def test_the_input_stands_still_and_pixels_change_in_large_steps():
    pictures = [sketches.pyramid((3,) * n, (1,) * n, "", rows=8) for n in (1, 2, 3, 4)]
    lowest = {max(float(text.get("y")) for text in elements(svg, "text")) for svg in pictures}
    widths = [round(cells(svg, SKY)[-1][0][1], 3) for svg in pictures]
    assert len(lowest) == 1
    assert widths[0] == widths[1] == widths[2] and len(set(widths)) == 1


def test_bars_are_as_long_as_their_values():
    svg = sketches.rows_of_bars(COSTS, "Costs", "million", "without reductions")
    bars = [bar for bar in elements(svg, "rect") if bar.get("stroke")]
    unit = float(bars[0].get("width")) / COSTS["layer 0"]
    assert [float(bar.get("width")) / unit for bar in bars] == pytest.approx(
        list(COSTS.values()), rel=1e-3
    )
    assert [bar.get("fill") for bar in bars] == [SKY] * 6 + [ORANGE]
    scale = [line for line in texts(svg) if line in ("0", "100", "200", "300", "400")]
    assert scale == ["0", "100", "200", "300", "400"]


def test_norms_on_the_axis_that_never_moves():
    svg = sketches.norms_by_depth([1, 0, 1e-8], "Small", "a net", 1e-3, 10)
    first, last = elements(svg, "circle")  # a gap at 0
    other = elements(sketches.norms_by_depth([1e-8] * 44, "Small", "a net", 1e-3, 10), "circle")
    assert (first.get("cx"), last.get("cx")) == (other[0].get("cx"), other[2].get("cx"))
    assert last.get("cy") == other[0].get("cy") and float(first.get("cy")) < float(last.get("cy"))
