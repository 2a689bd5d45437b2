import dataclasses
import math

import pytest

from course_lib.training.config import TrainingConfig
from course_lib.training.schedule import learning_rate_at

WRONG = {
    "epochs": (0, -1, 2.5),
    "batch_size": (0, 1.5),
    "optimizer": ("SGD", "rmsprop"),
    "learning_rate": (0, -0.1, math.inf, math.nan),
    "vector_rate": (0, -1.0, math.nan),
    "matrix_rate": (0, math.inf),
    "schedule": ("linear_decay",),
    "warmup_epochs": (-1, 11),
    "momentum": (-0.1, 1.0),
    "weight_decay": (-1e-4, math.inf, math.nan),
    "decay": ("L2",),
    "label_smoothing": (-0.1, 1.0),
    "auxiliary_weight": (-0.3, math.inf, math.nan),
    "augmentation": ("flips",),
    "sizes": (24, (24, 5), ((24, 0),), ((0, 5),), ((24.5, 1),), ((24, 11),), ((24, 6), (28, 6))),
    "precision": ("float16",),
    "seed": (-1, 0.5),
}


def test_every_setting_is_checked():
    assert set(WRONG) == {field.name for field in dataclasses.fields(TrainingConfig)}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in WRONG.items() for v in vs])
def test_wrong_setting_is_named_with_its_value(name, value):
    with pytest.raises(ValueError, match=name) as error:
        TrainingConfig(**{name: value})
    assert repr(value) in str(error.value)


def test_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().epochs = 3


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1]),
        ("step", [0.1, 0.1, 0.01, 0.001]),
        ("linear", [0.1, 0.075, 0.05, 0.025]),
        ("cosine", [0.1 * (1 + math.cos(math.pi * t)) / 2 for t in (0, 0.25, 0.5, 0.75)]),
    ],
)
def test_schedules(schedule, expected):
    config = TrainingConfig(epochs=8, learning_rate=0.1, schedule=schedule)
    assert [learning_rate_at(config, e) for e in (0, 2, 4, 6)] == pytest.approx(expected)


def test_warm_up_climbs_to_the_schedule():
    config = TrainingConfig(epochs=8, learning_rate=0.1, warmup_epochs=2)
    assert [learning_rate_at(config, e) for e in (0, 0.5, 1, 2, 3)] == pytest.approx(
        [0, 0.025, 0.05, 0.1, 0.1]
    )


@pytest.mark.parametrize("settings", [{"momentum": 0.0}, {"decay": "decoupled"}])
def test_muon_needs_a_momentum_and_its_own_decay(settings):
    with pytest.raises(ValueError, match="muon needs"):
        TrainingConfig(optimizer="muon", **settings)


def test_sizes_follow_one_another_and_end_at_the_full_size():
    config = TrainingConfig(epochs=4, sizes=[[8, 1], [16, 2]])
    assert [config.side_at(epoch) for epoch in range(4)] == [8, 16, 16, None]
    assert config == TrainingConfig(epochs=4, sizes=((8, 1), (16, 2)))
