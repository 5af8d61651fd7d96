"""What comes after grading: a verdict explained, an erratum looked at before it counts, an old release superseded."""

from __future__ import annotations

import io
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from grading_run import autograde, graded, scores
from nbgrader.api import Gradebook
from odd_submissions import half, right, wrong
from rich.console import Console
from tiny_course import answer, submit

from gradlab import regrade, store
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.explain import explain
from gradlab.release import release
from gradlab.scores import show_scores


@pytest.fixture(scope="module")
def graded_class(released: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course in which three students handed in and were graded; only for copying."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(released.root, root, symlinks=True)
    course = Course(root)
    for student, change in {"ada": right, "bob": half, "cyd": wrong}.items():
        submit(course, student, change)
    assert autograde(course).success
    return course


@pytest.fixture
def class_(graded_class: Course, tmp_path: Path) -> Course:
    """A copy of the graded course for one test."""
    shutil.copytree(graded_class.root, tmp_path / "course", symlinks=True)
    return Course(tmp_path / "course")


def told(course: Course, *words: str) -> tuple[str, Path | None]:
    """Explain, and return what was said."""
    lines: list[str] = []
    path = explain(course, *words, say=lines.append)
    return "\n".join(lines), path


def test_a_verdict_shows_what_it_rests_on(class_: Course) -> None:
    """The cases that failed, with input, what came and what was wanted; those that passed are left out."""
    said, path = told(class_, "bob", "shift")
    assert "2 of 4 points: 2 of 4 <arrays> are right" in said
    assert "case 3 of 4" in said
    assert "case 4 of 4" in said
    assert "case 1 of 4" not in said
    assert "input   by: 1.5" in said
    assert path is not None
    with np.load(path) as arrays:
        np.testing.assert_allclose(
            arrays["case3.wanted.out"], arrays["case3.input.x"] + arrays["case3.input.by"]
        )
        np.testing.assert_allclose(arrays["case3.came.out"], arrays["case3.input.x"])


def test_full_points_are_explained_too(class_: Course) -> None:
    """Nothing failed, and the file still holds every case."""
    said, path = told(class_, "ada", "shift")
    assert "4 of 4 points" in said
    assert "case" not in said
    assert path is not None


def test_one_error_on_every_case_is_told_once_in_full(class_: Course) -> None:
    """An answer that nobody wrote fails everywhere in the same way; inputs and wanted arrays stand there once."""
    submit(class_, "ada", lambda folder, nb: answer(folder, nb, out="x + nothing"))
    said, _ = told(class_, "ada", "shift")
    assert "case 4 of 4: " in said
    assert said.count("NameError") >= 4
    assert said.count("input   by:") == 1


def test_table_on_the_screen(class_: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late points are taken off, who handed in nothing is named, and many students get a row each."""
    with Gradebook(f"sqlite:///{class_.gradebook}") as gradebook:
        gradebook.update_or_create_student("dora")
        for notebook in gradebook.find_submission("tiny", "ada").notebooks:
            notebook.late_submission_penalty = 1.5
        gradebook.db.commit()

    def shown(width: int) -> list[str]:
        page = io.StringIO()
        show_scores(class_, "tiny", Console(file=page, width=width))
        return [" ".join(line.split()) for line in page.getvalue().splitlines()]

    wide = shown(120)
    assert any(line.startswith("ada 4.5 -1.5") for line in shown(45)), "too narrow for columns"
    monkeypatch.setattr("gradlab.scores.MOST_BESIDE", 2)
    rows = shown(120)
    assert "late -1.5" in wide
    assert any(line.startswith("so far") and "4.5 4 0" in line for line in wide)
    assert "Handed in nothing: dora." in wide
    assert any(line.startswith("ada 4.5 -1.5") for line in rows)
    assert any(line.startswith("cyd 0 ") and "shift -4" in line for line in rows)


def test_values_of_the_notebook_are_shown(class_: Course) -> None:
    """What check handed over is what the judge saw."""
    said, _ = told(class_, "cyd", "picture")
    assert "0 of 2 points" in said


@pytest.mark.parametrize(
    ("student", "item", "wanted"),
    [
        ("adda", "shift", "did you mean 'ada'"),
        ("ada", "shiftt", "did you mean 'shift'"),
        ("ada", "words", "judged by a person"),
    ],
)
def test_what_cannot_be_explained(class_: Course, student: str, item: str, wanted: str) -> None:
    """A wrong name gets the right one."""
    with pytest.raises(GradlabError, match=wanted):
        told(class_, student, item)


def test_an_erratum_is_looked_at_before_it_counts(class_: Course) -> None:
    """A milder judge: who gains is listed with the reason, and the gradebook is as it was."""
    assert regrade.changes(class_, "tiny", say=lambda text: None) == ([], {})
    path = class_.exercises / "tiny.py"
    path.write_text(
        path.read_text().replace("(0.0, 0.0, 1.5, -2.0)", "(0.0, 0.0, 0.0, -2.0)"), encoding="utf-8"
    )
    found, problems = regrade.changes(class_, "tiny", say=lambda text: None)
    assert problems == {}
    assert [(one.student, one.item, one.before, one.after) for one in found] == [("bob", "shift", 2.0, 3.0)]
    assert "3 of 4" in found[0].reason
    assert "before: 2 of 4" in found[0].reason
    assert scores(class_, "bob")["shift"] == 2.0


def test_an_erratum_in_what_is_imported_stops_a_program_that_runs(
    class_: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Formgrader's server would judge by the old module: nobody is judged until it is started again."""
    helper = class_.exercises / "helper.py"
    helper.write_text("TOLERANCE = 1e-2\n", encoding="utf-8")
    module = types.ModuleType("exercises.helper")
    module.__file__ = str(helper)
    monkeypatch.setitem(sys.modules, "exercises.helper", module)
    assert autograde(class_, "ada").success
    helper.write_text("TOLERANCE = 1e-6\n# tighter\n", encoding="utf-8")
    autograde(class_, "ada")
    assert scores(class_, "ada")["shift"] is None
    told_to = "exercises/helper.py has changed since this program read it"
    with pytest.raises(GradlabError, match=told_to):
        told(class_, "ada", "shift")


def test_a_submission_that_cannot_be_read_is_named(class_: Course) -> None:
    """The others are still compared."""
    submit(class_, "eve", lambda folder, nb: (folder / "tiny.ipynb").write_text(""))
    fay = class_.submitted / "fay" / "tiny"
    fay.mkdir(parents=True)
    found, problems = regrade.changes(class_, "tiny", say=lambda text: None)
    assert found == []
    assert sorted(problems) == ["eve", "fay"]
    assert problems["fay"].startswith("submitted/fay/tiny holds no notebook, wanted tiny.ipynb")


def test_an_old_release_is_superseded(class_: Course) -> None:
    """Submissions keep the version they answer until somebody says otherwise, and again when it is taken back."""
    old = store.latest(class_, "tiny")
    assert old is not None
    readme = class_.source / "tiny" / "README.md"
    readme.write_text("# Tiny, corrected\n", encoding="utf-8")
    release(class_, "tiny", force=True)
    new = store.latest(class_, "tiny")
    assert new is not None
    assert new != old
    assert autograde(class_, "ada").success
    assert graded(class_, "ada").metadata["gradlab"]["version"] == old
    store.supersede(class_, "tiny", old, new)
    assert autograde(class_, "ada").success
    about = graded(class_, "ada").metadata["gradlab"]
    assert about["version"] == new
    assert any(f"answers version {old}" in note for note in about["notes"])
    assert scores(class_, "ada")["shift"] == 4
    store.supersede(class_, "tiny", old, None)
    assert store.successor(class_, "tiny", old) == old


def test_no_version_supersedes_itself(class_: Course) -> None:
    """Neither directly nor in a circle; and only what is kept can be named."""
    old = store.latest(class_, "tiny")
    assert old is not None
    with pytest.raises(GradlabError, match="cannot take the place of itself"):
        store.supersede(class_, "tiny", old, old)
    with pytest.raises(GradlabError, match="is not in"):
        store.supersede(class_, "tiny", old, "0123456789abcdef")
