"""Pictures of strangers: bounded, re-encoded, and written where typst finds them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

MAX_BYTES = 30 << 20
MAX_SVG = 3 << 20
MAX_PIXELS = 40_000_000
MAX_SIDE = 2000  # pixels: 300 per inch on the width of a page
PAGE_WIDTH, PAGE_HEIGHT = 464.0, 560.0  # points that a picture may take
SMALL = 256  # pixels: below that, pixels are meant to be seen and stay sharp


class PictureError(Exception):
    """A picture that can not be shown; the text says why."""


@dataclass(frozen=True)
class Stored:
    """A picture that lies in the report's folder: file name, and width and height in points (0: unknown)."""

    name: str
    width: float = 0.0
    height: float = 0.0
    sharp: bool = False

    def code(self, alt: str, *, inline: bool = False) -> str:
        """Return the typst expression that shows the picture."""
        size = f"width: {self.width:.1f}pt" if self.width else "width: 88%"
        scaling = ', scaling: "pixelated"' if self.sharp else ""
        call = f"image({quote(self.name)}, {size}, alt: {quote(alt[:300])}{scaling})"
        return f"#box({call})" if inline else f"#figure-image({call})"


def quote(text: str) -> str:
    """Return a text as a typst string literal."""
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
    )


def store(folder: Path, formats: Iterable[tuple[str, str]]) -> list[Stored]:
    """Write a picture, given in one or several formats, and return what can be shown, the best first.

    Parameters
    ----------
    folder : Path
    formats : iterable of (mime type, content)
        SVG as text, all others in base64.

    Raises
    ------
    PictureError
        If none of the formats can be shown.
    """
    found: list[Stored] = []
    reason = "of no format that can be shown"
    for mime, content in formats:
        try:
            found.append(_svg(folder, content) if "svg" in mime else _raster(folder, content))
        except PictureError as error:
            reason = str(error)
    if not found:
        raise PictureError(reason)
    return found


def _svg(folder: Path, text: str) -> Stored:
    if len(text) > MAX_SVG:
        msg = f"an SVG of {len(text) >> 20} MB, more than {MAX_SVG >> 20}"
        raise PictureError(msg)
    if "<svg" not in text:
        text = _decode(text).decode("utf-8", errors="replace")
    return Stored(_write(folder, text.encode(), "svg"))


def _raster(folder: Path, content: str) -> Stored:
    data = _decode(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Pillow's own warning about large pictures; the limit here is lower
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF")) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    msg = f"of {width} × {height} pixels, more than {MAX_PIXELS // 1_000_000} million"
                    raise PictureError(msg)
                image.draft("RGB", (MAX_SIDE, MAX_SIDE))
                transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
                picture = image.convert("RGBA" if transparent else "RGB")
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        msg = f"of more than {MAX_PIXELS // 1_000_000} million pixels"
        raise PictureError(msg) from error
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error ... on damage
        msg = f"not readable ({type(error).__name__})"
        raise PictureError(msg) from error
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")  # no metadata of the original survives
    return Stored(
        _write(folder, buffer.getvalue(), "png"), *_size(*picture.size), sharp=max(width, height) < SMALL
    )


def _size(width: int, height: int) -> tuple[float, float]:
    """Choose the size in points: figures large, tiny pictures in whole multiples of their pixels."""
    fit = min(PAGE_WIDTH / width, PAGE_HEIGHT / height)
    scale = min(fit, 0.95)
    if max(width, height) < SMALL:
        scale = min(fit, max(1.0, math.floor(180 / max(width, height))))
    return width * scale, height * scale


def _decode(content: str) -> bytes:
    if len(content) > MAX_BYTES * 4 // 3:
        msg = f"larger than {MAX_BYTES >> 20} MB"
        raise PictureError(msg)
    try:
        return base64.b64decode(content)
    except (binascii.Error, ValueError) as error:
        msg = "damaged"
        raise PictureError(msg) from error


def _write(folder: Path, data: bytes, ending: str) -> str:
    """Write a file under a name made of its content, so that equal pictures are stored once."""
    name = f"{hashlib.sha256(data).hexdigest()[:20]}.{ending}"
    (folder / name).write_bytes(data)
    return name
