"""Train a net or compare several: all settings in one object, one loop, saved and resumed."""

from course_lib.training.comparison import compare
from course_lib.training.config import TrainingConfig
from course_lib.training.loop import fit, train
from course_lib.training.progress import TrainingDivergedError
from course_lib.training.stopping import TrainingStopped

__all__ = [
    "TrainingConfig",
    "TrainingDivergedError",
    "TrainingStopped",
    "compare",
    "fit",
    "train",
]
