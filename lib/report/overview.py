"""The first page of a report: is everything here, and, when a grader makes it, what it earned and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.report import collect
from lib.report.images import quote

#: Characters of a reason on the first page, and beside its item.
SHORT, LONG = 150, 900
NOTHING = "missing"


@dataclass(frozen=True)
class Score:
    """What one exercise earned, for the grader's version of a report.

    Attributes
    ----------
    name, title : str
        Of the exercise.
    points : float or None
        None: not judged yet.
    max_points : float
        0 for extra credit.
    reason : str
    by_hand : bool
        Whether a person gives the points.
    """

    name: str
    title: str
    points: float | None
    max_points: float
    reason: str = ""
    by_hand: bool = False

    @property
    def said(self) -> str:
        """Points as a person writes them."""
        got = "–" if self.points is None else f"{self.points:.4g}"
        return f"{got} of {self.max_points:g}" if self.max_points else got

    @property
    def why(self) -> str:
        """The reason; where there is none, what is still to come."""
        if self.points is None:
            return self.reason or ("waits for a person" if self.by_hand else "not judged")
        return self.reason or ("given by hand" if self.by_hand else "")


@dataclass(frozen=True)
class Present:
    """One line of "is everything here?": a part of the report (with its number) or a file.

    Attributes
    ----------
    title : str
    state : str
        What was found.
    problem : bool
    number : int
        Of the part; 0 for a file.
    """

    title: str
    state: str
    problem: bool = False
    number: int = 0


def state_of(items: Sequence[collect.Item]) -> str:
    """Say in a few words what a part holds."""
    pictures = sum(isinstance(item, collect.Picture) for item in items)
    words = sum(len(item.text.split()) for item in items if isinstance(item, collect.Prose))
    code = sum(
        item.text.count("\n") + 1 for item in items if isinstance(item, (collect.Code, collect.Source))
    )
    tables = sum(isinstance(item, collect.HtmlTable) for item in items)
    printed = any(isinstance(item, collect.Printed) for item in items)
    found = [
        f"{pictures} figure{'s' * (pictures > 1)}" if pictures else "",
        f"{words} word{'s' * (words > 1)}" if words else "",
        f"{tables} table{'s' * (tables > 1)}" if tables else "",
        f"{code} line{'s' * (code > 1)} of code" if code else "",
    ]
    return ", ".join(text for text in found if text) or ("output" if printed else NOTHING)


def page(lines: Sequence[Present], scores: Sequence[Score], total: str) -> str:
    """Return the typst code of what stands below the title block.

    Parameters
    ----------
    lines : sequence of Present
    scores : sequence of Score
        Empty in a student's version.
    total : str
        Of all points, for instance "37 / 60".
    """
    rows = "".join(
        f"({quote(str(line.number) if line.number else '')}, {quote(line.title)}, {quote(line.state)}, "
        f"{'true' if line.problem else 'false'}), "
        for line in lines
    )
    missing = [line.title for line in lines if line.problem]
    listed = ", ".join(missing)
    stop = "" if listed.endswith(("?", "!", ".")) else "."
    verdict = f"Not everything is here: {listed}{stop}" if missing else "Everything is here."
    code = f"#overview(({rows}), {quote(verdict)}, {'false' if missing else 'true'})\n"
    if scores:
        code += f"#points-table(({_rows(scores, SHORT)}), {quote(total)})\n"
    return code


def beside(scores: Sequence[Score]) -> str:
    """Return the typst code of the points that belong to a part; empty where there are none."""
    return f"#points-beside(({_rows(scores, LONG)}))" if scores else ""


def _rows(scores: Sequence[Score], limit: int) -> str:
    return "".join(
        f"({quote(score.title)}, {quote(score.said)}, {quote(_cut(score.why, limit))}, {quote(_mood(score))}), "
        for score in scores
    )


def _mood(score: Score) -> str:
    """Name how an item stands: that is what a reader looks for first."""
    if score.points is None:
        return "open"
    return "full" if score.points >= score.max_points else "part" if score.points > 0 else "none"


def _cut(text: str, limit: int) -> str:
    text = " ".join(text.split()) if limit == SHORT else text.strip()
    return text if len(text) <= limit else f"{text[: limit - 2].rstrip()} …"
