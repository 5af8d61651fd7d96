"""The pictures of a notebook: those that its report must show, in the order that is required, and all others."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from gradlab.pdf_pictures import over_white
from lib.manifest import Manifest
from lib.report import collect
from lib.report import notebook as nb
from lib.report.curves import CURVES
from lib.report.images import MAX_BYTES, MAX_PIXELS
from lib.report.sections import Section, find_sections, sections_of

MAX_NUMBERS = 3_000_000  # characters of a curve


@dataclass(frozen=True)
class Plot:
    """A picture that a notebook shows.

    Attributes
    ----------
    part : str
        Key of the part of the report that it belongs to; empty for all other pictures.
    cell : int
        Position of its cell in the notebook that was handed in, counted from 1.
    cell_id : str
    index : int
        Which of the pictures of its cell, counted from 1.
    pixels : PIL.Image or None
        RGB, on white; None for a drawing made of lines (SVG), and for a picture that cannot be read.
    lines : bool
        Whether there is a drawing made of lines.
    numbers : dict or None
        What ``lib.vis_utils`` keeps beside the picture.
    """

    part: str
    cell: int
    cell_id: str
    index: int
    pixels: Image.Image | None
    lines: bool = False
    numbers: dict[str, Any] | None = None

    @property
    def mark(self) -> str:
        """Name the pixels; empty if there are none."""
        return mark_of(self.pixels)


def mark_of(pixels: Image.Image | None) -> str:
    """Name a picture by its size and pixels."""
    if pixels is None:
        return ""
    return hashlib.sha256(f"{pixels.size}".encode() + pixels.tobytes()).hexdigest()


def plots(notebook: Any, manifest: Manifest) -> list[Plot]:
    """Return the pictures that the parts of a report show, in the order that is required.

    A picture that two parts show is listed once, where it is shown first.
    """
    sections = find_sections(notebook, manifest)
    cells = nb.handed_in_cells(notebook)
    found: dict[tuple[int, int], Plot] = {}
    for part in manifest.parts:
        items = collect.collect(sections_of(part.exercises, sections, manifest), part.show)
        places = sorted({item.cell for item in items if isinstance(item, collect.Picture)})
        for cell in dict.fromkeys(item.cell for item in items if item.cell in places):
            for index, output in enumerate(_outputs(cells[cell - 1]), 1):
                found.setdefault((cell, index), _plot(part.key, cell, cells[cell - 1], index, output))
    return list(found.values())


def others(notebook: Any) -> Iterator[tuple[str, Image.Image]]:
    """Yield every picture of a notebook, outputs and what is attached to a text, with the place where it stands."""
    for cell, content in enumerate(nb.handed_in_cells(notebook), 1):
        for output in _outputs(content):
            pixels = _pixels(nb.table(output, "data"))
            if pixels is not None:
                yield f"cell {cell}", pixels
        for bundle in nb.table(content, "attachments").values():
            pixels = _pixels(bundle) if isinstance(bundle, dict) else None
            if pixels is not None:
                yield f"the text of cell {cell}", pixels


def of_folder(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield the pictures that an assignment comes with."""
    for path in sorted(folder.glob("images/*")):
        pixels = (
            decode(path.read_bytes()) if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif") else None
        )
        if pixels is not None:
            yield f"images/{path.name}", pixels


def _outputs(cell: Any) -> list[Any]:
    """Return the outputs of a cell that are pictures, as the report sees them."""
    if nb.kind(cell) != "code":
        return []
    return [output for output in nb.outputs(cell) if _picture(output) is not None]


def _picture(output: Any) -> collect.Picture | None:
    """Return the picture that an output shows in a report, if it does."""
    alone = Section("alone", cells=[(1, {"cell_type": "code", "source": "", "outputs": [output]})])
    return next(
        (item for item in collect.collect([alone], "images") if isinstance(item, collect.Picture)), None
    )


def _plot(part: str, cell: int, content: Any, index: int, output: Any) -> Plot:
    data = nb.table(output, "data")
    numbers = data.get(CURVES)
    known = dict(numbers) if isinstance(numbers, dict) and len(str(numbers)) <= MAX_NUMBERS else None
    lines = bool(data.get("image/svg+xml"))
    name = str(content.get("id", ""))
    return Plot(part, cell, name, index, _pixels(data, output), lines, known)


def _pixels(data: dict[str, Any], output: Any = None) -> Image.Image | None:
    found = [nb.text_of(data[mime]) for mime in ("image/png", "image/jpeg", "image/gif") if data.get(mime)]
    if not found and output is not None:
        picture = _picture(output)
        found = [text for mime, text in picture.data if "svg" not in mime] if picture else []
    if not found or len(found[0]) > MAX_BYTES * 4 // 3:
        return None
    try:
        return decode(base64.b64decode(found[0]))
    except (binascii.Error, ValueError):
        return None


def decode(data: bytes) -> Image.Image | None:
    """Return the pixels of a picture on white; None if it cannot be read or is too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF")) as image:
                if image.width * image.height > MAX_PIXELS:
                    return None
                return over_white(image)
    except Exception:  # a stranger's picture makes Pillow raise anything
        return None
