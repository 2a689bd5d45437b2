"""The optimisers of a `TrainingConfig`: Keras's, with an L2 penalty, which they lack."""

import keras


class _WithL2:
    """Adds l2 * w to a kernel's gradient before the optimiser sees it."""

    l2 = 0.0

    def update_step(self, gradient, variable, learning_rate):
        if self.l2 and len(variable.shape) > 1:
            gradient = gradient + self.l2 * keras.ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate)


class SGDWithL2(_WithL2, keras.optimizers.SGD):
    pass


class AdamWithL2(_WithL2, keras.optimizers.Adam):
    pass


def optimizer(config, variables):
    decoupled = config.decay == "decoupled"
    settings = {"learning_rate": config.learning_rate}
    if config.optimizer == "sgd":
        settings["momentum"] = float(config.momentum)
    if decoupled:
        settings["weight_decay"] = config.weight_decay or None
    made = {"sgd": SGDWithL2, "adam": AdamWithL2}[config.optimizer](**settings)
    made.l2 = 0.0 if decoupled else config.weight_decay
    made.exclude_from_weight_decay([v for v in variables if len(v.shape) < 2])
    made.build(variables)
    return made
