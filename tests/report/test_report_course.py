"""The report on the instructor's side: from the autograded notebook and the gradebook."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pypdfium2
import pytest
from nbgrader.api import Gradebook
from small_notebooks import notebook
from test_report_command import TOML

from gradlab.errors import GradlabError
from gradlab.report import make_report, score_text


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one autograded submission, and no gradebook yet."""
    # nbgrader starts alembic by its bare name when it makes a gradebook
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    source, graded = tmp_path / "source/cnn_small", tmp_path / "autograded/ada/cnn_small"
    source.mkdir(parents=True)
    graded.mkdir(parents=True)
    (source / "assignment.toml").write_text(TOML.replace("[[exercise]]", 'dataset = "svhn"\n[[exercise]]', 1))
    nb = notebook()
    nb.metadata["gradlab"] = {"version": "3fa1c0de", "dataset": "sample", "sandboxed": False}
    nbformat.write(nb, graded / "cnn_small.ipynb")
    return tmp_path


def _grade(course, manual):
    """Put a submission with 5 of 5 points, and 3 of 4 by hand or none yet, into the gradebook."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.add_assignment("cnn_small")
        book.add_notebook("cnn_small", "cnn_small")
        for name, points, kind in (("training", 5, "code"), ("inline_question", 4, "markdown")):
            book.add_grade_cell(name, "cnn_small", "cnn_small", max_score=points, cell_type=kind)
        book.add_student("ada")
        book.add_submission("cnn_small", "ada")
        tested = book.find_grade("training", "cnn_small", "cnn_small", "ada")
        tested.auto_score, tested.needs_manual_grade = 5, False
        written = book.find_grade("inline_question", "cnn_small", "cnn_small", "ada")
        written.manual_score, written.needs_manual_grade = (3, False) if manual else (None, True)
        book.db.commit()


def _text(path):
    with pypdfium2.PdfDocument(path) as document:
        texts = []
        for page in document:
            text_page = page.get_textpage()
            texts.append(text_page.get_text_range())
            text_page.close()
            page.close()
    return texts


def test_report_tells_score_data_version_and_sandbox(course):
    """Everything that the autograder noted stands in the PDF, the doubtful on every page."""
    _grade(course, manual=True)
    path = make_report(course, "cnn_small", "ada")
    assert path == course / "reports/ada/cnn_small/problem.pdf"
    pages = _text(path)
    assert all(fact in pages[0] for fact in ("ada", "8 / 9", "SVHN sample", "cnn_small 3fa1c0de"))
    assert all("SAMPLE DATA" in page and "run without a sandbox" in page for page in pages)


@pytest.mark.parametrize(("manual", "text"), [(True, "8 / 9"), (False, "5 / 9 so far")])
def test_score_says_so_far_while_a_person_has_to_look(course, manual, text):
    """A sum without the manual items is no final score."""
    _grade(course, manual)
    assert score_text(course, "cnn_small", "ada") == text


def test_without_a_gradebook_there_is_no_score(course):
    """The report is made all the same."""
    assert score_text(course, "cnn_small", "ada") is None
    assert make_report(course, "cnn_small", "ada").is_file()


@pytest.mark.parametrize(
    ("assignment", "student", "message"),
    [
        ("cnn_small", "bob", "autograded/bob/cnn_small/ not found"),
        ("cnn_smal", "ada", "source/cnn_smal/assignment.toml not found"),
        ("cnn_small", "../ada", "is not the name of a student"),
    ],
)
def test_what_is_not_there_is_named(course, assignment, student, message):
    """A wrong name ends in one sentence."""
    with pytest.raises(GradlabError, match=message):
        make_report(course, assignment, student)


def test_damaged_notebook_costs_this_report_and_leaves_the_old_one(course):
    """The sentence names the student, and what was there stays."""
    path = make_report(course, "cnn_small", "ada")
    before = path.read_bytes()
    (course / "autograded/ada/cnn_small/cnn_small.ipynb").write_text("{")
    with pytest.raises(GradlabError, match=r"ada, cnn_small: no report; cnn_small\.ipynb is not a notebook"):
        make_report(course, "cnn_small", "ada")
    assert path.read_bytes() == before
