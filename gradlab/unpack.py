"""Unpack archives of strangers: nothing lands outside the folder, no links, no bombs."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

#: Files of one student, and bytes that they may hold together.
MAX_FILES, MAX_BYTES = 2000, 1024**3
#: What operating systems and tools leave behind.
JUNK = ("__MACOSX", ".DS_Store", "__pycache__", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini")
SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz")


#: Folders in folders: more are no work of a student's, and too many for what walks through them.
_DEEPEST = 40


class Refused(Exception):
    """The archive is damaged or does harm; the message says which."""


@dataclass
class Budget:
    """What may still come out of archives: all that share one draw on the same files and bytes."""

    max_files: int = MAX_FILES
    max_bytes: int = MAX_BYTES
    files: int = 0
    bytes: int = 0

    def take(self, *, files: int = 0, size: int = 0) -> None:
        """Count what comes out; what is removed again still cost its time, and stays counted."""
        self.files += files
        self.bytes += size
        over = f"{self.max_files} files" if self.files > self.max_files else ""
        if over := over or (f"{self.max_bytes / 1e6:.0f} MB" if self.bytes > self.max_bytes else ""):
            msg = f"it holds more than {over}, together with what else is the same student's"
            raise Refused(msg)


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


def folder_for(path: Path) -> Path:
    """Return the folder beside an archive into which it is unpacked.

    Raises
    ------
    Refused
        If that would be the archive's own folder or one above it: ``.zip``, ``...zip``.
    """
    name = stem(path)
    if not name.strip(". "):
        msg = "its name names no folder"
        raise Refused(msg)
    return path.with_name(name)


def unpack(path: Path, target: Path, budget: Budget | None = None) -> None:
    """Unpack an archive into a folder, which is made.

    Parameters
    ----------
    path : Path
        A zip or tar file.
    target : Path
        Is removed again if the archive is refused.
    budget : Budget, optional
        Without it, that of one student.

    Raises
    ------
    Refused
        If it is damaged or encrypted, holds too much, or a path that leads out of the folder, or if the folder is there
        already. Links are left out.
    """
    try:
        target.mkdir(parents=True)
    except OSError as error:  # whatever lies there is somebody's
        msg = f"no folder can be made for it ({error.strerror})"
        raise Refused(msg) from error
    try:
        _unpack(path, target, budget or Budget())
    except Refused:
        shutil.rmtree(target, ignore_errors=True)
        raise
    except Exception as error:  # a stranger's bytes: zipfile and tarfile raise far more than they document
        shutil.rmtree(target, ignore_errors=True)
        msg = f"it cannot be unpacked ({error})"
        raise Refused(msg) from error


def _unpack(path: Path, target: Path, budget: Budget) -> None:
    for raw, file in _members(path):
        budget.take(files=1)
        name = raw.encode("utf-8", "replace").decode()  # tar gives bytes that are no UTF-8 as surrogates
        place = PurePosixPath(name.replace("\\", "/"))
        if any(part in JUNK for part in place.parts):
            continue
        if place.is_absolute() or ".." in place.parts or ":" in name or "\x00" in name:
            msg = f"it holds the path {name[:80]!r}, which leads out of the folder"
            raise Refused(msg)
        if len(place.parts) > _DEEPEST:
            msg = f"it holds folders in folders, more than {_DEEPEST} deep"
            raise Refused(msg)
        to = target.joinpath(*place.parts)
        to.parent.mkdir(parents=True, exist_ok=True)
        with file, to.open("wb") as written:
            while chunk := file.read(1 << 20):
                budget.take(size=len(chunk))
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
