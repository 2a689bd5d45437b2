"""The site as readers meet it: in a browser, on a phone, by keyboard, by a screen reader."""

import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup

from tools.links import repository
from tools.notebooks import NOTEBOOKS, ROOT

CHAPTERS = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
EXPLORERS = {"04_vgg": "receptive_field", "05_inception": "inception_cost", "06_resnet": "gradient"}
SMALL_TEXT = """[...document.querySelectorAll("article :is(p, li, td, th, code, summary, label)")]
  .filter((each) => parseFloat(getComputedStyle(each).fontSize) < 12)
  .map((each) => each.outerHTML)"""
AT_MOST = 2e6  # bytes of a page with its pictures
# What axe-core finds that is not ours to mend, each below "serious".
THEMES_OWN = {
    "region",  # sphinx-book-theme puts the site's name into no landmark
    "empty-table-header",  # pandas leaves a table's first corner empty
}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def folder(browser, tmp_path_factory):
    """The site, built as `make site` does, with fewer states and figures."""
    folder = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, "-m", "tools.site", "--quick", str(folder)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="module")
def address(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def documents(folder):
    """Every page's HTML, parsed, by its path in the folder."""
    paths = [path for place in ("", "records/") for path in folder.glob(f"{place}*.html")]
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    return {
        path.relative_to(folder).as_posix(): BeautifulSoup(text, "html.parser")
        for path, text in pages.items()
    }


@pytest.fixture
def page(browser):
    """A page of a phone's width. What goes wrong in it is in `page.wrong`."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda m: m.type == "error" and page.wrong.append(m.text))
    yield page
    context.close()


def test_pages_open_on_a_phone_and_ask_no_other_host(page, address, documents):
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    for name in documents:
        page.goto(f"{address}/{name}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{name} is {width} pixels wide"
        small = page.evaluate(SMALL_TEXT)
        assert not small, f"{name} has letters under 12 pixels: {small}"
    assert hosts - {""} == {urlsplit(address).netloc}
    assert not page.wrong


def test_links_anchors_and_pictures_hold(documents, folder):
    ids = {name: {tag["id"] for tag in page.select("[id]")} for name, page in documents.items()}
    broken = []
    for name, page in documents.items():
        sources = [(tag, tag[kind]) for kind in ("href", "src") for tag in page.select(f"[{kind}]")]
        for tag, link in sources:
            if urlsplit(link).scheme in ("http", "https", "data"):
                continue
            target, anchor = urldefrag(link)
            other = os.path.normpath(Path(name).parent / unquote(urlsplit(target).path))
            other = Path(other if target else name).as_posix()
            known = (folder / other).exists() and (
                not anchor or unquote(anchor) in ids.get(other, ())
            )
            broken += [] if known else [f"{name}: {tag.name} {link}"]
    assert not broken


def test_every_picture_has_a_text_and_no_page_is_heavy(documents, folder):
    for name, page in documents.items():
        pictures = {(folder / name).parent / tag["src"] for tag in page.select("article img")}
        assert all(len(tag.get("alt", "").split()) > 2 for tag in page.select("article img")), name
        size = (folder / name).stat().st_size + sum(file.stat().st_size for file in pictures)
        assert size < AT_MOST, f"{name} has {size / 1e6:.1f} MB"


def test_chapters_are_whole(documents):
    """Each exercise of the list, one way to Colab if any, and set-up cells behind a lid."""
    index = documents["exercises.html"]
    for chapter in CHAPTERS:
        page = documents[f"{chapter}.html"]
        links = index.select(f'main a[href^="{chapter}.html#exercise-"]')
        assert len(links) == sum("Exercise " in h.text for h in page.select("main h3"))
        buttons = page.select(f'a[href*="colab"][href$="notebooks/{chapter}.ipynb"]')
        assert len(buttons) == bool(repository())
        assert "find_spec" in page.select_one(".tag_setup details").text


@pytest.mark.parametrize("chapter", EXPLORERS)
def test_sliders_work_by_keyboard(page, address, chapter):
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    call = f"widgets.{EXPLORERS[chapter]}_explorer()"
    [cell] = [cell for cell in notebook.cells if call in cell.source]
    page.goto(f"{address}/{chapter}.html")
    explorer = page.locator(".explorer")
    sentence, bars = explorer.locator("p"), explorer.locator("tbody")
    assert sentence.inner_text() == cell.outputs[0].data["text/plain"]
    for slider in explorer.get_by_role("slider").all():
        seen = []
        for key in ("Home", "ArrowRight"):
            slider.press(key)
            value = slider.locator("xpath=../output").inner_text()
            assert slider.get_attribute("aria-valuetext") == value
            seen.append((value, sentence.inner_text(), bars.inner_html()))
        assert all(first != second for first, second in zip(*seen, strict=True))


def test_search_finds_a_word(page, address):
    page.goto(f"{address}/search.html?q=receptive")
    page.wait_for_selector("#search-results li a")
    assert page.locator('#search-results a[href^="04_vgg.html"]').count()
    assert not page.wrong


def test_keyboard_alone_reaches_everything(browser, address):
    """In the text and in the side bar: each link, button and slider of a page, without a trap."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(120_000)
    for name in ("index", "04_vgg"):
        page.goto(f"{address}/{name}.html")
        # Marked as it is reached; what is hidden, such as behind a lid, need not be.
        page.evaluate("document.addEventListener('focusin', e => e.target.dataset.reached = 1)")
        for _ in range(page.locator("a, button, input, select, summary, [tabindex]").count()):
            page.keyboard.press("Tab")
        missed = page.locator(
            ":is(main, .bd-sidebar-primary) :is(a[href], button, input, select, summary)"
            ":not([data-reached], [tabindex='-1']):visible"
        )
        assert not [each.evaluate("e => e.outerHTML") for each in missed.all()]
    context.close()


def test_axe_finds_nothing_serious(browser, address, axe):
    """In the light and in the dark."""
    # Thousands of words in a chapter have the same few colours: its contrast need not be measured.
    structure = "{exclude: ['pre']}, {rules: {'color-contrast': {enabled: false}}}"
    runs = [(name, "") for name in ("index", "status", "exercises")]
    runs += [("04_vgg", "'.explorer'")]
    for scheme, more in (("light", [("01_imagenet", structure)]), ("dark", [])):
        # Without motion: half way from a light button to a dark one, its contrast is too low.
        context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(120_000)
        for name, options in runs + more:
            page.goto(f"{address}/{name}.html")
            assert not [
                (scheme, name, rule, places)
                for impact, rule, places in axe(page, options)
                if impact in ("serious", "critical") or rule not in THEMES_OWN
            ]
        context.close()
