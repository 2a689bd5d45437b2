"""A model's drawing: the layers, the arrows, the text, and the same bytes in every process."""

import base64
import subprocess
import sys
from xml.etree import ElementTree

import keras
import pytest
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter
from keras import layers

from course_lib.figures.diagrams import diagram

SVG = "{http://www.w3.org/2000/svg}"
BLOCK = """
import keras
from keras import layers
x = keras.Input((8, 8, 4), name="input")
y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
y = layers.Add(name="add")([x, y])
y = layers.GlobalAveragePooling2D(name="gap")(y)
block = keras.Model(x, layers.Dense(3, name="fc")(y), name="block")
"""


@pytest.fixture(scope="module")
def block():
    scope = {}
    exec(BLOCK, scope)
    return scope["block"]


def shown(drawing):
    """The image that a notebook gets, and its output."""
    data, _ = DisplayFormatter().format(drawing)
    assert set(data) == {"text/html", "text/plain"}
    return BeautifulSoup(data["text/html"], "html.parser").img, data


def boxes_and_arrows(svg):
    root = ElementTree.fromstring(svg)
    groups = root.iter(f"{SVG}g")
    nodes, arrows = [], 0
    for group in groups:
        if group.get("class") == "node":
            nodes.append([text.text for text in group.iter(f"{SVG}text")])
        arrows += group.get("class") == "edge"
    return root, nodes, arrows


def test_every_layer_with_its_shape_and_every_arrow(block):
    _, nodes, arrows = boxes_and_arrows(diagram(block).svg)
    assert sorted(nodes) == [
        ["add (Add)", "(8, 8, 4)"],
        ["conv (Conv2D)", "(8, 8, 4)"],
        ["fc (Dense)", "(3)"],
        ["gap (GlobalAveragePooling2D)", "(4)"],
        ["input (InputLayer)", "(8, 8, 4)"],
    ]
    assert arrows == 5


def test_the_skip_connection_is_drawn_from_input_to_add(block):
    """The arrows' ends, by position: each tip touches the box that the layer feeds."""
    root, _, _ = boxes_and_arrows(diagram(block).svg)
    tops = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "node":
            corners = group.find(f"{SVG}polygon").get("points").split()
            ys = [float(corner.split(",")[1]) for corner in corners]
            tops[next(group.iter(f"{SVG}text")).text.split()[0]] = min(ys)
    tips = []
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "edge":
            corners = group.find(f"{SVG}polygon").get("points").split()
            tips.append(max(float(corner.split(",")[1]) for corner in corners))
    reached = [min(tops, key=lambda name: abs(tops[name] - tip)) for tip in tips]
    assert sorted(reached) == ["add", "add", "conv", "fc", "gap"]


def test_the_text_for_those_who_cannot_see_it(block):
    alt = "Diagram of block: 4 layers from input (8, 8, 4) to output (3)"
    drawing = diagram(block)
    assert drawing.alt == repr(drawing) == alt
    root = ElementTree.fromstring(drawing.svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", alt)
    assert [title.text for title in root.iter(f"{SVG}title")] == [alt]
    image, data = shown(drawing)
    assert image["alt"] == data["text/plain"] == alt
    svg = base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,"))
    assert svg.decode() == drawing.svg


def test_a_large_net_is_shown_at_its_size_in_a_box_to_scroll(block):
    drawing = diagram(block, scroll=True)
    image, data = shown(drawing)
    assert "overflow: auto" in image.parent["style"] and "max-height" in image.parent["style"]
    assert image["style"] == "max-width: none"
    assert image["alt"] == data["text/plain"] == drawing.alt


def test_the_same_bytes_in_every_process(block):
    code = "junk = [object() for _ in range(1000)]\n" + BLOCK  # other memory addresses
    code += "from course_lib.figures.diagrams import diagram; print(diagram(block).svg)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == diagram(block).svg.strip(), done.stderr


def test_sizes_and_safety(block):
    tall, _, _ = boxes_and_arrows(diagram(block).svg)
    assert float(tall.get("height")[:-2]) > float(tall.get("width")[:-2])
    assert all(float(text.get("font-size")) >= 12 for text in tall.iter(f"{SVG}text"))
    tags = {element.tag.removeprefix(SVG) for element in tall.iter()}
    assert tags <= {"svg", "g", "title", "polygon", "text", "path"}


def test_names_with_signs_that_mean_something_elsewhere():
    name = 'a<b>&"c"|{d}'
    net = keras.Sequential([keras.Input((2,)), layers.Dense(1, name=name)], name="<script>")
    drawing = diagram(net)
    _, nodes, _ = boxes_and_arrows(drawing.svg)
    assert [f"{name} (Dense)", "(1)"] in nodes
    assert "<script>" not in drawing.svg and "<script>" in drawing.alt


def test_sequential_and_a_net_of_many_layers():
    net = keras.Sequential([keras.Input((4,))] + [layers.Dense(4) for _ in range(70)], name="deep")
    drawing = diagram(net)
    assert drawing.alt == "Diagram of deep: 70 layers from input (4) to output (4)"
    _, nodes, arrows = boxes_and_arrows(drawing.svg)
    assert (len(nodes), arrows) == (71, 70)


class Subclassed(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    "model", [keras.Sequential([layers.Dense(2)]), Subclassed(), "resnet50", None]
)
def test_refuses_what_has_no_graph(model):
    with pytest.raises(ValueError, match="model must be a Sequential or functional Keras model"):
        diagram(model)
