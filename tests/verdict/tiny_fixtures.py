"""Fixtures that every folder of tests imports that grades the tiny course."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_course import make_tiny

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


_made: list[Course] = []  # every folder that imports the fixture has one of its own; the release is the same


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a tiny course with a release; only for looking at and copying."""
    if not _made:
        course = make_tiny(tmp_path_factory.mktemp("tiny") / "course")
        release(course, "tiny")
        _made.append(course)
    return _made[0]


@pytest.fixture
def course(released: Course, tmp_path: Path) -> Course:
    """Return a copy of the released tiny course for one test."""
    shutil.copytree(released.root, tmp_path / "course", symlinks=True)
    return Course(tmp_path / "course")
