"""Run something on the offline sample, whatever real data lies in data/."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from gradlab import lock
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError

CHOICE = "GRADLAB_DATASET"
#: Seconds to wait for another process that draws the same sample.
PATIENCE = 120


def prepare(course: Course, assignment: Assignment) -> tuple[Path, bool]:
    """Draw the sample of an assignment's data set if it is not there; return its folder and whether it is new."""
    from lib.datasets.sets import SETS

    if assignment.dataset not in SETS:
        msg = f"no sample can be drawn of '{assignment.dataset}', only of: {', '.join(SETS)}."
        raise GradlabError(msg)
    folder = course.data / f"{assignment.dataset}-sample"
    with lock.hold(course, f"sample-{assignment.dataset}", "drawing the sample", patience=PATIENCE):
        return folder, SETS[assignment.dataset].make_sample(folder)


@contextlib.contextmanager
def on_sample(course: Course, assignment: Assignment) -> Iterator[None]:
    """Let everything inside the block, processes that it starts included, find the sample and nothing else."""
    before = os.environ.get(CHOICE)
    if assignment.dataset:
        prepare(course, assignment)
    os.environ[CHOICE] = "sample"
    try:
        yield
    finally:
        if before is None:
            del os.environ[CHOICE]
        else:
            os.environ[CHOICE] = before
