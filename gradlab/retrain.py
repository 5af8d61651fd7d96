"""Train a submission's network again: its own code, its own settings, in the sandbox, in a throw-away copy."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.execution import execute
from gradlab.notebook_pictures import Plot, plots
from gradlab.verdict_cells import is_machine_graded
from lib.manifest import Manifest
from lib.report import read_notebook

#: Seconds that training may take: one cell, and all of them.
CELL_SECONDS, TOTAL_SECONDS = 3 * 3600.0, 4 * 3600.0


@dataclass
class Retrained:
    """What training again gave: the plots of the report, what went wrong, how long it took in seconds."""

    plots: list[Plot] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def retrain(course: Course, assignment: Assignment, manifest: Manifest, student: str) -> Retrained:
    """Run a graded submission without the files that hold what was trained, so that its training cell trains.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    manifest : Manifest
    student : str

    Raises
    ------
    GradlabError
        If it was not graded, or there is no sandbox.
    """
    graded = course.autograded / student / assignment.name
    path = graded / assignment.notebook
    if not path.is_file():
        msg = f"{student} was not graded, so there is nothing to train again; run: gradlab grade {assignment.name}"
        raise GradlabError(msg)
    notebook = read_notebook(path)
    # checks run the same code on small inputs; here they would only take time
    notebook.cells = [cell for cell in notebook.cells if not is_machine_graded(cell)]
    with tempfile.TemporaryDirectory(prefix="gradlab-retrain-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / "submission"
        shutil.copytree(graded, folder, ignore=shutil.ignore_patterns("*.ipynb", "*.npz", "__pycache__"))
        found = execute(
            notebook,
            folder,
            data=course.data,
            values=Path(scratch) / "values",
            limits=replace(assignment.limits, cell_seconds=CELL_SECONDS, total_seconds=TOTAL_SECONDS),
            dataset=_dataset(notebook),
            training=True,
        )
    found.apply(notebook)
    return Retrained(plots(notebook, manifest), found.notes, found.seconds)


def _dataset(notebook: Any) -> str:
    """Return the kind of data that a submission was graded with."""
    noted = notebook.metadata.get("gradlab")
    named = noted.get("dataset") if isinstance(noted, dict) else None
    return named if named in ("real", "sample") else ""
