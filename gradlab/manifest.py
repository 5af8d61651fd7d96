"""release.json: what a release is made of, and its version.

    {"assignment": "cnn_svhn",
     "version": "3fa1…",
     "files": {"lib/optim.py": {"sha256": "…", "owner": "course"}}}

The version is a hash of what a student gets, so that equal releases have equal versions on every machine. The
notebook carries the version in its metadata; that entry is left out of the hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from gradlab.errors import GradlabError

FILE = "release.json"
VERSION = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Entry:
    """One file of a release; ``owner`` is "student" (theirs to change) or "course" (put back at grading)."""

    sha256: str
    owner: str


@dataclass(frozen=True)
class Manifest:
    """What release.json says: assignment, version, and every other file by its path with forward slashes."""

    assignment: str
    version: str
    files: Mapping[str, Entry]

    def owned_by(self, owner: str) -> list[str]:
        """Return the paths of one owner, sorted."""
        return sorted(path for path, entry in self.files.items() if entry.owner == owner)


def files_of(folder: Path) -> list[str]:
    """Return the paths of all files below a folder but release.json, sorted.

    A link to a folder counts as a file: it is not followed.
    """
    found = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    ]
    return sorted(path for path in found if path != FILE)


def notebook_text(notebook: Any) -> str:
    """Return the text that nbgrader's exporter writes for a notebook."""
    text: str = nbformat.writes(notebook, version=nbformat.current_nbformat)
    return text if text.endswith("\n") else text + "\n"


def version_of(assignment: str, folder: Path, owners: Mapping[str, str], notebook: str, text: str) -> str:
    """Return the version of a release that lies in a folder.

    Parameters
    ----------
    assignment : str
    folder : Path
    owners : mapping of path to "student" or "course"
        Every file of the release but release.json.
    notebook : str
        Path of the notebook, whose content is ``text`` and not the file's.
    text : str
        The notebook without its version.
    """
    lines = [f"assignment {assignment}\n"]
    for path in sorted(owners):
        content = text.encode() if path == notebook else (folder / path).read_bytes()
        lines.append(f"{owners[path]} {hashlib.sha256(content).hexdigest()} {path}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def write(folder: Path, assignment: str, version: str, owners: Mapping[str, str]) -> Manifest:
    """Write release.json for the files that lie in a folder."""
    files = {path: Entry(_sha256(folder / path), owners[path]) for path in sorted(owners)}
    data = {
        "assignment": assignment,
        "version": version,
        "files": {path: {"sha256": entry.sha256, "owner": entry.owner} for path, entry in files.items()},
    }
    (folder / FILE).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8", newline="\n")
    return Manifest(assignment, version, files)


def read(folder: Path, shown: str) -> Manifest:
    """Read release.json, or say in one sentence why it is none; ``shown`` names the folder."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        files = {
            str(path): Entry(str(entry["sha256"]), str(entry["owner"]))
            for path, entry in data["files"].items()
        }
        manifest = Manifest(str(data["assignment"]), str(data["version"]), files)
    except FileNotFoundError as error:
        msg = f"{shown}/{FILE} not found, so this is no finished release; release the assignment again."
        raise GradlabError(msg) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"{shown}/{FILE} is damaged ({type(error).__name__}: {error}); release the assignment again."
        raise GradlabError(msg) from error
    if not VERSION.fullmatch(manifest.version):
        msg = (
            f"{shown}/{FILE}: version {manifest.version!r} is not 16 hexadecimal digits; release the "
            "assignment again."
        )
        raise GradlabError(msg)
    return manifest


def differences(folder: Path, manifest: Manifest, ignore: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return (path, what is wrong) for every file on which a folder and its manifest disagree."""
    present = set(files_of(folder)) - set(ignore)
    wrong = [(path, "is not in the manifest") for path in present - set(manifest.files)]
    for path, entry in manifest.files.items():
        if path not in present:
            wrong.append((path, "is in the manifest and missing"))
        elif not (folder / path).is_symlink() and _sha256(folder / path) != entry.sha256:
            wrong.append((path, "has changed since the manifest was written"))
    return sorted(wrong)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
