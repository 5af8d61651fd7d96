"""The first page: what is here, what it earned; and what a picture says to those who cannot see it."""

from __future__ import annotations

import pikepdf
import pypdfium2
import pytest
from nbformat.v4 import new_output
from small_notebooks import MANIFEST, answer, code, notebook, png, printed

from lib.report.collect import Code, HtmlTable, Picture, Printed, Prose, Trouble
from lib.report.curves import CURVES, describe
from lib.report.overview import Present, Score, state_of

SCORES = (
    Score("training", "Training", 12.5, 25, "accuracy 70.0% on 2000 images"),
    Score("filters", "Filters as pictures", 0, 3, "0 of 16 filters are shown\nsecond line"),
    Score("filters_look", "Filters, the figure", None, 2, by_hand=True),
    Score("inline_question", "What do the filters see?", 5, 5, "Well seen.", by_hand=True),
)
LOSS = {"loss_hist": "2.3 1.1 0.41", "train_acc_hist": "0.2 0.5", "val_acc_hist": "0.31 0.86"}


def test_everything_is_here(build):
    """Each part with what it holds and its page; a student's version has no points."""
    page = build(notebook(answers=[answer("Mostly edges.")])).pages[0]
    assert "Everything is here." in page
    for part, state, number in zip(
        MANIFEST.parts, ("1 figure", "1 figure", "2 words"), (1, 2, 3), strict=True
    ):
        assert part.title in page
        assert state in page
        assert f"page {number}" in page
    assert "Points" not in page


def test_what_is_missing_is_named_first(build):
    """A part that is empty and a file that is not there."""
    files = (Present("model.npz", "missing", True), Present("lib/layers.py", "handed in"))
    page = build(notebook(filters=[]), files=files).pages[0]
    assert "Not everything is here: Convolutional filters, model.npz." in " ".join(page.split())
    assert "handed in" in page


def test_given_code_is_no_answer_in_words(build):
    """A cell that came with the question runs in everybody's notebook; the question asks what the student says of it."""
    given = code("print(1 / 3)", printed("0.333\n"))
    report = build(notebook(answers=[given]))
    assert "no words, 1 line of code" in report.pages[0]
    assert "Not everything is here: Inline question" in report.pages[0]
    assert "An answer in words was looked for and not found" in report.pages[2]
    assert "print(1 / 3)" in report.pages[2]


def test_grader_sees_points_and_reasons_on_the_first_page_and_beside_each_part(build):
    """All items with the first words of their reasons; each again where its part is."""
    report = build(notebook(), scores=SCORES, score="17.5 / 60 so far")
    first = " ".join(report.pages[0].split())
    for text in ("12.5 of 25", "0 of 3", "– of 2", "5 of 5", "waits for a person", "17.5 of 60 so far"):
        assert text in first.replace("\xa0", " ")
    assert len(report.pages) == 4, "the parts begin on a page of their own"
    assert "accuracy 70.0% on 2000 images" in report.pages[1]
    assert "second line" in report.pages[2]
    assert "Well seen." in report.pages[3]
    assert "accuracy 70.0%" not in report.pages[3]


def test_reason_is_text_whatever_it_holds(build):
    """Reasons hold students' error messages."""
    said = '#panic("x") *bold* $x$ \\ " </b> @cite ' + "long " * 400
    report = build(notebook(), scores=(Score("training", "Training", 1, 25, said),))
    assert '#panic("x") *bold* $x$ \\ " </b> @cite' in " ".join(report.pages[1].split())
    assert "…" in report.pages[0]


def test_outline_is_the_reports_own(build):
    """The parts are bookmarks; headings that a student wrote are not."""
    nb = notebook(answers=[answer("# Mine\n\n## Below\n\nEdges.")])
    with pypdfium2.PdfDocument(build(nb).path) as document:
        titles = [mark.get_title() for mark in document.get_toc()]
    assert [title.split(" ", 1)[1].strip() for title in titles] == [part.title for part in MANIFEST.parts]


def test_picture_tells_its_curve(build):
    """Alternative text comes from the numbers that the figure carries."""
    output = new_output("display_data", {"image/png": png(), CURVES: LOSS})
    with pikepdf.open(build(notebook(curves=[code("plot_history(h)", output)])).path) as pdf:
        told = [str(one.Alt) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/Alt" in one]
    assert any(
        "Training loss falls from 2.30 to 0.41 over 3 iterations; training accuracy rises from 0.200 to 0.500 over 2 epochs"
        in text
        for text in told
    ), told


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (LOSS | {"val_acc_hist": "0.5"}, "validation accuracy is 0.500"),
        (LOSS | {"val_acc_hist": "0.5 0.5"}, "validation accuracy stays at 0.500 over 2 epochs"),
        ({"loss_hist": "nan inf 3 2"}, "Training loss falls from 3.00 to 2.00 over 2 iterations"),
    ],
)
def test_curves_in_words(told, sentence):
    """Falls, rises, stays; what is not a number is left out."""
    assert sentence in describe(told)


@pytest.mark.parametrize(
    "told", [None, "text", [], {}, {"loss_hist": 3}, {"loss_hist": "a b"}, {"loss_hist": "1 " * 500_000}]
)
def test_what_carries_no_curves_says_nothing(told):
    """Outputs are a student's, and may hold anything."""
    assert describe(told) == ""


def test_vis_utils_writes_what_the_report_reads():
    """One name on both sides, and numbers that come through."""
    import matplotlib.pyplot as plt

    from lib import vis_utils

    figure = vis_utils.plot_history([2.3, 0.41], [0.2, 0.5], [0.3, 0.6])
    bundle = figure._repr_mimebundle_()
    plt.close(figure)
    assert "Training loss falls from 2.30 to 0.41 over 2 iterations" in describe(bundle[CURVES])


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([Picture(1, ()), Picture(2, ())], "2 figures"),
        ([Prose(1, "one two"), Picture(2, ())], "1 figure, 2 words"),
        ([Code(1, "a = 1\nb = 2"), HtmlTable(1, "", "")], "1 table, 2 lines of code"),
        ([Printed(1, "x")], "output"),
        ([Trouble(1, "has not been run")], "missing"),
    ],
)
def test_state_in_a_few_words(items, state):
    """What a part holds."""
    assert state_of(items) == state
