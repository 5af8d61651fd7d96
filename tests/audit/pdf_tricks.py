"""PDFs made operator by operator: headings, pictures, and what can be done to a picture on its page."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name

PAGE = (595, 842)


class Pdf:
    """A PDF to which pages are added; ``save`` writes it."""

    def __init__(self):
        self.pdf = pikepdf.new()
        self.font = self.pdf.make_indirect(
            Dictionary(
                Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding
            )
        )

    def image(self, picture, *, jpeg=None, mask=None, **entries):
        """Return a picture as an object of this PDF, its pixels as they are or as a JPEG of a quality."""
        picture = picture.convert("L") if picture.mode == "L" else picture.convert("RGB")
        if jpeg:
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=jpeg)
            stream = pikepdf.Stream(self.pdf, buffer.getvalue())
            stream.Filter = Name.DCTDecode
        else:
            stream = pikepdf.Stream(self.pdf, picture.tobytes())
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height, stream.BitsPerComponent = *picture.size, 8
        stream.ColorSpace = Name.DeviceGray if picture.mode == "L" else Name.DeviceRGB
        if mask is not None:
            stream.SMask = self.image(mask)
        for name, value in entries.items():
            stream[f"/{name}"] = value
        return self.pdf.make_indirect(stream)

    def form(self, content, **objects):
        """Return a form that draws something."""
        stream = pikepdf.Stream(self.pdf, content.encode())
        stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, *PAGE])
        stream.Resources = Dictionary(
            XObject=Dictionary(objects and {f"/{k}": v for k, v in objects.items()})
        )
        return self.pdf.make_indirect(stream)

    def page(self, content, *, heading="", states=None, annotations=(), **objects):
        """Add a page; ``objects`` are the pictures and forms that its content draws by name."""
        made = self.pdf.add_blank_page(page_size=PAGE)
        words = f"BT /F 17 Tf 60 780 Td ({heading}) Tj ET " if heading else ""
        made.obj.Contents = self.pdf.make_stream(f"{words}{content}".encode("cp1252"))
        made.obj.Resources = Dictionary(
            Font=Dictionary(F=self.font),
            XObject=Dictionary({f"/{name}": value for name, value in objects.items()}),
            ExtGState=Dictionary({f"/{name}": value for name, value in (states or {}).items()}),
        )
        if annotations:
            made.obj.Annots = Array([self.pdf.make_indirect(one) for one in annotations])
        return made

    def save(self, path: Path, **settings):
        self.pdf.save(path, **settings)
        return path


def place(picture, *, left=60, bottom=420, width=460):
    """Return the operators that draw the object P as large as a report would."""
    width = min(width, 320 * picture.width / picture.height)  # below the heading, and on the page
    height = width * picture.height / picture.width
    return f"q {width:.3f} 0 0 {height:.3f} {left} {bottom} cm /P Do Q"


def bomb(path: Path, size: int):
    """Write a PDF whose content is as many bytes as asked for, packed into few."""
    pdf = Pdf()
    page = pdf.page("")
    packer = zlib.compressobj(9)
    block = b"0 0 m 1 1 l S\n" * 100_000
    packed = b"".join(packer.compress(block) for _ in range(size // len(block) + 1)) + packer.flush()
    stream = pikepdf.Stream(pdf.pdf, b"")
    stream.write(packed, filter=Name.FlateDecode)
    page.obj.Contents = pdf.pdf.make_indirect(stream)
    return pdf.save(path)
