"""What the hostile tests share: the tiny course with tight limits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "verdict"))
sys.path.insert(0, str(Path(__file__).parent))

from hostile_class import with_limits
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


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the tiny course with tight limits, released; only for copying."""
    course = make_tiny(tmp_path_factory.mktemp("hostile") / "course")
    with_limits(course)
    release(course, "tiny")
    return course
