"""What the tests of judges share: the course in a scratch folder, and submissions of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.variants import fill

PROJECT = Path(__file__).resolve().parents[2]
HandIn = Callable[..., Path]


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the course without data, release or gradebook; all tests share its cache."""
    root = tmp_path_factory.mktemp("judges") / "course"
    for name in ("lib", "exercises", "source"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return Course(root)


@pytest.fixture(scope="session")
def assignment(course: Course) -> Assignment:
    """Return the assignment cnn_svhn."""
    return load(course, "cnn_svhn")


@pytest.fixture
def hand_in(course: Course, tmp_path: Path) -> HandIn:
    """Return a function that makes a submission: the reference, with other bodies in its regions."""

    def make(**bodies: str) -> Path:
        folder = tmp_path / "submission"
        shutil.copytree(course.lib, folder / "lib")
        replaced = {name.replace("_", "-"): body for name, body in bodies.items()}
        for name in ("lib/cnn/layer_utils.py", "lib/cnn/cnn_models.py"):
            text = (course.root / name).read_text(encoding="utf-8")
            (folder / name).write_text(fill(text, replaced, name), encoding="utf-8")
        return folder

    return make
