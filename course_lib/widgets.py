"""Figures with controls where a reader's kernel runs, and the picture alone everywhere else."""

from html import escape
from numbers import Real

import ipywidgets
from IPython import get_ipython
from IPython.display import display

from course_lib.drawings import receptive_field_pyramid
from course_lib.plots import png, show

VIEW = "application/vnd.jupyter.widget-view+json"


def explore(draw, **controls):
    """Show a figure with a control for each argument of the function that draws it.

    `draw(**values)` returns a Figure and a sentence on what it shows. Each control is
    name=(choices, start): numbers make a slider, texts a list, and `start` is one of the choices.

    Only a reader can move a slider. Where a program runs the notebook, the output is the figure of
    the starting values, as by `plots.show`; with a reader, the same output holds the controls too,
    and pages without a kernel show the figure. Returns None. Raises ValueError if a control has
    another form.

    >>> from course_lib.plots import bars
    >>> def draw(height):
    ...     return bars({"a": height}), f"One bar, {height} high."
    >>> explore(draw, height=([1, 2, 3], 2))
    One bar, 2 high.
    """
    for name, control in controls.items():
        if not (isinstance(control, tuple) and len(control) == 2 and control[1] in control[0]):
            rule = f"{name} must be (choices, start) with start among the choices"
            raise ValueError(f"{rule}, got {control!r}; pass such as ([1, 3, 5], 3)")
    fig, alt = draw(**{name: start for name, (_, start) in controls.items()})
    if not _has_reader():
        show(fig, alt)
        return
    view = {"version_major": 2, "version_minor": 0, "model_id": _panel(draw, controls).model_id}
    data = {VIEW: view, "image/png": png(fig), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}, "alt": alt}, raw=True)


def receptive_field_explorer():
    """What a stack of equal convolutions sees, by kernel, stride and depth, and what it weighs.

    C² weights a tap of the kernel: C channels in and out, no biases. It starts as VGG's three
    layers of 3×3 (arXiv:1409.1556, section 2.3). Returns None.

    >>> receptive_field_explorer()
    3 layers of 3×3, stride 1: one cell sees 7 × 7 pixels, for 27 C² weights.
    """
    kernels, strides, depths = range(1, 12, 2), range(1, 5), range(1, 9)
    explore(_receptive_field, kernel=(kernels, 3), stride=(strides, 1), depth=(depths, 3))


def _receptive_field(kernel, stride, depth):
    fig = receptive_field_pyramid([kernel] * depth, [stride] * depth)
    field = 1 + (kernel - 1) * sum(stride**i for i in range(depth))
    message = f"ne cell sees {field:,} × {field:,} pixels, for {depth * kernel**2:,} C² weights"
    fig.axes[0].title.set_text(f"O{message}")
    layers = "layer" if depth == 1 else "layers"
    return fig, f"{depth} {layers} of {kernel}×{kernel}, stride {stride}: o{message}."


def _has_reader():
    """Whether the cell was run from a front end rather than by nbclient, nbconvert or nbval.

    A front end offers to ask its reader for input; programs do not.
    """
    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return request.get("content", {}).get("allow_stdin", False)


def _panel(draw, controls):
    """The controls above the picture, which is drawn anew when one of them moves."""
    inputs = {name: _control(name, *control) for name, control in controls.items()}
    picture = ipywidgets.HTML()

    def redraw(_=None):
        fig, alt = draw(**{name: control.value for name, control in inputs.items()})
        source = f"data:image/png;base64,{png(fig)}"
        style = "max-width: 100%"
        picture.value = f'<img src="{source}" alt="{escape(alt)}" style="{style}">'

    for control in inputs.values():
        control.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*inputs.values(), picture])


def _control(name, choices, start):
    look = {"options": list(choices), "value": start, "description": name.replace("_", " ")}
    look["style"] = {"description_width": "8em"}
    if all(isinstance(choice, Real) for choice in choices):
        # One drawing when the slider is let go, not one for every step on its way.
        return ipywidgets.SelectionSlider(continuous_update=False, **look)
    return ipywidgets.Dropdown(**look)
