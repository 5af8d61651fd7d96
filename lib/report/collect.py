"""Take out of a section what its part of the report shows: pictures, the student's own words, or all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lib.report import answers
from lib.report import notebook as nb
from lib.report.curves import CURVES, describe
from lib.report.sections import Section

MAX_ITEMS = 80  # of one part; the rest stays in the notebook, and the report says so
MAX_TEXT = 60_000
MAX_OUTPUT = 12_000

_ANSI = re.compile(r"\x1b?\[[0-9;]*m")
_DATA_PICTURE = re.compile(
    r"<img\b[^>]{0,400}?\bsrc\s*=\s*[\"']?data:(image/[a-z+]+);base64,([A-Za-z0-9+/=\s]+)", re.I
)
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")
# widgets are not among them: what they show is nearly always a progress bar, which nobody misses on paper
_INTERACTIVE = ("application/vnd.plotly", "application/vnd.bokeh", "application/pdf")
_BORING = re.compile(
    r"\s*(?:<[\w.]*(?:Figure|Axes|Artist|AxesImage|Line2D|Text|matplotlib)\b.*>|\[<matplotlib.*\]|Text\(.*\)|None)\s*",
    re.S,
)


@dataclass(frozen=True)
class Item:
    """Something to show; ``cell`` is the position of the cell in the student's notebook, counted from 1."""

    cell: int


@dataclass(frozen=True)
class Picture(Item):
    """An image output: the same picture in one or several formats, the best first; ``shows`` says what is on it, if known."""

    data: tuple[tuple[str, str], ...]
    shows: str = ""


@dataclass(frozen=True)
class Prose(Item):
    """Markdown. ``lines`` keeps line breaks, for text that was typed as a string."""

    text: str
    attachments: dict = field(default_factory=dict)
    lines: bool = False


@dataclass(frozen=True)
class Code(Item):
    """Code that a student wrote as part of an answer."""

    text: str


@dataclass(frozen=True)
class Source(Item):
    """A function out of a file that the student handed in; ``where`` names file and function."""

    text: str
    where: str


@dataclass(frozen=True)
class Printed(Item):
    """Text that a cell printed or returned."""

    text: str


@dataclass(frozen=True)
class HtmlTable(Item):
    """A table as HTML, and the same as plain text."""

    html: str
    plain: str


@dataclass(frozen=True)
class Trouble(Item):
    """What explains a gap: a cell that ended with an error, was never run, or shows what paper can not."""

    text: str


def collect(sections: list[Section], show: str) -> list[Item]:
    """Return what a part shows, in the order of the notebook.

    Parameters
    ----------
    sections : list of Section
    show : str
        "images": image outputs only. "text": what the student wrote and what their own cells show. "all": both,
        and what the given cells print.

    Returns
    -------
    list of Item
        A part is empty when it holds nothing but Trouble.
    """
    items: list[Item] = []
    for section in sections:
        for position, cell in section.cells:
            items += _TAKE[show](position, cell)
    return items


def is_content(item: Item) -> bool:
    """Tell whether an item is an answer and not the note on a missing one."""
    return not isinstance(item, Trouble)


def in_words(item: Item) -> bool:
    """Tell whether an item can answer a question that asks for words: text, a table, a photograph of a page."""
    return isinstance(item, (Prose, HtmlTable, Picture))


def _images(position: int, cell: Any) -> Iterator[Item]:
    if nb.kind(cell) != "code":
        return
    for output in nb.outputs(cell):
        picture = _picture(position, output)
        if picture is not None:
            yield picture
    yield from _troubles(position, cell)


def _all(position: int, cell: Any) -> Iterator[Item]:
    """Yield what a cell shows, whoever wrote it, and what the student wrote; a cell tagged "aside" is no part of it."""
    if "aside" in (nb.table(cell, "metadata").get("tags") or ()):
        return
    if not nb.is_locked(cell):
        yield from _text(position, cell)
    elif nb.kind(cell) == "code":
        yield from _shown(position, cell, None)
        yield from _troubles(position, cell)


def _text(position: int, cell: Any) -> Iterator[Item]:
    if nb.is_locked(cell):
        return
    source = nb.source(cell)
    if nb.kind(cell) in ("markdown", "raw"):
        written = answers.without_stub(source)
        if written:
            yield Prose(position, written, nb.table(cell, "attachments"), lines=nb.kind(cell) == "raw")
    elif nb.kind(cell) == "code":
        prose = answers.prose_of(source)
        if prose is not None:
            words = answers.without_stub(prose)
            if words:
                yield Prose(position, words, lines=True)
        elif not answers.is_code_stub(source):
            yield Code(position, source.strip("\n"))
        yield from _shown(position, cell, prose)
        yield from _troubles(position, cell)


def _shown(position: int, cell: Any, prose: str | None) -> Iterator[Item]:
    """Yield what a student's cell shows, without repeating the prose it was made of."""
    said = _squeeze(prose or "")
    for output in nb.outputs(cell):
        data = nb.table(output, "data")
        picture = _picture(position, output)
        markdown = nb.text_of(data.get("text/markdown")) or nb.text_of(data.get("text/latex"))
        html = nb.text_of(data.get("text/html"))
        plain = nb.text_of(data.get("text/plain"))
        if output.get("output_type") == "stream":
            printed = _ANSI.sub("", nb.text_of(output.get("text")))
            if output.get("name") != "stderr" and printed.strip() and _squeeze(printed) not in said:
                yield Printed(position, printed.strip("\n"))
        elif picture is not None:
            yield picture
        elif markdown.strip():
            if _squeeze(markdown) not in said:
                yield Prose(position, markdown)
        elif "<table" in html.lower():
            yield HtmlTable(position, html, plain)
        elif plain.strip() and not _BORING.fullmatch(plain[:2000]) and not plain.startswith("<IPython."):
            quoted = answers.text_of_repr(plain)
            if quoted is not None and _squeeze(quoted) not in said:
                yield Prose(position, quoted, lines=True)
            elif quoted is None:
                yield Printed(position, plain.strip("\n"))


def _picture(position: int, output: Any) -> Picture | None:
    data = nb.table(output, "data")
    found = [(mime, nb.text_of(data[mime])) for mime in _PICTURES if data.get(mime)]
    embedded = _DATA_PICTURE.search(nb.text_of(data.get("text/html"))) if not found and data else None
    if embedded:
        found = [(embedded[1].lower(), embedded[2])]
    return Picture(position, tuple(found), describe(data.get(CURVES))) if found else None


def _troubles(position: int, cell: Any) -> Iterator[Item]:
    """Yield why a cell may show less than it should; a failed check in a locked cell is no reason."""
    found = nb.flags(cell)
    if found.get("locked") and found.get("grade"):
        return
    for output in nb.outputs(cell):
        data = nb.table(output, "data")
        if output.get("output_type") == "error":
            name = nb.text_of(output.get("ename")) or "error"
            first = (nb.text_of(output.get("evalue")).strip().splitlines() or [""])[0]
            yield Trouble(
                position, f"ended with an error: {name}{first and ': '}{_ANSI.sub('', first)}"[:300]
            )
        elif any(str(mime).startswith(_INTERACTIVE) for mime in data) and _picture(position, output) is None:
            yield Trouble(
                position, "shows something interactive, which paper can not; draw it with matplotlib"
            )
    if nb.source(cell).strip() and not nb.outputs(cell) and cell.get("execution_count") is None:
        yield Trouble(position, "has not been run")


def _squeeze(text: str) -> str:
    return re.sub(r"\W+", "", text)


_TAKE = {"images": _images, "text": _text, "all": _all}
