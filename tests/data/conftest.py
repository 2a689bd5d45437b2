"""CIFAR's tests run on few images of noise, in the folder that COURSE_DATA_DIR names."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from course_lib.data import cifar

SMALL = {"train": 200, "test": 100}  # in place of 50,000 and 10,000


@pytest.fixture
def cifar_arrays():
    def make(classes=10):
        rng = np.random.default_rng(0)
        arrays = {}
        for split, n in SMALL.items():
            arrays[f"x_{split}"] = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
            arrays[f"y_{split}"] = rng.permutation(np.arange(n, dtype=np.uint8) % classes)
        return arrays

    return make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "COUNTS", SMALL)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setitem(sys.modules, "keras", None)  # any use of Keras fails
    return tmp_path


@pytest.fixture
def site(monkeypatch):
    """A server on this computer. `files` maps names to bytes, or to what a handler does."""
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            server.asked.append(name)
            answer = server.files.get(name)
            if answer is None:
                return self.send_error(404)
            if callable(answer):
                return answer(self)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.files, server.asked = {}, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
