"""Other answers to an assignment: bodies of regions that take the place of the reference.

A variant is a file of ``exercises/variants/<assignment>/``. The gate, the demo and the tests build submissions
from variants and from the reference.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Mapping
from pathlib import Path

from gradlab import manifest as manifests
from gradlab import notebook as notebooks
from gradlab import regions
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError


def load_variant(course: Course, assignment: str, name: str) -> dict[str, str]:
    """Return the bodies of a variant's regions by region name, without their indentation.

    Raises
    ------
    GradlabError
        If there is no such variant; the message lists those that are there.
    """
    folder = course.exercises / "variants" / assignment
    path = folder / f"{name}.py"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.py"))) or "none"
        msg = f"assignment '{assignment}' has no variant '{name}'; known: {known}."
        raise GradlabError(msg)
    shown = course.relative(path)
    found = regions.find_regions(regions.read_text(path, shown), shown)
    return {region.name: textwrap.dedent(region.body) for region in found}


def fill(text: str, bodies: Mapping[str, str], filename: str) -> str:
    """Return a master file with every region solved: by the body given for it, else by the reference."""
    lines = regions.normalize(text).split("\n")
    out: list[str] = []
    position = 0
    for region in regions.find_regions(text, filename):
        marker = lines[region.first - 1]
        indent = marker[: len(marker) - len(marker.lstrip())]
        body = bodies.get(region.name)
        out += lines[position : region.first - 1]
        out += region.body.split("\n") if body is None else textwrap.indent(body, indent).split("\n")
        position = region.last
    return "\n".join([*out, *lines[position:]])


def fill_in(
    course: Course,
    assignment: Assignment,
    released: Path,
    folder: Path,
    *,
    bodies: Mapping[str, str] | None = None,
    unanswered: Collection[str] = (),
) -> None:
    """Make a student's folder out of a released one, with answers filled in.

    Parameters
    ----------
    course : Course
    assignment : Assignment
    released : Path
        The unpacked release.
    folder : Path
        Where the student's copy goes; it must not exist.
    bodies : mapping of region name to text, optional
        Answers in place of the reference. None leaves the release as it is: a student who did nothing.
    unanswered : grade ids of notebook cells that stay as released
    """
    shutil.copytree(released, folder, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    if bodies is None:
        return
    for name in assignment.student_files:
        master = course.root / name
        if master.is_file():
            text = fill(regions.read_text(master, name), bodies, name)
            (folder / name).write_text(text, encoding="utf-8")
    path, master = folder / assignment.notebook, assignment.folder / assignment.notebook
    released_notebook = notebooks.read(path, course.relative(path))
    solved = {
        cell.metadata.nbgrader.grade_id: fill(cell.source, bodies, assignment.notebook)
        for cell in notebooks.read(master, course.relative(master)).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    for cell in released_notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in solved and name not in unanswered:
            cell.source = solved[name]
    path.write_text(manifests.notebook_text(released_notebook), encoding="utf-8")
