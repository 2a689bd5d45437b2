"""A public name of course_lib lives because a notebook, a tool or another module uses it."""

import ast
import re

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from tools.notebooks import NOTEBOOKS, ROOT

MODULES = {path: path.read_text(encoding="utf-8") for path in ROOT.glob("course_lib/**/*.py")}


def defined(code):
    """The public names that a module defines at its top level, as two sets.

    First the functions that only functions of the module call, if any: they need another user.
    Then classes, which may be there to be returned or raised, values, and functions in a table.
    """
    tree, functions, others, listed = ast.parse(code), set(), set(), set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            functions.add(node.name)
        elif isinstance(node, ast.ClassDef):
            others.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for child in ast.walk(node):
                if isinstance(child, ast.Name):
                    (others if isinstance(child.ctx, ast.Store) else listed).add(child.id)
    public = [functions - listed, others | (functions & listed)]
    return [{name for name in names if not name.startswith("_")} for names in public]


def used(code, imports=True):
    """Every identifier that code reads or imports; what it only defines does not count."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias) and imports:
            names.add(node.name.split(".")[-1])
    return names


def readers():
    """The code of notebooks, solutions and tools, and the README's example."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                yield (code := TransformerManager().transform_cell(cell.source))
                # A program that a page starts as a process of its own is a text there.
                texts = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)]
                yield from (t for t in texts if isinstance(t, str) and "\nfrom course_lib" in t)
    for path in [*NOTEBOOKS.glob("solutions/*.py"), *ROOT.glob("tools/**/*.py")]:
        yield path.read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    yield from re.findall(r"```python\n(.*?)```", readme, re.S)


def test_every_public_name_is_used():
    """A function by another file or a table; a class or a value perhaps by its own file alone."""
    # A package's __init__ imports a name to pass it on: that alone is no use.
    uses = {path: used(code, path.name != "__init__.py") for path, code in MODULES.items()}
    outside = set().union(*map(used, readers()))
    unused = []
    for path, code in MODULES.items():
        elsewhere = outside.union(*(names for other, names in uses.items() if other != path))
        functions, others = defined(code)
        missing = (functions - elsewhere) | (others - elsewhere - uses[path])
        unused += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(missing)]
    assert not unused, "remove, use, or start with an underscore:\n" + "\n".join(sorted(unused))
