"""What of a submission is taken over: what assignment.toml asks for, and nothing else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from odd_submissions import right
from tiny_course import submit

from gradlab import store, submission
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError


def test_all_that_is_asked_for_is_taken(course: Course, tmp_path: Path) -> None:
    """Any file that assignment.toml names under [submission] is laid out, or said to be missing; others stay behind."""
    submit(course, "ada", right)
    folder = course.submitted / "ada" / "tiny"
    (folder / "experiments.npz").write_bytes(b"x")
    (folder / "diary.txt").write_text("mine")
    plain = load(course, "tiny")
    asked = dataclasses.replace(plain, submission=(*plain.submission, "experiments.npz", "figures/a.png"))
    notes = submission.lay_out(course, asked, store.get(course, "tiny"), folder, tmp_path / "out")
    assert (tmp_path / "out" / "experiments.npz").read_bytes() == b"x"
    assert not (tmp_path / "out" / "diary.txt").exists()
    assert notes == ["figures/a.png is missing from the submission."]
    submission.lay_out(course, plain, store.get(course, "tiny"), folder, tmp_path / "out")
    assert not (tmp_path / "out" / "experiments.npz").exists()


def test_a_notebook_of_another_name_is_noted(course: Course, tmp_path: Path) -> None:
    """Student and grader read under which name it came."""
    submit(course, "ada", right)
    folder = course.submitted / "ada" / "tiny"
    (folder / "tiny.ipynb").rename(folder / "tiny (1).ipynb")
    assert submission.take_lone_notebook(folder, load(course, "tiny")) is not None
    notes = submission.lay_out(
        course, load(course, "tiny"), store.get(course, "tiny"), folder, tmp_path / "out"
    )
    assert "The notebook was handed in as tiny (1).ipynb." in notes


def test_a_time_of_handing_in_that_is_no_file_is_removed(course: Course) -> None:
    """Nbgrader would wait for a pipe until somebody writes, and follow a link."""
    submit(course, "ada", right)
    folder = course.submitted / "ada" / "tiny"
    path = folder / "timestamp.txt"
    assert submission.drop_odd_timestamp(folder) is False
    path.write_text("2026-11-20 18:00:00 UTC")
    assert submission.drop_odd_timestamp(folder) is False
    for spoil in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to(course.gradebook)):
        path.unlink(missing_ok=True)
        spoil(path)
        assert submission.drop_odd_timestamp(folder) is True
        assert not path.exists()
        assert not path.is_symlink()
    path.write_text("2026" * 100)
    assert submission.drop_odd_timestamp(folder) is True


def test_notebook_of_millions_of_objects_is_not_read(course: Course) -> None:
    """A few megabytes of empty objects would take gigabytes of the grader's memory."""
    submit(course, "ada", right)
    path = course.submitted / "ada" / "tiny" / "tiny.ipynb"
    path.write_text('{"cells": [' + "{}," * 2_000_001 + '{}], "metadata": {}, "nbformat": 4}')
    with pytest.raises(GradlabError, match="more objects and texts than a notebook can need"):
        submission.read_notebook(path, "tiny.ipynb")
