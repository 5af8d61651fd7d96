"""What the tests of verdicts share: a tiny released course, and a class that handed in everything odd."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from grading_run import Run, autograde
from odd_submissions import CLASS
from tiny_course import submit
from tiny_fixtures import _environment, course, released

from gradlab.course import Course

__all__ = ["_environment", "class_run", "course", "released"]


@pytest.fixture(scope="session")
def class_run(released: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Run]:
    """Return a course whose class was autograded once, all together."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(released.root, root, symlinks=True)
    whole = Course(root)
    for name, change in CLASS.items():
        submit(whole, name, change)
    return whole, autograde(whole)
