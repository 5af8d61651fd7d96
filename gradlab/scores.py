"""What the gradebook says about an assignment, item by item."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from gradlab.assignment import Assignment, load
from gradlab.course import Course
from lib.manifest import Manifest


@dataclass(frozen=True)
class Score:
    """Points of one exercise: ``points`` is None as long as nobody has judged it.

    ``extra`` is extra credit, which does not count into what can be reached.
    """

    points: float | None
    of: float
    by_hand: bool
    extra: float = 0.0

    def __str__(self) -> str:
        said = "–" if self.points is None else f"{self.points:.3g}"
        if not self.extra:
            return said
        return f"+{self.extra:.3g}" if not self.points else f"{said}+{self.extra:.3g}"


def read_scores(
    course: Course, assignment: Assignment | Manifest, only: str = ""
) -> dict[str, dict[str, Score]]:
    """Return student -> exercise -> Score, for every submission that the gradebook knows, or one student's.

    A manual score stands above the automatic one, as everywhere in nbgrader.
    """
    from nbgrader.api import Gradebook, MissingEntry

    notebook = assignment.notebook.removesuffix(".ipynb")
    found: dict[str, dict[str, Score]] = {}
    if not course.gradebook.is_file():
        return found
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            if only:
                submissions = [gradebook.find_submission(assignment.name, only)]
            else:
                submissions = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            return found
        for submission in submissions:
            student = submission.student.id
            items: dict[str, Score] = {}
            for exercise in assignment.exercises:
                try:
                    grade = gradebook.find_grade(exercise.name, notebook, assignment.name, student)
                except MissingEntry:
                    items[exercise.name] = Score(None, exercise.points, exercise.graded == "manual")
                    continue
                points = grade.manual_score if grade.manual_score is not None else grade.auto_score
                by_hand, extra = exercise.graded == "manual", grade.extra_credit or 0.0
                items[exercise.name] = Score(points, exercise.points, by_hand, extra)
            found[student] = items
    return dict(sorted(found.items()))


def total(items: dict[str, Score]) -> float:
    """Add up the points that have been given so far, extra credit included."""
    return sum((score.points or 0.0) + score.extra for score in items.values())


def penalties(course: Course, assignment: Assignment) -> dict[str, float]:
    """Return student -> points taken off for being late, for those who lose any."""
    from nbgrader.api import Gradebook, MissingEntry

    if not course.gradebook.is_file():
        return {}
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            found = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            return {}
        lost = {
            one.student.id: sum(notebook.late_submission_penalty or 0.0 for notebook in one.notebooks)
            for one in found
        }
    return {student: points for student, points in lost.items() if points}


def totals(course: Course, assignment: Assignment) -> dict[str, float]:
    """Return student -> points so far, what being late costs taken off, never below 0."""
    lost = penalties(course, assignment)
    return {
        student: max(0.0, total(items) - lost.get(student, 0.0))
        for student, items in read_scores(course, assignment).items()
    }


def show_scores(
    course: Course, name: str, console: Console, scores: dict[str, dict[str, Score]] | None = None
) -> None:
    """Print a table: one row for each exercise, one column for each student."""
    assignment = load(course, name)
    found = read_scores(course, assignment) if scores is None else scores
    if not found:
        console.print(f"The gradebook has no submission of {name} yet.")
        return
    if len(found) > 8:  # a class: students as rows, totals only
        table = Table("student", "points", "by hand", title=assignment.title)
        for student, items in found.items():
            waiting = sum(1 for score in items.values() if score.points is None)
            table.add_row(student, f"{total(items):.4g}", f"{waiting} to grade" if waiting else "")
        console.print(table)
        return
    table = Table(title=assignment.title, box=box.SIMPLE_HEAD)
    table.add_column("exercise")
    table.add_column("of", justify="right")
    for student in found:
        table.add_column(
            "\n".join(textwrap.wrap(student, 10)), justify="right", vertical="bottom", min_width=9
        )
    for exercise in assignment.exercises:
        row = [str(items[exercise.name]) for items in found.values()]
        of = f"+{exercise.extra_credit:g}" if exercise.extra_credit else f"{exercise.points:g}"
        table.add_row(exercise.title, of, *row)
    table.add_section()
    table.add_row("so far", f"{assignment.points:g}", *(f"{total(items):.4g}" for items in found.values()))
    console.print(table)
