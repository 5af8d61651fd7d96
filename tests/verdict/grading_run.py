"""Run ``nbgrader autograde`` on the tiny course, and read what it left."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
from tiny_course import PROJECT

from gradlab.course import Course
from gradlab.release import load_config


@dataclass
class Run:
    """What one run of ``nbgrader autograde`` gave."""

    success: bool
    log: str


def autograde(course: Course, student: str = "*", change: Callable[[Any], None] | None = None) -> Run:
    """Do what ``nbgrader autograde tiny --force`` does, in this process, with nbgrader's log."""
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    from gradlab.nbgrader_log import OneSentence

    config = load_config(course)
    config.CourseDirectory.assignment_id = "tiny"
    config.CourseDirectory.student_id = student
    if change:
        change(config)
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    converter.force = True
    logger = logging.getLogger(f"autograde-{id(converter)}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addFilter(OneSentence())
    converter.log = logger
    before = {name: os.environ.get(name) for name in ("PYTHONPATH", "PATH", "GRADLAB_DATA")}
    try:
        result = capture_log(converter)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    return Run(result["success"], result.get("log", ""))


HOLD = """
import sys
from gradlab import lock
from gradlab.course import Course
with lock.hold(Course(sys.argv[1]), "grade", "gradlab grade tiny"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def another_command(course: Course) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock of who grades."""
    command = [sys.executable, "-W", "ignore", "-c", HOLD, str(course.root)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def is_locked(course: Course) -> bool:
    """Tell whether another process could not take the lock of who grades."""
    try:
        with another_command(course):
            return False
    except AssertionError:
        return True


def scores(course: Course, student: str) -> dict[str, float | None]:
    """Return the automatic scores of a student as the gradebook has them."""
    return {name: grade["auto_score"] for name, grade in grades(course, student).items()}


def grades(course: Course, student: str) -> dict[str, dict[str, Any]]:
    """Return the grades of a student as the gradebook has them, by grade id."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        try:
            found = gradebook.find_submission_notebook("tiny", "tiny", student)
        except MissingEntry:
            return {}
        return {grade.name: grade.to_dict() for grade in found.grades}


def graded(course: Course, student: str) -> Any:
    """Return the graded notebook of a student."""
    return nbformat.read(course.autograded / student / "tiny" / "tiny.ipynb", as_version=4)
