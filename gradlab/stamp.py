"""When did something that grading rests on change? A class is graded against one state of the course, read once.

A file counts as changed when its size or its time (in nanoseconds) has.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from gradlab.course import Course
from gradlab.errors import GradlabError

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


#: File of an imported module -> its size and time when that was first seen.
_imported: dict[str, tuple[int, int]] = {}


def require_unchanged(course: Course) -> None:
    """Refuse to go on when a file of ``lib`` or ``exercises`` is not any more what this process has imported.

    Formgrader's server lives for days: an erratum in a module that it has imported would not reach the judges.

    Raises
    ------
    GradlabError
        It names the file, and says that the program has to be started again.
    """
    rooms = (f"{course.lib}{os.sep}", f"{course.exercises}{os.sep}")
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.startswith(rooms) and Path(path).is_file():
            found = Path(path).stat()
            now = (found.st_size, found.st_mtime_ns)
            if _imported.setdefault(path, now) != now:
                msg = (
                    f"{course.relative(Path(path))} has changed since this program read it, so it would judge by the old "
                    "one; start it again (JupyterLab: stop it, make lab) and grade again."
                )
                raise GradlabError(msg)


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
