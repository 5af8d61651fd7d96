"""Fetching: resumed, verified, from mirrors, and clear about what went wrong."""

from __future__ import annotations

import errno
import re
import socket

import pytest

from lib.datasets import download
from lib.datasets.download import OfflineError, fetch, fetch_file
from lib.datasets.registry import DataSet
from lib.errors import DatasetError

CONTENT = bytes(range(256)) * 400  # what make_file of conftest.py describes
PAGE = b"<!DOCTYPE html><html><head><title>Site\n moved</title></head></html>"


def names(folder):
    """Return the names of all files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def closed_url():
    """Return a URL on a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/a.mat"


def test_fetches_and_verifies(server, make_file, tmp_path, capsys):
    """A right file gets its name, nothing else is left, and stderr stays empty."""
    server.pages["/a.mat"] = {"content": CONTENT}
    path = fetch_file(make_file("/a.mat"), tmp_path)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["a.mat"]
    out, err = capsys.readouterr()
    assert "fetched, sha256 verified" in out
    assert err == ""


def test_goes_on_with_a_part(server, make_file, tmp_path):
    """Only the bytes that are missing are asked for."""
    server.pages["/a.mat"] = {"content": CONTENT}
    (tmp_path / "svhn").mkdir()
    (tmp_path / "svhn" / "a.mat.part").write_bytes(CONTENT[:70000])
    assert fetch_file(make_file("/a.mat"), tmp_path).read_bytes() == CONTENT
    assert server.requests == [("/a.mat", "bytes=70000-")]
    assert names(tmp_path) == ["a.mat"]


def test_starts_over_when_the_server_cannot_resume(server, make_file, tmp_path):
    """A server that ignores Range sends the file from its beginning."""
    server.pages["/a.mat"] = {"content": CONTENT, "ranges": False}
    (tmp_path / "svhn").mkdir()
    (tmp_path / "svhn" / "a.mat.part").write_bytes(CONTENT[:70000])
    assert fetch_file(make_file("/a.mat"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"x" * 500, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 1)])
def test_drops_a_part_that_is_wrong(server, make_file, tmp_path, part):
    """A part of another file, short, complete or too long, costs a second request and no more."""
    server.pages["/a.mat"] = {"content": CONTENT}
    (tmp_path / "svhn").mkdir()
    (tmp_path / "svhn" / "a.mat.part").write_bytes(part)
    assert fetch_file(make_file("/a.mat"), tmp_path).read_bytes() == CONTENT
    assert names(tmp_path) == ["a.mat"]


def test_resumes_a_broken_connection_within_one_run(server, make_file, tmp_path):
    """A connection that breaks in the middle is taken up again at once."""
    server.pages["/a.mat"] = {"content": CONTENT, "cut": 60000}
    assert fetch_file(make_file("/a.mat"), tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=49152-"]  # whole blocks of 16384 bytes


def test_keeps_the_part_when_interrupted(server, make_file, tmp_path, monkeypatch):
    """After Ctrl-C the part is there and the final name is not."""
    server.pages["/a.mat"] = {"content": CONTENT}
    monkeypatch.setattr(download, "_BLOCK", 30000)

    def interrupt(self, count):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.Lines, "update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_file(make_file("/a.mat"), tmp_path)
    assert names(tmp_path) == ["a.mat.part"]
    assert (tmp_path / "svhn" / "a.mat.part").read_bytes() == CONTENT[:30000]


BAD_PAGES = {
    "missing": (None, "answered 404 Not Found"),
    "forbidden": ({"content": b"no", "status": 403}, "answered 403 Forbidden"),
    "tampered": ({"content": CONTENT[:-1] + b"x"}, "sent a damaged file or another one: its sha256 differs"),
    "short": ({"content": CONTENT[:-1]}, "offers 102399 bytes instead of 102400"),
    "web page": ({"content": PAGE}, r"sent a web page instead of the file \(Site moved\)"),
    "page by type": (
        {"content": b"gone", "type": "text/html; charset=utf-8"},
        r"sent a web page instead of the file \(without a title\)",
    ),
}


@pytest.mark.parametrize(("page", "words"), BAD_PAGES.values(), ids=BAD_PAGES)
def test_a_bad_mirror_is_named(server, make_file, tmp_path, page, words):
    """The sentence says which mirror did what, and no file of any name is left."""
    if page:
        server.pages["/a.mat"] = dict(page)
    with pytest.raises(DatasetError, match=rf"a\.mat could not be fetched\. Tried: .*/a\.mat {words}"):
        fetch_file(make_file("/a.mat"), tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("page", [page for page, _ in BAD_PAGES.values()], ids=BAD_PAGES)
def test_the_next_mirror_is_tried(server, make_file, tmp_path, page):
    """Whatever the first mirror does wrong, the second one is asked."""
    if page:
        server.pages["/bad"] = dict(page)
    server.pages["/good"] = {"content": CONTENT}
    assert fetch_file(make_file("/bad", "/good"), tmp_path).read_bytes() == CONTENT


def test_next_mirror_after_a_closed_port(server, make_file, tmp_path, closed_url):
    """A host that cannot be reached is passed over."""
    server.pages["/good"] = {"content": CONTENT}
    assert fetch_file(make_file(closed_url, "/good"), tmp_path).read_bytes() == CONTENT


def test_offline_says_what_to_do(make_file, tmp_path, closed_url):
    """Without a network: the host, the place for the file, and the sample; once, not once per file."""
    file = make_file(closed_url)
    problems = fetch([DataSet("svhn", "title", (file, file), sample=True)], tmp_path)
    assert len(problems) == 1
    wanted = (
        r"svhn: a\.mat could not be fetched: no connection to 127\.0\.0\.1:\d+\. .* put it at .*svhn/a\.mat"
    )
    assert re.match(wanted, problems[0])
    assert problems[0].endswith("Or draw a sample: python -m lib.datasets --sample")


def test_offline_with_a_part_is_still_offline(make_file, tmp_path, closed_url):
    """The part survives and the reason stays the same."""
    (tmp_path / "svhn").mkdir()
    (tmp_path / "svhn" / "a.mat.part").write_bytes(CONTENT[:100])
    with pytest.raises(OfflineError, match="no connection to 127"):
        fetch_file(make_file(closed_url), tmp_path)
    assert names(tmp_path) == ["a.mat.part"]


@pytest.mark.parametrize("place", ["svhn/a.mat", "a.mat"])
def test_a_right_file_placed_by_hand_is_kept(server, make_file, tmp_path, place, capsys):
    """Nothing is asked of the network, and no second copy appears."""
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CONTENT)
    assert fetch_file(make_file("/a.mat"), tmp_path) == path
    assert server.requests == []
    assert names(tmp_path) == ["a.mat"]
    assert "already there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"short", "it has 5 bytes, the official file 102400"), (b"x" * len(CONTENT), "its sha256 is")],
)
def test_a_wrong_file_is_left_alone(server, make_file, tmp_path, content, words):
    """A wrong file is named, not touched, and replaced with force only."""
    server.pages["/a.mat"] = {"content": CONTENT}
    path = tmp_path / "svhn" / "a.mat"
    path.parent.mkdir()
    path.write_bytes(content)
    file = make_file("/a.mat")
    with pytest.raises(DatasetError, match=f"is not the official file: {words}.*--force"):
        fetch_file(file, tmp_path)
    assert path.read_bytes() == content
    assert server.requests == []
    assert fetch_file(file, tmp_path, force=True).read_bytes() == CONTENT


def test_force_keeps_the_old_file_when_no_mirror_delivers(make_file, tmp_path):
    """What was there is there after a failure."""
    path = tmp_path / "svhn" / "a.mat"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(DatasetError, match="answered 404"):
        fetch_file(make_file("/a.mat"), tmp_path, force=True)
    assert path.read_bytes() == b"mine"


def test_no_space_before_the_first_byte(server, make_file, tmp_path, monkeypatch):
    """A disk that is too small is refused before anything is fetched."""
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(DatasetError, match=r"no space left .* \(102 kB needed, 1 kB free\)\. Free some"):
        fetch_file(make_file("/a.mat"), tmp_path)
    assert server.requests == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "no space left on the disk for .*a.mat"), (errno.EACCES, "cannot be written: no luck")],
)
def test_a_disk_that_refuses_to_write(server, make_file, tmp_path, monkeypatch, number, words):
    """A disk that fails midway ends in a sentence that says what is kept."""
    server.pages["/a.mat"] = {"content": CONTENT}
    monkeypatch.setattr(download, "_BLOCK", 30000)

    def refuse(self, count):
        raise OSError(number, "no luck")

    monkeypatch.setattr(download.Lines, "update", refuse)
    with pytest.raises(DatasetError, match=words + r".* is kept in a\.mat\.part"):
        fetch_file(make_file("/a.mat"), tmp_path)
    assert names(tmp_path) == ["a.mat.part"]


def test_shows_a_bar_on_a_terminal(server, make_file, tmp_path, monkeypatch, capsys):
    """On a terminal a tqdm bar goes to stderr, starting where the part ends."""
    server.pages["/a.mat"] = {"content": CONTENT}
    (tmp_path / "svhn").mkdir()
    (tmp_path / "svhn" / "a.mat.part").write_bytes(CONTENT[:51200])
    monkeypatch.setattr(download.sys.stderr, "isatty", lambda: True)
    fetch_file(make_file("/a.mat"), tmp_path)
    assert re.search(r"a\.mat:\s+50%.*51\.2k/102k", capsys.readouterr().err)


def test_sparse_lines_elsewhere(capsys):
    """In a notebook a large file costs about ten lines, not thousands."""
    with download.progress("a.mat", 0, 50_000_000) as lines:
        for _ in range(5000):
            lines.update(10_000)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "a.mat: downloading, 50 MB in all"
    assert printed[1] == "a.mat: 5 MB of 50 MB"
    assert len(printed) == 11
