"""The Inception modules of GoogLeNet and of Inception v3."""

from course_lib.figures.drawings.canvas import arrow, box, canvas, write
from course_lib.figures.style import WIDTH, millions
from course_lib.measure.geometry import inception_costs
from course_lib.models.inception import STAGES


def inception_modules():
    """GoogLeNet's module 3a without and with 1×1 reductions (arXiv:1409.4842, Fig. 2, Table 1)."""
    side, channels, widths = 28, 192, STAGES[3]["a"]
    one, _, three, _, five, _ = widths
    modules = {"naive": (one, None, three, None, five, None), "with reductions": widths}
    costs = [millions(sum(inception_costs(channels, w, side).values())) for w in modules.values()]
    fig, ax = canvas(5.2, f"1×1 reductions: {costs[1]} million multiply-adds instead of {costs[0]}")
    for left, heading, cost in zip((0.1, 4.6), modules, costs, strict=True):
        write(ax, left + 2.15, 4.5, heading, weight="bold")
        branches = _branches(modules[heading])
        _module(ax, left, 4.05, 1.15, branches, f"{side}×{side}×{channels}", 4.3)
        out = one + three + five + (modules[heading][-1] or channels)
        write(ax, left + 2.15, 0.68, f"{out} channels out")
        write(ax, left + 2.15, 0.34, f"{cost} million multiply-adds")
    return fig


def inception_v3_modules():
    """Inception v3's modules: large kernels split into small ones, and maps made smaller.

    Source: arXiv:1512.00567, Figs. 5, 6, 7 and 10 (in Fig. 6, n is 7).
    """
    both, tail = ["1×3", "3×1"], [[["pool"], ["1×1"]], [["1×1"]]]
    factors, half = [["1×n"], ["n×1"]], [["3×3\n/2"]]
    modules = {
        "5×5 as\ntwo 3×3": [[["1×1"], ["3×3"], ["3×3"]], [["1×1"], ["3×3"]], *tail],
        "n×n as\n1×n and n×1": [[["1×1"], *factors, *factors], [["1×1"], *factors], *tail],
        "side by side,\nin the last modules": [[["1×1"], ["3×3"], both], [["1×1"], both], *tail],
        "half the side:\nstride 2": [[["1×1"], ["3×3"], *half], [["1×1"], *half], [["pool\n/2"]]],
    }
    fig, ax = canvas(5.2, "Inception v3: large kernels taken apart into small ones")
    lefts = (0, 2.14, 4.28, 7.36)
    for left, right, heading in zip(lefts, (*lefts[1:], WIDTH), modules, strict=True):
        write(ax, (left + right) / 2, 4.4, heading, weight="bold")
        _module(ax, left, 3.85, 0.35, modules[heading], "input", right - left)
    return fig


def _branches(widths):
    """The text of each branch's boxes, from top to bottom; a width of None has no box."""
    one, reduce3, three, reduce5, five, project = widths
    table = [[(1, one)], [(1, reduce3), (3, three)], [(1, reduce5), (5, five)]]
    table.append([(3, "pool"), (1, project)])
    return [[[f"{kernel}×{kernel}\n{what}"] for kernel, what in row if what] for row in table]


def _module(ax, left, top, bottom, branches, base, wide):
    """Branches between a common input and a concatenation, in a panel `wide` inches wide.

    A branch lists its steps from top to bottom; a step lists the text of its boxes, side by side.
    """
    middle, columns = left + wide / 2, [max(map(len, branch)) for branch in branches]
    across = (wide - 0.1) / sum(columns)
    width = min(0.88 * across, 1.0)
    ends = min(0.9 * wide, 1.6)
    start = box(ax, middle, top, base, "map", ends, height=0.36)
    end = box(ax, middle, bottom, "concatenate", "join", ends, height=0.36)
    fork, meet = start.bottom - 0.12, end.top + 0.25
    longest = max(map(len, branches))
    step = (top - bottom - 0.3) / (longest + 1)
    for i, branch in enumerate(branches):
        x = left + 0.05 + across * (sum(columns[:i]) + columns[i] / 2)
        above = [(middle, start.bottom), (middle, fork), (x, fork)]
        for j, texts in enumerate(branch):
            y = (top + bottom) / 2 + step * ((len(branch) - 1) / 2 - j)
            boxes = []
            for k, text in enumerate(texts):
                at = x + across * (k - (len(texts) - 1) / 2)
                kind = "pool" if "pool" in text else "conv"
                height = 0.56 if "\n" in text else 0.32
                boxes.append(box(ax, at, y, text, kind, width, height))
                arrow(ax, *above, (at, boxes[-1].top))
            above = [(x, boxes[0].bottom)]
        for last in boxes:
            arrow(ax, (last.x, last.bottom), (last.x, meet), (middle, meet), (middle, end.top))
