"""Widgets: controls for a reader, and for all others one picture that never changes."""

import base64
import itertools
import re
import time
from functools import partial

import keras
import pytest
from jupyter_client.manager import run_kernel

from course_lib.figures import widgets
from course_lib.measure import tables
from course_lib.models import outline
from course_lib.models.inception import build_inception_module

CELL = "from course_lib.figures import widgets\nwidgets.receptive_field_explorer()"
START = "3 layers of 3×3, stride 1: one cell sees 7 × 7 pixels, for 27 C² weights."


def run(client, reader):
    """The messages of the cell, run by a front end with or without a reader."""
    messages = []
    reply = client.execute_interactive(
        CELL, allow_stdin=reader, stdin_hook=None, output_hook=messages.append, timeout=60
    )
    assert reply["content"]["status"] == "ok", reply
    return messages


def displays(messages):
    kinds = ("display_data", "execute_result", "stream", "update_display_data")
    return [m["content"] for m in messages if m["msg_type"] in kinds]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        with run_kernel(kernel_name="python3") as client:
            yield client


def test_without_a_reader_the_picture_alone(kernel):
    messages = run(kernel, reader=False)
    (output,) = displays(messages)
    assert set(output["data"]) == {"text/html", "text/plain"}
    assert output["data"]["text/plain"] == START
    assert f'alt="{START}"' in output["data"]["text/html"]
    assert not [m for m in messages if m["msg_type"] == "comm_open"]
    assert displays(run(kernel, reader=False)) == [output]  # to the byte


def test_a_reader_moves_the_slider(kernel):
    (static,) = displays(run(kernel, reader=False))
    messages = run(kernel, reader=True)
    (output,) = displays(messages)
    view = output["data"].pop(widgets.VIEW)
    assert output["data"] == static["data"]
    opened = {
        m["content"]["comm_id"]: m["content"]["data"]["state"]
        for m in messages
        if m["msg_type"] == "comm_open"
    }
    assert opened[view["model_id"]]["_model_name"] == "VBoxModel"
    (depth,) = (i for i, state in opened.items() if state.get("description") == "depth")
    # As the front end's slider does when it is let go.
    data = {"method": "update", "state": {"index": 4}, "buffer_paths": []}
    message = kernel.session.msg("comm_msg", {"comm_id": depth, "data": data})
    kernel.shell_channel.send(message)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        content = kernel.get_iopub_msg(timeout=20)["content"]
        value = content.get("data", {}).get("state", {}).get("value", "")
        if "<img" in str(value):
            break
    assert "5 layers of 3×3, stride 1: one cell sees 11 × 11 pixels, for 45 C² weights." in value


@pytest.fixture
def panel():
    calls = []

    def draw(**values):
        calls.append(values)
        return f"<svg>{values['size']}</svg>", f'Size "{values["size"]}" & more.'

    controls = {"size": (range(1, 6), 2), "kind": (["ReLU", "tanh"], "tanh")}
    box = widgets._panel(draw, controls)
    return box, calls


def test_panel_draws_the_chosen_values(panel):
    box, calls = panel
    size, kind, picture = box.children
    assert (type(size).__name__, type(kind).__name__) == ("SelectionSlider", "Dropdown")
    assert [size.description, kind.description] == ["size", "kind"]
    assert size.options == (1, 2, 3, 4, 5) and size.continuous_update
    assert calls == [{"size": 2, "kind": "tanh"}]
    before = picture.value
    kind.value = "ReLU"
    size.value = 5
    assert calls[1:] == [{"size": 2, "kind": "ReLU"}, {"size": 5, "kind": "ReLU"}]
    assert picture.value != before
    assert 'alt="Size &quot;5&quot; &amp; more."' in picture.value
    svg = base64.b64decode(picture.value.split("base64,")[1].split('"')[0])
    assert svg == b"<svg>5</svg>"


@pytest.mark.parametrize(
    "draw, values",
    [
        (widgets._receptive_field, {"kernel": 3, "stride": 1, "depth": 8}),
        (widgets._gradients, {name: choices[-1] for name, choices in widgets.NETS.items()}),
    ],
)
def test_a_redraw_takes_less_than_a_tenth_of_a_second(draw, values):
    draw(**values)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        draw(**values)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


@pytest.mark.parametrize("kernel, stride, depth", [(1, 1, 1), (3, 1, 3), (5, 2, 3), (11, 4, 2)])
def test_explorer_counts_as_keras(kernel, stride, depth):
    x = inputs = keras.Input((200, 200, 4))
    for i in range(depth):
        x = keras.layers.Conv2D(4, kernel, stride, use_bias=False, name=f"conv{i}")(x)
    model = keras.Model(inputs, x)
    field, _ = tables.receptive_field(model, f"conv{depth - 1}")
    svg, alt = widgets._receptive_field(kernel, stride, depth)
    expected = f"{field} × {field} pixels, for {model.count_params() // 16} C² weights"
    assert f">One cell sees {expected}<" in svg
    assert alt.endswith(f"stride {stride}: one cell sees {expected}.")
    assert alt.startswith("1 layer of" if depth == 1 else f"{depth} layers of")


@pytest.mark.parametrize(
    "channels, widths",
    [
        (192, (64, 96, 128, 16, 32, 32)),
        (64, (16, 24, 32, 48, 64, 96)),
        (832, (384, 192, 384, 48, 128, 128)),
    ],
)
def test_cost_explorer_counts_as_keras(channels, widths):
    def million(*widths):
        shape = (28, 28, channels)
        build = partial(build_inception_module, shape, widths=widths)
        return tables.totals(outline(build))["multiply_adds"] / 1e6

    values = {"channels in": channels, **dict(zip("abcdef", widths, strict=True))}
    svg, alt = widgets._inception_cost(**values)
    one, _, three, _, five, project = widths
    naive = million(one, None, three, None, five, None)
    lines = re.findall(r">([^<]+)</text>", svg)
    values = lines[-16:]  # a name and a value for each bar
    shown = {
        name: float(value.replace(",", ""))
        for name, value in zip(values[::2], values[1::2], strict=True)
    }
    assert shown.pop("without reductions") == pytest.approx(naive, abs=0.06)
    assert shown.pop("the module") == pytest.approx(million(*widths), abs=0.06)
    assert sum(shown.values()) == pytest.approx(million(*widths), abs=0.4)
    assert alt.startswith(f"{channels} channels in, {one + three + five + project} out: ")
    found = [float(n.replace(",", "")) for n in re.findall(r"([\d,.]+) million", alt)]
    assert found == pytest.approx([million(*widths), naive], rel=0.005)


@pytest.mark.parametrize(
    "depth, activation, initializer, skips, normalisation, what",
    [
        (8, "sigmoid", "glorot_uniform", "plain", "no normalisation", "too small"),
        (8, "sigmoid", "glorot_uniform", "plain", "batch normalisation", "fine"),
        (8, "relu", "he_uniform", "plain", "no normalisation", "fine"),
        (32, "relu", "he_uniform", "skips", "no normalisation", "too large"),
        (44, "relu", "he_uniform", "plain", "batch normalisation", "too large"),
    ],
)
def test_gradients_of_the_chosen_net(depth, activation, initializer, skips, normalisation, what):
    choices = (depth, activation, initializer, skips, normalisation)
    net = dict(zip(widgets.NETS, choices, strict=True))
    svg, alt = widgets._gradients(**net)
    assert svg.count("<circle") == depth  # a layer each: option A's shortcuts have no weights
    assert alt.startswith(f"{depth} layers, {activation}, {initializer}, {skips}, {normalisation}")
    assert alt.endswith(f"at the first layer it is {what}.")
    low, high = {"too small": (0, 1e-3), "fine": (1e-3, 10), "too large": (10, 1e9)}[what]
    saved = widgets._saved_gradients()[widgets.name_of_net(**net)]
    assert low < saved[0] < high
    if depth == 8:  # a deep net takes seconds
        assert widgets.first_gradients(**net) == pytest.approx(saved, rel=0.1)


def test_the_gradients_of_every_net_are_saved():
    names = {
        widgets.name_of_net(**dict(zip(widgets.NETS, net, strict=True)))
        for net in itertools.product(*widgets.NETS.values())
    }
    assert set(widgets._saved_gradients()) == names
