"""Where CIFAR comes from: one clear error for each thing gone wrong, and none of them late."""

import hashlib
import io
import os
import re
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest

from course_lib import data
from course_lib.data import sources

NOT_USABLE = ("not usable", 'data.load("cifar10") says why')


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


DAMAGE = {  # the whole file's bytes to those of a damaged one, and what is said of it
    "cut": (lambda whole: whole[: len(whole) // 2], "not a zip file"),
    "only the end": (lambda whole: whole[len(whole) // 2 :], ""),
    "empty": (lambda whole: b"", "not a zip file"),
    "a web page": (lambda whole: b"\n <!doctype html><title>Log in", "web page"),
    "one array": (lambda whole: npy(np.zeros(3)), "not a zip file"),
    "start": (lambda whole: whole[:50] + 64 * b"\xff" + whole[114:], ""),
    "numbers": (lambda whole: whole[:90_000] + bytes(64) + whole[90_064:], ""),
}


@pytest.mark.parametrize("savez", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file(folder, cifar_arrays, damage, savez):
    path, (change, said) = folder / "cifar10.npz", DAMAGE[damage]
    savez(path, **cifar_arrays())
    whole = path.read_bytes()
    path.write_bytes(change(whole))
    rule = rf"cifar10\.npz must be a whole \.npz file .*{said}.* copy it again"
    with pytest.raises(OSError, match=rule):
        data.load("cifar10")
    assert path.read_bytes() == change(whole)  # nothing written, nothing removed
    if damage != "numbers":  # to find these takes reading the whole file
        assert data.inventory()["cifar10"] == NOT_USABLE


def test_damaged_header_of_an_array(folder, cifar_arrays):
    path = folder / "cifar10.npz"
    np.savez(path, **cifar_arrays())
    path.write_bytes(path.read_bytes().replace(b", }", b", \xcb"))
    with pytest.raises(OSError, match=r"cifar10\.npz must be a whole \.npz file .* copy it again"):
        data.load("cifar10")


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was opened",))


def test_pickled_arrays_are_refused_unopened(folder, cifar_arrays):
    arrays = cifar_arrays()
    trap = np.empty(200, object)
    trap[:] = [Trap() for _ in trap]
    np.savez(folder / "cifar10.npz", **{**arrays, "y_train": trap})
    with pytest.raises(ValueError, match=r"found uint8 .* and object \(200,\)"):
        data.load("cifar10")
    with pytest.raises(OSError, match=r"must be a whole \.npz file of numbers"):
        sources.read(folder / "cifar10.npz")


def claim(folder, key, shape, numbers=0):
    """Give one array of the shared copy a header that claims `shape`, and zeros that compress."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with (
        zipfile.ZipFile(folder / "cifar10.npz", "a", zipfile.ZIP_DEFLATED) as file,
        file.open(f"{key}.npy", "w") as stream,
    ):
        np.lib.format.write_array_header_1_0(stream, header)
        for _ in range(0, numbers, 2**20):
            stream.write(bytes(2**20))


@pytest.mark.parametrize("shape", [(50_000, 60_000_000, 1_000), (200, 2**18, 1)])
def test_what_a_header_claims_is_not_allocated(folder, cifar_arrays, shape):
    arrays = cifar_arrays()
    del arrays["x_train"]
    np.savez(folder / "cifar10.npz", **arrays)
    claim(folder, "x_train", shape, numbers=200 * 2**18 if shape[0] == 200 else 0)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"found uint8 {re.escape(str(shape))} and uint8"):
            data.load("cifar10")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert data.inventory()["cifar10"] == NOT_USABLE


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
def test_a_folder_or_a_named_pipe_is_not_waited_for(folder, make):
    make(folder / "cifar10.npz")
    with pytest.raises(OSError, match=r"cifar10\.npz must be .*a folder or a device"):
        data.load("cifar10")
    assert data.inventory()["cifar10"] == NOT_USABLE


@pytest.mark.parametrize("what", ["file", "folder"])
def test_unreadable(folder, cifar_arrays, monkeypatch, what):
    path = folder / "cifar10.npz"
    np.savez(path, **cifar_arrays())
    locked = path if what == "file" else folder
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # the administrator may read everything, and so may Windows

        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(type(path), "open" if what == "file" else "stat", refuse)
    try:
        with pytest.raises(OSError, match=r"cifar10\.npz must be .*Permission.*check its perm"):
            data.load("cifar10")
        assert data.inventory()["cifar10"] == NOT_USABLE
    finally:
        locked.chmod(0o700)


def test_course_data_dir_must_be_a_folder(folder, monkeypatch):
    for wrong in (folder / "nowhere", folder / "file"):
        (folder / "file").touch()
        monkeypatch.setenv("COURSE_DATA_DIR", str(wrong))
        with pytest.raises(NotADirectoryError, match=f"COURSE_DATA_DIR must .*{wrong.name}"):
            data.load("cifar10")
        assert data.inventory()["cifar10"] == NOT_USABLE


def test_home_is_understood_in_course_data_dir(folder, cifar_arrays, monkeypatch):
    np.savez(folder / "cifar10.npz", **cifar_arrays())
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("COURSE_DATA_DIR", "~")
    assert data.load("cifar10").name == "cifar10"
    ready = ("ready", "in the folder that COURSE_DATA_DIR names")
    assert data.inventory()["cifar10"] == ready
    monkeypatch.setenv("COURSE_DATA_DIR", "~nobody-of-this-name/data")
    with pytest.raises(NotADirectoryError, match="must name a folder"):
        data.load("cifar10")


def binary_archive(path, name, arrays):
    """The data set's own binary form, as its page describes it."""
    files = {
        "cifar10": {**{f"data_batch_{i}": "train" for i in range(1, 6)}, "test_batch": "test"},
        "cifar100": {"train": "train", "test": "test"},
    }[name]
    place = {"train": 0, "test": 0}
    with tarfile.open(path, "w:gz") as archive:
        for file, split in files.items():
            x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
            n = len(y) // list(files.values()).count(split)
            content = b""
            for image, label in list(zip(x, y, strict=True))[place[split] : place[split] + n]:
                coarse = bytes([19]) if name == "cifar100" else b""
                content += coarse + bytes([label]) + image.transpose(2, 0, 1).tobytes()
            place[split] += n
            member = tarfile.TarInfo(f"{name}-bin/{file}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path.read_bytes()


@pytest.fixture
def archives(tmp_path, cifar_arrays, monkeypatch):
    """What the site sends; `sources` knows the checksums and sizes of these small archives."""
    sent = {}
    for name, classes in (("cifar10", 10), ("cifar100", 100)):
        content = binary_archive(tmp_path / f"{name}.tar.gz", name, cifar_arrays(classes))
        real = sources.ARCHIVES[name]
        changed = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        monkeypatch.setitem(sources.ARCHIVES, name, real._replace(**changed))
        sent[real.file] = content
    return sent


@pytest.mark.parametrize("variable", ["folder without the file", "empty", "not set"])
@pytest.mark.parametrize("name, classes", [("cifar10", 10), ("cifar100", 100)])
def test_downloads_once(folder, archives, cifar_arrays, site, monkeypatch, variable, name, classes):
    site.files |= archives
    monkeypatch.setattr(sources, "SITE", site.url)
    if variable == "empty":
        monkeypatch.setenv("COURSE_DATA_DIR", "")
    elif variable == "not set":
        monkeypatch.delenv("COURSE_DATA_DIR")
    assert data.inventory()[name] == ("not here", "optional: downloaded when you choose it")
    loaded, arrays = data.load(name), cifar_arrays(classes)
    (x_train, y_train), (x_test, y_test) = loaded
    for key, array in zip(arrays, (x_train, y_train, x_test, y_test), strict=True):
        np.testing.assert_array_equal(array, arrays[key])
    assert data.inventory()[name] == ("ready", "downloaded before")
    data.load(name)
    assert site.asked == [sources.ARCHIVES[name].file]


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_says_what_to_do_without_a_network(folder, monkeypatch, name):
    monkeypatch.setattr(sources, "SITE", "http://127.0.0.1:9/")
    with pytest.raises(OSError, match="no connection could be made") as caught:
        data.load(name)
    for part in (f"{name}.npz", "COURSE_DATA_DIR", 'DATASET = "shapes10"'):
        assert part in str(caught.value)


def test_a_damaged_archive_is_fetched_again(folder, archives, site, monkeypatch):
    site.files |= archives
    monkeypatch.setattr(sources, "SITE", site.url)
    path = folder / "keras" / "datasets" / sources.ARCHIVES["cifar10"].file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    assert data.inventory()["cifar10"][0] == "not here"
    assert data.load("cifar10").name == "cifar10"
