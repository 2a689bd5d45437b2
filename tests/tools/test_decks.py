"""What of a notebook its slides show, and what is left to the speaker."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.figures import display
from tools.slides.decks import for_slides

FIRST = """# 09 · A net
[Open in Colab](https://colab.example)

**The question.** Why a net?

After this chapter you can
- build one.

About 5 minutes to read, 1 minute to run. It needs no network."""


def on_slides(*cells):
    """(slide type, source) of what a notebook of these cells becomes, after the title's cells."""
    made = for_slides(new_notebook(cells=[markdown(FIRST), *cells])).cells
    return [(cell.metadata.slideshow.slide_type, cell.source) for cell in made[2:]]


def markdown(text, kind="slide", **metadata):
    return new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}, **metadata})


def code(text, kind="-", outputs=(), **metadata):
    metadata = {"slideshow": {"slide_type": kind}, **metadata}
    return new_code_cell(text, metadata=metadata, outputs=list(outputs))


def test_the_first_cell_becomes_a_title_and_notes():
    title, notes = for_slides(new_notebook(cells=[markdown(FIRST)])).cells
    assert title.source == (
        "# 09 · A net\n\nWhy a net?\n\nAbout 5 minutes to read, 1 minute to run."
    )
    assert notes.metadata.slideshow.slide_type == "notes"
    assert "build one" in notes.source and "no network" in notes.source
    assert "colab" not in notes.source and "Why" not in notes.source


def test_a_first_cell_without_a_question_is_refused():
    notebook = new_notebook(cells=[markdown("# A title\n\nAbout 5 minutes to read.")])
    with pytest.raises(ValueError, match="must hold the chapter's question, got '# A title"):
        for_slides(notebook)


def test_a_short_text_takes_the_place_of_the_long_one_which_the_speaker_keeps():
    cell = markdown("## A heading\n\nA long text.", slide="Short.", notes="Ask: why? Answer: so.")
    assert on_slides(cell) == [
        ("slide", "## A heading\n\nShort."),
        ("notes", "Ask: why? Answer: so.\n\n## A heading\n\nA long text."),
    ]
    assert on_slides(markdown("## A\n\nLong.", slide="## B\n\nShort."))[0][1] == "## B\n\nShort."
    assert cell.source == "## A heading\n\nA long text.", "the notebook itself has changed"


def test_a_code_cell_gets_its_slides_text_above_it():
    assert on_slides(code("x = 1", "subslide", slide="### One")) == [
        ("subslide", "### One"),
        ("-", "x = 1"),
    ]


def test_what_is_skipped_stays_away():
    assert on_slides(markdown("Hint", "skip", slide="Hint")) == [("skip", "Hint")]


def test_a_picture_comes_without_its_code_and_an_exercise_without_its_output():
    picture = new_output("display_data", data=display.picture(b"", "One dot, black."))
    printed = new_output("stream", text="not attempted yet")
    cells = [
        markdown(FIRST),
        code("show()", outputs=[printed, picture]),
        code("print()", outputs=[printed]),
        code("check()", outputs=[printed], tags=["exercise"]),
        code("table", outputs=[printed], hide_code=True),
    ]
    draws, prints, exercise, table = for_slides(new_notebook(cells=cells)).cells[2:]
    assert table.metadata.draws and table.outputs
    assert draws.metadata.draws and not prints.metadata.draws and not exercise.metadata.draws
    assert len(draws.outputs) == 2 and len(prints.outputs) == 1 and not exercise.outputs


def test_links_to_chapters_lead_to_their_decks():
    assert on_slides(markdown("[one](01_a.ipynb), [two](solutions/01_a.py)"))[0][1] == (
        "[one](01_a.html), [two](solutions/01_a.py)"
    )


def test_a_table_of_claims_has_verdicts_without_our_numbers():
    lines = ["| claim | the paper | here | verdict |", "| --- | --- | --- | --- |"]
    lines += ["| skips help | yes | 5 points | seen live |"]
    table = new_output("execute_result", data={"text/markdown": "\n".join(lines)})
    cells = [markdown(FIRST), code("claims", outputs=[table], hide_code=True)]
    *_, claims = for_slides(new_notebook(cells=cells)).cells
    assert claims.outputs[0].data["text/markdown"].splitlines() == [
        "| claim | the paper | verdict |",
        "| --- | --- | --- |",
        "| skips help | yes | seen live |",
    ]
