"""The whole way, once: the demo's four submissions, and what a grader does with them afterwards."""

from __future__ import annotations

import json
import re
import shutil
import zipfile

import nbformat
import pypdfium2
import pytest

NAME = "cnn_svhn"
STUDENTS = ("demo-reference", "demo-loops", "demo-overlap", "demo-untouched")


@pytest.fixture(scope="module")
def demo(course_copy):
    """Run the demo once on a release that is there; every test of this file looks at what it left."""
    # without the gate, which trains the reference once more; tests/course/test_gate.py has it
    done = course_copy.run("gradlab", "release", NAME, "--no-gate")
    assert done.returncode == 0, done.stdout + done.stderr
    done = course_copy.run("gradlab", "demo", NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    course_copy.said = done.stdout
    return course_copy


def scores(course):
    """Return student -> exercise -> points as the gradebook has them."""
    from gradlab.assignment import load
    from gradlab.course import Course
    from gradlab.scores import read_scores

    here = Course(course.root)
    found = read_scores(here, load(here, NAME))
    return {
        student: {name: score.points for name, score in items.items()} for student, items in found.items()
    }


def pages(path):
    """Return the text of each page of a PDF."""
    document = pypdfium2.PdfDocument(path)
    return [page.get_textpage().get_text_bounded() for page in document]


def test_demo_shows_a_table_and_paths_that_exist(demo):
    """What the demo tells a newcomer to open is there."""
    assert "Each submission earned what it deserves." in demo.said
    assert "SAMPLE" in demo.said
    paths = re.findall(r"\b(?:reports|feedback|release)/\S+\.(?:pdf|html|zip)\b", demo.said)
    assert len(paths) >= 2 * len(STUDENTS) + 1
    assert all((demo.root / path).is_file() for path in paths)


def test_each_item_earns_what_it_deserves(demo):
    """Right answers earn all points in any style, a wrong one part of them, an untouched one none."""
    found = scores(demo)
    full = {
        "output_size": 2,
        "conv_forward": 5,
        "conv_backward": 5,
        "pool_forward": 5,
        "pool_backward": 5,
        "test_cnn": 3,
        "training": 25,
        "filters": 3,
        "filters_look": None,
        "inline_question": None,
    }
    assert found["demo-reference"] == full
    assert found["demo-loops"] == full
    overlap = dict(found["demo-overlap"])
    assert 0 < overlap.pop("conv_backward") < 5
    assert 0 < overlap.pop("training") < 25
    rest = {name: points for name, points in full.items() if name not in ("conv_backward", "training")}
    assert overlap == rest | {"inline_question": 0}
    assert set(found["demo-untouched"].values()) == {0}


def test_reason_of_lost_points_reaches_notebook_and_feedback(demo):
    """A student reads what was wrong, not only that it was wrong."""
    path = demo.root / f"autograded/demo-overlap/{NAME}/{NAME}.ipynb"
    cell = next(
        c
        for c in nbformat.read(path, 4).cells
        if c.metadata.get("nbgrader", {}).get("grade_id") == "conv_backward"
    )
    text = json.dumps(cell.outputs)
    assert "dimg" in text
    html = (demo.root / f"feedback/demo-overlap/{NAME}/{NAME}.html").read_text(encoding="utf-8")
    assert "dimg" in html


def test_reports_hold_the_parts_in_order(demo):
    """Curves, filters, answer: in this order, on pages of their own, each marked as sample."""
    text = pages(demo.root / f"reports/demo-reference/{NAME}/problem_2_solution.pdf")
    whole = "\n".join(text)
    order = [
        whole.index(title)
        for title in ("Training loss and accuracy", "Convolutional filters", "Inline question")
    ]
    assert order == sorted(order)
    assert "edge detectors" in whole
    assert "demo-reference" in text[0]
    assert all("sample" in page.lower() for page in text)


def test_report_of_a_missing_answer_says_so(demo):
    """A part that nobody wrote has a page that says it is missing."""
    whole = "\n".join(pages(demo.root / f"reports/demo-overlap/{NAME}/problem_2_solution.pdf"))
    assert "missing" in whole.lower()


def test_submissions_hold_what_is_asked_for(demo):
    """The demo's students hand in notebook, lib files, model and PDF."""
    for name in (
        f"{NAME}.ipynb",
        "lib/cnn/layer_utils.py",
        "lib/cnn/cnn_models.py",
        "model.npz",
        "problem_2_solution.pdf",
    ):
        assert (demo.root / f"submitted/demo-reference/{NAME}" / name).is_file()


def test_student_cannot_replace_what_is_not_theirs(demo):
    """At grading the course's files are those of the release again, and strange files are gone."""
    folder = demo.root / f"submitted/demo-untouched/{NAME}"
    (folder / "lib/grad_check.py").write_text("raise SystemExit('mine now')\n")
    (folder / "matplotlib.py").write_text("raise SystemExit('mine now')\n")
    done = demo.run("nbgrader", "autograde", NAME, "--student", "demo-untouched", "--force")
    assert done.returncode == 0, done.stderr
    graded = demo.root / f"autograded/demo-untouched/{NAME}"
    assert (graded / "lib/grad_check.py").read_bytes() == (demo.root / "lib/grad_check.py").read_bytes()
    assert not (graded / "matplotlib.py").exists()


@pytest.mark.slow
def test_manual_scores_survive_a_regrade(demo):
    """What a person gave stays when the machine grades again, and the machine gives the same."""
    from nbgrader.api import Gradebook

    before = scores(demo)
    with Gradebook(f"sqlite:///{demo.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("inline_question", NAME, NAME, "demo-reference")
        grade.manual_score = 4.5
        gradebook.db.commit()
    done = demo.run("gradlab", "grade", NAME, "--student", "demo-reference")
    assert done.returncode == 0, done.stdout + done.stderr
    after = scores(demo)
    assert after["demo-reference"].pop("inline_question") == 4.5
    before["demo-reference"].pop("inline_question")
    assert after == before
    assert list((demo.root / ".gradlab/backups").glob("gradebook-*.db"))


def test_native_commands_do_their_documented_job(demo):
    """Feedback and export are nbgrader's own and work in this folder."""
    for words in (("generate_feedback", NAME, "--force"), ("export",)):
        done = demo.run("nbgrader", *words)
        assert done.returncode == 0, f"nbgrader {' '.join(words)}: {done.stderr[-2000:]}"
    table = (demo.root / "grades.csv").read_text(encoding="utf-8")
    assert "demo-reference" in table


@pytest.mark.slow
def test_native_generate_solution(demo):
    """Nbgrader runs the master with all answers, training included."""
    done = demo.run("nbgrader", "generate_solution", NAME, "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    solved = nbformat.read(demo.root / f"solution/{NAME}/{NAME}.ipynb", 4)
    errors = [o for c in solved.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    assert not errors


def test_native_release_equals_ours(demo):
    """Plain nbgrader generate_assignment makes the same files as gradlab release."""
    with zipfile.ZipFile(demo.root / f"release/{NAME}.zip") as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
    done = demo.run("nbgrader", "generate_assignment", NAME, "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    folder = demo.root / "release" / NAME
    native = {
        f"{NAME}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert native.keys() == zipped.keys()
    assert [name for name in native if native[name] != zipped[name]] == []


@pytest.mark.slow
def test_unpacked_release_says_not_written_yet_everywhere(demo, tmp_path):
    """A student who opens the zip elsewhere, offline, is told at each check what is missing and where."""
    with zipfile.ZipFile(demo.root / f"release/{NAME}.zip") as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / NAME
    shutil.copytree(demo.root / "data/svhn-sample", folder / "data/svhn-sample")
    names = ("output_size", "conv_forward", "conv_backward", "pool_forward", "pool_backward", "test_cnn")
    code = "from lib.check import CheckFailed, check\nfor name in %r:\n    try:\n        check(name)\n    except CheckFailed as e:\n        print(name, '|', e)\n"
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code % (names,)],
        cwd=folder,
        env=demo.env,
        capture_output=True,
        text=True,
        check=False,
    )
    said = dict(line.split(" | ", 1) for line in done.stdout.splitlines() if " | " in line)
    assert set(said) == set(names), done.stdout + done.stderr
    for name, text in said.items():
        assert text.startswith("not written yet: "), f"{name}: {text}"
        assert "lib/cnn/" in text
    validate = demo.run("nbgrader", "validate", f"{NAME}.ipynb", cwd=folder)
    assert "not written yet" in validate.stdout + validate.stderr


@pytest.mark.slow
def test_reference_submission_validates(demo):
    """Nbgrader validate, which students know, passes on right answers."""
    folder = demo.root / f"submitted/demo-reference/{NAME}"
    demo.env["GRADLAB_DATA"] = str(demo.root / "data")
    try:
        done = demo.run("nbgrader", "validate", f"{NAME}.ipynb", cwd=folder)
    finally:
        del demo.env["GRADLAB_DATA"]
    assert "Success" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]


def test_demo_never_touches_other_students(demo):
    """With a real submission in the folder the demo refuses and leaves everything as it is."""
    other = demo.root / f"submitted/ada/{NAME}"
    other.mkdir(parents=True)
    try:
        done = demo.run("gradlab", "demo", NAME)
    finally:
        shutil.rmtree(other.parent)
    assert done.returncode == 1
    assert "submitted/ holds ada" in done.stderr
    assert "Traceback" not in done.stderr
