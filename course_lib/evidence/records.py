"""Recorded runs: trainings over several seeds, as the notebooks show them.

`make records` writes them, one JSON file each in notebooks/records.
"""

import importlib.metadata
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from course_lib.evidence.claims import markdown_table

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "records"
TITLES = {"train": "training accuracy, %", "test": "test accuracy, %"}
PUBLISHED = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}


@dataclass(frozen=True)
class Difference:
    """How far one recorded net is ahead of another, in points of accuracy, seed by seed.

    >>> ahead = Difference("deep", "flat", "test", {0: 1.25, 1: 3.0})
    >>> ahead
    deep ahead of flat by 1.2 to 3.0 points of test accuracy with 2 seeds
    >>> ahead.seen, ahead.spread
    (True, 1.75)
    """

    first: str
    second: str
    measure: str
    by_seed: dict[int, float]

    @property
    def spread(self) -> float:
        """From the lowest to the highest: a smaller effect could hide behind the seeds."""
        return max(self.by_seed.values()) - min(self.by_seed.values())

    @property
    def seen(self) -> bool:
        """Whether the mean is larger than the spread; then every seed shows it, too."""
        return sum(self.by_seed.values()) / len(self.by_seed) > self.spread

    def __repr__(self):
        span, seeds = _span(self.by_seed.values(), ".1f"), _count(len(self.by_seed), "seed")
        what = TITLES[self.measure].removesuffix(", %")
        return f"{self.first} ahead of {self.second} by {span} points of {what} with {seeds}"


class Record:
    """One recorded experiment. In a notebook it shows itself as a table, lowest to highest.

    With `against`, the name of a net, the table also has each other net's difference from it, taken
    seed by seed.

    Attributes:
        content: everything in the file, as nested dictionaries and lists.
        runs: a row for each run, with net, seed, train and test: accuracies from 0 to 1 after the
            last epoch, without dropout and augmentation.
    """

    def __init__(self, content: dict, against: str | None = None):
        self.content, self.against = content, against
        results = [{"net": r["net"], "seed": r["seed"], **r["results"]} for r in content["runs"]]
        self.runs = pd.DataFrame(results)

    @property
    def label(self) -> str:
        """Such as "recorded: CIFAR-10, 3 seeds, 30 epochs, November 2026"."""
        data = PUBLISHED.get(name := self.content["data"]["name"], name)
        lengths = sorted({len(run["epochs"]["loss"]) for run in self.content["runs"]})
        epochs = " or ".join(map(str, lengths)) + " epochs"
        when = date.fromisoformat(self.content["date"]).strftime("%B %Y")
        return f"recorded: {data}, {_count(self.runs['seed'].nunique(), 'seed')}, {epochs}, {when}"

    def values(self, net: str, measure: str = "test") -> pd.Series:
        """The accuracy by seed, in per cent: "train" or "test"."""
        self._check(net)
        runs = self.runs[self.runs["net"] == net].set_index("seed")
        return 100 * runs[measure]

    def ahead(self, first: str, second: str, measure: str = "test") -> Difference:
        """How far the first net's accuracy ("train" or "test") is above the second's."""
        by_seed = self.values(first, measure) - self.values(second, measure)
        return Difference(first, second, measure, by_seed.to_dict())

    def by_epoch(self, net: str, column: str) -> pd.DataFrame:
        """A column of the history by epoch (rows) and seed (columns).

        `column` is loss, accuracy, val_loss, val_accuracy or seconds, as in `training.fit`.
        """
        self._check(net)
        epochs = {r["seed"]: r["epochs"] for r in self.content["runs"] if r["net"] == net}
        runs = {seed: columns.get(column) for seed, columns in epochs.items()}
        if None in runs.values():
            rule = "column must be one that was measured after each epoch"
            known = ", ".join(next(iter(epochs.values())))
            raise ValueError(f"{rule} ({known}), got {column!r}")
        table = pd.DataFrame(runs)
        return table.set_axis(pd.RangeIndex(1, len(table) + 1, name="epoch"))

    def measures(self, net: str) -> pd.DataFrame:
        """What else was measured on a trained net: a row for each measure, a column for a seed."""
        self._check(net)
        runs = self.content["runs"]
        return pd.DataFrame({r["seed"]: r["measures"] for r in runs if r["net"] == net})

    def _check(self, net):
        if net not in set(self.runs["net"]):
            raise ValueError(f"net must be one of {list(self.content['nets'])}, got {net!r}")

    def _rows(self):
        other, head = self.against, ["net", "parameters", *TITLES.values()]
        yield head if other is None else [*head, *(f"{m}, against {other}" for m in TITLES)]
        for net, facts in self.content["nets"].items():
            row = [net, f"{facts['parameters']:,}"]
            if net not in set(self.runs["net"]):
                yield [*row, *["not run yet"] * (len(TITLES) if other is None else 2 * len(TITLES))]
                continue
            row += [_span(self.values(net, measure), ".1f") for measure in TITLES]
            if other is not None:
                for measure in TITLES:
                    ahead = self.ahead(net, other, measure).by_seed.values()
                    row.append("" if net == other else _span(ahead, "+.1f"))
            yield row

    def __repr__(self):
        return "\n".join([self.label, *(" | ".join(row) for row in self._rows())])

    def _repr_markdown_(self):
        return f"*{self.label}; lowest to highest*\n\n{markdown_table(self._rows())}"


class Margins:
    """How a chapter's comparisons of numbers come out with other seeds; shows itself as a table.

    Attributes:
        seeds: with which the page was run.
        sides: for each comparison, by its code on the page, both of its sides in every run.
    """

    def __init__(self, content: dict):
        self.seeds, sides = [], {}
        for run in content["runs"]:
            self.seeds.append(run["seed"])
            for code, pairs in run["sides"].items():
                sides.setdefault(code, []).extend(pairs)
        # What does not depend on the seed needs no second run.
        varies = {code: len({left for left, _ in pairs}) > 1 for code, pairs in sides.items()}
        self.sides = {code: pairs for code, pairs in sides.items() if varies[code]}

    def _rows(self):
        yield ("on the page", f"with {_count(len(self.seeds), 'seed')}")
        for code, pairs in self.sides.items():
            left, right = (_span(side, ",.3g") for side in zip(*pairs, strict=True))
            fixed = len({right for _, right in pairs}) == 1
            yield (f"`{code}`", left if fixed else f"{left}, against {right}")

    def __repr__(self):
        return "\n".join(" | ".join(row) for row in self._rows())

    def _repr_markdown_(self):
        return markdown_table(self._rows())


def margins(chapter: str) -> Margins:
    """How far the comparisons of a chapter, such as "02", hold with other seeds.

    >>> margins("06").seeds
    [0, 1, 2, 3, 4]
    """
    return Margins(_read(f"{chapter}_claims"))


def load(name: str, against: str | None = None) -> Record:
    """The record with this name, as `make records` lists it; `against` as in `Record`.

    Raises ValueError if there is no such record.

    >>> load("no such run")
    Traceback (most recent call last):
    ...
    ValueError: there is no record 'no such run'; `make records` lists what there is
    """
    return Record(_read(name), against)


def _read(name):
    path = FOLDER / f"{name}.json"
    if not FOLDER.exists():  # installed without the notebooks, as in Colab
        files = importlib.metadata.files("course_lib") or ()
        path = next((Path(f.locate()) for f in files if f.name == path.name), path)
    if not path.exists():
        raise ValueError(f"there is no record {name!r}; `make records` lists what there is")
    return json.loads(path.read_text(encoding="utf-8"))


def _span(values, form):
    low, high = (format(limit, form) for limit in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _count(number, word):
    return f"{number} {word}{'s' * (number != 1)}"
