"""Run an experiment over its seeds, go on after a stop, and write its record."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path
from platform import python_version
from typing import Protocol

import keras
import pandas as pd
import tensorflow as tf
from tqdm import tqdm

from course_lib import machine, training
from course_lib.data.dataset import Pair, describe
from course_lib.evidence import records
from course_lib.measure import metrics, tables
from course_lib.models import outline
from course_lib.training import loop
from course_lib.training.comparison import Comparison
from course_lib.training.fingerprints import data_fingerprint, net_fingerprint
from course_lib.training.saving import DEFAULTS, as_saved
from course_lib.training.stopping import Stop
from tools.links import write
from tools.notebooks import ROOT, processor
from tools.records import pages

WORK = ROOT / "build" / "records"  # a folder for each run, from which a stopped one goes on
HISTORY = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")
INSTRUCTIONS = frozenset({"avx2", "avx512f", "avx512_bf16", "amx_bf16", "neon"})


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What is recorded under one name.

    Attributes:
        name, chapter, question: of the record.
        data_set: "shapes10", "stripes", "cifar10" or "cifar100".
        load: returns training and test images with their labels, ready for the nets.
        nets: names mapped to builders, or to pairs of a builder and the settings that differ.
        config: how every net is trained; each of `seeds` replaces its seed.
        minutes: what all seeds take on two cores, about.
        measures: what else is measured: a dictionary of numbers from a trained model and the test
            images with their labels.
        keep: the nets whose weights are kept with the record, of the first seed.
        curves: whether the test images are also measured after each epoch, not only at the end.
        rival: a training elsewhere that takes turns with the net's, an epoch each: a function of
            the training images with their labels and a seed that returns a `Rival`.
    """

    name: str
    chapter: str
    question: str
    data_set: str
    load: Callable[[], tuple[Pair, Pair]]
    nets: dict
    config: training.TrainingConfig
    minutes: float
    seeds: tuple[int, ...]
    measures: Callable[[keras.Model, Pair], dict] | None = None
    keep: tuple[str, ...] = ()
    curves: bool = True
    rival: Callable[[Pair, int], "Rival"] | None = None

    def recipes(self, seed=0):
        """Each net's builder and configuration."""
        pairs = {name: e if isinstance(e, tuple) else (e, {}) for name, e in self.nets.items()}
        return {
            name: (build, dataclasses.replace(self.config, seed=seed, **changes))
            for name, (build, changes) in pairs.items()
        }

    def facts(self):
        """What a record says of its nets and settings; a record with other facts is stale."""
        nets, outlines = {}, {}
        for name, (build, config) in self.recipes().items():
            model = outlines[id(build)] = outlines.get(id(build)) or outline(build)
            settings = as_saved(config)
            del settings["seed"]
            nets[name] = {
                "parameters": model.count_params(),
                "multiply_adds": tables.totals(model)["multiply_adds"],
                "builder": _described(build),
                "fingerprint": net_fingerprint(model),
                "config": settings,
            }
        return {"chapter": self.chapter, "question": self.question, "nets": nets}


class Rival(Protocol):
    """A training that is no net of ours, such as PyTorch's."""

    def epoch(self) -> None:
        """Train for the next epoch; nothing if all are done."""

    def measures(self, test: Pair) -> dict:
        """What it has reached, as numbers by their names."""


def page_experiments(chapter: str, seeds: tuple[int, ...]) -> list[Experiment]:
    """The comparisons that a chapter's page trains."""
    return [
        Experiment(
            name=f"{chapter}_{name}",
            chapter=chapter,
            question=heading,
            data_set="shapes10",
            load=lambda pairs=(a["train"], a["test"]): pairs,
            nets=a["nets"],
            config=a["config"],
            minutes=0,
            seeds=seeds,
        )
        for name, (heading, a) in pages.comparisons(chapter).items()
    ]


class Runs:
    """The runs of one experiment, and what its record says of all of them."""

    def __init__(self, experiment: Experiment):
        train, test = self.pairs = experiment.load()
        self.experiment, self.rows = experiment, []
        self.content = {
            "name": experiment.name,
            **experiment.facts(),
            "data": {
                "name": experiment.data_set,
                "training_images": len(train[0]),
                "test_images": len(test[0]),
                "image": list(train[0].shape[1:]),
                "fingerprint": data_fingerprint(train, test),
            },
        }
        self.nets = self.content["nets"]

    def work(self, runs=None):
        """The multiply-adds of these runs, or of all: a run's share of the time is about its own.

        A run is a net's name and a seed.
        """
        runs = product(self.nets, self.experiment.seeds) if runs is None else runs
        return sum(self._epoch(net) * self.nets[net]["config"]["epochs"] for net, _ in runs)

    def train(self, seed, stop, bar):
        """Train every net with a seed; returns models and histories by the nets' names."""
        trained = {name: self.run(name, seed, stop, bar) for name in self.nets}
        models, histories = ({n: pair[i] for n, pair in trained.items()} for i in (0, 1))
        return models, histories

    def run(self, name, seed, stop, bar):
        """Train one net with a seed; returns the model and its history."""
        bar.set_description_str(f"{self.experiment.name}, seed {seed}, {name}")
        build, config = self.experiment.recipes(seed)[name]
        train, test = self.pairs
        folder, done, cpu = self._folder(name, seed), 0, time.process_time()
        restored = interrupted = (folder / "last.npz").exists()
        rival = self.experiment.rival and self.experiment.rival(train, seed)
        rivals_cpu = 0.0

        def after_epoch(history):
            nonlocal done, restored, rivals_cpu
            work, done = (len(history) - done) * self._epoch(name), len(history)
            if restored and not bar.disable:  # they say nothing of the time that is left
                bar.initial += work
                restored = False
            bar.update(work)
            if rival:
                start = time.process_time()
                rival.epoch()
                rivals_cpu += time.process_time() - start

        model = loop.built(build, config)
        measured = test if self.experiment.curves else None
        # A rival cannot go on after a stop: a run with one begins again.
        saved = None if rival else folder
        history = loop.run(model, train, measured, config, stop, saved, after_epoch=after_epoch)
        cpu = time.process_time() - cpu - rivals_cpu
        if stop.asked:
            raise KeyboardInterrupt
        path = folder / "result.json"
        if rival or not path.exists():
            result = self._result(model)
            if not interrupted:  # of all threads together, without the tests after the training
                result["cpu_seconds"] = round(cpu)
            if rival:
                found = rival.measures(test) | {"rival's CPU seconds": rivals_cpu}
                result["measures"] |= {key: _rounded(value) for key, value in found.items()}
                folder.mkdir(parents=True, exist_ok=True)
            write(path, json.dumps(result))
        row = {"net": name, "seed": seed, **json.loads(path.read_text(encoding="utf-8"))}
        measured = [column for column in HISTORY if history[column].notna().all()]
        row["epochs"] = {column: history[column].map(_rounded).tolist() for column in measured}
        self.rows.append(row)
        return model, history

    def recall(self):
        """Take over the runs of a record that still fits; returns their nets and seeds."""
        content = read(self.experiment.name)
        if content is None or stale(self.experiment, content):
            return set()
        if content["data"] != self.content["data"]:
            return set()
        self.rows = [
            run | {"machine": content["machines"][run["machine"]]} for run in content["runs"]
        ]
        self.content["weights"] = content.get("weights", {})
        return {(run["net"], run["seed"]) for run in self.rows}

    def save(self):
        """Write the record of the runs so far."""
        _save(self.content | {"date": max(row["date"] for row in self.rows)}, self.rows)

    def keep(self, net, model):
        """Save the weights of a net, and note them in the record."""
        records.FOLDER.mkdir(exist_ok=True)
        file = f"{self.experiment.name}_{_slug(net)}.weights.h5"
        part = records.FOLDER / f"part_{file}"
        # The same layers without the optimizer, whose numbers would be saved, too.
        keras.Model(model.inputs, model.outputs).save_weights(part)
        part.replace(records.FOLDER / file)
        kept = {"file": file, "sha256": _sha256(records.FOLDER / file)}
        self.content.setdefault("weights", {})[net] = kept

    def _epoch(self, net):
        """The multiply-adds of one epoch."""
        return self.nets[net]["multiply_adds"] * len(self.pairs[0])

    def _folder(self, net, seed):
        """Where a run is saved: another place for other layers, settings or images."""
        settings = self.nets[net]["config"].items()
        changed = {key: value for key, value in settings if value != DEFAULTS[key]}
        facts = [self.nets[net]["fingerprint"], changed, self.content["data"]["fingerprint"]]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return WORK / self.experiment.name / f"{seed}_{_slug(net)}_{digest[:8]}"

    def _result(self, model):
        train, test = self.pairs
        results = {"train": metrics.accuracy(model, *train), "test": metrics.accuracy(model, *test)}
        found = self.experiment.measures(model, test) if self.experiment.measures else {}
        rounded = ({k: _rounded(value) for k, value in part.items()} for part in (results, found))
        return _here() | dict(zip(("results", "measures"), rounded, strict=True))


def record(experiment: Experiment) -> None:
    """Run what is missing of an experiment; its record is written after each run."""
    runs = Runs(experiment)
    done = runs.recall()
    with Stop() as stop, _bar([runs], runs.work(done)) as bar:
        for seed, net in product(experiment.seeds, experiment.nets):
            if (net, seed) in done:
                continue
            model, _ = runs.run(net, seed, stop, bar)
            if seed == experiment.seeds[0] and net in experiment.keep:
                runs.keep(net, model)
            runs.save()


def record_chapter(chapter: str, seeds: tuple[int, ...]) -> None:
    """Run a chapter's page with each seed: a record for each comparison, and one of its claims."""
    all_runs = {e.name: Runs(e) for e in page_experiments(chapter, seeds)}
    rows = []

    def compare(name, *_):
        runs = all_runs[f"{chapter}_{name}"]
        models, histories = runs.train(seed, stop, bar)
        results = {row["net"]: row["results"] for row in runs.rows if row["seed"] == seed}
        table = pd.DataFrame.from_dict(results, orient="index").rename_axis("net")
        table["parameters"] = [net["parameters"] for net in runs.nets.values()]
        table["seconds"] = [history["seconds"].min() for history in histories.values()]
        return Comparison(table, models, histories)

    with Stop() as stop, _bar(all_runs.values()) as bar:
        for seed in seeds:
            held, sides = pages.run(chapter, seed, compare)
            rows.append({"seed": seed, **_here(), "claims": held, "sides": sides})
            for runs in all_runs.values():
                runs.save()
            head = {"name": f"{chapter}_claims", "chapter": chapter, "date": rows[-1]["date"]}
            _save(head, rows)


def _bar(all_runs, done=0):
    """A progress bar for the multiply-adds of all runs, some of which are done."""
    work = sum(runs.work() for runs in all_runs)
    form = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
    return tqdm(total=work, initial=done, smoothing=0, bar_format=form)


def stale(experiment: Experiment, content: dict) -> list[str]:
    """What in a record no longer fits its experiment, a sentence each; none: it is current."""
    facts, found = experiment.facts(), []
    for key in ("question", "chapter"):
        if content[key] != facts[key]:
            found.append(f"its {key} was {content[key]!r}, and is {facts[key]!r}")
    if list(content["nets"]) != list(facts["nets"]):
        return [*found, f"it has the nets {list(content['nets'])}, not {list(facts['nets'])}"]
    for name, now in facts["nets"].items():
        then = content["nets"][name]
        if then["fingerprint"] != now["fingerprint"]:
            found.append(f"the layers of {name!r} have changed")
        for key, value in now["config"].items():
            # A setting that came later had its default.
            if (before := (DEFAULTS | then["config"])[key]) != value:
                found.append(f"{key} of {name!r} was {before!r}, is {value!r}")
    if experiment.data_set.startswith("cifar"):
        return found  # its images are not on every computer
    pairs = experiment.load()
    if pairs[0][0].shape[-1] > 3:
        return found  # features of a net: their last digits are the processor's
    if content["data"]["fingerprint"] != data_fingerprint(*pairs):
        found.append("its images have changed")
    return found


def weights(content: dict, net: str) -> Path:
    """The file with a recorded net's weights. ValueError unless it is the one that was recorded."""
    facts = content["weights"][net]
    path = records.FOLDER / facts["file"]
    if not path.exists() or _sha256(path) != facts["sha256"]:
        raise ValueError(f"{path} is not the file that was recorded: fetch it again, or record it")
    return path


def read(name):
    """What the record with this name holds, or None."""
    path = records.FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _described(build):
    """A builder and its arguments, such as "build_vgg(configuration='A')"."""
    if not callable(build):
        return describe(build) if hasattr(build, "dtype") else repr(build)
    if not isinstance(build, partial):
        return getattr(build, "__name__", type(build).__name__)
    settings = [f"{name}={_described(value)}" for name, value in build.keywords.items()]
    return f"{build.func.__name__}({', '.join([*map(_described, build.args), *settings])})"


def _here():
    """The computer, the versions and the day of a run."""
    return {
        "date": date.today().isoformat(),
        "machine": {
            "processor": processor(),
            "instructions": " ".join(sorted(INSTRUCTIONS & machine.cpu_features())),
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "python": python_version(),
            **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
        },
    }


def _save(head, rows):
    """notebooks/records/NAME.json: what the runs share, and a line for each of them."""
    machines = [dict(each) for each in {tuple(row["machine"].items()): 0 for row in rows}]
    rows = [row | {"machine": machines.index(row["machine"])} for row in rows]
    head = head | {"machines": machines}
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    records.FOLDER.mkdir(exist_ok=True)
    write(records.FOLDER / f"{head['name']}.json", f'{text},\n "runs": [\n{lines}\n ]\n}}\n')


def _rounded(value):
    return float(f"{value:.5g}")


def _slug(name):
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
