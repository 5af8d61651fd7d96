"""What a part shows -> pieces of typst, each with plainer forms to fall back to."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lib.report import collect, images, markdown
from lib.report import notebook as nb
from lib.report.images import quote
from lib.report.typeset import Piece

MAX_LINES = 160
MAX_COLUMNS = 14
_DATA_URL = re.compile(r"data:(image/[a-z+]+);base64,(.*)\Z", re.S)


class Maker:
    """Makes the pieces of a report in a folder, and remembers what a reader should know about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self._best: dict[
            int, tuple[str, int]
        ] = {}  # id of a piece -> (what it is, forms that are as good as typed)
        self._noted: list[str] = []

    def as_source(self, pieces: list[Piece]) -> list[str]:
        """Return which answers appear as they were typed, in part or whole."""
        fallen = [
            self._best[id(p)][0] for p in pieces if id(p) in self._best and p.chosen >= self._best[id(p)][1]
        ]
        return [*self._noted, *fallen]

    def part(self, number: int, title: str, items: list[collect.Item]) -> list[Piece]:
        """Return the pieces of one part."""
        made: list[Piece] = []
        pictures, before = 0, 0
        for item in items[: collect.MAX_ITEMS]:
            if isinstance(item, collect.Picture):
                pictures += 1
                made.append(self._picture(item, number, pictures, title))
            else:
                if item.cell and item.cell != before and not isinstance(item, collect.Trouble):
                    made.append(Piece([f"#from[cell {item.cell}]"]))
                made += self._other(item)
            before = item.cell
        left_out = len(items) - collect.MAX_ITEMS
        if left_out > 0:
            text = f"{left_out} more outputs of this section are in the notebook and not shown here."
            made.append(Piece([f"#remark({quote(text)})"]))
            self.warnings.append(f"“{title}”: {left_out} more outputs than a report shows")
        return made

    def _other(self, item: collect.Item) -> Iterator[Piece]:
        if isinstance(item, collect.Prose):
            yield from self._prose(item)
        elif isinstance(item, collect.Source):
            text, note = shorten(item.text, collect.MAX_OUTPUT)
            head = f"#from[#raw({quote(item.where)})]\n"
            yield Piece([head + raw(text, "python"), head + raw(text)])
            yield from note
        elif isinstance(item, collect.Code):
            text, note = shorten(item.text, collect.MAX_OUTPUT)
            yield Piece([raw(text, "python"), raw(text)])
            yield from note
        elif isinstance(item, collect.Printed):
            text, note = shorten(item.text, collect.MAX_OUTPUT)
            yield Piece([raw(text)])
            yield from note
        elif isinstance(item, collect.HtmlTable):
            yield from self._table(item)
        elif isinstance(item, collect.Trouble):
            yield Piece([f"#trouble({quote(sentence_of(item))})"])

    def _picture(self, item: collect.Picture, number: int, count: int, title: str) -> Piece:
        alt = f"{title}: figure {number}.{count}, from cell {item.cell} of the notebook"
        alt += f". {item.shows}." if item.shows else ""
        caption = f"#caption[Figure {number}.{count} #h(.5em) cell {item.cell}]"
        unreadable = f"Cell {item.cell}: a picture is not shown"
        try:
            stored = images.store(self.folder, item.data)
        except images.PictureError as error:
            self.warnings.append(f"cell {item.cell}: a picture is not shown: it is {error}")
            return Piece([f"#trouble({quote(f'{unreadable}: it is {error}.')})"])
        piece = Piece(
            [*(f"{one.code(alt)}\n{caption}" for one in stored), f"#trouble({quote(unreadable + '.')})"]
        )
        self._best[id(piece)] = (f"cell {item.cell}: a picture could not be typeset", len(stored))
        return piece

    def _prose(self, item: collect.Prose) -> Iterator[Piece]:
        text, note = shorten(item.text, collect.MAX_TEXT, lines=None)
        where = f"cell {item.cell}"
        apology = "#remark[This text could not be typeset; its source follows.]\n" + raw(
            text[: collect.MAX_OUTPUT]
        )
        forms: list[str] = []
        try:
            for formulas in (True, False):
                done = markdown.to_typst(text, self._shower(item), lines=item.lines, formulas=formulas)
                if formulas and done.unreadable:
                    self._noted.append(f"{where}: the formula {done.unreadable[0][:60]}")
                forms.append(done.code)
        except markdown.MarkdownError as error:
            self._noted.append(f"{where}: {error}")
            forms = []
        piece = Piece([*forms, apology])
        if forms:
            self._best[id(piece)] = (f"{where}: an answer or its formulas", 1)
        yield piece
        yield from note

    def _table(self, item: collect.HtmlTable) -> Iterator[Piece]:
        text, note = shorten(item.plain, collect.MAX_OUTPUT)
        forms = [raw(text)] if text else [raw(re.sub(r"<[^>]{0,500}>", " ", item.html)[:2000])]
        row = re.search(r"<tr\b.*?</tr", item.html[:50_000], re.I | re.S)
        columns = len(re.findall(r"<t[hd]\b", row[0], re.I)) if row else 0
        if (
            columns <= MAX_COLUMNS
            and item.html.count("<tr") <= MAX_LINES
            and len(item.html) <= collect.MAX_TEXT
        ):
            with contextlib.suppress(markdown.MarkdownError):  # the plain text tells the same
                forms.insert(0, f"#[#set text(9.5pt)\n{markdown.table_to_typst(item.html).code}]")
        yield Piece(forms)
        yield from note

    def _shower(self, item: collect.Prose) -> markdown.ShowPicture:
        """Return what decides on the pictures of a text: attached and embedded ones are shown."""

        def show(url: str, alt: str, alone: bool) -> str | None:
            embedded = _DATA_URL.match(url)
            if url.startswith("attachment:"):
                name = unquote(html.unescape(url.removeprefix("attachment:")))
                bundle = nb.table(item.attachments, name)
                formats = [
                    (mime, nb.text_of(data))
                    for mime, data in bundle.items()
                    if str(mime).startswith("image/")
                ]
            else:
                formats = [(embedded[1], unquote(embedded[2]))] if embedded else []
            reason = "only attached pictures are shown" if not formats else ""
            try:
                stored = images.store(self.folder, formats)[0] if formats else None
            except images.PictureError as error:
                stored, reason = None, f"it is {error}"
            if stored:
                return stored.code(alt or f"picture in cell {item.cell}", inline=not alone)
            shown = "embedded picture" if embedded else nb.clean(url)[:80]
            self.warnings.append(f"cell {item.cell}: the picture {shown} is not shown: {reason}")
            return f"#emph({quote(f'[picture not shown: {shown}]')})"

        return show


def sentence_of(item: collect.Trouble) -> str:
    """Say what explains a gap: a cell, or a file where there is no cell."""
    return f"Cell {item.cell} {item.text}." if item.cell else f"{item.text}."


def raw(text: str, language: str = "") -> str:
    """Return typst code that shows a text as it is."""
    lang = f", lang: {quote(language)}" if language else ""
    return f"#raw(block: true{lang}, {quote(markdown.breakable(text))})"


def shorten(text: str, limit: int, lines: int | None = MAX_LINES) -> tuple[str, list[Piece]]:
    """Return a text of bounded length, and the remark that says so if something was cut."""
    kept = text[:limit]
    if lines is not None:
        kept = "\n".join(kept.split("\n")[:lines])
    if len(kept) == len(text):
        return text, []
    note = f"Cut here: {len(text) - len(kept)} of {len(text)} characters are in the notebook and not shown."
    return kept, [Piece([f"#remark({quote(note)})"])]
