"""The PDF report of a graded submission, from the notebook that autograde executed. Nothing runs here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradlab.course import Course
from gradlab.errors import GradlabError
from lib.datasets.sets import SETS
from lib.errors import CourseError
from lib.manifest import Manifest, read_manifest
from lib.report import build_report, read_notebook
from lib.report.notebook import table
from lib.report.overview import Present, Score
from lib.report.provenance import dataset_of


def make_report(course: Course, assignment: str, student: str) -> Path:
    """Write ``reports/<student>/<assignment>/<name>.pdf`` for one submission.

    Parameters
    ----------
    course : Course
    assignment : str
    student : str

    Returns
    -------
    Path
        Of the PDF. An old one is replaced as a whole, or stays if this fails.

    Raises
    ------
    GradlabError
        One sentence: the submission is not autograded, its notebook is damaged, the PDF can not be written.
    """
    for kind, name in (("assignment", assignment), ("student", student)):
        if not name or name in (".", "..") or "/" in name or "\\" in name:
            msg = f"{name!r} is not the name of {'an' if kind == 'assignment' else 'a'} {kind}."
            raise GradlabError(msg)
    if not (course.source / assignment / "assignment.toml").is_file():
        msg = f"source/{assignment}/assignment.toml not found; is the assignment's name spelled right?"
        raise GradlabError(msg)
    graded = course.autograded / student / assignment
    if not graded.is_dir():
        msg = (
            f"autograded/{student}/{assignment}/ not found; run: gradlab grade {assignment} --student "
            f"{student}"
        )
        raise GradlabError(msg)
    try:
        manifest = read_manifest(course.source / assignment)
        if not manifest.pdf or not manifest.parts:
            msg = (
                f"source/{assignment}/assignment.toml asks for no report: [report] pdf or its parts are "
                "missing."
            )
            raise GradlabError(msg)
        notebook = read_notebook(graded / manifest.notebook)
        noted = table(table(notebook, "metadata"), "gradlab")
        result = build_report(
            notebook,
            manifest,
            course.reports / student / assignment / manifest.pdf,
            student=student,
            score=score_text(course, assignment, student),
            dataset=_dataset(manifest, dataset_of(notebook, graded)),
            versions=_versions(manifest, noted),
            footer="" if noted.get("sandboxed", True) else "run without a sandbox",
            code_folder=graded,
            scores=_scores(course, manifest, student, table(noted, "verdicts")),
            files=_files(manifest, course.submitted / student / assignment),
        )
    except CourseError as error:
        msg = f"{student}, {assignment}: no report; {error}"
        raise GradlabError(msg) from error
    return result.pdf


def _scores(course: Course, manifest: Manifest, student: str, verdicts: dict[str, Any]) -> list[Score]:
    """Return what each exercise earned and why: the verdict's reason, or what a person wrote beside the answer."""
    from gradlab.scores import read_scores

    found = read_scores(course, manifest, student).get(student, {})
    comments = _comments(course, manifest, student) if found else {}
    told = []
    for exercise in manifest.exercises:
        if exercise.name not in found:
            continue
        score = found[exercise.name]
        said = str(table(verdicts, exercise.name).get("reason") or "")
        if score.by_hand and score.points == 0 and not score.given:
            said = "nothing was written"
        reasons = [said, comments.get(exercise.name, "")]
        points = score.extra or score.points if exercise.extra_credit else score.points
        told.append(
            Score(
                exercise.name,
                exercise.title,
                points,
                exercise.points,
                "\n".join(reason for reason in reasons if reason),
                score.by_hand,
            )
        )
    return told


def _comments(course: Course, manifest: Manifest, student: str) -> dict[str, str]:
    """Return what a person wrote in Formgrader, by the name of the cell."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            notebook = manifest.notebook.removesuffix(".ipynb")
            found = gradebook.find_submission_notebook(notebook, manifest.name, student)
        except MissingEntry:
            return {}
        return {one.name: str(one.manual_comment) for one in found.comments if one.manual_comment}


def _files(manifest: Manifest, submitted: Path) -> list[Present]:
    """Return which of the files that were asked for were handed in."""
    if not submitted.is_dir():
        return []
    names = dict.fromkeys([*manifest.files, *([manifest.pdf] if manifest.pdf else [])])
    there = {name: (submitted / name).is_file() for name in names}
    return [Present(name, "handed in" if ok else "missing", not ok) for name, ok in there.items()]


def score_text(course: Course, assignment: str, student: str) -> str | None:
    """Return "37 / 60", with "so far" while something waits for a person, and what being late costs.

    None without such a submission.
    """
    if not course.gradebook.is_file():
        return None
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return None
        lost = submission.late_submission_penalty or 0.0
        text = f"{max(0.0, submission.score - lost):.4g} / {submission.max_score:g}"
        text += " so far" if submission.needs_manual_grade else ""
        return f"{text}, {lost:g} taken off for being late" if lost else text


def _versions(manifest: Manifest, noted: dict[str, Any]) -> str:
    told = [str(noted["versions"])] if noted.get("versions") else []
    return ", ".join(
        [f"{manifest.name} {noted['version']}" if noted.get("version") else manifest.name, *told]
    )


def _dataset(manifest: Manifest, told: str) -> str:
    """Name the data: the autograder says no more than that it was the sample, or nothing."""
    name = SETS[manifest.dataset].title if manifest.dataset in SETS else manifest.dataset.upper()
    return f"{name} sample" if told == "sample" else told or name
