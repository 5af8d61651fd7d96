"""What the tests of verdicts share: a tiny released course, and a class that handed in everything odd."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from grading_run import Run, autograde
from odd_submissions import CLASS
from tiny_course import make_tiny, submit

from gradlab.course import Course
from gradlab.release import release


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


@pytest.fixture(scope="session")
def class_run(released: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Run]:
    """Return a course whose class was autograded once, all together."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(released.root, root, symlinks=True)
    course = Course(root)
    for name, change in CLASS.items():
        submit(course, name, change)
    return course, autograde(course)
