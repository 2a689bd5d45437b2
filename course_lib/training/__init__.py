"""Train a net: every setting in one object, one loop, saving and resuming."""

from course_lib.training.config import TrainingConfig, learning_rate_at
from course_lib.training.loop import TrainingDivergedError, fit, train

__all__ = ["TrainingConfig", "TrainingDivergedError", "fit", "learning_rate_at", "train"]
