"""Markdown of strangers -> typst, by pandoc, with pictures, links and raw HTML under control.

Two passes: pandoc reads the text into its tree of blocks, this module goes through the tree, pandoc writes
typst. Nothing of the text reaches typst but through pandoc's writer, which escapes it.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pypandoc

from lib.report.formulas import Extracted, extract

READER = "gfm-emoji-alerts-yaml_metadata_block-tex_math_dollars-tex_math_gfm-autolink_bare_uris"
SECONDS = 8.0
MAX_DEPTH = 60
_BREAK = re.compile(r"<br\s*/?>", re.I)
_PICTURE = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)[^>]*>", re.I)
_ALT = re.compile(r"\balt\s*=\s*[\"']([^\"']*)", re.I)
_LONG = re.compile(r"(\S{60})(?=\S{20})")
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9+#-]{0,15}")

#: (url, alt, alone in its paragraph) -> typst code, or None if the picture is not shown
ShowPicture = Callable[[str, str, bool], "str | None"]


class MarkdownError(Exception):
    """A text that pandoc does not convert within its limits."""


@dataclass
class Converted:
    """Typst code, and the formulas that pandoc could not read and left as they were typed."""

    code: str
    unreadable: list[str] = field(default_factory=list)


def to_typst(text: str, show: ShowPicture, *, lines: bool = False, formulas: bool = True) -> Converted:
    """Convert Markdown with formulas.

    Parameters
    ----------
    text : str
    show : callable
        Asked for each picture.
    lines : bool
        Keep line breaks.
    formulas : bool
        False shows the LaTeX instead of the formulas.

    Raises
    ------
    MarkdownError
    """
    taken = extract(text)
    reader = READER + ("+hard_line_breaks" if lines else "")
    if not formulas:
        taken.formulas = [(displayed, None) for displayed, _ in taken.formulas]
    done = _convert(reader, taken.text, taken, show)
    if done.unreadable:
        bad = {latex.strip() for latex in done.unreadable}
        taken.formulas = [(d, None if latex in bad else latex) for d, latex in taken.formulas]
        done.code = _convert(reader, taken.text, taken, show).code
    return done


def table_to_typst(html: str) -> Converted:
    """Convert a table that a cell shows as HTML; pictures, links and scripts in it are left out."""
    html = re.sub(r"<(style|script)\b.*?</\1\s*>", "", html, flags=re.I | re.S)
    return _convert("html-native_divs-native_spans-raw_html-tex_math_dollars", html, Extracted(), _no_picture)


def _no_picture(url: str, alt: str, alone: bool) -> str | None:
    return None


def _convert(reader: str, text: str, taken: Extracted, show: ShowPicture) -> Converted:
    try:
        tree = json.loads(_pandoc(reader, "json", text)[0])
        tree["blocks"] = _Walk(taken, show).blocks(tree["blocks"], 0)
        tree["meta"] = {}
        code, notes = _pandoc("json", "typst", json.dumps(tree))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        msg = f"pandoc's tree could not be read ({type(error).__name__})"
        raise MarkdownError(msg) from error
    unreadable = re.findall(r"Could not convert TeX math (.*?), rendering as TeX", notes, re.S)
    return Converted(code, unreadable)


@functools.cache
def _program() -> str:
    return pypandoc.get_pandoc_path()


def _pandoc(reader: str, writer: str, text: str) -> tuple[str, str]:
    """Run pandoc once, without access to files or the network, and return its output and its warnings."""
    command = [_program(), "+RTS", "-M1G", "-RTS", "--sandbox", "--wrap=none", "-f", reader, "-t", writer]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        msg = f"pandoc took longer than {SECONDS:.0f} seconds"
        raise MarkdownError(msg) from error
    if done.returncode:
        msg = f"pandoc failed with exit code {done.returncode}"
        raise MarkdownError(msg)
    return done.stdout.decode("utf-8", errors="replace"), done.stderr.decode("utf-8", errors="replace")


class _Walk:
    """Go through pandoc's tree and make every element harmless."""

    def __init__(self, taken: Extracted, show: ShowPicture) -> None:
        self.taken, self.show = taken, show

    def blocks(self, nodes: list, depth: int) -> list:
        return [new for node in nodes for new in self.block(node, depth + 1)]

    def block(self, node: dict, depth: int) -> list:
        """Return what stands in place of one block."""
        if depth > MAX_DEPTH:
            msg = f"lists or quotes nested more than {MAX_DEPTH} deep"
            raise MarkdownError(msg)
        kind, content = node["t"], node.get("c")
        if kind in ("Para", "Plain"):
            return self._paragraph(kind, content)
        if kind == "Header":
            # level 1 is the report's own
            return [{"t": "Header", "c": [min(content[0] + 1, 5), _NO_ATTRIBUTES, self.inlines(content[2])]}]
        if kind == "CodeBlock":
            classes = [name for name in content[0][1] if _LANGUAGE.fullmatch(name)][:1]
            return [{"t": "CodeBlock", "c": [["", classes, []], breakable(self.taken.restore(content[1]))]}]
        if kind == "RawBlock":
            return self._html_block(self.taken.restore(content[1]))
        if kind == "BlockQuote":
            return [{"t": kind, "c": self.blocks(content, depth)}]
        if kind == "BulletList":
            return [{"t": kind, "c": [self.blocks(item, depth) for item in content]}]
        if kind == "OrderedList":
            return [{"t": kind, "c": [content[0], [self.blocks(item, depth) for item in content[1]]]}]
        if kind == "DefinitionList":
            return [
                {
                    "t": kind,
                    "c": [[self.inlines(t), [self.blocks(d, depth) for d in ds]] for t, ds in content],
                }
            ]
        if kind in ("Div", "Figure"):
            return self.blocks(content[-1], depth)
        if kind == "LineBlock":
            return [{"t": kind, "c": [self.inlines(line) for line in content]}]
        if kind == "Table":
            return [{"t": kind, "c": self._table(content, depth)}]
        return [node] if kind == "HorizontalRule" else []

    def inlines(self, nodes: list, depth: int = 0, alone: bool = False) -> list:
        return [new for node in nodes for new in self.inline(node, depth + 1, alone)]

    def inline(self, node: dict, depth: int, alone: bool) -> list:
        """Return what stands in place of one inline element."""
        if depth > MAX_DEPTH:
            msg = f"emphasis nested more than {MAX_DEPTH} deep"
            raise MarkdownError(msg)
        kind, content = node["t"], node.get("c")
        if kind == "Str":
            return self._words(content)
        if kind == "Code":
            return [{"t": kind, "c": [_NO_ATTRIBUTES, breakable(self.taken.restore(content[1]))]}]
        if kind == "Image":
            alt = self.taken.restore(_plain_text(content[1]))
            return self._picture(self.taken.restore(content[2][0]), alt, alone)
        if kind == "Link":
            url = self.taken.restore(content[2][0])
            inside = self.inlines(content[1], depth)
            safe = re.match(r"(?:https?://|mailto:)[^\s\"\\<>]{1,500}\Z", url)
            return [{"t": kind, "c": [_NO_ATTRIBUTES, inside, [url, ""]]}] if safe and inside else inside
        if kind == "RawInline":
            return self._html_inline(self.taken.restore(content[1]), alone)
        if kind == "Note":
            return [{"t": kind, "c": self.blocks(content, depth)}]
        if kind in ("Quoted", "Cite", "Span"):
            return self.inlines(content[1], depth)
        if kind in ("Emph", "Strong", "Strikeout", "Superscript", "Subscript", "Underline", "SmallCaps"):
            return [{"t": kind, "c": self.inlines(content, depth)}]
        return [node] if kind in ("Space", "SoftBreak", "LineBreak") else []

    def _paragraph(self, kind: str, content: list) -> list:
        alone = all(node["t"] in ("Image", "SoftBreak", "LineBreak", "Space") for node in content)
        return [{"t": kind, "c": self.inlines(content, alone=alone)}]

    def _words(self, text: str) -> list:
        """Put the formulas back where their words stand."""
        out, position = [], 0
        for match in self.taken.pattern.finditer(text) if self.taken.originals else ():
            out += _text(text[position : match.start()])
            displayed, latex = self.taken.formulas[int(match[1])]
            if latex is not None:
                out.append({"t": "Math", "c": [{"t": "DisplayMath" if displayed else "InlineMath"}, latex]})
            else:
                out.append(
                    {"t": "Code", "c": [_NO_ATTRIBUTES, breakable(self.taken.originals[int(match[1])])]}
                )
            position = match.end()
        return out + _text(text[position:])

    def _picture(self, url: str, alt: str, alone: bool) -> list:
        code = self.show(url, alt, alone)
        return [{"t": "RawInline", "c": ["typst", code + " "]}] if code else []

    def _html_inline(self, html: str, alone: bool) -> list:
        if _BREAK.fullmatch(html):
            return [{"t": "LineBreak"}]
        picture = _PICTURE.fullmatch(html)
        if picture:
            alt = _ALT.search(html)
            return self._picture(picture[1], alt[1] if alt else "", alone)
        return [] if html.startswith("<!--") else _text(html)

    def _html_block(self, html: str) -> list:
        """Show a block of raw HTML as the text it is, but for the pictures and line breaks in it."""
        html = re.sub(r"<!--.*?-->", "", html, flags=re.S).strip()
        out: list = []
        for line in html.split("\n") if html else ():
            position = 0
            out += [{"t": "LineBreak"}] if out else []
            for match in _PICTURE.finditer(line):
                out += _text(line[position : match.start()]) + self._html_inline(match[0], True)
                position = match.end()
            out += self._words(line[position:])
        return [{"t": "Para", "c": out}] if out else []

    def _table(self, content: list, depth: int) -> list:
        _, _, columns, head, bodies, foot = content

        def rows(part: list) -> list:
            return [
                [
                    _NO_ATTRIBUTES,
                    [[_NO_ATTRIBUTES, c[1], c[2], c[3], self.blocks(c[4], depth)] for c in row[1]],
                ]
                for row in part
            ]

        bodies = [[_NO_ATTRIBUTES, body[1], rows(body[2]), rows(body[3])] for body in bodies]
        columns = [[column[0], {"t": "ColWidthDefault"}] for column in columns]
        empty = [None, []]
        return [
            _NO_ATTRIBUTES,
            empty,
            columns,
            [_NO_ATTRIBUTES, rows(head[1])],
            bodies,
            [_NO_ATTRIBUTES, rows(foot[1])],
        ]


_NO_ATTRIBUTES: list = ["", [], []]


def _text(text: str) -> list:
    return [{"t": "Str", "c": breakable(text)}] if text else []


def breakable(text: str) -> str:
    """Let a line break inside a very long word, which would run off the page."""
    return _LONG.sub("\\1\u200b", text)


def _plain_text(nodes: Any) -> str:
    """Return the words of a tree of inlines."""
    if isinstance(nodes, list):
        return "".join(_plain_text(node) for node in nodes)
    if isinstance(nodes, dict):
        if nodes.get("t") in ("Space", "SoftBreak", "LineBreak"):
            return " "
        return _plain_text(nodes.get("c", []))
    return nodes if isinstance(nodes, str) else ""
