"""Write verdicts into the cells of a graded notebook, in the form that nbgrader reads.

not judged   an error "NotJudged"; stands in every graded cell until a verdict takes its place
all          one line on stdout
a part       one execute_result: the number in text/plain, the reason in text/html
none         an error whose traceback is the reason
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from nbformat.v4 import new_markdown_cell, new_output

from gradlab.verdict import Judged

#: Metadata of cells that the grader added: reports leave them out.
ADDED = "gradlab"


def is_machine_graded(cell: Any) -> bool:
    """Tell whether nbgrader takes the outputs of a cell for its score."""
    found = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(found.get("grade")) and not found.get("solution")


def is_manual(cell: Any) -> bool:
    """Tell whether a person gives the points of a cell."""
    found = cell.metadata.get("nbgrader", {})
    return bool(
        found.get("task") or (found.get("grade") and (found.get("solution") or cell.cell_type != "code"))
    )


def answered_elsewhere(notebook: Any, released: Any) -> dict[str, int]:
    """Find manual items whose section holds cells that the student added.

    Parameters
    ----------
    notebook : NotebookNode
        A submission, before anything of ours was added to it.
    released : NotebookNode
        What the student was given.

    Returns
    -------
    dict of str to int
        Grade id of a manual item -> number of the first added cell of its section, counted from 1. A section
        begins at a cell whose grade id begins with ``heading_``.
    """
    ids = {cell.get("id") for cell in released.cells}
    sources = {cell.source.strip() for cell in released.cells}
    found: dict[str, int] = {}
    items: list[str] = []
    added = 0
    for number, cell in enumerate(notebook.cells, 1):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name.startswith("heading_"):
            items, added = [], 0
        elif is_manual(cell):
            items.append(name)
        elif not name and cell.get("id") not in ids and cell.source.strip() not in sources:
            added = added or number
        if added:
            found |= {item: added for item in items if item not in found}
    return found


def close(cell: Any, reason: str) -> None:
    """Mark a cell as not judged."""
    said = f"NotJudged: {reason}"
    cell.outputs = [new_output("error", ename="NotJudged", evalue=reason, traceback=said.splitlines())]


def score(verdict: Judged, points: float) -> float | None:
    """Return the points of a verdict, rounded to hundredths; None when nothing was judged."""
    if verdict.fraction is None:
        return None
    return float(min(points, max(0.0, round(verdict.fraction * points, 2))))


def write(cell: Any, verdict: Judged) -> dict[str, Any]:
    """Replace the outputs of a graded cell by a verdict; return the record of it."""
    points = float(cell.metadata["nbgrader"]["points"])
    earned = score(verdict, points)
    record = {"points": earned, "max_points": points, "reason": verdict.reason}
    if earned is None:
        close(cell, verdict.reason)
        return record
    said = f"{earned:g} of {points:g} points: {verdict.reason}"
    if earned >= points:
        cell.outputs = [new_output("stream", name="stdout", text=said + "\n")]
    elif earned <= 0:
        cell.outputs = [new_output("error", ename="Points", evalue=said, traceback=said.splitlines())]
    else:
        shown = "<br>".join(html.escape(line) for line in said.splitlines())
        data = {"text/plain": repr(earned), "text/html": f"<p><b>{shown}</b></p>"}
        count = cell.get("execution_count")
        cell.outputs = [new_output("execute_result", execution_count=count, data=data)]
    return record


def add_rubrics(notebook: Any, rubrics: Mapping[str, str]) -> None:
    """Put the rubric of each manual item above its cell."""
    cells = []
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if is_manual(cell) and rubrics.get(name):
            cells.append(_added(f"rubric-{name}", "rubric", rubrics[name]))
        cells.append(cell)
    notebook.cells = cells


def add_notes(notebook: Any, notes: list[str]) -> None:
    """Put the grader's notes at the top of the notebook, if there are any."""
    if notes:
        lines = "\n".join(f"- {_plain(note)}" for note in notes)
        notebook.cells.insert(0, _added("notes", "notes", f"**Notes of the grader**\n\n{lines}"))


def _added(name: str, kind: str, text: str) -> Any:
    cell = new_markdown_cell(text, metadata={ADDED: {"added": kind}})
    cell["id"] = f"gradlab-{name}"[:64]
    return cell


def _plain(text: str) -> str:
    """Make a text harmless in markdown: file names of students are part of notes."""
    escaped = html.escape(" ".join(text.split()), quote=False)  # the # of an entity would be escaped below
    return "".join(f"\\{c}" if c in "\\`*_[]#|$" else c for c in escaped)
