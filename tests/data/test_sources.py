"""Where CIFAR comes from: one clear error for each thing gone wrong, and none of them late."""

import errno
import io
import os
import re
import subprocess
import sys
import tracemalloc
import types
import urllib.error
import zipfile

import numpy as np
import pytest

from course_lib import data
from course_lib.data import sources

NOT_USABLE = ("not usable", 'data.load("cifar10") says why')


def fake_keras(monkeypatch, load_data):
    both = types.SimpleNamespace(load_data=load_data)
    datasets = types.SimpleNamespace(cifar10=both, cifar100=both)
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(datasets=datasets))


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


@pytest.mark.parametrize("variable", ["folder without the file", "empty", "not set"])
def test_falls_back_to_keras(folder, cifar_arrays, monkeypatch, variable):
    arrays = cifar_arrays()

    def load_data():
        columns = {k: v[:, None] if k[0] == "y" else v for k, v in arrays.items()}
        return (columns["x_train"], columns["y_train"]), (columns["x_test"], columns["y_test"])

    fake_keras(monkeypatch, load_data)
    if variable == "empty":
        monkeypatch.setenv("COURSE_DATA_DIR", "")
    elif variable == "not set":
        monkeypatch.delenv("COURSE_DATA_DIR")
    (x_train, y_train), _ = data.load("cifar10")
    np.testing.assert_array_equal(x_train, arrays["x_train"])
    np.testing.assert_array_equal(y_train, arrays["y_train"])


@pytest.mark.parametrize(
    "error",
    [
        Exception("URL fetch failure on http://example.invalid: None -- no address"),
        urllib.error.URLError("timed out"),
        PermissionError(13, "Permission denied"),
        ValueError("Incomplete or corrupted file detected."),
        EOFError("Ran out of input"),
    ],
)
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_says_what_to_do_when_keras_cannot(folder, monkeypatch, error, name):
    def load_data():
        raise error

    fake_keras(monkeypatch, load_data)
    with pytest.raises(OSError) as caught:
        data.load(name)
    message = str(caught.value)
    for part in (name, str(error), f"{name}.npz", "COURSE_DATA_DIR", 'DATASET = "shapes10"'):
        assert part in message
    assert caught.value.__cause__ is error


def test_interrupting_a_download_is_not_hidden(folder, monkeypatch):
    def load_data():
        raise KeyboardInterrupt

    fake_keras(monkeypatch, load_data)
    with pytest.raises(KeyboardInterrupt):
        data.load("cifar10")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_called_one(folder, monkeypatch, number):
    def load_data():
        raise OSError(number, os.strerror(number))

    fake_keras(monkeypatch, load_data)
    with pytest.raises(OSError, match=r"^The disk is full: cifar10 needs .*keras.*Make room") as e:
        data.load("cifar10")
    assert "network" not in str(e.value)


def test_only_a_whole_archive_in_keras_cache_is_ready(folder, monkeypatch):
    not_here = ("not here", "optional: downloaded when you choose it")
    assert data.inventory()["cifar10"] == data.inventory()["cifar100"] == not_here
    cache = folder / "keras" / "datasets"
    (cache / "cifar-100-python-target").mkdir(parents=True)  # unpacked, but the archive is gone
    archive = cache / "cifar-10-batches-py-target_archive"
    archive.write_bytes(b"<html>no</html>   ")
    assert data.inventory()["cifar10"] == data.inventory()["cifar100"] == not_here
    with archive.open("wb") as file:
        file.truncate(170_498_071)  # takes no room on most disks
    assert data.inventory()["cifar10"] == ("ready", "in Keras's cache")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # then Keras turns to /tmp
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    monkeypatch.setattr(sources.tempfile, "gettempdir", lambda: str(folder / "elsewhere"))
    assert data.inventory()["cifar10"] == not_here


REAL_KERAS = """
import os, pathlib, socket, threading
from course_lib import data
from course_lib.data import sources
home = pathlib.Path(os.environ["KERAS_HOME"])
timed_out = "Keras could not get it: timed out"

def attempt(says="Keras could not get it"):
    try:
        data.load("cifar10")
    except OSError as error:
        assert says in str(error) and "shapes10" in str(error), error
    else:
        raise SystemExit("there should be no network here")
    return sorted(str(p.relative_to(home)) for p in home.rglob("*") if "cifar" in p.name)

assert attempt() == []  # no network
(home / "datasets" / "cifar-10-batches-py-target_archive").write_bytes(b"half")
assert attempt() == [], "a half file stayed"
assert attempt() == []

# A server that stalls after the first bytes: Keras gets its address in place of the real one.
server = socket.create_server(("127.0.0.1", 0))
open_connections = []

def stall():
    while True:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 170498071\\r\\n\\r\\nhalf")
        open_connections.append(connection)

threading.Thread(target=stall, daemon=True).start()
from keras.src.datasets import cifar10
get_file = cifar10.get_file
here = f"http://127.0.0.1:{server.getsockname()[1]}/cifar.tar.gz"
cifar10.get_file = lambda origin, **others: get_file(origin=here, **others)
os.environ["no_proxy"] = "127.0.0.1"
sources.DOWNLOAD_TIMEOUT = 0.2
assert attempt(says=timed_out) == [], "a half file stayed"
assert open_connections and socket.getdefaulttimeout() is None

(home / "datasets").rmdir()
(home / "datasets").write_text("in the way: nothing can be written here")
assert attempt() == []
"""


def test_real_keras_leaves_no_half_file_and_does_not_wait_forever(tmp_path):
    """In a process of its own: Keras reads KERAS_HOME when it is imported."""
    nowhere = "http://127.0.0.1:9"  # a proxy that does not answer
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_DATA_DIR"}
    environment |= {"KERAS_HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment |= {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": ""}
    command = [sys.executable, "-c", REAL_KERAS]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
