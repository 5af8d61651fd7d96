"""Lay out what a student gets, all but notebook and release.json: lib without answers, registry, packages.

``contents`` decides, ``assemble`` writes. An answer is taken out of a text in memory: no file with one in it
is ever written to a folder that is released.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from gradlab import regions
from gradlab.assignment import Assignment, shipped_paths
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.leaks import ARCHIVES, COMPILED, DATA

# what a student's machine needs; the exact versions are those of the course's requirements.lock
STUDENT_PACKAGES = (
    "jupyterlab",
    "numpy",
    "matplotlib",
    "scipy",
    "pooch",
    "tqdm",
    "papermill",
    "typst",
    "pypandoc_binary",
    "pillow",
    "jsonschema",  # newer ones than the course's make every start of JupyterLab and of lib.report seconds longer
)
LOCK = "requirements.lock"

# made by a run or an editor in the master's folder: left out without a word
BUILD_PRODUCTS = COMPILED | DATA | ARCHIVES | {".pdf", ".tmp", ".log", ".bak", ".orig", ".swp", ".ipynb"}
IGNORED_FOLDERS = {"__pycache__", "feedback"}  # nbgrader leaves the latter out, too
# never under source/<assignment>/: there nbgrader copies it as it stands, so each is refused
ELSEWHERE = {
    "lib": "lib lives at the course's root",
    "exercises": "what judges answers is never released",
    "gradlab": "the tools are never released",
    "data": "data sets live in data/ at the course's root",
    "get_datasets.sh": "the release takes the one of the course's root",
    "requirements.txt": "the release writes it",
    "release.json": "the release writes it",
}


def contents(course: Course, assignment: Assignment, *, solved: bool = False) -> dict[str, bytes]:
    """Return path -> bytes of every file of a release but its notebook and release.json, sorted by path.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    solved : bool
        Keep every answer in lib. For folders that no student sees.

    Raises
    ------
    GradlabError
        If source/<assignment> holds something that must not be there, or a file of lib cannot be stripped.
    """
    found: dict[str, bytes] = {}
    for path, shown in _source_files(course, assignment):
        found[path.relative_to(assignment.folder).as_posix()] = _verbatim(path, shown)
    keep = set(assignment.regions) if solved else set(assignment.given)
    for path in _shipped(course, assignment):
        shown = course.relative(path)
        if path.suffix == ".py":
            found[shown] = regions.strip(regions.read_text(path, shown), given=keep, filename=shown).encode()
        else:
            found[shown] = _verbatim(path, shown)
    found["requirements.txt"] = requirements(course, assignment.extras).encode()
    if assignment.dataset:
        for name in ("get_datasets.sh", "data/registry.toml"):
            if not (course.root / name).is_file():
                msg = (
                    f"{name} not found at the course's root; {assignment.name} needs it to fetch "
                    f"'{assignment.dataset}'."
                )
                raise GradlabError(msg)
            found[name] = _verbatim(course.root / name, name)
    return dict(sorted(found.items()))


def assemble(course: Course, assignment: Assignment, dest: Path, *, solved: bool = False) -> list[str]:
    """Write what ``contents`` returns into a folder, over what is there; return the paths.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    dest : Path
    solved : bool
        Keep every answer, and add the master notebook. Refused below the folders that students see or that
        their code runs in.

    Notes
    -----
    Everything is computed before the first byte is written. Nothing in ``dest`` is removed: see ``prune``.
    """
    files = contents(course, assignment, solved=solved)
    if solved:
        for room in (course.release, course.submitted, course.autograded, course.feedback, course.source):
            if dest.resolve().is_relative_to(room):
                msg = (
                    f"{course.relative(dest)}: answers are never written below {course.relative(room)}/; "
                    "choose another folder."
                )
                raise GradlabError(msg)
        files[assignment.notebook] = (assignment.folder / assignment.notebook).read_bytes()
    for name, content in files.items():
        target = dest / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode_of(name))
    return list(files)


def prune(dest: Path, expected: list[str]) -> list[str]:
    """Remove every file below a folder that is not expected, and empty folders; return the paths."""
    removed = []
    for path in sorted(dest.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(dest).as_posix() not in expected:
            path.unlink()
            removed.append(path.relative_to(dest).as_posix())
    return sorted(removed)


def owners(assignment: Assignment, paths: Iterable[str]) -> dict[str, str]:
    """Return path -> "student" or "course" for the files of a release."""
    theirs = {*assignment.student_files, assignment.notebook}
    return {path: "student" if path in theirs else "course" for path in paths}


def mode_of(path: str) -> int:
    """Return the permissions of a released file: scripts run, the rest is read."""
    return 0o755 if path.endswith(".sh") else 0o644


def requirements(course: Course, extras: Iterable[str] = ()) -> str:
    """Return requirements.txt for students: their packages in the versions that the course was tested with.

    The versions come from requirements.lock at the course's root, or, where there is none, the ranges of its
    pyproject.toml. ``extras`` are names of optional dependencies there, which state their own versions.
    """
    lock, project = course.root / LOCK, course.root / "pyproject.toml"
    if lock.is_file():
        source = lock
        lines = lock.read_text(encoding="utf-8").splitlines()
    elif project.is_file():
        source = project
        lines = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("dependencies", [])
    else:
        msg = (
            f"neither {LOCK} nor pyproject.toml is at the course's root; the students' requirements.txt is "
            "made from it."
        )
        raise GradlabError(msg)
    found = {}
    for line in lines:
        pin = line.split("#")[0].split(";")[0].strip()
        if match := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", pin):
            found[_normal(match[0])] = pin
    missing = [name for name in STUDENT_PACKAGES if _normal(name) not in found]
    if missing:
        msg = f"{course.relative(source)} does not name {missing[0]}, which students need; add it."
        raise GradlabError(msg)
    pins = [found[_normal(name)] for name in STUDENT_PACKAGES]
    for extra in extras:
        listed = _optional(course, extra)
        pins += [found.get(_normal(re.split(r"[<>=!~ ]", pin)[0]), pin) for pin in listed]
    return "".join(f"{pin}\n" for pin in sorted(pins, key=str.lower))


def _optional(course: Course, extra: str) -> list[str]:
    """Return the packages of an optional dependency of pyproject.toml."""
    path = course.root / "pyproject.toml"
    known = {}
    if path.is_file():
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        known = table.get("project", {}).get("optional-dependencies", {})
    if extra not in known:
        msg = f"the assignment asks for the extra '{extra}', which pyproject.toml does not have; it has: {', '.join(known) or 'none'}."
        raise GradlabError(msg)
    return list(known[extra])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _verbatim(path: Path, shown: str) -> bytes:
    """Return the bytes of a file that is released as it is; text gets LF line endings."""
    content = path.read_bytes()
    try:
        text = regions.normalize(content.decode("utf-8"))
    except UnicodeDecodeError:
        return content
    if regions.has_marker(text):
        line = next(number for number, line in enumerate(text.split("\n"), 1) if regions.has_marker(line))
        msg = (
            f"{shown}:{line}: a marker of a region, but this file is released as it stands; regions live "
            "in .py files of lib and in the notebook."
        )
        raise GradlabError(msg)
    return content if b"\0" in content else text.encode()


def _source_files(course: Course, assignment: Assignment) -> list[tuple[Path, str]]:
    """Return (path, name for messages) of what source/<assignment> adds to a release besides the notebook."""
    found = []
    for path in sorted(assignment.folder.rglob("*")):
        parts = path.relative_to(assignment.folder).parts
        shown = course.relative(path)
        if any(part.startswith(".") or part in IGNORED_FOLDERS or part.endswith("~") for part in parts):
            continue
        if parts[0] in ELSEWHERE:
            msg = (
                f"{course.relative(assignment.folder)}/{parts[0]} would be released as it is, but "
                f"{ELSEWHERE[parts[0]]}; remove it."
            )
            raise GradlabError(msg)
        if path.is_symlink():
            msg = f"{shown} is a link; put the file itself there, or remove it."
            raise GradlabError(msg)
        if path.is_file() and path.suffix.lower() not in BUILD_PRODUCTS:
            found.append((path, shown))
    return found


def _shipped(course: Course, assignment: Assignment) -> list[Path]:
    """Return the files of lib that a release holds."""
    found: set[Path] = set()
    for entry in assignment.ships:
        for top in shipped_paths(course, entry):
            found |= {top} if top.is_file() else {path for path in top.rglob("*") if path.is_file()}
    kept = []
    for path in sorted(found):
        parts = PurePosixPath(course.relative(path)).parts
        if any(part.startswith(".") or part == "__pycache__" or part.endswith("~") for part in parts):
            continue
        if path.is_symlink():
            msg = f"{course.relative(path)} is a link; put the file itself there, or remove it."
            raise GradlabError(msg)
        if path.suffix.lower() not in BUILD_PRODUCTS - {".npz", ".npy"}:
            kept.append(path)
    return kept
