"""Do what a student does with a folder: run the notebook from top to bottom, save it, make the PDF."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gradlab import manifest as manifests
from gradlab import notebook as notebooks
from gradlab.assignment import Assignment
from gradlab.course import Course


def work_through(course: Course, assignment: Assignment, folder: Path, *, timeout: float = 1800) -> Any:
    """Run the notebook of a student's folder in place, as *Run All Cells* does, and save it with its outputs.

    Training happens here: ``model.npz`` lies in the folder afterwards.

    Returns
    -------
    NotebookNode
        As saved.
    """
    from lib.report.execute import execute_notebook

    path = folder / assignment.notebook
    notebook = notebooks.read(path, course.relative(path))
    grading = ("NBGRADER_EXECUTION", "GRADLAB_LOAD_ONLY")  # a student's checks decide, and training trains
    env = {name: value for name, value in os.environ.items() if name not in grading} | {
        "GRADLAB_DATA": str(course.data),
        "PYTHONPATH": "",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    executed, _problems = execute_notebook(notebook, folder, timeout=timeout, env=env)
    path.write_text(manifests.notebook_text(executed), encoding="utf-8")
    return executed
