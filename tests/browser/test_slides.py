"""The decks in a browser without a network: what an audience and a presenter must find."""

import base64

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tools.notebooks import NOTEBOOKS
from tools.slides.decks import build, exporter, for_slides
from tools.slides.report import CODE, TEXT, broken_content_rules, measure

SQUARE = b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    build(folder)
    return folder


@pytest.fixture
def page(browser, folder):
    page = browser.new_page(offline=True, viewport={"width": 1280, "height": 720})
    page.set_default_timeout(120_000)
    page.goto((folder / "04_vgg.html").as_uri())
    page.wait_for_function("window.Reveal?.isReady()")
    yield page
    page.close()


def test_every_slide_of_every_deck(browser, folder):
    wrong = []
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        slides, requests, errors = measure(browser, folder / f"{notebook.stem}.html")
        faults = {
            "blank": slides["blank"],
            "a picture that does not load": slides["no_picture"],
            "a picture without a text": slides["no_alt"],
            f"text under {TEXT} pixels": slides["text"] < TEXT,
            f"code under {CODE} pixels": slides["code"] < CODE,
        }
        found = [f"slide {n}: {fault}" for fault, at in faults.items() for n in slides.index[at]]
        found += [f"asks for {url}" for url in requests] + errors
        found += broken_content_rules(slides)
        wrong += [f"{notebook.stem}: {each}" for each in found]
    assert not wrong, "\n".join(wrong)


def test_the_report_finds_what_is_wrong(browser, folder):
    texts = [
        "# A title\n\n**The question.** Why?\n\nAbout 5 minutes to read.",
        "word " * 200,
        "## Tall\n\n" + "- line\n" * 30,
        "## Small\n\n<b style='font-size: 23px'>small</b><code style='font-size: 19px'>x</code>",
        "## Elsewhere\n\n<img src='https://example.invalid/a.png'>",
        " ",
        "## Shrunk\n\n<img alt='a square' style='height: 60px' src='data:image/svg+xml;base64,"
        + base64.b64encode(SQUARE).decode()
        + "'>",
        "## Right\n\nAll is well here.",
    ]
    cells = [
        new_markdown_cell(text, metadata={"slideshow": {"slide_type": "slide"}}) for text in texts
    ]
    cells[2].metadata["notes"] = "One half is $\\frac{1}{2}$."
    cells[-1].metadata["notes"] = "Ask: is it? Answer: it is."
    deck, _ = exporter().from_notebook_node(for_slides(new_notebook(cells=cells)))
    path = folder / "wrong.html"
    path.write_text(deck, encoding="utf-8")
    slides, requests, errors = measure(browser, path)
    assert broken_content_rules(slides) == [
        "slide 2: no heading, more than 700 letters of prose",
        "slide 3: Markdown, LaTeX or HTML as letters, does not fit",
        "slide 6: no heading",
        "slide 7: a picture under 0.7 of its size",
    ]
    found = {name: list(slides.index[slides[name]]) for name in ("blank", "no_picture", "no_alt")}
    assert found == {"blank": [6], "no_picture": [5], "no_alt": [5]}
    assert list(slides.index[slides["text"] < TEXT]) == [4]
    assert list(slides.index[slides["code"] < CODE]) == [4]
    assert list(slides.index[slides["asks"]]) == [8]
    assert requests == ["https://example.invalid/a.png"] and len(errors) == 1


def test_a_deck_begins_with_its_title_and_question(page):
    title = page.locator("section.present section.present")
    assert title.locator("h1").inner_text() == "04 · VGG: why 3×3?"
    assert "?" in title.locator("p").first.inner_text()
    assert "minutes" in title.locator("p").last.inner_text()
    assert title.locator("img").count() == title.locator("li:visible").count() == 0
    assert page.locator(".slide-number").inner_text().split()[0] == "1"


def test_a_presenter_has_keys_for_notes_dark_and_help(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.keyboard.press("d")
    assert page.evaluate(ground) != light
    page.keyboard.press("d")
    assert page.evaluate(ground) == light
    page.emulate_media(color_scheme="dark")
    page.reload()
    page.wait_for_function("window.Reveal?.isReady()")
    assert page.evaluate(ground) != light
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    notes = popup.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("After this chapter you can").wait_for()
    popup.value.close()
    page.keyboard.press("F1")
    assert "Light or dark" in page.locator(".r-overlay-help").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_slides(page, axe, scheme):
    """On the title, and on a slide with code."""
    page.emulate_media(color_scheme=scheme)
    # What lies over a slide would hide from axe what is behind its letters.
    page.add_style_tag(content=".reveal > :not(.slides) { display: none }")
    code = "Reveal.getSlides().find((slide) => slide.querySelector('.highlight'))"
    for slide in ("Reveal.getSlides()[0]", code):
        page.evaluate(f"(({{h, v}}) => Reveal.slide(h, v))(Reveal.getIndices({slide}))")
        found = axe(page, "'section.present > section.present'")
        assert not [each for each in found if each[0] in ("serious", "critical")]


def test_the_index_lists_every_deck(browser, folder):
    page = browser.new_page(offline=True)
    page.set_default_timeout(120_000)
    page.goto((folder / "index.html").as_uri())
    links = page.locator("h2 a")
    names = [link.get_attribute("href") for link in links.all()]
    assert names == [f"{path.stem}.html" for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    links.last.click()
    page.wait_for_function("window.Reveal?.isReady()")
    page.close()
