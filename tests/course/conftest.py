"""A copy of this course that the tests of this folder share."""

from __future__ import annotations

import pytest
from course_copies import make_copy


@pytest.fixture(scope="module")
def course_copy(tmp_path_factory):
    """Return a fresh copy of the course that the tests of one file share."""
    return make_copy(tmp_path_factory.mktemp("course") / "course")
