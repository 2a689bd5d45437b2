"""Showing a figure: one picture with its text, in notebooks and in scripts."""

import base64
import struct
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient

from course_lib.figures import plots, show
from course_lib.figures.display import picture

ALT = "Two bars; b is twice as long as a."


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What a notebook gets from show: a figure of ours and one of pyplot's, inline backend."""
    source = f"""
%matplotlib inline
import matplotlib.pyplot as plt
from course_lib.figures import plots, show
show(plots.bars({{"a": 1, "b": 2}}), alt={ALT!r})
fig, ax = plt.subplots()
show(fig, alt="An empty plot\\n   without any data.")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook.cells[0].outputs


def test_show_gives_one_png_with_its_text(outputs):
    assert [out.output_type for out in outputs] == ["display_data", "display_data"]
    out = outputs[0]
    assert set(out.data) == {"text/html", "text/plain"}  # the image stands in the file once
    assert out.data["text/plain"] == ALT
    (image,) = BeautifulSoup(out.data["text/html"], "html.parser")
    assert (image.name, image["alt"]) == ("img", ALT)
    assert outputs[1].data["text/plain"] == "An empty plot without any data."
    png = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    assert png.startswith(b"\x89PNG") and b"matplotlib" not in png
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1080 and height == pytest.approx((1.2 + 0.45 * 2) * 120, abs=1)


def test_a_text_may_hold_any_sign():
    alt = 'Two "bars" & a line: a<b'
    (image,) = BeautifulSoup(picture(b"", alt)["text/html"], "html.parser")
    assert image["alt"] == alt


def test_show_in_a_plain_script_prints_the_text():
    code = f"from course_lib.figures import plots, show; show(plots.bars({{'a': 1}}), alt={ALT!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ALT), done.stderr


def test_show_closes_the_figure_and_returns_none(capsys):
    fig, _ = plt.subplots()
    assert show(fig, alt=ALT) is None
    assert not plt.fignum_exists(fig.number)
    assert capsys.readouterr().out == ALT + "\n"


@pytest.mark.parametrize("alt", ["", "  ", "figure", None, 3])
def test_show_refuses_a_text_that_says_nothing(alt):
    with pytest.raises(ValueError, match="alt must be a sentence"):
        show(plots.bars({"a": 1}), alt=alt)
