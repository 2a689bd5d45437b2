"""Pages are read as they are, runs go on after a stop, and records that do not fit say so."""

import dataclasses
import json
import os
import re
import signal
import time
from types import SimpleNamespace

import keras
import nbformat
import numpy as np
import pandas as pd
import pytest

from course_lib.evidence import records
from course_lib.training import TrainingConfig
from tools.records import listing, pages, running
from tools.records.running import Experiment

PAGE = [
    "import keras\nimport numpy as np\nfrom functools import partial\n"
    "from course_lib import training\nfrom course_lib.evidence.claims import claim",
    "images = np.random.default_rng(0).normal(size=(32, 4, 4, 1)).astype('float32')\n"
    "labels = (images.mean(axis=(1, 2, 3)) > 0).astype('uint8')\n"
    "print('of no use for the comparison')",
    "def build(units):\n"
    "    net = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])\n"
    "    net.add(keras.layers.Dense(units, 'relu'))\n"
    "    net.add(keras.layers.Dense(2, 'softmax'))\n"
    "    return net",
    "config = training.TrainingConfig(epochs=2, batch_size=8)\n"
    "race = training.compare({'narrow': partial(build, 2), 'wide': (partial(build, 8),"
    " {'momentum': 0.0})}, (images, labels), (images, labels), config)",
    "keras.utils.set_random_seed(3)\n"
    "drawn = keras.random.uniform((1,), seed=4)[0]\n"
    "worst = race.table['train'].min()\n"
    "claim('learns something', worst > 0.1)\nclaim('draws a number', drawn < 2)",
]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A chapter 77 of its own, in a folder of its own."""
    cells = [nbformat.v4.new_code_cell(source) for source in PAGE]
    cells[-1].outputs = [nbformat.v4.new_output("stream", text="learns something: yes\nand: so\n")]
    cells.insert(3, nbformat.v4.new_markdown_cell("Text\n\n## Who learns faster?"))
    cells.append(nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["exercise"]}))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "77_page.ipynb")
    monkeypatch.setattr(pages, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(records, "FOLDER", tmp_path / "records")
    monkeypatch.setattr(running, "WORK", tmp_path / "work")
    monkeypatch.setattr(listing, "WORK", tmp_path / "work")
    return tmp_path


def build():
    return keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    )


def pairs():
    images = np.random.default_rng(0).normal(size=(32, 4, 4, 1)).astype("float32")
    labels = (images.mean(axis=(1, 2, 3)) > 0).astype("uint8")
    return (images, labels), (images[:8], labels[:8])


EXPERIMENT = Experiment(
    name="small",
    chapter="77",
    question="Does it learn?",
    data_set="shapes10",
    load=pairs,
    nets={"net": build, "slow": (build, {"learning_rate": 0.001})},
    config=TrainingConfig(epochs=3, batch_size=8),
    minutes=1,
    seeds=(0, 1),
    keep=("net",),
)


def test_a_comparison_is_what_stands_on_the_page(page, capsys):
    ((name, (heading, arguments)),) = pages.comparisons("77").items()
    assert (name, heading) == ("race", "Who learns faster?")
    assert list(arguments["nets"]) == ["narrow", "wide"]
    assert arguments["nets"]["narrow"]().count_params() == 16 * 2 + 2 + 2 * 2 + 2
    assert arguments["config"] == TrainingConfig(epochs=2, batch_size=8)
    assert arguments["train"][0].shape == (32, 4, 4, 1)
    assert "of no use" not in capsys.readouterr().out


def test_a_page_runs_with_other_seeds_and_notes_what_it_compares(page):
    seen, drawn = [], []

    def compare(name, nets, train, test, config):
        seen.append((name, config.seed))
        return SimpleNamespace(table=pd.DataFrame({"train": [0.5, 0.75]}))

    for seed in (0, 1):
        held, sides = pages.run("77", seed, compare)
        assert held == {"learns something": True, "draws a number": True}
        assert sides["worst > 0.1"] == [[0.5, 0.1]]
        drawn.append(sides["drawn < 2"][0][0])
    assert seen == [("race", 0), ("race", 1)]
    assert drawn[0] != drawn[1]


def test_claims_shown_are_the_saved_ones(page):
    assert pages.claims_shown("77") == {"learns something"}
    assert pages.compared_numbers("77") >= {"worst > 0.1", "drawn < 2"}


def test_claims_that_do_not_fit_are_named(page):
    def save(claims, sides):
        records.FOLDER.mkdir(exist_ok=True)
        runs = [{"claims": claims, "sides": sides}] * 5
        (records.FOLDER / "77_claims.json").write_text(json.dumps({"runs": runs}))
        return listing.claims_state("77")

    right = {"learns something": True}
    assert save(right, {"worst > 0.1": []}) == "current"
    assert save({}, {}).endswith("the record: learns something")
    assert save(right, {"best > 0.1": []}).endswith("the record: best > 0.1")


def test_a_chapter_is_recorded(page):
    running.record_chapter("77", (0, 1))
    race = records.load("77_race")
    assert race.runs[["net", "seed"]].to_numpy().tolist() == [
        ["narrow", 0], ["wide", 0], ["narrow", 1], ["wide", 1],
    ]  # fmt: skip
    assert race.content["question"] == "Who learns faster?"
    claims = listing.read("77_claims")
    assert [run["seed"] for run in claims["runs"]] == [0, 1]
    (experiment,) = running.page_experiments("77", (0, 1))
    assert listing.state(experiment) == "current"
    # A seed more, and the work that is done is not done again.
    before = sorted(page.glob("work/**/last.npz"))
    times = [path.stat().st_mtime_ns for path in before]
    running.record_chapter("77", (0, 1, 2))
    assert [path.stat().st_mtime_ns for path in before] == times
    assert len(records.load("77_race").runs) == 6


def test_a_record_says_everything_of_a_run(page):
    running.record(EXPERIMENT)
    content = listing.read("small")
    assert content["nets"]["slow"]["config"]["learning_rate"] == 0.001
    assert content["nets"]["net"]["parameters"] == 34
    assert content["data"]["training_images"] == 32
    (machine,) = content["machines"]
    assert machine["threads"] == 0 and {"processor", "instructions", "tensorflow"} <= set(machine)
    first = content["runs"][0]
    assert (first["net"], first["seed"], first["machine"]) == ("net", 0, 0)
    assert all(len(values) == 3 for values in first["epochs"].values())
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"} == set(first["epochs"])


def test_a_stopped_run_goes_on_to_the_same_end(page, monkeypatch):
    running.record(EXPERIMENT)
    whole = listing.read("small")["runs"]
    (records.FOLDER / "small.json").unlink()
    monkeypatch.setattr(running, "WORK", page / "work again")
    epochs = []

    class Bar(running.tqdm):
        def update(self, n=1):
            epochs.append(n)
            if len(epochs) == 4:  # the first epoch of the second net
                os.kill(os.getpid(), signal.SIGINT)
            return super().update(n)

    monkeypatch.setattr(running, "tqdm", Bar)
    with pytest.raises(KeyboardInterrupt):
        running.record(EXPERIMENT)
    assert len(list(page.glob("work again/small/*/last.npz"))) == 2
    running.record(EXPERIMENT)
    again = listing.read("small")["runs"]
    for one, other in zip(whole, again, strict=True):
        assert one["results"] == other["results"]
        for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert one["epochs"][column] == other["epochs"][column]


def test_runs_that_stand_in_the_record_are_not_run_again(page, monkeypatch):
    """Another computer has the record, but not what the runs left."""
    running.record(dataclasses.replace(EXPERIMENT, seeds=(0,)))
    first = listing.read("small")
    half = first | {"runs": first["runs"][:1]}  # stopped between two nets
    (records.FOLDER / "small.json").write_text(json.dumps(half))
    monkeypatch.setattr(running, "WORK", page / "elsewhere")
    running.record(EXPERIMENT)
    both = listing.read("small")
    run_again = {path.parent.name[:6] for path in page.glob("elsewhere/small/*/last.npz")}
    assert run_again == {"0_slow", "1_slow", "1_net_"}
    assert both["runs"][0] == first["runs"][0]
    assert [(run["net"], run["seed"]) for run in both["runs"]] == [
        ("net", 0), ("slow", 0), ("net", 1), ("slow", 1),
    ]  # fmt: skip
    assert both["weights"] == first["weights"]
    # With other images nothing is taken over.
    other = dataclasses.replace(EXPERIMENT, seeds=(0,), load=lambda: (pairs()[0], pairs()[0]))
    running.record(other)
    assert len(listing.read("small")["runs"]) == 2


def test_a_record_that_does_not_fit_says_why(page):
    assert listing.state(EXPERIMENT) == "missing"
    (page / "work" / "small" / "0_net").mkdir(parents=True)
    (page / "work" / "small" / "0_net" / "last.npz").touch()
    assert listing.state(EXPERIMENT) == "partly done: 1 of 4 runs begun"
    running.record(dataclasses.replace(EXPERIMENT, seeds=(0,)))
    assert listing.state(EXPERIMENT) == "partly done: 2 of 4 runs"

    def wider():
        x = keras.layers.Dense(4, "relu")(keras.layers.Flatten()(i := keras.Input((4, 4, 1))))
        return keras.Model(i, keras.layers.Dense(2, "softmax")(x))

    changes = [
        ({"config": TrainingConfig(epochs=4, batch_size=8)}, "epochs of 'net' was 3, is 4"),
        ({"nets": {"net": wider, "slow": EXPERIMENT.nets["slow"]}}, "layers of 'net' have changed"),
        ({"nets": {"net": build}}, r"has the nets \['net', 'slow'\], not \['net'\]"),
        ({"question": "And now?"}, "its question was 'Does it learn.', and is 'And now.'"),
        ({"load": lambda: (pairs()[0], pairs()[0])}, "its images have changed"),
    ]
    for change, message in changes:
        found = listing.state(dataclasses.replace(EXPERIMENT, **change))
        assert found.startswith("stale: ") and re.search(message, found), found


def test_features_may_differ_between_processors(page):
    """A net computed them, and another processor adds in another order."""

    def features(error=0.0):
        (images, labels), _ = pairs()
        wide = np.repeat(images, 4, axis=-1) + np.float32(error)
        return (wide, labels), (wide[:8], labels[:8])

    def build_wide():
        image = keras.Input((4, 4, 4))
        x = keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(image))
        return keras.Model(image, x)

    experiment = dataclasses.replace(EXPERIMENT, load=features, nets={"net": build_wide})
    running.record(experiment)
    assert listing.state(dataclasses.replace(experiment, load=lambda: features(1e-6))) == "current"


def test_kept_weights_are_the_recorded_ones(page, monkeypatch, capsys):
    running.record(EXPERIMENT)
    content = listing.read("small")
    path = running.weights(content, "net")
    monkeypatch.setattr(listing, "EXPERIMENTS", {"small": lambda: EXPERIMENT})
    assert listing.check() is None
    assert "small, net: " in capsys.readouterr().out
    content["runs"][0]["results"]["test"] += 0.01
    (records.FOLDER / "small.json").write_text(json.dumps(content))
    assert listing.check("small") == "these weights do not give their accuracy: net"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not the file that was recorded"):
        running.weights(content, "net")
    assert "small_net.weights.h5 is not the file that was recorded" in listing.check("small")


def test_the_report_says_what_a_run_took(page):
    running.record(dataclasses.replace(EXPERIMENT, measures=lambda *_: {"top-5": 0.5, "blocks": 7}))
    report = listing.report("small")
    runs = [run for run in listing.read("small")["runs"] if run["net"] == "net"]
    row = report.loc["net"]
    assert row["seeds"] == len(runs) and row["top-5, %"] == "50.00 to 50.00"
    accuracies = [100 * run["results"]["test"] for run in runs]
    assert row["test, %"] == f"{min(accuracies):.2f} to {max(accuracies):.2f}"
    assert row["CPU seconds"] >= 0 and row["images/s"] > 0 and "blocks, %" not in report


def test_cpu_seconds_are_those_of_a_whole_run(page, monkeypatch):
    running.record(EXPERIMENT)
    assert all(run["cpu_seconds"] >= 0 for run in listing.read("small")["runs"])
    for path in page.glob("work/small/*/result.json"):
        path.unlink()  # as if the run had been killed before its end
    (records.FOLDER / "small.json").unlink()
    running.record(EXPERIMENT)
    assert not any("cpu_seconds" in run for run in listing.read("small")["runs"])


def test_a_setting_that_came_later_had_its_default(page):
    running.record(EXPERIMENT)
    path = records.FOLDER / "small.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for net in content["nets"].values():
        del net["config"]["sizes"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert listing.state(EXPERIMENT) == "current"
    changed = dataclasses.replace(EXPERIMENT.config, sizes=((3, 1),))
    sized = dataclasses.replace(EXPERIMENT, config=changed)
    assert "sizes of 'net' was [], is [[3, 1]]" in listing.state(sized)


def test_test_images_can_be_measured_only_at_the_end(page):
    running.record(dataclasses.replace(EXPERIMENT, curves=False))
    (run, *_), record = running.read(EXPERIMENT.name)["runs"], records.load(EXPERIMENT.name)
    assert (
        list(run["epochs"]) == ["loss", "accuracy", "seconds"] and 0 <= run["results"]["test"] <= 1
    )
    with pytest.raises(ValueError, match=r"column must be .*accuracy, seconds\), got 'val_loss'"):
        record.by_epoch(run["net"], "val_loss")


def test_a_rival_takes_an_epoch_after_each_epoch(page, monkeypatch):
    """Its processor seconds are not the net's, and a run with it begins again after a stop."""
    turns = []

    class Slow:
        def __init__(self, train, seed):
            assert len(train[0]) == 32
            self.seed = seed

        def epoch(self):
            turns.append(self.seed)
            end = time.process_time() + 0.4
            while time.process_time() < end:
                pass
            if stop_at == len(turns):
                os.kill(os.getpid(), signal.SIGINT)

        def measures(self, test):
            return {"rival": len(test[0]) / 1000}

    paired = dataclasses.replace(EXPERIMENT, nets={"net": build}, seeds=(3,), rival=Slow)
    stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        running.record(paired)
    stop_at = 0
    running.record(paired)
    assert turns == [3] * 5  # two before the stop, then all three
    (run,) = listing.read("small")["runs"]
    assert run["measures"]["rival"] == 0.008
    assert 1.2 <= run["measures"]["rival's CPU seconds"] < 1.6
    alone = dataclasses.replace(paired, rival=None)
    (records.FOLDER / "small.json").unlink()
    running.record(alone)
    (without,) = listing.read("small")["runs"]
    assert without["results"] == run["results"]  # the net is not disturbed
