import dataclasses
import io
import itertools
import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from tqdm import tqdm

from course_lib.measure.metrics import accuracy, probabilities
from course_lib.training import TrainingDivergedError, fit, loop, train
from course_lib.training.config import TrainingConfig, learning_rate_at

CONFIG = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.1, seed=4)
COLUMNS = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]


def small_net(dropout=0.3, dtype=None):
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv", dtype=dtype),
            keras.layers.Flatten(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(2, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )


def net_with_head(dropout=0.3, dtype=None):
    """An auxiliary head, made before the output that comes first: of two outputs the second."""
    dense = keras.layers.Dense
    image = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv", dtype=dtype)(image)
    head = keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(x))
    head = dense(5, activation="relu", dtype=dtype, name="head_fc")(head)
    head = keras.layers.Dropout(dropout)(head)
    head = dense(2, activation="softmax", dtype="float32", name="head")(head)
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv2", dtype=dtype)(x)
    x = keras.layers.Dropout(dropout)(keras.layers.Flatten()(x))
    x = dense(2, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, [x, head])


@pytest.fixture(scope="module")
def pairs():
    """Bright left half or bright right half, with noise: 72 to train on, 40 to test."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, size=112).astype("uint8")
    images = random.normal(0, 0.3, size=(112, 6, 6, 1))
    images[labels == 0, :, :3] += 1
    images[labels == 1, :, 3:] += 1
    images = images.astype("float32")
    return (images[:72], labels[:72]), (images[72:], labels[72:])


def weights_equal(a, b, atol=0.0):
    return all(
        np.allclose(x, y, rtol=0, atol=atol)
        for x, y in zip(a.get_weights(), b.get_weights(), strict=True)
    )


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


@pytest.mark.parametrize(
    ("optimizer", "build"), [("sgd", small_net), ("adam", small_net), ("sgd", net_with_head)]
)
def test_interrupted_training_goes_on_as_if_nothing_had_happened(
    pairs, tmp_path, monkeypatch, capsys, optimizer, build
):
    """Weights, momentum, dropout, order and augmentation all go on: the end is the same."""
    config = dataclasses.replace(
        CONFIG, optimizer=optimizer, learning_rate=0.01, augmentation="crop+flip", schedule="cosine"
    )
    whole, whole_history = train(build, *pairs, config)

    batches = itertools.count()
    original = loop._Keeper.on_train_batch_begin

    def interrupt(self, batch, logs=None):
        if next(batches) == 7:  # in the second of three epochs of five steps
            raise KeyboardInterrupt
        original(self, batch, logs)

    monkeypatch.setattr(loop._Keeper, "on_train_batch_begin", interrupt)
    _, part = train(build, *pairs, config, folder=tmp_path)
    assert part.index.tolist() == [1]
    assert "after 1 of 3 epochs" in capsys.readouterr().out
    monkeypatch.setattr(loop._Keeper, "on_train_batch_begin", original)

    resumed, history = train(build, *pairs, config, folder=tmp_path)
    assert history.index.tolist() == [1, 2, 3]
    assert weights_equal(whole, resumed, atol=1e-5)
    measured = [name for name in COLUMNS if name != "seconds"]
    np.testing.assert_allclose(history[measured], whole_history[measured], rtol=1e-4)

    finished, same = train(build, *pairs, config, folder=tmp_path)  # nothing is left to do
    assert weights_equal(finished, resumed)
    pd.testing.assert_frame_equal(same, history, check_exact=False)


def test_killed_between_two_files_still_resumes(pairs, tmp_path):
    """The history is written before the weights: one epoch too many is dropped, not believed."""
    config = dataclasses.replace(CONFIG, epochs=2)
    train(small_net, *pairs, config, folder=tmp_path)
    history = pd.read_csv(tmp_path / "history.csv", index_col="epoch")
    history.loc[3] = history.loc[2]
    history.to_csv(tmp_path / "history.csv")
    _, found = train(small_net, *pairs, config, folder=tmp_path)
    assert found.index.tolist() == [1, 2]
    assert not list(tmp_path.glob(".partial*"))


def test_best_weights_are_those_of_the_best_epoch(pairs, tmp_path):
    config = dataclasses.replace(CONFIG, epochs=6, learning_rate=0.02)
    model, history = train(small_net, *pairs, config, folder=tmp_path)
    model.load_weights(tmp_path / "best.weights.h5")
    assert accuracy(model, *pairs[1]) == pytest.approx(history["val_accuracy"].max())


def test_interrupt_without_a_folder_keeps_what_was_learned(pairs, monkeypatch, capsys):
    model = small_net()
    before = [w.copy() for w in model.get_weights()]
    original = loop._Keeper.on_train_batch_end

    def interrupt(self, batch, logs=None):
        original(self, batch, logs)
        if self.step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop._Keeper, "on_train_batch_end", interrupt)
    history = fit(model, *pairs, CONFIG)
    assert history.empty and history.columns.tolist() == COLUMNS
    assert not np.allclose(before[0], model.get_weights()[0])
    assert "Stopped by you after 0 of 3 epochs" in capsys.readouterr().out


def test_folder_of_other_settings_is_refused(pairs, tmp_path):
    train(small_net, *pairs, CONFIG, folder=tmp_path)
    with pytest.raises(ValueError, match="epochs 3 there, 4 here"):
        train(small_net, *pairs, dataclasses.replace(CONFIG, epochs=4), folder=tmp_path)


def test_a_setting_younger_than_the_folder_counts_as_its_default(pairs, tmp_path):
    train(small_net, *pairs, CONFIG, folder=tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    del settings["auxiliary_weight"]
    (tmp_path / "config.json").write_text(json.dumps(settings))
    _, history = train(small_net, *pairs, CONFIG, folder=tmp_path)
    assert history.index.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"\(auxiliary_weight 0.3 there, 0.1 here\)"):
        train(small_net, *pairs, dataclasses.replace(CONFIG, auxiliary_weight=0.1), folder=tmp_path)


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


def test_probabilities_and_accuracy_are_of_the_first_output(pairs):
    model = net_with_head()
    images, labels = pairs[1]
    main, head = (output.numpy() for output in model(images))
    np.testing.assert_allclose(probabilities(model, images), main, atol=1e-6)
    assert not np.allclose(main, head, atol=1e-3)
    assert accuracy(model, images, labels) == np.mean(main.argmax(axis=1) == labels)


def test_without_test_images_the_same_net_is_trained(pairs, tmp_path):
    with_test, expected = train(small_net, *pairs, CONFIG)
    without, history = train(small_net, pairs[0], None, CONFIG)
    assert weights_equal(with_test, without)
    assert history["accuracy"].tolist() == expected["accuracy"].tolist()
    assert history[["val_loss", "val_accuracy"]].isna().all(axis=None)
    with pytest.raises(ValueError, match=r"test must be images .* got None"):
        train(small_net, pairs[0], None, CONFIG, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_step_is_traced_once(pairs, outputs):
    traces = []
    image = keras.Input((6, 6, 1))
    x = keras.layers.Lambda(lambda x: traces.append(x) or x)(keras.layers.Flatten()(image))
    softmaxes = [keras.layers.Dense(2, activation="softmax")(x) for _ in range(outputs)]
    model = keras.Model(image, softmaxes if outputs > 1 else softmaxes[0])
    traces.clear()
    fit(model, *pairs, CONFIG)
    assert len(traces) == 2  # training and test


def test_outputs_with_other_classes_are_refused(pairs):
    image = keras.Input((6, 6, 1))
    x = keras.layers.Flatten()(image)
    model = keras.Model(image, [keras.layers.Dense(n, activation="softmax")(x) for n in (2, 3)])
    with pytest.raises(ValueError, match=r"same number of classes.*got 2, 3"):
        fit(model, *pairs, CONFIG)


def test_a_loss_that_is_not_finite_stops_and_says_when_and_why(pairs):
    config = dataclasses.replace(CONFIG, learning_rate=1e30)
    with pytest.raises(TrainingDivergedError, match=r"epoch 1, step \d.*learning rate.*1e\+30"):
        train(small_net, *pairs, config)


def test_a_bad_start_is_named_as_the_cause(pairs):
    def build():
        model = small_net(dropout=0)
        model.layers[-1].bias.assign([np.inf, 0])
        return model

    with pytest.raises(TrainingDivergedError, match=r"epoch 1, step 1; .*initialisation"):
        train(build, *pairs, CONFIG)


def test_learning_rate_follows_the_schedule(pairs):
    config = dataclasses.replace(CONFIG, schedule="linear", warmup_epochs=1)
    model, history = train(small_net, *pairs, config)
    expected = [learning_rate_at(config, e) for e in (1, 2, 3)]
    assert history["learning_rate"].tolist() == pytest.approx(expected)
    assert float(model.optimizer.learning_rate) == pytest.approx(expected[-1], abs=1e-7)


def one_step(pairs, **settings):
    """Kernel, bias and what one full-batch SGD step without momentum made of them."""
    config = TrainingConfig(epochs=1, batch_size=72, learning_rate=0.1, momentum=0, **settings)
    keras.utils.set_random_seed(0)
    model = small_net(dropout=0)
    model.layers[-1].bias.assign([0.5, -0.5])
    before = model.layers[-1].get_weights()
    fit(model, *pairs, config)
    return before, model.layers[-1].get_weights()


@pytest.mark.parametrize("decay", ["l2", "decoupled"])
def test_weight_decay_pulls_the_kernel_and_not_the_bias(pairs, decay):
    """Without momentum both kinds take learning_rate * weight_decay * w off the plain step."""
    before, plain = one_step(pairs)
    _, decayed = one_step(pairs, weight_decay=0.5, decay=decay)
    np.testing.assert_allclose(decayed[0], plain[0] - 0.1 * 0.5 * before[0], atol=1e-5)
    np.testing.assert_allclose(decayed[1], plain[1], atol=1e-6)


def sgd_by_hand(w, gradients, rate, momentum, weight_decay, decay):
    velocity = 0
    for g in gradients:
        if decay == "l2":
            g = g + weight_decay * w
        velocity = momentum * velocity - rate * g
        w = w - (rate * weight_decay * w if decay == "decoupled" else 0) + velocity
    return w


@pytest.mark.parametrize("decay", ["l2", "decoupled"])
def test_with_momentum_the_two_kinds_of_weight_decay_differ_as_written(decay):
    config = TrainingConfig(learning_rate=0.1, momentum=0.9, weight_decay=0.5, decay=decay)
    start, gradients = np.full((2, 2), 3.0), [np.full((2, 2), g) for g in (1.0, -2.0, 0.5)]
    kernel = keras.Variable(start, name="kernel")
    bias = keras.Variable([3.0, 3.0], name="bias")
    optimizer = loop._optimizer(config, [kernel, bias])
    for g in gradients:
        optimizer.apply([tf.constant(g, tf.float32), tf.constant(g[0], tf.float32)], [kernel, bias])
    expected = sgd_by_hand(start, gradients, 0.1, 0.9, 0.5, decay)
    np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-5)
    undecayed = sgd_by_hand(start, gradients, 0.1, 0.9, 0.0, decay)
    np.testing.assert_allclose(bias.numpy(), undecayed[0], rtol=1e-5)


def test_label_smoothing_keeps_the_net_from_being_sure(pairs):
    config = dataclasses.replace(CONFIG, epochs=20, learning_rate=0.2)
    images = pairs[0][0]
    sure, _ = train(small_net, *pairs, config)
    smooth, _ = train(small_net, *pairs, dataclasses.replace(config, label_smoothing=0.4))
    confidence = [m.predict(images, verbose=0).max(axis=1).mean() for m in (sure, smooth)]
    assert confidence[0] > 0.95 > 0.9 > confidence[1]


def test_every_image_is_seen_once_an_epoch_in_another_order_each_time():
    images = np.arange(50, dtype="float32").reshape(50, 1, 1, 1)
    labels = np.arange(50) % 2
    config = TrainingConfig(epochs=2, batch_size=16)
    batches = list(loop._training_batches(images, labels, 2, config, first_epoch=0))
    assert [len(x) for x, _ in batches] == [16, 16, 16, 2] * 2
    orders = [np.concatenate([x for x, _ in part]).ravel() for part in (batches[:4], batches[4:])]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(50))
    assert list(orders[0]) != list(orders[1])
    targets = np.concatenate([y for _, y in batches[:4]])
    assert (targets.argmax(axis=1) == orders[0] % 2).all()


def test_bfloat16_is_checked_and_used(pairs):
    config = dataclasses.replace(CONFIG, precision="bfloat16")
    with pytest.raises(ValueError, match=r"set_precision.*train"):
        fit(small_net(), *pairs, config)
    model, history = train(small_net, *pairs, config)
    assert model.get_layer("conv").compute_dtype == "bfloat16"
    assert np.isfinite(history["loss"]).all()
    assert keras.config.dtype_policy().name == "float32"  # as before
    model, history = train(net_with_head, *pairs, dataclasses.replace(config, epochs=1))
    assert model.get_layer("head_fc").compute_dtype == "bfloat16"
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[:, :5], y), r"\(n, 6, 6, 1\).*\(72, 5, 6, 1\)"),
        (lambda x, y: (x[:0], y[:0]), "at least 1"),
        (lambda x, y: (x.astype("float64"), y), "float32, got float64"),
        (lambda x, y: (x * np.float32(np.nan), y), "finite"),
        (lambda x, y: (x, y[:5]), "one integer for each of the 72"),
        (lambda x, y: (x, y / 2), "float64"),
        (lambda x, y: (x, y + 1), "between 0 and 1.*got 1 to 2"),
    ],
)
@pytest.mark.parametrize("which", ["train", "test"])
def test_wrong_images_and_labels_are_named(pairs, change, message, which):
    pair = change(*pairs[0])
    arguments = (pair, pairs[1]) if which == "train" else (pairs[1], pair)
    with pytest.raises(ValueError, match=f"{which} .*{message}"):
        fit(small_net(), *arguments, CONFIG)


def test_progress_shows_one_line_with_loss_accuracy_and_time(pairs, monkeypatch):
    bars, screen = [], io.StringIO()

    def bar(**settings):
        bars.append(tqdm(**settings, file=screen, disable=False))
        return bars[-1]

    monkeypatch.setattr(loop, "tqdm", bar)
    fit(small_net(), *pairs, CONFIG)
    assert len(bars) == 1 and bars[0].n == bars[0].total == 15
    last = screen.getvalue().split("\r")[-1]
    assert "epoch 3/3: 100%" in last and "00:00" in last and "\n" not in last.strip()
    assert "loss" in last and "acc" in last and "test" in last
