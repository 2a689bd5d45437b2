"""Several nets under one recipe: `compare`."""

import dataclasses

import keras
import numpy as np
import pytest
from training_nets import COLUMNS, CONFIG, net_with_head, small_net, weights_equal

from course_lib.measure.metrics import accuracy
from course_lib.training import TrainingDivergedError, compare, train


def test_every_net_is_trained_as_alone(pairs):
    """The same start for each, whatever was trained before it; only its own changes differ."""
    nets = {
        "first": small_net,
        "head": net_with_head,
        "again": small_net,
        "decay": (small_net, {"weight_decay": 0.1, "epochs": 2}),
    }
    runs = compare(nets, *pairs, CONFIG)
    alone, history = train(small_net, pairs[0], None, CONFIG)
    decayed, _ = train(
        small_net, pairs[0], None, dataclasses.replace(CONFIG, weight_decay=0.1, epochs=2)
    )
    assert weights_equal(runs.models["first"], alone)
    assert weights_equal(runs.models["again"], alone)
    assert weights_equal(runs.models["decay"], decayed)
    assert not weights_equal(alone, decayed, atol=1e-3)

    assert runs.table.index.tolist() == list(runs.models) == list(runs.histories) == list(nets)
    assert runs.table.index.name == "net"
    assert runs.table.columns.tolist() == ["train", "test", "parameters", "seconds"]
    row = runs.table.loc["first"]
    assert row["train"] == accuracy(alone, *pairs[0])
    assert row["test"] == accuracy(alone, *pairs[1])
    assert runs.table["parameters"].tolist() == [m.count_params() for m in runs.models.values()]
    assert runs.table["parameters"].dtype == "int64"
    assert row["seconds"] == runs.histories["first"]["seconds"].min()
    same = [name for name in COLUMNS if name != "seconds"]
    np.testing.assert_array_equal(runs.histories["again"][same], history[same])


def test_curves_measure_the_test_images_after_each_epoch(pairs):
    with_curves = compare({"net": small_net}, *pairs, CONFIG, curves=True)
    without = compare({"net": small_net}, *pairs, CONFIG)
    measured = with_curves.histories["net"]["val_accuracy"]
    assert measured.iloc[-1] == pytest.approx(with_curves.table.loc["net", "test"])
    assert without.histories["net"]["val_accuracy"].isna().all()
    assert without.table.loc["net", "test"] == with_curves.table.loc["net", "test"]


def test_precision_is_a_change_like_any_other(pairs):
    runs = compare({"net": (small_net, {"precision": "bfloat16"})}, *pairs, CONFIG)
    assert runs.models["net"].get_layer("conv").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("nets", "error", "message"),
    [
        ([small_net], TypeError, "nets must map names .*got \\[<function"),
        ({}, TypeError, "got {}"),
        ({"a": small_net, "b": "net"}, TypeError, r"nets\['b'\] .*got 'net'; pass the function"),
        ({"a": small_net, "b": small_net()}, TypeError, r"nets\['b'\] .*got <Sequential"),
        ({"b": (small_net, {"weight_dacay": 1})}, TypeError, "weight_dacay"),
        ({"b": (small_net, {"momentum": 2})}, ValueError, "momentum.*got 2"),
    ],
)
def test_nets_are_checked_before_the_first_is_trained(pairs, nets, error, message, monkeypatch):
    monkeypatch.setattr("course_lib.training.comparison.run", pytest.fail)
    with pytest.raises(error, match=message):
        compare(nets, *pairs, CONFIG)


def test_test_images_are_checked_before_training(pairs, monkeypatch):
    monkeypatch.setattr("course_lib.training.comparison.run", pytest.fail)
    with pytest.raises(ValueError, match="test labels must be from 0 to 1"):
        compare({"net": small_net}, pairs[0], (pairs[1][0], pairs[1][1] + 1), CONFIG)


@pytest.mark.parametrize(
    ("change", "error"),
    [({"learning_rate": 1e30}, TrainingDivergedError), ({"momentum": 2}, ValueError)],
)
def test_an_error_names_its_net(pairs, change, error):
    with pytest.raises(error) as caught:
        compare({"good": small_net, "too fast": (small_net, change)}, *pairs, CONFIG)
    assert caught.value.__notes__ == ["This was in the net 'too fast'."]
