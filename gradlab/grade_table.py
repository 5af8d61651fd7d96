"""The class as a table: reports/<assignment>_grades.csv, one line for each submission."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from gradlab import late_days
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.roster import people_of
from gradlab.scores import penalties, read_scores, totals

#: What the column status says of those who need no attention.
FINE = ("graded", "by hand")


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
        Columns: id, name, total, every exercise, late_hours, late_penalty, status, missing, seconds. Empty: not graded yet. The
        penalty is taken off the total; missing are files that were asked for and not handed in.
    """
    scores = read_scores(course, assignment)
    late, lost, sums = (
        _late_hours(course, assignment),
        penalties(course, assignment),
        totals(course, assignment),
    )
    people = {one.id: f"{one.first_name} {one.last_name}".strip() for one in people_of(course)}
    target = path_of(course, assignment.name)
    target.parent.mkdir(exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    names = [exercise.name for exercise in assignment.exercises]
    with draft.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ["id", "name", "total", *names, "late_hours", "late_penalty", "status", "missing", "seconds"]
        )
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
                people.get(student, ""),
                f"{sums.get(student, 0.0):g}" if any(found is not None for found in points) else "",
                *cells,
                late.get(student, ""),
                penalty,
                status,
                ", ".join(missing_files(course, assignment, student)),
                took,
            ]
            # a name that begins like a formula is one, for a spreadsheet
            table.writerow([f"'{text}" if str(text)[:1] in "=+@" and str(text) else text for text in line])
    draft.replace(target)
    return target


def refresh(course: Course, assignment: Assignment) -> None:
    """Write the table anew if there is one: what the last grading said of problems and seconds stays, points are today's."""
    path = path_of(course, assignment.name)
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["id"].removeprefix("'"): row for row in csv.DictReader(file)}
    problems = {one: row["status"] for one, row in rows.items() if row["status"] not in FINE}
    seconds = {one: float(row["seconds"]) for one, row in rows.items() if row["seconds"]}
    write(course, assignment, problems, seconds)


def missing_files(course: Course, assignment: Assignment, student: str) -> list[str]:
    """Return what was asked for and is not in a submission."""
    folder = course.submitted / student / assignment.name
    return [name for name in assignment.asked_for if not (folder / name).is_file()] if folder.is_dir() else []


def failed(course: Course, name: str) -> set[str]:
    """Return the students who needed attention when the class was graded last."""
    path = path_of(course, name)
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"].removeprefix("'") for row in csv.DictReader(file) if row["status"] not in FINE}


def _late_hours(course: Course, assignment: Assignment) -> dict[str, str]:
    """Return student -> hours after the due date, for those who were late; "?" where only the platform says so."""
    from nbgrader.api import Gradebook, MissingEntry

    if not course.gradebook.is_file():
        return {}
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            found = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            return {}
        seconds = {one.student.id: one.total_seconds_late for one in found}
    hours = {student: f"{late / 3600:.2f}" for student, late in seconds.items() if late > 0}
    return dict.fromkeys(late_days.unknown(course, assignment.name), "?") | hours
