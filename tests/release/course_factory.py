"""A course of a few lines, with everything a release can go wrong on."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gradlab.course import Course

CONFIG = """\
from pathlib import Path

from gradlab import nbgrader_release
from gradlab.course import Course

c = get_config()
nbgrader_release.configure(c, Course(Path(__file__).resolve().parent))
"""

TOML = """\
[assignment]
name = "tiny"
title = "A tiny assignment"
notebook = "tiny.ipynb"
dataset = "dots"
minutes = 10

[lib]
ships = ["lib/__init__.py", "lib/layers.py", "lib/tools.py"]
exercises = ["blur-forward"]
given = ["scale-forward"]
files = ["lib/extra.py"]

[[exercise]]
name = "blur_forward"
title = "Blur"
points = 2
graded = "auto"
where = "lib/layers.py, Blur.forward"
regions = ["blur-forward"]
heading = "1"

[[exercise]]
name = "inline"
title = "Why is the border darker?"
points = 3
graded = "manual"
where = "the answer cell of section 2"
heading = "2"

[training]
floor = 0.5
target = 0.9
sample_floor = 0.3
sample_target = 0.8

[report]
pdf = "tiny.pdf"

[[report.part]]
key = "answer"
title = "The border"
exercises = ["inline"]
show = "text"

[submission]
files = ["tiny.ipynb", "lib/layers.py", "tiny.pdf"]
"""

LAYERS = '''\
"""Two layers, one of them to be written."""

import numpy as np


class Blur:
    """Replace each value by the mean of itself and its neighbors."""

    def forward(self, x):
        """Return the blurred array, same shape as x, (N,)."""
        out = np.zeros_like(x)
        ### BEGIN SOLUTION blur-forward
        padded = np.pad(x, 1)  # the border sees a zero
        for offset in (-1, 0, 1):
            shifted = padded[1 + offset : len(padded) - 1 + offset]
            out += shifted / np.float64(3.0)
        ### END SOLUTION
        return out


class Scale:
    """Multiply by a number."""

    def forward(self, x, factor):
        """Return factor * x."""
        ### BEGIN SOLUTION scale-forward
        product = np.multiply(x, np.asarray(factor, dtype=x.dtype))
        ### END SOLUTION
        return product
'''

TOOLS = '''\
"""What students use and do not write."""

from lib.layers import Scale


def halve(x):
    """Return x / 2."""
    return Scale().forward(x, 0.5)
'''

UNSHIPPED = '''\
"""Another assignment's layer, which this one does not ship and does not list."""


def sharpen(x):
    """Return x, sharpened."""
    ### BEGIN SOLUTION sharpen-forward
    sharpened = 2.0 * x - sum(x[i : i + 3] for i in range(7)) / 3.0
    return sharpened
    ### END SOLUTION
'''

ANSWER = "**Border.** Outside the image the padding is zero, so the mean of a border pixel is too small."
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _graded(grade_id: str, **flags: Any) -> dict[str, Any]:
    base = {"schema_version": 3, "grade_id": grade_id, "grade": False, "solution": False, "locked": True}
    return {"nbgrader": {**base, "task": False, **flags}}


def notebook() -> Any:
    """Return the master notebook: two sections, a graded cell each, and a cell with an answer."""
    cells = [
        new_markdown_cell("## 1 Blur\n![a gray dot](images/dot.png)", metadata=_graded("heading_blur")),
        new_code_cell("import numpy as np\nfrom lib.layers import Blur", metadata=_graded("setup")),
        new_code_cell(
            "assert np.allclose(Blur().forward(np.ones(3)), [2 / 3, 1, 2 / 3])\n"
            "### BEGIN HIDDEN TESTS\n"
            "assert np.allclose(Blur().forward(np.arange(5.0))[2:4], [2, 3])\n"
            "### END HIDDEN TESTS",
            metadata=_graded("blur_forward", grade=True, points=2),
        ),
        new_code_cell(
            "width = None\n### BEGIN SOLUTION tiny-width\n"
            "width = len(Blur().forward(np.ones(31)))\n### END SOLUTION",
            metadata=_graded("width", solution=True, locked=False),
        ),
        new_markdown_cell("## 2 Why is the border darker?", metadata=_graded("heading_inline")),
        new_markdown_cell(
            ANSWER, metadata=_graded("inline", grade=True, solution=True, locked=False, points=3)
        ),
        new_code_cell("print(width)"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python of the author", "language": "python", "name": "python3"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    made.nbformat_minor = 5
    return made


def write_notebook(course: Course, made: Any) -> None:
    """Make a notebook the master of the tiny assignment."""
    nbformat.write(made, course.source / "tiny" / "tiny.ipynb")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def tree(folder: Path) -> dict[str, bytes]:
    """Return path -> bytes of everything below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def everything(course: Course) -> dict[str, tuple[bytes, int]]:
    """Return path -> (bytes, permissions) of all that a course holds: to see that nothing changed."""
    return {
        path: (content, (course.root / path).stat().st_mode) for path, content in tree(course.root).items()
    }


def make_course(root: Path) -> Course:
    """Write the course below a folder."""
    files = {
        "nbgrader_config.py": CONFIG,
        "requirements.lock": "".join(
            f"{name}==1.2.{number}\n"
            for number, name in enumerate(
                [
                    *("jupyterlab", "matplotlib", "numpy", "papermill", "pillow", "pooch", "pypandoc-binary"),
                    *("scipy", "tqdm", "typst", "nbgrader", "jsonschema"),
                ]
            )
        ),
        "get_datasets.sh": "#!/bin/sh\npython -m lib.tools\n",
        "data/registry.toml": '[dots]\nfiles = ["data/dots.mat"]\n',
        "lib/__init__.py": "",
        "lib/layers.py": LAYERS,
        "lib/tools.py": TOOLS,
        "lib/unshipped.py": UNSHIPPED,
        "exercises/__init__.py": '"""Probes and judges."""\n',
        "exercises/tiny.py": (
            '"""Judge of the tiny assignment."""\n\nTOLERANCE = 1e-7\nRUBRIC = "mentions the padding"\n'
        ),
        "source/tiny/assignment.toml": TOML,
        "source/tiny/README.md": "# A tiny assignment\n\nOpen tiny.ipynb.\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "source/tiny/images").mkdir()
    (root / "source/tiny/images/dot.png").write_bytes(DOT)
    course = Course(root)
    write_notebook(course, notebook())
    return course
