import keras
import numpy as np
import pytest
import tensorflow as tf
from training_nets import small_net

from course_lib.training import TrainingConfig, fit
from course_lib.training.optimizers import Muon, optimizer, orthogonal


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


def muon_by_hand(w, gradients, rate, factor, decay):
    """With NumPy: an exact decomposition would give other numbers than three steps."""
    average, filters = 0, w.ndim == 4
    momentum = 0.6 if filters else 0.85
    for g, lr in zip(gradients, (rate, rate / 2, rate / 4), strict=True):
        if not filters:
            g = g + decay / (rate * factor) * w
        average = momentum * average + g
        step = g + momentum * average
        if filters:
            w = w * w.shape[-1] ** 0.5 / np.sqrt((w**2).sum())
            u, values, v = np.linalg.svd(step.reshape(-1, w.shape[-1]), full_matrices=False)
            values /= np.sqrt((values**2).sum())
            for _ in range(3):
                values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
            step = (u * values @ v).reshape(w.shape)
        w = w - lr * factor * step
    return w


@pytest.mark.parametrize(
    ("shape", "factor"),
    [((3, 3, 2, 5), 1.0), ((1, 1, 2, 5), 1.0), ((4,), 440.0), ((6, 3), 0.1)],
    ids=["tall", "wide", "vector", "matrix"],
)
def test_muon_takes_the_steps_of_its_formula(shape, factor):
    rng = np.random.default_rng(0)
    start, *gradients = rng.normal(size=(4, *shape)).astype("float32")
    config = TrainingConfig(
        optimizer="muon",
        learning_rate=0.24,
        momentum=0.85,
        vector_rate=440.0,
        matrix_rate=0.1,
        weight_decay=0.004,
    )
    variable = keras.Variable(start, name="w")
    made = optimizer(config, [variable])
    for gradient, rate in zip(gradients, (0.24, 0.12, 0.06), strict=True):
        made.learning_rate = rate
        made.apply([tf.constant(gradient, tf.float32)], [variable])
    expected = muon_by_hand(start, gradients, 0.24, factor, 0.004)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_muon_changes_all_directions_of_a_convolution_alike_and_keras_s_own_does_not():
    """Keras's Muon trains a convolution by AdamW, without a word."""
    rng = np.random.default_rng(0)
    u, v = np.linalg.qr(rng.normal(size=(18, 4)))[0], np.linalg.qr(rng.normal(size=(4, 4)))[0]
    gradient = (u * [8, 4, 2, 1] @ v).reshape(3, 3, 2, 4)

    def spread(made):
        kernel = keras.Variable(rng.normal(size=(3, 3, 2, 4)), dtype="float32", name="kernel")
        made.build([kernel])
        kernel.assign(kernel * 2 / np.linalg.norm(kernel))  # the norm that Muon gives it
        before = kernel.numpy()
        made.apply([tf.constant(gradient, tf.float32)], [kernel])
        values = np.linalg.svd((kernel.numpy() - before).reshape(18, 4), compute_uv=False)
        return values[0] / values[-1]

    assert spread(Muon(0.1, momentum=0.85)) < 2
    assert spread(keras.optimizers.SGD(0.1)) == pytest.approx(8, rel=1e-3)
    assert spread(keras.optimizers.Muon(0.1)) > 3


def test_orthogonal_keeps_the_singular_vectors():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype("float32")
    u, _, v = np.linalg.svd(kernel.reshape(27, 8), full_matrices=False)
    made = orthogonal(tf.constant(kernel)).numpy().reshape(27, 8)
    inner = u.T @ made @ v.T
    np.testing.assert_allclose(inner, np.diag(np.diag(inner)), atol=1e-4)
    assert (np.diag(inner) > 0.3).all() and (np.diag(inner) < 1.3).all()


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_vectors_and_matrices_learn_at_their_own_rates(kind):
    config = TrainingConfig(
        optimizer=kind, learning_rate=0.1, momentum=0, vector_rate=4.0, matrix_rate=0.5
    )
    variables = [
        keras.Variable(np.zeros(shape), dtype="float32", name=f"v{len(shape)}")
        for shape in ((2,), (2, 2), (1, 1, 2, 2))
    ]
    made = optimizer(config, variables)
    made.apply([tf.ones(v.shape) for v in variables], variables)
    steps = [-v.numpy().ravel()[0] for v in variables]
    assert steps == pytest.approx([0.4, 0.05, 0.1], rel=1e-4)
