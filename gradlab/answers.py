"""Which lines of a release are answers: compare what a release says with what the regions hide.

A text is compared without its white space, so that a new indentation, a wrapped line or a comment sign in
front hides nothing. A single line counts only if it is long enough to be an idea, and if the same code does
not stand outside the hidden regions of lib and notebook anyway; comments and strings there make nothing
public. Three or more lines in a row, word for word, count in any case, unless a region that is listed as
given has them too.
"""

from __future__ import annotations

import bisect
import io
import re
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from gradlab.regions import Region

LINE = 24  # characters without white space: below that, lines like `dx = np.zeros_like(x)` are anybody's
PROSE = 40
RUN = 3
RUN_LENGTH = 90
_SPACE = re.compile(r"\s+")
_NO_IDEA = re.compile(r"(?:from|import|def|class|@|raise|assert|print|return(?:self\.)?\w*$)")


def squeeze(text: str) -> str:
    """Return a text without white space, with one kind of quotes."""
    return _SPACE.sub("", text).replace('"', "'")


@dataclass(frozen=True)
class Searchable:
    """A text without its white space, and the line that each of its characters comes from."""

    squeezed: str
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Searchable:
        """Prepare a text."""
        parts, ends, length = [], [], 0
        for line in text.split("\n"):
            parts.append(squeeze(line))
            length += len(parts[-1])
            ends.append(length)
        return cls("".join(parts), tuple(ends))

    def line_of(self, piece: str) -> int | None:
        """Return the line, counted from 1, where a squeezed piece begins; None if it is not there."""
        position = self.squeezed.find(piece)
        return None if position < 0 else bisect.bisect_right(self.ends, position) + 1


def code_only(text: str) -> str:
    """Return Python without comments and without strings that span lines or stand alone, line by line.

    A text that is not Python is returned without its comment lines.
    """
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return "\n".join("" if line.lstrip().startswith("#") else line for line in lines)
    alone = {
        tokenize.NEWLINE,
        tokenize.NL,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.COMMENT,
        tokenize.ENCODING,
    }
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        statement = (before is None or before.type in alone) and (after is None or after.type in alone)
        is_text = token.type == tokenize.STRING and (statement or token.start[0] != token.end[0])
        if token.type == tokenize.COMMENT or is_text:
            _blank(lines, token.start, token.end)
    return "\n".join(lines)


def ideas(region: Region, *, prose: bool) -> Iterator[tuple[int, str]]:
    """Yield (line of the region counted from 1, squeezed line) of each line that gives something away alone.

    Parameters
    ----------
    region : Region
    prose : bool
        True for an answer in words: then only the length decides.
    """
    if prose:
        for number, line in enumerate(region.body.split("\n"), 1):
            if len(squeeze(line)) >= PROSE:
                yield number, squeeze(line)
        return
    for number, line in enumerate(_code(region).split("\n"), 1):
        piece = squeeze(line)
        if len(piece) >= LINE and not _NO_IDEA.match(line.strip()) and re.search(r"[-+*/@%(\[=<>]", piece):
            yield number, piece


def runs(region: Region) -> Iterator[tuple[int, str]]:
    """Yield (line, squeezed lines joined) of each run of lines that is an answer word for word."""
    lines = [
        (number, squeeze(line)) for number, line in enumerate(_code(region).split("\n"), 1) if squeeze(line)
    ]
    for start in range(len(lines) - RUN + 1):
        chosen = lines[start : start + RUN]
        joined = "".join(piece for _, piece in chosen)
        if len(joined) >= RUN_LENGTH:
            yield chosen[0][0], joined


def surviving(
    regions: Iterable[tuple[Region, bool]], text: str, *, public: str, given: str, python: bool
) -> Iterator[tuple[int, Region, int]]:
    """Yield (line of the text, region, line of the region) for each answer that a text still holds.

    Parameters
    ----------
    regions : pairs of Region and whether it is prose
        What is hidden.
    text : str
        One file of a release, or one cell.
    public : str
        Squeezed code that stands outside hidden regions.
    given : str
        Squeezed code of the regions that are listed as given.
    python : bool
        Whether the text is Python; then an answer interleaved with other comments is found too.
    """
    faces = [Searchable.of(text)]
    if python:
        faces.append(Searchable.of(code_only(text)))
    faces.append(
        Searchable.of(re.sub(r"(?m)^[ \t]*(?:#+|>+|//)", "", text))
    )  # an answer commented out, line by line
    for region, prose in regions:
        pieces = [
            (number, piece) for number, piece in ideas(region, prose=prose) if prose or piece not in public
        ]
        if not prose:
            pieces += [(number, piece) for number, piece in runs(region) if piece not in given]
        hits = [(face.line_of(piece), number) for number, piece in sorted(pieces) for face in faces]
        for line, number in hits:
            if line is not None:
                yield line, region, number
                break


@lru_cache(maxsize=1000)  # asked again for every file of a release
def _code(region: Region) -> str:
    return code_only(textwrap.dedent(region.body))


def _blank(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Put spaces over a token, so that line numbers stay."""
    for row in range(start[0] - 1, end[0]):
        line = lines[row]
        left = start[1] if row == start[0] - 1 else 0
        right = end[1] if row == end[0] - 1 else len(line)
        lines[row] = line[:left] + " " * (right - left) + line[right:]
