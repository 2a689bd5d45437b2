"""Reads the arrays in a file of PyTorch's with NumPy alone, and runs nothing that the file names.

Such a file is a pickle: a program whose words are names of Python functions, which `pickle.load`
calls. This reader knows the four names that arrays need, and refuses a file with any other.
"""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C  # the first number in a file of the format before PyTorch 1.6


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype


class _Tensor(NamedTuple):
    """Where an array is; what it holds comes at the end of the file."""

    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple


def _tensor(storage, offset, shape, strides, *_):
    return _Tensor(storage, offset, shape, strides)


NAMES = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.LongStorage": np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (found := NAMES.get(f"{module}.{name}")) is None:
            raise ValueError(f"it names {module}.{name}, which no array needs; nothing was run")
        return found

    def persistent_load(self, pid):
        _, dtype, key, *_ = pid
        return _Storage(key, dtype)


def read_torch(path: Path) -> dict[str, np.ndarray]:
    """The arrays in a state dictionary that PyTorch saved, by their names: float32 or int64.

    Reads the format that PyTorch wrote before version 1.6. Raises ValueError, with the reason, if
    the file is another one, is cut off, or names anything but arrays.

    >>> read_torch(Path(__file__))
    Traceback (most recent call last):
    ...
    ValueError: torchfile.py is not a file of PyTorch arrays: invalid load key, '"'.
    """
    file = io.BytesIO(path.read_bytes())
    try:
        if file.getvalue().startswith(b"PK"):
            raise ValueError("it is a zip archive, as PyTorch writes since 1.6")
        if _Unpickler(file).load() != MAGIC:
            raise ValueError("it begins with another number")
        _version, _system, tensors, keys = (_Unpickler(file).load() for _ in range(4))
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
        storages = {key: _storage(file, dtypes[key]) for key in keys}
        return {name: _array(tensor, storages) for name, tensor in tensors.items()}
    except Exception as error:  # a damaged pickle can raise anything
        reason = str(error) or type(error).__name__
        raise ValueError(f"{path.name} is not a file of PyTorch arrays: {reason}") from error


def _storage(file, dtype):
    """The values of one storage: their number, then they themselves."""
    size = int.from_bytes(file.read(8), "little") * dtype.itemsize
    values = file.read(size)
    if len(values) < size:
        raise ValueError("it is cut off")
    return values


def _array(tensor, storages):
    dtype = tensor.storage.dtype
    strides = [step * dtype.itemsize for step in tensor.strides]
    # It checks that all elements lie in the buffer, as numpy's as_strided does not.
    buffer, start = storages[tensor.storage.key], tensor.offset * dtype.itemsize
    array = np.ndarray(tensor.shape, dtype, buffer, start, strides)
    if array.nbytes > len(buffer):  # with steps of 0, a few bytes could fill all memory
        raise ValueError("an array has more elements than the file")
    return array.copy()
