"""The class at a glance: its numbers, and that it names nobody unasked."""

from __future__ import annotations

from pathlib import Path

import made_up_class
import pytest

from gradlab import class_page
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.item_statistics import common_reasons, items_of, normal_reason, reliability
from gradlab.scores import Score

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a course with a graded class of 24."""
    root = tmp_path_factory.mktemp("class")
    for name in ("source", "lib", "exercises"):
        (root / name).symlink_to(ROOT / name)
    return made_up_class.make(root, 24)


def scores(rows, of=2.0):
    """Return the scores of students a, b, ...: a row each, a column for each item."""
    return {
        chr(97 + n): {f"item{i}": Score(points, of, by_hand=False) for i, points in enumerate(row)}
        for n, row in enumerate(rows)
    }


def test_difficulty_and_discrimination_worked_out_by_hand():
    """Means of shares; an item that follows the others, one against them, and one that all solved."""
    rows = [
        [0, 0, 2, 2],
        [0, 0, 2, 2],
        [0, 0, 2, 2],
        [0, 1, 2, 2],
        [2, 1, 0, 2],
        [2, 2, 0, 2],
        [2, 2, 0, 2],
        [2, 2, 0, 2],
    ]
    with_others, graded, against, solved = items_of(scores(rows), ["item0", "item1", "item2", "item3"])
    assert (with_others.difficulty, graded.difficulty, solved.difficulty) == (0.5, 0.5, 1.0)
    # item0 is 0 or 2; the others without it come to 4, 4, 4, 5, 3, 4, 4, 4
    assert with_others.discrimination == pytest.approx(-0.5)
    # item1 rises with item0 and falls with item2, which cancel: the rest is 4 for everybody
    assert graded.discrimination is None
    assert against.discrimination < -0.9
    assert solved.discrimination is None
    # variances times 7: 8, 6, 8 and 0, of the sums 6; 4/3 (1 - 22/6)
    assert reliability(scores(rows), ["item0", "item1", "item2", "item3"]) == pytest.approx(-32 / 9)


def test_few_students_and_open_items():
    """Of seven no correlation is given; an item that nobody scored does not hide the others."""
    few = items_of(scores([[0, 1]] * 7), ["item0", "item1"])
    assert [item.discrimination for item in few] == [None, None]
    rows = [[n % 3, n % 3, None] for n in range(9)]
    first, _, open_item = items_of(scores(rows), ["item0", "item1", "item2"])
    assert first.discrimination == pytest.approx(1)
    assert (open_item.shares, open_item.difficulty) == ((), None)


def test_reasons_that_differ_in_numbers_are_one():
    """Cases, shapes and values are left out, the diagnosis stays."""
    said = made_up_class.REASONS["conv_backward"]
    found = common_reasons(
        [("conv_backward", said.format(n=n), 1.5) for n in (1, 4, 7)] + [("training", "late", 1.0)]
    )
    assert [(item, count, lost) for item, _, count, lost in found] == [
        ("conv_backward", 3, 4.5),
        ("training", 1, 1.0),
    ]
    assert found[0][1] == (
        "dimg: this is what comes out when each window overwrites those before it, but windows overlap. "
        "Add (+=) instead of assigning (=)."
    )
    assert normal_reason("dw1 has 3 rows, wanted 4.") == "dw1 has # rows, wanted #."
    assert len(normal_reason("x" * 5000)) <= 220


def test_page_of_a_class(made):
    """Everything is on it, and no name unless it is asked for."""
    course, assignment = made
    text = class_page.write(course, assignment).read_text(encoding="utf-8")
    assert "student-0" not in text
    for said in (
        "24 submissions",
        "Max pooling, backward",
        "windows overlap",
        "handed in late",
        "Accuracy on held-back images",
    ):
        assert said in text, said
    assert "the student: not judged: training" in text
    assert text.count("<svg") > 20
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    named = class_page.write(course, assignment, names=True).read_text(encoding="utf-8")
    assert "student-007" in named


def test_text_of_students_is_text(made):
    """A reason may quote what a student wrote."""
    course, assignment = made
    facts = class_page.gather(course, assignment)
    facts.lost.append(("training", "<script>alert(1)</script> failed", 3.0))
    assert "<script" not in class_page.page(assignment, facts, names=False)


def test_nobody_graded(made, tmp_path):
    """Without a submission there is no page, and it says what to do."""
    with pytest.raises(GradlabError, match="no submission of cnn_svhn yet; run: gradlab grade cnn_svhn"):
        class_page.write(Course(tmp_path), made[1])
