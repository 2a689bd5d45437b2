"""Pictures that follow a slider: SVG written directly, in a few milliseconds.

Each function returns the SVG as a text. All sizes are in pixels of a page 864 wide, as wide as
the other figures. Axes change in large steps only, so that they stand still while a slider moves.
"""

import math
from itertools import pairwise
from xml.etree import ElementTree

from course_lib.figures.style import BLUE, ORANGE, SKY, VERMILLION
from course_lib.measure.geometry import receptive_fields

WIDTH = 864
FONT = {"font-family": "DejaVu Sans, Verdana, sans-serif", "font-size": 17}
UNSEEN, LINE = "#EBEBEB", "#4D4D4D"
ROW, CELL = 52, 30  # from a map to the next one, and a cell's height
MIDDLE, SHOWN = 443, 422  # the centre line of a receptive field, and the width that it may take
SMALLEST_CELL = 6  # a row of narrower cells becomes one bar


def pyramid(kernels, strides, title, rows):
    """A stack of convolutions seen from the side: what one cell of the last map depends on.

    Rows are maps, from the input at the bottom to the last layer's map on top. Everything that the
    top cell depends on is coloured. A row of cells too narrow to draw becomes one bar, without the
    gaps that a stride larger than the kernel leaves. The page has room for `rows` layers.

    >>> pyramid((3, 3), (1, 1), "Two layers", rows=8).count(">layer ")
    2
    """
    fields, jumps = zip(*receptive_fields(kernels, strides), strict=True)
    page = _page(100 + rows * ROW, title)
    bottom, depth = 60 + rows * ROW, len(kernels)
    view = 12  # pixels in the bottom row, some of which are not seen
    while view < 1.2 * fields[-1]:
        view *= 2
    pixel = SHOWN / view
    seen, reach, cones, drawn = {0}, 0, [], []  # twice the seen cells' places, from the middle
    for i in reversed(range(depth + 1)):
        if i < depth:
            reach += (kernels[i] - 1) * jumps[i]
        # If the stride is larger than the kernel, a cell is as wide as what it sees: gaps show.
        wide, y = min(jumps[i], fields[i]), bottom - i * ROW
        if wide * pixel < SMALLEST_CELL:
            drawn += [(y, [0], view, UNSEEN), (y, [0], reach + wide, SKY)]
        else:
            if i < depth:
                taps = range(1 - kernels[i], kernels[i], 2)
                seen = {place + tap * jumps[i] for place in seen for tap in taps}
            beyond = int((view - reach - wide) / 2 // jumps[i])
            row = range(-beyond, beyond + 1 + reach // jumps[i])
            drawn.append((y, [min(seen) / 2 + jumps[i] * n for n in row], wide, UNSEEN))
            drawn.append((y, [s / 2 for s in sorted(seen)], wide, ORANGE if i == depth else SKY))
        cones.append((y, (reach + wide) / 2 * pixel))
        name, sees = "input", "1 pixel" if fields[-1] == 1 else f"{fields[-1]:,} pixels"
        if i:
            stride = f", stride {strides[i - 1]}" if strides[i - 1] > 1 else ""
            name = f"layer {i}: {kernels[i - 1]}×{kernels[i - 1]}{stride}"
            sees = f"a cell sees {fields[i]:,}"
        _write(page, 14, y, name)
        _write(page, WIDTH - 14, y, sees, anchor="end")
    for (y, half), (below, lower) in pairwise(cones):
        corners = [(MIDDLE - half, y), (MIDDLE + half, y), (MIDDLE + lower, below)]
        corners = " ".join(f"{x:g},{y}" for x, y in [*corners, (MIDDLE - lower, below)])
        _add(page, "polygon", points=corners, fill=SKY, opacity=0.25)
    for y, places, wide, colour in drawn:
        width = wide * pixel
        cells = (f"M{MIDDLE + place * pixel - width / 2:.6g} {y - CELL // 2}" for place in places)
        path = "".join(f"{start}h{width:.6g}v{CELL}h-{width:.6g}z" for start in cells)
        _add(page, "path", d=path, fill=colour, stroke=LINE)
    return _text(page)


def rows_of_bars(values, title, xlabel, highlight):
    """Horizontal bars with their values; the one named `highlight` has another colour.

    The axis ends at 100, 400, 1,600 or a further 4 times, the first that no bar exceeds.

    >>> "1,600" in rows_of_bars({"a": 401, "b": 1}, "Costs", "million", highlight="b")
    True
    """
    left, right, end = 215, 760, 100
    while end < max(values.values()):
        end *= 4
    page = _page(116 + 43 * len(values), title)
    axis = 56 + 43 * len(values)
    for tick in range(5):
        x = left + (right - left) * tick / 4
        _add(page, "path", d=f"M{x:g} 56V{axis}", stroke="#BFBFBF")
        _write(page, x, axis + 16, f"{end * tick // 4:,}", anchor="middle")
    _write(page, (left + right) / 2, axis + 42, xlabel, anchor="middle")
    for i, (name, value) in enumerate(values.items()):
        y, width = 77 + 43 * i, (right - left) * value / end
        colour = ORANGE if name == highlight else SKY
        look = {"fill": colour, "stroke": "black"}
        _add(page, "rect", x=left, y=y - 16, width=f"{width:.6g}", height=32, **look)
        _write(page, left - 10, y, name, anchor="end")
        _write(page, left + width + 8, y, f"{value:,.1f}", halo=True)
    return _text(page)


def norms_by_depth(norms, title, name, small, large):
    """Gradient norms by layer on a logarithmic axis that is the same for every net.

    Below `small` and above `large` the page is shaded. A norm of 0 leaves a gap.

    >>> norms_by_depth([1e-6, 1], "Small", "a net", 1e-3, 10).count("<circle")
    2
    """
    left, right, top, bottom, low, high, layers = 110, 840, 56, 376, -16, 6, 44

    def place(value):
        return bottom - (bottom - top) * (math.log10(value) - low) / (high - low)

    page = _page(466, title)
    for ends, word in (((10**low, small), "too small"), ((large, 10**high), "too large")):
        y, height = place(ends[1]), place(ends[0]) - place(ends[1])
        look = {"fill": VERMILLION, "opacity": 0.12}
        _add(page, "rect", x=left, y=f"{y:.6g}", width=right - left, height=f"{height:.6g}", **look)
        _write(page, right - 8, y + 16, word, anchor="end")
    for power in range(low, high + 1, 2):
        _add(page, "path", d=f"M{left} {place(10**power):.6g}H{right}", stroke="#D9D9D9")
        if power % 4 == 0:
            exponent = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
            _write(page, left - 8, place(10**power), f"10{exponent}", anchor="end")
    across = [left + (right - left) * n / (layers + 1) for n in range(1, len(norms) + 1)]
    points = [(x, place(norm)) for x, norm in zip(across, norms, strict=True) if norm > 0]
    line = "M" + "L".join(f"{x:.5g} {y:.5g}" for x, y in points)
    _add(page, "path", d=line, fill="none", stroke=BLUE, **{"stroke-width": 3})
    for x, y in points:
        _add(page, "circle", cx=f"{x:.5g}", cy=f"{y:.5g}", r=5, fill=BLUE)
    for layer in (1, *range(4, layers + 1, 4)):
        x = left + (right - left) * layer / (layers + 1)
        _write(page, x, bottom + 18, str(layer), anchor="middle")
    _write(page, (left + right) / 2, bottom + 46, "Layer, from the image on", anchor="middle")
    _write(page, (left + right) / 2, bottom + 74, name, anchor="middle", fill=BLUE)
    label = _write(page, 0, 0, "Gradient norm", anchor="middle")
    label.set("transform", f"translate(24 {(top + bottom) / 2:g}) rotate(-90)")
    return _text(page)


def _page(height, title):
    box = {"viewBox": f"0 0 {WIDTH} {height}", "width": str(WIDTH), "height": str(height)}
    page = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **box})
    for name, value in FONT.items():
        page.set(name, str(value))
    _add(page, "rect", width=WIDTH, height=height, fill="white")
    heading = _write(page, WIDTH / 2, 28, title, anchor="middle")
    heading.set("font-weight", "bold")
    heading.set("font-size", "21")
    return page


def _add(page, tag, **look):
    return ElementTree.SubElement(page, tag, {name: str(value) for name, value in look.items()})


def _write(page, x, y, text, anchor="start", halo=False, **look):
    """Text beside (x, y), with its middle at the height y."""
    # Not by dominant-baseline, which not every program knows that shows an SVG.
    element = _add(page, "text", x=f"{x:g}", y=f"{y + 6:g}", **{"text-anchor": anchor}, **look)
    if halo:
        element.attrib |= {"stroke": "white", "stroke-width": "5", "paint-order": "stroke"}
    element.text = text
    return element


def _text(page):
    return ElementTree.tostring(page, encoding="unicode")
