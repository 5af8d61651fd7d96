"""What the gradebook says about an assignment, item by item."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from gradlab.assignment import Assignment, load
from gradlab.course import Course
from lib.manifest import Manifest

#: More students than that get a row each, however wide the console is.
MOST_BESIDE = 12


@dataclass(frozen=True)
class Score:
    """Points of one exercise: ``points`` is None as long as nobody has judged it.

    ``extra`` is extra credit, which does not count into what can be reached. ``given``: by a person, and not by a machine.
    """

    points: float | None
    of: float
    by_hand: bool
    extra: float = 0.0
    given: bool = False

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
    from nbgrader import api

    notebook = assignment.notebook.removesuffix(".ipynb")
    found: dict[str, dict[str, Score]] = {}
    if not course.gradebook.is_file():
        return found
    with api.Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        # one question for the class: nbgrader's own calls ask once for each student and item
        grades = (
            _submissions(
                gradebook,
                assignment,
                api.GradeCell.name,
                api.Grade.manual_score,
                api.Grade.auto_score,
                api.Grade.extra_credit,
            )
            .join(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
            .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
            .join(api.Grade, api.Grade.notebook_id == api.SubmittedNotebook.id)
            .join(api.GradeCell, api.GradeCell.id == api.Grade.cell_id)
            .filter(api.Notebook.name == notebook)
        )
        students = _submissions(gradebook, assignment)
        if only:
            grades, students = (
                asked.filter(api.SubmittedAssignment.student_id == only) for asked in (grades, students)
            )
        given = {
            (student, name): (auto if manual is None else manual, extra or 0.0, manual is not None)
            for student, name, manual, auto, extra in grades
        }
        for (student,) in students:
            found[student] = items = {}
            for exercise in assignment.exercises:
                points, extra, by_person = given.get((student, exercise.name), (None, 0.0, False))
                by_hand = exercise.graded == "manual"
                items[exercise.name] = Score(points, exercise.points, by_hand, extra, by_person)
    return dict(sorted(found.items()))


def _submissions(gradebook: Any, assignment: Assignment | Manifest, *columns: Any) -> Any:
    """Begin a question about the submissions of an assignment: their students, and more columns."""
    from nbgrader import api

    return (
        gradebook.db.query(api.SubmittedAssignment.student_id, *columns)
        .select_from(api.SubmittedAssignment)
        .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
        .filter(api.Assignment.name == assignment.name)
    )


def total(items: dict[str, Score]) -> float:
    """Add up the points that have been given so far, extra credit included."""
    return sum((score.points or 0.0) + score.extra for score in items.values())


def penalties(course: Course, assignment: Assignment) -> dict[str, float]:
    """Return student -> points taken off for being late, for those who lose any."""
    from nbgrader import api

    if not course.gradebook.is_file():
        return {}
    with api.Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        lost: dict[str, float] = {}
        asked = _submissions(gradebook, assignment, api.SubmittedNotebook.late_submission_penalty)
        for student, points in asked.join(
            api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id
        ):
            lost[student] = lost.get(student, 0.0) + (points or 0.0)
    return {student: points for student, points in lost.items() if points}


def totals(course: Course, assignment: Assignment) -> dict[str, float]:
    """Return student -> points so far, what being late costs taken off, never below 0."""
    lost = penalties(course, assignment)
    return {
        student: _after(items, lost.get(student, 0.0))
        for student, items in read_scores(course, assignment).items()
    }


def handed_in_nothing(course: Course, assignment: Assignment) -> list[str]:
    """Return the students of the gradebook from whom nothing came, graded or not, if the assignment has any submission."""
    from nbgrader import api

    if not course.gradebook.is_file():
        return []
    with api.Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        handed = {student for (student,) in _submissions(gradebook, assignment)}
        everybody = {student for (student,) in gradebook.db.query(api.Student.id)}
    came = {path.parent.name for path in course.submitted.glob(f"*/{assignment.name}")}
    return sorted(everybody - handed - came) if handed else []


def show_scores(course: Course, name: str, console: Console) -> None:
    """Print a table of the points, what being late costs taken off, and who handed in nothing.

    A few students stand side by side with every exercise; where that is wider than the console, a row each.
    """
    assignment = load(course, name)
    found = read_scores(course, assignment)
    if not found:
        console.print(f"The gradebook has no submission of {name} yet.")
        return
    lost = penalties(course, assignment)
    table = _side_by_side(assignment, found, lost)
    wanted = Measurement.get(console, console.options.update(max_width=10_000), table).minimum
    if wanted > console.width or len(found) > MOST_BESIDE:
        table = _a_row_each(assignment, found, lost)
    console.print(table)
    if absent := handed_in_nothing(course, assignment):
        console.print(f"Handed in nothing: {', '.join(absent)}.", markup=False)


def _side_by_side(
    assignment: Assignment, found: dict[str, dict[str, Score]], lost: dict[str, float]
) -> Table:
    """Make a row for each exercise, a column for each student."""
    table = Table(title=assignment.title, box=box.SIMPLE_HEAD)
    table.add_column("exercise", min_width=max(len(exercise.title) for exercise in assignment.exercises))
    table.add_column("of", justify="right")
    for student in found:
        table.add_column(
            escape("\n".join(textwrap.wrap(student, 10))), justify="right", vertical="bottom", min_width=9
        )
    for exercise in assignment.exercises:
        row = [str(items[exercise.name]) for items in found.values()]
        of = f"+{exercise.extra_credit:g}" if exercise.extra_credit else f"{exercise.points:g}"
        table.add_row(exercise.title, of, *row)
    table.add_section()
    if lost:
        table.add_row("late", "", *(f"-{lost[one]:.4g}" if one in lost else "" for one in found))
    sums = [f"{_after(items, lost.get(student, 0.0)):.4g}" for student, items in found.items()]
    table.add_row("so far", f"{assignment.points:g}", *sums)
    return table


def _a_row_each(assignment: Assignment, found: dict[str, dict[str, Score]], lost: dict[str, float]) -> Table:
    """Make a row for each student: the total, what waits for a person, and where the most points were lost."""
    table = Table(title=assignment.title, box=box.SIMPLE_HEAD)
    table.add_column("student", overflow="fold")  # a name must not be cut
    table.add_column(f"of {assignment.points:g}", justify="right")
    if lost:
        table.add_column("late", justify="right")
    table.add_column("by hand")
    table.add_column("points lost", overflow="fold")
    for student, items in found.items():
        waiting = sum(score.points is None for score in items.values())
        missed = {name: score.of - score.points for name, score in items.items() if score.points is not None}
        worst = sorted((name for name in missed if missed[name] > 0), key=lambda name: -missed[name])
        more = f", {len(worst) - 3} more" if len(worst) > 3 else ""
        said = ", ".join(f"{name} {-missed[name]:.3g}" for name in worst[:3]) + more
        row = [escape(student), f"{_after(items, lost.get(student, 0.0)):.4g}"]
        row += [f"-{lost[student]:.4g}" if student in lost else ""] if lost else []
        table.add_row(*row, f"{waiting} to grade" if waiting else "", said)
    return table


def _after(items: dict[str, Score], lost: float) -> float:
    return max(0.0, total(items) - lost)
