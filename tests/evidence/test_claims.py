import numpy as np
import pytest

from course_lib.evidence.claims import ClaimsTable, claim


@pytest.mark.parametrize(("holds", "word"), [(True, "yes"), (np.bool_(False), "NO")])
def test_claim_says_yes_or_no(holds, word, capsys):
    claim("it holds", holds)
    assert capsys.readouterr().out == f"it holds: {word}\n"


def test_claims_table_has_three_verdicts_and_shows_them_as_markdown():
    table = ClaimsTable()
    table.add("a", "1", "2", np.float64(2) > 1)
    table.add("b", "3", "4", False)
    table.add("c", "5", "6", None)
    assert repr(table).splitlines()[2] == "c | paper: 5 | here: 6 | this test cannot see it"
    lines = table._repr_markdown_().splitlines()
    assert lines[0] == "| claim | the paper | here | verdict |"
    assert [line.split(" | ")[-1] for line in lines[2:]] == [
        "seen live |",
        "not seen |",
        "this test cannot see it |",
    ]


def test_a_cell_that_runs_twice_adds_its_row_once():
    table = ClaimsTable()
    for seen in (False, True):
        table.add("a", "1", "2", seen)
    assert repr(table) == "a | paper: 1 | here: 2 | seen live"
