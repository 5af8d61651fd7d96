"""Look at a finished release the way a curious student would, before one does.

LEAK01  a line of an answer survives           LEAK07  a .py file that does not compile
LEAK02  a marker of a region survives          LEAK08  a hidden test or a mark scheme survives
LEAK03  compiled code                          LEAK09  a link or a special file
LEAK04  a notebook with outputs                LEAK10  a data set, a model, an archive or a database
LEAK05  a file of the instructor's             LEAK11  a path or the secret of this machine
LEAK06  a file that the manifest does not know, or knows otherwise
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from gradlab import answers, regions
from gradlab import manifest as manifests
from gradlab import notebook as notebooks
from gradlab.assignment import Assignment, ships
from gradlab.course import SECRET_VARIABLE, Course
from gradlab.errors import GradlabError

COMPILED = {".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".o", ".a"}
DATA = {".mat", ".npz", ".npy", ".pkl", ".pickle", ".joblib", ".h5", ".hdf5", ".pt", ".pth", ".db", ".sqlite"}
ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z"}
INSTRUCTOR = {
    "exercises",
    "gradlab",
    "tests",
    "source",
    "submitted",
    "autograded",
    "feedback",
    "reports",
    "solution",
}
INSTRUCTOR |= {".gradlab", ".git", "gradebook.db", "nbgrader_config.py"}
_IMPORTS = re.compile(r"(?m)^[ \t]*(?:from|import)[ \t]+(exercises|gradlab)\b")
_MAGIC = {
    b"\x7fELF": "LEAK03",
    b"MZ\x90": "LEAK03",
    b"\xcf\xfa\xed\xfe": "LEAK03",
    b"PK\x03\x04": "LEAK10",
    b"\x1f\x8b": "LEAK10",
    b"SQLite format 3": "LEAK10",
    b"\x89HDF": "LEAK10",
    b"MATLAB 5.0": "LEAK10",
    b"\x93NUMPY": "LEAK10",
}


@dataclass(frozen=True)
class Leak:
    """One finding; ``str(leak)`` is what a person reads. Line 0 means the whole file."""

    code: str
    path: str
    line: int
    sentence: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{self.code} {place}: {self.sentence}"


@dataclass(frozen=True)
class _Secrets:
    """What a release must not say, gathered once per scan."""

    hidden: list[tuple[regions.Region, bool]]
    public: str
    given: str
    tests: list[str]
    private: dict[str, str]
    instructor: dict[str, str] = field(default_factory=dict)


def scan(course: Course, assignment: Assignment, folder: Path) -> list[Leak]:
    """Return everything in a release folder that should not be there, sorted by file and line.

    Parameters
    ----------
    course : Course
        Its lib and source are what the release is compared with.
    assignment : Assignment
    folder : Path
        A finished release, release.json included.
    """
    secrets = _gather(course, assignment)
    leaks: list[Leak] = []
    for path in manifests.files_of(folder):
        leaks += _scan_file(folder, path, secrets)
    leaks += [Leak("LEAK03", path, 0, "a folder of compiled code") for path in _caches(folder)]
    try:
        found = manifests.read(folder, assignment.name)
        leaks += [Leak("LEAK06", path, 0, what) for path, what in manifests.differences(folder, found)]
    except GradlabError as error:
        leaks.append(Leak("LEAK06", manifests.FILE, 0, str(error)))
    return sorted(set(leaks), key=lambda leak: (leak.path, leak.line, leak.code, leak.sentence))


def _gather(course: Course, assignment: Assignment) -> _Secrets:
    """Collect the answers, and the code that is public anyway."""
    shown = course.relative(assignment.folder / assignment.notebook)
    notebook = notebooks.read(assignment.folder / assignment.notebook, shown)
    prose = {
        notebooks.label(shown, number, cell)
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type != "code"
    }
    hidden = [(region, False) for name, region in assignment.regions.items() if name not in assignment.given]
    hidden += [(region, region.filename in prose) for region in notebooks.answers(notebook, shown)]

    public = []
    for path in sorted(course.lib.rglob("*.py")):
        file = course.relative(path)
        if ships(assignment, file):
            text = regions.strip(regions.read_text(path, file), given=assignment.given, filename=file)
            public.append(answers.code_only(text))
    for cell in notebook.cells:
        if cell.cell_type == "code" and not notebooks.flags(cell).get("solution"):
            public.append(answers.code_only(notebooks.without_hidden(cell.source)))
    given = "\n".join(answers.code_only(assignment.regions[name].body) for name in assignment.given)

    tests = [answers.squeeze(line) for line in notebooks.hidden_lines(notebook)]
    return _Secrets(
        hidden=hidden,
        public=answers.squeeze("\n".join(public)),
        given=answers.squeeze(given),
        tests=[piece for piece in tests if len(piece) >= answers.LINE],
        private=_private(course),
        instructor=_instructor(course),
    )


def _private(course: Course) -> dict[str, str]:
    """Return text -> what it is, for what names this machine or seeds the probes."""
    private = {str(course.root): "the path of the course"}
    home = str(Path.home())
    if len(home) > 1:
        private[home + os.sep] = "the path of a home folder"
    secret = course.private / "secret"
    texts = [
        os.environ.get(SECRET_VARIABLE, ""),
        secret.read_text("utf-8", "replace") if secret.is_file() else "",
    ]
    private |= {text.strip(): "the secret of the course" for text in texts if len(text.strip()) >= 16}
    return private


def _instructor(course: Course) -> dict[str, str]:
    """Return sha256 -> path of the instructor's files, without variants, which begin as copies of lib."""
    found = {}
    for room in (course.exercises, course.root / "gradlab"):
        for path in room.rglob("*.py"):
            if "variants" not in path.parts and path.stat().st_size > 64:
                found[hashlib.sha256(path.read_bytes()).hexdigest()] = course.relative(path)
    return found


def _caches(folder: Path) -> Iterator[str]:
    for path in folder.rglob("__pycache__"):
        yield path.relative_to(folder).as_posix()


def _scan_file(folder: Path, path: str, secrets: _Secrets) -> Iterator[Leak]:
    file = folder / path
    parts = PurePosixPath(path).parts
    suffix = PurePosixPath(path).suffix.lower()
    if file.is_symlink() or not file.is_file():
        yield Leak("LEAK09", path, 0, "a link or a special file; copy what it stands for, or remove it")
        return
    if parts[0] in INSTRUCTOR:
        yield Leak("LEAK05", path, 0, f"'{parts[0]}' belongs to the instructor's side of the course")
    if suffix in COMPILED:
        yield Leak("LEAK03", path, 0, "compiled code")
    # small tables of expected values may stand beside the checks that read them
    if suffix in ARCHIVES or (suffix in DATA and not (suffix in {".npz", ".npy"} and parts[0] == "lib")):
        yield Leak("LEAK10", path, 0, "a data set, a model or an archive")
    content = file.read_bytes()
    for magic, code in _MAGIC.items():
        if content.startswith(magic) and suffix not in {".npz", ".npy", *ARCHIVES, *DATA, *COMPILED}:
            yield Leak(code, path, 0, "what it holds is not what its name says")
    own = secrets.instructor.get(hashlib.sha256(content).hexdigest())
    if own:
        yield Leak("LEAK05", path, 0, f"a copy of {own}")
    try:
        text = regions.normalize(content.decode("utf-8"))
    except UnicodeDecodeError:
        yield from _scan_bytes(path, content)
        return
    if suffix == ".ipynb":
        yield from _scan_notebook(path, text, secrets)
        return
    yield from _scan_text(path, text, secrets, python=suffix == ".py")
    if suffix == ".py":
        yield from _scan_python(path, text)


def _scan_bytes(path: str, content: bytes) -> Iterator[Leak]:
    """Look into a file that is not text: markers, also in the two bytes per letter of some editors."""
    if path.endswith(".py"):
        yield Leak("LEAK07", path, 0, "not UTF-8, so Python cannot read it")
    for marker in (regions.BEGIN, regions.END):
        if any(marker.encode(code) in content for code in ("ascii", "utf-16-le", "utf-16-be")):
            yield Leak("LEAK02", path, 0, f"'{marker}' in a file that is not UTF-8 text")


def _scan_text(path: str, text: str, secrets: _Secrets, *, python: bool) -> Iterator[Leak]:
    for number, line in enumerate(text.split("\n"), 1):
        if regions.has_marker(line):
            yield Leak("LEAK02", path, number, f"a marker of a region survives ({line.strip()[:60]!r})")
        if any(word in line for pair in notebooks.HIDDEN_PAIRS for word in pair):
            yield Leak(
                "LEAK08", path, number, f"a delimiter of hidden tests survives ({line.strip()[:60]!r})"
            )
        for private, what in secrets.private.items():
            if private in line:
                yield Leak("LEAK11", path, number, f"{what} stands here")
        if python and (match := _IMPORTS.match(line)):
            yield Leak("LEAK05", path, number, f"imports {match[1]}, which students do not have")
    found = answers.surviving(secrets.hidden, text, public=secrets.public, given=secrets.given, python=python)
    for number, region, hidden_line in found:
        place = f"line {hidden_line} of region '{region.name}' ({region.filename}) survives"
        yield Leak("LEAK01", path, number, place)
    searchable = answers.Searchable.of(text)
    for piece in secrets.tests:
        if piece not in secrets.public and (at := searchable.line_of(piece)):
            yield Leak("LEAK08", path, at, "a line of a hidden test or a mark scheme survives")


def _scan_python(path: str, text: str) -> Iterator[Leak]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        yield Leak("LEAK07", path, getattr(error, "lineno", None) or 0, f"does not compile ({error})")


def _scan_notebook(path: str, text: str, secrets: _Secrets) -> Iterator[Leak]:
    """Look into a notebook cell by cell; line numbers are those of the cell."""
    try:
        data = json.loads(text)
        cells = data["cells"]
    except (ValueError, TypeError, KeyError):
        yield Leak("LEAK07", path, 0, "is not a notebook")
        return
    if "widgets" in data.get("metadata", {}):
        yield Leak("LEAK04", path, 0, "holds the state of widgets")
    rest = json.dumps(data.get("metadata", {}), ensure_ascii=False)
    for number, cell in enumerate(cells, 1):
        place = f"{path} cell {number}"
        source = "".join(cell.get("source", ""))
        if cell.get("outputs"):
            yield Leak("LEAK04", place, 0, "has outputs")
        if cell.get("execution_count") is not None:
            yield Leak("LEAK04", place, 0, f"has the execution count {cell['execution_count']}")
        yield from _scan_text(place, source, secrets, python=cell.get("cell_type") == "code")
        rest += "\n" + _strings(
            {key: value for key, value in cell.items() if key not in ("source", "attachments")}
        )
    yield from _scan_text(f"{path} (metadata and outputs)", rest, secrets, python=False)


def _strings(value: Any) -> str:
    """Return every text inside a JSON value, one per line."""
    if isinstance(value, dict):
        return "\n".join(_strings(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return "\n".join(_strings(item) for item in value)
    return value if isinstance(value, str) else ""
