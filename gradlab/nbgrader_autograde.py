"""The grading half of nbgrader's configuration: ``nbgrader autograde`` with verdicts from outside the kernel.

nbgrader copies submitted/ to autograded/, cleans the notebook (first list), runs and scores it (second list):

    ForgetScores     first of all: whatever fails below, no old score stays
    RestoreFiles     the release's files, the student's in their places, nothing else
    Repair           labels of cells from the gradebook, not from the submission
    …                nbgrader's own steps
    BundleExecute    in the place of Execute: papermill and probes, once, in the sandbox, or a bundle made before
    WriteVerdicts    the judges; their outcome takes the place of what the cells printed
    …                nbgrader's own steps
    SaveVerdicts     in the place of SaveAutoGrades: a graded cell without a verdict has no score

None of these can be switched off from a configuration or the command line.
"""

from __future__ import annotations

import logging
import os
import platform
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import determine_grade
from sqlalchemy.exc import SAWarning
from traitlets import Bool

from gradlab import (
    autograde_start,
    engine,
    nbgrader_log,
    repair,
    safe_pages,
    sandbox,
    store,
    submission,
    verdict,
    verdict_cells,
)
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.execution import KERNEL

#: Key of what the steps tell each other. It lies in nbconvert's resources, where no notebook can write.
RESOURCES = "gradlab"
NOT_JUDGED = "no verdict was reached on this cell"


def _nothing_told() -> dict[str, Any]:
    return {"notes": [], "verdicts": {}}


class GradingStep(NbGraderPreprocessor):
    """A preprocessor that knows its course, and that no configuration switches off."""

    enabled = Bool(True, help="Always: without this step nobody has judged the notebook.")

    def __call__(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Do the step. The exporter calls it."""
        return self.preprocess(nb, resources)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Find the course, and do the step."""
        resources.setdefault(RESOURCES, _nothing_told())
        return self.step(nb, resources, Course(_converter(self).coursedir.root))

    def step(self, nb: Any, resources: Any, course: Course) -> tuple[Any, Any]:
        """Do what the class is for."""
        raise NotImplementedError


class ForgetScores(GradingStep):
    """Take back what an earlier run of the autograder scored; scores given by hand stay."""

    def step(self, nb: Any, resources: Any, course: Course) -> tuple[Any, Any]:
        """Forget, and forget what the notebook says of its own verdict."""
        forget_scores(resources["nbgrader"])
        return nb, resources


class RestoreFiles(GradingStep):
    """Lay out the release and the student's files in ``autograded/<student>/<assignment>``."""

    def step(self, nb: Any, resources: Any, course: Course) -> tuple[Any, Any]:
        """Find the release, copy, and note what is missing."""
        names = resources["nbgrader"]
        assignment = load(course, names["assignment"])
        released, version, notes = submission.release_of(course, assignment.name, nb)
        submitted = course.submitted / names["student"] / assignment.name
        notes += submission.lay_out(course, assignment, released, submitted, _graded_folder(self, names))
        resources[RESOURCES]["notes"] += notes
        resources[RESOURCES].update(version=version, released=released)
        return nb, resources


class Repair(GradingStep):
    """Label the cells anew, and leave in the notebook what the second list has to know."""

    def step(self, nb: Any, resources: Any, course: Course) -> tuple[Any, Any]:
        """Repair, and note what was done."""
        names, ours = resources["nbgrader"], resources[RESOURCES]
        sources = repair.source_cells(names["db_url"], names["notebook"], names["assignment"])
        released = nbformat.read(ours["released"] / f"{names['notebook']}.ipynb", as_version=4)
        ours["notes"] += repair.repair(nb, sources, released)
        for note in ours["notes"]:
            self.log.warning("%s: %s", names["student"], note)
        # replaces whatever the submission said here
        nb.metadata["gradlab"] = {
            "assignment": names["assignment"],
            "version": ours["version"],
            "notes": ours["notes"],
        }
        return nb, resources


class BundleExecute(GradingStep):
    """Take what the submission's bundle holds, or run it now; a fault of its code becomes an output or a note."""

    def step(self, nb: Any, resources: Any, course: Course) -> tuple[Any, Any]:
        """Run, unless ``--no-execute`` asks not to; without data nobody is graded, with points or without."""
        ours, names = resources[RESOURCES], resources["nbgrader"]
        assignment = load(course, names["assignment"])
        verdict.require_data(course, assignment)
        ours["notes"] += nb.metadata.get("gradlab", {}).get("notes", [])
        if not Execute(parent=self).enabled:
            ours["notes"].append("The notebook was not executed.")
            return nb, resources
        # lives as long as the resources do, that is until this notebook is done
        bundle = engine.bundle_of(course, assignment, nb, _graded_folder(self, names))
        ours["bundle"] = bundle
        found = bundle.execution()
        found.apply(nb)
        for note in found.notes:
            self.log.warning("%s: %s", names["student"], note)
        self.log.info("%s: executed in %.1f s", names["student"], found.seconds)
        ours["notes"] += found.notes
        return nb, resources


class WriteVerdicts(GradingStep):
    """Judge the submission, and write the verdicts over what its cells printed."""

    def step(self, nb: Any, resources: Any, course: Course) -> tuple[Any, Any]:
        """Close every graded cell first, then open those on which there is a verdict."""
        for cell in nb.cells:
            if verdict_cells.is_machine_graded(cell):
                verdict_cells.close(cell, NOT_JUDGED)
        names, ours = resources["nbgrader"], resources[RESOURCES]
        assignment = load(course, names["assignment"])
        version = str(nb.metadata.get("gradlab", {}).get("version", ""))
        bundle = ours.pop("bundle", None)
        judged = verdict.judge_submission(
            course,
            assignment,
            _graded_folder(self, names),
            bundle.values if bundle else None,
            version=version,
            probes=bundle.probes if bundle else None,
        )
        records = ours["verdicts"]
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if verdict_cells.is_machine_graded(cell) and name in judged and name not in records:
                records[name] = verdict_cells.write(cell, judged[name])
                if judged[name].fraction is None:
                    self.log.error("%s: %s is not judged: %s", names["student"], name, judged[name].reason)
                self.log.info("%s: %s judged in %.1f s", names["student"], name, judged[name].seconds)
        released = nbformat.read(
            store.get(course, assignment.name, version) / assignment.notebook, as_version=4
        )
        ours["elsewhere"] = verdict_cells.answered_elsewhere(nb, released)
        ours["notes"] += [
            f"{name}: cell {number} of its section was added by the student; look there, too."
            for name, number in ours["elsewhere"].items()
        ]
        verdict_cells.add_rubrics(nb, _rubrics(course, assignment.name))
        verdict_cells.add_notes(nb, ours["notes"])
        nb.metadata["gradlab"] = {
            "assignment": assignment.name,
            "version": version,
            "dataset": _dataset(course, assignment.dataset),
            "sandboxed": sandbox.isolated(),
            "versions": _versions(),
            "notes": ours["notes"],
            "verdicts": records,
        }
        # the gradebook's kernel exists nowhere; whoever opens the graded notebook needs one that does
        nb.metadata["kernelspec"] = {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": KERNEL,
        }
        return nb, resources


def _dataset(course: Course, name: str) -> str:
    """Name what the submission is graded on: "real", "sample", or "" where no data set is needed."""
    if not name:
        return ""
    return "sample" if verdict.uses_sample(course, name) else "real"


def _versions() -> str:
    """Name what the submission ran on; the report shows it."""
    packages = {"NumPy": "numpy", "Matplotlib": "matplotlib", "nbgrader": "nbgrader"}
    told = [f"{name} {metadata.version(package)}" for name, package in packages.items()]
    return ", ".join([f"Python {platform.python_version()}", *told])


class SaveVerdicts(SaveAutoGrades):
    """SaveAutoGrades that believes a graded cell only as far as there is a verdict on it."""

    enabled = Bool(True, help="Always: see GradingStep.")

    def __call__(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Save. The exporter calls it."""
        return self.preprocess(nb, resources)

    def _add_score(self, cell: Any, resources: Any) -> None:
        """Save the score of one cell; without a verdict there is none, and a person has to look."""
        if not verdict_cells.is_machine_graded(cell):
            super()._add_score(cell, resources)
            self._keep_open(cell.metadata["nbgrader"]["grade_id"], resources)
            return
        name = cell.metadata["nbgrader"]["grade_id"]
        record = resources.get(RESOURCES, {}).get("verdicts", {}).get(name) or {}
        earned = record.get("points")
        if earned is not None:
            read, _ = determine_grade(cell, self.log)
            if read is None or abs(read - earned) > 1e-6:
                self.log.error(
                    "%s: the cell says %s points, its verdict %s; it is not judged.", name, read, earned
                )
                earned = None
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        grade.auto_score = earned
        grade.needs_manual_grade = earned is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _keep_open(self, name: str, resources: Any) -> None:
        """Take back the zero for an untouched answer cell where the answer may stand in a cell beside it."""
        if name in resources.get(RESOURCES, {}).get("elsewhere", {}):
            grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
            if grade.auto_score == 0:
                grade.auto_score = None
                grade.needs_manual_grade = True
                self.gradebook.db.commit()


class SubmissionExporter(NotebookExporter):
    """NotebookExporter that says in one sentence what is wrong with a notebook that cannot be read."""

    def from_file(self, file_stream: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Read and convert a notebook; from_filename calls it, nbgrader twice for each notebook."""
        path = Path(getattr(file_stream, "name", file_stream))
        notes: list[str] = []
        try:
            nb = submission.read_notebook(path, "/".join(path.parts[-4:]), notes)
        except GradlabError:
            # no step of the lists has run, so an earlier score would stay
            if resources and "nbgrader" in resources:
                forget_scores(resources["nbgrader"])
            raise
        if resources is not None:
            resources[RESOURCES] = {**_nothing_told(), "notes": notes}
        return self.from_notebook_node(nb, resources=resources, **options)


def forget_scores(names: Any) -> None:
    """Set the automatic scores of a submitted notebook to none."""
    with Gradebook(names["db_url"]) as gradebook:
        try:
            found = gradebook.find_submission_notebook(
                names["notebook"], names["assignment"], names["student"]
            )
        except MissingEntry:
            return
        for grade in found.grades:
            grade.auto_score = None
            grade.needs_manual_grade = True
        gradebook.db.commit()


def _rubrics(course: Course, name: str) -> dict[str, str]:
    try:
        return {key: found.rubric for key, found in verdict.load_exercises(course, name).items()}
    except GradlabError:
        return {}  # said already, as the reason why nothing is judged


def _converter(step: Any) -> Any:
    """Return the converter that a preprocessor belongs to: its parent's parent."""
    while step is not None and not hasattr(step, "_format_dest"):
        step = step.parent
    return step


def _graded_folder(step: Any, names: Any) -> Path:
    converter = _converter(step)
    return Path(os.path.normpath(converter.coursedir.root)) / os.path.normpath(
        converter.coursedir.format_path(
            converter.coursedir.autograded_directory, names["student"], names["assignment"]
        )
    )


def forget_first(course: Course, *, assignment: str, student: str, notebooks: list[str]) -> None:
    """Forget old scores; nbgrader calls it before it copies anything."""
    folder = Path(notebooks[0]).resolve().parent
    wanted = load(course, folder.name).notebook
    # nbgrader copies next, and what stops it there comes before every step of ours
    names = {"notebook": Path(wanted).stem, "assignment": folder.name, "student": folder.parent.name}
    if course.gradebook.is_file():
        forget_scores({"db_url": f"sqlite:///{course.gradebook}", **names})


def configure(c: Any, course: Course) -> None:
    """Set what ``nbgrader autograde`` and Formgrader's autograde button need in this course.

    Parameters
    ----------
    c : traitlets Config
        As ``get_config()`` returns it in nbgrader_config.py.
    course : Course
    """
    # nbgrader 0.9.6 builds its objects in an order that SQLAlchemy 2.1 remarks on, harmlessly, hundreds of times
    warnings.filterwarnings("ignore", category=SAWarning)
    traits = Autograde.class_traits()
    ours = {Execute: [BundleExecute, WriteVerdicts], SaveAutoGrades: [SaveVerdicts]}
    scoring = list(traits["autograde_preprocessors"].default())
    missing = [step.__name__ for step in ours if step not in scoring]
    if missing:
        msg = f"this nbgrader does not use {missing[0]}; install the version that pyproject.toml asks for."
        raise GradlabError(msg)
    sanitizing = list(traits["sanitize_preprocessors"].default())
    c.Autograde.sanitize_preprocessors = [ForgetScores, RestoreFiles, Repair, *sanitizing]
    c.Autograde.autograde_preprocessors = [found for step in scoring for found in ours.get(step, [step])]
    c.Autograde.exporter_class = SubmissionExporter
    autograde_start.install()
    safe_pages.configure(c)
    c.Autograde.pre_convert_hook = lambda **names: forget_first(course, **names)
    logging.getLogger("AutogradeApp").addFilter(nbgrader_log.OneSentence())
