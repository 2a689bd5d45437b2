"""`make solutions`: the folded solution below each exercise, from notebooks/solutions."""

import ast
import re

import nbformat

from tools.links import save_notebook
from tools.notebooks import NOTEBOOKS

FOLD = re.compile(
    r"<details><summary>Solution</summary>\n\n```python\n(?P<code>.*?)\n```\n</details>", re.S
)
NAME = re.compile(r"^(?:def )?(\w+)(?:\(| = )", re.M)


def solutions(path):
    """The code of each solution in a file, by name, with the comments above it and its imports.

    Args:
        path: a file of imports, functions and values, in the order of the exercises.
    """
    code = path.read_text(encoding="utf-8")
    tree, lines, done, imports, found = ast.parse(code), code.splitlines(), 0, [], {}
    for node in tree.body:
        part = "\n".join(lines[done : node.end_lineno]).strip()
        done = node.end_lineno
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append((node.names[0].asname or node.names[0].name, part))
        elif isinstance(node, ast.FunctionDef | ast.Assign):
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            needed = "".join(f"{line}\n" for name, line in imports if name in used)
            name = node.name if isinstance(node, ast.FunctionDef) else node.targets[0].id
            found[name] = f"{needed}\n\n{part}".strip() if needed else part
    return found


def renew(notebook, code_by_name):
    """Put the code of each solution into the fold that holds one of its name."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (fold := FOLD.search(cell.source)):
            code = code_by_name[NAME.search(fold["code"])[1]]
            cell.source = cell.source[: fold.start("code")] + code + cell.source[fold.end("code") :]
    return notebook


def main():
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        save_notebook(renew(notebook, solutions(NOTEBOOKS / "solutions" / f"{path.stem}.py")), path)


if __name__ == "__main__":
    main()
