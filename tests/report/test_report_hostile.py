"""Nothing that a notebook holds breaks the report, and nothing in it is carried out."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest
from nbformat.v4 import new_output
from small_notebooks import answer, code, notebook, picture, png, printed

from lib.report import markdown, typeset
from lib.report.typeset import Piece, Typesetter

INJECTION = (
    '#panic("p") $#panic("q")$ $"#panic()"$ `#f`\n\n$ ) ] } $\n\n```{=typst}\n#panic("r")\n```\n`x`{=typst} '
    '[l](http://x/"#panic("x")) <lab> @ref {#id .c} ~ \\\n\n---\ntitle: x\n---\n[a]{b=c} #import "x": *'
)
TEXTS = {
    "injection": INJECTION,
    "control characters": "a\x00b\x1b[31m\ud800\u202ec",
    "open brackets": "[" * 3000,
    "brackets": "[" * 3000 + "]" * 3000,
    "stars": "*a **b " * 2000,
    "quotes in quotes": ">" * 3000 + " x",
    "deep list": "\n".join("  " * depth + "- x" for depth in range(300)),
    "dollars": "$" * 5000,
    "backticks": " ".join("`" * (n % 50) for n in range(1000)),
    "deep fraction": "$$" + r"\frac{1}{" * 200 + "x" + "}" * 200 + "$$",
    "macro": r"$\def\a{\a}\a$ $x^a^b$ $\left( x$ $&$",
    "two megabytes": "word " * 400_000,
    "open tags": "<div><p>" * 1000,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_gives_a_report(build, text):
    """Whatever an answer holds, the other parts are there and the answer is not missing."""
    report = build(notebook(answers=[answer(text)]))
    assert report.colors[:2] == [["red"], ["lime"]]
    assert report.result.missing == ()


def test_injected_code_is_text(build):
    """Code of typst is shown to the reader and not to the compiler."""
    page = build(notebook(answers=[answer(INJECTION)]), student='"#panic(1)', note="]#panic(2)").text
    assert all(f'#panic("{letter}")' in page for letter in "pr")
    assert "#panic(1)" in page
    assert "#panic(2)" in page


def test_long_text_is_cut_and_says_so(build):
    """An answer of a whole library does not make a report of a thousand pages."""
    report = build(notebook(answers=[answer("word " * 400_000)]))
    assert len(report.pages) < 40
    assert "characters are in the notebook and not shown" in report.pages[-1]


def _giant(width, height):
    """Return a PNG of a few bytes that says it is large."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9))
        + chunk(b"IEND", b"")
    )
    return base64.b64encode(data).decode()


BAD_PICTURES = {
    "giant": {"image/png": _giant(60_000, 60_000)},
    "large": {"image/png": _giant(9_000, 9_000)},
    "cut off": {"image/png": png()[:60]},
    "no base64": {"image/png": "!!!"},
    "svg cut off": {"image/svg+xml": "<svg"},
    "wrong shape": {"image/png": {"a": 1}},
}


@pytest.mark.parametrize("data", BAD_PICTURES.values(), ids=BAD_PICTURES)
def test_bad_picture_costs_itself_only(build, data):
    """A picture that can not be shown is told, and the next one is there."""
    nb = notebook(curves=[code("x", picture("red"), picture("blue"))])
    nb.cells[2].outputs[0]["data"] = data
    report = build(nb)
    assert report.colors[0] == ["blue"]


def test_svg_is_shown_and_falls_back_to_its_png(build):
    """Of two formats the better is taken, and the other one if that does not compile."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="9"><text x="0" y="8">drawn</text></svg>'
    outputs = [
        new_output("display_data", {"image/svg+xml": text, "image/png": png("blue")})
        for text in (svg, "<svg")
    ]
    assert build(notebook(curves=[code("x", *outputs)])).colors[0] == ["blue"]


def test_three_hundred_pictures_are_cut_and_counted(build):
    """A loop that plots does not make a report that nobody reads."""
    nb = notebook(curves=[code("x", picture(size=(40, 20))) for _ in range(300)])
    report = build(nb)
    assert sum(len(colors) for colors in report.colors[:-2]) < 100
    assert "220 more outputs of this section are in the notebook" in report.text


def test_long_output_is_cut(build):
    """A cell that prints a million lines takes a page or three."""
    report = build(notebook(answers=[code("for i in x: print(i)", printed("y\n" * 1_000_000))]))
    assert len(report.pages) < 10


@pytest.mark.parametrize(
    "cells", [None, 3, [], [{}], [{"cell_type": "code", "outputs": 5, "source": None}], ["x"]]
)
def test_notebook_of_any_shape_gives_a_report(build, cells):
    """Where the cells are not what they should be, all parts are missing and that is all."""
    assert build({"cells": cells}).result.missing == build({}).result.parts


def test_pandoc_that_hangs_is_ended(build, monkeypatch):
    """A text that pandoc does not finish in time is shown as typed."""
    monkeypatch.setattr(markdown, "SECONDS", 0.001)
    report = build(notebook(answers=[answer("Mostly **edges**.")]))
    assert "Mostly **edges**." in report.pages[2]
    assert any("pandoc took longer" in text for text in report.result.as_source)


def test_guilty_pieces_are_found_and_the_others_kept(tmp_path):
    """Of many pieces only those that do not compile fall back."""
    (tmp_path / "template.typ").write_text("")
    pieces = [
        Piece(["#panic()", "#let x = (", "plain"]) if n in (3, 11) else Piece(["good", "plain"])
        for n in range(14)
    ]
    Typesetter(tmp_path).typeset("", pieces, tmp_path / "out.pdf")
    assert [n for n, piece in enumerate(pieces) if piece.code == "plain"] == [3, 11]
    assert all(piece.code == "good" for n, piece in enumerate(pieces) if n not in (3, 11))


def test_piece_that_never_ends_is_ended(tmp_path, monkeypatch):
    """A piece that compiles for ever is given up after its time."""
    monkeypatch.setattr(typeset, "WHOLE_SECONDS", 2.0)
    monkeypatch.setattr(typeset, "PIECE_SECONDS", 1.0)
    (tmp_path / "template.typ").write_text("")
    endless = Piece(
        ["#let n = 0\n#while n >= 0 { n = calc.rem(n + 1, 7); for i in range(9000) { n = n } }", "plain"]
    )
    Typesetter(tmp_path).typeset("", [endless], tmp_path / "out.pdf")
    assert endless.code == "plain"


def test_picture_in_html_output_is_found(build):
    """A picture that a library shows as HTML is a picture."""
    html = f"<div><img src='data:image/png;base64,{png('blue')}'></div>"
    assert build(notebook(curves=[code("x", new_output("display_data", {"text/html": html}))])).colors[0] == [
        "blue"
    ]
