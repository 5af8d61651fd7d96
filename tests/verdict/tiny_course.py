"""A course of one layer and one picture: small enough to be graded a dozen times in a test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gradlab.course import Course

PROJECT = Path(__file__).resolve().parents[2]

CONFIG = """\
from pathlib import Path

from gradlab import intake, late_days, nbgrader_autograde, nbgrader_release
from gradlab.course import Course

c = get_config()
course = Course(Path(__file__).resolve().parent)
nbgrader_release.configure(c, course)
nbgrader_autograde.configure(c, course)
intake.configure(c, course)
late_days.configure(c, course)
"""

TOML = """\
[assignment]
name = "tiny"
title = "Tiny"
notebook = "tiny.ipynb"
minutes = 1

[lib]
ships = ["lib/__init__.py", "lib/errors.py", "lib/layers.py", "lib/secret_ops.py", "lib/check"]
exercises = ["shift-forward"]
files = ["lib/extra.py"]

[[exercise]]
name = "shift"
title = "Shift"
points = 4
graded = "auto"
regions = ["shift-forward"]
heading = "1"

[[exercise]]
name = "picture"
title = "Picture"
points = 2
graded = "auto"
heading = "2"

[[exercise]]
name = "look"
title = "Look"
points = 3
graded = "manual"
heading = "2"

[[exercise]]
name = "words"
title = "Words"
points = 5
graded = "manual"
heading = "3"

[limits]
cell_seconds = 10

[submission]
files = ["tiny.ipynb", "lib/layers.py"]
"""

LAYERS = '''\
"""One layer to be written."""

import numpy as np


class Shift:
    """Add a number, or take it away."""

    def forward(self, x, by):
        """Return x + by, and x where by is zero."""
        out = None
        ### BEGIN SOLUTION shift-forward
        shifted_by = np.add(x, by)
        out = shifted_by
        ### END SOLUTION
        return out
'''

PROBES = '''\
"""Calls the student's layer."""


def shift(case):
    """Shift the array of a case."""
    from lib.layers import Shift

    return {"out": Shift().forward(case["x"], case["by"])}
'''

EXERCISES = '''\
"""Judges of the tiny course."""

import numpy as np

from exercises import Exercise, Verdict


def cases(rng):
    """Draw four arrays; by is zero for two of them."""
    return [{"x": rng.standard_normal(3), "by": np.array(by)} for by in (0.0, 0.0, 1.5, -2.0)]


def judge_shift(got, reference, context):
    """Count the arrays that are right."""
    right = [
        "out" in g.arrays and g.arrays["out"].shape == (3,) and np.allclose(g.arrays["out"], r.arrays["out"])
        for g, r in zip(got, reference, strict=True)
    ]
    error = next((g.error.message for g in got if g.error), "")
    return Verdict(sum(right) / len(right), error or f"{sum(right)} of {len(right)} <arrays> are right")


def judge_picture(got, reference, context):
    """Ask for ones."""
    ok = np.array_equal(got[0].arrays.get("picture"), np.ones((2, 2)))
    return Verdict(float(ok), "all ones" if ok else "the picture is not all ones")


EXERCISES = {
    "shift": Exercise(
        "shift",
        probe="lib.check.probes_tiny:shift",
        cases=cases,
        judge=judge_shift,
        withhold=("lib.secret_ops",),
        timeout=5,
    ),
    "picture": Exercise("picture", source="notebook", judge=judge_picture),
    "look": Exercise("look", source="manual", rubric="**Rubric**: is it seen?"),
    "words": Exercise("words", source="manual", rubric="**Rubric**: two sentences."),
}
'''


def _marks(grade_id: str, **flags: Any) -> dict[str, Any]:
    base = {"schema_version": 3, "grade_id": grade_id, "grade": False, "solution": False, "locked": True}
    return {"nbgrader": {**base, "task": False, **flags}}


def notebook() -> Any:
    """Return the master notebook."""
    cells = [
        new_markdown_cell("# Tiny", metadata=_marks("heading_shift")),
        new_code_cell("import numpy as np\nfrom lib.check import check", metadata=_marks("setup")),
        new_code_cell('check("shift")', metadata=_marks("shift", grade=True, points=4)),
        new_code_cell(
            "picture = None\n### BEGIN SOLUTION tiny-picture\npicture = np.ones((2, 2))\n### END SOLUTION",
            metadata=_marks("picture_answer", solution=True, locked=False),
        ),
        new_code_cell('check("picture", picture=picture)', metadata=_marks("picture", grade=True, points=2)),
        new_code_cell(
            "### BEGIN SOLUTION tiny-look\nprint(picture, 'shown')\n### END SOLUTION",
            metadata=_marks("look", grade=True, solution=True, locked=False, points=3),
        ),
        new_markdown_cell(
            "The picture holds ones because the author of this master wrote them there.",
            metadata=_marks("words", grade=True, solution=True, locked=False, points=5),
        ),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-number-{number}"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    made.nbformat_minor = 5
    return made


def make_tiny(root: Path) -> Course:
    """Write the course below a folder."""
    files = {
        "nbgrader_config.py": CONFIG,
        "requirements.lock": (PROJECT / "requirements.lock").read_text(encoding="utf-8"),
        "lib/__init__.py": "",
        "lib/layers.py": LAYERS,
        "lib/secret_ops.py": "def add(x, by):\n    return x + by\n",
        "exercises/tiny.py": EXERCISES,
        "source/tiny/assignment.toml": TOML,
        "source/tiny/README.md": "# Tiny\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copyfile(PROJECT / "lib" / "errors.py", root / "lib" / "errors.py")
    shutil.copytree(
        PROJECT / "lib" / "check", root / "lib" / "check", ignore=shutil.ignore_patterns("__pycache__")
    )
    (root / "lib" / "check" / "probes_tiny.py").write_text(PROBES, encoding="utf-8")
    course = Course(root)
    nbformat.write(notebook(), course.source / "tiny" / "tiny.ipynb")
    return course


#: What a change works on: the folder handed in and its notebook, which is written back afterwards.
Change = Callable[[Path, Any], None]


def cell_of(nb: Any, name: str) -> Any:
    """Return the first cell with a grade id."""
    return next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def answer(folder: Path, nb: Any, out: str = "np.add(x, by)", picture: str = "np.ones((2, 2))") -> None:
    """Fill in answers."""
    path = folder / "lib" / "layers.py"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "YOUR CODE" not in line]
    filled = [f"        out = {out}" if "raise NotImplementedError" in line else line for line in lines]
    path.write_text("\n".join(filled) + "\n", encoding="utf-8")
    cell_of(nb, "picture_answer").source = f"picture = {picture}"
    cell_of(nb, "look").source = "print(picture)"
    cell_of(nb, "words").source = "I see ones. There are four of them."


def submit(course: Course, student: str, change: Change | None = None) -> Path:
    """Put a submission into submitted/: the release, changed."""
    folder = course.submitted / student / "tiny"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(course.release / "tiny", folder)
    path = folder / "tiny.ipynb"
    nb = nbformat.read(path, as_version=4)
    if change:
        change(folder, nb)
    if path.is_file() and path.stat().st_size:
        path.write_text(json.dumps(nb))  # nbformat.write would put right what the grader has to
    return folder
