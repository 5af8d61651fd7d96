"""Late days through nbgrader's own step, and the points in the tables that Canvas and Moodle take back."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import pytest
from grading_run import autograde
from nbgrader.api import Gradebook
from odd_submissions import half, right
from test_lms_sheet import CANVAS_CSV, MOODLE_CSV, write
from tiny_course import submit

from gradlab import grade_table, late_days
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.gradebook import find_alembic
from gradlab.late_days import DAY, LateDays
from gradlab.lms_export import export
from gradlab.scores import penalties, totals

DUE = datetime.datetime(2026, 11, 20, 12)


def rows(path: Path) -> list[dict[str, str]]:
    """Read a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (0.2, 0), (0.3, 1), (24.2, 1), (24.5, 2), (-5, 0)])
def test_a_day_that_has_begun_counts(hours: float, days: int) -> None:
    """After a quarter of an hour of grace."""
    assert LateDays(grace_minutes=15).days_late(hours * 3600) == days


class _Step:
    """What nbgrader's step offers its plugin, with a gradebook of its own."""

    def __init__(self, root: Path, late: dict[str, float]) -> None:
        find_alembic()
        self.gradebook = Gradebook(f"sqlite:///{root / 'gradebook.db'}")
        for number, (name, days) in enumerate(late.items()):
            due = DUE + datetime.timedelta(days=7 * number)
            self.gradebook.update_or_create_assignment(name, duedate=due)
            self.gradebook.add_notebook("nb", name)
            self.gradebook.add_grade_cell("item", "nb", name, max_score=20, cell_type="code")
            self.gradebook.update_or_create_student("ada")
            when = due + datetime.timedelta(days=days)
            self.gradebook.update_or_create_submission(name, "ada", timestamp=when)

    def penalty(self, name: str, days: float, score: float = 20, **policy: float | str) -> float | None:
        """Return what the plugin takes."""
        plugin = LateDays(**policy)
        self.assignment_id = name
        object.__setattr__(plugin, "parent", None)
        plugin._trait_values["parent"] = self
        return plugin.late_submission_penalty("ada", score, days * DAY)


@pytest.fixture
def step(tmp_path: Path) -> _Step:
    """Return three assignments, handed in 1, 2 and 3 days late."""
    return _Step(tmp_path, {"first": 1, "second": 2, "third": 3})


def test_free_days_go_in_the_order_of_due_dates(step: _Step) -> None:
    """Two free days: one for the first, one of two for the second, none for the third; in any order of grading."""
    policy = {"free_days": 2, "percent_per_day": 10.0}
    assert step.penalty("third", 3, **policy) == pytest.approx(6)
    assert step.penalty("first", 1, **policy) is None
    assert step.penalty("second", 2, **policy) == pytest.approx(2)


def test_example_of_the_docs(tmp_path: Path) -> None:
    """docs/grading.md, section 4, number by number."""
    hours = {"first": 30, "second": 48 + 1 / 6, "third": 49, "fourth": 96}
    step = _Step(tmp_path, {name: late / 24 for name, late in hours.items()})
    policy = {"free_days": 5, "percent_per_day": 10.0, "max_days": 3, "grace_minutes": 15}
    taken = {name: step.penalty(name, late / 24, **policy) for name, late in hours.items()}
    assert taken == {"first": None, "second": None, "third": pytest.approx(4), "fourth": 20}  # of 20 points


def test_other_policies(step: _Step) -> None:
    """None by default; too late earns nothing; of the score instead of the maximum; never more than was earned."""
    assert step.penalty("third", 3) is None
    assert step.penalty("third", 3, score=7, max_days=2) == 7
    assert step.penalty("first", 1, score=5, percent_per_day=10.0, of="score") == pytest.approx(0.5)
    assert step.penalty("third", 3, score=1, percent_per_day=10.0) == 1
    # a submission that earns nothing takes no free days from a later one
    assert step.penalty("third", 3, max_days=1, free_days=3, percent_per_day=10.0) == 20


@pytest.fixture
def graded(course: Course) -> Course:
    """Return a course in which ben handed in late and half right, alyssa in time and right; 50 percent a day."""
    submit(course, "ben", half)
    (course.submitted / "ben" / "tiny" / "timestamp.txt").write_text("2026-11-20 18:00:00 UTC")
    submit(course, "alyssa", right)
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        gradebook.update_or_create_assignment("tiny", duedate=DUE)

    def policy(config: object) -> None:
        config.LateDays.percent_per_day = 10.0  # type: ignore[attr-defined]

    assert autograde(course, change=policy).success
    return course


def test_grades_go_back_to_the_platforms(graded: Course, tmp_path: Path) -> None:
    """Penalty taken off; what is not this assignment's stays out of Canvas's table and as it was in Moodle's."""
    assignment = load(graded, "tiny")
    assert penalties(graded, assignment) == {"ben": pytest.approx(1.4)}
    assert totals(graded, assignment) == {"ben": pytest.approx(2.6), "alyssa": 6}

    done = export(graded, assignment, write(tmp_path, CANVAS_CSV))
    assert (done.filled, done.waiting) == (0, ("alyssa", "ben"))
    assert [row["Tiny (777)"] for row in rows(done.path)] == ["14", "", "", ""]

    done = export(graded, assignment, write(tmp_path, CANVAS_CSV), partial=True)
    assert (done.column, done.filled, done.waiting, done.unlisted) == ("Tiny (777)", 2, ("alyssa", "ben"), ())
    found = rows(done.path)
    assert list(found[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Tiny (777)"]
    assert [row["Tiny (777)"] for row in found] == ["14", "2.6", "6", ""]

    done = export(graded, assignment, write(tmp_path, MOODLE_CSV), partial=True)
    assert [row["Grade"] for row in rows(done.path)] == ["5.20", "12.00"]

    table = {row["id"]: row for row in rows(grade_table.write(graded, assignment, {}, {}))}
    assert (table["ben"]["total"], table["ben"]["late_hours"], table["ben"]["late_penalty"]) == (
        "2.6",
        "6.00",
        "1.4",
    )


def test_who_could_not_be_graded_gets_no_zero(graded: Course, tmp_path: Path) -> None:
    """What needs attention is no work without points; Canvas keeps what it has."""
    assignment = load(graded, "tiny")
    grade_table.write(graded, assignment, {"ben": "not a notebook"}, {})
    done = export(graded, assignment, write(tmp_path, CANVAS_CSV), partial=True)
    assert (done.attention, done.filled, done.waiting) == (("ben",), 1, ("alyssa",))
    assert [row["Tiny (777)"] for row in rows(done.path)] == ["14", "", "6", ""]


def test_points_given_by_hand_reach_the_table(graded: Course, tmp_path: Path) -> None:
    """The table of the last grading takes today's points; what it says of problems and seconds stays."""
    assignment = load(graded, "tiny")
    grade_table.write(graded, assignment, {"ben": "not a notebook"}, {"alyssa": 3.25})
    with Gradebook(f"sqlite:///{graded.gradebook}") as gradebook:
        for exercise in assignment.exercises:
            if exercise.graded == "manual":
                given = gradebook.find_grade(exercise.name, "tiny", "tiny", "alyssa")
                given.manual_score, given.needs_manual_grade = 1.5 * (exercise.name == "words"), False
        gradebook.db.commit()
    grade_table.refresh(graded, assignment)
    table = {row["id"]: row for row in rows(grade_table.path_of(graded, "tiny"))}
    assert (table["alyssa"]["words"], table["alyssa"]["status"], table["alyssa"]["seconds"]) == (
        "1.5",
        "graded",
        "3.2",
    )
    assert table["ben"]["status"] == "not a notebook"
    done = export(graded, assignment, write(tmp_path, CANVAS_CSV))
    assert [row["Tiny (777)"] for row in rows(done.path)] == ["14", "", "7.5", ""]


def test_late_without_a_time_is_remembered(graded: Course) -> None:
    """The table says so until the submission is collected with a time."""
    late_days.remember_unknown(graded, "tiny", {"alyssa"}, {"alyssa", "ben"})
    assignment = load(graded, "tiny")
    table = {row["id"]: row for row in rows(grade_table.write(graded, assignment, {}, {}))}
    assert (table["alyssa"]["late_hours"], table["ben"]["late_hours"]) == ("?", "6.00")
    late_days.remember_unknown(graded, "tiny", set(), {"alyssa"})
    assert late_days.unknown(graded, "tiny") == set()


def test_what_cannot_be_exported(course: Course, graded: Course, tmp_path: Path) -> None:
    """A roster, a column that is not there, an assignment that nobody was graded in."""
    assignment = load(graded, "tiny")
    with pytest.raises(GradlabError, match="is a roster"):
        export(graded, assignment, write(tmp_path, "id\nben\n"))
    with pytest.raises(GradlabError, match="there are: Tiny"):
        export(graded, assignment, write(tmp_path, CANVAS_CSV), column="Tini")
    renamed = write(tmp_path, CANVAS_CSV.replace("Tiny (777)", "Homework 1 (777)"))
    with pytest.raises(
        GradlabError, match=r"begins with 'Tiny'; there are: Homework 1 \(777\), Other \(778\)"
    ):
        export(graded, assignment, renamed)
    assert export(graded, assignment, renamed, column="Homework 1 (777)", partial=True).filled == 2
    assert export(graded, assignment, renamed, column="Tiny").column == "Tiny"
    graded.gradebook.unlink()
    with pytest.raises(GradlabError, match="nobody was graded"):
        export(graded, assignment, write(tmp_path, CANVAS_CSV))
