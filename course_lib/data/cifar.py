"""CIFAR-10 and CIFAR-100: photographs of 32x32 pixels."""

import os
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from course_lib.data.dataset import Dataset, check_whole, describe

_KEYS = ("x_train", "y_train", "x_test", "y_test")
CIFAR_COUNTS = {"train": 50_000, "test": 10_000}
_CIFAR_LABELS = {
    "cifar10": "airplane automobile bird cat deer dog frog horse ship truck",
    "cifar100": """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy
        bridge bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud
        cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl
        hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
        motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
        pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket
        rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower
        sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
        wardrobe whale willow_tree wolf woman worm""",
}


def load_cifar(name, n_train=None, n_test=None, seed=0):
    """Load "cifar10" or "cifar100" (its 100 fine labels), whole or in part; see `data.load`.

    >>> load_cifar("cifar10")  # doctest: +SKIP
    <Dataset cifar10: 50000 + 10000 images of 32x32, 10 classes>
    """
    data = _load_cifar(name)
    train = _take(*data.train, "n_train", n_train, seed)
    test = _take(*data.test, "n_test", n_test, seed)
    return Dataset(train, test, name, data.class_names)


def _load_cifar(name):
    folder = os.environ.get("COURSE_DATA_DIR")
    tried = "COURSE_DATA_DIR is not set"
    if folder:
        path = Path(folder).expanduser() / f"{name}.npz"
        if not os.path.isdir(path.parent):
            raise NotADirectoryError(
                f"COURSE_DATA_DIR must name a folder, got {folder!r}, which is none; correct it, "
                f"or unset it to let Keras download {name}"
            )
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = {key: file[key] for key in _KEYS if key in file}
        except FileNotFoundError:
            tried = f"there is no {path}"
        except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
            raise OSError(
                f"{path} must be a whole .npz file of numbers, but reading it failed "
                f"({type(error).__name__}: {error}); check its permissions, copy it again, "
                "or unset COURSE_DATA_DIR to let Keras download the data"
            ) from error
        else:
            return _checked(arrays, name, path)
    import keras

    try:
        train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # without a network Keras raises a bare Exception
        raise OSError(
            f"{name} is not here ({tried}), and Keras could not get it: {error}. Connect to the "
            f"network and try again, set COURSE_DATA_DIR to a folder that holds {name}.npz, or "
            'go on with DATASET = "shapes10", which needs no file.'
        ) from error
    return _checked(dict(zip(_KEYS, (*train, *test), strict=True)), name, "the copy Keras keeps")


def _checked(arrays, name, source):
    """A `Dataset` of arrays from outside, or an error that says what is wrong with them."""
    class_names, pairs = tuple(_CIFAR_LABELS[name].split()), []
    for split, n in CIFAR_COUNTS.items():
        x, y = arrays.get(f"x_{split}"), arrays.get(f"y_{split}")
        if np.shape(y) == (n, 1):
            y = y[:, 0]
        images = np.shape(x) == (n, 32, 32, 3) and x.dtype == np.uint8
        labels = np.shape(y) == (n,) and y.dtype.kind in "iu"
        if not images or not labels or not np.array_equal(np.unique(y), range(len(class_names))):
            raise ValueError(
                f"{source} is not {name}: expected x_{split} uint8 ({n}, 32, 32, 3) and y_{split} "
                f"whole ({n},) with every label from 0 to {len(class_names) - 1}, found "
                f"{describe(x)} and {describe(y)}; put a whole copy of {name} in its place"
            )
        pairs.append((x, y.astype(np.uint8)))
    return Dataset(*pairs, name, class_names)


def _take(x, y, name, n, seed):
    """The first n images of a shuffle in which the classes take turns; all when n is None."""
    if n is None:
        return x, y
    check_whole(name, n, 1, len(y))
    check_whole("seed", seed, 0)
    chance = np.random.Generator(np.random.PCG64(seed)).random(len(y))
    by_class = np.lexsort((chance, y))
    turn = np.empty(len(y), int)
    turn[by_class] = np.arange(len(y)) - np.searchsorted(y[by_class], y[by_class])
    order = np.lexsort((chance, turn))[:n]
    return x[order], y[order]
