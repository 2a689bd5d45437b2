"""The optimisers of a `TrainingConfig`: Keras's with an L2 penalty, which they lack, and Muon."""

from typing import ClassVar

import keras
import tensorflow as tf

FILTER_MOMENTUM = 0.6
# How Muon's authors take a matrix closer to an orthogonal one (kellerjordan.github.io/posts/muon).
NEWTON_SCHULZ, STEPS = (3.4445, -4.7750, 2.0315), 3


class _Factors:
    """Vectors and matrices may learn at other rates: factors by a variable's number of axes."""

    factors: ClassVar[dict] = {}

    def rate(self, variable, learning_rate):
        return learning_rate * self.factors.get(len(variable.shape), 1.0)


class _WithL2(_Factors):
    """Adds l2 * w to a kernel's gradient before the optimiser sees it."""

    l2 = 0.0

    def update_step(self, gradient, variable, learning_rate):
        if self.l2 and len(variable.shape) > 1:
            gradient = gradient + self.l2 * keras.ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, self.rate(variable, learning_rate))


class SGDWithL2(_WithL2, keras.optimizers.SGD):
    pass


class AdamWithL2(_WithL2, keras.optimizers.Adam):
    pass


class Muon(_Factors, keras.optimizers.SGD):
    """Steps that change every direction of a convolution's filters by about the same amount.

    The average of a kernel's gradients, as a matrix with a column for each filter, is brought close
    to an orthogonal matrix, and the filters keep one norm. All other variables learn by SGD with
    Nesterov's momentum, and at the highest rate each step takes the share `decay` off them, before
    momentum. (`keras.optimizers.Muon` is for matrices: it trains convolutions by AdamW.)

    Source: K. Jordan and others, 2024, as in the public code of airbench94 (arXiv:2404.00498).
    """

    decay = 0.0

    def __init__(self, learning_rate, momentum, **settings):
        super().__init__(learning_rate, momentum=momentum, **settings)
        self.highest = learning_rate

    def update_step(self, gradient, variable, learning_rate):
        filters = len(variable.shape) == 4
        momentum = FILTER_MOMENTUM if filters else self.momentum
        average = self.momentums[self._get_variable_index(variable)]
        if not filters:
            gradient = gradient + self.decay / self.rate(variable, self.highest) * variable
        average.assign(momentum * average + gradient)
        step = gradient + momentum * average
        if filters:
            norm = tf.norm(tf.convert_to_tensor(variable))
            variable.assign(variable * (variable.shape[-1] ** 0.5 / norm))
            step = orthogonal(step)
        variable.assign_sub(self.rate(variable, learning_rate) * step)


def orthogonal(kernel: tf.Tensor) -> tf.Tensor:
    """About the nearest kernel whose filters, or inputs if these are fewer, are orthonormal.

    Takes and returns (height, width, inputs, filters), as a matrix with a column for each filter.
    Its singular values come near 1 (0.3 to 1.2, as long as none was tiny): three steps of a
    polynomial in place of the exact decomposition.

    >>> kernel = tf.random.stateless_normal((3, 3, 8, 4), seed=(0, 1))
    >>> columns = tf.reshape(orthogonal(kernel), (72, 4))
    >>> values = tf.linalg.svd(columns, compute_uv=False).numpy()
    >>> bool(values.min() > 0.3 and values.max() < 1.3)
    True
    """
    a, b, c = NEWTON_SCHULZ
    x = tf.reshape(kernel, (-1, kernel.shape[-1]))
    wide = x.shape[0] < x.shape[1]  # the products are smaller on the short side
    x = (tf.transpose(x) if wide else x) / (tf.norm(x) + 1e-7)
    for _ in range(STEPS):
        square = tf.matmul(x, x, transpose_a=True)
        x = a * x + x @ (b * square + c * square @ square)
    return tf.reshape(tf.transpose(x) if wide else x, kernel.shape)


def optimizer(config, variables):
    """The optimiser of a `TrainingConfig`, made for these variables."""
    decoupled = config.decay == "decoupled"
    settings = {"learning_rate": config.learning_rate}
    if config.optimizer != "adam":
        settings["momentum"] = float(config.momentum)
    if decoupled:
        settings["weight_decay"] = config.weight_decay or None
    made = {"sgd": SGDWithL2, "adam": AdamWithL2, "muon": Muon}[config.optimizer](**settings)
    if config.optimizer == "muon":
        made.decay = config.weight_decay
    elif not decoupled:
        made.l2 = config.weight_decay
    made.factors = {1: config.vector_rate, 2: config.matrix_rate}
    made.exclude_from_weight_decay([v for v in variables if len(v.shape) < 2])
    made.build(variables)
    return made
