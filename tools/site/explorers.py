"""The notebooks' figures with controls, for readers without a kernel.

Each is a table of bars for every state of its controls, computed here; site/_static/explorer.js
puts the chosen state on the page. The sentences, and most numbers, come from `figures.widgets`,
with fewer choices where all of them would be too many states.
"""

import json
import math
from html import escape
from itertools import product

from course_lib.figures import widgets
from course_lib.measure.geometry import receptive_fields
from course_lib.models.inception import STAGES

MODULE = STAGES[3]["a"]
FULL = 800e6  # multiply-adds of a bar as wide as the page
LOWEST, HIGHEST = -16, 6  # powers of ten at the ends of a gradient's bar


def explorers(quick=False):
    """The HTML of each explorer by its name in `figures.widgets`.

    With `quick` the gradients, which take most of the time, are those of few nets.
    """
    three, five = sorted({w[1] for w in _modules()}), sorted({w[3] for w in _modules()})
    texts = {
        "activation": ["sigmoid", "relu"],
        "initializer": ["glorot_uniform", "he_uniform"],
        "skips": ["plain", "skips"],
        "normalisation": ["no normalisation", "batch normalisation"],
    }
    if quick:
        texts = {name: choices[:1] for name, choices in texts.items()}
    return {
        "receptive_field_explorer": _html(
            _receptive_field,
            "What one cell of the last layer depends on, layer by layer",
            kernel=(range(1, 12, 2), 3),
            stride=(range(1, 5), 1),
            depth=(range(1, 9), 3),
        ),
        "inception_cost_explorer": _html(
            _inception_cost,
            "Million multiply-adds of each layer, on a map of 28×28",
            **{
                "channels in": ((64, 128, 192, 256, 480), 192),
                "3×3 reduce": (three, MODULE[1]),
                "5×5 reduce": (five, MODULE[3]),
            },
        ),
        "gradient_explorer": _html(
            _gradients,
            "Norm of each layer's gradient before training, from 10⁻¹⁶ to 10⁶",
            depth=((8, 20) if quick else (8, 20, 44), 20),
            **{name: (choices, choices[0]) for name, choices in texts.items()},
        ),
    }


def _modules():
    return [widths for stage in STAGES.values() for widths in stage.values()]


def _receptive_field(kernel, stride, depth):
    """From the last layer down to the input: which part of each map the last cell depends on."""
    geometry = [(1, 1), *receptive_fields([kernel] * depth, [stride] * depth)]
    field, rows, cells = geometry[-1][0], [], 1
    for i in reversed(range(depth + 1)):
        sees, jump = geometry[i]
        name = f"layer {i}" if i else "input"
        unit = ("cell" if i else "pixel") + "s" * (cells > 1)
        # If the stride is larger than the kernel, a cell is as wide as what it sees.
        width = (cells - 1) * jump + min(jump, sees)
        rows.append([name, 100 * width / field, f"{cells:,} {unit}"])
        cells = (cells - 1) * stride + kernel
    return widgets.what_a_cell_sees(kernel, stride, depth), rows


def _inception_cost(channels, reduce3, reduce5):
    one, _, three, _, five, project = MODULE
    widths = one, reduce3, three, reduce5, five, project
    costs, sentence = widgets.what_a_module_costs(channels, *widths)
    rows = [[name, 100 * cost / FULL, f"{cost / 1e6:,.1f}"] for name, cost in costs.items()]
    return sentence, rows


def _gradients(*made):
    name = widgets.name_of_net(**dict(zip(widgets.NETS, made, strict=True)))
    norms, sentence = widgets.what_a_gradient_is(name)
    rows = []
    for layer, norm in enumerate(norms, start=1):
        power = math.log10(norm) if norm > 0 else LOWEST
        share = (min(max(power, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
        rows.append([f"layer {layer}", 100 * share, f"{norm:.1e}"])
    return sentence, rows


def _html(state, caption, **controls):
    """Controls, a sentence and a table of bars, with every state as JSON.

    Each control is name=(choices, start). `state` takes a choice for each and returns a sentence
    and rows: name, width of the bar in per cent, and number as text.
    """
    choices = [list(values) for values, _ in controls.values()]
    states = [
        [sentence, [[name, round(width, 1), text] for name, width, text in rows]]
        for sentence, rows in (state(*chosen) for chosen in product(*choices))
    ]
    start = list(product(*choices)).index(tuple(start for _, start in controls.values()))
    content = {
        "controls": [
            {"name": name, "choices": list(values), "start": list(values).index(first)}
            for name, (values, first) in controls.items()
        ],
        "states": states,
    }
    sentence, rows = states[start]
    middle = " centred" if state is _receptive_field else ""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f'<td class="bar"><span style="width:{width}%"></span></td><td>{escape(text)}</td></tr>'
        for name, width, text in rows
    )
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return (
        f'<div class="explorer{middle}"><script type="application/json">{data}</script>'
        f'<div class="controls"></div><p aria-live="polite">{escape(sentence)}</p>'
        f"<table><caption>{escape(caption)}</caption><tbody>{body}</tbody></table></div>"
    )
