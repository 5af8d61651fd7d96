"""What a student wrote, wherever they wrote it, comes out readable."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_markdown_cell, new_output, new_raw_cell
from small_notebooks import answer, code, failed, notebook, picture, png, printed, returned

from lib.report import answers, formulas

FORMULAS = {
    "inline": (r"so $\frac{a_1 * b}{2} \le c^*$ holds", "≤"),
    "spaces inside": (r"so $ \alpha_1 * \beta_1 $ holds", "𝛼"),
    "display": ("$$\n\\sum_{u=0}^{K-1} w_u\n= 0\n$$", "∑"),
    "aligned": ("$$\\begin{aligned} a &= \\frac{1}{2} \\\\ b &= \\gamma \\end{aligned}$$", "𝛾"),
    "bare align": ("\\begin{align}\na &= \\gamma \\\\\nb &= 2\n\\end{align}", "𝛾"),
    "bare equation": ("\\begin{equation}\n\\gamma = 1\n\\end{equation}", "𝛾"),
    "cases": (r"$f = \begin{cases} \gamma & x > 0 \\ 0 & \text{else} \end{cases}$", "𝛾"),
    "matrix": (r"$\begin{bmatrix} \gamma & 0 \\ 0 & 1 \end{bmatrix}$", "𝛾"),
    "norm": (r"$$\left\| \frac{w}{2} \right\|_2^2 + \|w\|_1 + \lVert \gamma \rVert$$", "𝛾"),
    "in a table": ("| a | b |\n|---|---|\n| $\\gamma_1$ | 2 |", "𝛾"),
    "double backslash": (r"so \\(\gamma\\) holds", "𝛾"),
}


@pytest.mark.parametrize(("text", "sign"), FORMULAS.values(), ids=FORMULAS)
def test_formulas_are_typeset(build, text, sign):
    """LaTeX as a notebook takes it becomes signs, and no command of it is left."""
    report = build(notebook(answers=[answer(text)]))
    assert sign in report.pages[2]
    assert "\\" not in report.pages[2]
    assert "$" not in report.pages[2]
    assert report.result.as_source == ()


def test_formula_that_nobody_can_read_is_shown_as_typed(build):
    """One wrong formula costs that formula only, and is told."""
    report = build(notebook(answers=[answer(r"before $\foo{x}$ between $\alpha$ behind")]))
    assert r"$\foo{x}$" in report.pages[2]
    assert "𝛼" in report.pages[2]
    assert any("foo" in text for text in report.result.as_source)


def test_prices_are_no_formulas(build):
    """Two dollar signs in a sentence need not be LaTeX."""
    assert "costs $5 and $6" in build(notebook(answers=[answer(r"It costs \$5 and \$6.")])).pages[2]


def test_dollars_in_code_stay_code(build):
    """Formulas are not looked for inside code."""
    page = build(notebook(answers=[answer("`a $x$ b`\n\n```\n$y^2$\n```")])).pages[2]
    assert "$x$" in page
    assert "$y^2$" in page


def test_tables_lists_code_and_headings_come_out(build):
    """The usual Markdown loses its marks and keeps its words."""
    table = "| kind | n |\n|:--|--:|\n| edge | 12 |"
    text = f"# Mine\n\n{table}\n\n1. one\n   - nested\n\n```python\nx = [1]\n```\n~~no~~ **yes**"
    page = build(notebook(answers=[answer(text)])).pages[2]
    assert all(word in page for word in ("Mine", "kind", "edge", "12", "nested", "x = [1]", "yes"))
    assert not any(mark in page for mark in ("|", "**", "```", "~~", "# "))


def test_attached_and_embedded_pictures_are_shown(build):
    """A pasted picture and one inside the text are part of the answer."""
    embedded = f"data:image/png;base64,{png('blue')}"
    text = f"![a](attachment:a%20b.png)\n\n![b]({embedded})\n\n<img src='attachment:c.png'>"
    report = build(notebook(answers=[answer(text, **{"a b.png": png("red"), "c.png": png("lime")})]))
    assert report.colors[2] == ["red", "blue", "lime"]


@pytest.mark.parametrize(
    "url", ["http://example.org/a.png", "/etc/hostname", "../problem.png", "file:///etc/hostname"]
)
def test_pictures_from_elsewhere_are_named_and_never_loaded(build, url):
    """Neither the web nor a path is opened for a picture."""
    report = build(notebook(answers=[answer(f"see ![x]({url})")]))
    assert report.colors[2] == []
    assert "picture not shown" in report.pages[2]
    assert any(url in text for text in report.result.warnings)


def test_raw_html_is_shown_as_text(build):
    """HTML has no effect; its tags are there to be read."""
    page = build(
        notebook(answers=[answer("a <b>bold</b> word<br>next <!-- gone -->\n\n<div>\nblock\n</div>")])
    ).pages[2]
    assert "<b>bold</b>" in page
    assert "<div>" in page
    assert "<br>" not in page
    assert "gone" not in page


PROSE = {
    "bare string": '"""Mostly *edges*, $\\\\alpha$."""',
    "name": "answer = 'Mostly *edges*, ' + '$\\\\alpha$.'",
    "print": "print('Mostly *edges*, $\\\\alpha$.')",
    "name and print": "# my answer\na = 'Mostly *edges*, $\\\\alpha$.'\nprint(a)",
    "display": "from IPython.display import *\ndisplay(Markdown(r'Mostly *edges*, $\\alpha$.'))",
}


@pytest.mark.parametrize("source", PROSE.values(), ids=PROSE)
def test_string_in_a_code_cell_is_an_answer(build, source):
    """An answer typed as a string is set like one typed as text, once, without its quotes."""
    outputs = [printed("Mostly *edges*, $\\alpha$.\n")] if "print" in source else []
    report = build(notebook(answers=[answer("YOUR ANSWER HERE"), code(source, *outputs)]))
    assert report.pages[2].count("Mostly edges, 𝛼") == 1
    assert "'" not in report.pages[2]
    assert report.result.missing == ()


def test_markdown_that_a_cell_displays_is_an_answer(build):
    """What display(Markdown(...)) made of variables is set as text."""
    shown = new_output(
        "display_data",
        {"text/markdown": "Norm **1.25**", "text/plain": "<IPython.core.display.Markdown object>"},
    )
    page = build(notebook(answers=[code("display(Markdown(f'Norm **{n}**'))", shown)])).pages[2]
    assert "Norm 1.25" in page
    assert "IPython" not in page


def test_code_that_a_student_added_is_shown_with_what_it_gives(build):
    """Numbers, tables and plots that support an answer are part of it."""
    table = returned(
        text_html="<style>.x {}</style><table><tr><th>kind</th></tr><tr><td>edge</td></tr></table>",
        text_plain="kind\nedge",
    )
    report = build(
        notebook(answers=[code("n = norm(w)\nprint(n)\ndf", printed("1.25\n"), table, picture("blue"))])
    )
    assert all(word in report.pages[2] for word in ("n = norm(w)", "1.25", "kind", "edge"))
    assert ".x {}" not in report.pages[2]
    assert report.colors[2] == ["blue"]


def test_extra_text_cells_are_shown_and_the_courses_are_not(build):
    """A second cell belongs to the answer; what the course or the grader wrote does not."""
    locked = new_markdown_cell(
        "A hint of the course", metadata={"nbgrader": {"locked": True, "solution": False}}
    )
    rubric = new_markdown_cell("Two points for", metadata={"gradlab": {"added": "rubric"}})
    page = build(
        notebook(
            answers=[locked, answer("First."), rubric, new_markdown_cell("Second."), new_raw_cell("Third.")]
        )
    ).pages[2]
    assert all(word in page for word in ("First.", "Second.", "Third."))
    assert "hint" not in page
    assert "Two points" not in page


def test_cells_are_counted_as_the_student_counts_them(build):
    """The number under a figure is that of the cell handed in: notes and rubrics of the grader do not count."""
    given = notebook(answers=[answer("First."), code("plot()", picture("blue"))])
    graded = notebook(answers=[answer("First."), code("plot()", picture("blue"))])
    added = [
        new_markdown_cell("Grader's.", metadata={"gradlab": {"added": kind}}) for kind in ("notes", "rubric")
    ]
    graded.cells[0:0] = added[:1]
    graded.cells[7:7] = added[1:]
    pages = build(graded).pages
    assert pages == build(given).pages
    assert "cell 3" in pages[0]
    assert "Grader's" not in "".join(pages)


def test_code_that_calls_itself_the_graders_counts(build):
    """The grader adds text only, so metadata of a student hide none of their code and pictures."""
    nb = notebook(curves=[code("plot()", picture("red"))])
    nb.cells[2].metadata["gradlab"] = {"added": "notes"}
    assert build(nb).colors[0] == ["red"]


def test_answer_behind_the_stubs_words_counts(build):
    """Students type behind the stub as often as over it."""
    report = build(notebook(answers=[answer("YOUR ANSWER HERE: mostly edges")]))
    assert "mostly edges" in report.pages[2]
    assert "YOUR ANSWER" not in report.pages[2]


def test_code_stub_is_no_answer(build):
    """A cell that still raises holds nothing of the student's."""
    stub = code(
        '# YOUR CODE HERE: plot\nraise NotImplementedError("plot")', failed("NotImplementedError", "plot")
    )
    report = build(notebook(answers=[stub]))
    assert report.result.missing == ("Inline question",)
    assert "Cell 7 ended with an error: NotImplementedError: plot." in " ".join(report.pages[2].split())


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("YOUR ANSWER HERE", ""),
        ("**YOUR ANSWER HERE: inline-question**", ""),
        ("YOUR ANSWER HERE\n\nEdges.", "Edges."),
        ("Edges, as in YOUR ANSWER HERE.", "Edges, as in YOUR ANSWER HERE."),
    ],
)
def test_stub_is_taken_out_and_nothing_else(text, rest):
    """Only the words that stood there before go."""
    assert answers.without_stub(text).strip(" *\n") == rest


@pytest.mark.parametrize(
    "source", ["x = 1", "print(x)", "f'{x}'", "def f():\n    'doc'", "'a' * 3", "syntax error here", ""]
)
def test_code_is_not_prose(source):
    """What computes is shown as code."""
    assert answers.prose_of(source) is None


def test_formula_words_do_not_depend_on_anything_but_the_text():
    """The words that stand for formulas are the same each time, and are put back as typed."""
    text = "a $x_1$ b $$y$$ `$c$` \\begin{align}z\\end{align}"
    first, second = formulas.extract(text), formulas.extract(text)
    assert first.text == second.text
    assert first.restore(first.text) == text
    assert [latex for _, latex in first.formulas] == ["x_1", "y", "\\begin{align}z\\end{align}"]


def test_missing_glyphs_are_told(build, monkeypatch):
    """Characters that no font of the machine has are named instead of becoming boxes in silence."""
    monkeypatch.setattr("lib.report.fonts.fonts_for", lambda characters: ([], characters))
    assert any("滤" in text for text in build(notebook(answers=[answer("滤波器 edges")])).result.warnings)
