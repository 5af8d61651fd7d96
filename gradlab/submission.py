"""The files of a submission: read its notebook with suspicion, and lay out what is graded.

What is graded is the release that the student had, with the student's own files in their places. Everything
else that came in is left behind.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import stat
import tokenize
from pathlib import Path
from typing import Any

import nbformat

from gradlab import manifest as manifests
from gradlab import store
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError

#: Bytes of a notebook and of any other file that are accepted.
MAX_NOTEBOOK, MAX_FILE = 100 * 1024**2, 256 * 1024**2
#: Objects, lists and ends of texts in a notebook: one of a hundred megabytes has few, for it consists of pictures.
MAX_MARKS = 2_000_000
#: Bytes of a time of handing in.
MAX_TIMESTAMP = 200
#: Levels of lists and objects in a notebook.
MAX_DEPTH = 50
#: What nbgrader itself puts beside a submission.
NBGRADER_FILES = ("timestamp.txt", "submission_secret.txt")
MODEL = "model.npz"
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CELL_TYPES = ("code", "markdown", "raw")
_OUTPUT_TYPES = ("stream", "display_data", "execute_result", "error")


def read_notebook(path: Path, shown: str, notes: list[str] | None = None) -> Any:
    """Read a notebook that was handed in, or say in one sentence why it is none.

    Parameters
    ----------
    path : Path
    shown : str
        How messages name it.
    notes : list of str, optional
        Gets what was put right, for student and grader.

    Returns
    -------
    NotebookNode
        Format 4, every cell with an id of its own: outputs are matched by them. nbformat would draw missing
        ids at random, and no grade would be made twice the same.

    Raises
    ------
    GradlabError
        If it is missing, a link, too large, or not a notebook.
    """
    again = "ask the student to hand it in again"
    if path.is_symlink():
        msg = f"{shown} is a link, not a notebook; {again}."
        raise GradlabError(msg)
    size = path.stat().st_size
    if size == 0:
        msg = f"{shown} is empty; {again}."
        raise GradlabError(msg)
    if size > MAX_NOTEBOOK:
        limit = f"accepted are {MAX_NOTEBOOK / 1e6:.0f} MB"
        msg = f"{shown} holds {size / 1e6:.0f} MB, {limit}; {again}, outputs cleared."
        raise GradlabError(msg)
    content = path.read_bytes()
    # Python takes a hundred times as much memory for an empty object as the file does
    if sum(content.count(mark) for mark in (b"{", b"[", b'"')) > MAX_MARKS:
        msg = f"{shown} holds more objects and texts than a notebook can need ({MAX_MARKS:,} of their marks); {again}, outputs cleared."
        raise GradlabError(msg)
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        msg = f"{shown} is not a notebook (byte {error.start} is not UTF-8); {again}."
        raise GradlabError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{shown} is not a notebook (not JSON: {str(error)[:100]}); {again}."
        raise GradlabError(msg) from error
    problem = _structure_problem(raw)
    if problem:
        msg = f"{shown} is not a notebook ({problem}); {again}."
        raise GradlabError(msg)
    try:
        if raw["nbformat"] < 4:
            said = f"The notebook was in the old format {raw['nbformat']}; it was converted."
            # without its own ids, which are drawn at random
            raw = json.loads(json.dumps(nbformat.reads(json.dumps(raw), as_version=4)))
            for cell in raw["cells"]:
                cell.pop("id", None)
            (notes if notes is not None else []).append(said)
        if _put_right(raw) and notes is not None:
            notes.append("The notebook's cells had line ends of Windows or of old Macs; they were changed.")
        # half of a surrogate pair is valid JSON and no valid text
        text = json.dumps(raw, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
        return nbformat.reads(text, as_version=4)
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        msg = f"{shown} is not a notebook ({type(error).__name__}: {reason}); {again}."
        raise GradlabError(msg) from error


def _put_right(raw: dict[str, Any]) -> bool:
    """Give every cell what the format asks for, an id of its own among it; tell whether line ends were changed."""
    seen: set[str] = set()
    changed = False
    for number, cell in enumerate(raw["cells"]):
        found = cell.get("id")
        if not isinstance(found, str) or not _CELL_ID.fullmatch(found) or found in seen:
            found = f"cell-{number}"
            while found in seen:
                found += "-copy"
        seen.add(found)
        cell["id"] = found
        cell.setdefault("metadata", {})
        source = cell.get("source", "")
        source = "".join(source) if isinstance(source, list) else source
        # an untouched answer is known by its text
        cell["source"] = source.replace("\r\n", "\n").replace("\r", "\n")
        changed |= cell["source"] != source
        if cell["cell_type"] == "code":
            cell["outputs"] = cell["outputs"] if _are_outputs(cell.get("outputs")) else []
            cell.setdefault("execution_count", None)
    raw.setdefault("metadata", {})
    raw["nbformat_minor"] = 5
    return changed


def _are_outputs(found: Any) -> bool:
    """Tell whether the outputs of a cell are what they should be; where not, they are no loss."""
    return isinstance(found, list) and all(
        isinstance(output, dict) and output.get("output_type") in _OUTPUT_TYPES for output in found
    )


def _structure_problem(raw: Any) -> str:
    """Say what keeps a JSON value from being a notebook that nbformat can take; empty when nothing does."""
    if not isinstance(raw, dict):
        return f"it is a JSON {type(raw).__name__}"
    if _is_deeper(raw, MAX_DEPTH):
        return f"it is nested too deep, more than {MAX_DEPTH} levels"
    if not isinstance(raw.get("nbformat"), int) or not isinstance(raw.get("metadata", {}), dict):
        return "it says no nbformat"
    if raw["nbformat"] < 4:
        return ""  # nbformat upgrades it, or says why not
    if not isinstance(raw.get("cells"), list):
        return "it has no cells"
    for number, cell in enumerate(raw["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in _CELL_TYPES:
            return f"cell {number} is of no known type"
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines) or not isinstance(cell.get("metadata", {}), dict):
            return f"cell {number} is damaged"
    return ""


def _is_deeper(value: Any, levels: int) -> bool:
    """Tell whether a JSON value is nested deeper than that: what copies it would run out of stack."""
    level = [value]
    for _ in range(levels):
        found = [item for item in level if isinstance(item, (dict, list))]
        level = [inner for item in found for inner in (item.values() if isinstance(item, dict) else item)]
        if not level:
            return False
    return True


def take_lone_notebook(folder: Path, assignment: Assignment) -> Path | None:
    """Copy the only notebook of a submission to the name that it should have; return what was copied, if anything was."""
    target = folder / assignment.notebook
    if target.exists() or target.is_symlink():
        return None
    found = [path for path in folder.glob("*.ipynb") if path.is_file() and not path.is_symlink()]
    if len(found) != 1 or found[0].stat().st_size > MAX_NOTEBOOK:
        return None
    shutil.copyfile(found[0], target)
    return found[0]


def drop_odd_timestamp(folder: Path) -> bool:
    """Remove a time of handing in that is no small plain file: nbgrader would wait for a pipe, and follow a link."""
    path = folder / "timestamp.txt"
    try:
        found = path.lstat()
    except OSError:
        return False
    if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_TIMESTAMP:
        return False
    if stat.S_ISDIR(found.st_mode):
        path.rename(folder / "timestamp.txt.odd")
    else:
        path.unlink()
    return True


def release_of(course: Course, assignment: str, notebook: Any) -> tuple[Path, str, list[str]]:
    """Find the kept release that a submitted notebook answers; fall back to the latest.

    Returns
    -------
    folder : Path
    version : str
    notes : list of str
    """
    found = notebook.metadata.get("gradlab")
    claimed = found.get("version") if isinstance(found, dict) else None
    notes = []
    if isinstance(claimed, str) and claimed in store.versions(course, assignment):
        version = store.successor(course, assignment, claimed)
        folder = store.get(course, assignment, version)
        if version != claimed:
            notes.append(f"The notebook answers version {claimed}; it is graded as version {version}.")
    else:
        folder = store.get(course, assignment)
        said = f"names version {str(claimed)[:40]!r}, which is not kept" if claimed else "names no version"
        notes.append(f"The notebook {said}; it is graded as the latest release.")
    return folder, manifests.read(folder, course.relative(folder)).version, notes


def lay_out(course: Course, assignment: Assignment, released: Path, submitted: Path, dest: Path) -> list[str]:
    """Fill ``dest`` with the release, the student's files in their places, and nothing else.

    Parameters
    ----------
    released : Path
        The kept release.
    submitted : Path
        What was handed in. Links in it are refused: they could name any file of the grader's.
    dest : Path
        Emptied first.

    Returns
    -------
    list of str
        What is missing or was refused, for student and grader.
    """
    found = manifests.read(released, course.relative(released))
    owned = {path for path in found.owned_by("student") if not path.endswith(".ipynb")}
    asked = {name for name in assignment.asked_for if not name.endswith(".ipynb")}
    theirs = [*sorted(owned | set(assignment.files) | asked | {MODEL}), *NBGRADER_FILES]
    _empty(dest)
    for name in (*found.files, manifests.FILE):
        if name != assignment.notebook:
            _copy(released / name, dest / name)
    notes = []
    if named := _other_name(submitted, assignment.notebook):
        notes.append(f"The notebook was handed in as {named}.")
    for name in theirs:
        problem = _problem(submitted, name)
        if not problem:
            _copy(submitted / name, dest / name)
            notes += _unreadable(submitted / name, name)
        elif problem != "missing":
            notes.append(f"{name} {problem}; it is not graded.")
        elif name in owned:
            notes.append(f"{name} is missing from the submission; the empty one of the release was taken.")
        elif name in assignment.submission:
            notes.append(f"{name} is missing from the submission.")
    return notes


def _other_name(folder: Path, notebook: str) -> str:
    """Return the name under which the same notebook lies beside the one that is graded."""
    path = folder / notebook
    if not path.is_file() or path.is_symlink():
        return ""
    for other in sorted(folder.glob("*.ipynb")):
        same = other != path and other.is_file() and not other.is_symlink()
        if same and other.stat().st_size == path.stat().st_size and other.read_bytes() == path.read_bytes():
            return other.name
    return ""


def _unreadable(path: Path, name: str) -> list[str]:
    """Say what keeps Python from reading a file of a submission: text that is not what it says it is."""
    if path.suffix != ".py":
        return []
    content = path.read_bytes()
    again = "which Python may refuse; save it as UTF-8 and hand it in again."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [f"{name} is UTF-16 text, not UTF-8, {again}"]
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return [f"{name} is not UTF-8 text (byte {error.start}), {again}"]
    except (
        SyntaxError,
        LookupError,
        ValueError,
    ):  # two encodings, none that exists, or bytes that are no text
        return [f"{name} is not the text that it says it is, {again}"]
    return [f"{name} holds NUL bytes, {again}"] if b"\0" in content else []


def _problem(folder: Path, name: str) -> str:
    """Say why a file of a submission cannot be taken; empty when it can."""
    path = folder
    for part in Path(name).parts:
        path = path / part
        if path.is_symlink():
            return "is a link"
    if not path.exists():
        return "missing"
    if not path.is_file():
        return "is not a file"
    if path.stat().st_size > MAX_FILE:
        return f"holds {path.stat().st_size / 1e6:.0f} MB, accepted are {MAX_FILE / 1e6:.0f} MB"
    return ""


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _empty(folder: Path) -> None:
    """Remove everything in a folder; what nbgrader left there may be read-only."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
