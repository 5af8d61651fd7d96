"""The report on the instructor's side: from the autograded notebook and the gradebook."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import time
from pathlib import Path

import nbformat
import pypdfium2
import pytest
from nbgrader.api import Gradebook
from small_notebooks import notebook
from test_report_command import TOML

from gradlab import papers, report
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.gradebook import NUM_BACKUPS, back_up, copy_database
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
    return Course(tmp_path)


def _grade(course, manual):
    """Put a submission with 5 of 5 points, and 3 of 4 by hand or none yet, into the gradebook."""
    with Gradebook(f"sqlite:///{course.gradebook}") as book:
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
    assert path == course.reports / "ada/cnn_small/problem.pdf"
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
    (course.autograded / "ada/cnn_small/cnn_small.ipynb").write_text("{")
    with pytest.raises(GradlabError, match=r"ada, cnn_small: no report; cnn_small\.ipynb is not a notebook"):
        make_report(course, "cnn_small", "ada")
    assert path.read_bytes() == before


def test_one_report_that_fails_costs_nobody_else_theirs(course):
    """Not graded, a damaged notebook: each is a line and a name."""
    for student in ("bob", "zoe"):
        shutil.copytree(course.autograded / "ada", course.autograded / student)
    (course.autograded / "bob/cnn_small/cnn_small.ipynb").write_text("{")
    said = []
    missing = papers.write(course, "cnn_small", ["ada", "bob", "dan", "zoe"], say=said.append, feedback=False)
    assert missing == dict.fromkeys(("bob", "dan"), "no report")
    assert said[0] == "  reports/ada/cnn_small/problem.pdf"
    assert "bob, cnn_small: no report; cnn_small.ipynb is not a notebook" in said[1]
    assert "autograded/dan/cnn_small/ not found; run: gradlab grade cnn_small --student dan" in said[2]
    assert (course.reports / "zoe/cnn_small/problem.pdf").is_file()


def test_error_that_nobody_foresaw_is_a_line(course, monkeypatch):
    """What a stranger's notebook makes a library raise is told in a sentence."""

    def fail(*given, **settings):
        msg = "no [bold]\nsense"
        raise RuntimeError(msg)

    monkeypatch.setattr(report, "build_report", fail)
    assert papers._report(course, "cnn_small", "ada") == (
        "ada, cnn_small: no report; RuntimeError: no [bold] sense",
        False,
    )


def test_being_late_is_taken_off_and_an_empty_answer_is_called_so(course):
    """The report's total is the feedback's; zero for nothing written is no person's judgement."""
    toml = course.source / "cnn_small" / "assignment.toml"
    name = 'name = "inline_question"'
    toml.write_text(toml.read_text().replace(name, f'{name}\ngraded = "manual"'))
    _grade(course, manual=True)
    with Gradebook(f"sqlite:///{course.gradebook}") as book:
        book.find_submission_notebook("cnn_small", "cnn_small", "ada").late_submission_penalty = 1.5
        written = book.find_grade("inline_question", "cnn_small", "cnn_small", "ada")
        written.manual_score, written.auto_score = None, 0
        book.db.commit()
    assert score_text(course, "cnn_small", "ada") == "3.5 / 9, 1.5 taken off for being late"
    pdf = make_report(course, "cnn_small", "ada")
    text = " ".join(" ".join(_text(pdf)).split())
    assert "3.5 / 9, 1.5 taken off for being late" in text
    assert "nothing was written" in text


def test_papers_are_shared_out_and_told_in_order(course):
    """Twelve students are worth two processes; a broken notebook, and one that is not there, are their own affair."""
    students = [f"s{i:02}" for i in range(2 * papers.WORTH)]
    for student in students[:-1]:
        shutil.copytree(course.autograded / "ada", course.autograded / student)
    (course.autograded / "s03/cnn_small/cnn_small.ipynb").write_text("{")
    said = []
    missing = papers.write(course, "cnn_small", students, workers=2, say=said.append, feedback=False)
    assert missing == {"s03": "no report", students[-1]: "no report"}
    assert [line.split("/")[1] for line in said if line.startswith("  reports/")] == [
        student for student in students if student not in missing
    ]
    assert "s03, cnn_small: no report" in said[3]
    same = [(course.reports / student / "cnn_small/problem.pdf").stat().st_size for student in students[:3]]
    assert min(same) > 5000


def _odd(student):
    """Be somebody's papers: some take for ever, some end their process, some end it the first time."""
    if student == "forever":
        time.sleep(100)
    if student == "deadly":
        os._exit(1)
    return papers._Written([student])


def test_papers_that_take_for_ever_or_end_their_process_cost_nobody_else(course, monkeypatch):
    """Two processes, five students: the ones between and behind have theirs, in order."""
    monkeypatch.setattr(papers, "SECONDS", 12.0)
    monkeypatch.setattr(papers, "WORTH", 2)
    students = ["ada", "forever", "bob", "deadly", "zoe", "ada"]
    found = [written.lines[0] for written in papers._all(_odd, course, students, 2)]
    assert [found[i] for i in (0, 2, 4, 5)] == ["ada", "bob", "zoe", "ada"]
    assert found[1] == "forever: no feedback or report; they took longer than 12 s; look at the notebook."
    assert (
        found[3]
        == "deadly: no feedback or report; the process that wrote them was ended; look at the notebook."
    )


def test_backup_holds_what_the_gradebook_held_and_old_ones_go(course):
    """A copy is whole, and only so many are kept: the newest."""
    assert back_up(course) is None
    with contextlib.closing(sqlite3.connect(course.gradebook)) as book:
        book.execute("create table kept (x)")
        book.commit()
    folder = course.private / "backups"
    folder.mkdir(parents=True)
    for number in range(NUM_BACKUPS):
        (folder / f"gradebook-20000101-{number:06}-0.db").touch()
    saved = back_up(course)
    found = sorted(path.name for path in folder.iterdir())
    assert len(found) == NUM_BACKUPS
    assert found[-1] == saved.name
    assert found[0] == "gradebook-20000101-000001-0.db"
    with contextlib.closing(sqlite3.connect(saved)) as copy:
        assert copy.execute("select name from sqlite_master").fetchall() == [("kept",)]


def test_damaged_gradebook_is_told_and_nothing_half_is_left(course, tmp_path):
    """One sentence; the target of a copy stays what it was, a backup that failed is gone."""
    course.gradebook.write_bytes(b"no database at all " * 100)
    with pytest.raises(GradlabError, match=r"gradebook\.db cannot be copied"):
        back_up(course)
    assert list((course.private / "backups").iterdir()) == []
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("create table kept (x)")
        other.commit()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(GradlabError, match="cannot be copied"):
        copy_database(course.gradebook, tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == before
