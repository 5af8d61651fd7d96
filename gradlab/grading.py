"""Grade a class with nbgrader's own steps: autograde, feedback, and a PDF report for each submission."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gradlab import assignment as assignments
from gradlab import store
from gradlab.course import Course
from gradlab.errors import GradlabError

Say = Callable[[str], Any]
#: Copies of the gradebook that are kept.
NUM_BACKUPS = 20


def submissions(course: Course, name: str, student: str = "*") -> list[str]:
    """Return the students who handed in an assignment.

    Raises
    ------
    GradlabError
        If nobody did, or not the one who is named.
    """
    found = sorted(path.parent.name for path in course.submitted.glob(f"*/{name}") if path.is_dir())
    if student != "*":
        if student not in found:
            listed = ", ".join(found[:12]) + (", ..." if len(found) > 12 else "") or "nobody"
            msg = f"submitted/{student}/{name} does not exist; {listed} handed in {name}."
            raise GradlabError(msg)
        return [student]
    if not found:
        msg = f"submitted/ holds no submission of {name}; put each into submitted/<student>/{name}/."
        raise GradlabError(msg)
    return found


def grade(
    course: Course, name: str, *, student: str = "*", force: bool = True, say: Say = print
) -> list[str]:
    """Autograde, write feedback and reports.

    Parameters
    ----------
    course : Course
    name : str
    student : str
        One student, or ``*`` for all.
    force : bool
        Grade again what is graded already. Manual scores stay.
    say : callable
        Is told what happens, a line at a time.

    Returns
    -------
    list of str
        Students whose submission could not be graded. The others are graded all the same.
    """
    assignments.load(course, name)
    store.get(course, name)  # a class can only be graded against the release that it had
    students = submissions(course, name, student)
    saved = back_up(course)
    if saved:
        say(f"Gradebook copied to {course.relative(saved)}.")
    say(f"Autograding {len(students)} submission(s) of {name} ...")
    convert(course, "Autograde", name, student, force=force)
    graded = [one for one in students if (course.autograded / one / name).is_dir()]
    failed = sorted(set(students) - set(graded))
    if graded:
        say("Writing feedback ...")
        convert(course, "GenerateFeedback", name, student, force=True)
        say("Writing reports ...")
        for one in graded:
            try:
                say(f"  {course.relative(next(make_reports(course, name, students=[one])))}")
            except GradlabError as error:  # one damaged notebook must not keep the others from their report
                say(f"  {error}")
    return failed


def make_reports(
    course: Course, name: str, *, student: str = "*", students: list[str] | None = None
) -> Iterator[Path]:
    """Write the PDF of each graded submission and yield its path."""
    from gradlab.report import make_report

    assignments.load(course, name)
    for one in students if students is not None else submissions(course, name, student):
        if (course.autograded / one / name).is_dir():
            yield make_report(course.root, name, one)


def convert(course: Course, step: str, name: str, student: str, *, force: bool) -> bool:
    """Run one of nbgrader's converters in this process, as its command would.

    Returns
    -------
    bool
        False if nbgrader reported that some submission failed; it has said which and why.
    """
    import logging

    from nbgrader import converters
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets import log as traitlets_log

    from gradlab import nbgrader_log
    from gradlab.release import load_config

    config = load_config(course)
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.assignment_id = name
    config.CourseDirectory.student_id = student
    logger = traitlets_log.get_logger()
    nbgrader_log.install()
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    handler.setFormatter(logging.Formatter("%(message)s"))
    converter = getattr(converters, step)(coursedir=CourseDirectory(config=config), config=config)
    converter.force = force
    logger.addHandler(handler)
    try:
        converter.start()
    except NbGraderException:
        return False
    finally:
        logger.removeHandler(handler)
    return True


def back_up(course: Course) -> Path | None:
    """Copy the gradebook to .gradlab/backups, in one transaction; keep the newest ones."""
    if not course.gradebook.is_file():
        return None
    folder = course.private / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    target = folder / f"gradebook-{stamp}.db"
    try:
        with (
            contextlib.closing(sqlite3.connect(course.gradebook)) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        msg = f"{course.gradebook.name} cannot be copied ({error}), so nothing is graded; restore a backup."
        raise GradlabError(msg) from error
    for path in sorted(folder.glob("gradebook-*.db"))[:-NUM_BACKUPS]:
        path.unlink()
    return target
