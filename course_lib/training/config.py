"""How a net is trained: one object that holds every setting."""

import dataclasses
import math
import operator

from course_lib.data.dataset import check_whole
from course_lib.models.sizes import check_choice


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Everything that decides how a net is trained; immutable. A wrong value raises ValueError.

    Attributes:
        epochs: passes over the training images.
        batch_size: images in one step.
        optimizer: "sgd", "adam" or "muon" (see `training.optimizers`).
        learning_rate: its highest value, which the schedule scales.
        vector_rate, matrix_rate: factors of the learning rate for biases and other vectors, and for
            the matrices of dense layers.
        schedule: "constant"; "step" (divided by 10 after half and again after three quarters of the
            training: ResNet, section 4.2); "cosine" (falls to zero along half a cosine); or
            "linear" (falls to zero along a line).
        warmup_epochs: number of epochs in which the learning rate first rises from zero.
        momentum: of SGD, and in Muon of all but the convolutions' kernels; Adam ignores it.
        weight_decay: how strongly the kernels (not the biases) are pulled towards zero. In Muon:
            the share that a step at the highest rate takes off all but the convolutions' kernels.
        decay: "l2" adds weight_decay * w to the gradient, so momentum (or Adam's scaling) acts on
            it too: AlexNet (section 5). "decoupled" subtracts learning_rate * weight_decay * w
            apart from the step: AdamW and modern recipes.
        label_smoothing: share of the target that is spread over all classes.
        auxiliary_weight: of each auxiliary head's loss (GoogLeNet, arXiv:1409.4842, section 5).
        augmentation: "none", "flip", "crop", "crop+flip" or "shift+turns" (see
            `data.augmentation`).
        sizes: pairs (pixels, epochs): for so many epochs images are first shrunk to so many pixels
            on each side; after the last pair they keep their size. It needs a net that takes every
            size.
        precision: "float32", "bfloat16" or "auto" (see `training.precision`).
        seed: decides initialisation, order of the images, augmentation and dropout.

    >>> TrainingConfig(epochs=3, optimizer="adam", learning_rate=1e-3).epochs
    3
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: str = "sgd"
    learning_rate: float = 0.05
    vector_rate: float = 1.0
    matrix_rate: float = 1.0
    schedule: str = "constant"
    warmup_epochs: float = 0.0
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay: str = "l2"
    label_smoothing: float = 0.0
    auxiliary_weight: float = 0.3
    augmentation: str = "none"
    sizes: tuple[tuple[int, int], ...] = ()
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self):
        choices = {
            "optimizer": ("sgd", "adam", "muon"),
            "schedule": ("constant", "step", "cosine", "linear"),
            "decay": ("l2", "decoupled"),
            "augmentation": ("none", "flip", "crop", "crop+flip", "shift+turns"),
            "precision": ("float32", "bfloat16", "auto"),
        }
        for name, allowed in choices.items():
            check_choice(name, getattr(self, name), allowed)
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            check_whole(name, value := getattr(self, name), least)
            object.__setattr__(self, name, int(value))  # Keras and JSON refuse NumPy's integers
        for name in ("learning_rate", "vector_rate", "matrix_rate"):
            if not 0 < (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be above 0, got {value!r}")
        limits = {"momentum": 1, "label_smoothing": 1}
        limits |= {"weight_decay": math.inf, "auxiliary_weight": math.inf}
        for name, limit in limits.items():
            if not 0 <= (value := getattr(self, name)) < limit:
                raise ValueError(f"{name} must be at least 0 and below {limit}, got {value!r}")
        if not 0 <= self.warmup_epochs <= self.epochs:
            rule = f"warmup_epochs must be from 0 to epochs ({self.epochs})"
            raise ValueError(f"{rule}, got {self.warmup_epochs!r}")
        if self.optimizer == "muon" and (self.decay != "l2" or not self.momentum):
            rule = "muon needs a momentum above 0 and decay 'l2'"
            raise ValueError(f"{rule}, got {self.momentum!r} and {self.decay!r}")
        self._check_sizes()

    def _check_sizes(self):
        try:
            pairs = tuple((operator.index(side), operator.index(n)) for side, n in self.sizes)
            fit = all(min(pair) >= 1 for pair in pairs)
        except (TypeError, ValueError):  # not pairs, or not whole numbers
            fit = False
        if not fit or sum(n for _, n in pairs) > self.epochs:
            raise ValueError(
                "sizes must be pairs (pixels, epochs) of whole numbers of at least 1, with at most "
                f"{self.epochs} epochs in all, got {self.sizes!r}"
            )
        object.__setattr__(self, "sizes", pairs)

    def side_at(self, epoch: int) -> int | None:
        """The side to which images are shrunk in an epoch, from 0; None: they keep their size.

        >>> config = TrainingConfig(epochs=10, sizes=((24, 5), (28, 2)))
        >>> [config.side_at(epoch) for epoch in (0, 4, 5, 7)]
        [24, 24, 28, None]
        """
        for side, epochs in self.sizes:
            if epoch < epochs:
                return side
            epoch -= epochs
        return None
