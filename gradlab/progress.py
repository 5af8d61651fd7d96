"""How far a class is: a bar with an estimate on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Say = Callable[[str], Any]
#: Is called with a student and the number of those who are left.
Told = Callable[[str, int], Any]
#: Given the number of students, a context that gives a ``Told``.
Show = Callable[[int, Say], contextlib.AbstractContextManager[Told]]

#: Seconds between two lines.
EVERY = 60.0


@contextlib.contextmanager
def lines(num: int, say: Say) -> Iterator[Told]:
    """Say how far a class is, once a minute and at the end."""
    begin = last = time.monotonic()

    def told(_student: str, left: int) -> None:
        nonlocal last
        now = time.monotonic()
        if left and now - last < EVERY:
            return
        last, done = now, num - left
        more = (now - begin) / max(1, done) * left
        say(f"  {done} of {num} are done{f', about {more / 60:.0f} min to go' if left else ''}.")

    yield told


def bar(console: Console) -> Show:
    """Return what draws a bar on a terminal; where there is none, ``lines`` serves."""
    if not console.is_terminal:
        return lines

    @contextlib.contextmanager
    def show(num: int, _say: Say) -> Iterator[Told]:
        columns = (TextColumn("  {task.description:24.24}", markup=False), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TextColumn("about"), TimeRemainingColumn(), TextColumn("to go"))
        with Progress(*columns, *times, console=console, transient=True) as progress:
            task = progress.add_task("", total=num)
            yield lambda student, left: progress.update(task, completed=num - left, description=student)

    return show
