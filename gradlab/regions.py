"""Regions of solution: text in, text out.

A region is what stands between two lines of their own,

    ### BEGIN SOLUTION conv-forward
    ### END SOLUTION

nbgrader's own delimiters with a name after the first. In a release a region is either *given* (its body
stays, the two lines go) or stripped (a stub takes its place). Whatever is not listed as given is stripped,
and whatever looks like a marker without being one is an error: a typo must not publish an answer. A marker
inside a string or a docstring is a marker too.

Line endings become LF: a release must not depend on the editor that saved the master.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from gradlab.errors import GradlabError

BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_BEGIN = re.compile(r"(?P<indent>[ \t]*)### BEGIN SOLUTION(?:[ \t]+(?P<name>\S.*?))?[ \t]*")
_END = re.compile(r"[ \t]*### END SOLUTION(?:[ \t]+(?P<name>\S.*?))?[ \t]*")
# what a tired author types instead: "# begin solution", "### END_SOLUTIONS", "#BEGIN YOUR SOLUTION"
_ALMOST = re.compile(r"#[# \t]*(?:begin|end)[ \t_-]*(?:your[ \t_-]*)?solution", re.IGNORECASE)


@dataclass(frozen=True)
class Region:
    """One region of a file.

    Attributes
    ----------
    name : str
        Unique in the repository, ``<concept>-<part>``.
    filename : str
        As given to ``find_regions``; what messages name.
    first, last : int
        Lines of the two markers, counted from 1.
    body : str
        The lines between them, indented as they stand, without a newline at the end.
    owner : str
        ``Class.method`` or ``function`` around the region; empty in a notebook cell or at module level.
    """

    name: str
    filename: str
    first: int
    last: int
    body: str
    owner: str = ""


def normalize(text: str) -> str:
    """Return the text with LF line endings and without a byte-order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def read_text(path: Path, shown: str) -> str:
    """Read a master file as normalized UTF-8; ``shown`` is its name in the message if it is not that."""
    try:
        return normalize(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        msg = f"{shown}: byte {error.start} is not UTF-8; save the file as UTF-8."
        raise GradlabError(msg) from error


def has_marker(text: str) -> bool:
    """Tell whether a text holds a marker, or what was meant as one."""
    return BEGIN in text or END in text or _ALMOST.search(text) is not None


def find_regions(text: str, filename: str) -> list[Region]:
    """Return the regions of a text in order.

    Parameters
    ----------
    text : str
        A Python file if ``filename`` ends in ``.py`` (then each region must lie in a function), else a cell
        of a notebook or any other text.
    filename : str
        What messages name.

    Raises
    ------
    GradlabError
        If a marker is unclosed, nested, nameless, misspelled, used twice, ends what never began, or does not
        stand alone on its line; if a Python file does not parse, or a region of it lies outside a function.
    """
    return list(_find_regions(text, filename))


@functools.lru_cache(maxsize=512)
def _find_regions(text: str, filename: str) -> tuple[Region, ...]:
    """Look once at a text: grading asks for the regions of the whole lib with every submission."""
    lines = normalize(text).split("\n")
    regions: list[Region] = []
    seen: dict[str, int] = {}
    opened: tuple[str, int] | None = None
    for number, line in enumerate(lines, 1):
        where = f"{filename}:{number}"
        if BEGIN in line and (begin := _BEGIN.fullmatch(line)):
            name = _name(begin["name"], where)
            if opened:
                msg = (
                    f"{where}: region '{name}' begins inside region '{opened[0]}' of line {opened[1]}; "
                    "close that one first."
                )
                raise GradlabError(msg)
            if name in seen:
                msg = (
                    f"{where}: region '{name}' stands at line {seen[name]} already; give each region its "
                    "own name."
                )
                raise GradlabError(msg)
            opened = name, number
            seen[name] = number
        elif END in line and (end := _END.fullmatch(line)):
            if not opened:
                msg = (
                    f"{where}: END SOLUTION without a BEGIN SOLUTION before it; remove it or add the "
                    "beginning."
                )
                raise GradlabError(msg)
            name, first = opened
            if end["name"] not in (None, name):
                msg = (
                    f"{where}: END SOLUTION names '{end['name']}' but closes region '{name}' of line "
                    f"{first}; one of them is wrong."
                )
                raise GradlabError(msg)
            regions.append(Region(name, filename, first, number, "\n".join(lines[first : number - 1])))
            opened = None
        elif has_marker(line):
            msg = (
                f"{where}: got {line.strip()!r}, which looks like a marker; wanted '### BEGIN SOLUTION "
                "<name>' or "
                "'### END SOLUTION', alone on its line."
            )
            raise GradlabError(msg)
    if opened:
        msg = f"{filename}:{opened[1]}: region '{opened[0]}' opened at line {opened[1]} is never closed."
        raise GradlabError(msg)
    if regions and filename.endswith(".py"):
        return tuple(_owned("\n".join(lines), regions, filename))
    return tuple(regions)


def strip(text: str, *, given: Collection[str] = (), filename: str, text_stub: str | None = None) -> str:
    """Return a text as students get it: given regions solved, every other one replaced by a stub.

    Parameters
    ----------
    text : str
    given : names of regions whose body stays
        Everything else is stripped, listed or not.
    filename : str
        Named in messages and in the stub.
    text_stub : str, optional
        What replaces a region of prose, for instance in a markdown cell. By default the stub is code: a
        comment and a ``NotImplementedError`` that name the region, the file and the method, indented like
        the first marker.

    Raises
    ------
    GradlabError
        As ``find_regions``; also if a Python file no longer parses without its answers.
    """
    lines = normalize(text).split("\n")
    out: list[str] = []
    position = 0
    regions = find_regions(text, filename)
    for region in regions:
        out += lines[position : region.first - 1]
        if region.name in given:
            out += lines[region.first : region.last - 1]
        else:
            marker = lines[region.first - 1]
            indent = marker[: len(marker) - len(marker.lstrip())]
            stub = text_stub if text_stub is not None else stub_code(region.name, filename, region.owner)
            out += [indent + line for line in stub.split("\n")]
        position = region.last
    stripped = "\n".join([*out, *lines[position:]])
    if regions and filename.endswith(".py"):
        _parse(stripped, filename, "the file with its answers taken out is not Python")
    return stripped


def stub_code(name: str, filename: str, owner: str = "") -> str:
    """Return the two lines that stand where an answer was."""
    place = f"{filename}, {owner}" if owner else filename
    return f'# YOUR CODE HERE: {name}\nraise NotImplementedError("{name} is not written yet: {place}")'


def _name(name: str | None, where: str) -> str:
    """Check the name of a region."""
    if name is None:
        msg = f"{where}: this region has no name; write '### BEGIN SOLUTION <concept>-<part>'."
        raise GradlabError(msg)
    if not NAME.fullmatch(name):
        msg = (
            f"{where}: got the region name {name!r}; wanted small letters, digits and single hyphens, like "
            "'conv-forward'."
        )
        raise GradlabError(msg)
    return name


def _parse(text: str, filename: str, what: str) -> ast.Module:
    """Parse Python, or say in which line of which file it is not Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        msg = f"{filename}:{line}: {what} ({getattr(error, 'msg', None) or error})."
        raise GradlabError(msg) from error


def _owned(text: str, regions: list[Region], filename: str) -> Iterator[Region]:
    """Yield the regions with the function that each one lies in."""
    spans = list(_functions(_parse(text, filename, "this is not Python"), ""))
    for region in regions:
        inside = [span for span in spans if span[1] < region.first <= span[2]]
        if not inside:
            msg = (
                f"{filename}:{region.first}: region '{region.name}' stands outside a function, so its stub "
                "would stop "
                "the import; move the markers inside one."
            )
            raise GradlabError(msg)
        owner = max(inside, key=lambda span: span[1])[0]  # the innermost begins last
        yield Region(region.name, filename, region.first, region.last, region.body, owner)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Yield (qualified name, line of its ``def``, last line) of every function below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield name, child.lineno, child.end_lineno or child.lineno
            yield from _functions(child, f"{name}.")
        else:
            yield from _functions(child, prefix)
