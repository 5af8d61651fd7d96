"""When did something that grading rests on change? A class is graded against one state of the course, read once.

A file counts as changed when its size or its time (in nanoseconds) has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from gradlab.course import Course

Stamp = tuple[tuple[str, int, int], ...]


def stamp(course: Course, name: str) -> Stamp:
    """Return what changes with an assignment: its folder, ``lib``, ``exercises`` and the data sets.

    Parameters
    ----------
    course : Course
    name : str
        Assignment.
    """
    folders = (course.source / name, course.lib, course.exercises, course.data)
    return tuple(sorted(found for folder in folders for found in _files(str(folder))))


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # no such folder
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _files(entry.path)
        else:
            found = entry.stat(follow_symlinks=True) if entry.is_file() else None
            if found is not None:
                yield entry.path, found.st_size, found.st_mtime_ns
