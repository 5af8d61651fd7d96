"""assignment.toml: what it becomes, and that each mistake in it ends in one sentence."""

from __future__ import annotations

import pytest
from course_factory import UNSHIPPED, edit, notebook, write_notebook

from gradlab.assignment import load
from gradlab.errors import GradlabError


def test_assignment_holds_what_the_file_says(course):
    """Points, regions, parts and the student's files are there."""
    tiny = load(course, "tiny")
    assert (tiny.title, tiny.points, tiny.dataset) == ("A tiny assignment", 5, "dots")
    assert tiny.student_files == ("lib/extra.py", "lib/layers.py")
    assert tiny.exercise("blur_forward").regions == ("blur-forward",)
    assert tiny.training is not None
    assert tiny.training.sample_target == 0.8
    assert tiny.report is not None
    assert tiny.report.parts[0].exercises == ("inline",)
    assert tiny.regions["sharpen-forward"].filename == "lib/unshipped.py"


def test_unknown_assignment_lists_the_known_ones(course):
    """A typo in the name is answered with the name that was meant, anything else with all names."""
    with pytest.raises(GradlabError, match=r"no assignment 'tinny' in source/; did you mean 'tiny'\?"):
        load(course, "tinny")
    with pytest.raises(GradlabError, match=r"no assignment 'cnn' in source/; known: tiny\."):
        load(course, "cnn")


MISTAKES = {
    "unknown key": (
        "minutes = 10",
        "minuts = 10",
        r"\[assignment\]: unknown key 'minuts'; did you mean 'minutes'\?",
    ),
    "unknown table": ("[training]", "[trainning]", r"unknown key 'trainning'; did you mean 'training'\?"),
    "unknown key of an exercise": (
        'heading = "1"',
        'headings = "1"',
        r"\[\[exercise\]\] blur_forward: unknown key",
    ),
    "missing key": ('title = "A tiny assignment"', "", r"\[assignment\]: the key 'title' is missing; add it"),
    "wrong type": ("points = 2", 'points = "2"', r"blur_forward: 'points' is '2', wanted a number"),
    "negative": ("points = 2", "points = -2", r"'points' is -2, wanted a number that is not negative"),
    "wrong choice": ('graded = "auto"', 'graded = "automatic"', r"wanted \"auto\" or \"manual\""),
    "text for a list": (
        'exercises = ["blur-forward"]',
        'exercises = "blur-forward"',
        r"wanted a list of texts",
    ),
    "listed twice": ('given = ["scale-forward"]', 'given = ["scale-forward", "scale-forward"]', r"twice"),
    "not TOML": ("[lib]", "[lib", r"source/tiny/assignment\.toml is not TOML"),
    "points": ("points = 2", "points = 4", r"blur_forward: 4 points here, 2 in its cell of tiny\.ipynb"),
    "kind": (
        'graded = "manual"',
        'graded = "auto"',
        r"inline: graded is 'auto' here, its cell .* is 'manual'",
    ),
    "no such cell": ('name = "inline"', 'name = "inlin"', r"no graded cell 'inlin'; did you mean 'inline'\?"),
    "no such region": (
        'given = ["scale-forward"]',
        'given = ["scale-forwrd"]',
        r"given lists region 'scale-forwrd', which no file",
    ),
    "both": (
        'given = ["scale-forward"]',
        'given = ["blur-forward"]',
        r"'blur-forward' is both an exercise and given",
    ),
    "not an exercise": (
        'exercises = ["blur-forward"]',
        "exercises = []",
        r"'blur-forward' is not listed under \[lib\] exercises",
    ),
    "no such path": ('"lib/tools.py"', '"lib/tool.py"', r"ships lists 'lib/tool\.py', which does not exist"),
    "path outside": ('"lib/tools.py"', '"../lib/tools.py"', r"must be a path below lib/"),
    "not shipped": (
        '"lib/layers.py", "lib/tools.py"]',
        '"lib/tools.py"]',
        r"'blur-forward' stands in lib/layers\.py, which ships does not hold",
    ),
    "part": (
        'exercises = ["inline"]',
        'exercises = ["inlin"]',
        r"answer: there is no exercise 'inlin'; did you mean 'inline'\?",
    ),
    "targets": ("target = 0.9", "target = 0.4", r"floor 0\.5 and target 0\.4"),
    "other name": ('name = "tiny"', 'name = "small"', r"name is 'small' in the folder 'tiny'"),
    "no notebook": (
        'notebook = "tiny.ipynb"',
        'notebook = "tine.ipynb"',
        r"holds a second notebook, tiny\.ipynb",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_named_in_one_sentence(course, old, new, message):
    """Whoever edits the file learns which table, which value, and what was wanted."""
    edit(course.source / "tiny" / "assignment.toml", old, new)
    with pytest.raises(GradlabError, match=message) as caught:
        load(course, "tiny")
    assert "\n" not in str(caught.value)


def test_graded_cell_without_exercise_is_named(course):
    """A cell with points that nothing judges stops the release."""
    master = notebook()
    master.cells[1].metadata["nbgrader"] |= {"grade": True, "points": 1}
    write_notebook(course, master)
    with pytest.raises(GradlabError, match=r"graded cell 'setup' of tiny\.ipynb is no exercise here"):
        load(course, "tiny")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"source/tiny/tiny\.ipynb is not a notebook"),
        ("[]", r"source/tiny/tiny\.ipynb is not a notebook"),
        ("{", r"source/tiny/tiny\.ipynb is not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}', r"format 4\.4"),
    ],
    ids=["empty", "list", "cut off", "old format"],
)
def test_damaged_notebook_is_named(course, content, message):
    """A notebook that cannot be read stops everything with its name."""
    (course.source / "tiny" / "tiny.ipynb").write_text(content)
    with pytest.raises(GradlabError, match=message):
        load(course, "tiny")


def test_missing_notebook_is_named(course):
    """The file that assignment.toml promises must be there."""
    (course.source / "tiny" / "tiny.ipynb").unlink()
    with pytest.raises(GradlabError, match=r"source/tiny/tiny\.ipynb not found"):
        load(course, "tiny")


def test_region_name_used_in_two_files_is_refused(course):
    """Names are unique in the whole repository, shipped or not."""
    (course.lib / "other.py").write_text(UNSHIPPED)
    with pytest.raises(GradlabError, match=r"'sharpen-forward' stands in lib/other\.py:6 already"):
        load(course, "tiny")


def test_unclosed_marker_in_a_file_that_is_not_shipped_is_refused(course):
    """A broken master is broken for every assignment."""
    edit(course.lib / "unshipped.py", "    ### END SOLUTION\n", "")
    with pytest.raises(GradlabError, match=r"lib/unshipped\.py:6: region 'sharpen-forward' .* never closed"):
        load(course, "tiny")


CELLS = {
    "region in a locked cell": (1, "### BEGIN SOLUTION a\nx = 1\n### END SOLUTION", r"not a solution cell"),
    "unclosed": (3, "### BEGIN SOLUTION a\nx = 1", r"cell 4 \(width\):1: region 'a' .* never closed"),
    "end alone in prose": (5, "The padding is zero.\n### END SOLUTION", r"without a BEGIN SOLUTION"),
    "name of lib": (
        3,
        "### BEGIN SOLUTION blur-forward\nx = 1\n### END SOLUTION",
        r"stands in lib/layers\.py:12 already",
    ),
    "hidden tests not begun": (2, "assert 1\n### END HIDDEN TESTS", r"END HIDDEN TESTS where BEGIN"),
    "hidden tests not closed": (2, "### BEGIN HIDDEN TESTS\nassert 1", r"BEGIN HIDDEN TESTS is never closed"),
}


@pytest.mark.parametrize(("cell", "source", "message"), CELLS.values(), ids=CELLS.keys())
def test_malformed_cell_is_refused(course, cell, source, message):
    """The program nbgrader would release a part of each of these."""
    master = notebook()
    master.cells[cell].source = source
    write_notebook(course, master)
    with pytest.raises(GradlabError, match=message):
        load(course, "tiny")


def test_grade_id_used_twice_is_refused(course):
    """A copied cell must not decide which of the two counts."""
    master = notebook()
    master.cells[4].metadata["nbgrader"]["grade_id"] = "heading_blur"
    write_notebook(course, master)
    with pytest.raises(GradlabError, match=r"grade id 'heading_blur' belongs to .* cell 1"):
        load(course, "tiny")
