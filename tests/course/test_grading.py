"""Grading and reporting a class: who could not be served is named, and all the others are."""

from __future__ import annotations

import functools
import shutil

import pytest

from gradlab import grading, nbgrader_step, papers, verdict
from gradlab.course import Course
from gradlab.errors import GradlabError

NAME = "cnn_svhn"


@pytest.fixture
def course(course_copy, monkeypatch):
    """A course in which ada and bob handed in, and nobody is graded; no release is asked for."""
    here = Course(course_copy.root)
    for student in ("ada", "bob"):
        (here.submitted / student / NAME).mkdir(parents=True, exist_ok=True)
    for folder in (here.autograded, here.reports):
        shutil.rmtree(folder)
        folder.mkdir()
    monkeypatch.setattr(grading.store, "get", lambda course, name: None)
    return here


def graded(course, student, text=None):
    """Do as if a submission had been autograded: the master's notebook, or this text in its place."""
    folder = course.autograded / student / NAME
    folder.mkdir(parents=True)
    if text is None:
        shutil.copy(course.source / NAME / f"{NAME}.ipynb", folder)
    else:
        (folder / f"{NAME}.ipynb").write_text(text)


def test_class_is_not_graded_without_data(course, monkeypatch):
    """Without a data set nothing begins: no backup, no grade, no feedback."""
    for name in ("GRADLAB_DATA", "GRADLAB_DATASET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(nbgrader_step, "convert", lambda *given, **settings: pytest.fail("grading began"))
    with pytest.raises(GradlabError, match="data"):
        grading.grade(course, NAME, say=lambda text: pytest.fail(text))


def test_report_that_fails_counts_as_needing_attention(course, monkeypatch):
    """A graded submission whose report can not be made is named, and the next one has its report."""
    monkeypatch.setattr(verdict, "require_data", lambda course, assignment: None)

    def convert(course, step, name, student, *, force):
        if step == "Autograde":
            graded(course, student, "{" if student == "ada" else None)
        return True

    monkeypatch.setattr(nbgrader_step, "convert", convert)
    monkeypatch.setattr(papers, "write", functools.partial(papers.write, feedback=False))
    said = []
    assert grading.grade(course, NAME, say=said.append) == ["ada"]
    assert any("ada, cnn_svhn: no report; cnn_svhn.ipynb is not a notebook" in line for line in said)
    assert list((course.reports / "bob" / NAME).glob("*.pdf"))


def test_report_command_names_who_is_without(course, course_copy):
    """One not graded and one damaged: both named, exit code 1, and the others have their reports."""
    graded(course, "ada")
    (course.submitted / "eve" / NAME).mkdir(parents=True)
    graded(course, "eve", "{")
    done = course_copy.run("gradlab", "report", NAME)
    shutil.rmtree(course.submitted / "eve")
    assert done.returncode == 1
    assert "2 of 3 without a new report: bob, eve" in done.stderr
    assert "Traceback" not in done.stderr
    assert "reports/ada/cnn_svhn/problem_2_solution.pdf" in done.stdout
    assert "eve, cnn_svhn: no report" in done.stdout
    assert "autograded/bob/cnn_svhn/ not found; run: gradlab grade cnn_svhn --student bob" in done.stdout


def test_report_command_succeeds_when_all_have_theirs(course, course_copy):
    """The paths are told, and the exit code is 0."""
    graded(course, "ada")
    done = course_copy.run("gradlab", "report", NAME, "--student", "ada")
    assert done.returncode == 0, done.stderr
    assert "reports/ada/cnn_svhn/problem_2_solution.pdf" in done.stdout


def test_help_of_force_tells_what_stays(course_copy):
    """Grading again replaces grades of the machine and none of a person."""
    said = " ".join(course_copy.run("gradlab", "grade", "--help").stdout.replace("│", " ").split())
    assert "Grade again what is graded already; scores given by hand stay." in said


def test_notebook_one_folder_too_deep_is_found(course):
    """A zip unpacked into a folder of its own is the commonest slip of all; the message says where the files go."""
    deep = course.submitted / "ada" / NAME / NAME
    deep.mkdir()
    shutil.copy(course.source / NAME / f"{NAME}.ipynb", deep)
    from gradlab.assignment import load

    assignment = load(course, NAME)
    said = grading.misplaced(course, assignment, "ada")
    assert (
        said
        == f"ada: {NAME}.ipynb lies in submitted/ada/{NAME}/{NAME}; move its files up to submitted/ada/{NAME}."
    )
    assert "holds no notebook" in grading.misplaced(course, assignment, "bob")
