"""What the tests of verdicts share: a tiny course that is released, and a class that has handed in everything odd."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tiny_course import make_tiny, submit

from gradlab.course import Course
from gradlab.release import load_config, release


@pytest.fixture(autouse=True, scope="session")
def _environment() -> Iterator[None]:
    """Give back the variables that a configuration sets, and take away those that would reach it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTHONPATH", "GRADLAB_DATA", "GRADLAB_SECRET", "GRADLAB_DATASET", "NBGRADER_EXECUTION"):
            patch.setenv(name, "")
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a tiny course with a release; only for looking at and copying."""
    course = make_tiny(tmp_path_factory.mktemp("tiny") / "course")
    release(course, "tiny")
    return course


@pytest.fixture
def course(released: Course, tmp_path: Path) -> Course:
    """Return a copy of the released tiny course for one test."""
    shutil.copytree(released.root, tmp_path / "course", symlinks=True)
    return Course(tmp_path / "course")


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


@pytest.fixture(scope="session")
def class_run(released: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Run]:
    """Return a course whose class was autograded once, all together."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(released.root, root, symlinks=True)
    course = Course(root)
    for name, change in CLASS.items():
        submit(course, name, change)
    return course, autograde(course)


from odd_submissions import CLASS  # noqa: E402 - after the path above
