"""Read a stranger's PDF: what it draws, in drawing order, with what a reader sees at each place; and its lines of text.

Runs alone (``python pdf_pictures.py FILE FOLDER``), so that it can be put into a sandbox: the parsers of a PDF are C code.
``gradlab.pdf_reading`` starts it, and reads with suspicion what it leaves in the folder: ``found.json``, and raw
pixels, three bytes each.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
from PIL import Image
from PIL.JpegImagePlugin import get_sampling

SECONDS = 40  # of reading; what was found until then counts
MAX_PAGES = 300
MAX_PICTURES = 200
MAX_PIXELS = 16_000_000  # of one picture
MAX_ALL_PIXELS = 100_000_000  # of all pictures together, and of all pages
MAX_STEPS = 500_000  # operators of all pages together
MAX_DEPTH = 12  # forms within forms
MAX_LINES = 20_000
PAGE_PIXELS = 6_000_000
SHOWN_PIXELS = 700_000  # of a page as it is shown to a person
SHOWN_PAGES = 12
_PAINT = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh"}
_PLAIN_SPACES = ("/DeviceRGB", "/DeviceGray", "/CalRGB", "/CalGray", "/ICCBased")
_MATRICES = 60  # on the way from a page to a picture

#: Six numbers of a matrix, as they are written: another program that reads them must come to the very same pixels.
Matrix = tuple[str, ...]
Chain = tuple[Matrix, ...]


class TooMuch(Exception):
    """A limit is reached: nothing more is read, and what was found counts. The text says which."""


class Walk:
    """Collects what the pages of a PDF draw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.begin = time.monotonic()
        self.steps = self.pixels = self.shapes = 0
        self.pictures: list[dict[str, Any]] = []
        self._decoded: dict[tuple[int, int], dict[str, Any]] = {}

    def check(self) -> None:
        """Stop when the time is over."""
        if time.monotonic() - self.begin > SECONDS:
            msg = f"reading took longer than {SECONDS} s"
            raise TooMuch(msg)

    def content(self, owner: Any, resources: Any, chain: Chain, page: int, depth: int) -> None:
        """Walk the operators of a page or a form."""
        if depth > MAX_DEPTH:
            msg = f"its drawings lie in one another more than {MAX_DEPTH} deep"
            raise TooMuch(msg)
        stack: list[Chain] = []
        for instruction in pikepdf.parse_content_stream(owner):
            self.steps += 1
            if self.steps > MAX_STEPS:
                msg = f"it holds more than {MAX_STEPS} drawing operators"
                raise TooMuch(msg)
            if self.steps % 1000 == 0:
                self.check()
            operator = str(instruction.operator)
            if operator == "q":
                stack.append(chain)
            elif operator == "Q":
                chain = stack.pop() if stack else chain
            elif operator == "cm":
                chain = longer(chain, instruction.operands)
            elif operator == "INLINE IMAGE":
                self.picture(instruction.operands[0], chain, page)
            elif operator == "Do":
                drawn = (resources.get("/XObject") or {}).get(str(instruction.operands[0]))
                if drawn is not None and drawn.get("/Subtype") == "/Image":
                    self.picture(drawn, chain, page)
                elif drawn is not None and drawn.get("/Subtype") == "/Form":
                    inner = longer(chain, drawn["/Matrix"]) if "/Matrix" in drawn else chain
                    self.content(drawn, drawn.get("/Resources", resources), inner, page, depth + 1)
            elif operator in _PAINT:
                self.shapes += 1

    def picture(self, drawn: Any, chain: Chain, page: int) -> None:
        """Note a picture and its place."""
        self.check()
        if len(self.pictures) >= MAX_PICTURES:
            msg = f"it draws more than {MAX_PICTURES} pictures"
            raise TooMuch(msg)
        name = getattr(drawn, "objgen", (0, 0))
        told = self._decoded.get(name) if name != (0, 0) else None
        if told is None:
            told = self._decode(drawn)
            self._decoded[name] = told
        self.pictures.append({**told, "page": page, "matrices": chain})

    def _decode(self, drawn: Any) -> dict[str, Any]:
        told: dict[str, Any] = {
            "problem": "",
            "odd": "",
            "jpeg": None,
            "mask": False,
            "smooth": False,
            "profile": False,
            "huge": False,
            "file": "",
        }
        inline = isinstance(drawn, pikepdf.PdfInlineImage)
        try:
            image = drawn if inline else pikepdf.PdfImage(drawn)
            told["size"] = [int(image.width), int(image.height)]
            pixels = int(image.width) * int(image.height)
            mask = None if inline else drawn.get("/SMask")
            told["huge"] = max(pixels, _area(mask)) > MAX_PIXELS
            if not pixels or told["huge"]:
                told["problem"] = (
                    f"of {image.width} x {image.height} pixels, more than {MAX_PIXELS // 1_000_000} million"
                )
                return told
            if self.pixels + pixels > MAX_ALL_PIXELS:
                told["problem"] = (
                    f"not read: all pictures have more than {MAX_ALL_PIXELS // 1_000_000} million pixels"
                )
                return told
            self.pixels += pixels
            found = image.as_pil_image()
            if not inline:
                told["odd"], told["profile"] = oddity(drawn), has_profile(drawn)
                told["smooth"] = bool(drawn.get("/Interpolate", False))
                if found.format == "JPEG":
                    told["jpeg"] = jpeg_settings(found)
            told["mask"] = mask is not None
            flat = over_white(found, None if mask is None else pikepdf.PdfImage(mask).as_pil_image())
        except TooMuch:
            raise
        except (
            Exception
        ) as error:  # damage makes pikepdf, Pillow and zlib raise anything; MemoryError is a bomb
            told["problem"] = f"not readable ({type(error).__name__})"
            told.setdefault("size", [0, 0])
            return told
        told["file"] = f"picture{len(self._decoded)}.raw"
        told["size"] = list(flat.size)
        (self.folder / told["file"]).write_bytes(flat.tobytes())
        return told


def has_profile(drawn: Any) -> bool:
    """Tell whether a picture brings its own description of its colors, which programs then convert."""
    space = drawn.get("/ColorSpace")
    if isinstance(space, pikepdf.Array) and len(space) > 1 and space[0] == "/Indexed":
        space = space[1]
    return isinstance(space, pikepdf.Array) and len(space) > 0 and space[0] == "/ICCBased"


def oddity(drawn: Any) -> str:
    """Say what makes a picture look other than its pixels; empty when nothing does."""
    space = drawn.get("/ColorSpace")
    kind = str(space[0]) if isinstance(space, pikepdf.Array) and len(space) else str(space)
    if kind == "/Indexed":
        kind = str(space[1][0]) if isinstance(space[1], pikepdf.Array) else str(space[1])
    if drawn.get("/ImageMask", False):
        return "a stencil"
    if kind not in _PLAIN_SPACES:
        return f"in the color space {kind[:30]}"
    if isinstance(space, pikepdf.Array) and kind == "/ICCBased" and int(space[1].get("/N", 3)) == 4:
        return "in the color space CMYK"
    if "/Decode" in drawn and not str(space).startswith("/Indexed"):
        decode = [float(value) for value in drawn["/Decode"]]
        if any(value != index % 2 for index, value in enumerate(decode)) and kind != "/Indexed":
            return "with its colors turned round"
    if "/Mask" in drawn:
        return "with holes cut out"
    mask = drawn.get("/SMask")
    if mask is not None and "/Matte" in mask:
        return "with colors mixed beforehand"
    return ""


def _area(mask: Any) -> int:
    """Return the pixels of a mask, 0 if there is none."""
    return 0 if mask is None else int(mask.get("/Width", 0)) * int(mask.get("/Height", 0))


def jpeg_settings(image: Any) -> dict[str, Any]:
    """Return what a JPEG was encoded with: its tables, and how its colors were thinned out."""
    tables = [list(map(int, table)) for _, table in sorted(image.quantization.items())]
    return {"tables": tables, "sampling": get_sampling(image), "gray": image.mode == "L"}


def over_white(image: Image.Image, mask: Image.Image | None = None) -> Image.Image:
    """Return a picture on white paper, as RGB."""
    if mask is not None:
        image = image.convert("RGB")
        image.putalpha(mask.convert("L") if mask.size == image.size else mask.convert("L").resize(image.size))
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper
    return image.convert("RGB")


def longer(chain: Chain, operands: Any) -> Chain:
    """Return a chain of matrices with one more at its end."""
    if len(chain) >= _MATRICES:
        msg = f"it changes its coordinates more than {_MATRICES} times"
        raise TooMuch(msg)
    return (*chain, tuple(format(Decimal(str(value)), "f") for value in operands))


def product(chain: Chain) -> tuple[float, ...]:
    """Return the matrix from the unit square to the page."""
    g, h, i, j, k, m = 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    for words in chain:
        a, b, c, d, e, f = map(float, words)
        shift = (e * g + f * i + k, e * h + f * j + m)
        g, h, i, j = a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j
        k, m = shift
    return g, h, i, j, k, m


def lines_of(page: Any) -> Iterator[tuple[str, float, float]]:
    """Yield the lines of text of a page, the height of the letters of each, and how far up it stands, in points."""
    text = page.get_textpage()
    place = 0
    for line in text.get_text_range(0, min(text.count_chars(), 100_000)).split("\n"):
        heights, tops = [], []
        for index in range(place, min(place + len(line), place + 40)):
            if line[index - place].isalnum():
                with contextlib.suppress(Exception):  # a letter without a place
                    _, low, _, high = text.get_charbox(index, loose=True)
                    heights.append(high - low)
                    tops.append(high)
        if heights:
            yield line.strip()[:500], sorted(heights)[len(heights) // 2], max(tops)
        place += len(line) + 1


def read(path: Path, folder: Path) -> dict[str, Any]:
    """Read a PDF; write pixels into the folder."""
    found: dict[str, Any] = {"problem": "", "pages": [], "lines": [], "pictures": [], "num_pages": 0}
    with path.open("rb") as file:
        if not file.read(1):
            return {**found, "problem": "empty"}
    try:
        pdf = pikepdf.open(path)
        document = pypdfium2.PdfDocument(path)
    except pikepdf.PasswordError:
        return {**found, "problem": "encrypted"}
    except Exception as error:
        return {**found, "problem": f"damaged: it cannot be opened ({type(error).__name__})"}
    found["num_pages"] = len(document)
    walk = Walk(folder)
    try:
        if len(document) != len(pdf.pages):
            found["problem"] = f"damaged: it has {len(document)} pages or {len(pdf.pages)}"
        with contextlib.suppress(Exception):
            document.init_forms()
        _pages(pdf, document, walk, found)
        if len(document) > MAX_PAGES:
            found["problem"] = f"long: it has {len(document)} pages, and the first {MAX_PAGES} were read"
        if not len(document):
            found["problem"] = "empty"
    except TooMuch as error:
        found["problem"] = f"more than can be read: {error}"
    found["pictures"] = walk.pictures
    return found


def _pages(pdf: Any, document: Any, walk: Walk, found: dict[str, Any]) -> None:
    room = [MAX_ALL_PIXELS]
    for number in range(min(len(document), len(pdf.pages), MAX_PAGES)):
        walk.check()
        owner, first, walk.shapes = pdf.pages[number], len(walk.pictures), 0
        told: dict[str, Any] = {"number": number + 1, "width": 0, "height": 0, "rotation": 0, "problem": ""}
        told |= {"boxes": {"media": [0] * 4, "crop": [0] * 4}, "shown": None, "seen": None}
        found["pages"].append(told)
        try:
            walk.content(owner, owner.obj.get("/Resources", {}), (), number + 1, 0)
            here = walk.pictures[first:]
            # pdfium would take memory for all pixels of a huge picture, or end this process
            if not any(picture["huge"] for picture in here):
                _look(document, number, told, found["lines"], here, walk.folder, room)
        except TooMuch:
            raise
        except Exception as error:
            told["problem"] = f"page {number + 1} is damaged ({type(error).__name__})"
        told["shapes"] = walk.shapes


def _look(
    document: Any,
    number: int,
    told: dict[str, Any],
    lines: list[Any],
    pictures: list[dict[str, Any]],
    folder: Path,
    room: list[int],
) -> None:
    """Note the size of a page, its lines of text, and how it looks, as long as ``room`` has pixels left."""
    page = document[number]
    told |= {"width": page.get_width(), "height": page.get_height(), "rotation": page.get_rotation()}
    told["boxes"] = {"media": list(page.get_mediabox()), "crop": list(page.get_cropbox())}
    if len(lines) < MAX_LINES:
        lines += [[number + 1, *line] for line in lines_of(page)]
    wanted = [("shown", 1.4, SHOWN_PIXELS)] if number < SHOWN_PAGES else []
    if any(picture["file"] for picture in pictures):
        wanted.append(("seen", finest(pictures), PAGE_PIXELS))
    for name, fine, limit in wanted:
        scale = min(fine, (limit / max(1.0, told["width"] * told["height"])) ** 0.5)
        room[0] -= round(told["width"] * told["height"] * scale * scale)
        if room[0] < 0:
            continue
        with contextlib.suppress(Exception):  # an error of pdfium's: then nothing is seen, and a person looks
            image = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
            (folder / f"{name}{number + 1}.raw").write_bytes(image.tobytes())
            told[name] = {"file": f"{name}{number + 1}.raw", "size": list(image.size), "scale": scale}
    page.close()


def finest(pictures: list[dict[str, Any]]) -> float:
    """Return the scale at which the finest picture of a page has its own pixels, from 1.5 to 3."""
    found = [1.5]
    for picture in pictures:
        a, b, c, d, _, _ = product(picture["matrices"])
        for length, pixels in (
            ((a * a + b * b) ** 0.5, picture["size"][0]),
            ((c * c + d * d) ** 0.5, picture["size"][1]),
        ):
            found.append(pixels / length if length > 1 else 0)
    return min(3.0, max(found))


def main() -> None:
    """Read the PDF of the command line."""
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    found = read(path, folder)
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
