"""What a student gets back: nbgrader's feedback page and the PDF report, of a class on all processors.

Both only read: the graded notebook and the gradebook.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from gradlab import nbgrader_log, nbgrader_step, worker
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.progress import Say

#: Students for each further process: it takes seconds to import nbgrader, in which this one has written the papers of some.
WORTH = 6


@dataclass(frozen=True)
class _Written:
    """What came of one student's papers: lines for the grader, and what is missing."""

    lines: list[str]
    missing: str = ""


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


def _all(one: partial[_Written], course: Course, students: Sequence[str], workers: int) -> Iterator[_Written]:
    """Write for each student, in their order; on several processors where that is worth it."""
    size, done = min(workers, len(students) // WORTH), 0
    if size > 1:
        start = partial(_start, str(course.root), os.getpid())
        try:
            with ProcessPoolExecutor(size, mp_context=get_context("spawn"), initializer=start) as pool:
                for written in pool.map(one, students):
                    done += 1
                    yield written
        except BrokenProcessPool:
            pass  # one was killed; the rest is written here
    for student in students[done:]:
        yield one(student)


def _start(root: str, parent: int) -> None:
    """Begin a process that writes papers."""
    worker.end_with(parent)
    Course(root).activate()


def _write(root: str, name: str, feedback: bool, report: bool, student: str) -> _Written:
    """Write the papers of one student."""
    course = Course(root)
    missing, lines = "", []
    if feedback and not nbgrader_step.convert(course, "GenerateFeedback", name, student, force=True):
        missing = "no feedback"
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
