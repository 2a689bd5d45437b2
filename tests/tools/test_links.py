"""The set-up cell: quiet where course_lib is there, one sentence where it cannot be had."""

import importlib.util
from types import SimpleNamespace

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools.links import setup_cell


@pytest.fixture
def run_cell(monkeypatch):
    """Run the set-up cell where course_lib is found (or not) each time that it is looked for."""

    def run(*found):
        answers, fetched = iter(found), []
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: next(answers) or None)
        ipython = SimpleNamespace(run_line_magic=lambda *magic: fetched.append(magic))
        code = TransformerManager().transform_cell(setup_cell("owner/name"))
        exec(code, {"get_ipython": lambda: ipython})
        return fetched

    return run


def test_does_nothing_where_course_lib_is_there(run_cell, capfd):
    assert run_cell(True) == []
    assert capfd.readouterr() == ("", "")


def test_fetches_it_where_it_is_missing(run_cell):
    [(magic, line)] = run_cell(False, True)
    assert magic == "pip"
    assert line.startswith("install -q") and line.endswith(" git+https://github.com/owner/name")
    assert not set(line) & set("\"'{}$"), "IPython changes these"


def test_says_what_is_missing_where_it_cannot_be_fetched(run_cell):
    with pytest.raises(
        RuntimeError, match=r"course_lib is missing.* internet connection\?.*make lab"
    ):
        run_cell(False, False)
