"""What a data set is, and helpers that the loaders share."""

from dataclasses import dataclass

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test images with labels; unpacks into the two pairs.

    Images are uint8 (n, size, size, 3), labels uint8 (n,). Label k means `class_names[k]`.
    """

    train: Pair
    test: Pair
    name: str
    class_names: tuple[str, ...]

    def __iter__(self):
        return iter((self.train, self.test))

    def __repr__(self):
        n, height, width, _ = self.train[0].shape
        counts = f"{n} + {len(self.test[0])} images of {height}x{width}"
        return f"<Dataset {self.name}: {counts}, {len(self.class_names)} classes>"


def describe(x) -> str:
    """An array or its header in a few words for error messages: "uint8 (2, 3) from 0 to 5"."""
    if not hasattr(x, "dtype"):
        return "nothing" if x is None else f"{x!r:.40}"
    numbers = isinstance(x, np.ndarray) and x.size and x.dtype.kind in "iuf"
    return f"{x.dtype} {x.shape}" + (f" from {x.min()} to {x.max()}" if numbers else "")


def check_whole(name: str, value, least: int, most: float = float("inf")) -> None:
    """Raise a ValueError unless `value` is a whole number from `least` to `most`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        rule = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {rule}, got {value!r}; change {name}")
