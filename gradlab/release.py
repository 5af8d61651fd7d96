"""Make a release: nbgrader's own ``generate_assignment``, aside, looked at, and only then put in place.

Whatever goes wrong before the last step, the release, its zip and the gradebook are what they were. What a run
that was killed has left behind, the next one clears away.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradlab import assemble, leaks, lock, nbgrader_log, store
from gradlab import manifest as manifests
from gradlab.assignment import Assignment, load
from gradlab.course import CONFIG, Course
from gradlab.errors import GradlabError, ReleaseRefused
from gradlab.gradebook import copy_database

# called with a finished release that is not in place yet; raises GradlabError to refuse it
Gate = Callable[[Course, Assignment, Path], None]
#: Seconds that a release waits for another one that writes the gradebook.
PATIENCE = 15


@dataclass(frozen=True)
class Release:
    """A release in place: its folder, its zip, the kept copy, and its version."""

    folder: Path
    zip: Path
    kept: Path
    version: str


def release(course: Course, name: str, *, force: bool = False, gate: Gate | None = None) -> Release:
    """Make the release of an assignment, and its zip.

    Parameters
    ----------
    course : Course
    name : str
    force : bool
        Replace a release that exists. The old one stays until the new one has passed everything.
    gate : callable (course, assignment, folder), optional
        Last judgement on the release, which lies aside still; raises GradlabError to refuse it.

    Returns
    -------
    Release

    Raises
    ------
    GradlabError
        With one sentence; what was there before is untouched.
    ReleaseRefused
        If the release would give something away.
    """
    assignment = load(course, name)
    what = f"gradlab release {name}"
    with lock.hold(course, f"release-{name}", what):
        _sweep(course, name)
        return _release(course, assignment, what, force=force, gate=gate)


def _release(course: Course, assignment: Assignment, what: str, *, force: bool, gate: Gate | None) -> Release:
    """Make a release that nobody else is making."""
    name = assignment.name
    target, archive = course.release / name, course.release / f"{name}.zip"
    for path in (target, archive):
        if path.exists() and not force:
            msg = (
                f"{course.relative(path)} exists; give --force to replace it (it stays if the new one fails)."
            )
            raise GradlabError(msg)
    try:
        with _scratch(course, name) as aside:
            copy = aside / "gradebook.db"
            with lock.hold(course, "grade", what, patience=PATIENCE):  # grading would refuse the last step
                if course.gradebook.is_file():
                    copy_database(course.gradebook, copy)
            folder = generate(course, assignment, aside / "release", gradebook=copy)
            found = leaks.scan(course, assignment, folder)
            if found:
                raise ReleaseRefused(name, found)
            if gate:
                gate(course, assignment, folder)
            made = write_zip(folder, aside / archive.name)
            version = manifests.read(folder, name).version
            with (
                lock.hold(course, "grade", what, patience=PATIENCE),
                _gradebook_or_nothing(course, aside),
            ):
                _record(course, assignment, aside / "record", version)
                with _in_place([(folder, target), (made, archive)], aside / "before"):
                    kept = store.keep(course, target)
    except OSError as error:
        msg = f"{name} is not released: {nbgrader_log.os_error(error)} What was there before is untouched."
        raise GradlabError(msg) from error
    return Release(target, archive, kept, version)


def generate(course: Course, assignment: Assignment, into: Path, *, gradebook: Path | None = None) -> Path:
    """Run nbgrader's GenerateAssignment in this process, under the course's nbgrader_config.py.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    into : Path
        Takes the place of release/; the release is made in ``into/<name>``.
    gradebook : Path, optional
        Takes the place of the gradebook.

    Returns
    -------
    Path
        Folder of the release, checked against its manifest. No copy of it is kept yet.
    """
    # nbgrader takes two seconds to import: only who releases waits for it
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets import log as traitlets_log

    from gradlab.nbgrader_release import finish

    config = load_config(course)
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.release_directory = str(into)
    config.CourseDirectory.assignment_id = assignment.name
    if gradebook is not None:
        config.CourseDirectory.db_url = f"sqlite:///{gradebook}"
    config.LeakGate.keep = False
    config.GenerateAssignment.pop(
        "post_convert_hook", None
    )  # it knows release/ only; finish() below does its work
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    catcher = nbgrader_log.ErrorCatcher()
    logger: logging.Logger = traitlets_log.get_logger()
    logger.addHandler(catcher)
    try:
        converter.start()
    except NbGraderException as error:
        reason = nbgrader_log.sentence(catcher.error)
        if isinstance(catcher.error, GradlabError | OSError):
            raise catcher.error from None
        reason = reason or f"{type(catcher.error).__name__}: {catcher.error}"
        msg = f"{assignment.name} is not released: nbgrader failed ({reason})."
        raise GradlabError(msg) from (catcher.error or error)
    finally:
        logger.removeHandler(catcher)
    folder = into / assignment.name
    finish(folder)
    return folder


def load_config(course: Course) -> Any:
    """Return what nbgrader_config.py of a course sets, as nbgrader's commands see it."""
    from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

    try:
        return PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    except ConfigFileNotFound as error:
        msg = f"{CONFIG} not found in {course.root}; take the one of the project."
        raise GradlabError(msg) from error
    except SystemExit as error:  # the configuration refuses to go on half loaded
        raise GradlabError(str(error)) from error
    except Exception as error:
        msg = f"{CONFIG} cannot be loaded ({type(error).__name__}: {error}); correct it."
        raise GradlabError(msg) from error


def write_zip(folder: Path, archive: Path) -> Path:
    """Pack a release so that equal releases give equal bytes: sorted, one date, fixed permissions.

    Every path begins with the folder's name, so that unpacking makes one folder.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in sorted([*manifests.files_of(folder), manifests.FILE]):
            entry = zipfile.ZipInfo(f"{folder.name}/{path}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever this machine is: permissions are kept
            entry.external_attr = (0o100000 | assemble.mode_of(path)) << 16
            zipped.writestr(entry, (folder / path).read_bytes())
    return archive


def _record(course: Course, assignment: Assignment, into: Path, version: str) -> None:
    """Make the release once more, now for the real gradebook, and check that it is the one that passed."""
    again = manifests.read(generate(course, assignment, into), assignment.name).version
    if again != version:
        msg = (
            f"{assignment.name} is not released: its master changed meanwhile ({version} became {again}); "
            "run it again."
        )
        raise GradlabError(msg)


def _sweep(course: Course, name: str) -> None:
    """Remove what releases that were killed have left; whoever is at work holds the lock of his assignment."""
    for folder in course.release.glob(".new-*"):
        owner = folder.name.removeprefix(".new-").rpartition("-")[0]
        # neither another release at work nor a folder that cannot be removed is a reason to stop: it stays
        with (
            contextlib.suppress(GradlabError, OSError),
            lock.hold(course, f"release-{owner}", f"gradlab release {name}"),
        ):
            for old in (folder / "before").glob("*"):  # killed between two renames
                if not (course.release / old.name).exists():
                    old.rename(course.release / old.name)
            shutil.rmtree(folder, ignore_errors=True)
    store.sweep(course, name)


@contextlib.contextmanager
def _scratch(course: Course, name: str) -> Iterator[Path]:
    """Yield a folder beside the release, so that moving in is a rename; nbgrader overlooks its name."""
    course.release.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".new-{name}-", dir=course.release))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _gradebook_or_nothing(course: Course, aside: Path) -> Iterator[None]:
    """Give gradebook.db its old content back if the block fails; a database elsewhere is its owner's."""
    saved = aside / "gradebook-before.db"
    if course.gradebook.is_file():
        copy_database(course.gradebook, saved)
    try:
        yield
    except BaseException:
        if saved.is_file():
            copy_database(saved, course.gradebook)
        else:
            course.gradebook.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _in_place(moves: list[tuple[Path, Path]], before: Path) -> Iterator[None]:
    """Rename each new path to its target; if one fails, or the block does, everything is put back."""
    before.mkdir()
    undo: list[tuple[Path, Path]] = []
    try:
        for new, target in moves:
            if target.exists():
                target.rename(before / target.name)
                undo.append((before / target.name, target))
            new.rename(target)
            undo.append((target, new))
        yield
    except BaseException:
        for moved, home in reversed(undo):
            moved.rename(home)
        raise
