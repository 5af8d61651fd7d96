"""The gate of a release: the reference passes every check and earns every point, the stub fails each as it should.

Both run as a student would run them, on the files that are about to be released, and are then judged as a grader
would judge them. A release that does not behave is refused, with one line for each thing that is off. The gate
always runs on the offline sample: it takes a minute or two, needs no network, and what training must reach there is known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradlab import manifest as manifests
from gradlab import sandbox
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.execution import execute
from gradlab.sample import on_sample
from gradlab.student import work_through
from gradlab.variants import fill_in
from gradlab.verdict import judge_submission
from lib.check import families

NOT_WRITTEN = "not written yet"
#: From this share of the points on, the reference may have missed the rest by chance.
NEARLY = 0.9


def run_gate(
    course: Course, assignment: Assignment, folder: Path, *, say: Callable[[str], Any] = lambda line: None
) -> None:
    """Run reference and stub of a finished release that is not in place yet.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    folder : Path
        The release.
    say : callable
        Is told what runs now: it takes minutes.

    Raises
    ------
    GradlabError
        If anything did not go as it must.
    """
    with tempfile.TemporaryDirectory(prefix="gradlab-gate-") as scratch, on_sample(course, assignment):
        say("The reference answers work through the notebook, and are graded ...")
        problems = _reference(course, assignment, folder, Path(scratch) / "reference")
        say("The notebook as students get it, with nothing written, is run and graded ...")
        problems += _stub(course, assignment, folder, Path(scratch) / "stub")
    if problems:
        lines = "".join(f"\n  {line}" for line in problems)
        msg = f"{assignment.name} is not released, the gate found:{lines}"
        raise GradlabError(msg)


def _reference(course: Course, assignment: Assignment, folder: Path, work: Path) -> list[str]:
    """Hand in the reference answers: every check passes, every exercise earns all points."""
    fill_in(course, assignment, folder, work, bodies={})
    notebook = work_through(course, assignment, work)
    problems = [
        f"reference, check {name}: {message.splitlines()[0]}" for name, message in failures(notebook).items()
    ]
    for name, judged in _judge(course, assignment, work, notebook).items():
        if judged.fraction != 1.0:
            problems.append(f"reference, verdict on {name}: {_earned(judged)}")
    return problems


def _stub(course: Course, assignment: Assignment, folder: Path, work: Path) -> list[str]:
    """Hand in the release as it is: every check says that nothing is written, no exercise earns a point."""
    fill_in(course, assignment, folder, work)
    notebook = work_through(course, assignment, work)
    failed = failures(notebook)
    problems = []
    probed = families.load(assignment.checks).CHECKS if assignment.checks else {}
    for exercise in assignment.exercises:
        if exercise.graded != "auto":
            continue
        if exercise.name not in failed:
            problems.append(f"stub, check {exercise.name}: passes although nothing is written")
        # a check of notebook objects comes too late to say so: the cells before it have failed
        elif exercise.name in probed and NOT_WRITTEN not in failed[exercise.name]:
            problems.append(f"stub, check {exercise.name}: {failed[exercise.name].splitlines()[0]}")
    for name, judged in _judge(course, assignment, work, notebook).items():
        if judged.fraction != 0.0:
            problems.append(f"stub, verdict on {name}: {_earned(judged)}")
    return problems


def _earned(judged: Any) -> str:
    """Say what share of the points a verdict gives, and what can be done where it is nearly all of them."""
    if judged.fraction is None:
        return f"not judged ({judged.reason})"
    said = f"{judged.fraction:.3g} of the points ({judged.reason})"
    if NEARLY <= judged.fraction < 1.0:
        said += "; if that is chance (each course holds other images back), ask for less in assignment.toml, or release with --no-gate"
    return said


def _judge(course: Course, assignment: Assignment, work: Path, notebook: Any) -> dict[str, Any]:
    """Execute and judge a folder as a grader does."""
    with (
        tempfile.TemporaryDirectory(prefix="gradlab-values-") as values,
        sandbox.trust("the master's reference and stub"),
    ):
        execute(notebook, work, data=course.data, values=Path(values), limits=assignment.limits)
        version = manifests.read(work, work.name).version
        return judge_submission(course, assignment, work, Path(values), version=version)


def failures(notebook: Any) -> dict[str, str]:
    """Return grade id -> message of every graded check that ended with an error."""
    found = {}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not marks.get("grade") or marks.get("solution"):
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                found[marks["grade_id"]] = str(output.evalue) or str(output.ename)
    return found
