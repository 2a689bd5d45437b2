"""Each exercise has one solution below it, which is that of notebooks/solutions."""

import ast

import nbformat
import pytest

from tools.notebooks import NOTEBOOKS
from tools.solutions import FOLD, renew, solutions

CHAPTERS = sorted(NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_folded_solutions_are_those_of_the_file(path):
    notebook = nbformat.read(path, as_version=4)
    folded = [m["code"] for cell in notebook.cells for m in FOLD.finditer(cell.source)]
    expected = solutions(NOTEBOOKS / "solutions" / f"{path.stem}.py")
    assert sorted(folded) == sorted(expected.values()), "run `make solutions`"


def test_a_solution_comes_with_its_imports_and_reasons(tmp_path):
    file = tmp_path / "09.py"
    file.write_text(
        '"""Solutions."""\n\nimport math\n\nimport numpy as np\n\n\ndef root(x):\n'
        '    return math.sqrt(x)\n\n\n# Not B: it is no net.\nright = {"A"}\n',
        encoding="utf-8",
    )
    found = solutions(file)
    assert found["root"] == "import math\n\n\ndef root(x):\n    return math.sqrt(x)"
    assert found["right"] == '# Not B: it is no net.\nright = {"A"}'
    assert all(ast.parse(code) for code in found.values())


def test_an_old_solution_is_renewed():
    code = "```python\ndef f(x):\n    {}\n```"
    fold = f"Try.\n<details><summary>Solution</summary>\n\n{code}\n</details>"
    cell = nbformat.v4.new_markdown_cell(fold.format("return 1"))
    new = "def f(x):\n    return 2"
    [cell] = renew(nbformat.v4.new_notebook(cells=[cell]), {"f": new}).cells
    assert cell.source == fold.format("return 2")
