"""Fetch a file from its mirrors: resumed, verified, and only then given its name.

pooch does the verifying and renaming; it cannot resume, so ``ResumingDownloader`` is the downloader it calls.
What arrives goes to ``<file>.part``, which stays when the download is interrupted.
"""

from __future__ import annotations

import errno
import logging
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
from tqdm import tqdm

from lib.datasets.folder import say, shown, size_text
from lib.datasets.registry import DataFile, DataSet
from lib.errors import DatasetError

TIMEOUT = (15, 60)  # seconds to connect, seconds without a byte
ATTEMPTS = 3  # per mirror, as long as each brings something new
OFFLINE = "could not be reached"
_BLOCK = 1 << 14  # a block that breaks off is lost, so blocks are small


class MirrorError(Exception):
    """One mirror failed; the next may do better. The text says how, without the URL."""


class OfflineError(DatasetError):
    """No mirror could be reached at all."""


def fetch(data_sets: list[DataSet], data: Path, *, force: bool = False) -> list[str]:
    """Bring sets to the data folder and return one sentence per file that could not be had.

    A file that is there and right is left alone; one that is there and wrong is left alone too, unless
    ``force`` is set, and then it is replaced only after the new one has been verified. Without a network
    the first such sentence is the last.
    """
    problems = []
    for data_set in data_sets:
        for file in data_set.files:
            try:
                fetch_file(file, data, force=force)
            except OfflineError as error:
                sample = " Or draw a sample: python -m lib.datasets --sample" if data_set.sample else ""
                return [*problems, f"{data_set.name}: {error}{sample}"]
            except DatasetError as error:
                problems.append(f"{data_set.name}: {error}")
    return problems


def fetch_file(file: DataFile, data: Path, *, force: bool = False) -> Path:
    """Return where the verified file lies, after downloading it if it is not there.

    Raises
    ------
    DatasetError
        If a wrong file is in its place, no mirror delivers, or the disk is full.
    """
    target = data / file.places[0]
    found = file.find(data)
    if found is not None:
        problem = file.problem(found)
        if problem is None:
            say(f"{shown(found)}: already there, sha256 verified.")
            return found
        if not force:
            msg = (
                f"{shown(found)} is not the official file: {problem}. It is left alone. "
                "Move it away, or run again with --force to replace it."
            )
            raise DatasetError(msg)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_space(file, part)
        return _from_mirrors(file, target, part)
    except OSError as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(_disk_sentence(error, target, part)) from error


class ResumingDownloader:
    """A downloader for pooch that goes on where an earlier one stopped.

    pooch calls it with a URL and a temporary file name. It fills ``part`` and, when that has the expected
    number of bytes, moves it to the temporary name, where pooch verifies the hash.
    """

    def __init__(self, part: Path, size: int) -> None:
        self.part = part
        self.size = size

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> bool | None:
        """Download url to output_file; raises MirrorError when the mirror is of no use."""
        if check_only:
            return requests.head(url, timeout=TIMEOUT, allow_redirects=True).ok
        for attempt in range(ATTEMPTS):
            before = self._done()
            if before > self.size:
                self.part.unlink()
                before = 0
            if before < self.size:
                try:
                    self._receive(url, before)
                except requests.RequestException as error:
                    # A broken line is worth another try only if it brought something.
                    if self._done() <= before or attempt == ATTEMPTS - 1:
                        raise MirrorError(self._reason(error)) from error
                    continue
            if self._done() == self.size:
                self.part.replace(output_file)
                return None
        msg = f"ended the connection after {self._done()} of {self.size} bytes"
        raise MirrorError(msg)

    def _done(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _receive(self, url: str, start: int) -> None:
        """Append what the server sends from byte ``start`` to the part."""
        headers = {"Accept-Encoding": "identity"}  # compressed on the way, offsets would not be the file's
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 416:
                msg = f"has no bytes from {start} on, so its file is another one"
                raise MirrorError(msg)
            if answer.status_code >= 400:
                msg = f"answered {answer.status_code} {answer.reason}"
                raise MirrorError(msg)
            if not _continues(answer, start):
                start = 0  # the server does not resume and sends the file from its beginning
            length = answer.headers.get("Content-Length", "")
            blocks = answer.iter_content(_BLOCK)
            first = next(blocks, b"")
            page = _web_page(answer, first) if start == 0 else None
            if page:
                msg = f"sent a web page instead of the file ({page})"
                raise MirrorError(msg)
            if length.isdigit() and start + int(length) != self.size:
                msg = f"offers {start + int(length)} bytes instead of {self.size}"
                raise MirrorError(msg)
            with (
                self.part.open("ab" if start else "wb") as out,
                progress(self.part.with_suffix("").name, start, self.size) as bar,
            ):
                while first:
                    out.write(first)
                    bar.update(len(first))
                    first = next(blocks, b"")

    def _reason(self, error: Exception) -> str:
        text = OFFLINE if isinstance(error, requests.ConnectionError) else "broke the connection"
        if isinstance(error, requests.Timeout):
            text = "did not answer in time"
        done = self._done()
        return f"{text} ({size_text(done)} of {size_text(self.size)} kept)" if done else text


def progress(name: str, start: int, size: int) -> tqdm | Lines:
    """Return a bar on a terminal, else an object that prints a line every tenth of the way."""
    if sys.stderr.isatty():
        return tqdm(desc=name, initial=start, total=size, unit="B", unit_scale=True, file=sys.stderr)
    return Lines(name, start, size)


class Lines:
    """Progress for notebooks and logs: few lines instead of a moving bar. Used like tqdm."""

    def __init__(self, name: str, start: int, size: int) -> None:
        self.name, self.done, self.size = name, start, size
        self.next = start + size // 10

    def __enter__(self) -> Lines:
        how = f"going on at {size_text(self.done)}" if self.done else "downloading"
        say(f"{self.name}: {how}, {size_text(self.size)} in all")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, count: int) -> None:
        """Count bytes and print a line when another tenth is done."""
        self.done += count
        if self.done >= self.next and self.size >= 10_000_000:
            say(f"{self.name}: {size_text(self.done)} of {size_text(self.size)}")
            self.next = self.done + self.size // 10


def _from_mirrors(file: DataFile, target: Path, part: Path) -> Path:
    """Try every mirror; when a part was wrong, its mirror is asked once more from the start."""
    failures = []
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # what pooch tells is said here, in one line
    try:
        for url in file.urls:
            for _ in range(2):
                resumed = part.is_file() and part.stat().st_size > 0
                try:
                    pooch.retrieve(
                        url,
                        known_hash=f"sha256:{file.sha256}",
                        fname=target.name,
                        path=target.parent,
                        downloader=ResumingDownloader(part, file.bytes),
                    )
                except MirrorError as error:
                    failures.append((url, str(error)))
                    break
                except ValueError as error:  # pooch: the hash does not match
                    if "hash" not in str(error).lower():
                        raise
                    if not resumed:
                        failures.append((url, "sent a damaged file or another one: its sha256 differs"))
                        break
                else:
                    say(f"{shown(target)}: fetched, sha256 verified.")
                    return target
    finally:
        logger.setLevel(level)
    raise _failure(file, target, failures)


def _failure(file: DataFile, target: Path, failures: list[tuple[str, str]]) -> DatasetError:
    """Make the error that says what each mirror did and what is left to do."""
    start = f"{file.name} could not be fetched"
    by_hand = f"get {file.name} by other means and put it at {shown(target)}."
    if all(reason.startswith(OFFLINE) for _, reason in failures):
        hosts = ", ".join(dict.fromkeys(urlsplit(url).netloc for url, _ in failures))
        return OfflineError(
            f"{start}: no connection to {hosts}. Check the network and run again, or {by_hand}"
        )
    tried = "; ".join(f"{url} {reason}" for url, reason in failures)
    return DatasetError(
        f"{start}. Tried: {tried}. Run again later (it goes on where it stopped), or {by_hand}"
    )


def _continues(answer: requests.Response, start: int) -> bool:
    """Tell whether the answer holds the bytes from ``start`` on."""
    if start == 0 or answer.status_code != 206:
        return start == 0
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != start:
        msg = "sent another part of the file than the one asked for"
        raise MirrorError(msg)
    return True


def _web_page(answer: requests.Response, first: bytes) -> str | None:
    """Return the title of the web page that came instead of data, or None if it is data."""
    opening = first[:2048].lstrip().lower()
    is_page = opening.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml"))
    if not is_page and "text/html" not in answer.headers.get("Content-Type", "").lower():
        return None
    title = re.search(rb"<title[^>]*>(.*?)</title>", first[:65536], re.IGNORECASE | re.DOTALL)
    text = " ".join(title[1].decode("utf-8", "replace").split()) if title else ""
    return text[:80] or "without a title"


def _check_space(file: DataFile, part: Path) -> None:
    """Refuse before the first byte if the disk cannot hold the file."""
    done = part.stat().st_size if part.is_file() else 0
    needed, free = file.bytes - done, shutil.disk_usage(part.parent).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{size_text(needed)} needed, {size_text(free)} free")


def _disk_sentence(error: OSError, target: Path, part: Path) -> str:
    """Say what the disk refused, what is kept, and what to do."""
    kept = f" What came so far is kept in {part.name}." if part.is_file() else ""
    why = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        detail = f" ({why})" if "needed" in why else ""
        what = f"no space left on the disk for {shown(target)}{detail}"
        return f"{what}.{kept} Free some, or set GRADLAB_DATA to a folder on another disk, and run again."
    return f"{shown(target)} cannot be written: {why}.{kept} Check the folder and run again."
