"""The report as a whole: order, missing parts, the sample's banner, the same bytes twice."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from small_notebooks import MANIFEST, answer, code, failed, heading, notebook, picture

from lib.errors import CourseError
from lib.report import build_report


def test_parts_stand_in_their_order_each_on_its_own_page(build):
    """Curves, filters and the answer follow each other whatever is in them; the first page lists all of them."""
    report = build(notebook())
    counts = [page.count(part.title) for page, part in zip(report.pages, MANIFEST.parts, strict=True)]
    assert counts == [2, 1, 1]
    assert report.colors == [["red"], ["lime"], []]
    assert "Mostly edges." in report.pages[2]
    assert report.result.missing == ()


def test_order_is_the_manifests_and_not_the_notebooks(build):
    """A notebook whose sections were moved gives the same order."""
    nb = notebook()
    moved = new_notebook(cells=[*nb.cells[5:7], *nb.cells[3:5], *nb.cells[1:3]])
    assert build(moved).colors == [["red"], ["lime"], []]


def test_title_block_says_whose_what_and_with_what(build):
    """Student, score, data, versions and the note stand on the first page."""
    facts = {
        "student": "Ada",
        "score": "37 / 60",
        "dataset": "SVHN",
        "versions": "NumPy 2.4",
        "note": "Late by a day.",
    }
    report = build(notebook(), **facts)
    assert all(fact in report.pages[0] for fact in [MANIFEST.title, *facts.values()])


def test_extra_cells_and_extra_plots_belong_to_their_section(build):
    """Everything up to the next heading is shown, in order."""
    extra = [
        code("plot", picture("red"), picture("blue")),
        new_markdown_cell("mine"),
        code("again", picture("lime")),
    ]
    colors = build(notebook(curves=extra)).colors
    assert [color for page in colors[:-2] for color in page] == ["red", "blue", "lime"]


def test_a_section_ends_at_the_next_heading(build):
    """What stands in the hand-in section is in no part."""
    assert "behind the last section" not in build(notebook()).text


def test_missing_part_has_a_page_that_says_what_was_looked_for_and_why(build):
    """The page of a missing part names the section, and the error that explains the gap."""
    report = build(notebook(filters=[code("modle", failed())]))
    assert report.result.missing == ("Convolutional filters",)
    page = " ".join(report.pages[1].split())
    assert "Part missing: Convolutional filters" in page
    assert "Looked for a picture among the outputs in section “9 · Filters as pictures”" in page
    assert "Cell 5 ended with an error: NameError: name 'modle' is not defined." in page


def test_missing_section_names_its_number(build):
    """Without its heading a section can not be found, and the page says which one it was."""
    nb = notebook()
    del nb.cells[3:5]
    assert "section 9 of the notebook, but its heading is not there" in " ".join(build(nb).pages[1].split())


def test_cell_that_was_never_run_explains_a_missing_plot(build):
    """A plot that is not there because nobody ran its cell is told apart from one that failed."""
    assert "Cell 5 has not been run." in build(notebook(filters=[code("show()", count=None)])).pages[1]


def test_failing_check_in_a_locked_cell_is_no_reason(build):
    """What a grade cell says belongs to the feedback, not to the report."""
    check = code(
        "check('filters')", failed("CheckFailed", "wrong"), locked=True, grade=True, grade_id="filters"
    )
    assert "CheckFailed" not in build(notebook(filters=[check])).text


@pytest.mark.parametrize("text", ["YOUR ANSWER HERE", "*YOUR ANSWER HERE*", "", " \n\n", "<!-- why? -->"])
def test_untouched_answer_is_missing(build, text):
    """A stub is no answer."""
    report = build(notebook(answers=[answer(text)]))
    assert report.result.missing == ("Inline question",)
    assert "Looked for an answer" in report.pages[2]


def test_empty_notebook_gives_a_report_of_missing_parts(build):
    """A notebook without cells still says for each part that it is missing."""
    report = build(new_notebook())
    assert report.result.missing == report.result.parts
    assert len(report.pages) == 3


def test_sections_are_found_by_their_text_when_metadata_are_lost(build):
    """An editor that drops nbgrader's metadata does not cost the report; numbered answers are no headings."""
    nb = notebook(
        answers=[new_markdown_cell("## 2. Kinds\nMostly edges."), code("plot", picture("blue"))],
        labeled=False,
    )
    report = build(nb)
    assert report.colors == [["red"], ["lime"], ["blue"]]
    assert "Mostly edges." in report.pages[2]
    assert "Text of the course" not in report.text


def test_sample_is_named_on_every_page(build):
    """Nobody takes results on the sample for real ones, whichever page they see."""
    report = build(notebook(), dataset="SVHN sample")
    assert all("SAMPLE DATA" in page for page in report.pages)


def test_real_data_has_no_banner(build):
    """The banner means something because it is not always there."""
    assert "SAMPLE" not in build(notebook(), dataset="SVHN").text


def test_footer_stands_on_every_page(build):
    """A remark that concerns the whole report can not be lost with the first page."""
    assert all(
        "run without a sandbox" in page for page in build(notebook(), footer="run without a sandbox").pages
    )


def test_same_input_gives_the_same_bytes(build):
    """No time, no folder and no random name gets into the PDF."""
    nb = notebook(
        answers=[answer("$x^2$ ![a](attachment:p.png)", **{"p.png": picture()["data"]["image/png"]})]
    )
    first = build(nb, student="Ada", dataset="SVHN sample").path.read_bytes()
    assert build(nb, student="Ada", dataset="SVHN sample").path.read_bytes() == first


def test_pdf_has_title_language_and_alt_text(build):
    """A screen reader finds the title, the language, and words for each figure."""
    data = build(notebook()).path.read_bytes()
    assert b"/Lang(en)" in data
    assert b"A small assignment" in data
    assert data.count(b"/Alt") == 2


def test_old_pdf_stays_when_the_new_one_can_not_be_written(tmp_path):
    """A folder in the way of the PDF ends in one sentence and is not harmed."""
    (tmp_path / "problem.pdf").mkdir()
    with pytest.raises(CourseError, match=r"problem\.pdf could not be written"):
        build_report(notebook(), MANIFEST, tmp_path / "problem.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["problem.pdf"]


def test_heading_that_stands_twice_joins_its_cells(build):
    """A copied heading loses nothing."""
    again = [code("plot", picture("red")), heading("training", 8, "Training"), code("plot", picture("blue"))]
    assert build(notebook(curves=again)).colors[0] == ["red", "blue"]
