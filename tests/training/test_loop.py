import dataclasses

import keras
import numpy as np
import pytest
from training_nets import COLUMNS, CONFIG, net_with_head, small_net, weights_equal

from course_lib.measure.metrics import accuracy
from course_lib.training import TrainingConfig, fit, train


def test_learns_and_returns_its_history(pairs):
    model, history = train(small_net, *pairs, dataclasses.replace(CONFIG, epochs=8))
    assert history.columns.tolist() == COLUMNS
    assert history.index.tolist() == list(range(1, 9)) and history.index.name == "epoch"
    assert history["val_accuracy"].iloc[-1] > 0.9
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert accuracy(model, *pairs[1]) == pytest.approx(history["val_accuracy"].iloc[-1])


def test_same_seed_same_net_and_another_seed_another(pairs):
    first, _ = train(small_net, *pairs, CONFIG)
    again, _ = train(small_net, *pairs, CONFIG)
    other, _ = train(small_net, *pairs, dataclasses.replace(CONFIG, seed=5))
    assert weights_equal(first, again, atol=1e-6)
    assert not weights_equal(first, other, atol=1e-3)


def by_hand(model, pair, weight):
    """Loss and accuracy of a model with a head, in NumPy."""
    images, labels = pair
    main, head = (output.numpy() for output in model(images))
    right = [output[np.arange(len(labels)), labels] for output in (main, head)]
    accuracies = [np.mean(output.argmax(axis=1) == labels) for output in (main, head)]
    assert accuracies[0] != accuracies[1]  # or it would not show whose accuracy it is
    return -np.log(right[0]).mean() - weight * np.log(right[1]).mean(), accuracies[0]


def test_loss_adds_the_weighted_head_and_accuracy_is_of_the_first_output(pairs):
    """One step in all, with all images: the row has the loss before it and the test loss after."""
    keras.utils.set_random_seed(0)
    model = net_with_head(dropout=0)
    before = by_hand(model, pairs[0], 0.3)
    row = fit(model, *pairs, TrainingConfig(epochs=1, batch_size=72)).loc[1]
    after = by_hand(model, pairs[1], 0.3)
    assert row[["loss", "accuracy"]].tolist() == pytest.approx(before, rel=1e-5)
    assert row[["val_loss", "val_accuracy"]].tolist() == pytest.approx(after, rel=1e-5)


def test_a_head_without_weight_learns_and_teaches_nothing(pairs):
    def step(weight):
        """What one step changes in each kernel."""
        keras.utils.set_random_seed(0)
        model = net_with_head(dropout=0)
        layers = {layer.name: layer for layer in model.layers if layer.weights}
        before = {name: layer.kernel.numpy() for name, layer in layers.items()}
        fit(model, *pairs, TrainingConfig(epochs=1, batch_size=72, auxiliary_weight=weight))
        return {name: layer.kernel.numpy() - before[name] for name, layer in layers.items()}

    without, with_head = step(0.0), step(0.6)
    for name in ("head_fc", "head"):
        assert not without[name].any() and with_head[name].any()
    for name in ("conv2", "probabilities"):
        np.testing.assert_allclose(with_head[name], without[name], atol=1e-6)
    assert np.abs(with_head["conv"] - without["conv"]).max() > 1e-4  # the part that they share


def test_without_test_images_the_same_net_is_trained(pairs):
    with_test, expected = train(small_net, *pairs, CONFIG)
    without, history = train(small_net, pairs[0], None, CONFIG)
    assert weights_equal(with_test, without)
    assert history["accuracy"].tolist() == expected["accuracy"].tolist()
    assert history[["val_loss", "val_accuracy"]].isna().all(axis=None)


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_step_is_traced_once(pairs, outputs):
    traces = []
    image = keras.Input((6, 6, 1))
    x = keras.layers.Lambda(lambda x: traces.append(x) or x)(keras.layers.Flatten()(image))
    softmaxes = [keras.layers.Dense(2, activation="softmax")(x) for _ in range(outputs)]
    model = keras.Model(image, softmaxes if outputs > 1 else softmaxes[0])
    traces.clear()
    fit(model, *pairs, CONFIG)
    assert len(traces) == 3  # one image for the check, then training and test


def test_label_smoothing_keeps_the_net_from_being_sure(pairs):
    config = dataclasses.replace(CONFIG, epochs=20, learning_rate=0.2)
    images = pairs[0][0]
    sure, _ = train(small_net, *pairs, config)
    smooth, _ = train(small_net, *pairs, dataclasses.replace(config, label_smoothing=0.4))
    confidence = [m.predict(images, verbose=0).max(axis=1).mean() for m in (sure, smooth)]
    assert confidence[0] > 0.95 > 0.9 > confidence[1]
