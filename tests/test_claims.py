import numpy as np

from course_lib.claims import ClaimsTable, claim


def test_claim_says_no_loudly(capsys):
    claim("nine is more than ten", 9 > 10)
    assert capsys.readouterr().out == "nine is more than ten: NO\n"


def test_table_shows_every_row_and_tells_the_verdicts_apart():
    rows = [("a", "1, Table 2", "more than 1", np.True_), ("b", "2", "less", False)]
    table = ClaimsTable([*rows, ("c", "3", "3.1", None)])
    assert table._repr_markdown_().splitlines() == [
        "| claim | the paper | measured here | verdict |",
        "| --- | --- | --- | --- |",
        "| a | 1, Table 2 | more than 1 | seen here |",
        "| b | 2 | less | not seen here |",
        "| c | 3 | 3.1 | too small to tell |",
    ]
    assert repr(table).splitlines()[1] == "b | paper: 2 | here: less | not seen here"
