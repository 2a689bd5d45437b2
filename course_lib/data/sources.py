"""Where CIFAR comes from: a file shared by a class, or its own site."""

import os
import stat
import tarfile
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np

from course_lib.data.download import download, keras_home

KEYS = ("x_train", "y_train", "x_test", "y_test")
SITE = "https://www.cs.toronto.edu/~kriz/"


class Archive(NamedTuple):
    """A file of the site, its size in bytes, its checksum, and the labels before each image."""

    file: str
    size: int
    sha256: str
    labels: int


ARCHIVES = {  # sizes and checksums: those that TensorFlow Datasets publishes
    "cifar10": Archive(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        labels=1,
    ),
    "cifar100": Archive(
        "cifar-100-binary.tar.gz",
        168_513_733,
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        labels=2,
    ),
}


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
            f"COURSE_DATA_DIR must name a folder, got {folder!r}; correct it, or unset it to "
            f"download {name}"
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


def downloaded(name: str) -> bool:
    """Whether the archive that `from_network` keeps is there, and as long as it should be."""
    path = _archive(name)
    return path.is_file() and path.stat().st_size == ARCHIVES[name].size


def from_network(name: str) -> dict[str, np.ndarray]:
    """The arrays by key from the data set's own site, downloaded if they are not here yet.

    The binary form of the archive, which holds bytes and no pickle: for each image its label (in
    CIFAR-100 after a coarse one), then 3 channels of 32×32 pixels.
    """
    archive, folder = ARCHIVES[name], os.environ.get("COURSE_DATA_DIR")
    tried = f"{folder} holds no {name}.npz" if folder else "COURSE_DATA_DIR is not set"
    path = download(
        SITE + archive.file,
        f"sha256:{archive.sha256}",
        _archive(name),
        f"{tried}. Connect to the network and try again, set COURSE_DATA_DIR to a folder that "
        f'holds {name}.npz, or go on with DATASET = "shapes10", which needs no file.',
    )
    parts = {"train": [], "test": []}
    with tarfile.open(path) as file:
        for member in file:
            if member.name.endswith(".bin"):
                split = "test" if "test" in member.name else "train"
                parts[split].append((member.name, file.extractfile(member).read()))
    arrays = {}
    for split, files in parts.items():
        numbers = np.frombuffer(b"".join(content for _, content in sorted(files)), np.uint8)
        rows = numbers.reshape(-1, archive.labels + 3 * 32 * 32)
        images = rows[:, archive.labels :].reshape(-1, 3, 32, 32)
        arrays[f"x_{split}"] = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        arrays[f"y_{split}"] = rows[:, archive.labels - 1].copy()
    return arrays


def _archive(name):
    return keras_home() / "datasets" / ARCHIVES[name].file


def _unusable(path, error):
    return OSError(
        f"{path} must be a whole .npz file of numbers, but reading it failed ({error}); check "
        "its permissions, copy it again, or unset COURSE_DATA_DIR to download the data"
    )
