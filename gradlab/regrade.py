"""After an erratum: whose score would change, and why, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nbformat
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gradlab import assignment as assignments
from gradlab import engine, grading, sandbox, store, verdict
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.verdict_cells import score

Say = Callable[[str], Any]


@dataclass(frozen=True)
class Change:
    """One score that a regrade would change; None stands for "not judged"."""

    student: str
    item: str
    before: float | None
    after: float | None
    reason: str
    by_hand: float | None = None


def changes(
    course: Course, name: str, *, workers: int = 0, say: Say = print
) -> tuple[list[Change], dict[str, str]]:
    """Judge every submission as the course stands now, and compare with the gradebook; write nothing to it.

    Parameters
    ----------
    course : Course
    name : str
        Assignment.
    workers : int
        As for ``gradlab grade``. Submissions are run again only where an erratum changes what their code is asked.
    say : callable

    Returns
    -------
    list of Change
        By student, in the order of the exercises.
    dict of str to str
        Student -> why nothing can be said.
    """
    assignment = assignments.load(course, name)
    store.get(course, name)
    students = grading.submissions(course, name)
    verdict.require_data(course, assignment)
    sandbox.require()
    if not course.gradebook.is_file():
        msg = f"nobody has been graded yet, so there is nothing to compare with; run: gradlab grade {name}"
        raise GradlabError(msg)
    say(f"Judging {len(students)} submission(s) of {name}; the gradebook is only read ...")
    filled = engine.fill(course, assignment, students, workers=workers)
    sources = engine.released_cells(course, assignment)
    found: list[Change] = []
    problems = {
        student: grading.misplaced(course, assignment, student).removeprefix(f"{student}: ") or reason
        for student, reason in filled.problems.items()
    }
    for student in students:
        if student in problems:
            continue
        with engine.lay_out(course, assignment, student, sources) as work:
            bundle = engine.bundle_of(course, assignment, work.notebook, work.folder)
            judged = verdict.judge_submission(
                course, assignment, work.folder, bundle.values, version=work.version, probes=bundle.probes
            )
        found += _compare(course, assignment, student, judged)
    return found, problems


def _compare(
    course: Course, assignment: Assignment, student: str, judged: dict[str, verdict.Judged]
) -> list[Change]:
    from nbgrader.api import Gradebook, MissingEntry

    notebook = assignment.notebook.removesuffix(".ipynb")
    found = []
    reasons = _reasons(course, assignment, student)
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        for exercise in assignment.exercises:
            if exercise.name not in judged:
                continue
            try:
                grade = gradebook.find_grade(exercise.name, notebook, assignment.name, student)
            except MissingEntry:
                before, by_hand = None, None
            else:
                before, by_hand = grade.auto_score, grade.manual_score
            after = score(judged[exercise.name], exercise.points)
            if before != after:
                was = reasons.get(exercise.name, "")
                now = judged[exercise.name].reason
                reason = now if not was or was == now else f"{now} (before: {was})"
                found.append(Change(student, exercise.name, before, after, reason, by_hand))
    return found


def _reasons(course: Course, assignment: Assignment, student: str) -> dict[str, str]:
    """Return the reasons of the verdicts that stand in the graded notebook."""
    path = course.autograded / student / assignment.name / assignment.notebook
    try:
        told = nbformat.read(path, as_version=4).metadata["gradlab"]["verdicts"]
        return {name: str(record["reason"]) for name, record in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def show(found: list[Change], problems: dict[str, str], console: Console) -> None:
    """Print the changes, a row for each, and what they add up to."""
    for student, reason in sorted(problems.items()):
        console.print(f"{student}: nothing can be said; {reason}", markup=False)
    if not found:
        console.print("No score would change.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("student", "exercise", "before", "after", "why"):
        table.add_column(column, justify="right" if column in ("before", "after") else "left")
    before_it = ""
    for change in found:
        why = " ".join(change.reason.split())
        why = f"{why[:157]}..." if len(why) > 160 else why
        why, before_it = "as above" if why == before_it else why, why
        if change.by_hand is not None:
            why = f"stays {change.by_hand:g}, given by hand; {why}"
        table.add_row(
            *map(Text, (change.student, change.item, _text(change.before), _text(change.after), why))
        )
    console.print(table)
    counted = [change for change in found if change.by_hand is None]
    up = sum((change.after or 0) > (change.before or 0) for change in counted)
    down = sum((change.after or 0) < (change.before or 0) for change in counted)
    students = len({change.student for change in counted})
    console.print(f"{up} score(s) would rise and {down} fall, of {students} student(s).")


def _text(points: float | None) -> str:
    return "not judged" if points is None else f"{points:g}"
