import json

import numpy as np
import pytest

from course_lib.evidence import records
from course_lib.evidence.claims import ClaimsTable
from course_lib.evidence.records import Record, load


def run(net, seed, train, test, **measures):
    history = {"loss": [2.0, 1.0], "accuracy": [0.5, train], "val_accuracy": [0.4, test]}
    results = {"results": {"train": train, "test": test}, "measures": measures}
    return {"net": net, "seed": seed, **results, "epochs": history}


def content(runs):
    nets = {name: {"parameters": 1000} for name in ("plain", "residual")}
    return {"nets": nets, "data": {"name": "cifar10"}, "date": "2026-11-03", "runs": runs}


@pytest.fixture
def record():
    rows = [
        run("plain", 0, 0.5, 0.4),
        run("residual", 0, 0.75, 0.625, kept=30),
        run("plain", 1, 0.625, 0.5),
        run("residual", 1, 0.875, 0.5, kept=40),
    ]
    return Record(content(rows))


def test_shows_lowest_to_highest_under_its_label(record):
    assert repr(record).splitlines() == [
        "recorded: CIFAR-10, 2 seeds, 2 epochs, November 2026",
        "net | parameters | training accuracy, % | test accuracy, %",
        "plain | 1,000 | 50.0 to 62.5 | 40.0 to 50.0",
        "residual | 1,000 | 75.0 to 87.5 | 50.0 to 62.5",
    ]
    assert "| plain | 1,000 | 50.0 to 62.5 | 40.0 to 50.0 |" in record._repr_markdown_()


def test_measures_have_a_column_for_each_seed(record):
    assert record.measures("residual").to_dict() == {0: {"kept": 30}, 1: {"kept": 40}}


def test_against_a_net_shows_differences_seed_by_seed(record):
    table = repr(Record(record.content, against="plain")).splitlines()
    assert table[1].endswith(" | train, against plain | test, against plain")
    assert table[2].endswith("40.0 to 50.0 |  | ")
    assert table[3].endswith("50.0 to 62.5 | +25.0 | +0.0 to +22.5")


def test_one_seed_is_one_number():
    record = Record(content([run("plain", 0, 0.5, 0.4), run("residual", 0, 0.75, 0.6)]))
    assert "1 seed," in record.label
    assert "plain | 1,000 | 50.0 | 40.0" in repr(record)


def test_a_net_that_has_not_run_yet_is_named():
    record = Record(content([run("plain", 0, 0.5, 0.4)]))
    assert "residual | 1,000 | not run yet | not run yet" in repr(record)
    rows = repr(Record(record.content, against="plain")).splitlines()
    assert rows[-1].count("|") == rows[1].count("|")


def test_differences_are_paired_by_seed(record):
    train, test = (record.ahead("residual", "plain", measure) for measure in ("train", "test"))
    assert train.by_seed == {0: 25, 1: 25}
    assert train.seen and train.spread == 0
    assert test.by_seed == {0: 22.5, 1: 0}
    assert not test.seen and test.spread == 22.5
    assert str(test) == (
        "residual ahead of plain by 0.0 to 22.5 points of test accuracy with 2 seeds"
    )


def test_curves_have_a_column_for_each_seed(record):
    curves = record.by_epoch("plain", "accuracy")
    assert curves.index.tolist() == [1, 2]
    np.testing.assert_array_equal(curves[1], [0.5, 0.625])


def test_verdicts_of_recorded_runs(record):
    claims = ClaimsTable()
    claims.add_recorded("skips help in training", "3%", record.ahead("residual", "plain", "train"))
    claims.add_recorded("skips help in tests", "3%", record.ahead("residual", "plain"))
    one = Record(content([run("plain", 0, 0.5, 0.4), run("residual", 0, 0.4, 0.3)]))
    claims.add_recorded("with one seed", "3%", one.ahead("residual", "plain"))
    claims.add_recorded("the other way", "3%", one.ahead("plain", "residual"))
    assert [line.rpartition(" | ")[2] for line in repr(claims).splitlines()] == [
        "seen in the recorded run",
        "not seen; an effect of 22.5 points would have shown",
        "not seen, with one seed",
        "seen in the recorded run, with one seed",
    ]


def test_wrong_names_are_named(record):
    with pytest.raises(ValueError, match=r"net must be one of \['plain', 'residual'\], got 'flat'"):
        record.values("flat")


def test_load_reads_the_folder_and_an_installed_copy(tmp_path, monkeypatch):
    rows = [run("plain", 0, 0.5, 0.4), run("residual", 0, 0.75, 0.6)]
    path = tmp_path / "some.json"
    path.write_text(json.dumps(content(rows)))
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    assert len(load("some").runs) == 2

    class Installed:
        name = "some.json"

        def locate(self):
            return path

    monkeypatch.setattr(records, "FOLDER", tmp_path / "no folder")
    monkeypatch.setattr(records.importlib.metadata, "files", lambda package: [Installed()])
    assert len(load("some").runs) == 2
    with pytest.raises(ValueError, match="no record 'other'"):
        load("other")


def test_margins_show_what_depends_on_the_seed(tmp_path, monkeypatch):
    runs = [
        {"seed": 0, "sides": {"a > 1": [[3.0, 1.0]], "b > c": [[5.0, 2.0]], "d > 0": [[2.0, 0.0]]}},
        {"seed": 1, "sides": {"a > 1": [[4.5, 1.0]], "b > c": [[7.0, 3.0]], "d > 0": [[2.0, 0.0]]}},
    ]
    (tmp_path / "07_claims.json").write_text(json.dumps({"runs": runs}))
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    assert repr(records.margins("07")).splitlines() == [
        "on the page | with 2 seeds",
        "`a > 1` | 3 to 4.5",
        "`b > c` | 5 to 7, against 2 to 3",
    ]
