"""Every release that was handed out, kept by version in ``release/.versions/<assignment>/<version>/``.

A grader needs exactly what the student had: the master may have changed since, and it holds the answers. The
file ``latest`` beside the versions names the newest one. Versions and names come back in with submissions,
so they are checked before they become a path.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from gradlab import manifest as manifests
from gradlab.course import Course
from gradlab.errors import GradlabError

LATEST = "latest"
#: Which versions others have taken the place of, {old: new}.
SUPERSEDED = "superseded.json"


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


def supersede(course: Course, assignment: str, old: str, new: str | None) -> None:
    """Let submissions that answer a version be graded as another one.

    Parameters
    ----------
    course : Course
    assignment, old : str
    new : str or None
        None: as the version that they answer, again.

    Raises
    ------
    GradlabError
        If a version is not kept, or both are the same one in the end.
    """
    for version in (old, new):
        if version is not None:
            get(course, assignment, version)
    table = _superseded(course, assignment)
    table.pop(old, None)
    if new is not None:
        if successor(course, assignment, new) == old or new == old:
            msg = f"version {old} of {assignment} cannot take the place of itself; name a newer one."
            raise GradlabError(msg)
        table[old] = new
    path = course.versions / assignment / SUPERSEDED
    draft = path.with_name(f".{SUPERSEDED}-{os.getpid()}")
    draft.write_text(json.dumps(table, indent=1) + "\n", encoding="ascii")
    draft.replace(path)


def successor(course: Course, assignment: str, version: str) -> str:
    """Return the version as which a submission that answers ``version`` is graded: nearly always the same."""
    table = _superseded(course, assignment)
    seen = {version}
    while version in table and table[version] not in seen:
        version = table[version]
        seen.add(version)
    return version


def _superseded(course: Course, assignment: str) -> dict[str, str]:
    path = course.versions / assignment / SUPERSEDED
    if not path.is_file():
        return {}
    try:
        return {str(old): str(new) for old, new in json.loads(path.read_text(encoding="ascii")).items()}
    except (ValueError, AttributeError) as error:
        msg = f"{course.relative(path)} is damaged ({error}); remove it, and say again which version supersedes which."
        raise GradlabError(msg) from error


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
            f"{what} is not in {course.relative(course.versions)} ({listed}); release it (gradlab release {assignment}), or "
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
