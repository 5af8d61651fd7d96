"""What a student gets back: nbgrader's feedback page and the PDF report, of a class on all processors.

Both only read: the graded notebook and the gradebook. What stands in the notebook is a stranger's, and a few kilobytes of it can keep a
program busy for hours or fill its memory; so they are written in processes that can be ended.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from gradlab import nbgrader_log, nbgrader_step, worker
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.limits import MB
from gradlab.progress import Say

#: Students for each further process: it takes seconds to import nbgrader, in which one has written the papers of some.
WORTH = 6
#: Seconds, with those that a process takes to start, and bytes of memory that the papers of one student may take.
SECONDS, MEMORY = 150.0, 6000 * MB


@dataclass(frozen=True)
class _Written:
    """What came of one student's papers: lines for the grader, and what is missing."""

    lines: list[str]
    missing: str = ""


#: Writes the papers of the student who is named.
_One = Callable[[str], _Written]


def write(
    course: Course,
    name: str,
    students: Sequence[str],
    *,
    feedback: bool = True,
    report: bool = True,
    workers: int = 0,
    say: Say = print,
) -> dict[str, str]:
    """Write feedback and report of each student's graded submission.

    Parameters
    ----------
    course : Course
    name : str
        Assignment.
    students : sequence of str
    feedback, report : bool
        Which of the two to write.
    workers : int
        Processes; 0: as many as there are processors. A small class has fewer.
    say : callable
        Is told, a line for each student, the path of the PDF or why there is none.

    Returns
    -------
    dict of str to str
        Student -> "no report" or "no feedback", in the order given: something in their notebook can not be shown. It
        costs nobody else theirs.
    """
    one = partial(_write, str(course.root), name, feedback, report)
    missing = {}
    for student, written in zip(
        students, _all(one, course, students, workers or os.cpu_count() or 1), strict=True
    ):
        for line in written.lines:
            say(f"  {line}")
        if written.missing:
            missing[student] = written.missing
    return missing


def _all(one: _One, course: Course, students: Sequence[str], workers: int) -> Iterator[_Written]:
    """Write for each student, in their order, in as many processes as are worth it."""
    size = max(1, min(workers, len(students) // WORTH))
    done: dict[int, _Written] = {}
    for place in range(len(students)):
        while place not in done:
            left = {other: students[other] for other in range(len(students)) if other not in done}
            suspects = _some(one, course, left, size, done)
            for suspect in suspects:  # one of them ended its process, and with it the others'
                if _some(one, course, {suspect: students[suspect]}, 1, done):
                    done[suspect] = _nothing(students[suspect], "the process that wrote them was ended")
        yield done[place]


def _some(
    one: _One, course: Course, students: Mapping[int, str], size: int, done: dict[int, _Written]
) -> list[int]:
    """Write for students, by their places, until all are done or processes had to be ended.

    Returns
    -------
    list of int
        Whom the processes were at when one ended by itself.
    """
    waiting = sorted(students, reverse=True)
    start = partial(_start, str(course.root), os.getpid())
    pool = ProcessPoolExecutor(size, mp_context=get_context("spawn"), initializer=start)
    running: dict[Future[_Written], tuple[int, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < size:
                place = waiting.pop()
                running[pool.submit(one, students[place])] = place, time.monotonic()
            finished, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in finished:
                done[running[future][0]] = future.result()
                del running[future]
            overdue = [place for place, since in running.values() if time.monotonic() - since > SECONDS]
            if overdue:
                why = f"they took longer than {SECONDS:g} s"
                done |= {place: _nothing(students[place], why) for place in overdue}
                break
    except BrokenProcessPool:
        return [place for place, _ in running.values()]
    finally:
        _end(pool)
    return []


def _nothing(student: str, why: str) -> _Written:
    return _Written([f"{student}: no feedback or report; {why}; look at the notebook."], "no report")


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool, whatever they are doing."""
    for process in list((pool._processes or {}).values()):
        with contextlib.suppress(Exception):
            process.kill()
    pool.shutdown(wait=True, cancel_futures=True)


def _start(root: str, parent: int) -> None:
    """Begin a process that writes papers."""
    worker.end_with(parent)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(MEMORY), int(MEMORY)))
    Course(root).activate()


def _write(root: str, name: str, feedback: bool, report: bool, student: str) -> _Written:
    """Write the papers of one student."""
    course = Course(root)
    missing, lines = "", []
    if feedback:
        try:
            if not nbgrader_step.convert(course, "GenerateFeedback", name, student, force=True):
                missing = "no feedback"
        except Exception as error:  # no memory, for instance
            missing = "no feedback"
            lines.append(f"{student}, {name}: no feedback; {type(error).__name__}: {error}"[:300])
    if report:
        line, there = _report(course, name, student)
        lines.append(line)
        missing = missing if there else "no report"
    return _Written(lines, missing)


def _report(course: Course, name: str, student: str) -> tuple[str, bool]:
    """Write a report; return its path or why there is none, and whether it is there."""
    from gradlab.report import make_report

    try:
        return course.relative(make_report(course, name, student)), True
    except GradlabError as error:
        return str(error), False
    except Exception as error:  # what a stranger's files make libraries raise, nobody can list
        reason = nbgrader_log.sentence(error) or f"{type(error).__name__}: {error}"
        return f"{student}, {name}: no report; {' '.join(reason.split())[:300]}", False
