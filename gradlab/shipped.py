"""Which files of lib a release holds: the entries of ``ships`` in assignment.toml."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gradlab.course import Course

if TYPE_CHECKING:
    from gradlab.assignment import Assignment


def shipped_paths(course: Course, entry: str) -> list[Path]:
    """Return the files and folders of lib that an entry of ships names: one path, or what a pattern finds."""
    if "*" in entry:
        return sorted(course.root.glob(entry))
    return [course.root / entry] if (course.root / entry).exists() else []


def ships(assignment: Assignment, file: str) -> bool:
    """Tell whether a file of lib, or the folder that it is in, is listed under ships."""
    return any(
        PurePosixPath(file).match(entry)
        if "*" in entry
        else file == entry or file.startswith(entry.rstrip("/") + "/")
        for entry in assignment.ships
    )
