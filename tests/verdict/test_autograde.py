"""``nbgrader autograde``: what everybody deserves, whatever they handed in."""

from __future__ import annotations

from typing import Any

import pytest
from grading_run import Run, another_command, autograde, graded, grades, is_locked, scores
from odd_submissions import other_name, right, wrong
from tiny_course import cell_of, submit

from gradlab import grading, sandbox
from gradlab.course import Course
from gradlab.errors import GradlabError

#: student: automatic scores of (shift of 4, picture of 2); None: not judged
DESERVED = {
    "right": (4, 2),
    "half": (2, 2),
    "wrong": (0, 0),
    "patches_check": (0, 0),
    "patches_files": (0, 0),
    "uses_withheld": (0, 2),
    "without_metadata": (4, 2),
    "copied_cells": (4, 2),
    "flipped_flags": (0, 0),
    "other_schema": (4, 2),
    "deleted_cells": (4, 2),
    "kills_kernel": (4, 0),
    "forges_verdict": (0, 0),
    "hangs": (0, 2),
    "links": (0, 2),
    "lost_file": (0, 2),
    "answers_beside": (4, 2),
    "untouched": (0, 0),
    "other_name": (4, 2),
}


@pytest.mark.parametrize("student", DESERVED)
def test_everybody_gets_what_they_deserve(student: str, class_run: tuple[Course, Run]) -> None:
    """The points follow from the files handed in, not from what the notebook says or does."""
    found = scores(class_run[0], student)
    assert (found["shift"], found["picture"]) == DESERVED[student]


@pytest.mark.parametrize("student", [name for name in DESERVED if name not in ("untouched", "deleted_cells")])
def test_answers_for_people_wait_for_people(student: str, class_run: tuple[Course, Run]) -> None:
    """Manual items have no automatic score, whatever flags they came with."""
    found = grades(class_run[0], student)
    assert all(
        found[name]["auto_score"] is None and found[name]["needs_manual_grade"] for name in ("look", "words")
    )


def test_untouched_answers_get_zero(class_run: tuple[Course, Run]) -> None:
    """As in nbgrader, an answer left as released has zero points and waits for nobody."""
    found = grades(class_run[0], "untouched")
    assert [found[name]["auto_score"] for name in ("look", "words")] == [0, 0]


def test_unreadable_is_told_and_the_others_go_on(class_run: tuple[Course, Run]) -> None:
    """A submission that cannot be graded is named with its reason; nbgrader reports the failure."""
    course, run = class_run
    assert not run.success
    assert not any(score is not None for score in scores(course, "empty_notebook").values())
    assert (
        "submitted/empty_notebook/tiny/tiny.ipynb is empty; ask the student to hand it in again." in run.log
    )


def test_other_name_is_taken_and_told(class_run: tuple[Course, Run]) -> None:
    """The only notebook of a submission is the notebook, whatever its name; student and grader read that it was."""
    assert "other_name: my tiny (1).ipynb is taken for tiny.ipynb, which was not there." in class_run[1].log
    notes = graded(class_run[0], "other_name").metadata["gradlab"]["notes"]
    assert "The notebook was handed in as my tiny (1).ipynb." in notes


def test_one_writes_the_gradebook_at_a_time(course: Course) -> None:
    """``nbgrader autograde`` beside ``gradlab grade``: the second says who is at work, and touches nothing."""
    folder = submit(course, "ada", other_name)
    before = course.gradebook.read_bytes()
    with another_command(course) as process:
        run = autograde(course)
        assert not run.success
        assert f"gradlab grade tiny (process {process.pid}, since" in run.log
        assert "Traceback" not in run.log
        assert course.gradebook.read_bytes() == before
        assert not (folder / "tiny.ipynb").exists()
    assert autograde(course).success
    assert scores(course, "ada")["shift"] == 4


def test_lock_is_held_while_it_grades_and_free_afterwards(course: Course) -> None:
    """Also in the server of Formgrader, which lives on."""
    held: list[bool] = []

    def look(config: Any) -> None:
        hook = config.Autograde.pre_convert_hook

        def called(**names: Any) -> None:
            held.append(is_locked(course))
            hook(**names)

        config.Autograde.pre_convert_hook = called

    submit(course, "ada", right)
    autograde(course, change=look)
    assert held == [True]
    assert not is_locked(course)


def _outputs(class_run: tuple[Course, Run], student: str, name: str) -> list[Any]:
    return cell_of(graded(class_run[0], student), name).outputs


def test_full_points_are_a_line(class_run: tuple[Course, Run]) -> None:
    """Full points show as one line on stdout."""
    (output,) = _outputs(class_run, "right", "shift")
    assert output.name == "stdout"
    assert output.text == "4 of 4 points: 4 of 4 <arrays> are right\n"


def test_part_of_the_points_is_a_number_with_a_reason(class_run: tuple[Course, Run]) -> None:
    """A part shows as the number that nbgrader reads, and the reason with its markup made harmless."""
    (output,) = _outputs(class_run, "half", "shift")
    assert output.data["text/plain"] == "2.0"
    assert "2 of 4 &lt;arrays&gt; are right" in output.data["text/html"]


def test_no_points_are_an_error_with_the_reason(class_run: tuple[Course, Run]) -> None:
    """Zero shows as an error whose traceback is the reason alone."""
    (output,) = _outputs(class_run, "hangs", "shift")
    assert output.traceback[0].startswith("0 of 4 points: took longer than 5 s")


def test_stub_is_called_not_written(class_run: tuple[Course, Run]) -> None:
    """An untouched layer is told as such."""
    (output,) = _outputs(class_run, "untouched", "shift")
    assert "shift-forward is not written yet" in output.evalue


@pytest.mark.parametrize(
    ("student", "note"),
    [
        ("links", "lib/layers.py is a link; it is not graded."),
        (
            "lost_file",
            "lib/layers.py is missing from the submission; the empty one of the release was taken.",
        ),
        ("kills_kernel", "The kernel died while the notebook ran; the cells after that did not run."),
        ("deleted_cells", "The cell 'shift' was missing; it was put back as it was released."),
        ("copied_cells", "The cell 'shift' was there 2 times; one of them is taken."),
        ("without_metadata", "The cell 'picture_answer' had lost its label."),
        ("other_schema", "A cell called itself 'bonus' and graded; there is no such exercise."),
    ],
)
def test_what_was_odd_is_noted(student: str, note: str, class_run: tuple[Course, Run]) -> None:
    """What was put right or left out stands in the record and at the top of the graded notebook."""
    nb = graded(class_run[0], student)
    assert note in nb.metadata["gradlab"]["notes"]
    assert nb.cells[0].source.startswith("**Notes of the grader**")


def test_record_says_what_the_verdict_rests_on(class_run: tuple[Course, Run]) -> None:
    """The graded notebook names version, isolation and each verdict."""
    found = graded(class_run[0], "half").metadata["gradlab"]
    assert len(found["version"]) == 16
    assert found["sandboxed"] is sandbox.isolated()
    assert found["verdicts"]["shift"] == {
        "points": 2.0,
        "max_points": 4.0,
        "reason": "2 of 4 <arrays> are right",
    }


def test_rubrics_stand_above_manual_items(class_run: tuple[Course, Run]) -> None:
    """Each manual item has its rubric right above it, marked as added."""
    cells = graded(class_run[0], "right").cells
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    for name in ("look", "words"):
        above = cells[names.index(name) - 1]
        assert above.source.startswith("**Rubric**")
        assert above.metadata["gradlab"] == {"added": "rubric"}


def test_only_files_of_release_and_student_are_graded(class_run: tuple[Course, Run]) -> None:
    """Files that neither the release nor the assignment knows are gone; the course's own are back."""
    folder = class_run[0].autograded / "patches_files" / "tiny"
    assert not (folder / "numpy.py").exists()
    assert "raise SystemExit" not in (folder / "lib" / "check" / "probe.py").read_text()


def test_answer_is_taken_from_the_copy_that_was_written(class_run: tuple[Course, Run]) -> None:
    """Of copies of an answer cell the one that was written in counts."""
    assert "four of them" in cell_of(graded(class_run[0], "copied_cells"), "words").source


def test_manual_scores_survive_a_regrade(course: Course) -> None:
    """Points given by hand stay, also when the student hands in again."""
    from nbgrader.api import Gradebook

    submit(course, "ada", right)
    autograde(course)
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        for name in ("words", "shift"):
            gradebook.find_grade(name, "tiny", "tiny", "ada").manual_score = 1.5
        gradebook.db.commit()
    submit(course, "ada", wrong)
    autograde(course)
    found = grades(course, "ada")
    assert [found[name]["manual_score"] for name in ("words", "shift")] == [1.5, 1.5]
    assert found["shift"]["auto_score"] == 0


def test_old_scores_do_not_survive_a_broken_resubmission(course: Course) -> None:
    """A good submission, then one that cannot be read: no points are left."""
    folder = submit(course, "ada", right)
    autograde(course)
    assert scores(course, "ada")["shift"] == 4
    (folder / "tiny.ipynb").write_text("[]")
    run = autograde(course)
    assert "is not a notebook (it is a JSON list)" in run.log
    assert set(scores(course, "ada").values()) == {None}


def _stock(config: Any) -> None:
    """Take our lists out of a configuration: what remains is nbgrader's own."""
    for name in ("sanitize_preprocessors", "autograde_preprocessors", "exporter_class", "pre_convert_hook"):
        config.Autograde.pop(name, None)


def _switched_off(config: Any) -> None:
    """Switch off whatever can be switched off."""
    for name in ("ForgetScores", "RestoreFiles", "Repair", "BundleExecute", "WriteVerdicts", "SaveVerdicts"):
        config[name].enabled = False
    config.GradingStep.enabled = False


def _not_executed(config: Any) -> None:
    """What ``--no-execute`` sets."""
    config.Execute.enabled = False


def test_stock_nbgrader_gives_a_cheat_nothing(course: Course) -> None:
    """Without our steps nothing is graded: the gradebook asks for a kernel that nobody has."""
    from odd_submissions import patches_check

    submit(course, "eve", patches_check)
    assert not autograde(course, change=_stock).success
    assert set(scores(course, "eve").values()) == {None}


def test_steps_cannot_be_switched_off(course: Course) -> None:
    """``--WriteVerdicts.enabled=False`` and the like change nothing."""
    from odd_submissions import patches_check

    submit(course, "eve", patches_check)
    autograde(course, change=_switched_off)
    assert scores(course, "eve")["shift"] == 0


def test_without_execution_values_are_not_judged(course: Course) -> None:
    """``--no-execute``: the lib is judged all the same, what lives in the notebook is not."""
    submit(course, "ada", right)
    autograde(course, change=_not_executed)
    found = grades(course, "ada")
    assert (found["shift"]["auto_score"], found["picture"]["auto_score"]) == (4, None)
    assert found["picture"]["needs_manual_grade"]


def test_broken_judge_is_not_judged(course: Course) -> None:
    """An error of the grader's own never gives points."""
    path = course.exercises / "tiny.py"
    path.write_text(
        path.read_text().replace("return Verdict(sum(right) / len(right)", "return Verdict(float('nan')")
    )
    submit(course, "ada", right)
    run = autograde(course)
    found = grades(course, "ada")
    assert found["shift"]["auto_score"] is None
    assert found["shift"]["needs_manual_grade"]
    assert "the judge of shift returned nan" in run.log
    (output,) = cell_of(graded(course, "ada"), "shift").outputs
    assert output.ename == "NotJudged"


@pytest.mark.parametrize("change", [None, _not_executed])
def test_without_data_nobody_is_judged(course: Course, change: Any) -> None:
    """Data that is not there costs nobody a point: old scores go, no new ones come, and the reason is told."""
    submit(course, "ada", right)
    autograde(course)
    toml = course.source / "tiny" / "assignment.toml"
    toml.write_text(toml.read_text().replace("minutes = 1", 'minutes = 1\ndataset = "svhn"'))
    run = autograde(course, change=change)
    assert not run.success
    assert "data set 'svhn' is not in data/: run ./get_datasets.sh svhn" in run.log
    assert set(scores(course, "ada").values()) == {None}


def _bad_timestamp(folder):
    (folder / "timestamp.txt").write_text("yesterday-ish")


def _renamed(folder):
    (folder / "tiny.ipynb").rename(folder / "mine.ipynb")
    (folder / "another.ipynb").write_text("{}")


def _no_notebook(folder):
    (folder / "tiny.ipynb").unlink()


@pytest.mark.parametrize("spoil", [_bad_timestamp, _renamed])
def test_old_scores_do_not_survive_what_stops_nbgrader_itself(course: Course, spoil: Any) -> None:
    """Nbgrader copies files before the first step of ours; what fails there must not leave the old points either."""
    folder = submit(course, "ada", right)
    autograde(course)
    spoil(folder)
    autograde(course)
    assert scores(course, "ada")["shift"] is None


@pytest.mark.parametrize("spoil", [_bad_timestamp, _no_notebook])
def test_batch_counts_a_broken_resubmission_as_failed(course: Course, spoil: Any) -> None:
    """What an earlier run left in autograded/ is not taken for this one's."""
    folder = submit(course, "ada", right)
    said: list[str] = []
    grading.grade(course, "tiny", say=said.append)
    assert scores(course, "ada")["shift"] == 4
    spoil(folder)
    submit(course, "bob", right)
    assert grading.grade(course, "tiny", say=said.append) == ["ada"]
    assert scores(course, "ada")["shift"] is None
    assert scores(course, "bob")["shift"] == 4


def test_folder_name_that_nbgrader_cannot_read_is_refused(course: Course) -> None:
    """One such folder would stop nbgrader in the middle of the class."""
    submit(course, "ada", right)
    (course.submitted / "a\nb" / "tiny").mkdir(parents=True)
    with pytest.raises(GradlabError, match=r"a folder named 'a\\nb', which nbgrader cannot read"):
        grading.grade(course, "tiny", say=print)


def test_batch_names_who_is_not_judged(course: Course) -> None:
    """When the judges cannot be loaded nobody has points, and everybody is named."""
    submit(course, "ada", right)
    (course.exercises / "tiny.py").write_text("1 / 0")
    said: list[str] = []
    assert grading.grade(course, "tiny", say=said.append) == ["ada"]
    assert any("ada: not judged: shift, picture" in line for line in said)


def test_half_a_surrogate_pair_is_no_reason_to_fail(course: Course) -> None:
    """JSON can hold text that is none."""
    folder = submit(course, "ada", right)
    path = folder / "tiny.ipynb"
    path.write_text(path.read_text().replace("I see ones.", "I see ones \\ud83d."))
    autograde(course)
    assert scores(course, "ada")["shift"] == 4
