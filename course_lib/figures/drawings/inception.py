"""Inception modules, of GoogLeNet and of Inception v3."""

from course_lib.figures.drawings.canvas import arrow, box, canvas, whole_numbers, write
from course_lib.figures.style import millions
from course_lib.measure.geometry import inception_costs
from course_lib.models.inception import STAGES


def inception_modules(widths=STAGES[3]["a"], channels=192, side=28):
    """The naive Inception module beside the one with 1×1 reductions, and what each costs.

    `widths` are those of 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5 and pool projection, as in the
    paper's Table 1; the input is `side` × `side` × `channels`. The defaults are module 3a.
    Multiply-adds are those of the convolutions. Source: Szegedy et al., "Going deeper with
    convolutions", arXiv:1409.4842, Fig. 2. Returns a Figure. Raises ValueError if they are not
    integers from 1, and `widths` not six of them.

    >>> texts = [text.get_text() for text in inception_modules().axes[0].texts]
    >>> [text for text in texts if text.endswith("channels out")]
    ['416 channels out', '256 channels out']
    >>> [text for text in texts if "million" in text]
    ['303 million multiply-adds', '128 million multiply-adds']
    """
    widths = whole_numbers("widths", widths)
    if len(widths) != 6:
        rule = "widths must hold six numbers (1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool proj)"
        raise ValueError(f"{rule}, got {len(widths)}; see the paper's Table 1")
    channels, side = whole_numbers("channels and side", (channels, side))
    one, _, three, _, five, _ = widths
    naive = (one, None, three, None, five, None)
    fig, ax = canvas(5.9, "")
    costs = []
    for left, heading, table in ((0, "naive", naive), (4.5, "with reductions", widths)):
        write(ax, left + 2.25, 5.1, heading, weight="bold")
        _module(ax, left, 4.6, 1.25, _branches(table), f"{side}×{side}×{channels}")
        out = one + three + five + (table[-1] or channels)
        write(ax, left + 2.25, 0.75, f"{out:,} channels out")
        costs.append(millions(sum(inception_costs(channels, table, side).values())))
        write(ax, left + 2.25, 0.4, f"{costs[-1]} million multiply-adds")
    message = f"1×1 reductions: {costs[1]} million multiply-adds instead of {costs[0]}"
    ax.set_title(message, size=16, weight="bold", y=1 - 0.4 / 5.9)
    return fig


def inception_v3_modules():
    """Inception v3's modules: large kernels taken apart, and the grid made smaller.

    Source: Szegedy et al., "Rethinking the Inception architecture for computer vision",
    arXiv:1512.00567, Figs. 5, 6, 7 and 10 (in Fig. 6, n is 7). Returns a Figure.

    >>> texts = [text.get_text() for text in inception_v3_modules().axes[0].texts]
    >>> texts.count("1×n"), texts.count("n×1"), texts.count("1×3"), texts.count("3×1")
    (3, 3, 2, 2)
    """
    both, tail = ["1×3", "3×1"], [[["pool"], ["1×1"]], [["1×1"]]]
    modules = {
        "5×5 as two 3×3": [[["1×1"], ["3×3"], ["3×3"]], [["1×1"], ["3×3"]], *tail],
        "n×n as 1×n and n×1": [
            [["1×1"], ["1×n"], ["n×1"], ["1×n"], ["n×1"]],
            [["1×1"], ["1×n"], ["n×1"]],
            *tail,
        ],
        "side by side, in the last modules": [
            [["1×1"], ["3×3"], both],
            [["1×1"], both],
            *tail,
        ],
        "half the side: stride 2": [
            [["1×1"], ["3×3"], ["3×3 /2"]],
            [["1×1"], ["3×3 /2"]],
            [["pool /2"]],
        ],
    }
    fig, ax = canvas(8.5, "Inception v3: large kernels taken apart into small ones")
    places = [(0, 7.7, 3.95), (4.5, 7.7, 3.95), (0, 3.3, 0.35), (4.5, 3.3, 0.35)]
    for (left, top, bottom), heading in zip(places, modules, strict=True):
        write(ax, left + 2.25, top, heading, weight="bold")
        _module(ax, left, top - 0.42, bottom, modules[heading], "input", height=0.32)
    return fig


def _branches(widths):
    """What stands in the boxes of the four branches, from top to bottom; None has no box."""
    one, reduce3, three, reduce5, five, project = widths
    table = [[(1, one)], [(1, reduce3), (3, three)], [(1, reduce5), (5, five)]]
    table.append([(3, "pool"), (1, project)])
    return [[[f"{kernel}×{kernel}\n{what}"] for kernel, what in row if what] for row in table]


def _module(ax, left, top, bottom, branches, base, height=0.56):
    """Branches between a common input and a concatenation, in a panel 4.5 inches wide.

    A branch is a list of steps from top to bottom, a step a list of boxes' texts side by side.
    """
    middle, columns = left + 2.25, [max(map(len, branch)) for branch in branches]
    across = 4.2 / sum(columns)
    width = min(0.86 * across, 1.0)
    start = box(ax, middle, top, base, "map", 1.6, height=0.36)
    end = box(ax, middle, bottom, "concatenate", "join", 1.6, height=0.36)
    fork, meet = start.bottom - 0.12, end.top + 0.25
    longest = max(map(len, branches))
    step = (top - bottom - 0.3) / (longest + 1)
    for i, branch in enumerate(branches):
        x = left + 0.15 + across * (sum(columns[:i]) + columns[i] / 2)
        above = [(middle, start.bottom), (middle, fork), (x, fork)]
        for j, texts in enumerate(branch):
            y = (top + bottom) / 2 + step * ((len(branch) - 1) / 2 - j)
            boxes = []
            for k, text in enumerate(texts):
                at = x + across * (k - (len(texts) - 1) / 2)
                kind = "pool" if "pool" in text else "conv"
                boxes.append(box(ax, at, y, text, kind, width, height))
                arrow(ax, *above, (at, boxes[-1].top))
            above = [(x, boxes[0].bottom)]
        for last in boxes:
            arrow(ax, (last.x, last.bottom), (last.x, meet), (middle, meet), (middle, end.top))
