"""What the hostile tests share: the tiny course with tight limits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "verdict"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from tiny_course import make_tiny

from gradlab.course import Course
from gradlab.release import release

LIMITS = """\
cell_seconds = 8
total_seconds = 40
memory_mb = 700
processes = 100
file_mb = 20
disk_mb = 60
output_mb = 5
"""


@pytest.fixture(autouse=True, scope="session")
def _environment() -> Iterator[None]:
    """Give back the variables that a configuration sets, and take away those that would reach it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTHONPATH", "GRADLAB_DATA", "GRADLAB_SECRET", "GRADLAB_DATASET", "NBGRADER_EXECUTION"):
            patch.setenv(name, "")
            patch.delenv(name)
        yield


def with_limits(course: Course) -> None:
    """Set tight limits in the tiny course."""
    toml = course.source / "tiny" / "assignment.toml"
    toml.write_text(toml.read_text().replace("cell_seconds = 10\n", LIMITS))


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the tiny course with tight limits, released; only for copying."""
    course = make_tiny(tmp_path_factory.mktemp("hostile") / "course")
    with_limits(course)
    release(course, "tiny")
    return course
