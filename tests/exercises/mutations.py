"""Small changes of a function's code, such as a careless hand makes: `mutants`."""

import ast

# No power where none was: a large one would keep Python busy, deaf to the time limit.
OPERATORS = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.FloorDiv, ast.MatMult],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Mult, ast.Div],
    ast.Mod: [ast.FloorDiv, ast.Mult],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult, ast.Add],
    ast.RShift: [ast.LShift],
    ast.BitAnd: [ast.BitOr],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.USub: [ast.UAdd],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Break: [ast.Continue],
}
PAIRS = ["max min", "argmax argmin", "zeros ones", "ceil floor", "any all", "mean sum"]
FUNCTIONS = {a: [b] for pair in map(str.split, PAIRS) for a, b in (pair, pair[::-1])}


def mutants(code):
    """The code of a function without docstring and comments; then that of each mutant of it.

    >>> mutants("def f(x):\\n    return 2 - x")[-3:]
    ['def f(x):\\n    return 2 + x', 'def f(x):\\n    return 3 - x', 'def f(x):\\n    return 1 - x']
    """
    (function,) = ast.parse(code).body
    if ast.get_docstring(function):
        function.body.pop(0)
    nodes = list(ast.walk(function))
    names = {node.arg for node in nodes if isinstance(node, ast.arg)}
    names |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found = [ast.unparse(function)]
    for parent in nodes:
        for field, old in ast.iter_fields(parent):
            for new in _changes(parent, field, old, sorted(names)):
                setattr(parent, field, new)
                found.append(ast.unparse(function))
            setattr(parent, field, old)
    return list(dict.fromkeys(found))


def _changes(parent, field, old, names):
    """What may stand in the place of `old`, which is a field of the node `parent`."""
    yield from (new() for new in OPERATORS.get(type(old), []))
    if isinstance(old, list) and not isinstance(parent, ast.arguments):
        yield from _lists(field, old)
    if isinstance(parent, ast.Name | ast.Attribute) and field != "ctx":
        yield from FUNCTIONS.get(old, []) if isinstance(old, str) else []
    if isinstance(parent, ast.Name) and isinstance(parent.ctx, ast.Load) and old in names:
        yield from (name for name in names if name != old)
    if isinstance(parent, ast.Constant) and field == "value":
        yield from _constants(old)
    yield from _parts(old)
    if field == "test":
        yield ast.UnaryOp(ast.Not(), old)
    if isinstance(parent, ast.Slice) and old:
        yield None


def _parts(old):
    """What is left of an expression if a part of it is forgotten, or if its sides are swapped."""
    match old:
        case ast.BinOp(left, op, right):
            yield from (left, right)
            if not isinstance(op, ast.Add | ast.Mult | ast.BitAnd):  # a + b is b + a
                yield ast.BinOp(right, op, left)
        case ast.UnaryOp(_, operand):
            yield operand
        case ast.IfExp(_, body, orelse):
            yield from (body, orelse)
        case ast.Subscript(value) | ast.Attribute(value):
            yield value
        case ast.Call(func, args):
            yield from [*([func.value] if isinstance(func, ast.Attribute) else []), *args]


def _lists(field, old):
    """A list with another operator, without one of its entries, or with two neighbours swapped."""
    for i, item in enumerate(old):
        before, after = old[:i], old[i + 1 :]
        yield from ([*before, new(), *after] for new in OPERATORS.get(type(item), []))
        if field in ("body", "orelse", "keywords", "elts", "args"):
            alone = field == "body" and len(old) == 1
            yield [ast.Pass()] if alone else [*before, *after]
            if after:
                yield [*before, after[0], item, *after[1:]]


def _constants(old):
    if isinstance(old, bool):
        yield not old
    elif isinstance(old, int):
        yield from (old + 1, old - 1)
    elif isinstance(old, float):
        yield from (1.001 * old, -old)
    elif isinstance(old, str):
        yield f"{old}?"
