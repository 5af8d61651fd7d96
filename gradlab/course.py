"""Where the things of a course are: one folder, the same names as nbgrader's own."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path

from gradlab.errors import GradlabError

CONFIG = "nbgrader_config.py"
SECRET_VARIABLE = "GRADLAB_SECRET"


class Course:
    """The folders of one course.

    Parameters
    ----------
    root : path
        Folder that holds ``nbgrader_config.py``, ``source/`` and ``lib/``. It is not checked here, so that a
        course can be described before it is made; ``Course.find`` checks.

    Attributes
    ----------
    source, lib, exercises, data : Path
        What people write.
    release, submitted, autograded, feedback, solution, reports : Path
        What the tools make.
    versions : Path
        Every release that was ever handed out, by assignment and version. The name starts with a dot, so that
        nbgrader takes it neither for an assignment nor for a student.
    private : Path
        What never leaves this machine: the secret, scratch folders, backups.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).resolve()
        self.source = self.root / "source"
        self.lib = self.root / "lib"
        self.exercises = self.root / "exercises"
        self.data = self.root / "data"
        self.release = self.root / "release"
        self.submitted = self.root / "submitted"
        self.autograded = self.root / "autograded"
        self.feedback = self.root / "feedback"
        self.solution = self.root / "solution"
        self.reports = self.root / "reports"
        self.versions = self.release / ".versions"
        self.private = self.root / ".gradlab"
        self.gradebook = self.root / "gradebook.db"

    def __repr__(self) -> str:
        return f"Course({str(self.root)!r})"

    @classmethod
    def find(cls, start: str | Path | None = None) -> Course:
        """Return the course that holds a folder (the current one by default), ready for imports.

        Raises
        ------
        GradlabError
            If neither the folder nor one above it is a course.
        """
        here = Path(start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / CONFIG).is_file() and (folder / "source").is_dir():
                course = cls(folder)
                course.activate()
                return course
        msg = f"{here} is not inside a course: no folder up from here holds {CONFIG} and source/."
        raise GradlabError(msg)

    def activate(self) -> None:
        """Put the course first on ``sys.path``: ``lib`` and ``exercises`` are then its own."""
        root = str(self.root)
        if sys.path[:1] != [root]:
            sys.path[:] = [root, *(entry for entry in sys.path if entry != root)]

    def assignments(self) -> list[str]:
        """Return the names of the folders of source/ that hold an assignment.toml, sorted."""
        return sorted(path.parent.name for path in self.source.glob("*/assignment.toml"))

    def relative(self, path: Path) -> str:
        """Name a path the way a person reads it: from the course's root, with forward slashes."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()

    def secret(self) -> bytes:
        """Return the secret that the probes' seeds are made of.

        ``$GRADLAB_SECRET`` if it is set (graders on several machines need the same one), else the file
        ``.gradlab/secret``, made at first use and readable by its owner only.
        """
        if SECRET_VARIABLE in os.environ:
            value = os.environ[SECRET_VARIABLE].strip()
            where = f"${SECRET_VARIABLE}"
        else:
            path = self.private / "secret"
            if not path.exists():
                _make_secret(path)
            value = path.read_text(encoding="ascii", errors="replace").strip()
            where = self.relative(path)
        if len(value) < 16:
            msg = f"{where} holds {len(value)} characters and a secret needs at least 16; make a longer one."
            raise GradlabError(msg)
        return value.encode()


def _make_secret(path: Path) -> None:
    """Write a new secret that only its owner reads; of two processes at once, the first wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"secret.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # whole or not at all, and never over an existing one
    except OSError:  # a file system without links
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
