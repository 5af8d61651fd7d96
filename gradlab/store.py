"""Every release that was handed out, kept by version in ``release/.versions/<assignment>/<version>/``.

A grader needs exactly what the student had: the master may have changed since, and it holds the answers. The
file ``latest`` beside the versions names the newest one. Versions and names come back in with submissions,
so they are checked before they become a path.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gradlab import manifest as manifests
from gradlab.course import Course
from gradlab.errors import GradlabError

LATEST = "latest"


def keep(course: Course, folder: Path) -> Path:
    """Keep a copy of a finished release and make it the latest one.

    Parameters
    ----------
    course : Course
    folder : Path
        A release whose files agree with its release.json.

    Returns
    -------
    Path
        Folder of the kept copy. A version that is kept already is not written again.
    """
    found = manifests.read(folder, course.relative(folder))
    _refuse_differences(folder, found, course.relative(folder))
    shelf = course.versions / found.assignment
    target = shelf / found.version
    if not (target.is_dir() and not manifests.differences(target, found)):
        shelf.mkdir(parents=True, exist_ok=True)
        draft = shelf / f".new-{found.version}-{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            for path in (*found.files, manifests.FILE):
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / path, draft / path)
            shutil.rmtree(target, ignore_errors=True)  # a damaged copy of the same version
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    point(course, found.assignment, found.version)
    return target


def point(course: Course, assignment: str, version: str) -> None:
    """Make a kept version the latest one."""
    pointer = course.versions / assignment / LATEST
    draft = pointer.with_name(f".latest-{os.getpid()}")
    try:
        draft.write_text(version + "\n", encoding="ascii")
        draft.replace(pointer)
    finally:
        draft.unlink(missing_ok=True)


def sweep(course: Course, assignment: str) -> None:
    """Remove half copies that a killed process has left; only for who holds the lock of the release."""
    shelf = course.versions / assignment
    for draft in shelf.glob(".new-*"):
        shutil.rmtree(draft, ignore_errors=True)
    for draft in shelf.glob(f".{LATEST}-*"):
        draft.unlink(missing_ok=True)


def latest(course: Course, assignment: str) -> str | None:
    """Return the version that was released last, or None if there is none."""
    pointer = course.versions / assignment / LATEST
    return pointer.read_text(encoding="ascii").strip() if pointer.is_file() else None


def versions(course: Course, assignment: str) -> list[str]:
    """Return the kept versions of an assignment, sorted by name."""
    shelf = course.versions / assignment
    return sorted(
        path.name for path in shelf.glob("*") if path.is_dir() and manifests.VERSION.fullmatch(path.name)
    )


def get(course: Course, assignment: str, version: str | None = None) -> Path:
    """Return the folder of a kept release, its files checked against its manifest.

    Parameters
    ----------
    course : Course
    assignment : str
    version : str, optional
        The latest by default. May come from a submission: anything that is no kept version is refused.

    Raises
    ------
    GradlabError
        If it is not kept, or the kept copy was changed.
    """
    known = versions(course, assignment) if assignment in _shelves(course) else []
    if version is None and known:
        version = latest(course, assignment)
    if version not in known:
        what = f"version {version!r} of {assignment!r}" if version else f"a release of {assignment!r}"
        listed = f"kept are {', '.join(known)}" if known else "none is kept"
        msg = (
            f"{what} is not in {course.relative(course.versions)} ({listed}); release the assignment, or "
            "copy the version back."
        )
        raise GradlabError(msg)
    folder = course.versions / assignment / str(version)
    _refuse_differences(folder, manifests.read(folder, course.relative(folder)), course.relative(folder))
    return folder


def _shelves(course: Course) -> list[str]:
    return [path.name for path in course.versions.glob("*") if path.is_dir()]


def _refuse_differences(folder: Path, found: manifests.Manifest, shown: str) -> None:
    for path, problem in manifests.differences(folder, found):
        msg = f"{shown}/{path} {problem}; release the assignment again."
        raise GradlabError(msg)
