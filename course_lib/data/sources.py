"""Where the CIFAR data sets come from: a file that a class shares, or Keras."""

import errno
import io
import os
import socket
import stat
import tempfile
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

KEYS = ("x_train", "y_train", "x_test", "y_test")
HEADER_BYTES = 4096  # more than NumPy writes in front of an array's numbers
KERAS_ARCHIVES = {  # how the name of the file begins, and its size in bytes
    "cifar10": ("cifar-10-batches-py", 170_498_071),
    "cifar100": ("cifar-100-python", 169_001_437),
}
DOWNLOAD_TIMEOUT = 30  # seconds without a byte


class Header(NamedTuple):
    """What an array in a file claims to be."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __repr__(self) -> str:
        return f"{self.dtype} {self.shape}"


def shared_copy(name: str) -> Path | None:
    """The path of `name`.npz in the folder that COURSE_DATA_DIR names, None if it is not there.

    Raises:
        OSError: COURSE_DATA_DIR names no folder, or the file is none that can be read.
    """
    folder = os.environ.get("COURSE_DATA_DIR")
    if not folder:
        return None
    path = Path(os.path.expanduser(folder), f"{name}.npz")
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a named pipe would wait forever
            raise OSError("it is a folder or a device")
        with path.open("rb") as file:
            if file.read(64).lstrip().startswith(b"<"):
                raise OSError("it is a web page, perhaps one that asked to log in")
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.parent.is_dir():
            return None
        raise NotADirectoryError(
            f"COURSE_DATA_DIR must name a folder, got {folder!r}, which is none; correct it, "
            f"or unset it to let Keras download {name}"
        ) from error
    except OSError as error:
        raise _unusable(path, error) from error
    return path


def read_headers(path: Path) -> dict[str, Header]:
    """Shape and dtype of each array in an .npz file, by key; an OSError if it is damaged."""
    return _read(path, _header)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays in an .npz file, by key; they take the memory that their headers claim.

    An OSError if it is damaged, or holds Python objects, which might run code of their own.
    """
    return _read(path, np.lib.format.read_array)


def in_keras_cache(name: str) -> bool:
    """Whether Keras has the whole archive, which it unpacks anew each time."""
    start, size = KERAS_ARCHIVES[name]
    found = _keras_datasets().glob(f"{start}*")
    return any(file.is_file() and file.stat().st_size == size for file in found)


def through_keras(name: str) -> dict[str, np.ndarray]:
    """The arrays by key as Keras's own loader has them, downloaded where they are not yet here.

    Raises:
        OSError: no network, a download that stalls, a full disk, or whatever else Keras met.
    """
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


def _read(path, part):
    try:
        with ZipFile(path) as file:
            names = {key: f"{key}.npy" for key in KEYS if f"{key}.npy" in file.namelist()}
            return {key: part(file.open(name)) for key, name in names.items()}
    except Exception as error:  # in a dozen ways, from zipfile's to those of Python's tokenizer
        raise _unusable(path, error) from error


def _header(stream):
    start = io.BytesIO(stream.read(HEADER_BYTES))
    version = np.lib.format.read_magic(start)
    one, two = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0
    shape, _, dtype = (one if version == (1, 0) else two)(start)
    return Header(shape, dtype)


def _unusable(path, error):
    return OSError(
        f"{path} must be a whole .npz file of numbers, but reading it failed ({error}); check "
        "its permissions, copy it again, or unset COURSE_DATA_DIR to let Keras download the data"
    )


def _keras_datasets():
    """The folder in which Keras keeps data sets: where it may not write, one in /tmp."""
    home = Path(os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras")))
    if home.exists() and not os.access(home, os.W_OK):
        home = Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir(), ".keras")
    return home / "datasets"
