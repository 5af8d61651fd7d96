"""What nbgrader tells about a failure: one sentence instead of a traceback.

nbgrader catches whatever a converter raises, logs ``traceback.format_exc()`` and raises an exception of its
own that does not know the first. Both classes here look at the exception while it is being handled, which is
when the record is made.
"""

from __future__ import annotations

import errno
import logging
import sys
import traceback

from gradlab.errors import GradlabError

APPLICATIONS = ("NbGraderApp", "GenerateAssignmentApp", "GenerateSolutionApp", "traitlets")
_POINTS_AT_TRACEBACK = "Please see the the above traceback"


def sentence(error: BaseException | None) -> str | None:
    """Return the sentence for an error that a person can put right; None for one that is ours to mend."""
    if isinstance(error, GradlabError):
        return str(error)
    if isinstance(error, OSError):
        return os_error(error)
    if error is None:
        return None
    if type(error).__module__.startswith(("sqlalchemy", "sqlite3")):
        reason = str(getattr(error, "orig", error)).split("\n")[0]
        return (
            f"gradebook.db: {reason}; free space, close other programs, or restore a backup, then run again."
        )
    frames = list(traceback.walk_tb(error.__traceback__))
    raised_in = frames[-1][0].f_globals.get("__name__", "") if frames else ""
    # nbformat and nbgrader refuse with a sentence: a damaged notebook, cells that may not change
    if type(error).__module__.startswith(("nbformat", "jsonschema", "nbgrader")) or (
        type(error) is RuntimeError and raised_in.startswith("nbgrader.")
    ):
        return str(error).strip().split("\n")[0].rstrip(".") + "."
    return None


def os_error(error: OSError) -> str:
    """Say what the system refused, which file it is about, and what to do."""
    what = error.strerror or str(error)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space is left on the disk{where}; free some and run the command again."
    return f"{what}{where}; put that right and run the command again."


class OneSentence(logging.Filter):
    """Replace the traceback of an error that a person can put right; at level DEBUG it stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place and let it through."""
        text = record.msg if isinstance(record.msg, str) else ""
        if text.startswith("Traceback (most recent call last)"):
            found = sentence(sys.exc_info()[1])
            handlers = logging.getLogger(record.name).handlers  # the level that was asked for is theirs
            if found and not any(handler.level == logging.DEBUG for handler in handlers):
                record.msg, record.args = found, ()
        elif text.startswith(_POINTS_AT_TRACEBACK):
            record.msg, record.args = "The reason stands above.", ()
        return True


class ErrorCatcher(logging.Handler):
    """Remember the first exception that was being handled while something was logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the exception; the record itself does not matter."""
        self.error = self.error or sys.exc_info()[1]


def install() -> None:
    """Give nbgrader's applications the filter, once."""
    for name in APPLICATIONS:
        logger = logging.getLogger(name)
        if not any(isinstance(item, OneSentence) for item in logger.filters):
            logger.addFilter(OneSentence())
