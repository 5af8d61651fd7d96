"""What an entry of the tables of attacks is. Each is tried in a test, and stands in docs/security.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell
from tiny_course import Change, answer, cell_of

#: Scores of (shift of 4, picture of 2) in the tiny course; None: not judged.
Points = tuple[float | None, float | None]
WRONG = "x * 0 + 100"


@dataclass(frozen=True)
class Attack:
    """One submission that is hostile or broken.

    Attributes
    ----------
    name : str
        Also the student's.
    tried, happens : str
        For the table.
    change : Change
        Makes the submission out of the release.
    points : Points
        What it deserves.
    told : str
        A part of what the student reads: in the notes of the grader, or as the reason of a verdict.
    after : function(folder), optional
        Damages the files of the submission once they are all there.
    slow : bool
        It takes long; not in the daily run.
    """

    name: str
    tried: str
    happens: str
    change: Change
    points: Points
    told: str = ""
    after: Callable[[Path], Any] | None = None
    slow: bool = False


def write_layer(folder: Path, body: str, top: str = "") -> None:
    """Write lib/layers.py: statements at its top, and the body of the layer that is asked for."""
    indented = "\n".join(f"        {line}" for line in body.splitlines())
    code = f"import numpy as np\n\n{top}\n\nclass Shift:\n    def forward(self, x, by):\n{indented}\n"
    (folder / "lib" / "layers.py").write_text(code, encoding="utf-8")


def layer(body: str, top: str = "") -> Change:
    """Return a change: this layer, and right answers to everything else."""

    def change(folder: Path, nb: Any) -> None:
        answer(folder, nb)
        write_layer(folder, body, top)

    return change


def cell(code: str, *, out: str = WRONG, picture: str = "np.zeros((2, 2))") -> Change:
    """Return a change: wrong answers, and this cell after the imports."""

    def change(folder: Path, nb: Any) -> None:
        answer(folder, nb, out=out, picture=picture)
        nb.cells.insert(2, new_code_cell(code, id="attack"))

    return change


def right_but(damage: Change) -> Change:
    """Return a change: right answers, then this damage."""

    def change(folder: Path, nb: Any) -> None:
        answer(folder, nb)
        damage(folder, nb)

    return change


__all__ = [
    "WRONG",
    "Attack",
    "Change",
    "Points",
    "answer",
    "cell",
    "cell_of",
    "layer",
    "right_but",
    "write_layer",
]
