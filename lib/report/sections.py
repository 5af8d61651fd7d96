"""Cut a notebook into sections, and find in each what its part of the report shows.

A section begins behind its heading, the locked cell whose grade id is ``heading_<key>``, and ends before the
next one. Whatever a student adds in between belongs to it. Where nbgrader's metadata are lost (some editors
drop them), the text of the headings decides: ``## 8 · Training`` with the number that the manifest gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lib.manifest import Manifest
from lib.report import notebook as nb

_NUMBERED = re.compile(r"\A\s{0,3}#{1,3}\s+(?P<number>\d+)\s*(?P<mark>·|[.:)–-])?\s*(?P<title>[^\n]*)")
_POINTS = re.compile(r"\s*\([^()]*points?[^()]*\)\s*$", re.IGNORECASE)


@dataclass
class Section:
    """The cells under one heading: ``cells`` holds (position in the student's notebook counted from 1, cell)."""

    key: str
    heading: str = ""
    cells: list[tuple[int, Any]] = field(default_factory=list)


def find_sections(notebook: Any, manifest: Manifest) -> dict[str, Section]:
    """Return key -> Section for every heading of a notebook.

    Parameters
    ----------
    notebook : NotebookNode
    manifest : Manifest

    Returns
    -------
    dict of str to Section
        If a heading stands there twice, its section has the cells under both.
    """
    cells = nb.handed_in_cells(notebook)
    labeled = any(str(nb.flags(cell).get("grade_id", "")).startswith("heading_") for cell in cells)
    sections: dict[str, Section] = {}
    current: Section | None = None
    for position, cell in enumerate(cells, start=1):
        key = _labeled_key(cell) if labeled else _written_key(cell, manifest)
        if key is not None:
            current = sections.setdefault(key, Section(key))
            current.heading = current.heading or heading_text(nb.source(cell))
        elif current is not None:
            current.cells.append((position, cell))
    return sections


def sections_of(names: Iterable[str], sections: dict[str, Section], manifest: Manifest) -> list[Section]:
    """Return the sections of some exercises, each once, without those that the notebook lacks."""
    keys = dict.fromkeys(manifest.section_key(name) for name in names)
    return [sections[key] for key in keys if key in sections]


def heading_text(source: str) -> str:
    """Return the first heading of a cell without its marks, its points and its math."""
    for line in source.splitlines():
        if line.lstrip().startswith("#"):
            return _POINTS.sub("", line.strip().strip("#").strip())[:120]
    return ""


def _labeled_key(cell: Any) -> str | None:
    grade_id = str(nb.flags(cell).get("grade_id", ""))
    return (
        grade_id.removeprefix("heading_") if grade_id.startswith("heading_") and nb.is_locked(cell) else None
    )


def _written_key(cell: Any, manifest: Manifest) -> str | None:
    """Recognize a heading by its text, and not a numbered heading inside a student's answer."""
    if nb.kind(cell) != "markdown" or nb.flags(cell).get("solution"):
        return None
    match = _NUMBERED.match(nb.source(cell))
    if match is None:
        return None
    title = _POINTS.sub("", match["title"]).strip().casefold()
    for exercise in manifest.exercises:
        if exercise.heading == match["number"] and (
            match["mark"] == "·" or title == exercise.title.casefold()
        ):
            return manifest.section_key(exercise.name)
    return f"section {match['number']}" if match["mark"] == "·" else None
