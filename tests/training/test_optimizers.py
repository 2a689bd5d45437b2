import keras
import numpy as np
import pytest
import tensorflow as tf
from training_nets import small_net

from course_lib.training import TrainingConfig, fit
from course_lib.training.optimizers import optimizer


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
    made = optimizer(config, [kernel, bias])
    for g in gradients:
        made.apply([tf.constant(g, tf.float32), tf.constant(g[0], tf.float32)], [kernel, bias])
    expected = sgd_by_hand(start, gradients, 0.1, 0.9, 0.5, decay)
    np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-5)
    undecayed = sgd_by_hand(start, gradients, 0.1, 0.9, 0.0, decay)
    np.testing.assert_allclose(bias.numpy(), undecayed[0], rtol=1e-5)
