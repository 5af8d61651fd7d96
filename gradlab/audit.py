"""Compare the PDF that a student handed in with the notebook that they handed in, plot by plot.

Three outcomes for each plot, see ``gradlab.picture_equality``: "identical", "same data", or "look". How similar two
pictures are puts them side by side for whoever looks, and decides nothing. Nothing of this changes a grade.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from gradlab import notebook_pictures, pdf_reading, submission
from gradlab.audit_order import heading_places, moved, order_problems, under_another
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.notebook_pictures import Plot, mark_of
from gradlab.pdf_reading import Document, Drawn, Page
from gradlab.picture_equality import TOO_SMALL, Match, compare, curve, equal, redraw, why_unseen
from gradlab.retrain import Retrained
from lib.errors import CourseError
from lib.manifest import Manifest
from lib.report import read_notebook
from lib.report.sections import find_sections

LOOK = "look"


@dataclass
class Finding:
    """One plot of a notebook.

    Attributes
    ----------
    plot : Plot
    outcome : str
        Of the PDF beside the notebook: "identical", "same data" or "look".
    why : list of str
        By what it is the same, or why a person has to look.
    drawn : Drawn or None
        The picture of the PDF that it is, or is most like.
    run : str
        Of the notebook beside the grader's run of it: as ``outcome``, or "" where there is no run.
    run_why : str
    run_plot : Plot or None
    notes : list of str
        What is worth knowing and no reason to look.
    likeness : float
        From 0 to 1; for the order of the page.
    """

    plot: Plot
    outcome: str = LOOK
    why: list[str] = field(default_factory=list)
    drawn: Drawn | None = None
    run: str = ""
    run_why: str = ""
    run_plot: Plot | None = None
    notes: list[str] = field(default_factory=list)
    likeness: float = 0.0

    @property
    def needs_look(self) -> bool:
        """Tell whether a person has to look."""
        return LOOK in (self.outcome, self.run)


@dataclass
class Extra:
    """A picture of the PDF that is none of the plots: ``where`` it is from, if that is known."""

    drawn: Drawn
    where: str = ""
    why: str = ""


@dataclass
class Audit:
    """What was found about one submission; ``problems`` are reasons to look at the document as a whole."""

    student: str
    pdf: str = ""
    num_pages: int = 0
    problems: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    retrained: Retrained | None = None
    trained_again: list[Finding] = field(default_factory=list)

    @property
    def looks(self) -> int:
        """Return how many things a person has to look at."""
        return len(self.to_look_at())

    def to_look_at(self) -> list[str]:
        """Return a line for each thing that a person has to look at."""
        unread = (
            bool(self.problems) and not self.num_pages
        )  # one thing to look at: the plots say nothing more
        lines = [*self.problems, *self.order]
        for finding in [*self.findings, *self.trained_again]:
            reasons = finding.why if finding.outcome == LOOK and not unread else []
            if finding.run == LOOK:
                reasons = [*reasons, finding.run_why]
            if finding.run == LOOK or (finding.needs_look and not unread):
                lines.append(f"{finding.plot.part}: {' '.join(reasons)}")
        return lines + [f"page {extra.drawn.page}: {extra.why}" for extra in self.extras if extra.why]

    def forget_pictures(self) -> None:
        """Let go of all pixels: those of a whole class would not fit into memory."""
        for finding in (*self.findings, *self.trained_again):
            finding.plot, finding.run_plot = replace(finding.plot, pixels=None), None
            finding.drawn = finding.drawn and replace(finding.drawn, pixels=None)
        self.extras = [replace(extra, drawn=replace(extra.drawn, pixels=None)) for extra in self.extras]
        self.pages, self.retrained = [], self.retrained and replace(self.retrained, plots=[])


def audit(
    course: Course, manifest: Manifest, student: str, marks: Mapping[str, list[tuple[str, int]]]
) -> Audit:
    """Compare the PDF of one submission with its notebook.

    Parameters
    ----------
    course : Course
    manifest : Manifest
    student : str
    marks : mapping
        As ``gradlab.audit_run.marks_of_class`` returns them.
    """
    folder = course.submitted / student / manifest.name
    result = Audit(student)
    try:
        path = folder / manifest.notebook
        notebook = submission.read_notebook(path, course.relative(path))
    except (GradlabError, OSError) as error:
        result.problems.append(f"no notebook to compare with: {error}")
        return result
    result.findings = [Finding(plot) for plot in notebook_pictures.plots(notebook, manifest)]
    shown = {finding.plot.part for finding in result.findings}
    result.notes += [
        f"the notebook shows no picture for “{part.title}”"
        for part in manifest.parts
        if part.show == "images" and part.key not in shown
    ]
    beside_run(result.findings, _run(course, manifest, student))
    pdf = _pdf(folder, manifest)
    result.pdf = pdf.name
    if pdf.name != manifest.pdf:
        result.notes.append(f"handed in as {pdf.name}")
    with pdf_reading.reading(pdf) as document:
        result.num_pages, result.pages = document.num_pages, document.pages
        if document.problem:
            result.problems.append(f"the PDF is {document.problem}")
        if not document.isolated:
            result.notes.append("the PDF was read without a sandbox")
        result.problems += [page.problem for page in document.pages if page.problem]
        known = [
            *notebook_pictures.others(notebook),
            *notebook_pictures.of_folder(course.source / manifest.name),
        ]
        _pair(result, document, known)
        _name_sources(result, marks)
        if document.pages and not document.problem.startswith("empty"):
            places = heading_places(manifest, find_sections(notebook, manifest), document.lines)
            result.order += order_problems(manifest, places)
            for finding in result.findings:
                drawn = finding.drawn
                if (
                    drawn
                    and finding.likeness == 1.0
                    and under_another(finding.plot.part, drawn.place, places)
                ):
                    finding.outcome = LOOK
                    finding.why.append(f"it stands under the heading of another part, on page {drawn.page}")
    return result


def _pair(result: Audit, document: Document, known: Sequence[tuple[str, Image.Image]]) -> None:
    """Find the picture of each plot, the plot of each picture, and what is left of both."""
    pages = {page.number: page for page in document.pages}
    free = list(document.pictures)
    for finding in result.findings:
        matched = [(drawn, match) for drawn in free if (match := _match(finding, drawn))]
        if matched:
            # of several that fit, one that the page shows as it is, and the first of them
            seen = [
                (drawn, match, why_unseen(match, drawn, pages.get(drawn.page))) for drawn, match in matched
            ]
            drawn, match, why = min(seen, key=lambda found: (bool(found[2]), found[1].outcome != "identical"))
            finding.drawn, finding.likeness = drawn, 1.0
            finding.outcome, finding.why = (LOOK, [why]) if why else (match.outcome, [match.how])
            free.remove(drawn)
    places = [finding.drawn.number for finding in result.findings if finding.drawn]
    for finding in result.findings:
        if finding.drawn and finding.drawn.number in moved(places):
            finding.outcome = LOOK
            finding.why.append(f"it stands in another place than required, on page {finding.drawn.page}")
    left = []
    for drawn in free:
        extra = _known(drawn, known, pages.get(drawn.page))
        if extra:
            result.extras.append(extra)
        else:
            left.append(drawn)
    _pair_by_likeness(result, left, pages)
    result.extras.sort(key=lambda extra: extra.drawn.number)


def _match(finding: Finding, drawn: Drawn) -> Match | None:
    """Return how a picture of the PDF comes out of a plot, or of the same numbers as they were drawn here."""
    match, run = compare(finding.plot, drawn), finding.run_plot
    if (
        match is None
        and run
        and numbers_agree(finding.plot.numbers, run.numbers)
        and (again := compare(run, drawn))
    ):
        return replace(
            again, outcome="same data", how="as drawn when it is run here, from numbers that agree"
        )
    return match


def _known(drawn: Drawn, known: Sequence[tuple[str, Image.Image]], page: Page | None) -> Extra | None:
    """Return a picture that comes from elsewhere in the notebook, or from the text of the assignment."""
    for where, pixels in known:
        match = compare(Plot("", 0, "", 0, pixels), drawn)
        if match:
            why = why_unseen(match, drawn, page)
            return Extra(drawn, where, "" if why == TOO_SMALL else why)  # it is no plot that is asked for
    return None


def _pair_by_likeness(result: Audit, left: list[Drawn], pages: Mapping[int, Page]) -> None:
    """Put what is left side by side, the most similar first."""
    lone = [finding for finding in result.findings if not finding.drawn]
    pairs = [
        (likeness(f.plot.pixels, d.pixels), -n, -d.number, f, d) for n, f in enumerate(lone) for d in left
    ]
    for value, _, _, finding, drawn in sorted(pairs, key=lambda pair: pair[:3], reverse=True):
        if finding.drawn is None and drawn in left and value > 0:
            finding.drawn, finding.likeness = drawn, value
            left.remove(drawn)
            finding.why.append(
                "the picture in the PDF has other pixels"
                if drawn.pixels
                else f"the picture in the PDF is {drawn.problem}"
            )
            if finding.plot.pixels and drawn.pixels:
                finding.why.append(difference(finding.plot.pixels, drawn.pixels))
    for finding in lone:
        if finding.drawn is None:
            finding.why.append("no picture in the PDF is left for it")
            if finding.plot.pixels is None:
                finding.why = [
                    "the notebook holds it as a drawing made of lines"
                    if finding.plot.lines
                    else "the picture in the notebook cannot be read"
                ]
            busy = [page.number for page in pages.values() if page.shapes > 100]
            if busy:
                finding.why.append(
                    f"page {', '.join(map(str, busy[:8]))} draws many lines: perhaps it is among them"
                )
    result.extras += [
        Extra(drawn, why=f"it is {drawn.problem}" if drawn.problem else "it is not in the notebook")
        for drawn in left
    ]


def _name_sources(result: Audit, marks: Mapping[str, list[tuple[str, int]]]) -> None:
    """Say where pictures are from that are not those of the notebook: a classmate, or the grader's run."""

    def owners(mark: str) -> str:
        others = list(dict.fromkeys(one for one, _ in marks.get(mark, []) if one != result.student))
        return ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")

    for finding in result.findings:
        same = owners(finding.plot.mark)
        if same:
            finding.notes.append(f"{same}: the same picture in the notebook")
        if finding.outcome != LOOK or finding.drawn is None or finding.likeness == 1.0:
            continue
        mark = mark_of(finding.drawn.pixels)
        if mark and owners(mark):
            finding.why.insert(0, f"it is the picture of {owners(mark)}")
        if mark and finding.run_plot and mark == finding.run_plot.mark:
            finding.why.insert(
                0,
                "it is what the notebook shows when it is run here, and not what it showed when it was handed in",
            )
    for extra in result.extras:
        mark = mark_of(extra.drawn.pixels)
        if extra.why and mark and owners(mark):
            extra.why += f"; it is the picture of {owners(mark)}"


def beside_run(findings: Sequence[Finding], run: Sequence[Plot] | None) -> None:
    """Compare the plots that were handed in with those of the grader's run, where there is one."""
    if run is None:
        return
    ours = {(plot.cell_id, plot.index): plot for plot in run}
    for finding in findings:
        plot = finding.plot
        finding.run_plot = ours.get((plot.cell_id, plot.index))
        other = finding.run_plot
        if other is None:
            finding.run, finding.run_why = LOOK, "the cell shows no such picture when it is run here"
        elif equal(plot.pixels, other.pixels):
            finding.run, finding.run_why = "identical", "all pixels are equal"
        else:
            agree = numbers_agree(plot.numbers, other.numbers)
            finding.run, finding.run_why = LOOK, "it has other pixels when it is run here"
            if agree and plot.numbers and equal(redraw(plot.numbers), plot.pixels):
                finding.run, finding.run_why = "same data", "its numbers agree, and it is drawn from them"
            elif agree:
                finding.run_why = (
                    "its numbers agree with the run here, but drawn here they give another picture"
                )
            elif plot.numbers and other.numbers:
                finding.run_why = "its numbers are others when it is run here"


def numbers_agree(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> bool:
    """Tell whether two sets of curves are equal as far as they are written down: to a millionth."""
    if not first or not second:
        return False
    try:
        for name in ("loss_hist", "train_acc_hist", "val_acc_hist"):
            a, b = curve(first.get(name)), curve(second.get(name))
            if len(a) != len(b):
                return False
            if not all(
                math.isclose(x, y, rel_tol=1e-6) or (x != x and y != y) for x, y in zip(a, b, strict=True)
            ):
                return False
    except ValueError:
        return False
    return True


def likeness(first: Image.Image | None, second: Image.Image | None) -> float:
    """Return how similar two pictures are, from just above 0 to 1; 0 if there is none to compare."""
    if first is None or second is None:
        return 0.0
    small = [image.convert("L").resize((96, 64), Image.Resampling.BOX) for image in (first, second)]
    stretched = abs(math.log(first.width * second.height / (first.height * second.width)))
    apart = ImageStat.Stat(ImageChops.difference(*small)).mean[0] / 255
    return max(1e-6, 1 - apart) / (1 + stretched)


def difference(first: Image.Image, second: Image.Image) -> str:
    """Say in how many pixels two pictures differ, or that they are not of one size."""
    if first.size != second.size:
        return f"{second.width} x {second.height} pixels, in the notebook {first.width} x {first.height}"
    apart = ImageChops.difference(first, second)
    box = apart.getbbox() or (0, 0, 0, 0)
    other = (
        sum(1 for pixel in apart.convert("RGB").tobytes()[::1] if pixel) / 3 / (first.width * first.height)
    )
    return f"{other:.2%} of the values differ, from ({box[0]}, {box[1]}) to ({box[2]}, {box[3]})"


def _run(course: Course, manifest: Manifest, student: str) -> list[Plot] | None:
    """Return the plots of the grader's run; None where the submission was not graded."""
    path = course.autograded / student / manifest.name / manifest.notebook
    if not path.is_file():
        return None
    try:
        return notebook_pictures.plots(read_notebook(path), manifest)
    except CourseError:
        return None


def _pdf(folder: Path, manifest: Manifest) -> Path:
    """Return the PDF of a submission: that of the right name, or the only one."""
    wanted = folder / manifest.pdf
    found = [path for path in folder.glob("*.[pP][dD][fF]") if path.is_file()]
    return found[0] if not wanted.exists() and len(found) == 1 else wanted
