"""The optimisers of a `TrainingConfig`: Keras's, and the L2 penalty that Keras's lack."""

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
    settings = {"learning_rate": config.learning_rate}
    if config.optimizer == "sgd":
        settings["momentum"] = float(config.momentum)
    classes = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    if config.decay == "l2":
        classes = {"sgd": SGDWithL2, "adam": AdamWithL2}
    elif config.weight_decay > 0:
        settings["weight_decay"] = config.weight_decay
    made = classes[config.optimizer](**settings)
    if config.decay == "l2":
        made.l2 = config.weight_decay
    else:
        made.exclude_from_weight_decay([v for v in variables if len(v.shape) < 2])
    made.build(variables)
    return made
