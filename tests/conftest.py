"""A server on this computer, for what is downloaded, and a browser, for what readers open."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pytest

from tools.slides.report import chromium, chromium_path


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium. Without one tests skip, or fail if REQUIRE_BROWSER is set."""
    if chromium_path() is None:
        message = "no browser: neither chromium nor google-chrome is installed"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def axe():
    """What axe-core finds on a page: impact, rule, and the HTML of the first places.

    `options` are the arguments of `axe.run`, as JavaScript.
    """
    source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def run(page, options=""):
        page.evaluate(source)
        found = page.evaluate(f"axe.run({options})")["violations"]
        return [(f["impact"], f["id"], [n["html"][:200] for n in f["nodes"][:3]]) for f in found]

    return run


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
