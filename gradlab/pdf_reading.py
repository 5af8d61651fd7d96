"""Start ``gradlab.pdf_pictures`` on a stranger's PDF in the sandbox, and read with suspicion what it found."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from gradlab import pdf_pictures, sandbox
from gradlab.bubblewrap import Room
from gradlab.limits import MB, Limits
from lib.check.process import run_limited

MAX_PDF = 100 * MB
SECONDS = 60.0
LIMITS = Limits(memory_mb=2000, processes=64, file_mb=200, disk_mb=800)
_FOUND = 40 * MB  # bytes of the JSON
_NUMBER = re.compile(r"-?\d{0,12}(\.\d{0,20})?")


@dataclass(frozen=True)
class Drawn:
    """A picture that a PDF draws.

    Attributes
    ----------
    number : int
        Place in the drawing order of the document, counted from 1.
    page : int
        Counted from 1.
    pixels : PIL.Image or None
        RGB, on white; None if it could not be decoded, and ``problem`` says why.
    size : (int, int)
    matrices : tuple of tuples of 6 str
        As the PDF writes them, one inside the other.
    odd : str
        What makes it look other than its pixels.
    mask, smooth, profile : bool
        Whether it has a soft mask; whether viewers are asked to smooth it; whether it brings a color profile.
    jpeg : dict or None
        ``tables`` (of 64 whole numbers each), ``sampling``, ``gray``.
    """

    number: int
    page: int
    pixels: Image.Image | None
    size: tuple[int, int]
    matrices: pdf_pictures.Chain
    problem: str = ""
    odd: str = ""
    mask: bool = False
    smooth: bool = False
    profile: bool = False
    jpeg: dict[str, Any] | None = None

    @property
    def matrix(self) -> tuple[float, ...]:
        """Return the six numbers from the unit square to the page, in points."""
        return pdf_pictures.product(self.matrices)

    @property
    def place(self) -> tuple[int, float]:
        """Return where it begins, for comparisons with other things: the page, and how far down."""
        _, b, _, d, _, f = self.matrix
        return self.page, -(f + max(b, 0) + max(d, 0))


@dataclass(frozen=True)
class Page:
    """A page: its size and boxes in points, how many shapes it draws, and how it looks."""

    number: int
    size: tuple[float, float]
    media: tuple[float, ...]
    crop: tuple[float, ...]
    rotation: int
    shapes: int
    problem: str
    shown: Image.Image | None
    seen: Image.Image | None
    scale: float


class Line(NamedTuple):
    """A line of text: its page, the height of its letters, and how far up it stands, in points."""

    page: int
    text: str
    height: float
    top: float


@dataclass
class Document:
    """A PDF as far as it could be read. ``problem`` says in a few words why that is not all of it, or nothing."""

    problem: str = ""
    num_pages: int = 0
    pages: list[Page] = field(default_factory=list)
    pictures: list[Drawn] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    isolated: bool = True


@contextmanager
def reading(path: Path) -> Iterator[Document]:
    """Read a PDF.

    Parameters
    ----------
    path : Path
        Whatever is there: a link, a folder, a file of any kind or size.

    Yields
    ------
    Document
    """
    if path.is_symlink() or not path.is_file():
        yield Document(problem="missing" if not path.exists() else "not a file")
        return
    if path.stat().st_size > MAX_PDF:
        yield Document(problem=f"larger than {MAX_PDF // MB} MB")
        return
    with tempfile.TemporaryDirectory(prefix="gradlab-pdf-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch) / "pdf"
        folder.mkdir()
        shutil.copyfile(path, folder / "handed_in.pdf")
        shutil.copyfile(str(pdf_pictures.__file__), folder / "pdf_pictures.py")
        command = [sys.executable, "-I", "-B", "-W", "ignore", "pdf_pictures.py", "handed_in.pdf", "."]
        isolated = sandbox.isolated()
        if isolated:
            done = sandbox.run(command, cwd=folder, timeout=SECONDS, room=Room((folder,), limits=LIMITS))
        else:  # still another process, with a limit of time; the page says that there were no walls around it
            done = run_limited(command, cwd=folder, timeout=SECONDS, env=sandbox.environment())
        found = folder / "found.json"
        if done.timed_out or done.stopped or done.returncode or not found.is_file():
            why = f"it {done.stopped}" if done.stopped else f"it took longer than {SECONDS:g} s"
            if not done.stopped and not done.timed_out:
                why = f"its reader broke down (exit code {done.returncode})"
            yield Document(problem=f"more than can be read: {why}", isolated=isolated)
            return
        try:
            document = _document(found, folder)
        except (ValueError, KeyError, TypeError, IndexError, OSError, RecursionError) as error:
            document = Document(
                problem=f"more than can be read: {type(error).__name__} in what its reader found"
            )
        document.isolated = isolated
        yield document


def _document(path: Path, folder: Path) -> Document:
    if path.stat().st_size > _FOUND:
        msg = "too much was found"
        raise ValueError(msg)
    told = json.loads(path.read_text(encoding="utf-8"))
    document = Document(problem=str(told["problem"])[:200], num_pages=int(told["num_pages"]))
    for page in told["pages"][: pdf_pictures.MAX_PAGES]:
        seen = page["seen"] or {}
        document.pages.append(
            Page(
                number=int(page["number"]),
                size=(_finite(page["width"]), _finite(page["height"])),
                media=tuple(map(_finite, page["boxes"]["media"]))[:4],
                crop=tuple(map(_finite, page["boxes"]["crop"]))[:4],
                rotation=int(page["rotation"]),
                shapes=int(page.get("shapes", 0)),
                problem=str(page["problem"])[:200],
                shown=_pixels(folder, page["shown"], pdf_pictures.SHOWN_PIXELS),
                seen=_pixels(folder, seen, pdf_pictures.PAGE_PIXELS),
                scale=_finite(seen.get("scale", 1.0)),
            )
        )
    for number, picture in enumerate(told["pictures"][: pdf_pictures.MAX_PICTURES], 1):
        document.pictures.append(
            Drawn(
                number=number,
                page=int(picture["page"]),
                pixels=_pixels(folder, picture, pdf_pictures.MAX_PIXELS),
                size=(int(picture["size"][0]), int(picture["size"][1])),
                matrices=tuple(_matrix(words) for words in picture["matrices"]),
                problem=str(picture["problem"])[:200],
                odd=str(picture["odd"])[:200],
                mask=bool(picture["mask"]),
                smooth=bool(picture["smooth"]),
                profile=bool(picture["profile"]),
                jpeg=_jpeg(picture["jpeg"]),
            )
        )
    document.lines = [
        Line(int(page), str(text)[:500], _finite(height), _finite(top))
        for page, text, height, top in told["lines"][: pdf_pictures.MAX_LINES * 2]
    ]
    return document


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or abs(number) > 1e6:
        msg = f"{number} is no length on a page"
        raise ValueError(msg)
    return number


def _matrix(words: Any) -> pdf_pictures.Matrix:
    """Take six numbers and nothing else: they are written into a page of ours."""
    if len(words) != 6 or not all(isinstance(word, str) and _NUMBER.fullmatch(word) for word in words):
        msg = "a matrix is not six numbers"
        raise ValueError(msg)
    return tuple(words)


def _pixels(folder: Path, told: dict[str, Any] | None, limit: int) -> Image.Image | None:
    """Read raw pixels; nothing in them can be malformed but their number."""
    if not told or not told.get("file"):
        return None
    name, (width, height) = str(told["file"]), map(int, told["size"])
    if Path(name).name != name or width < 1 or height < 1 or width * height > 1.1 * limit:
        msg = f"pixels in {name[:50]!r} are not as announced"
        raise ValueError(msg)
    path = folder / name
    if path.stat().st_size != 3 * width * height:
        msg = f"{name[:50]!r} does not hold {width} x {height} pixels"
        raise ValueError(msg)
    return Image.frombytes("RGB", (width, height), path.read_bytes())


def _jpeg(told: Any) -> dict[str, Any] | None:
    if not told:
        return None
    tables = [[int(value) for value in table] for table in told["tables"]]
    if not 1 <= len(tables) <= 4 or any(
        len(table) != 64 or not all(0 < v < 65536 for v in table) for table in tables
    ):
        return None
    return {"tables": tables, "sampling": int(told["sampling"]), "gray": bool(told["gray"])}
