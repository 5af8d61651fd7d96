"""Late days and penalties, as a plugin of nbgrader's own step for late submissions.

The policy stands in nbgrader_local.py:

    c = get_config()
    c.LateDays.free_days = 5            # for all assignments together
    c.LateDays.percent_per_day = 10     # for each day beyond them
    c.LateDays.max_days = 3             # later than that earns nothing
    c.LateDays.grace_minutes = 15
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Enum, Float, Int

from gradlab.course import Course

DAY = 86400.0


class LateDays(LateSubmissionPlugin):
    """So many free days for the whole course, then a share of the points for each further day."""

    free_days = Int(0, min=0, help="Days that each student may be late, over all assignments.").tag(
        config=True
    )
    percent_per_day = Float(
        0.0, min=0, max=100, help="Points lost for each day beyond the free ones, in percent."
    ).tag(config=True)
    of = Enum(
        ("maximum", "score"),
        "maximum",
        help="What the percents are of. 'score' is what has been given so far: grade again after grading by hand.",
    ).tag(config=True)
    max_days = Int(0, min=0, help="Later than so many days earns nothing; 0: no such limit.").tag(config=True)
    grace_minutes = Float(0.0, min=0, help="What does not count as late.").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Return the points that a late submission loses; nbgrader never takes more than were earned.

        Free days go to the assignments in the order of their due dates, in whatever order they are graded.
        """
        days = self.days_late(total_seconds_late)
        if days == 0:
            return None
        if self.max_days and days > self.max_days:
            return score
        beyond = max(0, days - max(0, self.free_days - self._used_before(student_id)))
        whole = self._maximum(student_id) if self.of == "maximum" else score
        return min(score, whole * beyond * self.percent_per_day / 100) or None

    def days_late(self, seconds: float) -> int:
        """Return the days that a submission is late: a day that has begun counts."""
        return math.ceil(max(0.0, seconds - 60 * self.grace_minutes) / DAY)

    def _used_before(self, student: str) -> int:
        """Return the days late of the assignments that were due before this one."""
        step: Any = self.parent
        this = step.gradebook.find_assignment(step.assignment_id)
        used = 0
        for submission in step.gradebook.student_submissions(student):
            other = submission.assignment
            if other.duedate and (other.duedate, other.name) < (this.duedate, this.name):
                days = self.days_late(submission.total_seconds_late)
                used += 0 if self.max_days and days > self.max_days else days
        return used

    def _maximum(self, student: str) -> float:
        step: Any = self.parent
        return float(step.gradebook.find_submission(step.assignment_id, student).max_score)


def configure(c: Any, _course: Course) -> None:
    """Let nbgrader ask this plugin; without a policy nobody loses a point."""
    c.AssignLatePenalties.plugin_class = LateDays


def remember_unknown(course: Course, name: str, late: set[str], collected: set[str]) -> None:
    """Keep who handed in late without anybody saying when.

    Parameters
    ----------
    course : Course
    name : str
        Assignment.
    late : set of str
        Students whom the platform calls late, and for whom there is no time.
    collected : set of str
        All students who were collected now: what was known of them before is over.
    """
    path = _unknown_path(course, name)
    kept = sorted((unknown(course, name) - collected) | late)
    if kept or path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(path)


def unknown(course: Course, name: str) -> set[str]:
    """Return the students who handed in late, as the platform says, but nobody knows when."""
    try:
        return {str(one) for one in json.loads(_unknown_path(course, name).read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return set()


def _unknown_path(course: Course, name: str) -> Path:
    return course.private / "late" / f"{name}.json"
