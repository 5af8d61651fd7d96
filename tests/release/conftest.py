"""What the tests of releases share: a fresh tiny course, a released one, and nbgrader in this process."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from course_factory import make_course

from gradlab.course import Course
from gradlab.release import Release, load_config, release


@pytest.fixture(autouse=True, scope="session")
def _environment() -> Iterator[None]:
    """Give back the variables that nbgrader_config.py sets, and take away those that would reach it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTHONPATH", "GRADLAB_DATA", "GRADLAB_SECRET"):
            patch.setenv(name, "")
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a gradebook without assignments: nbgrader takes two seconds to make one."""
    from nbgrader.api import Gradebook

    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", sysconfig.get_path("scripts"), prepend=os.pathsep)
        Gradebook(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def course(tmp_path: Path, empty_gradebook: Path) -> Course:
    """Return a course of its own for one test."""
    made = make_course(tmp_path / "course")
    shutil.copy(empty_gradebook, made.gradebook)
    return made


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, empty_gradebook: Path) -> tuple[Course, Release]:
    """Return a course and its release, made once: for tests that only look."""
    made = make_course(tmp_path_factory.mktemp("released") / "course")
    shutil.copy(empty_gradebook, made.gradebook)
    return made, release(made, "tiny")


@pytest.fixture
def generate() -> Callable[..., tuple[bool, str]]:
    """Return a function that does what ``nbgrader generate_assignment tiny`` does, in this process.

    It returns whether it succeeded (or would exit with 1), and the log.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    from gradlab.nbgrader_log import OneSentence

    def run(course: Course, **settings: object) -> tuple[bool, str]:
        config = load_config(course)
        config.CourseDirectory.assignment_id = "tiny"
        config.CourseDirectory.update(settings)
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        logger = logging.getLogger(f"generate-{id(converter)}")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addFilter(OneSentence())
        converter.log = logger
        result = capture_log(converter)
        return result["success"], result.get("log", "")

    return run
