"""What is known about each data set: files, sizes, checksums, mirrors, and who needs it."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from lib.datasets.folder import course_root, shown
from lib.errors import DatasetError


@dataclass(frozen=True)
class DataFile:
    """One file of a set: ``urls`` in the order to try, ``places`` in the data folder with the best first."""

    name: str
    bytes: int
    sha256: str
    urls: tuple[str, ...]
    places: tuple[str, ...]

    def find(self, data: Path) -> Path | None:
        """Return where the file lies, or None. What is found is not checked yet."""
        return next((data / place for place in self.places if (data / place).is_file()), None)

    def problem(self, path: Path) -> str | None:
        """Say how the file at path differs from the official one; None if it is the official one."""
        size = path.stat().st_size
        if size != self.bytes:
            return f"it has {size} bytes, the official file {self.bytes}"
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != self.sha256:
            return f"its sha256 is {digest[:8]}…, that of the official file {self.sha256[:8]}…"
        return None


@dataclass(frozen=True)
class DataSet:
    """A named group of files that are fetched together. ``sample``: a stand-in can be drawn for it."""

    name: str
    title: str
    files: tuple[DataFile, ...]
    sample: bool = False


def read_registry(path: Path | None = None) -> dict[str, DataSet]:
    """Read data/registry.toml of the course root, or the given file."""
    path = path or course_root() / "data" / "registry.toml"
    table = _read_toml(path)
    try:
        return {name: _data_set(name, entry) for name, entry in table.items()}
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"{shown(path)}: {error!r} is missing or wrong. Restore the file from the release."
        raise DatasetError(msg) from error


def needs_of(assignment_toml: Path) -> tuple[str, ...]:
    """Return the names of the sets that an assignment names under ``dataset``; a string or a list."""
    section = _read_toml(assignment_toml).get("assignment", {})
    needed = section.get("dataset", ()) if isinstance(section, dict) else ()
    return (needed,) if isinstance(needed, str) else tuple(needed)


def assignments(root: Path) -> dict[str, tuple[str, ...]]:
    """Return, for each assignment under root (its own and those in source/), the sets it needs."""
    found = {path.parent.name: needs_of(path) for path in sorted(root.glob("source/*/assignment.toml"))}
    own = root / "assignment.toml"
    if own.is_file():
        found[str(_read_toml(own).get("assignment", {}).get("name", root.name))] = needs_of(own)
    return found


def _data_set(name: str, entry: dict) -> DataSet:
    files = []
    for item in entry["file"]:
        file_name = str(item["name"])
        urls = tuple(mirror.rstrip("/") + "/" + file_name for mirror in entry["mirrors"])
        places = (f"{entry['folder']}/{file_name}", file_name)
        files.append(DataFile(file_name, int(item["bytes"]), str(item["sha256"]), urls, places))
    return DataSet(name, str(entry["title"]), tuple(files), bool(entry.get("sample", False)))


def _read_toml(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{shown(path)} not found. Run the command in the unpacked folder of the course or assignment."
        raise DatasetError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        msg = f"{shown(path)} cannot be read: {error}. Restore the file from the release."
        raise DatasetError(msg) from error
