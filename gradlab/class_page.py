"""The class at a glance: one page from the gradebook and from what grading wrote beside it. No names unless asked."""

from __future__ import annotations

import csv
import math
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradlab import grade_table
from gradlab import page as pages
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.item_statistics import Item, common_reasons, items_of, reliability
from gradlab.page import chip, escape, table
from gradlab.scores import Score, read_scores, totals
from lib.errors import CourseError
from lib.report import read_notebook

_ACCURACY = re.compile(r"\baccuracy (\d+(?:\.\d+)?)%")
_BLUE, _PALE, _RED, _GREEN = "#1f4e79", "#8fb0cf", "#b5473c", "#4d8a66"
_FAR = 0.5  # of the points: below, a student is listed
_WEAK = 0.2  # of a correlation: below, an item is marked


@dataclass
class Facts:
    """What is known of a class: scores and totals by student, what autograding noted, whether on sample data."""

    scores: dict[str, dict[str, Score]]
    totals: dict[str, float]
    lost: list[tuple[str, str, float]] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    sample: bool = False


def write(course: Course, assignment: Assignment, *, names: bool = False) -> Path:
    """Write ``reports/<assignment>_class.html``.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    names : bool
        Whether it names students.

    Raises
    ------
    GradlabError
        If the gradebook holds no submission.
    """
    facts = gather(course, assignment)
    if not facts.scores:
        msg = (
            f"the gradebook has no submission of {assignment.name} yet; run: gradlab grade {assignment.name}"
        )
        raise GradlabError(msg)
    path = course.reports / f"{assignment.name}_class.html"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(page(assignment, facts, names=names), encoding="utf-8")
    draft.replace(path)
    return path


def gather(course: Course, assignment: Assignment) -> Facts:
    """Read the gradebook, the verdicts in autograded/, and the table of the last grading."""
    facts = Facts(read_scores(course, assignment), totals(course, assignment))
    for student in facts.scores:
        path = course.autograded / student / assignment.name / assignment.notebook
        for name, verdict in _verdicts(path).items():
            points, most, reason = (
                verdict.get("points"),
                verdict.get("max_points"),
                str(verdict.get("reason", "")),
            )
            if isinstance(points, (int, float)) and isinstance(most, (int, float)) and points < most:
                facts.lost.append((name, reason, most - points))
            if name == "training" and (match := _ACCURACY.search(reason)):
                facts.accuracies.append(float(match[1]) / 100)
                facts.sample = facts.sample or "SAMPLE" in reason
    path = grade_table.path_of(course, assignment.name)
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            facts.rows = {row["id"]: row for row in csv.DictReader(file)}
    return facts


def _verdicts(path: Path) -> dict[str, dict[str, Any]]:
    try:
        noted = read_notebook(path).get("metadata", {}).get("gradlab", {})
    except CourseError:
        return {}  # not graded, or damaged since
    found = noted.get("verdicts", {}) if isinstance(noted, dict) else {}
    return {name: verdict for name, verdict in found.items() if isinstance(verdict, dict)}


def page(assignment: Assignment, facts: Facts, *, names: bool) -> str:
    """Return the page."""
    exercises = {exercise.name: exercise for exercise in assignment.exercises}
    items = items_of(facts.scores, list(exercises))
    shares = [value / assignment.points for value in facts.totals.values()] if assignment.points else []
    alpha = reliability(facts.scores, list(exercises))
    waiting = sum(any(s.points is None for s in one.values()) for one in facts.scores.values())
    said = [
        f"{len(facts.scores)} submissions",
        f"median {statistics.median(facts.totals.values()):.3g} of {assignment.points:g} points",
    ]
    said += [f"{waiting} with something to be graded by hand"] if waiting else []
    said += [f"reliability (Cronbach’s alpha) {alpha:.2f}"] if alpha is not None else []
    charts = [_chart("Points reached", histogram([100 * x for x in shares], 0, 100, 20, unit="%"))]
    if facts.accuracies:
        marks = _marks(assignment, facts)
        low = math.floor(min(*facts.accuracies, *(value for value, _ in marks), 0.9) * 10) * 10
        shown = histogram(
            [100 * x for x in facts.accuracies],
            low,
            100,
            20,
            unit="%",
            marks=[(100 * v, t) for v, t in marks],
        )
        charts.append(_chart("Accuracy on held-back images", shown))
    seconds = [float(row["seconds"]) for row in facts.rows.values() if row.get("seconds")]
    if seconds:
        top = _round_up(max(seconds))
        charts.append(
            _chart(
                "Seconds to run",
                histogram(seconds, 0, top, 20, unit=" s"),
                f"median {statistics.median(seconds):.3g} s, longest {max(seconds):.3g} s",
            )
        )
    body = [
        f"<h1>{escape(assignment.title)}: the class at a glance</h1>",
        f"<p class=lead>{escape('; '.join(said))}.</p>",
    ]
    body.append(f'<div class="side three">{"".join(charts)}</div>')
    body += ["<h2>Items</h2>", _items(items, exercises)]
    body += ["<h2>For what points were lost</h2>", _reasons(facts, exercises)]
    body += ["<h2>Who needs attention</h2>", _attention(assignment, facts, names=names)]
    return pages.document(f"{assignment.title}: the class at a glance", "\n".join(body))


def _marks(assignment: Assignment, facts: Facts) -> list[tuple[float, str]]:
    """Return floor and target of the training, for the kind of data that was graded on."""
    training = assignment.training
    if training is None:
        return []
    kind = "sample_" if facts.sample else ""
    found = [(getattr(training, f"{kind}{name}", None), name) for name in ("floor", "target")]
    return [(float(value), name) for value, name in found if isinstance(value, (int, float))]


def _items(items: Sequence[Item], exercises: Mapping[str, Any]) -> str:
    rows = []
    for item in items:
        exercise = exercises[item.name]
        few = not item.shares
        mean = "–" if item.difficulty is None else f"{item.difficulty:.0%}"
        told = "–" if item.discrimination is None else f"{item.discrimination:.2f}"
        if item.discrimination is not None and item.discrimination < _WEAK:
            told = f"{chip('look', 'look')} {told}"
        full = "–" if few else f"{sum(share >= 1 for share in item.shares) / len(item.shares):.0%}"
        none = "–" if few else f"{sum(share <= 0 for share in item.shares) / len(item.shares):.0%}"
        of = f"+{exercise.extra_credit:g}" if exercise.extra_credit else f"{exercise.points:g}"
        scored = (
            str(len(item.shares))
            if item.shares
            else "by hand, none yet"
            if exercise.graded == "manual"
            else "none yet"
        )
        rows.append(
            [
                escape(exercise.title),
                of,
                scored,
                sparkline(item.shares),
                _bar(item.difficulty),
                mean,
                full,
                none,
                told,
            ]
        )
    head = [
        "item",
        "points",
        "scored",
        "from none to all",
        "",
        "mean",
        "all points",
        "none",
        "discrimination",
    ]
    note = (
        "<p class=quiet>Mean: the share of the points that the class earned; high is easy. Discrimination: correlation of the item with "
        "the sum of all others; near 0 or below, the item does not tell those who know more from those who know less.</p>"
    )
    return table(head, rows, numbers={1, 2, 5, 6, 7, 8}) + note


def _reasons(facts: Facts, exercises: Mapping[str, Any]) -> str:
    found = common_reasons([(name, reason, lost) for name, reason, lost in facts.lost if name in exercises])
    if not found:
        return "<p class=quiet>No machine-graded item lost a point.</p>"
    rows = [
        [escape(exercises[name].title), escape(reason), str(number), f"{points / number:.2g}"]
        for name, reason, number, points in found
    ]
    return table(["item", "reason, its numbers left out", "submissions", "points each"], rows, numbers={2, 3})


def _attention(assignment: Assignment, facts: Facts, *, names: bool) -> str:
    groups: dict[str, list[str]] = {}
    for student, row in facts.rows.items():
        if row["status"] not in ("graded", "by hand"):
            groups.setdefault(_status(row["status"], student), []).append(student)
        if float(row.get("late_hours") or 0) > 0:
            groups.setdefault("handed in late", []).append(student)
    for student, items in facts.scores.items():
        judged = [score for score in items.values() if score.points is not None and score.of > 0]
        earned, possible = sum(score.points or 0 for score in judged), sum(score.of for score in judged)
        if not earned and judged:
            groups.setdefault("no point so far", []).append(student)
        elif possible and earned < _FAR * possible:
            groups.setdefault(f"less than {_FAR:.0%} of what is graded so far", []).append(student)
        if any(score.points is None and score.by_hand for score in items.values()):
            groups.setdefault("waiting to be graded by hand", []).append(student)
    if not groups:
        return "<p class=quiet>Nobody.</p>"
    head = ["", "submissions", *(["who"] if names else [])]
    rows = [
        [escape(why), str(len(who)), *([escape(", ".join(sorted(who)))] if names else [])]
        for why, who in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]
    hint = (
        ""
        if names
        else f"<p class=quiet>Who they are: reports/{escape(assignment.name)}_grades.csv, or this page with --names.</p>"
    )
    return table(head, rows, numbers={1}) + hint


def _status(status: str, student: str) -> str:
    """Return a status without what names the student."""
    return status.replace(student, "the student")[:160]


def _chart(title: str, svg: str, note: str = "") -> str:
    return (
        f"<figure><figcaption>{escape(title)}{escape(f': {note}') if note else ''}</figcaption>{svg}</figure>"
    )


def histogram(
    values: Sequence[float],
    low: float,
    high: float,
    bins: int,
    *,
    unit: str = "",
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Return a histogram as SVG; what lies beyond its ends is counted in the last bars."""
    width, height, floor = 430, 150, 118
    step = (high - low) / bins
    counts = Counter(min(bins - 1, max(0, int((value - low) / step))) for value in values)
    tallest = max(counts.values(), default=1)
    parts = []
    for index in range(bins):
        count = counts[index]
        tall = 92 * count / tallest
        x = width * index / bins
        if count:
            about = f"{low + index * step:g} to {low + (index + 1) * step:g}{unit}: {count}"
            parts.append(
                f'<rect x="{x + 1:.1f}" y="{floor - tall:.1f}" width="{width / bins - 2:.1f}" height="{tall:.1f}" fill="{_BLUE}">'
                f"<title>{escape(about)}</title></rect>"
            )
    parts.append(f'<line x1="0" y1="{floor}" x2="{width}" y2="{floor}" stroke="#1d2733"/>')
    for place, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        parts.append(
            f'<text x="{width * place:.0f}" y="{floor + 17}" text-anchor="{anchor}">{low + place * (high - low):g}{escape(unit)}</text>'
        )
    for value, name in marks:
        x = width * min(1.0, max(0.0, (value - low) / (high - low)))
        parts.append(
            f'<line x1="{x:.1f}" y1="14" x2="{x:.1f}" y2="{floor}" stroke="{_RED}" stroke-dasharray="4 3"/>'
        )
        anchor = "end" if x > width / 2 else "start"
        parts.append(
            f'<text x="{x + (-5 if anchor == "end" else 5):.1f}" y="22" text-anchor="{anchor}">{escape(name)}</text>'
        )
    parts.append(f'<text x="{width}" y="10" text-anchor="end">tallest bar: {tallest}</text>')
    return f'<svg viewBox="0 0 {width} {height}" width="100%" role="img">{"".join(parts)}</svg>'


def sparkline(shares: Sequence[float]) -> str:
    """Return the distribution of an item: none in red, parts in blue, all in green, from left to right."""
    if not shares:
        return ""
    counts = Counter(0 if share <= 0 else 9 if share >= 1 else 1 + min(7, int(share * 8)) for share in shares)
    tallest = max(counts.values())
    bars = []
    for index in range(10):
        tall = 24 * counts[index] / tallest
        color = _RED if index == 0 else _GREEN if index == 9 else _PALE
        if counts[index]:
            bars.append(
                f'<rect x="{index * 11}" y="{25 - tall:.1f}" width="9" height="{max(tall, 1):.1f}" fill="{color}"><title>{counts[index]}</title></rect>'
            )
    return f'<svg width="112" height="27" role="img"><line x1="0" y1="25.5" x2="110" y2="25.5" stroke="#dfe4e9"/>{"".join(bars)}</svg>'


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    return (
        f'<svg width="90" height="10" role="img"><rect width="90" height="10" rx="2" fill="#eef1f4"/>'
        f'<rect width="{90 * share:.1f}" height="10" rx="2" fill="{_BLUE}"/></svg>'
    )


def _round_up(value: float) -> float:
    """Return a round number above a value: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-3)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
