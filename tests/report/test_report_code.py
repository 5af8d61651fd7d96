"""Parts that show everything: the student's code, figures and prose; and a part that is extra credit."""

from __future__ import annotations

from dataclasses import replace

import pypdfium2
import pytest
from nbformat.v4 import new_notebook
from small_notebooks import MANIFEST, answer, code, heading, picture, printed

from lib.manifest import Exercise, ReportPart
from lib.report import build_report
from lib.report.collect import Source, Trouble
from lib.report.own_code import student_code

LAYERS = '''"""A file."""


def blur_forward(x):
    """Blur x.

    Given with the assignment.
    """
    y = 2 * x  # mine
    return y


class Layer:
    def backward(self, dout):
        return dout * 2


blurred = None
'''


def pages_of(path):
    """Return the text of each page."""
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range() for page in document]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "layers.py").write_text(LAYERS)
    return tmp_path


def manifest(folder, **changes):
    exercises = (
        Exercise("blur", "Blur", where="lib/layers.py, blur_forward, Layer.backward", heading="2"),
        Exercise("blur_words", "Blur, in words", graded="manual", where="the cell below", heading="2"),
        Exercise("extra", "Extra", graded="manual", heading="3", extra_credit=5.0),
    )
    parts = (
        ReportPart("blur", "Part one: blur", ("blur", "blur_words"), "all"),
        ReportPart("extra", "Extra Credit", ("extra",), "text"),
    )
    return replace(MANIFEST, folder=folder, exercises=exercises, parts=parts, **changes)


def cells(*more):
    return new_notebook(
        cells=[
            heading("blur", 2, "Blur"),
            code('check("blur")', printed("error 1e-9"), picture("red")),
            answer("It averages neighbors."),
            heading("extra", 3, "Extra"),
            *more,
        ]
    )


def test_code_figures_and_words_stand_in_one_part(folder):
    result = build_report(cells(), manifest(folder), folder / "report.pdf")
    text = "\n".join(pages_of(folder / "report.pdf"))
    order = [
        text.rindex(said)  # the first page lists the parts
        for said in (
            "Part one: blur",
            "blur_forward",
            "y = 2 * x",
            "return dout * 2",
            "It averages",
            "Extra Credit",
        )
    ]
    assert order == sorted(order)
    assert "Given with the assignment" not in text  # the docstring came with the release
    assert result.missing == ()


def test_extra_credit_that_was_not_tried_is_no_gap(folder):
    result = build_report(cells(), manifest(folder), folder / "report.pdf")
    assert "Not attempted" in pages_of(folder / "report.pdf")[-1]
    assert result.missing == ()
    build_report(cells(answer("I added noise.")), manifest(folder), folder / "report.pdf")
    last = pages_of(folder / "report.pdf")[-1]
    assert "I added noise." in last
    assert "Not attempted" not in last


def test_an_aside_is_left_out(folder):
    nb = cells()
    nb.cells.insert(2, code("print(1)", printed("only to try")))
    nb.cells[2].metadata = {"tags": ["aside"]}
    build_report(nb, manifest(folder), folder / "report.pdf")
    assert "only to try" not in "\n".join(pages_of(folder / "report.pdf"))


def test_functions_are_taken_without_their_docstrings(folder):
    items = student_code("lib/layers.py, blur_forward, Layer.backward", folder)
    assert [type(item) for item in items] == [Source, Source]
    assert items[0].text == "def blur_forward(x):\n    y = 2 * x  # mine\n    return y"
    assert items[1].text == "def backward(self, dout):\n    return dout * 2"
    assert student_code("the cell 'settings' of the notebook", folder) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "lib/layers.py is missing"),
        ("def f(:\n", "lib/layers.py is not valid Python, line 1"),
        ("x = 1\n", "lib/layers.py has no blur_forward"),
        ("x = '\0'\n", "lib/layers.py is not valid Python"),
    ],
)
def test_code_that_cannot_be_shown_says_why(folder, content, said):
    path = folder / "lib" / "layers.py"
    path.unlink() if content is None else path.write_text(content)
    (item,) = student_code("lib/layers.py, blur_forward", folder)
    assert isinstance(item, Trouble)
    assert item.text.startswith(said)
    build_report(cells(), manifest(folder), folder / "report.pdf")
    assert said.split(" is ")[0] in "\n".join(pages_of(folder / "report.pdf"))


def test_hostile_code_is_text(folder):
    """What looks like typst or raw marks in a student's code is shown, not run."""
    (folder / "lib" / "layers.py").write_text(
        'def blur_forward(x):\n    return "```#read(\\"/etc/passwd\\")```"\n'
    )
    build_report(cells(), manifest(folder), folder / "report.pdf")
    assert "#read(" in "\n".join(pages_of(folder / "report.pdf"))
