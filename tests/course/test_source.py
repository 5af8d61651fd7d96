"""What the notebooks of the course say of themselves agrees with what is graded."""

from __future__ import annotations

import ast
import json
import re
import tomllib

import pytest
from course_copies import ROOT

from gradlab.assignment import load
from gradlab.course import Course

COURSE = Course(ROOT)


@pytest.mark.parametrize("name", COURSE.assignments())
def test_headings_name_the_points_of_their_exercises(name):
    """A student reads in the heading of a section what its exercises are worth together."""
    assignment = load(COURSE, name)
    cells = json.loads((assignment.folder / assignment.notebook).read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    named = {
        number: int(points) for number, points in re.findall(r"^## (\d+) · .*?\((\d+) points", text, re.M)
    }
    wanted: dict[str, float] = {}
    for exercise in assignment.exercises:
        if not exercise.extra_credit:
            wanted[exercise.heading] = wanted.get(exercise.heading, 0) + exercise.points
    assert named == wanted
    table = {
        number: int(points) for number, points in re.findall(r"^\| (\d+) \| [^|]+ \| (\d+) \|", text, re.M)
    }
    assert table == wanted
    extra = {item.heading: item.extra_credit for item in assignment.exercises if item.extra_credit}
    for pattern in (r"^## (\d+) · .*?\((\d+) extra points\)", r"^\| (\d+) \| [^|]+ \| (\d+) extra \|"):
        assert {number: int(points) for number, points in re.findall(pattern, text, re.M)} == extra


@pytest.mark.parametrize("name", COURSE.assignments())
def test_a_release_ships_whatever_its_library_imports(name):
    """A module that is left at home breaks the student's first cell."""
    config = tomllib.loads((ROOT / "source" / name / "assignment.toml").read_text(encoding="utf-8"))
    shipped = set()
    for entry in config["lib"]["ships"]:
        path = ROOT / entry
        shipped |= set(path.rglob("*.py")) if path.is_dir() else set(ROOT.glob(entry))
    missing = {}
    for path in shipped:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:  # what is imported with the module
            module = node.module if isinstance(node, ast.ImportFrom) and not node.level else None
            if module and module.startswith("lib."):
                place = ROOT / module.replace(".", "/")
                if not {place.with_suffix(".py"), place / "__init__.py"} & shipped:
                    missing[str(path.relative_to(ROOT))] = module
    assert missing == {}
