"""Curves of recorded runs."""

from course_lib.evidence.records import Record
from course_lib.figures import plots

QUANTITIES = {"training error": "accuracy", "test error": "val_accuracy"}


def recorded_errors(record: Record, panels, title=None, quantity="training error", top=100):
    """A recorded error by epoch, in per cent: a line for each net, thin lines for its seeds.

    `panels` maps a panel's name to the nets in it, at most seven; `quantity` is "training error" or
    "test error"; `top` is the highest error that is shown. The record's label stands under the
    figure. Returns a Figure.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}, got {quantity!r}")
    column = QUANTITIES[quantity]
    errors = {
        panel: {net: 100 - 100 * record.by_epoch(net, column) for net in nets}
        for panel, nets in panels.items()
    }
    fig = plots.curves(errors, ylabel=f"{quantity.capitalize()}, %", title=title)
    fig.axes[0].set_ylim(0, top)  # the panels share it
    fig.supxlabel(record.label, size=12, color="0.3")
    return fig
