"""Chapter 06: right answers written otherwise, and the challenge on a small scale."""

import runpy

import keras
import nbformat
import numpy as np
import pytest
from keras import layers

from course_lib import training
from course_lib.exercises import resnet
from course_lib.exercises.challenge import Refused
from course_lib.models.layers import FusedBatchNormalization
from course_lib.training import TrainingConfig
from tools.notebooks import NOTEBOOKS

SOLUTIONS = runpy.run_path(str(NOTEBOOKS / "solutions" / "06_resnet.py"))


def mended_as_a_list(x, filters):
    norms = [FusedBatchNormalization(momentum=0.9, epsilon=1e-5) for _ in range(2)]
    y = x
    for norm, activation in zip(norms, ("relu", "linear"), strict=True):
        y = norm(layers.Conv2D(filters, (3, 3), padding="same", use_bias=False)(y))
        y = layers.Activation(activation)(y)
    return keras.ops.relu(y + x)


def mended_in_a_net(x, filters):
    two = [keras.Input(x.shape[1:])]
    for last in (False, True):
        two += [layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{last}")]
        two += [layers.BatchNormalization()] + [layers.ReLU()] * (not last)
    return layers.Activation("relu")(layers.add([keras.Sequential(two)(x), x]))


def preactivated_by_cases(x, filters, stride):
    same = x.shape[-1] == filters and stride == 1
    y = layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-5)(x))
    way = x if same else layers.Conv2D(filters, 1, strides=stride, use_bias=False)(y)
    y = layers.Conv2D(filters, 3, strides=(stride, stride), padding="same", use_bias=False)(y)
    y = layers.ReLU()(FusedBatchNormalization()(y))
    return way + layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)


def preactivated_by_shape(x, filters, stride):
    ahead = y = layers.ReLU()(layers.BatchNormalization()(x))
    for strides in (stride, 1):
        if strides != stride or y is not ahead:
            y = keras.ops.maximum(layers.BatchNormalization()(y), 0)
        y = layers.Conv2D(filters, 3, strides, "same", use_bias=False)(y)
    if x.shape != y.shape:
        small = layers.AveragePooling2D(1, stride)(ahead)
        x = layers.Conv2D(filters, 1, use_bias=False)(small)
    return layers.Add()([y, x])


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (resnet.mended, mended_as_a_list),
        (resnet.mended, mended_in_a_net),
        (resnet.preactivation_block, preactivated_by_cases),
        (resnet.preactivation_block, preactivated_by_shape),
    ],
)
def test_right_answers_written_otherwise(check, answer):
    assert check.grade(answer).status == "right", check.grade(answer).message


def as_it_is(net):
    pass


def learned(start):
    """The challenge's measure, with 8 layers, few pictures and an epoch."""
    config = TrainingConfig(epochs=1, batch_size=10, optimizer="sgd", learning_rate=0.01)
    return resnet.learned(start, depth=8, n_train=20, recipe=config)


def test_the_challenge_measures_training_accuracy():
    def of_one_answer(net):
        net.get_layer("probabilities").bias.assign(100 * np.eye(10)[3])

    assert learned(of_one_answer) == pytest.approx(10, abs=0.01)  # a tenth has this label


def test_the_challenge_wants_no_other_net():
    def frozen(net):
        net.layers[1].trainable = False

    def broken(net):
        net.layers[1].set_weights([np.full(w.shape, np.nan) for w in net.layers[1].get_weights()])

    for start, words in ((frozen, "layers should stay"), (broken, "no finite numbers")):
        with pytest.raises(Refused, match=words):
            learned(start)


def test_a_net_that_was_trained_elsewhere_is_refused(monkeypatch):
    monkeypatch.setattr(resnet, "accuracy", lambda *_: 0.9)
    with pytest.raises(Refused, match="knows the pictures"):
        learned(as_it_is)


def test_the_identity_is_what_the_solution_starts_from():
    net = resnet.build_resnet_cifar((16, 16, 3), 10, depth=14, width=0.5, shortcut=None)
    SOLUTIONS["start_plain"](net)
    kernel = net.get_layer("stage1_block1_conv1").kernel.numpy()
    np.testing.assert_array_equal(kernel[1, 1], 4 * np.eye(8))
    assert kernel.sum() == 32


def test_the_challenge_trains_as_the_page_does():
    notebook = nbformat.read(NOTEBOOKS / "06_resnet.ipynb", as_version=4)
    (cell,) = [c for c in notebook.cells if c.source.startswith("recipe = ")]
    scope = {"training": training}
    exec(cell.source, scope)
    assert scope["recipe"] == resnet._RECIPE
