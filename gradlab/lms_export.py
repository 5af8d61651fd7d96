"""The points of an assignment in the table of a learning platform, ready to be uploaded."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from gradlab import lms_sheet
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.grade_table import failed
from gradlab.scores import read_scores, totals

#: What Canvas needs of its own table to find a student.
_CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


@dataclass(frozen=True)
class Exported:
    """A table that was written.

    Attributes
    ----------
    path : Path
    kind : str
    column : str
        Where the points stand.
    filled : int
        Students who got points.
    waiting : tuple of str
        Whose answers a person has still to grade: their cells stay as they are, or hold the points so far.
    unlisted : tuple of str
        Students with points whom the table does not have.
    attention : tuple of str
        Students whose submission could not be graded: their cells stay as they are.
    """

    path: Path
    kind: str
    column: str
    filled: int
    waiting: tuple[str, ...]
    unlisted: tuple[str, ...]
    attention: tuple[str, ...] = ()


def export(
    course: Course, assignment: Assignment, table: str | Path, *, column: str = "", partial: bool = False
) -> Exported:
    """Fill a table that the platform has exported with the points of an assignment, late penalties taken off.

    Parameters
    ----------
    course, assignment : Course, Assignment
    table : path
        Canvas's gradebook export, or Moodle's grading worksheet of this assignment. It is not changed.
    column : str
        For Canvas: the column of the assignment, ``"CNN on SVHN (123456)"``. By default the one that begins with the
        assignment's title. The title itself, where no column has it, is a new one: Canvas makes a new assignment of it.
    partial : bool
        Write the points so far of those whom a person has still to grade, too.

    Raises
    ------
    GradlabError
        If the table is of no platform, the column is not there, or nobody was graded.
    """
    sheet = lms_sheet.read(table)
    if sheet.kind == lms_sheet.ROSTER:
        msg = f"{sheet.path.name} is a roster; give the table that Canvas or Moodle exported."
        raise GradlabError(msg)
    scores = read_scores(course, assignment)
    if not scores:
        msg = f"nobody was graded in {assignment.name}, so there are no points to export; run: gradlab grade {assignment.name}"
        raise GradlabError(msg)
    attention = failed(course, assignment.name)
    points = {one: earned for one, earned in totals(course, assignment).items() if one not in attention}
    waiting = {one for one in points if any(score.points is None for score in scores[one].values())}
    if not partial:
        points = {one: earned for one, earned in points.items() if one not in waiting}
    people = sheet.students()
    if sheet.kind == lms_sheet.CANVAS:
        header, rows, column = _canvas(sheet, assignment, points, people, column)
    else:
        header, rows, column = _moodle(sheet, assignment, points, people)
    listed = {person.id for person, _ in people}
    name = "canvas" if sheet.kind == lms_sheet.CANVAS else "moodle"
    path = course.reports / f"{assignment.name}_for_{name}.csv"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    draft.replace(path)
    return Exported(
        path,
        sheet.kind,
        column,
        len(listed & set(points)),
        tuple(sorted(waiting & listed)),
        tuple(sorted(set(points) - listed)),
        tuple(sorted(attention)),
    )


def _canvas(
    sheet: lms_sheet.Sheet,
    assignment: Assignment,
    points: dict[str, float],
    people: list[tuple[lms_sheet.Person, dict[str, str]]],
    column: str,
) -> tuple[list[str], list[dict[str, str]], str]:
    """Return header and rows with the students' columns and this assignment's alone: others stay what they are."""
    if column and column not in (*sheet.header, assignment.title):
        known = ", ".join(name for name in sheet.header if name not in _CANVAS_COLUMNS)
        msg = f"{sheet.path.name} has no column {column!r}; there are: {known or 'none'}."
        raise GradlabError(msg)
    same = [name for name in sheet.header if name.split(" (")[0].strip() == assignment.title]
    if len(same) > 1 and not column:
        msg = f"{sheet.path.name} has {len(same)} columns for {assignment.title!r}; say which, --column {same[0]!r} for instance."
        raise GradlabError(msg)
    others = [name for name in sheet.header if name not in _CANVAS_COLUMNS]
    if not same and not column and others:
        msg = (
            f"no column of {sheet.path.name} begins with {assignment.title!r}; there are: {', '.join(others)}. Say which of them "
            f"is meant, --column 'ONE OF THEM', or --column {assignment.title!r} for a new assignment in Canvas."
        )
        raise GradlabError(msg)
    column = column or (same[0] if same else assignment.title)
    own = [name for name in sheet.header if name in _CANVAS_COLUMNS]
    student = {id(row): points.get(person.id) for person, row in people}
    rows = []
    for row in sheet.rows:
        kept = {name: row[name] for name in own}
        if row["Student"].strip().lower().startswith("points possible"):
            kept[column] = row.get(column) or f"{assignment.points:g}"
        elif id(row) in student:
            earned = student[id(row)]
            kept[column] = row.get(column, "") if earned is None else f"{earned:g}"
        else:
            kept[column] = row.get(column, "")
        rows.append(kept)
    return [*own, column], rows, column


def _moodle(
    sheet: lms_sheet.Sheet,
    assignment: Assignment,
    points: dict[str, float],
    people: list[tuple[lms_sheet.Person, dict[str, str]]],
) -> tuple[list[str], list[dict[str, str]], str]:
    """Return the worksheet with its column Grade filled, in the scale that Moodle has for the assignment."""
    for person, row in people:
        if person.id in points:
            most = row.get("Maximum Grade", "").replace(",", ".").strip()
            scale = float(most) / assignment.points if most else 1.0
            row["Grade"] = f"{points[person.id] * scale:.2f}"
    return sheet.header, sheet.rows, "Grade"
