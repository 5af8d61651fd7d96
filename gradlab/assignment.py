"""What one assignment is made of: ``source/<name>/assignment.toml``, read strictly.

A mistake in that file decides what students see and what counts, so nothing in it is guessed: an unknown
key, a region that is not there or points that differ from the notebook's stop everything with one sentence.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from gradlab import limits
from gradlab import notebook as notebooks
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.lib_regions import lib_regions
from gradlab.regions import Region
from gradlab.shipped import shipped_paths as shipped_paths
from gradlab.shipped import ships as ships
from gradlab.stamp import Stamp, stamp
from gradlab.toml_table import Table, nearest, read_toml

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Exercise:
    """One graded cell of the notebook; ``name`` is its grade id, ``heading`` the number of its section.

    ``extra_credit`` is what a person may give on top, without raising the maximum.
    """

    name: str
    title: str
    points: float
    graded: str
    where: str
    regions: tuple[str, ...]
    heading: str
    extra_credit: float = 0.0


@dataclass(frozen=True)
class Training:
    """Accuracies between which the points of training grow from none to all, on real and on sample data."""

    floor: float
    target: float
    sample_floor: float
    sample_target: float


@dataclass(frozen=True)
class ReportPart:
    """One part of the PDF: the sections of these exercises, their images or their text."""

    key: str
    title: str
    exercises: tuple[str, ...]
    show: str


@dataclass(frozen=True)
class Report:
    """The PDF that is handed in: its name in the folder's root and its parts in order."""

    pdf: str
    parts: tuple[ReportPart, ...]


@dataclass(frozen=True)
class Assignment:
    """One assignment, validated.

    Attributes
    ----------
    name, title, notebook, dataset : str
        ``notebook`` is a file name; ``dataset`` is empty where none is needed.
    checks : str
        Family of the checks, a folder of lib/check; empty where the notebook calls none.
    extras : tuple of str
        Optional dependencies of pyproject.toml that its students need besides: ``("torch",)``.
    minutes : float
    ships : tuple of str
        Files and folders of lib that a release holds; ``lib/check/*.py`` stands for the files of one folder.
    hidden, given : tuple of str
        Regions listed under [lib] as exercises and as given.
    files : tuple of str
        Files that a student may add or own besides.
    exercises : tuple of Exercise
    training, report, limits : Training, Report or None, Limits
    submission : tuple of str
        Files that a submission consists of.
    folder : Path
        ``source/<name>``.
    regions : mapping of str to Region
        Every region of the whole lib, shipped or not.
    """

    name: str
    title: str
    notebook: str
    dataset: str
    checks: str
    extras: tuple[str, ...]
    minutes: float
    ships: tuple[str, ...]
    hidden: tuple[str, ...]
    given: tuple[str, ...]
    files: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    training: Training | None
    report: Report | None
    limits: limits.Limits
    submission: tuple[str, ...]
    folder: Path
    regions: Mapping[str, Region] = field(repr=False, hash=False, compare=False)

    @property
    def points(self) -> float:
        """Points of all exercises together."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def asked_for(self) -> tuple[str, ...]:
        """Files that a whole submission has: the notebook, what it consists of besides, and the PDF."""
        pdf = [self.report.pdf] if self.report else []
        return tuple(dict.fromkeys([self.notebook, *self.submission, *pdf]))

    @property
    def student_files(self) -> tuple[str, ...]:
        """Files of lib that are the student's: those with a region of theirs, and those they may add."""
        return tuple(sorted({self.regions[name].filename for name in self.hidden} | set(self.files)))

    def exercise(self, name: str) -> Exercise:
        """Return one exercise by name."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        msg = f"{self.name} has no exercise '{name}'{nearest(name, (item.name for item in self.exercises))}"
        raise GradlabError(msg)


def load(course: Course, name: str) -> Assignment:
    """Read and check one assignment.

    Parameters
    ----------
    course : Course
    name : str
        Folder of the assignment below source/.

    Raises
    ------
    GradlabError
        If there is no such assignment, or its assignment.toml, its notebook and the regions of lib do not
        agree.
    """
    known = course.assignments()
    if name not in known:
        msg = f"there is no assignment '{name}' in {course.relative(course.source)}/{nearest(name, known)}"
        raise GradlabError(msg)
    return _load(str(course.root), name, stamp(course, name))


@functools.lru_cache(maxsize=16)
def _load(root: str, name: str, _stamp: Stamp) -> Assignment:
    """Read an assignment that is there; nbgrader's steps ask for it again with each submission."""
    course = Course(root)
    folder = course.source / name
    shown = course.relative(folder / "assignment.toml")
    assignment = _from_toml(read_toml(folder / "assignment.toml", shown), folder, lib_regions(course))
    if assignment.name != name or not NAME.fullmatch(name):
        msg = (
            f"{shown}: name is '{assignment.name}' in the folder '{name}'; make them one name of small "
            "letters, digits and _."
        )
        raise GradlabError(msg)
    _check_lib(course, assignment, shown)
    _check_notebook(course, assignment, shown)
    _check_report(assignment, shown)
    return assignment


def _from_toml(top: Table, folder: Path, found: Mapping[str, Region]) -> Assignment:
    head, lib = top.need("assignment"), top.need("lib")
    training, report, submission = top.table("training"), top.table("report"), top.table("submission")
    exercises, limited = top.tables("exercise"), top.table("limits")
    top.close()
    assignment = Assignment(
        name=head.text("name"),
        title=head.text("title"),
        notebook=head.text("notebook"),
        dataset=head.text("dataset", ""),
        checks=head.text("checks", ""),
        extras=head.texts("extras", ()),
        minutes=head.number("minutes", 0),
        ships=lib.texts("ships"),
        hidden=lib.texts("exercises", ()),
        given=lib.texts("given", ()),
        files=lib.texts("files", ()),
        exercises=tuple(_exercise(table) for table in exercises),
        training=_training(training) if training else None,
        report=_report(report) if report else None,
        limits=limits.read(limited),
        submission=submission.texts("files") if submission else (),
        folder=folder,
        regions=MappingProxyType(dict(found)),
    )
    for table in filter(None, (head, lib, submission)):
        table.close()
    return assignment


def _exercise(table: Table) -> Exercise:
    exercise = Exercise(
        name=table.text("name"),
        title=table.text("title"),
        points=table.number("points"),
        graded=table.choice("graded", ("auto", "manual")),
        where=table.text("where", ""),
        regions=table.texts("regions", ()),
        heading=table.text("heading", ""),
        extra_credit=table.number("extra_credit", 0),
    )
    table.close()
    if exercise.extra_credit and (exercise.points or exercise.graded != "manual"):
        msg = (
            f'{table.where}: extra_credit needs points = 0 and graded = "manual": a person types it into '
            "Formgrader's field for extra credit, and the maximum stays."
        )
        raise GradlabError(msg)
    return exercise


def _training(table: Table) -> Training:
    training = Training(*(table.number(key) for key in ("floor", "target", "sample_floor", "sample_target")))
    table.close()
    for floor, target in ((training.floor, training.target), (training.sample_floor, training.sample_target)):
        if not floor < target <= 1:
            msg = (
                f"{table.where}: floor {floor} and target {target} must be accuracies with floor < target "
                "<= 1."
            )
            raise GradlabError(msg)
    return training


def _report(table: Table) -> Report:
    parts = []
    for part in table.tables("part", "report.part"):
        shows = ("images", "text", "all")
        parts.append(
            ReportPart(
                part.text("key"), part.text("title"), part.texts("exercises"), part.choice("show", shows)
            )
        )
        part.close()
    report = Report(table.text("pdf"), tuple(parts))
    table.close()
    if PurePosixPath(report.pdf).name != report.pdf or not report.pdf.endswith(".pdf"):
        msg = f"{table.where}: pdf is '{report.pdf}', wanted a file name ending in .pdf: it lies in the folder's root."
        raise GradlabError(msg)
    return report


def _check_lib(course: Course, assignment: Assignment, shown: str) -> None:
    """Compare [lib] with what lib holds."""
    for entry in (*assignment.ships, *assignment.files):
        path = PurePosixPath(entry)
        if path.is_absolute() or ".." in path.parts or path.parts[:1] != ("lib",) or "\\" in entry:
            msg = (
                f"{shown} [lib]: '{entry}' must be a path below lib/ with forward slashes, like "
                "'lib/optim.py'."
            )
            raise GradlabError(msg)
    for entry in assignment.ships:
        if not shipped_paths(course, entry):
            msg = (
                f"{shown} [lib]: ships lists '{entry}', which does not exist; correct the path or take it "
                "out."
            )
            raise GradlabError(msg)
    both = set(assignment.hidden) & set(assignment.given)
    if both:
        msg = f"{shown} [lib]: region '{min(both)}' is both an exercise and given; it can be one only."
        raise GradlabError(msg)
    for key, names in (("exercises", assignment.hidden), ("given", assignment.given)):
        for name in names:
            if name not in assignment.regions:
                msg = (
                    f"{shown} [lib]: {key} lists region '{name}', which no file of lib "
                    f"holds{nearest(name, assignment.regions)}"
                )
                raise GradlabError(msg)
    for name in assignment.hidden:
        if not ships(assignment, assignment.regions[name].filename):
            msg = (
                f"{shown} [lib]: region '{name}' stands in {assignment.regions[name].filename}, which "
                "ships does not hold; add the file."
            )
            raise GradlabError(msg)
    for exercise in assignment.exercises:
        for name in exercise.regions:
            if name in assignment.regions and name not in assignment.hidden:
                msg = (
                    f"{shown} [[exercise]] {exercise.name}: region '{name}' is not listed under [lib] "
                    "exercises; add it there."
                )
                raise GradlabError(msg)


def _check_report(assignment: Assignment, shown: str) -> None:
    names = [exercise.name for exercise in assignment.exercises]
    for part in assignment.report.parts if assignment.report else ():
        for name in part.exercises:
            if name not in names:
                msg = (
                    f"{shown} [[report.part]] {part.key}: there is no exercise '{name}'{nearest(name, names)}"
                )
                raise GradlabError(msg)


def _check_notebook(course: Course, assignment: Assignment, shown: str) -> None:
    """Compare the exercises with the graded cells of the notebook."""
    path = assignment.folder / assignment.notebook
    if path.name != assignment.notebook or path.suffix != ".ipynb":
        msg = (
            f"{shown} [assignment]: notebook is '{assignment.notebook}', wanted a file name ending in .ipynb."
        )
        raise GradlabError(msg)
    others = sorted(
        other.name for other in assignment.folder.glob("*.ipynb") if other.name != assignment.notebook
    )
    if others:
        msg = (
            f"source/{assignment.name} holds a second notebook, {others[0]}; an assignment has one, so "
            "move it elsewhere."
        )
        raise GradlabError(msg)
    shown_notebook = course.relative(path)
    notebook = notebooks.read(path, shown_notebook)
    notebooks.check_cells(notebook, shown_notebook)
    in_cells = {region.name: region for region in notebooks.answers(notebook, shown_notebook)}
    for name in in_cells:
        if name in assignment.regions:
            other = assignment.regions[name]
            msg = (
                f"{in_cells[name].filename}: region '{name}' stands in {other.filename}:{other.first} "
                "already; give each its own name."
            )
            raise GradlabError(msg)
    graded = notebooks.grade_cells(notebook)
    names = [exercise.name for exercise in assignment.exercises]
    for exercise in assignment.exercises:
        where = f"{shown} [[exercise]] {exercise.name}"
        if names.count(exercise.name) > 1:
            msg = f"{shown}: two exercises are named '{exercise.name}'; give each its own name."
            raise GradlabError(msg)
        if exercise.name not in graded:
            msg = (
                f"{where}: {assignment.notebook} has no graded cell "
                f"'{exercise.name}'{nearest(exercise.name, graded)}"
            )
            raise GradlabError(msg)
        points, kind = graded[exercise.name]
        if points != exercise.points:
            msg = (
                f"{where}: {exercise.points:g} points here, {points:g} in its cell of "
                f"{assignment.notebook}; make them equal."
            )
            raise GradlabError(msg)
        if kind != exercise.graded:
            msg = (
                f"{where}: graded is '{exercise.graded}' here, its cell of {assignment.notebook} is "
                f"'{kind}'; make them equal."
            )
            raise GradlabError(msg)
        for name in exercise.regions:
            if name not in assignment.regions and name not in in_cells:
                msg = (
                    f"{where}: no file of lib and no cell holds region "
                    f"'{name}'{nearest(name, {**assignment.regions, **in_cells})}"
                )
                raise GradlabError(msg)
    for name in graded:
        if name not in names:
            msg = (
                f"{shown}: the graded cell '{name}' of {assignment.notebook} is no exercise here; add an "
                "[[exercise]]."
            )
            raise GradlabError(msg)
