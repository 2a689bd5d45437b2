"""Train a net: every setting in one object, one loop, comparing, saving and resuming."""

from course_lib.training.comparison import Comparison, compare
from course_lib.training.config import TrainingConfig, learning_rate_at
from course_lib.training.fingerprints import data_fingerprint, net_fingerprint
from course_lib.training.loop import fit, train
from course_lib.training.progress import TrainingDivergedError
from course_lib.training.saving import load_best
from course_lib.training.stopping import TrainingStopped

__all__ = [
    "Comparison",
    "TrainingConfig",
    "TrainingDivergedError",
    "TrainingStopped",
    "compare",
    "data_fingerprint",
    "fit",
    "learning_rate_at",
    "load_best",
    "net_fingerprint",
    "train",
]
