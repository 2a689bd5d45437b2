"""A student may run any cell twice: it gives the same, and nothing after it breaks.

The nets are built but not trained here, which the cells do not notice.
"""

import ast
import contextlib
import io

import numpy as np
import pandas as pd
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course_lib import training
from course_lib.training import loop
from course_lib.training.comparison import Comparison
from course_lib.training.progress import COLUMNS
from tools.notebooks import NOTEBOOKS
from tools.records import pages

CHAPTERS = sorted(path.stem[:2] for path in NOTEBOOKS.glob("*.ipynb"))


def history(config):
    steps = np.linspace(0.9, 0.5, config.epochs)[:, None]
    epochs = pd.RangeIndex(1, config.epochs + 1, name="epoch")
    return pd.DataFrame(np.repeat(steps, len(COLUMNS), axis=1), columns=COLUMNS, index=epochs)


def train(build, train, test, config, folder=None):
    return loop.built(build, config), history(config)


def compare(nets, train, test, config, curves=False):
    entries = {n: e if isinstance(e, tuple) else (e, {}) for n, e in nets.items()}
    models = {name: loop.built(build, config) for name, (build, _) in entries.items()}
    table = pd.DataFrame(
        {
            name: {"train": 0.5, "test": 0.4, "parameters": model.count_params(), "seconds": 1.0}
            for name, model in models.items()
        }
    ).T.rename_axis("net")
    return Comparison(table, models, {name: history(config) for name in nets})


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_cell_runs_twice(chapter, monkeypatch):
    monkeypatch.setattr(training, "compare", compare)
    monkeypatch.setattr(training, "train", train)
    names = {"__name__": "page", "display": print}
    for cell in pages.cells(chapter, left_out={"setup"}):
        if cell.cell_type != "code":
            continue
        code = compile(ast.parse(TransformerManager().transform_cell(cell.source)), cell.id, "exec")
        printed = []
        for _ in range(2):
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(code, names)
            printed.append(output.getvalue())
        if "nbval-ignore-output" not in cell.metadata.get("tags", ()):
            assert printed[0] == printed[1], cell.source
