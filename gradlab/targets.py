"""Measure on the full real data what the sample can only suggest: whether the reference reaches the target."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from rich.console import Console

from gradlab import assemble, sandbox, verdict
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.student import work_through
from gradlab.verdict import judge_submission


def measure(course: Course, name: str, console: Console) -> float:
    """Train the reference network as a student would, and judge it on the official test images.

    Returns
    -------
    float
        Share of the points of training.

    Raises
    ------
    GradlabError
        If the real data is not there, or training did not come to its end.
    """
    from lib.datasets.sets import SETS
    from lib.model_file import read_model

    assignment = load(course, name)
    if assignment.training is None:
        msg = f"{name} has no [training] in its assignment.toml, so there is no target to measure."
        raise GradlabError(msg)
    verdict.require_data(course, assignment)
    if verdict.uses_sample(course, assignment.dataset):
        msg = f"the real data of {name} is not in data/; run: ./get_datasets.sh {assignment.dataset}"
        raise GradlabError(msg)
    provenance = SETS[assignment.dataset].provenance(course.data)
    console.print(f"Training the reference network of {name} on: {provenance}. This takes minutes.")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gradlab-targets-") as scratch:
        work = Path(scratch)
        assemble.assemble(course, assignment, work, solved=True)
        work_through(course, assignment, work, timeout=6 * 3600)
        seconds = time.monotonic() - begin
        if not (work / "model.npz").is_file():
            msg = (
                "the training cell wrote no model.npz; run the notebook in JupyterLab (make lab) to see why."
            )
            raise GradlabError(msg)
        history = read_model(work / "model.npz").history
        with sandbox.trust("the master's reference"):
            judged = judge_submission(course, assignment, work, None, version="targets")["training"]
    best = max(history.val_acc_hist)
    console.print(f"  after {seconds:.0f} s: best validation accuracy {best:.2%}")
    console.print(f"  on the test images: {judged.reason or 'all points'}")
    console.print(
        f"  target {assignment.training.target:.0%}: {'reached' if judged.fraction == 1 else 'not reached'}"
    )
    if judged.fraction is None:
        msg = f"the network could not be judged: {judged.reason}"
        raise GradlabError(msg)
    return judged.fraction
