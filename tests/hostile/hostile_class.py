"""Grade a class of attackers, an honest student first and last, and look at what everybody reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attack import Attack
from grading_run import Run, autograde, graded, scores
from tiny_course import answer, submit

from gradlab.course import Course

LIMITS = """\
cell_seconds = 8
total_seconds = 40
memory_mb = 700
processes = 100
file_mb = 20
disk_mb = 60
output_mb = 5
"""


HONEST = ("aa_honest", "zz_honest")
#: Folders of a course that grading writes to.
WRITTEN = ("submitted", "autograded", ".gradlab")


@dataclass(frozen=True)
class Graded:
    """A class after grading: the course, nbgrader's log, and whether the course's own files are what they were."""

    course: Course
    run: Run
    untouched: bool


def with_limits(course: Course) -> None:
    """Set tight limits in the tiny course."""
    toml = course.source / "tiny" / "assignment.toml"
    toml.write_text(toml.read_text().replace("cell_seconds = 10\n", LIMITS))
    # as many as an honest layer needs on a machine that does ten other things
    judges = course.exercises / "tiny.py"
    judges.write_text(judges.read_text().replace("timeout=5", "timeout=12"))


def grade_class(released: Course, root: Path, attacks: Iterable[Attack], *, executed: bool = True) -> Graded:
    """Let a class of honest and hostile students hand in, and grade it with ``nbgrader autograde``.

    Parameters
    ----------
    released : Course
        Is copied.
    root : Path
        Of the copy.
    attacks : iterable of Attack
        One student each.
    executed : bool
        Without it, notebooks are not executed: values that live in them are not judged, all else is. That is quick.
    """
    shutil.copytree(released.root, root, symlinks=True)
    course = Course(root)
    for name in HONEST:
        submit(course, name, answer)
    for attack in attacks:
        folder = submit(course, attack.name, attack.change)
        if attack.after is not None:
            attack.after(folder)
    before = _files(course)
    run = autograde(course, change=None if executed else _not_executed)
    return Graded(course, run, _files(course) == before)


def _not_executed(config: Any) -> None:
    config.Execute.enabled = False


def _files(course: Course) -> dict[str, str]:
    """Return a digest of each file that belongs to the course, by path."""
    return {
        path.relative_to(course.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(course.root.rglob("*"))
        if path.is_file()
        and path.relative_to(course.root).parts[0] not in WRITTEN
        and "__pycache__" not in path.parts
        and path != course.gradebook
        and path.suffix != ".log"
    }


def points(found: Graded, student: str) -> tuple[float | None, float | None]:
    """Return what a student has for the layer and for the picture."""
    have = scores(found.course, student)
    return have.get("shift"), have.get("picture")


def text(found: Graded, student: str) -> str:
    """Return what a student reads: the graded notebook; where there is none, what the grader is told."""
    if not (found.course.autograded / student / "tiny" / "tiny.ipynb").is_file():
        return found.run.log
    nb = graded(found.course, student)
    said = list(nb.metadata["gradlab"]["notes"])
    for cell in nb.cells:
        said.append(cell.source if cell.metadata.get("gradlab") else "")
        for output in cell.get("outputs", []):
            said += [output.get("text", ""), output.get("evalue", ""), json.dumps(output.get("data", {}))]
    return "\n".join(said)
