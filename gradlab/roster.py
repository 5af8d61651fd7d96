"""The students of a course: from a table of the learning platform into the gradebook."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradlab import lms_sheet, lock
from gradlab.course import Course
from gradlab.gradebook import back_up, find_alembic


@dataclass(frozen=True)
class Imported:
    """What importing a roster gave: the kind of table, who is new, who was known, whom the table does not have."""

    kind: str
    new: tuple[str, ...]
    known: tuple[str, ...]
    unlisted: tuple[str, ...]


def import_roster(course: Course, path: str | Path) -> Imported:
    """Write the students of a table into the gradebook; nobody is removed from it.

    Parameters
    ----------
    course : Course
    path : path
        Canvas's gradebook export, Moodle's grading worksheet, or a CSV with the columns of ``nbgrader db student import``:
        id, first_name, last_name, email, lms_user_id.

    Raises
    ------
    GradlabError
        If the table cannot be read. Then nothing is written.
    """
    sheet = lms_sheet.read(path)
    people = [person for person, _ in sheet.students()]
    with lock.hold(course, "grade", "gradlab roster"), _opened(course) as gradebook:
        before = {student.id for student in gradebook.students}
        for person in people:
            told = {"first_name": person.first_name, "last_name": person.last_name, "email": person.email}
            # Moodle numbers its participants anew for every assignment
            told["lms_user_id"] = "" if sheet.kind == lms_sheet.MOODLE else person.lms_id
            gradebook.update_or_create_student(
                person.id, **{key: value for key, value in told.items() if value}
            )
    ids = {person.id for person in people}
    return Imported(
        sheet.kind, tuple(sorted(ids - before)), tuple(sorted(ids & before)), tuple(sorted(before - ids))
    )


@contextlib.contextmanager
def _opened(course: Course) -> Iterator[Any]:
    """Open the gradebook for writing, after a copy of it was made."""
    from nbgrader.api import Gradebook

    back_up(course)
    find_alembic()
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        yield gradebook


def people_of(course: Course) -> list[lms_sheet.Person]:
    """Return the students that the gradebook knows."""
    from nbgrader.api import Gradebook

    if not course.gradebook.is_file():
        return []
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        return [
            lms_sheet.Person(
                one.id,
                one.first_name or "",
                one.last_name or "",
                one.email or "",
                str(one.lms_user_id or ""),
            )
            for one in gradebook.students
        ]
