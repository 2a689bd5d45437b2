"""The records in notebooks/records fit the code, and every claim holds on every seed."""

import pytest

from tools.records import listing
from tools.records.experiments import CHAPTERS, EXPERIMENTS, SEEDS
from tools.records.running import page_experiments

RENEW = "renew the record with `make records NAME={}`, or undo the change"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_records_are_current(chapter):
    for experiment in page_experiments(chapter, SEEDS):
        state = listing.state(experiment)
        assert state == "current", f"{experiment.name}: {state}; {RENEW.format(chapter)}"
    state = listing.claims_state(chapter)
    assert state == "current", f"{chapter}_claims: {state}; {RENEW.format(chapter)}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_claim_holds_with_every_seed(chapter):
    runs = listing.read(f"{chapter}_claims")["runs"]
    assert len(runs) >= 5
    for run in runs:
        failed = [sentence for sentence, holds in run["claims"].items() if not holds]
        assert not failed, f"seed {run['seed']}"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_full_records_are_not_stale(name):
    """They may be missing: `make records` says so."""
    state = listing.state(EXPERIMENTS[name]())
    assert not state.startswith("stale"), f"{name}: {state}; {RENEW.format(name)}"
