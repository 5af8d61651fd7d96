"""What the hostile tests share: the tiny course with tight limits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "verdict"))
sys.path.insert(0, str(Path(__file__).parent))

from hostile_class import with_limits
from tiny_course import make_tiny
from tiny_fixtures import _environment

from gradlab.course import Course
from gradlab.release import release

__all__ = ["_environment", "released"]


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the tiny course with tight limits, released; only for copying."""
    course = make_tiny(tmp_path_factory.mktemp("hostile") / "course")
    with_limits(course)
    release(course, "tiny")
    return course
