"""When two pictures are the same: without a threshold, so that there is nothing to argue about.

identical   the pixels are equal, and the page shows them: drawn alone at the same place, they look the same.
same data   the pixels are what comes out when the notebook's picture, or a new drawing of the numbers that stand beside
            it, goes through one of a few well-known programs: made gray, made smaller or larger, saved as JPEG with the
            very tables of the JPEG in the PDF. They must be equal as well, all of them, and the page must show them.
            Numbers count only if they draw the notebook's own picture, pixel by pixel.

Whatever was drawn into a picture, or taken from another one, shows in a pixel; and a person looks.
"""

from __future__ import annotations

import functools
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
from PIL import Image, ImageChops

from gradlab.notebook_pictures import Plot
from gradlab.pdf_pictures import over_white
from gradlab.pdf_reading import Drawn, Page

MAX_NUMBERS = 300_000  # of one curve: drawing more takes long
SMALLEST = 0.25  # of the notebook's picture in width: below, different curves could come to the same pixels
READABLE = 72.0  # points, an inch: a picture that is narrower on its page shows nothing
TOO_SMALL = "it is drawn smaller than an inch"
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_DPI = 110  # of a figure in a notebook
_DPIS = (72, 80, 96, 100, 110, 120, 144, 150, 160, 200, 220, 240, 250, 300, 400, 600)


@dataclass(frozen=True)
class Match:
    """How a picture of a PDF comes out of the notebook: "identical" or "same data", and in words by what."""

    outcome: str
    how: str
    pixels: Image.Image
    jpeg: bytes | None = None


def equal(first: Image.Image | None, second: Image.Image | None) -> bool:
    """Tell whether all pixels of two RGB pictures are equal."""
    if first is None or second is None or first.size != second.size:
        return False
    return first.tobytes() == second.tobytes()


def compare(plot: Plot, drawn: Drawn) -> Match | None:
    """Return how a picture of a PDF comes out of a plot; None if a person has to look.

    Parameters
    ----------
    plot : Plot
    drawn : Drawn
    """
    if drawn.pixels is None or plot.pixels is None:
        return None
    if equal(plot.pixels, drawn.pixels):
        return Match("identical", "all pixels are equal", drawn.pixels)
    if drawn.pixels.width < SMALLEST * plot.pixels.width:
        return None
    for start, image in _starts(plot, drawn):
        for how, changed, jpeg in _changes(image, drawn):
            if equal(changed, drawn.pixels):
                words = ", ".join(word for word in (start, *how) if word)
                return Match("same data", words, changed, jpeg)
    return None


def _starts(plot: Plot, drawn: Drawn) -> Iterator[tuple[str, Image.Image]]:
    """Yield the notebook's picture, and new drawings of its numbers in the size of the picture in the PDF."""
    assert plot.pixels is not None
    yield "", plot.pixels
    if plot.numbers and equal(redraw(plot.numbers), plot.pixels):
        for tight in (True, False):
            one = redraw(plot.numbers, tight=tight)
            ratio = drawn.size[0] / one.width if one else 0
            for dpi in _DPIS:
                if abs(dpi / _DPI - ratio) < 0.01 * ratio:
                    image = redraw(plot.numbers, dpi=dpi, tight=tight)
                    if image is not None and image.size == drawn.size:
                        yield f"drawn again from the numbers, {dpi} dots an inch", image


def _changes(image: Image.Image, drawn: Drawn) -> Iterator[tuple[list[str], Image.Image, bytes | None]]:
    """Yield what known programs make of a picture: in the size of the one in the PDF, gray if that is, as JPEG if that is."""
    assert drawn.pixels is not None
    gray = _is_gray(drawn.pixels)
    for resized, how in _sizes(image, drawn.size):
        for colored, also in [
            (resized, ""),
            *([(resized.convert("L").convert("RGB"), "gray")] if gray else []),
        ]:
            words = [word for word in (how, also) if word]
            yield words, colored, None
            if drawn.jpeg:
                data = _as_jpeg(colored, drawn.jpeg)
                if data is not None:
                    with Image.open(io.BytesIO(data)) as saved:
                        yield [*words, "JPEG"], saved.convert("RGB"), data


def _sizes(image: Image.Image, size: tuple[int, int]) -> Iterator[tuple[Image.Image, str]]:
    if image.size == size:
        yield image, ""
        return
    shape = image.width / image.height / (size[0] / size[1])
    if not 0.95 < shape < 1.05:
        return
    for name, how in _FILTERS.items():
        yield image.resize(size, how), f"resized ({name})"
    if size[0] < image.width:
        copy = image.copy()
        copy.thumbnail(size)
        if copy.size == size:
            yield copy, "resized (thumbnail)"


def _is_gray(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return (
        ImageChops.difference(red, green).getbbox() is None
        and ImageChops.difference(red, blue).getbbox() is None
    )


def _as_jpeg(image: Image.Image, settings: dict[str, Any]) -> bytes | None:
    """Encode a picture with the tables of another JPEG; None if they are none."""
    buffer = io.BytesIO()
    # 0, 1, 2 stand for 4:4:4, 4:2:2, 4:2:0; others are not tried
    sampling = settings["sampling"] if settings["sampling"] in (0, 1, 2) else 0
    try:
        source = image.convert("L") if settings["gray"] else image
        tables = dict(enumerate(settings["tables"]))
        source.save(buffer, "JPEG", qtables=tables, **({} if settings["gray"] else {"subsampling": sampling}))
    except (OSError, ValueError, TypeError):
        return None
    return buffer.getvalue()


def redraw(numbers: dict[str, Any], *, dpi: float | None = None, tight: bool = True) -> Image.Image | None:
    """Draw a figure anew from the numbers that stand beside it, as a notebook does.

    Parameters
    ----------
    numbers : dict
        As ``lib.vis_utils`` writes them; a stranger may have changed them.
    dpi : float or None
        Dots an inch; as the notebook's if not given.
    tight : bool
        Whether margins are cut off, as a notebook does and ``savefig`` by itself does not.

    Returns
    -------
    PIL.Image or None
        RGB; None if the numbers cannot be drawn.
    """
    return _redraw(json.dumps(numbers, sort_keys=True, default=str), dpi, tight)


@functools.lru_cache(maxsize=24)
def _redraw(told: str, dpi: float | None, tight: bool) -> Image.Image | None:
    import matplotlib.pyplot as plt

    from lib.vis_utils import plot_history

    numbers = json.loads(told)
    if numbers.get("drawn_by") != "plot_history":
        return None
    figure, buffer = None, io.BytesIO()
    try:
        curves = [curve(numbers.get(name)) for name in ("loss_hist", "train_acc_hist", "val_acc_hist")]
        words = {name: str(numbers[name])[:200] for name in ("title", "note") if numbers.get(name)}
        target = None if numbers.get("target") is None else float(numbers["target"])
        with warnings.catch_warnings(), plt.rc_context(), plt.ioff():
            warnings.simplefilter("ignore")  # a letter without a glyph, an axis that cannot be drawn
            plt.rcdefaults()
            plt.switch_backend("agg")
            figure = plot_history(*curves, target=target, **words)
            figure.savefig(
                buffer, format="png", dpi=dpi or figure.dpi, bbox_inches="tight" if tight else None
            )
        with Image.open(buffer) as image:
            return over_white(image)
    except Exception:  # numbers and words of strangers make matplotlib raise anything
        return None
    finally:
        if figure is not None:
            plt.close(figure)


def curve(text: Any) -> list[float]:
    """Return the numbers of a curve.

    Raises
    ------
    ValueError
        If they are none, or too many.
    """
    found = [float(word) for word in str(text).split()]
    if not 0 < len(found) <= MAX_NUMBERS:
        msg = f"a curve of {len(found)} numbers, wanted 1 to {MAX_NUMBERS}"
        raise ValueError(msg)
    return found


def why_unseen(match: Match, drawn: Drawn, page: Page | None) -> str:
    """Say why a reader of the page does not see the picture as it is; empty if they do.

    The page is compared with one that holds nothing but the notebook's picture, at the same place, drawn by the same
    program. Whatever covers, cuts, fades or recolors the picture makes a difference.
    """
    a, b, c, d = drawn.matrix[:4]
    if drawn.odd:
        return f"it is drawn {drawn.odd}"
    if a * d - b * c <= 0:
        return "it is drawn as in a mirror"
    if page is None or page.seen is None:
        return "its page could not be drawn"
    if min((a * a + b * b) ** 0.5, (c * c + d * d) ** 0.5 * drawn.size[0] / drawn.size[1]) < READABLE:
        return TOO_SMALL
    alone, box = _alone(match, drawn, page)
    if alone is None or alone.size != page.seen.size:
        return "its page could not be drawn"
    left, top, right, bottom = box
    if left < 0 or top < 0 or right > page.seen.width or bottom > page.seen.height:
        return "it leads out of the page"
    inside = (left + 1, top + 1, right - 1, bottom - 1)  # at the edge, what stands beside it shows through
    apart = ImageChops.difference(alone.crop(inside), page.seen.crop(inside))
    rounding = 1 if drawn.profile else 0  # converting colors that are equal rounds the last bit of some
    if max(apart.tobytes(), default=0) > rounding:
        return "something covers, cuts or fades it on the page"
    return ""


def _alone(match: Match, drawn: Drawn, page: Page) -> tuple[Image.Image | None, tuple[int, int, int, int]]:
    """Draw a page that holds a picture alone; return it, and where the picture lies in it, in pixels."""
    import pikepdf

    pdf = pikepdf.new()
    content = match.jpeg or match.pixels.tobytes()
    image = pikepdf.Stream(pdf, content)
    gray = bool(match.jpeg and drawn.jpeg and drawn.jpeg["gray"])
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height, image.BitsPerComponent = *match.pixels.size, 8
    image.ColorSpace = pikepdf.Name.DeviceGray if gray else pikepdf.Name.DeviceRGB
    if match.jpeg:
        image.Filter = pikepdf.Name.DCTDecode
    if drawn.smooth:
        image.Interpolate = True
    if drawn.mask:
        mask = pikepdf.Stream(pdf, b"\xff" * (match.pixels.width * match.pixels.height))
        mask.Type, mask.Subtype, mask.ColorSpace = (
            pikepdf.Name.XObject,
            pikepdf.Name.Image,
            pikepdf.Name.DeviceGray,
        )
        mask.Width, mask.Height, mask.BitsPerComponent = *match.pixels.size, 8
        image.SMask = pdf.make_indirect(mask)
    place = " ".join(f"{' '.join(words)} cm" for words in drawn.matrices)
    made = pdf.add_blank_page(page_size=(page.size[0], page.size[1]))
    made.obj.MediaBox = pikepdf.Array([*map(_decimal, page.media)])
    made.obj.CropBox = pikepdf.Array([*map(_decimal, page.crop)])
    made.obj.Rotate = page.rotation
    made.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=pdf.make_indirect(image)))
    made.obj.Contents = pdf.make_stream(f"q {place} /P Do Q".encode())
    buffer = io.BytesIO()
    pdf.save(buffer)
    try:
        document = pypdfium2.PdfDocument(buffer.getvalue())
        one = document[0]
        seen = one.render(scale=page.scale, may_draw_forms=True).to_pil().convert("RGB")
    except Exception:  # pdfium's own errors: sizes that make no page
        return None, (0, 0, 0, 0)
    return seen, _box(drawn.matrix, page)


def _decimal(value: float) -> Any:
    from decimal import Decimal

    return Decimal(f"{value:.6f}")


def _box(matrix: tuple[float, ...], page: Page) -> tuple[int, int, int, int]:
    """Return the pixels of a page that a picture covers: left, top, right, bottom."""
    a, b, c, d, e, f = matrix
    corners = [(e + x * a + y * c, f + x * b + y * d) for x in (0, 1) for y in (0, 1)]
    left, bottom, right, top = page.crop
    turned = {
        0: [(x - left, top - y) for x, y in corners],
        90: [(y - bottom, x - left) for x, y in corners],
        180: [(right - x, y - bottom) for x, y in corners],
        270: [(top - y, right - x) for x, y in corners],
    }[page.rotation % 360]
    across, down = zip(*turned, strict=True)
    scale = page.scale
    return (
        round(min(across) * scale),
        round(min(down) * scale),
        round(max(across) * scale),
        round(max(down) * scale),
    )
