"""A chapter's own experiments: what its page trains, and how its claims fare with another seed."""

import ast
import contextlib
import inspect
import io
import symtable
from unittest import mock

import nbformat
import numpy as np

from course_lib import training
from course_lib.evidence import claims
from tools.notebooks import NOTEBOOKS

# Exercises prove nothing, cells with records wait for the record, and nothing has to be fetched.
LEFT_OUT = {"setup", "exercise", "recorded"}


def cells(chapter: str, left_out=LEFT_OUT) -> list:
    """A page's cells without those that have one of these tags."""
    (path,) = NOTEBOOKS.glob(f"{chapter}_*.ipynb")
    found = nbformat.read(path, as_version=4).cells
    return [cell for cell in found if not left_out & set(cell.metadata.get("tags", ()))]


def comparisons(chapter: str) -> dict[str, tuple[str, dict]]:
    """Each `name = training.compare(...)` of a page: the heading above it and its arguments.

    Only the statements that the arguments need are run; nothing is trained.
    """
    nodes, found = [], {}
    for heading, node in _statements(chapter):
        nodes.append(node)
        if name := _compared(node):
            found[name] = heading, node.value
    names = {"bind": inspect.signature(training.compare).bind}
    calls = [node.value for node in nodes if _compared(node)]
    for call in calls:
        call.func = ast.parse("bind", mode="eval").body
    needed = _needed([node for node in nodes if not _compared(node)], calls)
    _run(needed, chapter, names)
    return {
        name: (heading, eval(_compiled(ast.Expression(call), chapter, "eval"), names).arguments)
        for name, (heading, call) in found.items()
    }


def values(chapter: str, names: tuple[str, ...]) -> list:
    """What a page defines under these names; only what they need is run."""
    nodes = [node for _, node in _statements(chapter) if not _compared(node)]
    wanted = [ast.Name(name, ast.Load()) for name in names]
    found = {}
    _run(_needed(nodes, wanted), chapter, found)
    return [found[name] for name in names]


def run(chapter: str, seed: int, compare) -> tuple[dict[str, bool], dict[str, list[list[float]]]]:
    """Run a page, outside its exercises, with `seed` added to every seed in it.

    `compare(name, nets, train, test, config)` replaces `training.compare`; `name` is what the page
    calls the result. Returns whether each claim holds, by its sentence; and both sides of each
    comparison of numbers that the page makes outside its functions, by its code, such as
    "behind > 10", for each time that it is made.
    """
    held, sides = {}, {}

    def claim(sentence, holds):
        held[sentence] = bool(holds)

    def note(code, left, right):
        if np.ndim(left) == np.ndim(right) == 0:
            pair = [float(f"{side:.5g}") for side in (left, right)]
            pairs = sides.setdefault(code, [])
            pairs += [] if pair in pairs else [pair]
        return left

    def compare_as(name):
        return lambda nets, train, test, config, curves=False: compare(
            name, nets, train, test, config
        )

    def train(*arguments):
        model, history = original_train(*arguments)
        if "stopped" in history.attrs:
            raise KeyboardInterrupt
        return model, history

    change, original_train = _Changed(seed), training.train
    nodes = [ast.fix_missing_locations(change.visit(node)) for _, node in _statements(chapter)]
    with (
        mock.patch.object(claims, "claim", claim),
        mock.patch.object(training, "train", train),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        _run(nodes, chapter, {"note": note, "compare_as": compare_as})
    return held, sides


def compared_numbers(chapter: str) -> set[str]:
    """The code of the comparisons that `run` would note, if the page comes to them."""
    change = _Changed(seed=0)
    for _, node in _statements(chapter):
        change.visit(node)
    return change.codes


def claims_shown(chapter: str) -> set[str]:
    """The sentences of the claims in a page's saved outputs."""
    outputs = (o for cell in cells(chapter) for o in cell.get("outputs", ()))
    lines = (line for o in outputs for line in o.get("text", "").splitlines())
    ends = (": yes", ": NO")
    return {line.rpartition(":")[0] for line in lines if line.endswith(ends)}


class _Changed(ast.NodeTransformer):
    """A page's code with other seeds; its comparisons call `note`, and its trainings `compare`."""

    def __init__(self, seed):
        self.seed, self.in_function, self.codes = seed, False, set()

    def visit_FunctionDef(self, node):
        outside, self.in_function = self.in_function, True
        names = [argument.arg for argument in node.args.args]
        pairs = zip(reversed(names), reversed(node.args.defaults), strict=False)
        for default in [default for name, default in pairs if name == "seed"]:
            default.value += self.seed
        self.generic_visit(node)
        self.in_function = outside
        return node

    def visit_Assign(self, node):
        if name := _compared(node):
            node.value.func = ast.parse(f"compare_as({name!r})", mode="eval").body
        self.generic_visit(node)
        return node

    def visit_Call(self, node):
        called = ast.unparse(node.func)
        seeds = [keyword.value for keyword in node.keywords if keyword.arg == "seed"]
        if called.endswith("set_random_seed"):
            seeds += node.args
        elif called.endswith("TrainingConfig") and not seeds:
            node.keywords.append(ast.keyword("seed", ast.Constant(self.seed)))
        for seed in seeds:
            if isinstance(seed, ast.Constant):
                seed.value += self.seed
        self.generic_visit(node)
        return node

    def visit_Compare(self, node):
        orders = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
        if not self.in_function and len(node.ops) == 1 and isinstance(node.ops[0], orders):
            right = ast.Name("right of it", ast.Load())
            kept = ast.NamedExpr(ast.Name("right of it", ast.Store()), node.comparators[0])
            code = ast.Constant(ast.unparse(node))
            self.codes.add(code.value)
            left = ast.Call(ast.Name("note", ast.Load()), [code, node.left, kept], [])
            return ast.Compare(left, node.ops, [right])
        self.generic_visit(node)
        return node


def _statements(chapter):
    """The page's statements, each with the heading above it, which is not an exercise's."""
    heading = ""
    for cell in cells(chapter):
        if cell.cell_type == "markdown":
            lines = [line for line in cell.source.splitlines() if line.startswith("#")]
            lines = [line for line in lines if not line.startswith("### Exercise ")]
            heading = lines[-1].lstrip("# ") if lines else heading
        elif cell.cell_type == "code":
            for node in ast.parse(cell.source).body:
                yield heading, node


def _compared(node):
    """What the page calls the result, if the statement is a comparison."""
    called = isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    if called and ast.unparse(node.value.func) == "training.compare":
        return node.targets[0].id
    return None


def _needed(statements, expressions):
    """The statements that `expressions` need, in their order."""
    needed, done, names = set(), set(), _read(expressions)
    while names := names - done:
        done |= names
        defining = {i for i, node in enumerate(statements) if _bound(node) & names}
        names = _read([statements[i] for i in defining - needed])
        needed |= defining
    return [statements[i] for i in sorted(needed)]


def _bound(node):
    """Names that a statement at the top of the page defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    names = (child for child in ast.walk(node) if isinstance(child, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def _read(nodes):
    """Names from elsewhere on the page that `nodes` use, also inside functions."""
    tables = [symtable.symtable("\n".join(map(ast.unparse, nodes)), "page", "exec")]
    names = set()
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if top or s.is_global()}
        tables += table.get_children()
    return names


def _run(nodes, chapter, names):
    exec(_compiled(ast.Module(nodes, []), chapter, "exec"), names)


def _compiled(tree, chapter, mode):
    return compile(ast.fix_missing_locations(tree), f"chapter {chapter}", mode)
