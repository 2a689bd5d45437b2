"""How the learning rate changes while a net is trained."""

import math

from course_lib.training.config import TrainingConfig


def learning_rate_at(config: TrainingConfig, epoch: float) -> float:
    """The learning rate after `epoch` epochs; fractions are points within an epoch.

    >>> config = TrainingConfig(epochs=10, learning_rate=0.1, schedule="step")
    >>> [round(learning_rate_at(config, e), 4) for e in (0, 4.9, 5, 7.5)]
    [0.1, 0.1, 0.01, 0.001]
    """
    if epoch < config.warmup_epochs:
        return config.learning_rate * epoch / config.warmup_epochs
    done = epoch / config.epochs
    scale = {
        "constant": 1.0,
        "step": 0.1 ** ((done >= 0.5) + (done >= 0.75)),
        "cosine": 0.5 * (1 + math.cos(math.pi * done)),
        "linear": 1 - done,
    }[config.schedule]
    return config.learning_rate * scale
