"""A master notebook as the tools see it: which cells are graded, which hold answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from gradlab import regions
from gradlab.errors import GradlabError

# delimiters that nbgrader takes out itself; it does not notice an END whose BEGIN is misspelled
HIDDEN_PAIRS = (("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"), ("BEGIN MARK SCHEME", "END MARK SCHEME"))


def read(path: Path, shown: str) -> Any:
    """Read a notebook, or say in one sentence why it is none.

    Returns
    -------
    NotebookNode, format 4, each cell with an id of its own.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        msg = f"{shown} not found; the assignment.toml beside it names this file as its notebook."
        raise GradlabError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{shown} is not a notebook: byte {error.start} is not UTF-8."
        raise GradlabError(msg) from error
    try:
        raw = json.loads(text)
        minor = (raw["nbformat"], raw["nbformat_minor"])
        ids = [cell.get("id") for cell in raw["cells"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = (
            f"{shown} is not a notebook ({error or type(error).__name__}); open it in JupyterLab, or take "
            "the last good version."
        )
        raise GradlabError(msg) from error
    if minor < (4, 5) or None in ids or len(set(ids)) < len(ids):
        # nbformat would invent ids at each reading, and no release would equal the one before
        msg = (
            f"{shown} has cells without an id of their own (format {minor[0]}.{minor[1]}); save it once in "
            "JupyterLab."
        )
        raise GradlabError(msg)
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        msg = f"{shown} is not a valid notebook: {reason}."
        raise GradlabError(msg) from error
    return notebook


def flags(cell: Any) -> dict[str, Any]:
    """Return nbgrader's metadata of a cell, empty if there are none."""
    found = cell.metadata.get("nbgrader", {})
    return dict(found) if isinstance(found, dict) else {}


def label(shown: str, number: int, cell: Any) -> str:
    """Name a cell in a message: file, number counted from 1, grade id."""
    grade_id = flags(cell).get("grade_id")
    return f"{shown} cell {number}" + (f" ({grade_id})" if grade_id else "")


def grade_cells(notebook: Any) -> dict[str, tuple[float, str]]:
    """Return grade id -> (points, "auto" or "manual") of every graded cell, in order."""
    graded = {}
    for cell in notebook.cells:
        found = flags(cell)
        if found.get("grade") or found.get("task"):
            manual = found.get("solution") or found.get("task") or cell.cell_type != "code"
            graded[str(found.get("grade_id"))] = (
                float(found.get("points", 0)),
                "manual" if manual else "auto",
            )
    return graded


def check_cells(notebook: Any, shown: str) -> None:
    """Refuse a master whose cells would be released in part: markers out of place, ids used twice.

    Raises
    ------
    GradlabError
        If a region is malformed, stands in a cell that is not a solution cell, or has the name of another
        one; if the delimiters of hidden tests or mark schemes do not pair; if two cells have one grade id.
    """
    names: dict[str, str] = {}
    grade_ids: dict[str, str] = {}
    for number, cell in enumerate(notebook.cells, 1):
        where = label(shown, number, cell)
        found = regions.find_regions(cell.source, where)
        if found and not flags(cell).get("solution"):
            msg = (
                f"{where}: region '{found[0].name}' stands in a cell that is not a solution cell; mark the "
                "cell as one."
            )
            raise GradlabError(msg)
        for region in found:
            if region.name in names:
                msg = (
                    f"{where}: region '{region.name}' stands in {names[region.name]} already; give each "
                    "its own name."
                )
                raise GradlabError(msg)
            names[region.name] = where
        for begin, end in HIDDEN_PAIRS:
            _check_pairs(cell.source, begin, end, where)
        grade_id = flags(cell).get("grade_id")
        if grade_id in grade_ids:
            msg = (
                f"{where}: the grade id '{grade_id}' belongs to {grade_ids[grade_id]} already; give each "
                "cell its own."
            )
            raise GradlabError(msg)
        if grade_id:
            grade_ids[grade_id] = where


def answers(notebook: Any, shown: str) -> Iterator[regions.Region]:
    """Yield what students must not get: the regions of solution cells, or a whole cell that has none."""
    for number, cell in enumerate(notebook.cells, 1):
        if not flags(cell).get("solution"):
            continue
        where = label(shown, number, cell)
        found = regions.find_regions(cell.source, where)
        if found:
            yield from found
        else:
            name = str(flags(cell).get("grade_id") or f"cell-{number}")
            yield regions.Region(name, where, 1, cell.source.count("\n") + 1, cell.source)


def hidden_lines(notebook: Any) -> Iterator[str]:
    """Yield the lines of hidden tests and mark schemes."""
    for cell in notebook.cells:
        yield from (line for line, hidden in _hidden(cell.source) if hidden)


def without_hidden(source: str) -> str:
    """Return the source of a cell without its hidden tests and mark schemes."""
    return "\n".join(line for line, hidden in _hidden(source) if not hidden)


def _hidden(source: str) -> Iterator[tuple[str, bool]]:
    """Yield each line but the delimiters, and whether it stands between two of them."""
    inside = False
    for line in source.split("\n"):
        if any(begin in line or end in line for begin, end in HIDDEN_PAIRS):
            inside = any(begin in line for begin, _ in HIDDEN_PAIRS)
        else:
            yield line, inside


def _check_pairs(source: str, begin: str, end: str, where: str) -> None:
    inside = False
    for line in source.split("\n"):
        if begin not in line and end not in line:
            continue
        if (begin in line) == inside:
            msg = (
                f"{where}: {begin if inside else end} where {end if inside else begin} was expected; pair "
                "them."
            )
            raise GradlabError(msg)
        inside = not inside
    if inside:
        msg = f"{where}: {begin} is never closed; add {end}."
        raise GradlabError(msg)
