"""The course's data sets by their names."""

from course_lib.data.cifar import find_cifar, load_cifar
from course_lib.data.shapes10 import load_shapes10

CIFAR = ("cifar10", "cifar100")


def load(name, n_train=None, n_test=None, seed=0):
    """Load the `Dataset` "shapes10", "cifar10" or "cifar100", whole or in part.

    CIFAR is looked for in the folder that the environment variable COURSE_DATA_DIR names, as
    `cifar10.npz` or `cifar100.npz` (arrays x_train, y_train, x_test, y_test); if it is not there,
    it is downloaded once (170 MB) into the folder `datasets` of KERAS_HOME or ~/.keras. Source:
    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    Args:
        n_train, n_test: for shapes10, how many images to draw; None: 6,000 and 1,000. For CIFAR,
            how many to take from the start of a shuffled order in which the classes alternate;
            None: all, in stored order.
        seed: of shapes10, or of that order.

    Raises ValueError if a number is out of range or a file holds something else; OSError if
    COURSE_DATA_DIR names no folder, a file cannot be read, or the download failed.

    >>> load("shapes10", n_train=20, n_test=10)
    <Dataset shapes10: 20 + 10 images of 32x32, 10 classes>
    """
    if name in CIFAR:
        return load_cifar(name, n_train, n_test, seed)
    if name != "shapes10":
        raise ValueError(f"name must be shapes10, cifar10 or cifar100, got {name!r}; choose one")
    limits = {"n_train": n_train, "n_test": n_test}
    return load_shapes10(**{k: n for k, n in limits.items() if n is not None}, seed=seed)


def inventory() -> dict[str, tuple[str, str]]:
    """Which data sets are on this computer, for `machine.report`; reads none of them completely.

    Returns for each name "ready" (to load without a download), "not usable" or "not here", and a
    comment.

    >>> inventory()["shapes10"]
    ('ready', 'drawn when needed')
    """
    found = {name: find_cifar(name) for name in CIFAR}
    return {"shapes10": ("ready", "drawn when needed"), **found}
