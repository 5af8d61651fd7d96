"""Put the nbgrader metadata of a submission right: what counts is what the gradebook says.

Copied, deleted, moved and relabeled cells are everyday accidents, and ways to cheat. nbgrader takes most of
them for reasons to stop the whole batch, or believes them. Here each graded cell is found again and labeled
anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.api import Gradebook

_MAKE = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


@dataclass(frozen=True)
class SourceCell:
    """A cell as it was released, from the gradebook; ``points`` is None where nothing is graded."""

    name: str
    cell_type: str
    source: str
    locked: bool
    checksum: str
    solution: bool
    task: bool
    points: float | None

    def metadata(self) -> dict[str, Any]:
        """Return nbgrader's metadata of the cell."""
        found: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": self.name,
            "grade": self.points is not None and not self.task,
            "solution": self.solution,
            "locked": self.locked,
            "task": self.task,
            "cell_type": self.cell_type,
            "checksum": self.checksum,
        }
        if self.points is not None:
            found["points"] = self.points
        return found


def source_cells(db_url: str, notebook: str, assignment: str) -> dict[str, SourceCell]:
    """Read the released cells of a notebook from the gradebook, by grade id."""
    with Gradebook(db_url) as gradebook:
        found = gradebook.find_notebook(notebook, assignment)
        points = {cell.name: float(cell.max_score) for cell in (*found.grade_cells, *found.task_cells)}
        solutions = {cell.name for cell in found.solution_cells}
        tasks = {cell.name for cell in found.task_cells}
        return {
            cell.name: SourceCell(
                cell.name,
                cell.cell_type,
                cell.source,
                bool(cell.locked),
                cell.checksum,
                cell.name in solutions,
                cell.name in tasks,
                points.get(cell.name),
            )
            for cell in found.source_cells
        }


def repair(notebook: Any, sources: Mapping[str, SourceCell], released: Any) -> list[str]:
    """Label the cells of a submitted notebook as the gradebook knows them.

    Parameters
    ----------
    notebook : NotebookNode
        Is changed.
    sources : mapping of str to SourceCell
    released : NotebookNode
        The notebook of the release: it knows the order and the ids of the cells.

    Returns
    -------
    list of str
        What was put right, for student and grader.
    """
    notes: list[str] = []
    home = {
        cell["id"]: _grade_id(cell) for cell in released.cells if _grade_id(cell) in sources and "id" in cell
    }
    candidates = _find(notebook, sources, home, notes)
    kept = {}
    for name, found in candidates.items():
        keep = _choose(found, sources[name], home)
        if len(found) > 1:
            notes.append(f"The cell '{name}' was there {len(found)} times; one of them is taken.")
        for cell in found:
            if cell is not keep:
                del cell.metadata["nbgrader"]
        kept[name] = keep
    as_released = {_grade_id(cell): cell.source for cell in released.cells}
    for name, cell in kept.items():
        notes += _differences(cell, sources[name], as_released.get(name, sources[name].source))
        _set_type(cell, sources[name].cell_type)
        cell.metadata["nbgrader"] = sources[name].metadata()
        if sources[name].locked:
            cell.source = sources[name].source
    order = [_grade_id(cell) for cell in released.cells if _grade_id(cell) in sources]
    _put_back(notebook, sources, [*order, *(name for name in sources if name not in order)], kept, notes)
    return notes


def _grade_id(cell: Any) -> str:
    """Return the grade id in a cell's metadata, whatever else stands there; empty when there is none."""
    found = cell.metadata.get("nbgrader")
    name = found.get("grade_id") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""


def _find(
    notebook: Any, sources: Mapping[str, SourceCell], home: Mapping[str, str], notes: list[str]
) -> dict[str, list[Any]]:
    """Collect the cells that claim a grade id; where none does, the one that has its id or its text."""
    candidates: dict[str, list[Any]] = {}
    for cell in notebook.cells:
        name = _grade_id(cell)
        if name in sources:
            candidates.setdefault(name, []).append(cell)
        elif "nbgrader" in cell.metadata:
            claim = cell.metadata.pop("nbgrader")
            if isinstance(claim, dict) and claim.get("grade"):
                notes.append(f"A cell called itself '{name[:60]}' and graded; there is no such exercise.")
    text = {
        source.source: name for name, source in sources.items() if source.locked and source.source.strip()
    }
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            continue
        name = home.get(cell.get("id", ""), "") or text.get(cell.source, "")
        if name and name not in candidates:
            candidates[name] = [cell]
            cell.metadata["nbgrader"] = {}
            notes.append(f"The cell '{name}' had lost its label.")
    return candidates


def _differences(cell: Any, source: SourceCell, released: str) -> list[str]:
    """Say in what a cell is not as it was released and will be again."""
    notes = []
    if cell.cell_type != source.cell_type:
        notes.append(
            f"The cell '{source.name}' had become a {cell.cell_type} cell; it is a {source.cell_type} cell again."
        )
    claim, wanted = cell.metadata["nbgrader"], source.metadata()
    keys = ("grade", "solution", "locked", "points", "schema_version")
    changed = [
        key
        for key in keys
        if isinstance(claim, dict) and key in claim and key in wanted and claim[key] != wanted[key]
    ]
    if changed:
        notes.append(
            f"The label of the cell '{source.name}' had been changed ({', '.join(changed)}); it is as released again."
        )
    if source.locked and cell.source.strip() not in (released.strip(), source.source.strip()):
        notes.append(f"The cell '{source.name}' had been changed; it counts as it was released.")
    return notes


def _choose(found: list[Any], source: SourceCell, home: Mapping[str, str]) -> Any:
    """Choose among copies: of an answer one that was written in, the original before its copies."""
    original_first = sorted(found, key=lambda cell: home.get(cell.get("id", "")) != source.name)
    if not source.locked:
        for cell in original_first:
            if cell.source.strip() != source.source.strip():
                return cell
    return original_first[0]


def _set_type(cell: Any, cell_type: str) -> None:
    """Make a cell one of its released type."""
    if cell.cell_type == cell_type:
        return
    cell.cell_type = cell_type
    for key in ("outputs", "execution_count", "attachments"):
        cell.pop(key, None)
    if cell_type == "code":
        cell.outputs, cell.execution_count = [], None


def _put_back(
    notebook: Any,
    sources: Mapping[str, SourceCell],
    order: list[str],
    kept: dict[str, Any],
    notes: list[str],
) -> None:
    """Insert graded and locked cells that are missing, each behind the one that it followed."""
    before = None
    for name in order:
        source = sources[name]
        if name not in kept and (source.locked or source.points is not None):
            cell = _MAKE[source.cell_type](source.source, metadata={"nbgrader": source.metadata()})
            cell["id"] = f"gradlab-restored-{re.sub('[^A-Za-z0-9_-]', '-', name)}"[:64]
            at = 0 if before is None else next(i for i, c in enumerate(notebook.cells) if c is before) + 1
            notebook.cells.insert(at, cell)
            kept[name] = cell
            if source.points is not None:
                notes.append(f"The cell '{name}' was missing; it was put back as it was released.")
        before = kept.get(name, before)
