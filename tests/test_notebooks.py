"""The rules that every notebook keeps. nbval checks that its outputs are right."""

import re

import nbformat
import pytest

from tools.links import BADGE, badge, repository, setup_cell
from tools.notebooks import NOTEBOOKS, ROOT

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
REPO = repository()
TAGS = {"setup", "exercise", "recorded", "nbval-ignore-output"}
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
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    metadata = output.metadata
                    assert metadata.get("alt") or metadata.get(kind, {}).get("alt"), cell.source


def test_no_number_from_a_run_of_ours_is_typed(notebook):
    """It would contradict the next run. Records show such numbers, and figures."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert "lowest to highest" not in cell.source and "% here" not in cell.source
            for sentence in re.split(r"(?<=[.;])\s|[|\n]", re.sub(r"`[^`]*`", "", cell.source)):
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


def test_badge_and_setup_cell_are_the_template(path, notebook, code):
    """`make links` writes them."""
    first = notebook.cells[0].source.splitlines()
    assert badge(REPO, path.name) in [line for line in first if line.strip()][:2]
    assert "\n".join(cell.source for cell in notebook.cells).count("[![Open In Colab]") == 1
    assert [cell.source for cell in code if "setup" in tags(cell)] == [setup_cell(REPO)]
    assert "setup" in tags(code[0])


def test_starts_with_question_and_minutes(notebook):
    head = "\n".join(cell.source for cell in notebook.cells[:3] if cell.cell_type == "markdown")
    assert re.search(r"^# ", head, re.M)
    assert "?" in head, "the question that the chapter answers"
    assert re.search(r"\d+ min", head), "minutes to read and to run"


def test_has_exercises(path, notebook, code):
    assert sum("exercise" in tags(cell) for cell in notebook.cells) >= 3
    assert (NOTEBOOKS / "solutions" / f"{path.stem}.py").exists()


def test_readme_links_it(path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    link = re.search(r"\(([^()]*)\)$", badge(REPO, path.name))[1]
    assert link in readme
    prefix = (
        re.escape(BADGE.split("/github/")[0].rsplit("(", 1)[1]) + r"/github/([\w-]+/[\w.-]+)/blob"
    )
    assert set(re.findall(prefix, readme)) == {REPO}
