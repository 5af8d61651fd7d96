"""Read a notebook that anybody may have written, and take its cells without trusting their shape."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from lib.errors import CourseError

MAX_BYTES = 200 << 20


def read_notebook(path: str | Path) -> Any:
    """Read a notebook, of whatever version, as format 4.

    Parameters
    ----------
    path : path

    Returns
    -------
    NotebookNode

    Raises
    ------
    CourseError
        One sentence that says why it is not a notebook and what to do.
    """
    import nbformat  # here, so that the commands can say in one sentence that it is not installed

    path = Path(path)
    advice = "open it in JupyterLab and save it, or go back to a copy that works"
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            msg = (
                f"{path.name} has {size >> 20} MB, more than {MAX_BYTES >> 20}; clear the outputs of the "
                "cells that print so much."
            )
            raise CourseError(msg)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        msg = f"{path.name} not found in {path.resolve().parent.name}/; the notebook must keep this name."
        raise CourseError(msg) from error
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path.name} can not be read ({type(error).__name__}); {advice}."
        raise CourseError(msg) from error
    if not text.strip():
        msg = (
            f"{path.name} is empty; go back to a copy that works, or take it again from the zip of the "
            "assignment."
        )
        raise CourseError(msg)
    try:
        if not isinstance(json.loads(text).get("cells", json.loads(text).get("worksheets")), list):
            msg = f"{path.name} has no cells; {advice}."
            raise CourseError(msg)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # missing cell ids: repaired below, nobody's concern here
            notebook = nbformat.reads(text, as_version=4)
    except CourseError:
        raise
    except Exception as error:  # nbformat raises its own, KeyError, AttributeError, RecursionError ...
        msg = f"{path.name} is not a notebook ({type(error).__name__}); {advice}."
        raise CourseError(msg) from error
    return notebook


def cells(notebook: Any) -> list[Any]:
    """Return the cells that are cells at all."""
    found = notebook.get("cells", [])
    return [cell for cell in found if isinstance(cell, dict)] if isinstance(found, list) else []


def handed_in_cells(notebook: Any) -> list[Any]:
    """Return the cells without the rubrics and notes of the grader: counted, they have the student's numbers."""
    return [cell for cell in cells(notebook) if not _is_added(cell)]


def text_of(value: Any) -> str:
    """Return a text that a notebook holds as a string or a list of lines, without what breaks programs."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return clean(value) if isinstance(value, str) else ""


def clean(text: str) -> str:
    """Return a text without control characters and without halves of surrogate pairs."""
    text = text.encode("utf-8", errors="replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in text if (char >= " " and not "\x7f" <= char <= "\x9f") or char in "\n\t")


def source(cell: Any) -> str:
    """Return what a person typed into a cell."""
    return text_of(cell.get("source", ""))


def kind(cell: Any) -> str:
    """Return "code", "markdown", "raw", or whatever else the cell says it is."""
    return str(cell.get("cell_type", ""))


def outputs(cell: Any) -> list[Any]:
    """Return the outputs of a cell, those of the wrong shape left out."""
    found = cell.get("outputs", [])
    return [output for output in found if isinstance(output, dict)] if isinstance(found, list) else []


def table(owner: Any, key: str) -> dict:
    """Return a sub-table of a cell, an output or a notebook; empty if there is none."""
    found = owner.get(key, {})
    return found if isinstance(found, dict) else {}


def flags(cell: Any) -> dict:
    """Return nbgrader's metadata of a cell; empty if there are none."""
    return table(table(cell, "metadata"), "nbgrader")


def is_locked(cell: Any) -> bool:
    """Tell whether a cell is the course's own: locked and no place for answers."""
    found = flags(cell)
    return bool(found.get("locked")) and not found.get("solution")


def _is_added(cell: Any) -> bool:
    """Tell whether the grader put a cell in; these are all text, whatever a student's own metadata say."""
    return kind(cell) == "markdown" and bool(table(table(cell, "metadata"), "gradlab").get("added"))
