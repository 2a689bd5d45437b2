"""How a net is trained: one object that holds every setting."""

import dataclasses
import math

from course_lib.data.dataset import check_whole
from course_lib.models.sizes import check_choice


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Everything that decides how a net is trained; immutable. A wrong value raises ValueError.

    Attributes:
        epochs: passes over the training images.
        batch_size: images in one step.
        optimizer: "sgd" or "adam".
        learning_rate: its highest value, which the schedule scales.
        schedule: "constant"; "step" (divided by 10 after half and again after three quarters of the
            training: ResNet, section 4.2); "cosine" (falls to zero along half a cosine); or
            "linear" (falls to zero along a line).
        warmup_epochs: number of epochs in which the learning rate first rises from zero.
        momentum: of SGD; Adam ignores it.
        weight_decay: how strongly the kernels (not the biases) are pulled towards zero.
        decay: "l2" adds weight_decay * w to the gradient, so momentum (or Adam's scaling) acts on
            it too: AlexNet (section 5). "decoupled" subtracts learning_rate * weight_decay * w
            apart from the step: AdamW and modern recipes.
        label_smoothing: share of the target that is spread over all classes.
        auxiliary_weight: of each auxiliary head's loss (GoogLeNet, arXiv:1409.4842, section 5).
        augmentation: "none", "flip", "crop" or "crop+flip" (see `data.augmentation`).
        precision: "float32", "bfloat16" or "auto" (see `training.precision`).
        seed: decides initialisation, order of the images, augmentation and dropout.

    >>> TrainingConfig(epochs=3, optimizer="adam", learning_rate=1e-3).epochs
    3
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: str = "sgd"
    learning_rate: float = 0.05
    schedule: str = "constant"
    warmup_epochs: float = 0.0
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay: str = "l2"
    label_smoothing: float = 0.0
    auxiliary_weight: float = 0.3
    augmentation: str = "none"
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self):
        choices = {
            "optimizer": ("sgd", "adam"),
            "schedule": ("constant", "step", "cosine", "linear"),
            "decay": ("l2", "decoupled"),
            "augmentation": ("none", "flip", "crop", "crop+flip"),
            "precision": ("float32", "bfloat16", "auto"),
        }
        for name, allowed in choices.items():
            check_choice(name, getattr(self, name), allowed)
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            check_whole(name, value := getattr(self, name), least)
            object.__setattr__(self, name, int(value))  # Keras and JSON refuse NumPy's integers
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate!r}")
        limits = {"momentum": 1, "label_smoothing": 1}
        limits |= {"weight_decay": math.inf, "auxiliary_weight": math.inf}
        for name, limit in limits.items():
            if not 0 <= (value := getattr(self, name)) < limit:
                raise ValueError(f"{name} must be at least 0 and below {limit}, got {value!r}")
        if not 0 <= self.warmup_epochs <= self.epochs:
            rule = f"warmup_epochs must be from 0 to epochs ({self.epochs})"
            raise ValueError(f"{rule}, got {self.warmup_epochs!r}")
