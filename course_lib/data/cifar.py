"""CIFAR-10 and CIFAR-100: photographs of 32x32 pixels."""

import numpy as np

from course_lib.data import sources
from course_lib.data.dataset import Dataset, check_whole, describe

COUNTS = {"train": 50_000, "test": 10_000}
LABELS = {
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
    """Load "cifar10" or "cifar100" (its 100 fine labels), whole or in part; see `data.load`."""
    path = sources.shared_copy(name)
    if path:
        _check_kinds(sources.read(path, sources.header), name, path)  # before reading it all
        arrays, source = sources.read(path), path
    else:
        arrays, source = sources.from_network(name), "the downloaded archive"
        _check_kinds(arrays, name, source)
    pairs = []
    for split, n in (("train", n_train), ("test", n_test)):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"].ravel()
        if not np.array_equal(np.unique(y), range(len(LABELS[name].split()))):
            raise _foreign(name, source, split, x, y)
        pairs.append(_take(x, y.astype(np.uint8), f"n_{split}", n, seed))
    return Dataset(*pairs, name, tuple(LABELS[name].split()))


def find_cifar(name):
    """The state of the data set on this computer, and a comment, as in `data.inventory`."""
    try:
        path = sources.shared_copy(name)
        if path:
            _check_kinds(sources.read(path, sources.header), name, path)
            return "ready", "in the folder that COURSE_DATA_DIR names"
        if sources.downloaded(name):
            return "ready", "downloaded before"
    except (OSError, ValueError):
        return "not usable", f'data.load("{name}") says why'
    return "not here", "optional: downloaded when you choose it"


def _check_kinds(arrays, name, source):
    """Check shapes and dtypes, of arrays or of headers. Labels may be a column."""
    for split, n in COUNTS.items():
        x, y = arrays.get(f"x_{split}"), arrays.get(f"y_{split}")
        images = x is not None and x.shape == (n, 32, 32, 3) and x.dtype == np.uint8
        labels = y is not None and y.shape in ((n,), (n, 1)) and y.dtype.kind in "iu"
        if not images or not labels:
            raise _foreign(name, source, split, x, y)


def _foreign(name, source, split, x, y):
    n, classes = COUNTS[split], len(LABELS[name].split())
    return ValueError(
        f"{source} is not {name}: expected x_{split} uint8 ({n}, 32, 32, 3) and y_{split} integers "
        f"({n},) with every label from 0 to {classes - 1}, found {describe(x)} and {describe(y)}; "
        f"put a whole copy of {name} in its place"
    )


def _take(x, y, name, n, seed):
    """The first n images of a shuffled order in which the classes alternate; None: all."""
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
