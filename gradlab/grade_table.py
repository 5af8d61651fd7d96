"""The class as a table: reports/<assignment>_grades.csv, one line for each submission."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.scores import penalties, read_scores, totals


def path_of(course: Course, name: str) -> Path:
    """Return where the table of an assignment is."""
    return course.reports / f"{name}_grades.csv"


def write(
    course: Course, assignment: Assignment, problems: Mapping[str, str], seconds: Mapping[str, float]
) -> Path:
    """Write the table of everybody whom the gradebook knows, and of those whom it does not because of a problem.

    Parameters
    ----------
    course, assignment : Course, Assignment
    problems : mapping of str to str
        Student -> why they need attention; that is their status. Others are "graded", or "by hand" as long as a person
        has something to grade.
    seconds : mapping of str to float
        Student -> how long their submission ran.

    Returns
    -------
    Path
        Columns: id, total, every exercise, late_hours, late_penalty, status, seconds. Empty: not graded yet. The penalty
        is taken off the total.
    """
    scores = read_scores(course, assignment)
    late, lost, sums = (
        _late_hours(course, assignment),
        penalties(course, assignment),
        totals(course, assignment),
    )
    target = path_of(course, assignment.name)
    target.parent.mkdir(exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    names = [exercise.name for exercise in assignment.exercises]
    with draft.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "total", *names, "late_hours", "late_penalty", "status", "seconds"])
        for student in sorted({*scores, *problems}):
            items = scores.get(student, {})
            points = [items[name].points if name in items else None for name in names]
            cells = ["" if found is None else f"{found:g}" for found in points]
            waiting = any(found is None for found in points)
            status = problems.get(student) or ("by hand" if waiting else "graded")
            took = f"{seconds[student]:.1f}" if student in seconds else ""
            penalty = f"{lost[student]:g}" if student in lost else ""
            line = [
                student,
                f"{sums.get(student, 0.0):g}" if any(found is not None for found in points) else "",
                *cells,
                late.get(student, ""),
                penalty,
                status,
                took,
            ]
            # a name that begins like a formula is one, for a spreadsheet
            table.writerow([f"'{text}" if str(text)[:1] in "=+@" and str(text) else text for text in line])
    draft.replace(target)
    return target


def failed(course: Course, name: str) -> set[str]:
    """Return the students who needed attention when the class was graded last."""
    path = path_of(course, name)
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"] for row in csv.DictReader(file) if row["status"] not in ("graded", "by hand")}


def _late_hours(course: Course, assignment: Assignment) -> dict[str, str]:
    """Return student -> hours after the due date, for those who were late."""
    from nbgrader.api import Gradebook, MissingEntry

    if not course.gradebook.is_file():
        return {}
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            found = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            return {}
        seconds = {one.student.id: one.total_seconds_late for one in found}
    return {student: f"{late / 3600:.2f}" for student, late in seconds.items() if late > 0}
