"""One command at a time: locks of the operating system on files in ``.gradlab/locks/``.

A lock ends with its process, however that ends, so none is ever to be removed by hand. Its file says who holds
it, for the message to the next who comes.

    release-<name>   who makes the release of an assignment: gradlab release, nbgrader generate_assignment
    grade            who writes the gradebook: gradlab grade, and a release while it is put in place
    demo-<name>      gradlab demo
    sample-<set>     who draws the sample of a data set
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.nbgrader_log import os_error

POLL_SECONDS = 0.2
#: Byte that is locked on Windows: others cannot read it, so it lies behind what the file says.
_FAR = 1 << 30

P = ParamSpec("P")
R = TypeVar("R")

# the locks of this process, with their open files
_held: dict[Path, int] = {}


def _let_go() -> None:
    """In a forked child: what it inherits would keep a lock for as long as the child lives."""
    for descriptor in _held.values():
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextlib.contextmanager
def hold(
    course: Course, name: str, what: str, *, patience: float = 0, say: Callable[[str], object] | None = None
) -> Iterator[None]:
    """Hold a lock of a course for the length of a block. Inside, the same process may take it again.

    Parameters
    ----------
    course : Course
    name : str
        Which lock.
    what : str
        The command that takes it, as a person types it.
    patience : float
        Seconds to wait for a lock that is taken.
    say : callable, optional
        Is told once whom this waits for.

    Raises
    ------
    GradlabError
        If another process holds it still, or the file cannot be locked. It says which command is at work.
    """
    path = course.private / "locks" / f"{name}.lock"
    if path in _held:
        yield
        return
    try:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait(descriptor, path, patience, say)
            _sign(descriptor, what)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        msg = f"{course.relative(path)} cannot be locked: {os_error(error)}"
        raise GradlabError(msg) from error
    _held[path] = descriptor
    try:
        yield
    finally:
        if _held.pop(path, None) is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)  # gives the lock back


def holding(
    name: str, command: str
) -> Callable[[Callable[Concatenate[Course, str, P], R]], Callable[Concatenate[Course, str, P], R]]:
    """Let a function of a course and the name of an assignment hold a lock for the length of each call."""

    def decorate(
        function: Callable[Concatenate[Course, str, P], R],
    ) -> Callable[Concatenate[Course, str, P], R]:
        @functools.wraps(function)
        def held(course: Course, assignment: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with hold(course, name, f"{command} {assignment}"):
                return function(course, assignment, *args, **kwargs)

        return held

    return decorate


def _wait(descriptor: int, path: Path, patience: float, say: Callable[[str], object] | None) -> None:
    """Lock an open file, at once or within the patience of who asks."""
    deadline = time.monotonic() + patience
    while not _lock(descriptor):
        holder = _holder(path)
        if time.monotonic() >= deadline:
            msg = f"{holder} is at work in this course; wait until it is done, or end that process, and run the command again."
            raise GradlabError(msg)
        if say is not None:
            say(f"Waiting for another command: {holder} is at work in this course ...")
            say = None
        time.sleep(POLL_SECONDS)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        """Lock a file unless somebody else has; tell whether it is ours now."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        """Lock a file unless somebody else has; tell whether it is ours now."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _sign(descriptor: int, what: str) -> None:
    """Write into a locked file who holds it; on a full disk the lock has to do without."""
    since = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"
    said = {"what": what, "process": os.getpid(), "host": platform.node(), "since": since}
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(said).encode())


def _holder(path: Path) -> str:
    """Say who holds a lock."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        where = "" if said["host"] == platform.node() else f" on {said['host']}"
        return f"{said['what']} (process {said['process']}{where}, since {said['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another gradlab command"  # it has just begun, or just ended
