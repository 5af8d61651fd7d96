"""How every autograde of nbgrader begins, typed by hand, started from Formgrader or by ``gradlab grade``."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from collections.abc import Iterator
from typing import Any

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from gradlab import lock, nbgrader_log, submission
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError


def install() -> None:
    """Let Autograde hold the gradebook's lock, and find the notebooks that ``gradlab grade`` finds.

    A hook would be too late: nbgrader has listed the notebooks and removed old results before it calls one, and what
    a hook raises it passes over. ``gradlab grade`` holds the lock already, and goes through.
    """
    start = Autograde.start
    if getattr(start, "holds_lock", False):
        return

    @functools.wraps(start)
    def held(self: Any) -> None:
        course, names = Course(self.coursedir.root), self.coursedir
        try:
            with lock.hold(course, "grade", f"nbgrader autograde {names.assignment_id}"):
                _take_lone_notebooks(self, course)
                with _without_files(names):
                    start(self)
        except GradlabError as error:  # start itself raises none
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from error

    held.holds_lock = True  # type: ignore[attr-defined]
    Autograde.start = held


@contextlib.contextmanager
def _without_files(coursedir: Any) -> Iterator[None]:
    """Keep nbgrader from copying a submission's files: RestoreFiles lays out those that count, and only plain ones.

    A pipe or a link to nowhere would stop the copy, a link would be followed, and for each file nbgrader lists its
    folder anew: with 20,000 files it would be at it for hours.
    """
    before = coursedir.ignore
    coursedir.ignore = ["*"]
    try:
        yield
    finally:
        coursedir.ignore = before


def _take_lone_notebooks(converter: Any, course: Course) -> None:
    """Copy the only notebook of a submission to the name that it should have; where there are several, say what is wanted."""
    names = converter.coursedir
    for name in fnmatch.filter(course.assignments(), names.assignment_id):
        assignment = load(course, name)
        for folder in sorted(course.submitted.glob(f"{names.student_id}/{name}")):
            try:
                if submission.drop_odd_timestamp(folder):
                    converter.log.warning(
                        "%s: timestamp.txt was no plain file, and was removed.", folder.parent.name
                    )
                other = submission.take_lone_notebook(folder, assignment) if folder.is_dir() else None
            except OSError as error:
                converter.log.error("%s: %s", folder.parent.name, nbgrader_log.os_error(error))
                continue
            if other is not None:
                said = f"{other.name} is taken for {assignment.notebook}, which was not there."
                converter.log.warning("%s: %s", folder.parent.name, said)
                continue
            found = ", ".join(sorted(path.name for path in folder.glob("*.ipynb")))
            if found and not (folder / assignment.notebook).exists():
                said = f"{course.relative(folder)} holds {found}, wanted {assignment.notebook}"
                converter.log.error("%s: rename the notebook and grade again.", said)
