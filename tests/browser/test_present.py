"""`make present`: JupyterLab for a projector, with the configuration in tools/present."""

import os
import shutil
import socket
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.notebooks import ROOT

TABLE = "<table><tr><td>a cell</td></tr></table>"


@pytest.fixture
def lab(tmp_path):
    """The address of a notebook in a JupyterLab of its own."""
    table = new_output("display_data", data={"text/html": TABLE, "text/plain": "a cell"})
    printed = new_output("stream", text="printed")
    code = new_code_cell("print()", outputs=[printed, table], execution_count=1)
    (tmp_path / "work").mkdir()
    notebook = new_notebook(cells=[new_markdown_cell("Some text."), code])
    nbformat.write(notebook, tmp_path / "work" / "a.ipynb")
    shutil.copytree(ROOT / "tools" / "present", tmp_path / "config")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--custom-css", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    arguments += ["--ServerApp.port_retries=0", "--IdentityProvider.token="]
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *arguments],
        cwd=tmp_path / "work",
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        for line in server.stderr:
            if "is running at" in line:
                break
        yield f"http://127.0.0.1:{port}/lab/tree/a.ipynb"
        server.kill()  # its kernel sees this, and ends


def test_text_is_large_and_side_bars_are_hidden(browser, lab):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(120_000)
    page.goto(lab)
    least = {
        ".jp-MarkdownCell p": 24,
        ".jp-CodeCell .cm-line": 20,
        ".jp-OutputArea-output pre": 20,
        ".jp-OutputArea-output td": 20,
    }
    for selector, size in least.items():
        element = page.locator(selector).first
        element.wait_for()
        page.wait_for_function(
            "([selector, size]) => "
            "parseFloat(getComputedStyle(document.querySelector(selector)).fontSize) >= size",
            arg=[selector, size],
        )
    assert page.locator(".jp-SideBar:visible, #jp-left-stack:visible").count() == 0
    assert page.locator(".jp-NotebookPanel").bounding_box()["width"] > 1270
    page.close()
