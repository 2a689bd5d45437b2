"""Where CIFAR comes from: a file shared by a class, or Keras."""

import errno
import os
import socket
import stat
import tempfile
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

KEYS = ("x_train", "y_train", "x_test", "y_test")
KERAS_ARCHIVES = {  # how the name of the file begins, and its size in bytes
    "cifar10": ("cifar-10-batches-py", 170_498_071),
    "cifar100": ("cifar-100-python", 169_001_437),
}
DOWNLOAD_TIMEOUT = 30  # seconds without receiving a byte


class Header(NamedTuple):
    """What a file says of one of its arrays."""

    shape: tuple[int, ...]
    dtype: np.dtype


def shared_copy(name: str) -> Path | None:
    """The path of `name`.npz in the folder that COURSE_DATA_DIR names; None if it is not there."""
    folder = os.environ.get("COURSE_DATA_DIR")
    if not folder:
        return None
    path = Path(os.path.expanduser(folder), f"{name}.npz")
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait forever
            raise OSError("it is a folder or a device")
        with path.open("rb") as file:
            if file.read(64).lstrip().startswith(b"<"):
                raise OSError("it is a web page, perhaps a login page")
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.parent.is_dir():
            return None
        raise NotADirectoryError(
            f"COURSE_DATA_DIR must name a folder, got {folder!r}; correct it, or unset it to let "
            f"Keras download {name}"
        ) from error
    except OSError as error:
        raise _unusable(path, error) from error
    return path


def read(path: Path, part=np.lib.format.read_array) -> dict[str, np.ndarray | Header]:
    """The arrays in an .npz file, by key, or with `part=header` their headers alone.

    Python objects, which could run code, are refused.
    """
    try:
        with ZipFile(path) as file:
            names = {key: f"{key}.npy" for key in KEYS if f"{key}.npy" in file.namelist()}
            return {key: part(file.open(name)) for key, name in names.items()}
    except Exception as error:  # reading a damaged file fails in a dozen ways
        raise _unusable(path, error) from error


def header(stream) -> Header:
    np.lib.format.read_magic(stream)
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    return Header(shape, dtype)


def in_keras_cache(name: str) -> bool:
    """Whether Keras has the complete archive; it unpacks it on every load."""
    start, size = KERAS_ARCHIVES[name]
    found = _keras_datasets().glob(f"{start}*")
    return any(file.is_file() and file.stat().st_size == size for file in found)


def through_keras(name: str) -> dict[str, np.ndarray]:
    """The arrays by key from Keras's own loader, downloaded if they are not here yet."""
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)  # Keras sets none and would wait forever
    try:
        train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # without a network Keras raises a bare Exception
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                f"The disk is full: {name} needs 400 MB in {_keras_datasets()}. Make room, or go "
                'on with DATASET = "shapes10", which needs no file.'
            ) from error
        folder = os.environ.get("COURSE_DATA_DIR")
        tried = f"no {name}.npz in {folder}" if folder else "COURSE_DATA_DIR is not set"
        raise OSError(
            f"{name} is not here ({tried}), and Keras could not get it: {error}. Connect to the "
            f"network and try again, set COURSE_DATA_DIR to a folder that holds {name}.npz, or "
            'go on with DATASET = "shapes10", which needs no file.'
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    return dict(zip(KEYS, (*train, *test), strict=True))


def _unusable(path, error):
    return OSError(
        f"{path} must be a whole .npz file of numbers, but reading it failed ({error}); check "
        "its permissions, copy it again, or unset COURSE_DATA_DIR to let Keras download the data"
    )


def _keras_datasets():
    """The folder in which Keras keeps data sets; if that is not writable, a folder in /tmp."""
    home = Path(os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras")))
    if home.exists() and not os.access(home, os.W_OK):
        home = Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir(), ".keras")
    return home / "datasets"
