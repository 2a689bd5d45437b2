"""Files as PyTorch wrote them before 1.6, made here by hand; and files that must do nothing."""

import io
import os
import pickle
import struct
import sys
from collections import OrderedDict
from types import ModuleType
from zipfile import ZipFile

import numpy as np
import pytest

from course_lib.models.torchfile import MAGIC, read_torch


class Storage:
    def __init__(self, kind, key, values):
        self.kind, self.key, self.values = kind, key, values


class Tensor:
    """What PyTorch writes of a tensor: a call of the function that makes it again."""

    def __init__(self, storage, offset, shape, strides):
        self.parts = storage, offset, shape, strides, False, OrderedDict()

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


@pytest.fixture
def torch(monkeypatch):
    """Modules with PyTorch's names, so that a pickle can name what is in them."""
    modules = {name: ModuleType(name) for name in ("torch", "torch._utils")}
    for kind in ("FloatStorage", "LongStorage", "HalfStorage"):
        setattr(modules["torch"], kind, type(kind, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*parts):
        raise AssertionError("the file's function was called")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    modules["torch._utils"]._rebuild_tensor_v2 = _rebuild_tensor_v2
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return modules["torch"]


def saved(path, tensors, storages):
    file = io.BytesIO()
    for part in (MAGIC, 1001, {"little_endian": True}):
        pickle.dump(part, file, protocol=2)

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, Storage):
                return "storage", thing.kind, thing.key, "cpu", len(thing.values), None

    Pickler(file, protocol=2).dump(tensors)
    pickle.dump([storage.key for storage in storages], file, protocol=2)
    for storage in storages:
        file.write(struct.pack("<q", len(storage.values)) + storage.values.tobytes())
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"


@pytest.fixture
def good(torch, path):
    values = np.arange(24, dtype="<f4")
    floats = Storage(torch.FloatStorage, "7", values)
    whole = Storage(torch.LongStorage, "3", np.array([5], "<i8"))
    tensors = OrderedDict(
        kernel=Tensor(floats, 0, (2, 3, 4), (12, 4, 1)),
        turned=Tensor(floats, 0, (4, 3), (1, 4)),  # a transposed view
        part=Tensor(floats, 20, (4,), (1,)),
        count=Tensor(whole, 0, (), ()),
    )
    return saved(path, tensors, [whole, floats])


def test_arrays_are_read(good):
    arrays = read_torch(good)
    values = np.arange(24, dtype="float32")
    np.testing.assert_array_equal(arrays["kernel"], values.reshape(2, 3, 4))
    np.testing.assert_array_equal(arrays["turned"], values[:12].reshape(3, 4).T)
    np.testing.assert_array_equal(arrays["part"], values[20:])
    assert arrays["count"].dtype == np.int64 and arrays["count"] == 5
    assert list(arrays) == ["kernel", "turned", "part", "count"]


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (25,), (1,)),
        (21, (4,), (1,)),
        (0, (4,), (8,)),
        (0, (2**40,), (1,)),
        (0, (5, 5), (0, 1)),
        (0, (2**40,), (0,)),
        (-1, (2,), (1,)),
        (3, (4,), (-2,)),
        (0, (-4,), (1,)),
        (0, (4, 4), (1,)),
        (0, 4, 1),
        ("0", (4,), (1,)),
    ],
)
def test_sizes_beyond_the_file_are_refused(torch, path, offset, shape, strides):
    floats = Storage(torch.FloatStorage, "7", np.arange(24, dtype="<f4"))
    saved(path, {"kernel": Tensor(floats, offset, shape, strides)}, [floats])
    with pytest.raises(ValueError, match=r"net\.pth is not a file of PyTorch arrays: "):
        read_torch(path)


@pytest.mark.parametrize("share", [0, 0.01, 0.2, 0.6, 0.99])
def test_a_truncated_file_is_refused(good, share):
    content = good.read_bytes()
    good.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="is not a file of PyTorch arrays: "):
        read_torch(good)


def test_cut_off_values_are_called_so(good):
    good.write_bytes(good.read_bytes()[:-1])
    with pytest.raises(ValueError, match="it is cut off"):
        read_torch(good)


class Calls:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("place", ["first", "in the dictionary"])
@pytest.mark.parametrize("what", ["os.system", "eval", "a dotted name", "another storage"])
def test_nothing_that_a_file_names_is_run(torch, path, tmp_path, what, place):
    trace = tmp_path / "trace"
    poison = {
        "os.system": Calls(os.system, f"touch {trace}"),
        "eval": Calls(eval, f"open({str(trace)!r}, 'w').close()"),
        "a dotted name": Calls(OrderedDict.fromkeys, "ab"),
        "another storage": torch.HalfStorage,
    }[what]
    if place == "first":
        path.write_bytes(pickle.dumps(poison, protocol=4))
    else:
        saved(path, {"kernel": poison}, [])
    with pytest.raises(ValueError, match=r"it names .*, which no array needs; nothing was run"):
        read_torch(path)
    assert not trace.exists()
    if what in ("os.system", "eval") and place == "first":
        pickle.loads(path.read_bytes())  # what would have happened
        assert trace.exists()


def test_other_files_are_refused(path):
    with ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", "")
    with pytest.raises(ValueError, match=r"zip archive, as PyTorch writes since 1\.6"):
        read_torch(path)
    path.write_bytes(pickle.dumps(3))
    with pytest.raises(ValueError, match="it begins with another number"):
        read_torch(path)
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match=r"net\.pth is not a file of PyTorch arrays: "):
        read_torch(path)
