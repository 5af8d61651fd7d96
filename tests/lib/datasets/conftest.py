"""A small web server, a small registry entry, and a small sample."""

from __future__ import annotations

import hashlib
import http.server
import threading

import pytest

from lib.datasets.registry import DataFile
from lib.datasets.sample import make_sample

CONTENT = bytes(range(256)) * 400  # 102400 bytes


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.pages``: path -> dict(content, status, type, ranges, cut)."""

    def do_GET(self):
        page = self.server.pages.get(self.path)
        self.server.requests.append((self.path, self.headers.get("Range")))
        if page is None:
            self.send_error(404)
            return
        content, start = page["content"], 0
        asked = self.headers.get("Range")
        if asked and page.get("ranges", True):
            start = int(asked.removeprefix("bytes=").split("-")[0])
            if start >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if start else page.get("status", 200))
        self.send_header("Content-Type", page.get("type", "application/octet-stream"))
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start : page.pop("cut", None)])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """Yield a server on 127.0.0.1 with ``pages``, ``requests`` and ``url``."""
    instance = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    instance.daemon_threads = True
    instance.pages, instance.requests = {}, []
    instance.url = f"http://127.0.0.1:{instance.server_address[1]}"
    thread = threading.Thread(target=instance.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield instance
    instance.shutdown()
    instance.server_close()
    thread.join(timeout=5)


@pytest.fixture
def make_file(server):
    """Return a factory of registry entries for CONTENT, served by the paths given."""

    def make(*paths, content=CONTENT):
        urls = tuple(path if "://" in path else server.url + path for path in paths)
        digest = hashlib.sha256(content).hexdigest()
        return DataFile("a.mat", len(content), digest, urls, ("svhn/a.mat", "a.mat"))

    return make


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """Keep the reader's own settings and proxies away from the tests."""
    for name in ("GRADLAB_DATA", "GRADLAB_DATASET", "http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory):
    """Return a data folder with a small sample in svhn-sample/."""
    data = tmp_path_factory.mktemp("data")
    make_sample(data / "svhn-sample", num_train=60, num_test=20)
    return data
