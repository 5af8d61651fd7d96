"""What of a submission is taken over: what assignment.toml asks for, and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from odd_submissions import right
from tiny_course import submit

from gradlab import store, submission
from gradlab.assignment import load
from gradlab.course import Course


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
