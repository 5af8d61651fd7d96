r"""Set the formulas of a Markdown text aside, as a notebook does, before Markdown sees their underscores.

``$…$``, ``$$…$$``, ``\\(…\\)``, ``\\[…\\]`` and ``\begin{align}…\end{align}`` with its like are formulas
wherever they are not code. Each becomes one word that Markdown leaves alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

_ENVIRONMENT = re.compile(
    r"\\begin\{((?:equation|align|aligned|alignat|gather|gathered|multline|eqnarray|split|cases|array|[pbvBV]?matrix)\*?)\}"
)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_STARRED = re.compile(r"\\(begin|end)\{(equation|multline|displaymath)\*?\}")


@dataclass
class Extracted:
    """A text with words in place of its formulas.

    Attributes
    ----------
    text : str
    formulas : list of (bool, str or None)
        Whether it is displayed on lines of its own, and its LaTeX; None shows the original instead.
    originals : list of str
        The same with their delimiters, as typed.
    """

    text: str = ""
    formulas: list[tuple[bool, str | None]] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    token: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the word of a formula; group 1 is its index."""
        return re.compile(self.token + r"(\d+)E")

    def restore(self, text: str) -> str:
        """Put the formulas back as they were typed."""
        return self.pattern.sub(lambda match: self.originals[int(match[1])], text) if self.originals else text


def extract(text: str) -> Extracted:
    """Return the text with a word in place of each formula.

    Notes
    -----
    Runs through the text once; a delimiter without its partner stays text. The word is made of a hash of the
    text, so it can not stand in the text, and the same text gives the same words.
    """
    found = Extracted(token="M" + hashlib.sha256(text.encode()).hexdigest()[:16] + "N")
    out: list[str] = []
    position, end = 0, len(text)
    absent: set[str] = set()  # closing delimiters that do not come any more: keeps the scan linear
    while position < end:
        stop = _scan(text, position, absent)
        if stop is None:
            step = _plain(text, position)
            out.append(text[position:step])
            position = step
            continue
        length, displayed, latex = stop
        original = text[position : position + length]
        if latex is None:
            out.append(original)  # code
        else:
            out.append(f"{found.token}{len(found.formulas)}E")
            found.formulas.append((displayed, tidy(latex)))
            found.originals.append(original)
        position += length
    found.text = "".join(out)
    return found


def tidy(latex: str) -> str:
    """Return LaTeX in the dialect that pandoc reads."""
    lines = [line for line in latex.strip().split("\n") if line.strip()]
    return _STARRED.sub(
        lambda m: "" if m[2] != "multline" else f"\\{m[1]}{{gathered}}", "\n".join(lines)
    ).strip()


def _plain(text: str, position: int) -> int:
    """Return where the next delimiter of code or formulas may begin."""
    if text[position] == "\\":
        return min(position + 2, len(text))
    if text[position] in "`~$":
        first = text[position]
        while position < len(text) and text[position] == first:
            position += 1
        return position
    match = re.compile(r"[`~$\\]").search(text, position)
    return match.start() if match else len(text)


def _scan(text: str, position: int, absent: set[str]) -> tuple[int, bool, str | None] | None:
    """Return (length, displayed, LaTeX) of a formula that begins here, of code (length, False, None)."""
    char = text[position]
    if char in "`~":
        return _code(text, position, absent)
    if text.startswith("$$", position):
        return _until(text, position, 2, "$$", True, absent)
    if char == "$":
        return _until(text, position, 1, "$", False, absent)
    if text.startswith("\\\\(", position):
        return _until(text, position, 3, "\\\\)", False, absent)
    if text.startswith("\\\\[", position):
        return _until(text, position, 3, "\\\\]", True, absent)
    match = _ENVIRONMENT.match(text, position) if char == "\\" else None
    if match:
        closing = f"\\end{{{match[1]}}}"
        stop = -1 if closing in absent else text.find(closing, match.end())
        if stop >= 0:
            return stop + len(closing) - position, True, text[position : stop + len(closing)]
        absent.add(closing)
    return None


def _until(
    text: str, position: int, width: int, closing: str, displayed: bool, absent: set[str]
) -> tuple | None:
    """Return a formula up to its closing delimiter; a blank line, nothing inside or no partner: None."""
    if closing in absent:
        return None
    start = position + width
    stop = start
    while True:
        stop = text.find(closing, stop)
        if stop < 0:
            absent.add(closing)
            return None
        if text[stop - 1] != "\\" or width == 3:
            break
        stop += 1  # an escaped dollar inside the formula
    latex = text[start:stop]
    blank = re.search(r"\n[ \t]*\n", latex)
    if not latex.strip() or (blank and not displayed) or len(latex) > 8000:
        return None
    if closing == "$" and latex[-1].isspace() and text[stop + 1 : stop + 2].isdigit():
        return None  # "5 $ and 6 $7": prices
    return stop + len(closing) - position, displayed, latex


def _code(text: str, position: int, absent: set[str]) -> tuple[int, bool, None] | None:
    """Return the length of a fenced block or a code span that begins here."""
    line = text.rfind("\n", 0, position) + 1
    fence = _FENCE.match(text, line)
    if fence and fence.start(1) == position:
        stop = text.find("\n" + fence[1], position)
        stop = len(text) if stop < 0 else stop + 1 + len(fence[1])
        return stop - position, False, None
    if text[position] == "~":
        return None
    end = position
    while end < len(text) and text[end] == "`":
        end += 1
    mark = text[position:end]
    stop = -1 if mark in absent else text.find(mark, end)
    if stop < 0:
        absent.add(mark)
        return None
    return stop + len(mark) - position, False, None
