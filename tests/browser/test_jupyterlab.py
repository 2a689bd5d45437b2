"""JupyterLab as a student meets it: started as `make lab` does, and used in a browser."""

import secrets
import shutil
import socket
import subprocess
import time
import urllib.request

import nbformat
import pytest
from playwright.sync_api import expect

from tools.lab import __main__ as lab
from tools.notebooks import NOTEBOOKS

SECONDS = 1000
expect.set_options(timeout=120 * SECONDS)  # a busy computer is no error


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a running JupyterLab with its own settings and a student's copies."""
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, log = secrets.token_hex(), folder / "log"
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    options += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    with pytest.MonkeyPatch.context() as patch, log.open("w") as file:
        for name in ("DATA", "CONFIG", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folder / name))
        for name in ("SETTINGS", "WORKSPACES"):
            patch.setenv(f"JUPYTERLAB_{name}_DIR", str(folder / name))
        patch.delenv("TQDM_DISABLE", raising=False)  # the tests' own setting
        lab.copy_notebooks(NOTEBOOKS, folder / "my_notebooks")
        shutil.copy(NOTEBOOKS / "00_start_here.ipynb", folder / "my_notebooks" / "untrusted.ipynb")
        start = lab.command(folder / "my_notebooks", options)
        server = subprocess.Popen(start, stdout=file, stderr=file)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}").close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.2)
        yield lambda path: f"http://127.0.0.1:{port}{path}?token={token}&reset"
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120 * SECONDS)
    yield page
    page.close()


def wait_for_kernel(page):
    """What is run before the kernel has started is lost."""
    status = page.locator("#jp-main-statusbar").get_by_text("| Idle")
    expect(status).to_be_visible()


def cell(page, code):
    """The first code cell that holds the text."""
    text = page.locator(".cm-content", has_text=code)
    return page.locator(".jp-Notebook .jp-CodeCell", has=text).first


def run(page, code, source=None):
    """Run the cell that holds `code`, with another source if one is given."""
    found = cell(page, code)
    found.scroll_into_view_if_needed()
    found.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source)
        found = cell(page, source.splitlines()[0])
    page.keyboard.press("Control+Enter")
    return found


def menu(page, *names):
    for name in names:
        page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel").get_by_text(
            name, exact=True
        ).first.click()


def serious(axe, page):
    """What axe-core finds in the notebook's texts and outputs; the rest is JupyterLab's own."""
    ours = "{include: [['.jp-Notebook .jp-RenderedMarkdown'], ['.jp-Notebook .jp-OutputArea']]}"
    return [found for found in axe(page, ours) if found[0] in ("serious", "critical")]


def test_first_chapter(address, page, axe):
    page.goto(address("/"))
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible()
    assert page.url.endswith("00_start_here.ipynb")
    expect(page.locator(".jp-Toolbar-kernelName")).to_contain_text("Python 3")
    page.wait_for_timeout(2 * SECONDS)  # then the kernel has told its language
    unsaved = page.locator(".lm-TabBar-tab.jp-mod-dirty")
    expect(unsaved).to_have_count(0)  # opening does not modify it
    assert page.locator(".Toastify__toast").count() == 0, "JupyterLab's news"

    wait_for_kernel(page)
    menu(page, "Run", "Run All Cells")
    training = cell(page, "training.train(build")
    training.scroll_into_view_if_needed()
    bar = training.locator(".jp-OutputArea-output", has_text="epoch")
    expect(bar).to_contain_text("epoch 10/10: 100%")
    assert bar.get_attribute("data-mime-type") == "application/vnd.jupyter.stdout"  # not red
    last = cell(page, "check.steps_per_epoch")
    last.scroll_into_view_if_needed()
    expect(last).to_contain_text("not attempted")
    errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]')
    assert errors.count() == 0, errors.all_inner_texts()
    assert serious(axe, page) == []

    answer = "dense_parameters = {}\ncheck.dense_parameters(dense_parameters)"
    exercise = run(page, "check.dense_parameters", answer.format("32 * 32 * 10"))
    expect(exercise.locator(".jp-OutputArea")).to_contain_text("✗")
    exercise = run(page, "check.dense_parameters", answer.format("32 * 32 * 3 * 10 + 10"))
    expect(exercise.locator(".jp-OutputArea")).to_contain_text("✓")


def test_explorer_follows_its_slider(address, page, axe):
    page.goto(address("/lab/tree/04_vgg.ipynb"))
    wait_for_kernel(page)
    run(page, "from course_lib.figures import")
    panel = run(page, "widgets.receptive_field_explorer").locator(".widget-vbox")
    image, depth = panel.locator("img"), panel.get_by_role("slider", name="depth")
    expect(image).to_be_visible()  # TensorFlow is loaded first
    expect(image).to_have_attribute(
        "alt", "3 layers of 3×3, stride 1: one cell sees 7 × 7 pixels, for 27 C² weights."
    )
    expect(depth).to_have_attribute("aria-valuetext", "3")
    before = image.get_attribute("src")
    depth.focus()
    page.keyboard.press("ArrowRight")
    expect(image).to_have_attribute(
        "alt", "4 layers of 3×3, stride 1: one cell sees 9 × 9 pixels, for 36 C² weights."
    )
    assert image.get_attribute("src") != before
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 800
    expect(depth).to_have_attribute("aria-valuetext", "4")
    assert serious(axe, page) == []


def test_saved_pictures_keep_their_texts_though_not_trusted(address, page):
    page.goto(address("/lab/tree/untrusted.ipynb"))
    notebook = nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)
    outputs = [out for c in notebook.cells for out in c.get("outputs", []) if "data" in out]
    texts = [out.data["text/plain"] for out in outputs if "<img" in out.data.get("text/html", "")]
    images = page.locator(".jp-OutputArea-output img")
    expect(images).to_have_count(len(texts))
    assert [image.get_attribute("alt") for image in images.all()] == texts
    for image in images.all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
