"""What a person types or hands in wrongly ends in one sentence, exit code 1, and nothing lost."""

from __future__ import annotations

import pytest

NAME = "cnn_svhn"


@pytest.fixture
def toml(course_copy):
    """Give the text of assignment.toml to change, and put the original back afterwards."""
    path = course_copy.root / f"source/{NAME}/assignment.toml"
    original = path.read_text(encoding="utf-8")
    yield path
    path.write_text(original, encoding="utf-8")


def refused(course, *words):
    """Run a command that must be refused; return its one sentence."""
    done = course.run("gradlab", *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_unknown_assignment_lists_the_known(course_copy):
    """A typing mistake is answered with the nearest name."""
    assert "there is no assignment 'cnn_svnh'" in (said := refused(course_copy, "release", "cnn_svnh"))
    assert NAME in said


def test_wrong_key_is_named(course_copy, toml):
    """A key that nobody reads would be a setting that does nothing."""
    toml.write_text(toml.read_text().replace("minutes =", "minuets ="))
    assert "minuets" in (said := refused(course_copy, "release", NAME, "--no-gate"))
    assert "minutes" in said


def test_points_that_do_not_match_the_notebook(course_copy, toml):
    """Both numbers are named, and nothing is released."""
    toml.write_text(toml.read_text().replace("points = 25", "points = 20"))
    assert "20 points here, 25 in its cell" in refused(course_copy, "release", NAME, "--no-gate")
    assert not (course_copy.root / "release" / NAME).exists()


def test_nothing_to_grade(course_copy):
    """Before anything is released or handed in, grade says what is missing."""
    assert "is not in release/.versions" in refused(course_copy, "grade", NAME)


def test_outside_a_course(course_copy, tmp_path):
    """The command says that this folder is no course."""
    done = course_copy.run("gradlab", "list", cwd=tmp_path)
    assert done.returncode == 1
    assert "is not inside a course" in done.stderr


def test_wrong_option_is_one_sentence(course_copy):
    """Not a screen of usage."""
    assert "--forse" in refused(course_copy, "release", NAME, "--forse")


def test_error_in_settings_of_your_own_stops_nbgrader(course_copy):
    """Nbgrader would go on without any configuration: a release with nothing stripped, grades nobody judged."""
    local = course_copy.root / "nbgrader_local.py"
    local.write_text("c = get_config()\n1 / 0\n")
    try:
        done = course_copy.run("nbgrader", "generate_assignment", NAME, "--force")
    finally:
        local.unlink()
    assert done.returncode != 0
    assert "nbgrader_config.py cannot be loaded (ZeroDivisionError" in done.stderr
    assert not (course_copy.root / "release" / NAME).exists()


def test_pdf_outside_the_folder_is_refused(course_copy, toml):
    """The PDF lies in the root of what is handed in, never beside it."""
    toml.write_text(toml.read_text().replace('pdf = "problem_2_solution.pdf"', 'pdf = "../x.pdf"'))
    assert "wanted a file name ending in .pdf" in refused(course_copy, "release", NAME, "--no-gate")


@pytest.mark.slow
def test_missing_file_of_the_library_is_named(course_copy):
    """A deleted file of lib ends every command in a sentence that names it: the course's and the student's."""
    root = course_copy.root
    for gone, words in (
        ("lib/ops/conv.py", ("gradlab", "release", NAME)),
        ("lib/manifest.py", ("lib.handin", ".")),
    ):
        kept = (root / gone).read_bytes()
        (root / gone).unlink()
        try:
            done = course_copy.run(*words)
        finally:
            (root / gone).write_bytes(kept)
        assert done.returncode == 1, (words, done.stdout, done.stderr)
        assert f"{gone} is missing" in done.stderr
        assert "Traceback" not in done.stderr
