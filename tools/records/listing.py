"""Which records there are, whether they fit their experiments, and whether weights do."""

import math
from itertools import product

import pandas as pd

from course_lib.data import inventory
from course_lib.measure import metrics
from tools.records import pages
from tools.records.experiments import CHAPTERS, EXPERIMENTS, SEEDS
from tools.records.running import WORK, page_experiments, read, stale, weights


def table() -> pd.DataFrame:
    """A row for each record: chapter, state, minutes that all its runs take, and the question."""
    rows = []
    for chapter, minutes in CHAPTERS.items():
        states = [state(experiment) for experiment in page_experiments(chapter, SEEDS)]
        states.append(claims_state(chapter))
        worst = next((s for s in states if s != "current"), "current")
        rows.append((chapter, chapter, worst, minutes, "the page's own trainings and claims"))
    for name, build in EXPERIMENTS.items():
        experiment = build()
        question = experiment.question
        rows.append((name, experiment.chapter, state(experiment), experiment.minutes, question))
    return pd.DataFrame(rows, columns=["NAME", "chapter", "state", "minutes", "what"])


def report(name) -> pd.DataFrame:
    """A row for each net of a record: accuracies in per cent, and what a run took.

    The seconds include the evaluation after each epoch; images a second are training images by
    these seconds. CPU seconds are those of all cores together, of runs that were not interrupted.
    """
    content, rows = read(name), {}
    images = content["data"]["training_images"]
    for net in content["nets"]:
        runs = pd.DataFrame([run for run in content["runs"] if run["net"] == net])
        if runs.empty:
            continue
        accuracies = {"test": [100 * run["test"] for run in runs["results"]]}
        measures = pd.DataFrame(runs["measures"].tolist())
        if len(measures.columns) < 5:  # more than that are for a chapter's figure
            shares = measures.columns[(measures <= 1).all()]
            accuracies |= {measure: 100 * measures[measure] for measure in shares}
        seconds = runs["epochs"].map(lambda epochs: sum(epochs["seconds"]))
        epochs = runs["epochs"].map(lambda epochs: len(epochs["seconds"]))
        rows[net] = {
            "seeds": len(runs),
            **{f"{k}, %": f"{min(v):.2f} to {max(v):.2f}" for k, v in accuracies.items()},
            "seconds": round(seconds.median()),
            "CPU seconds": runs["cpu_seconds"].median() if "cpu_seconds" in runs else math.nan,
            "images/s": round((images * epochs / seconds).median()),
        }
    return pd.DataFrame(rows).T.rename_axis("net")


def state(experiment) -> str:
    """Current, missing, partly done (how far) or stale (why)."""
    content = read(experiment.name)
    runs = set(product(experiment.nets, experiment.seeds))
    if content is None:
        begun = len(list((WORK / experiment.name).glob("*/last.npz")))
        return f"partly done: {begun} of {len(runs)} runs begun" if begun else "missing"
    if reasons := stale(experiment, content):
        return f"stale: {'; '.join(reasons)}"
    done = runs & {(run["net"], run["seed"]) for run in content["runs"]}
    return "current" if done == runs else f"partly done: {len(done)} of {len(runs)} runs"


def claims_state(chapter) -> str:
    """The same for the claims of a chapter, which must be those that its saved page prints."""
    content = read(f"{chapter}_claims")
    if content is None:
        return "missing"
    first = content["runs"][0]
    differ = set(first["claims"]) ^ pages.claims_shown(chapter)
    differ |= set(first["sides"]) - pages.compared_numbers(chapter)
    if differ:
        return f"stale: only on the page or in the record: {'; '.join(sorted(differ))}"
    if len(content["runs"]) < len(SEEDS):
        return f"partly done: {len(content['runs'])} of {len(SEEDS)} seeds"
    return "current"


def check(name="") -> str | None:
    """Evaluate the kept weights of one record, or of all; returns what is wrong, or None."""
    here, wrong = inventory(), []
    for build in EXPERIMENTS.values():
        experiment = build()
        content = read(experiment.name)
        if not content or not content.get("weights") or name not in ("", experiment.name):
            continue
        if here.get(experiment.data_set, ("ready",))[0] != "ready":
            print(f"{experiment.name}: {experiment.data_set} is not on this computer")
            continue
        test = experiment.load()[1]
        for net in content["weights"]:
            try:
                path = weights(content, net)
            except ValueError as error:
                return str(error)
            model = experiment.recipes()[net][0]()
            model.load_weights(path)
            found = metrics.accuracy(model, *test)
            first = next(run for run in content["runs"] if run["net"] == net)
            recorded = first["results"]["test"]
            same = abs(found - recorded) < 0.001
            print(f"{experiment.name}, {net}: {found:.2%}, recorded {recorded:.2%}")
            wrong += [] if same else [net]
    if not any((read(each) or {}).get("weights") for each in EXPERIMENTS):
        print("no record has weights")
    return f"these weights do not give their accuracy: {', '.join(wrong)}" if wrong else None
