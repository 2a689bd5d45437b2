"""What a browser says about the decks: a row for each slide, a line for each deck."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from playwright.sync_api import sync_playwright

SIZES = ((1280, 720), (1920, 1080))
TEXT, CODE = 24, 20  # the least size in pixels, on a slide of 1280×720
PICTURE = 0.7  # of its size, at least: a figure's text is then as large as 14 pixels
LETTERS = 700  # the most that a slide's prose may have
SLIDES_PER_QUESTION = 10
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")


def chromium_path():
    """The system's Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def chromium():
    """The system's browser, without a window. Raises FileNotFoundError if there is none."""
    if chromium_path() is None:
        raise FileNotFoundError("found no chromium, chromium-browser or google-chrome: install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


def measure(browser, deck):
    """Open every slide of a deck at both sizes.

    Returns a table with a row for each slide, the requests to other hosts (none gets through), and
    what the console reports as errors.
    """
    page = browser.new_page(offline=True)
    page.set_default_timeout(120_000)
    requests, errors = [], []

    def on_request(request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            requests.append(request.url)

    page.on("request", on_request)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    tables = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if not tables:
            page.goto(deck.as_uri())
            page.wait_for_function("window.Reveal?.isReady()")
        tables.append(pd.DataFrame(page.evaluate(MEASURE)).set_index("slide"))
    page.close()
    slides, large = tables
    slides["overflow_large"] = large["overflow"]
    slides["blank"] |= large["blank"]
    return slides, requests, errors


def broken_content_rules(slides):
    """The slides that break a rule which their author can keep, with what is wrong."""
    wrong = {
        "no heading": slides["heading"] == "",
        f"more than {LETTERS} letters of prose": slides["letters"] > LETTERS,
        "Markdown, LaTeX or HTML as letters": slides["raw"],
        "does not fit": slides["overflow"] | slides["overflow_large"],
        f"a picture under {PICTURE} of its size": slides["picture"] < PICTURE,
    }
    table = pd.DataFrame(wrong)
    table = table[table.any(axis=1)]
    lines = [f"slide {slide}: " + ", ".join(table.columns[row]) for slide, row in table.iterrows()]
    if slides["asks"].sum() < len(slides) // SLIDES_PER_QUESTION:
        lines.append(f"questions in the notes: {slides['asks'].sum()} for {len(slides)} slides")
    return lines


def line(slides, requests, errors):
    """A deck's line of the report."""
    return {
        "slides": len(slides),
        "no heading": (slides["heading"] == "").sum(),
        f"over {LETTERS}": (slides["letters"] > LETTERS).sum(),
        **{
            f"overflow at {size[0]}": slides[column].sum()
            for size, column in zip(SIZES, ("overflow", "overflow_large"), strict=True)
        },
        "text": slides["text"].min(),
        "code": slides["code"].min(),
        "picture": slides["picture"].min().round(2),
        "blank": slides["blank"].sum(),
        "no alt": slides["no_alt"].sum(),
        "questions": slides["asks"].sum(),
        "requests": len(set(requests)),
        "errors": len(errors),
    }


def print_report(decks):
    """Print the table and, for a single deck, the slides that break a rule."""
    with chromium() as browser:
        found = {deck.stem: measure(browser, deck) for deck in decks}
    table = pd.DataFrame.from_dict({name: line(*each) for name, each in found.items()}, "index")
    print(table.to_string())
    if len(found) == 1:
        slides, requests, errors = found.popitem()[1]
        print("\n".join([*broken_content_rules(slides), *sorted(set(requests)), *errors]))
