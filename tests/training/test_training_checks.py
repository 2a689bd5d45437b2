import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_nets import CONFIG, net_with_head, small_net

from course_lib import machine
from course_lib.measure import tables
from course_lib.models import MODELS, outline
from course_lib.training import TrainingConfig, fit, train
from course_lib.training.checks import _check_memory


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
        (lambda x, y: (x[:, :5], y), r"at least 1, 6, 6, 1\).*\(72, 5, 6, 1\)"),
        (lambda x, y: (x[:0], y[:0]), "at least 1"),
        (lambda x, y: (x.astype("float64"), y), "float32, got float64"),
        (lambda x, y: (x * np.float32(np.nan), y), "finite"),
        (lambda x, y: (x, y[:5]), "one integer for each of the 72"),
        (lambda x, y: (x, y / 2), "float64"),
        (lambda x, y: (x, y + 1), "from 0 to 1,.* from 1 to 2"),
    ],
)
@pytest.mark.parametrize("which", ["train", "test"])
def test_wrong_images_and_labels_are_named(pairs, change, message, which):
    pair = change(*pairs[0])
    arguments = (pair, pairs[1]) if which == "train" else (pairs[1], pair)
    with pytest.raises(ValueError, match=f"{which} .*{message}"):
        fit(small_net(), *arguments, CONFIG)


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "log_softmax"])
@pytest.mark.parametrize("position", [0, 1])
def test_an_output_that_is_no_probability_is_refused(pairs, activation, position):
    """Without a softmax the loss is wrong, and the net learns next to nothing, silently."""
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 6, 1))
    x = keras.layers.Flatten()(image)
    outputs = [keras.layers.Dense(2, "softmax")(x), keras.layers.Dense(2, activation)(x)]
    model = keras.Model(image, outputs[::-1] if position == 0 else outputs)
    with pytest.raises(ValueError, match=r"must be the probabilities of a softmax.*a sum of"):
        fit(model, *pairs, CONFIG)


def test_a_softmax_by_other_means_is_one_too(pairs):
    image = keras.Input((6, 6, 1))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(image))
    assert len(fit(keras.Model(image, keras.ops.softmax(logits)), *pairs, CONFIG)) == 3


def test_more_memory_than_is_free_is_refused_with_both_numbers(pairs, monkeypatch):
    asked = []

    def needed(model, batch_size, slots):
        asked.append((batch_size, slots))
        return 5 * 2**30

    monkeypatch.setattr(tables, "training_memory", needed)
    monkeypatch.setattr(machine, "free_memory", lambda: 6 * 2**30)
    fit(small_net(), *pairs, CONFIG)
    monkeypatch.setattr(machine, "free_memory", lambda: 3 * 2**30)
    message = r"needs about 5\.0 GiB of memory, and 3\.0 GiB are free: use a batch_size below 16"
    for settings in ({}, {"momentum": 0.0}, {"optimizer": "adam"}):
        with pytest.raises(MemoryError, match=message):
            fit(small_net(), *pairs, dataclasses.replace(CONFIG, **settings))
    assert asked == [(16, 1), (16, 1), (16, 0), (16, 2)]


def test_the_copies_of_the_images_are_counted(pairs, monkeypatch):
    monkeypatch.setattr(tables, "training_memory", lambda *_, **__: 0)
    monkeypatch.setattr(machine, "free_memory", lambda: sum(x.nbytes for x, _ in pairs))
    fit(small_net(), *pairs, CONFIG)
    monkeypatch.setattr(machine, "free_memory", lambda: sum(x.nbytes for x, _ in pairs) - 1)
    with pytest.raises(MemoryError):
        fit(small_net(), *pairs, CONFIG)


def test_vgg_16_is_refused_where_4_gib_are_free_and_a_small_net_is_not(pairs, monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 4 * 2**30)
    config = TrainingConfig(batch_size=128)
    labels = np.zeros(128, "uint8")
    large = outline(MODELS["vgg_d"])
    with pytest.raises(MemoryError, match=r"4\.0 GiB are free"):
        _check_memory(large, (np.zeros((128, 1, 1, 3), "float32"), labels), None, config)
    _check_memory(MODELS["resnet20_cifar"](), (np.zeros((128, 1, 1, 3)), labels), None, config)


def test_a_net_that_the_tables_cannot_count_is_trained(pairs):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2DTranspose(2, 3),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    assert len(fit(model, *pairs, CONFIG)) == 3


def test_a_processor_without_bfloat16_is_named(pairs, monkeypatch):
    config = dataclasses.replace(CONFIG, precision="bfloat16")

    class Lacking(keras.layers.Conv2D):
        def call(self, inputs):
            if isinstance(inputs, tf.__internal__.EagerTensor):
                raise tf.errors.AbortedError(None, None, "could not create a primitive descriptor")
            return super().call(inputs)

    def build():
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                Lacking(2, 3),
                layers.Flatten(),
                layers.Dense(2, "softmax", dtype="float32"),
            ]
        )

    with pytest.raises(ValueError, match=r"'bfloat16' does not work on this computer.*'float32'"):
        train(build, *pairs, config)
    with pytest.raises(tf.errors.AbortedError):  # then it has another cause
        train(build, *pairs, CONFIG)


def test_sizes_need_a_net_that_takes_them(pairs):
    config = dataclasses.replace(CONFIG, sizes=((4, 1),))
    with pytest.raises(ValueError, match=r"sizes needs a net.*4×4 pixels"):
        fit(small_net(), *pairs, config)


def test_a_net_for_every_size_is_trained_on_all_of_them(pairs):
    layers = keras.layers
    seen = []

    class Sees(layers.Layer):
        def call(self, x):
            tf.py_function(lambda shape: seen.append(tuple(shape.numpy())), [tf.shape(x)], [])
            return x

    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            Sees(),
            layers.Conv2D(2, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    config = dataclasses.replace(CONFIG, epochs=3, batch_size=72, sizes=((4, 1), (5, 1)))
    fit(model, pairs[0], None, config)
    assert [shape[1] for shape in seen if shape[0] == 72] == [4, 5, 6]
