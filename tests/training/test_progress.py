import dataclasses
import io
import sys

import numpy as np
import pytest
from tqdm import tqdm
from training_nets import CONFIG, small_net

from course_lib.training import TrainingDivergedError, fit, progress, train
from course_lib.training.schedule import learning_rate_at


def test_a_loss_that_is_not_finite_stops_and_says_when_and_why(pairs):
    config = dataclasses.replace(CONFIG, learning_rate=1e30)
    with pytest.raises(TrainingDivergedError, match=r"epoch 1, step \d.*learning rate.*1e\+30"):
        train(small_net, *pairs, config)


def test_a_bad_start_is_named_as_the_cause(pairs):
    def build():
        model = small_net(dropout=0)
        model.layers[-1].bias.assign([np.inf, 0])
        return model

    with pytest.raises(TrainingDivergedError, match=r"epoch 1, step 1; .*initial weights"):
        train(build, *pairs, CONFIG)


def test_learning_rate_follows_the_schedule(pairs):
    config = dataclasses.replace(CONFIG, schedule="linear", warmup_epochs=1)
    model, history = train(small_net, *pairs, config)
    expected = [learning_rate_at(config, e) for e in (1, 2, 3)]
    assert history["learning_rate"].tolist() == pytest.approx(expected)
    assert float(model.optimizer.learning_rate) == pytest.approx(expected[-1], abs=1e-7)


@pytest.mark.parametrize(("in_notebook", "stream"), [(True, "stdout"), (False, "stderr")])
def test_progress_shows_one_line_with_loss_accuracy_and_time(
    in_notebook, stream, pairs, monkeypatch
):
    bars, screen = [], io.StringIO()

    def bar(**settings):
        assert settings["file"] is getattr(sys, stream)  # stderr is red in a notebook
        bars.append(tqdm(**settings | {"file": screen, "disable": False}))
        return bars[-1]

    monkeypatch.setattr(progress, "tqdm", bar)
    monkeypatch.setattr(progress, "get_ipython", lambda: in_notebook or None)
    fit(small_net(), *pairs, CONFIG)
    assert len(bars) == 1 and bars[0].n == bars[0].total == 15
    last = screen.getvalue().split("\r")[-1]
    assert "epoch 3/3: 100%" in last and "00:00" in last and "\n" not in last.strip()
    assert "loss" in last and "acc" in last and "test" in last
