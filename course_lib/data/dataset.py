"""What a data set is, and the checks that all of them share."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels to learn from and to be judged by; unpacks as the two pairs.

    Attributes:
        train, test: images, uint8 (n, size, size, 3), and labels, uint8 (n,).
        name: what `data.load` calls it.
        class_names: label k means `class_names[k]`.

    >>> images, labels = np.zeros((20, 8, 8, 3), np.uint8), np.zeros(20, np.uint8)
    >>> dataset = Dataset((images, labels), (images[:5], labels[:5]), "zeros", ("nothing",))
    >>> (x_train, y_train), (x_test, y_test) = dataset
    >>> dataset, x_test.shape
    (<Dataset zeros: 20 + 5 images of 8x8, 1 classes>, (5, 8, 8, 3))
    """

    train: Pair
    test: Pair
    name: str
    class_names: tuple[str, ...]

    def __iter__(self) -> Iterator[Pair]:
        return iter((self.train, self.test))

    def __repr__(self) -> str:
        n, height, width, _ = self.train[0].shape
        counts = f"{n} + {len(self.test[0])} images of {height}x{width}"
        return f"<Dataset {self.name}: {counts}, {len(self.class_names)} classes>"


def describe(x) -> str:
    """An array in a few words, for error messages.

    >>> describe(np.arange(6, dtype=np.uint8).reshape(2, 3)), describe(None)
    ('uint8 (2, 3) from 0 to 5', 'nothing')
    """
    if not isinstance(x, np.ndarray):
        return "nothing" if x is None else f"{x!r:.40}"
    span = f" from {x.min()} to {x.max()}" if x.size and x.dtype.kind in "iuf" else ""
    return f"{x.dtype} {x.shape}{span}"


def check_whole(name: str, value, least: int, most: float = float("inf")) -> None:
    """Raise a ValueError unless `value` is a whole number from `least` to `most`.

    >>> check_whole("n_train", 0, least=1)
    Traceback (most recent call last):
    ValueError: n_train must be a whole number of at least 1, got 0; change n_train
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        rule = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {rule}, got {value!r}; change {name}")
