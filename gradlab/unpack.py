"""Unpack archives of strangers: nothing lands outside the folder, no links, no bombs."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

#: Files of one archive, and bytes that they may hold together.
MAX_FILES, MAX_BYTES = 2000, 1024**3
#: What operating systems and tools leave behind.
JUNK = ("__MACOSX", ".DS_Store", "__pycache__", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini")
SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz")


class Refused(Exception):
    """The archive is damaged or does harm; the message says which."""


def is_archive(path: Path) -> bool:
    """Tell whether a file is to be unpacked, by its name."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """Return the name of an archive without what makes it one."""
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def unpack(path: Path, target: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
    """Unpack an archive into a folder, which is made.

    Parameters
    ----------
    path : Path
        A zip or tar file.
    target : Path
        Is removed again if the archive is refused.
    max_files, max_bytes : int

    Raises
    ------
    Refused
        If it is damaged or encrypted, holds too much, or a path that leads out of the folder. Links are left out.
    """
    try:
        _unpack(path, target, max_files, max_bytes)
    except Refused:
        shutil.rmtree(target, ignore_errors=True)
        raise
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        NotImplementedError,
    ) as error:
        shutil.rmtree(target, ignore_errors=True)
        msg = f"it cannot be unpacked ({error})"
        raise Refused(msg) from error


def _unpack(path: Path, target: Path, max_files: int, max_bytes: int) -> None:
    left = max_bytes
    target.mkdir(parents=True, exist_ok=True)
    for number, (name, file) in enumerate(_members(path)):
        if number >= max_files:
            msg = f"it holds more than {max_files} files"
            raise Refused(msg)
        place = PurePosixPath(name.replace("\\", "/"))
        if any(part in JUNK for part in place.parts):
            continue
        if place.is_absolute() or ".." in place.parts or ":" in name or "\x00" in name:
            msg = f"it holds the path {name[:80]!r}, which leads out of the folder"
            raise Refused(msg)
        to = target.joinpath(*place.parts)
        to.parent.mkdir(parents=True, exist_ok=True)
        with file, to.open("wb") as written:
            while chunk := file.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    msg = f"it holds more than {max_bytes / 1e6:.0f} MB"
                    raise Refused(msg)
                written.write(chunk)


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the regular files of an archive, by name."""
    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                if not info.is_dir() and kind in (0, stat.S_IFREG):
                    yield info.filename, archive.open(info)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file
