"""Figures with controls where the reader has a running kernel, and just the picture elsewhere."""

from html import escape

import ipywidgets
from IPython import get_ipython

from course_lib.data import load_shapes10, normalise
from course_lib.figures.display import png, show
from course_lib.figures.drawings import receptive_field_pyramid
from course_lib.figures.plots import bars, by_depth
from course_lib.figures.style import millions
from course_lib.measure.geometry import conv_cost, inception_costs, receptive_fields
from course_lib.measure.probes import gradient_norms
from course_lib.models import build_resnet_cifar
from course_lib.models.inception import STAGES

VIEW = "application/vnd.jupyter.widget-view+json"
SIDE = 28  # side of the maps that an Inception module works on
# Every width in GoogLeNet's Table 1 (arXiv:1409.4842), and numbers of incoming channels: those of
# its modules, and two smaller ones.
WIDTHS = sorted({w for stage in STAGES.values() for widths in stage.values() for w in widths})
CHANNELS = (64, 128, 192, 256, 480, 512, 528, 832)


def _explore(draw, **controls):
    """Show a figure with a control for each argument of `draw`, which returns it and a sentence.

    Each control is name=(choices, start): numbers make a slider, texts a drop-down. When a program
    runs the notebook, the output is the figure for the starting values, as from `figures.show`;
    for a reader it also holds the controls.
    """
    fig, alt = draw(**{name: start for name, (_, start) in controls.items()})
    views = {}
    if _has_reader():
        model = _panel(draw, controls).model_id
        views[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": model}
    show(fig, alt, **views)


def receptive_field_explorer():
    """What a stack of equal convolutions sees, and how many weights it has.

    C channels in, C out, no biases. It starts with VGG's three 3×3 (arXiv:1409.1556, section 2.3).

    >>> receptive_field_explorer()
    3 layers of 3×3, stride 1: one cell sees 7 × 7 pixels, for 27 C² weights.
    """
    kernels, strides, depths = range(1, 12, 2), range(1, 5), range(1, 9)
    _explore(_receptive_field, kernel=(kernels, 3), stride=(strides, 1), depth=(depths, 3))


def _receptive_field(kernel, stride, depth):
    fig = receptive_field_pyramid([kernel] * depth, [stride] * depth)
    field, _ = receptive_fields([kernel] * depth, [stride] * depth)[-1]
    weights = depth * conv_cost(kernel, 1, 1)
    message = f"ne cell sees {field:,} × {field:,} pixels, for {weights:,} C² weights"
    fig.axes[0].title.set_text(f"O{message}")
    layers = "layer" if depth == 1 else "layers"
    return fig, f"{depth} {layers} of {kernel}×{kernel}, stride {stride}: o{message}."


def inception_cost_explorer():
    """The cost of an Inception module on maps of 28×28, for given input channels and layer widths.

    The last bar leaves out the three 1×1 layers that reduce and project. It starts with GoogLeNet's
    module 3a (arXiv:1409.4842, Table 1).

    >>> inception_cost_explorer()
    192 channels in, 256 out: 128 million multiply-adds, without the 1×1 reductions 303 million.
    """
    module_3a = STAGES[3]["a"]
    names = inception_costs(192, module_3a)
    widths = {name: (WIDTHS, start) for name, start in zip(names, module_3a, strict=True)}
    _explore(_inception_cost, **{"channels in": (CHANNELS, 192)}, **widths)


def _inception_cost(**values):
    channels, *widths = values.values()
    one, _, three, _, five, project = widths
    costs = inception_costs(channels, widths, SIDE)
    naive = sum(inception_costs(channels, (one, None, three, None, five, None), SIDE).values())
    costs |= {"the module": sum(costs.values()), "without reductions": naive}
    total, naive = millions(costs["the module"]), millions(naive)
    fig = bars(
        {name: cost / 1e6 for name, cost in costs.items()},
        title=f"{total} million multiply-adds, without reductions {naive}",
        xlabel="million multiply-adds, on a map of 28×28",
        highlight="without reductions",
        fmt="{:,.1f}",
    )
    sentence = f"{channels} channels in, {one + three + five + project} out: {total} million"
    return fig, f"{sentence} multiply-adds, without the 1×1 reductions {naive} million."


def gradient_explorer():
    """How much of the gradient reaches each layer of an untrained net, by how the net is built.

    The nets are narrow ones of the ResNet paper's section 4.2 (arXiv:1512.03385), on 64 images of
    shapes10, 16×16. A norm below 0.001 at the first layer is called too small, above 10 too large.

    >>> gradient_explorer()
    20 layers, sigmoid, glorot_uniform, plain, no normalisation: at the first layer it is too small.
    """
    _explore(
        _gradients,
        depth=((8, 14, 20, 32, 44), 20),
        activation=(("sigmoid", "tanh", "relu"), "sigmoid"),
        initializer=(("glorot_uniform", "he_uniform"), "glorot_uniform"),
        skips=(("plain", "skips"), "plain"),
        normalisation=(("no normalisation", "batch normalisation"), "no normalisation"),
    )


def _gradients(depth, activation, initializer, skips, normalisation):
    (images, labels), _ = load_shapes10(n_train=64, n_test=1, size=16)
    images, _ = normalise(images, images)
    model = build_resnet_cifar(
        (16, 16, 3),
        depth=depth,
        width=0.5,
        activation=activation,
        initializer=initializer,
        shortcut="padding" if skips == "skips" else None,
        normalisation="batch" if normalisation == "batch normalisation" else None,
        seed=0,
    )
    norms = gradient_norms(model, images, labels)
    first = norms.iloc[0]
    what = "too small" if first < 1e-3 else "too large" if first > 10 else "fine"
    made = ", ".join((activation, initializer, skips, normalisation))
    fig = by_depth({made: norms}, "Gradient norm", f"At the first layer the gradient is {what}")
    fig.axes[0].set_ylim(1e-16, 1e6)  # the same limits for every net, so that changes show
    return fig, f"{depth} layers, {made}: at the first layer it is {what}."


def _has_reader():
    """Whether a front end ran the cell: it says that its user can be asked for input.

    nbclient, nbconvert and nbval say that theirs cannot.
    """
    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return request.get("content", {}).get("allow_stdin", False)


def _panel(draw, controls):
    """The controls above the picture, which is redrawn when one of them changes."""
    inputs = {name: _control(name, *control) for name, control in controls.items()}
    picture = ipywidgets.HTML()

    def redraw(_=None):
        fig, alt = draw(**{name: control.value for name, control in inputs.items()})
        source = f"data:image/png;base64,{png(fig)}"
        picture.value = f'<img src="{source}" alt="{escape(alt)}" style="max-width: 100%">'

    for control in inputs.values():
        control.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*inputs.values(), picture])


def _control(name, choices, start):
    look = {"options": list(choices), "value": start, "description": name}
    look["style"] = {"description_width": "8em"}
    if not isinstance(start, str):
        # Redraw once when the slider is released, not at every step.
        return ipywidgets.SelectionSlider(continuous_update=False, **look)
    return ipywidgets.Dropdown(**look)
