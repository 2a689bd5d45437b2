"""The course's data sets: shapes10, drawn on the spot, and CIFAR-10 and CIFAR-100."""

import os
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from course_lib.data import shapes10

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


class Dataset(tuple):
    """A data set; unpacks as `(x_train, y_train), (x_test, y_test)`.

    Images are uint8 (n, size, size, 3), labels uint8 (n,). Attributes: `train` and `test`, the
    two pairs; `name`; `class_names`, a tuple of str in which label k is `class_names[k]`.

    >>> data = load_shapes10(n_train=20, n_test=10)
    >>> (x_train, y_train), (x_test, y_test) = data
    >>> data, data.class_names[:2]
    (<Dataset shapes10: 20 + 10 images of 32x32, 10 classes>, ('circle', 'ring'))
    """

    def __new__(cls, train, test, name, class_names):
        self = super().__new__(cls, (train, test))
        self.train, self.test = train, test
        self.name, self.class_names = name, tuple(class_names)
        return self

    def __repr__(self):
        n, height, width, _ = self.train[0].shape
        counts = f"{n} + {len(self.test[0])} images of {height}x{width}"
        return f"<Dataset {self.name}: {counts}, {len(self.class_names)} classes>"


def load(name, n_train=None, n_test=None, seed=0):
    """Load the `Dataset` "shapes10", "cifar10" or "cifar100", whole or in part.

    Args:
        n_train, n_test: for shapes10, how many images to draw. For CIFAR, how many to take from
            the front of a shuffle in which the classes take turns; None: all, as stored.
        seed: the seed of shapes10, or of that shuffle.

    Raises:
        ValueError: unknown name, or a number of images below 1 or above what there is.
        Also what the data set's own loader raises.

    >>> load("shapes10", n_train=20, n_test=10)
    <Dataset shapes10: 20 + 10 images of 32x32, 10 classes>
    """
    if name == "shapes10":
        limits = {"n_train": n_train, "n_test": n_test}
        return load_shapes10(**{k: n for k, n in limits.items() if n is not None}, seed=seed)
    if name not in _CIFAR_LABELS:
        raise ValueError(f"name must be shapes10, cifar10 or cifar100, got {name!r}; choose one")
    data = _load_cifar(name)
    train = _take(*data.train, "n_train", n_train, seed)
    test = _take(*data.test, "n_test", n_test, seed)
    return Dataset(train, test, name, data.class_names)


def load_shapes10(n_train=6000, n_test=1000, size=32, difficulty=0.5, seed=0):
    """Draw shapes10, a `Dataset` of ten kinds of shape with texture, clutter and noise.

    A seed gives the same bytes on one machine, and the same images to within one grey level on
    any other. Fewer images are the first ones of more; the two splits share none.

    Args:
        n_train, n_test: numbers of images, at least 1; the classes have equal shares.
        size: height and width in pixels, at least 8.
        difficulty: 0 (plain) to 1 (hard): texture, clutter, contrast, noise and pose together.
        seed: whole number, at least 0.

    Raises:
        ValueError: an argument outside its range.

    >>> (x_train, y_train), _ = load_shapes10(n_train=30, n_test=10, size=16)
    >>> x_train.shape, x_train.dtype.name, y_train.shape, y_train.dtype.name
    ((30, 16, 16, 3), 'uint8', (30,), 'uint8')
    """
    _check_whole("n_train", n_train, 1)
    _check_whole("n_test", n_test, 1)
    _check_whole("size", size, 8)
    _check_whole("seed", seed, 0)
    if not 0 <= difficulty <= 1:  # false for NaN too
        raise ValueError(f"difficulty must be from 0 to 1, got {difficulty}; 0.5 is the usual one")
    train = shapes10.draw(n_train, "train", size, difficulty, seed)
    test = shapes10.draw(n_test, "test", size, difficulty, seed)
    return Dataset(train, test, "shapes10", shapes10.CLASS_NAMES)


def load_cifar10():
    """Load CIFAR-10, a `Dataset` of 50,000 + 10,000 images of 32x32 in ten classes.

    Looked for first as `cifar10.npz` (arrays x_train, y_train, x_test, y_test) in the folder
    that the environment variable COURSE_DATA_DIR names, then with Keras's own loader, which
    downloads it once (170 MB) and keeps it. Source: A. Krizhevsky, "Learning Multiple Layers of
    Features from Tiny Images", 2009.

    Raises:
        OSError: COURSE_DATA_DIR names no folder, a file can't be read or is cut off, or the
            download failed.
        ValueError: the file holds something else.

    >>> load_cifar10()  # doctest: +SKIP
    <Dataset cifar10: 50000 + 10000 images of 32x32, 10 classes>
    """
    return _load_cifar("cifar10")


def load_cifar100():
    """Load CIFAR-100 with its 100 fine labels, from `cifar100.npz`; else as `load_cifar10`.

    >>> load_cifar100()  # doctest: +SKIP
    <Dataset cifar100: 50000 + 10000 images of 32x32, 100 classes>
    """
    return _load_cifar("cifar100")


def normalise(x_train, x_test):
    """Bring each colour channel to mean 0 and standard deviation 1 over the training images.

    Takes uint8 (n, height, width, channels), returns float32. Test images are shifted and scaled
    by the same numbers: they must not help to prepare what they judge.

    Raises:
        ValueError: not uint8, not four axes, or a channel that is the same everywhere.

    >>> (x_train, _), (x_test, _) = load_shapes10(n_train=100, n_test=10)
    >>> x_train, x_test = normalise(x_train, x_test)
    >>> x_train.dtype.name, bool(abs(x_train.mean()) < 1e-3), round(float(x_train.std()), 3)
    ('float32', True, 1.0)
    """
    for name, x in (("x_train", x_train), ("x_test", x_test)):
        if np.ndim(x) != 4 or x.dtype != np.uint8 or x.shape[1:] != x_train.shape[1:]:
            raise ValueError(
                f"{name} must be uint8 (n, height, width, channels), of one size in both, got "
                f"{_describe(x)}; pass the images as the loaders return them"
            )
    # Numbers a channel are spread over a whole image first: NumPy is slow at loops over three.
    shape = x_train.shape[1:]
    mean = np.broadcast_to(x_train.mean(axis=0).mean(axis=(0, 1)), shape).astype(np.float32)
    x_train, x_test = x_train - mean, x_test - mean
    squares = np.einsum("nhwc,nhwc->hwc", x_train, x_train, dtype=np.float64) / len(x_train)
    std = np.broadcast_to(np.sqrt(squares.mean(axis=(0, 1))), shape).astype(np.float32)
    if not std.all():
        raise ValueError("x_train must vary in each channel, got one that is the same everywhere")
    x_train /= std
    x_test /= std
    return x_train, x_test


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
    class_names, pairs = _CIFAR_LABELS[name].split(), []
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
                f"{_describe(x)} and {_describe(y)}; put a whole copy of {name} in its place"
            )
        pairs.append((x, y.astype(np.uint8)))
    return Dataset(*pairs, name, class_names)


def _take(x, y, name, n, seed):
    """The first n images of a shuffle in which the classes take turns; all when n is None."""
    if n is None:
        return x, y
    _check_whole(name, n, 1, len(y))
    _check_whole("seed", seed, 0)
    chance = np.random.Generator(np.random.PCG64(seed)).random(len(y))
    by_class = np.lexsort((chance, y))
    turn = np.empty(len(y), int)
    turn[by_class] = np.arange(len(y)) - np.searchsorted(y[by_class], y[by_class])
    order = np.lexsort((chance, turn))[:n]
    return x[order], y[order]


def _describe(x):
    if not isinstance(x, np.ndarray):
        return "nothing" if x is None else f"{x!r:.40}"
    span = f" from {x.min()} to {x.max()}" if x.size and x.dtype.kind in "iuf" else ""
    return f"{x.dtype} {x.shape}{span}"


def _check_whole(name, value, least, most=float("inf")):
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        rule = f"of at least {least}" if most == float("inf") else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {rule}, got {value!r}; change {name}")
