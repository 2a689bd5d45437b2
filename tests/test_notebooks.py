"""The rules that every notebook keeps. nbval checks that its outputs are right."""

import re

import nbformat
import pytest

from tools.links import link_notebook, link_readme, repository, setup_cell
from tools.notebooks import NOTEBOOKS, ROOT

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
REPO = repository()
TAGS = {"setup", "exercise", "live", "recorded", "nbval-ignore-output"}
KINDS = {"compute", "read", "build", "predict", "repair", "challenge"}
SLIDES = {"slide", "subslide", "fragment", "notes", "skip", "-"}
MEASURED = re.compile(r"(?<![\w-])\d[\d.]* ?(%|points|times|epochs|to [-+]?\d)")
IMAGE = re.compile(r"!\[(.*?)\]\(|<img\b([^>]*)>")

pytestmark = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell):
    return set(cell.metadata.get("tags", []))


def test_is_valid(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


def test_was_run_whole_and_in_order(code):
    """nbval does not compare a cell that was never run, and says nothing."""
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.source.strip() for cell in code), "an empty code cell"


def test_saved_no_error_and_no_stderr(code):
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error", output
            assert output.get("name") != "stderr", output.text


def test_saved_no_widgets(notebook):
    """Saved by hand from JupyterLab, a notebook holds views that no other reader can open."""
    assert "widgets" not in notebook.metadata, "run `make refresh`"
    kinds = {
        kind for c in notebook.cells for o in c.get("outputs", []) for kind in o.get("data", {})
    }
    assert not any("widget-view" in kind for kind in kinds), "run `make refresh`"


def test_every_cell_has_a_slide_type(notebook):
    for cell in notebook.cells:
        assert cell.metadata.get("slideshow", {}).get("slide_type") in SLIDES, cell.source


def test_every_picture_has_a_text(notebook):
    def texts(cell):
        if cell.cell_type == "markdown":
            yield cell.source
        for output in cell.get("outputs", []):
            yield str(output.get("data", {}).get("text/html", ""))

    for cell in notebook.cells:
        for text in texts(cell):
            for alt, attributes in IMAGE.findall(text):
                assert alt.strip() or re.search(r'alt="[^"]+"', attributes), text[:200]
        for output in cell.get("outputs", []):
            kinds = output.get("data", {})
            assert not any(kind.startswith("image/") for kind in kinds), f"use show: {cell.source}"


def test_no_number_from_a_run_of_ours_is_typed(notebook):
    """It would contradict the next run. Records show such numbers, and figures."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for name in ("slide", "notes", "live"):  # what a slide and its speaker say
        texts += [cell.metadata[name] for cell in notebook.cells if name in cell.metadata]
    for text in texts:
        assert "lowest to highest" not in text and "% here" not in text
        for sentence in re.split(r"(?<=[.;])\s|[|\n]", re.sub(r"`[^`]*`", "", text)):
            measured = re.search(r"\bseeds?\b", sentence) and MEASURED.search(sentence)
            assert not measured, f"record it (`make records`), or say it in words: {sentence}"


def test_code_cells_are_short(code):
    """Imports and blank lines do not count."""
    for cell in code:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith(("import ", "from "))]
        assert len(lines) <= 15, cell.source


def test_outputs_are_compared(code):
    with_output = [cell for cell in code if cell.outputs]
    ignored = [cell for cell in with_output if "nbval-ignore-output" in tags(cell)]
    assert len(ignored) <= 0.1 * len(with_output)


def test_marks_are_known_tags(code):
    for cell in code:
        assert tags(cell) <= TAGS, cell.source
        assert not re.search(r"#\s*(NBVAL_|PYTEST_VALIDATE)", cell.source), cell.source
        if "nbval-ignore-output" in tags(cell):
            assert cell.metadata.get("reason", "").strip(), f"no reason: {cell.source}"


def test_link_and_setup_cell_are_the_template(path, code):
    """`make links` writes them, and would change nothing."""
    text = path.read_text(encoding="utf-8")
    assert text == link_notebook(text, REPO, path.name)
    assert text.count("[Open in Colab]") == bool(REPO)
    assert [cell.source for cell in code if "setup" in tags(cell)] == [setup_cell(REPO)]
    assert "setup" in tags(code[0])


def test_starts_with_question_and_minutes(notebook):
    head = "\n".join(cell.source for cell in notebook.cells[:3] if cell.cell_type == "markdown")
    assert re.search(r"^# ", head, re.M)
    assert "?" in head, "the question that the chapter answers"
    assert re.search(r"\d+ min", head), "minutes to read and to run"


def test_formulas_need_no_program(notebook):
    """The decks, the speaker's notes and the site have none that sets LaTeX."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert not [text for text in texts if re.search(r"\$|\\[a-z(\[]", text)]


def test_has_exercises(path, notebook, code):
    assert sum("exercise" in tags(cell) for cell in notebook.cells) >= 3
    assert (NOTEBOOKS / "solutions" / f"{path.stem}.py").exists()


def test_exercises_say_what_they_are(code):
    for cell in code:
        assert ("exercise" in cell.metadata) == ("exercise" in tags(cell)), cell.source
        if about := cell.metadata.get("exercise"):
            assert set(about) == {"kind", "minutes", "teaches"}
            assert about["kind"] in KINDS
            assert isinstance(about["minutes"], int) and 1 <= about["minutes"] <= 60
            assert 10 < len(about["teaches"]) < 90 and about["teaches"][-1] not in ".;,"


def test_cells_to_type_live_are_short_and_said_in_words(path, notebook):
    live = [cell for cell in notebook.cells if "live" in tags(cell)]
    assert len(live) <= 6 and (len(live) >= 3 or path.stem < "02")
    assert [cell for cell in notebook.cells if "live" in cell.metadata] == live
    for cell in live:
        assert cell.cell_type == "code"
        assert 3 <= len([line for line in cell.source.splitlines() if line.strip()]) <= 12
        assert len(cell.metadata["live"].split()) > 5


def test_readme_has_its_row(path, notebook):
    """With the minutes that the chapter says, and the links that `make links` writes."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    run = r"(\d+(?: to \d+)?)"
    minutes = rf"\| (\d+) \| {run} \|"
    row = re.search(
        rf"^\| \[{path.stem[:2]} .*\(notebooks/{path.name}\).*? {minutes}", readme, re.M
    )
    head = "\n".join(cell.source for cell in notebook.cells[:3])
    found = re.search(rf"(\d+) minutes to read, {run} minutes? to run", head)
    assert row.groups() == found.groups()
    assert readme == link_readme(readme, REPO)
