"""The bug museum: nets written otherwise pass, and what its folds say of Keras is so."""

import math

import keras
import numpy as np
import pytest
from keras import layers
from right_answers_09 import stratified

from course_lib.exercises import museum


def head_of_activations(x, units, classes):
    x = layers.Reshape((-1,))(x)
    for n in units:
        x = layers.Activation("relu")(layers.Dense(n, kernel_initializer="he_normal")(x))
    return layers.Softmax()(layers.Dense(classes)(x))


def head_in_a_sequence(x, units, classes):
    hidden = [layer for n in units for layer in (layers.Dense(n), layers.ReLU())]
    net = [keras.Input(x.shape[1:]), layers.Flatten(), *hidden]
    return keras.Sequential([*net, layers.Dense(classes, "softmax")])(x)


def module_of_activations(x, widths):
    def conv(x, filters, kernel):
        return layers.ReLU()(layers.Conv2D(filters, (kernel, kernel), padding="same")(x))

    a, b, c, d, e, f = widths
    pooled = layers.MaxPooling2D(3, 1, "same")(x)
    return keras.ops.concatenate(
        [conv(x, a, 1), conv(conv(x, b, 1), c, 3), conv(conv(x, d, 1), e, 5), conv(pooled, f, 1)],
        axis=-1,
    )


def module_padded_by_hand(x, widths):
    a, b, c, d, e, f = widths
    last = layers.Conv2D(f, 1, activation="relu")(layers.MaxPooling2D(3, 1, "same")(x))
    third = layers.Conv2D(d, 1, activation="relu")(x)
    third = layers.Conv2D(e, 5, activation="relu")(layers.ZeroPadding2D(2)(third))
    second = layers.Conv2D(b, 1, activation="relu")(x)
    second = layers.Conv2D(c, 3, activation="relu")(layers.ZeroPadding2D(1)(second))
    first = layers.Conv2D(a, 1, activation="relu")(x)
    return layers.Concatenate()([first, second, third, last])


def block_of_ops(x, filters):
    y = x
    for i, (n, kernel) in enumerate(((filters, 1), (filters, 3), (x.shape[-1], 1))):
        y = layers.Conv2D(n, kernel, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization(epsilon=1e-5)(y)
        y = keras.ops.relu(y) if i < 2 else y
    return keras.ops.relu(y + x)


def block_of_names(x, filters):
    settings = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    y = layers.Conv2D(filters, 1, name="down", **settings)(x)
    y = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(filters, 3, name="middle", **settings)(y)
    y = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(x.shape[-1], 1, name="up", **settings)(y)
    return layers.Activation("relu")(layers.Add()([layers.BatchNormalization()(y), x]))


NETS = [
    (museum.head, head_of_activations, head_in_a_sequence),
    (museum.module, module_of_activations, module_padded_by_hand),
    (museum.block, block_of_ops, block_of_names),
]


@pytest.mark.parametrize(
    ("check", "answer"), [(check, answer) for check, *both in NETS for answer in both]
)
def test_a_repair_written_otherwise_is_right(check, answer):
    result = check.grade(answer)
    assert result.status == "right" and "!" not in result.message, result.message


def test_a_split_that_never_repeats_is_refused():
    def unseeded(images, labels, share, seed):
        return stratified(images, labels, share, None)

    assert "another split at the next call" in museum.split.grade(unseeded).message


def test_a_net_that_changes_with_training_is_told_which_half_is_missing():
    def half(net, images, training):
        x = keras.ops.relu(net.norm(net.conv(images), training=training))
        return net.dense(net.drop(keras.ops.mean(x, axis=(1, 2)), training=True))

    assert "still draws lots" in museum.forward.grade(half).message


def test_the_loss_of_a_second_softmax_has_the_floor_that_the_page_names():
    perfect = np.eye(10)[[3]]
    floor = -math.log(math.e / (math.e + 9))
    assert museum.cross_entropy.stub(np.array([3]), perfect) == pytest.approx(floor)


@pytest.mark.parametrize("classes", [2, 10])
def test_the_stretched_comparison_gives_every_net_the_same_number(classes):
    labels = np.repeat(np.arange(classes), 5)[:, None]
    answers = np.random.default_rng(0).random((3, 5 * classes, classes))
    assert {round(museum.top_1_error.stub(labels, each), 9) for each in answers} == {1 / classes}


def test_who_calls_a_functional_net_overrules_the_mode_of_its_layers():
    """As the page says of Keras 3: what `training=True` fixed in Keras 2 it does not fix."""
    x = image = keras.Input((4,))
    net = keras.Model(image, layers.Dropout(0.5)(x, training=True))
    ones = np.ones((8, 4), "float32")
    assert np.array_equal(net(ones, training=False), ones)
    assert np.array_equal(net.predict(ones, verbose=0), ones)
    assert not np.array_equal(net(ones), ones)


@pytest.mark.skipif(not hasattr(keras.optimizers, "Muon"), reason="this Keras has no Muon")
def test_the_muon_of_keras_trains_no_kernel_of_a_convolution():
    muon = keras.optimizers.Muon()
    kernels = [keras.Variable(np.ones(shape)) for shape in ((3, 3, 2, 4), (8, 4))]
    muon.build(kernels)
    assert [v is not None for v in muon.adam_velocities] == [True, False]


def test_keras_holds_out_the_last_part_as_the_data_lie():
    """A net that always says 1 is always wrong on the first four fifths, and right on the rest."""
    ones = layers.Dense(1, kernel_initializer="zeros", bias_initializer="ones")
    net = keras.Sequential([keras.Input((1,)), ones])
    net.compile(keras.optimizers.SGD(0.0), "mse")
    labels = np.repeat([0.0, 1.0], [80, 20])
    history = net.fit(np.ones((100, 1)), labels, validation_split=0.2, shuffle=True, verbose=0)
    assert history.history == {"loss": [1.0], "val_loss": [0.0]}
