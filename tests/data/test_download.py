"""A download ends with the whole file or with one sentence, and leaves nothing else behind."""

import errno
import hashlib
import os
import threading

import pytest

from course_lib.data import download as module
from course_lib.data.download import download, keras_home

CONTENT = bytes(range(256)) * 400
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
released = threading.Event()


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[:1000])
    handler.close_connection = True


def stall(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[:1000])
    handler.wfile.flush()
    released.wait(20)


def stall_at_once(handler):
    released.wait(20)


def busy(handler):
    handler.send_error(503)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "net.h5"


@pytest.mark.parametrize("checksum", [CHECKSUM, MD5])
def test_gets_a_file_once(site, target, checksum):
    site.files["net.h5"] = CONTENT
    for _ in range(2):
        assert download(site.url + "net.h5", checksum, target, "go on without it") == target
    assert target.read_bytes() == CONTENT and site.asked == ["net.h5"]
    assert os.listdir(target.parent) == ["net.h5"]


@pytest.mark.parametrize(
    "answer, reason",
    [
        (None, "the server answers 404 Not Found"),
        (busy, "the server answers 503 Service Unavailable"),
        (cut_off, "the transfer was cut off"),
        (stall, "nothing arrived for 0.2 seconds"),
        (stall_at_once, "nothing arrived for 0.2 seconds"),
        (CONTENT[:-1] + b"?", "what arrived is another file: its checksum differs"),
        (b"<html>Log in</html>", "what arrived is another file: its checksum differs"),
    ],
)
@pytest.mark.parametrize("before", [None, b"half"])
def test_one_sentence_and_no_half_file(site, target, monkeypatch, answer, reason, before):
    monkeypatch.setattr(module, "SILENCE", 0.2)
    released.clear()
    site.files["net.h5"] = answer
    if before:
        target.parent.mkdir()
        target.write_bytes(before)
    with pytest.raises(OSError) as caught:
        download(site.url + "net.h5", CHECKSUM, target, "go on without it")
    released.set()
    message = f"net.h5 could not be had from 127.0.0.1: {reason}; go on without it"
    assert str(caught.value) == message and caught.value.__cause__ is not None
    assert os.listdir(target.parent) == (["net.h5"] if before else [])
    assert not before or target.read_bytes() == before


def test_no_network(target):
    with pytest.raises(OSError, match=r"had from 127\.0\.0\.1: no connection could be made; go on"):
        download("http://127.0.0.1:9/net.h5", CHECKSUM, target, "go on")


def test_a_full_disk_and_a_folder_in_the_way(site, target, monkeypatch):
    site.files["net.h5"] = CONTENT

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("pooch.core.shutil.move", full)
        with pytest.raises(OSError, match="the disk is full; go on"):
            download(site.url + "net.h5", CHECKSUM, target, "go on")
    assert os.listdir(target.parent) == []
    target.parent.rmdir()
    target.parent.write_text("in the way")
    with pytest.raises(OSError, match=r"models.* cannot be written: .*; go on"):
        download(site.url + "net.h5", CHECKSUM, target, "go on")


def test_an_interrupted_download_leaves_nothing(site, target, monkeypatch):
    site.files["net.h5"] = CONTENT

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("requests.Response.iter_content", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(site.url + "net.h5", CHECKSUM, target, "go on")
    assert os.listdir(target.parent) == []


def test_the_folder_is_that_of_keras(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert keras_home() == tmp_path
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert keras_home() == tmp_path / ".keras"
