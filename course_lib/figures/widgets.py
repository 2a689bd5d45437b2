"""Figures with controls where the reader has a running kernel, and just the picture elsewhere."""

import json
from functools import cache, partial
from pathlib import Path

import ipywidgets
from IPython import get_ipython

from course_lib.data import load_shapes10, normalise
from course_lib.figures import sketches
from course_lib.figures.display import picture, put
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
DEPTHS = range(1, 9)
NETS = {
    "depth": (8, 14, 20, 32, 44),
    "activation": ("sigmoid", "tanh", "relu"),
    "initializer": ("glorot_uniform", "he_uniform"),
    "skips": ("plain", "skips"),
    "normalisation": ("no normalisation", "batch normalisation"),
}
SMALL, LARGE = 1e-3, 10  # gradient norms at the first layer that we call too small, too large
# A slider's handle has no name, and speaks of its place and not of its value (ipywidgets 8.1).
# Each new picture puts this right.
SPEAK = """
for (const slider of this.closest('.widget-vbox').querySelectorAll('.widget-hslider')) {
  const handle = slider.querySelector('[role=slider]');
  handle?.setAttribute('aria-label', slider.querySelector('.widget-label').textContent);
  handle?.setAttribute('aria-valuetext', slider.querySelector('.widget-readout').textContent);
}"""


def _explore(draw, live=None, **controls):
    """Show a picture with a control for each argument of `draw`, which returns an SVG and its text.

    Each control is name=(choices, start): numbers make a slider, texts a drop-down. When a program
    runs the notebook, the output is the picture for the starting values, as from `figures.show`;
    for a reader it also holds the controls. They redraw by `live`, if it is given.
    """
    output = _shown(draw, **{name: start for name, (_, start) in controls.items()})
    if _has_reader():
        model = _panel(live or draw, controls).model_id
        output[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": model}
    put(output)


def _shown(draw, **values):
    svg, alt = draw(**values)
    return picture(svg.encode(), alt, "image/svg+xml")


def receptive_field_explorer():
    """What a stack of equal convolutions sees, and how many weights it has.

    C channels in, C out, no biases. It starts with VGG's three 3×3 (arXiv:1409.1556, section 2.3).

    >>> receptive_field_explorer()
    3 layers of 3×3, stride 1: one cell sees 7 × 7 pixels, for 27 C² weights.
    """
    controls = {"kernel": (range(1, 12, 2), 3), "stride": (range(1, 5), 1), "depth": (DEPTHS, 3)}
    # With room for the deepest stack, the input stands still.
    _explore(_receptive_field, partial(_receptive_field, rows=DEPTHS[-1]), **controls)


def _receptive_field(kernel, stride, depth, rows=None):
    sentence = what_a_cell_sees(kernel, stride, depth)
    title = sentence.partition(": o")[2].rstrip(".")
    svg = sketches.pyramid([kernel] * depth, [stride] * depth, f"O{title}", rows=rows or depth)
    return svg, sentence


def what_a_cell_sees(kernel, stride, depth):
    """The receptive field and the weights of a stack of equal convolutions, as a sentence.

    >>> what_a_cell_sees(kernel=7, stride=1, depth=1)
    '1 layer of 7×7, stride 1: one cell sees 7 × 7 pixels, for 49 C² weights.'
    """
    field, _ = receptive_fields([kernel] * depth, [stride] * depth)[-1]
    weights = depth * conv_cost(kernel, 1, 1)
    stack = f"{depth} layer{'s' * (depth > 1)} of {kernel}×{kernel}, stride {stride}"
    return f"{stack}: one cell sees {field:,} × {field:,} pixels, for {weights:,} C² weights."


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
    costs, sentence = what_a_module_costs(*values.values())
    total, naive = millions(costs["the module"]), millions(costs["without reductions"])
    svg = sketches.rows_of_bars(
        {name: cost / 1e6 for name, cost in costs.items()},
        title=f"{total} million multiply-adds, without reductions {naive}",
        xlabel="million multiply-adds, on a map of 28×28",
        highlight="without reductions",
    )
    return svg, sentence


def what_a_module_costs(channels, *widths):
    """Multiply-adds of an Inception module on maps of 28×28, by layer, and a sentence about them.

    The widths are those of `inception_costs`. After the layers come "the module", and what it costs
    "without reductions".

    >>> costs, sentence = what_a_module_costs(192, 64, 96, 128, 16, 32, 32)
    >>> costs["without reductions"] / costs["the module"] > 2
    True
    """
    one, _, three, _, five, project = widths
    costs = inception_costs(channels, widths, SIDE)
    naive = sum(inception_costs(channels, (one, None, three, None, five, None), SIDE).values())
    costs |= {"the module": sum(costs.values()), "without reductions": naive}
    total, naive = millions(costs["the module"]), millions(naive)
    sentence = f"{channels} channels in, {one + three + five + project} out: {total} million"
    return costs, f"{sentence} multiply-adds, without the 1×1 reductions {naive} million."


def gradient_explorer():
    """How much of the gradient reaches each layer of an untrained net, by how the net is built.

    A norm below 0.001 at the first layer is called too small, above 10 too large. `first_gradients`
    has computed the norms of all nets, since one takes seconds.

    >>> gradient_explorer()
    20 layers, sigmoid, glorot_uniform, plain, no normalisation: at the first layer it is too small.
    """
    start = (20, "sigmoid", "glorot_uniform", "plain", "no normalisation")
    _explore(_gradients, **{n: (NETS[n], s) for n, s in zip(NETS, start, strict=True)})


def _gradients(**net):
    name = name_of_net(**net)
    norms, sentence = what_a_gradient_is(name)
    title = sentence.removeprefix(f"{name}: at the first layer it").rstrip(".")
    title = f"At the first layer the gradient{title}"
    svg = sketches.norms_by_depth(norms, title, name, SMALL, LARGE)
    return svg, sentence


def what_a_gradient_is(name):
    """The saved norms of a net by its name, from the first layer on, and a sentence about them."""
    norms = _saved_gradients()[name]
    what = "too small" if norms[0] < SMALL else "too large" if norms[0] > LARGE else "fine"
    return norms, f"{name}: at the first layer it is {what}."


def name_of_net(depth, **how):
    """A net of the gradient explorer in words: its depth, and how it is made.

    >>> name_of_net(20, activation="relu", skips="plain")
    '20 layers, relu, plain'
    """
    return ", ".join([f"{depth} layers", *how.values()])


@cache
def _saved_gradients():
    """What `make figures` has saved: the norms by the names of the nets."""
    return json.loads(Path(__file__).with_name("gradients.json").read_text(encoding="utf-8"))


def first_gradients(depth, activation, initializer, skips, normalisation):
    """The gradient's norm at each layer of an untrained net, from the first to the last.

    A narrow net of the ResNet paper's section 4.2 (arXiv:1512.03385), on 64 images of shapes10,
    16×16. The arguments are those in `NETS`. Returns a list of floats.
    """
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
    return gradient_norms(model, images, labels).tolist()


def _has_reader():
    """Whether a front end ran the cell: it says that its user can be asked for input.

    nbclient, nbconvert and nbval say that theirs cannot.
    """
    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return request.get("content", {}).get("allow_stdin", False)


def _panel(draw, controls):
    """The controls above the picture, which follows them, also while a slider is dragged."""
    inputs = {name: _control(name, *control) for name, control in controls.items()}
    image = ipywidgets.HTML()

    def redraw(_=None):
        shown = _shown(draw, **{name: control.value for name, control in inputs.items()})
        image.value = shown["text/html"].replace("<img ", f'<img onload="{SPEAK}" ', 1)

    for control in inputs.values():
        control.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*inputs.values(), image])


def _control(name, choices, start):
    look = {"options": list(choices), "value": start, "description": name}
    look["style"] = {"description_width": "8em"}
    kind = ipywidgets.Dropdown if isinstance(start, str) else ipywidgets.SelectionSlider
    return kind(**look)
