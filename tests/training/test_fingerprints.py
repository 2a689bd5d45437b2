"""What changes a fingerprint, and what must not."""

import keras
import numpy as np
import pytest
from training_nets import net_with_head, small_net

from course_lib.models import MODELS
from course_lib.training.fingerprints import data_fingerprint, net_fingerprint


def test_data_of_other_bytes_order_shape_or_dtype_have_another_fingerprint(pairs):
    images, labels = pairs[0]
    changed = images.copy()
    changed[-1, -1, -1] += 1e-6
    others = [
        (images, labels),
        (changed, labels),
        (images[::-1], labels),
        (images[:-1], labels[:-1]),
        (images.reshape(72, 36, 1, 1), labels),
        (images.astype("float64"), labels),
        (images, labels[::-1]),
    ]
    found = [data_fingerprint(pair) for pair in others]
    found += [data_fingerprint(*pairs), data_fingerprint(*pairs[::-1])]
    found += [data_fingerprint(pairs[0], None), data_fingerprint(None, pairs[0])]
    assert len(set(found)) == len(found)
    assert data_fingerprint((images.copy(), labels.copy())) == found[0]
    assert data_fingerprint((np.asfortranarray(images), labels)) == found[0]


def dense(units=4, activation="relu", name=None, initializer="he_normal", rate=0.2):
    image = keras.Input((4,))
    x = keras.layers.Dense(units, activation, kernel_initializer=initializer, name=name)(image)
    x = keras.layers.Dropout(rate, seed=None if name is None else 3)(x)
    return keras.Model(image, x)


@pytest.mark.parametrize(
    "changes",
    [
        {"units": 5},
        {"activation": "tanh"},
        {"initializer": "glorot_uniform"},
        {"rate": 0.3},
    ],
)
def test_another_net_has_another_fingerprint(changes):
    assert net_fingerprint(dense(**changes)) != net_fingerprint(dense())


def test_names_seeds_and_the_values_of_weights_do_not_count():
    assert net_fingerprint(dense(name="fc")) == net_fingerprint(dense())


def test_connections_count_beside_the_layers():
    def crossed(swap):
        image = keras.Input((4,))
        a = keras.layers.Dense(4, "relu")(image)
        b = keras.layers.Dense(4, "relu")(a if swap else image)
        return keras.Model(image, keras.layers.Add()([a, b]))

    assert net_fingerprint(crossed(True)) != net_fingerprint(crossed(False))


@pytest.mark.parametrize(
    "build", [small_net, net_with_head, MODELS["lenet5"], MODELS["resnet20_cifar"]]
)
def test_a_net_that_is_built_again_has_the_same_fingerprint(build):
    first = net_fingerprint(build())
    keras.layers.Dense(1), keras.layers.Softmax()  # Keras's own names count on
    assert net_fingerprint(build()) == first


def test_a_lambda_has_one_too():
    def build():
        layers = [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]
        return keras.Sequential(layers)

    assert net_fingerprint(build()) == net_fingerprint(build())
