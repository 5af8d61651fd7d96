"""A class in which everybody hands in something odd: accidents, and attempts to cheat."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from tiny_course import Change, answer, cell_of

WRONG = "x * 0 + 100"


def right(folder: Path, nb: Any) -> None:
    """Right answers."""
    answer(folder, nb)


def half(folder: Path, nb: Any) -> None:
    """Right where by is zero."""
    answer(folder, nb, out="x")


def wrong(folder: Path, nb: Any) -> None:
    """Wrong answers."""
    answer(folder, nb, out=WRONG, picture="np.zeros((2, 2))")


def patches_check(folder: Path, nb: Any) -> None:
    """A wrong answer, and a check that is replaced in the kernel."""
    wrong(folder, nb)
    lie = "import lib.check\nlib.check.check = check = lambda *a, **k: print('passed')"
    nb.cells.insert(2, new_code_cell(lie, id="lie"))


def patches_files(folder: Path, nb: Any) -> None:
    """A wrong answer, with files that would take the place of the grader's."""
    wrong(folder, nb)
    (folder / "lib" / "check" / "probe.py").write_text("raise SystemExit(0)\n")
    (folder / "lib" / "check" / "__init__.py").write_text("def check(*a, **k): pass\n")
    (folder / "numpy.py").write_text("raise SystemExit(0)\n")
    (folder / "lib" / "numpy").mkdir()


def uses_withheld(folder: Path, nb: Any) -> None:
    """The finished function instead of an answer, read past the import system."""
    answer(folder, nb, out="eval(open('lib/secret_ops.py').read().split('return')[1])")


def without_metadata(folder: Path, nb: Any) -> None:
    """Right answers, saved by a program that dropped nbgrader's metadata."""
    right(folder, nb)
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)
    nb.metadata.pop("gradlab", None)


def copied_cells(folder: Path, nb: Any) -> None:
    """Right answers; graded and answer cells were copied, an old empty one stands after the answer."""
    right(folder, nb)
    stub = copy.deepcopy(cell_of(nb, "words"))
    stub.source = "*Write here.*"
    nb.cells += [copy.deepcopy(cell_of(nb, "shift")), copy.deepcopy(cell_of(nb, "picture_answer")), stub]


def flipped_flags(folder: Path, nb: Any) -> None:
    """A wrong answer, and labels that would earn points without one."""
    wrong(folder, nb)
    cell_of(nb, "shift").metadata.nbgrader.grade = False
    cell_of(nb, "look").source = "pass"
    cell_of(nb, "look").metadata.nbgrader.solution = False
    cell_of(nb, "picture").metadata.nbgrader.points = 1000
    cell_of(nb, "words").metadata.nbgrader.update(solution=False, grade=True)
    cell_of(nb, "words").cell_type = "code"


def other_schema(folder: Path, nb: Any) -> None:
    """Right answers under a schema that would stop the whole batch, and a graded cell of their own."""
    right(folder, nb)
    cell_of(nb, "shift").metadata.nbgrader.schema_version = 99
    cell_of(nb, "look").metadata.nbgrader = ["not", "a", "dict"]
    extra = new_code_cell("1", id="extra")
    extra.metadata["nbgrader"] = {"schema_version": 3, "grade": True, "grade_id": "bonus", "points": 50}
    nb.cells.append(extra)


def deleted_cells(folder: Path, nb: Any) -> None:
    """Right answers; every graded cell was deleted."""
    right(folder, nb)
    nb.cells = [cell for cell in nb.cells if not cell.metadata.nbgrader.get("grade")]


def kills_kernel(folder: Path, nb: Any) -> None:
    """A right layer; the notebook kills its kernel."""
    right(folder, nb)
    nb.cells.insert(2, new_code_cell("import os\nos._exit(1)", id="kill"))


def forges_verdict(folder: Path, nb: Any) -> None:
    """A wrong answer, with a record of a verdict and the outputs of one."""
    wrong(folder, nb)
    nb.metadata["gradlab"]["verdicts"] = {"shift": {"points": 4.0, "max_points": 4.0}}
    cell_of(nb, "shift").outputs = [new_output("stream", name="stdout", text="4 of 4 points")]


def hangs(folder: Path, nb: Any) -> None:
    """A layer that never returns."""
    answer(folder, nb, out="sum(iter(int, 1))")


def links(folder: Path, nb: Any) -> None:
    """A link where the layer should be."""
    right(folder, nb)
    (folder / "lib" / "layers.py").unlink()
    (folder / "lib" / "layers.py").symlink_to(folder.parents[2] / "lib" / "layers.py")


def lost_file(folder: Path, nb: Any) -> None:
    """No lib/layers.py."""
    right(folder, nb)
    (folder / "lib" / "layers.py").unlink()


def answers_beside(folder: Path, nb: Any) -> None:
    """The answer in words stands in a cell of the student's own below the answer cell, which is as released."""
    words = cell_of(nb, "words")
    left = words.source
    right(folder, nb)
    words.source = left
    nb.cells.insert(nb.cells.index(words) + 1, new_markdown_cell("I see ones, four of them.", id="mine"))


def untouched(folder: Path, nb: Any) -> None:
    """The release as it is."""


def empty_notebook(folder: Path, nb: Any) -> None:
    """A notebook of zero bytes."""
    (folder / "tiny.ipynb").write_text("")


def other_name(folder: Path, nb: Any) -> None:
    """Right answers in a notebook of another name."""
    right(folder, nb)
    nbformat.write(nb, folder / "my tiny (1).ipynb")
    (folder / "tiny.ipynb").unlink()


CLASS: dict[str, Change] = {
    change.__name__: change
    for change in (
        right,
        half,
        wrong,
        patches_check,
        patches_files,
        uses_withheld,
        without_metadata,
        copied_cells,
        flipped_flags,
        other_schema,
        deleted_cells,
        kills_kernel,
        forges_verdict,
        hangs,
        links,
        lost_file,
        answers_beside,
        untouched,
        empty_notebook,
        other_name,
    )
}
