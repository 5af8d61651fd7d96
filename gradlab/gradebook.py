"""Copies of the gradebook: one SQLite file, copied whole while others may read it."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import sqlite3
import sysconfig
from pathlib import Path

from gradlab.course import Course
from gradlab.errors import GradlabError

#: Copies that are kept.
NUM_BACKUPS = 20


def find_alembic() -> None:
    """Let nbgrader find alembic, which it calls by name to make a gradebook, also where no environment is activated."""
    if not shutil.which("alembic"):
        os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite file in one transaction, also while others read it.

    Parameters
    ----------
    source : Path
    target : Path
        Gets the content of source, and stays what it was if this fails.

    Raises
    ------
    GradlabError
        If either file is damaged, locked or not writable.
    """
    try:
        with (
            contextlib.closing(sqlite3.connect(source)) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            # backup() waits without end for a lock; this gives up after five seconds
            old.execute("BEGIN IMMEDIATE")
            old.rollback()
            old.backup(new)
    except sqlite3.Error as error:
        msg = (
            f"{source.name} cannot be copied ({error}); close other programs that use it, or restore a "
            "backup."
        )
        raise GradlabError(msg) from error


def back_up(course: Course) -> Path | None:
    """Copy the gradebook to .gradlab/backups and keep the newest ones.

    Returns
    -------
    Path or None
        Of the copy; None if there is no gradebook yet.

    Raises
    ------
    GradlabError
        If it cannot be copied. Then no half copy is left, and no old one is removed.
    """
    if not course.gradebook.is_file():
        return None
    folder = course.private / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"gradebook-{datetime.datetime.now():%Y%m%d-%H%M%S-%f}.db"
    try:
        copy_database(course.gradebook, target)
    except GradlabError:
        target.unlink(missing_ok=True)
        raise
    for path in sorted(folder.glob("gradebook-*.db"))[:-NUM_BACKUPS]:
        path.unlink()
    return target
