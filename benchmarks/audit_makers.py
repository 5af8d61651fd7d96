"""Notebooks with plots, what is done to the plots on the way, and four programs that make PDFs of them."""

from __future__ import annotations

import base64
import copy
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image, ImageOps

from lib.manifest import Exercise, Manifest, ReportPart
from lib.report import build_report
from lib.vis_utils import plot_history, show_filters, show_responses

PARTS = (
    ("curves", "Training loss and accuracy", "1"),
    ("filters", "Convolutional filters", "2"),
    ("sizes", "Sizes of the weights", "3"),
    ("responses", "What the filters respond to", "4"),
)


def manifest(folder: Path) -> Manifest:
    """Return an assignment whose report shows four plots."""
    return Manifest(
        folder=folder,
        name="plots",
        title="Four plots",
        notebook="plots.ipynb",
        exercises=tuple(Exercise(key, title, heading=number) for key, title, number in PARTS),
        parts=tuple(ReportPart(key, title, (key,), "images") for key, title, _ in PARTS),
        pdf="plots.pdf",
    )


def figures(seed: int) -> list[Any]:
    """Draw the four plots of a student: their curves fall and rise in their own way."""
    rng = np.random.default_rng(seed)
    steps = np.arange(400)
    losses = 2.3 * np.exp(-steps / rng.uniform(80, 160)) + 0.3 + 0.08 * rng.standard_normal(400)
    accuracy = 0.9 - 0.8 * np.exp(-np.arange(1, 11) / rng.uniform(2, 4)) + 0.01 * rng.standard_normal(10)
    curves = plot_history(
        losses,
        accuracy,
        accuracy - rng.uniform(0.02, 0.08),
        title="Training",
        target=0.88,
        note="SVHN sample",
    )
    filters = show_filters(rng.standard_normal((16, 5, 5, 3)), title="First layer")
    sizes, axes = plt.subplots(figsize=(5, 2.6))
    for name in ("SGD", "Adam"):
        axes.plot(np.cumsum(rng.standard_normal(60)), label=name)
    axes.legend()
    responses = show_responses(rng.random((24, 24, 3)), rng.standard_normal((20, 20, 5)))
    return [curves, filters, sizes, responses]


def as_shown(figure: Any, **settings: Any) -> bytes:
    """Return the picture that a notebook shows of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, **{"format": "png", "bbox_inches": "tight", "dpi": figure.dpi} | settings)
    return buffer.getvalue()


def notebook(seed: int, draw: Callable[[Any], dict[str, Any]] | None = None) -> Any:
    """Return the executed notebook of a student; ``draw`` says in which formats a figure is kept."""
    cells = [new_markdown_cell("# Four plots")]
    for (key, title, number), figure in zip(PARTS, figures(seed), strict=True):
        flags = {"grade_id": f"heading_{key}", "locked": True, "solution": False, "grade": False}
        head = new_markdown_cell(f"## {number} · {title} (5 points)", metadata={"nbgrader": flags})
        head["id"] = f"heading-{key}"
        data = draw(figure) if draw else {"image/png": _text(as_shown(figure))}
        bundle = getattr(figure, "_repr_mimebundle_", None)
        data |= bundle() if bundle else {}
        shown = new_output("display_data", {**data, "text/plain": "<Figure>"})
        cell = new_code_cell("draw()", outputs=[shown], execution_count=int(number))
        cell["id"] = key
        cells += [head, cell]
        plt.close(figure)
    return new_notebook(cells=cells)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def pictures(book: Any) -> list[dict[str, Any]]:
    """Return the picture outputs of a notebook."""
    return [cell.outputs[0]["data"] for cell in book.cells if cell.cell_type == "code"]


def changed(book: Any, change: Callable[[Image.Image], tuple[bytes, str]]) -> Any:
    """Return a notebook whose pictures were changed."""
    book = copy.deepcopy(book)
    for data in pictures(book):
        with Image.open(io.BytesIO(base64.b64decode(data.pop("image/png")))) as image:
            content, mime = change(image.convert("RGB"))
        data[mime] = _text(content)
    return book


def _lines(figure: Any) -> dict[str, Any]:
    """Return a figure as lines: SVG, and PDF for LaTeX."""
    pdf = _text(as_shown(figure, format="pdf"))
    return {"image/svg+xml": as_shown(figure, format="svg").decode(), "application/pdf": pdf}


def _png(image: Image.Image) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue(), "image/png"


def _jpeg(image: Image.Image, quality: int) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue(), "image/jpeg"


def _lowered(image: Image.Image) -> Image.Image:
    """Lower the last quarter of a picture by a twentieth, as a curve is made to look better."""
    left, shift = image.width * 3 // 4, max(1, image.height // 20)
    part = image.crop((left, 0, image.width, image.height - shift))
    image = image.copy()
    image.paste("white", (left, 0, image.width, image.height))
    image.paste(part, (left, shift))
    return image


def _spot(image: Image.Image) -> Image.Image:
    """Change a spot of 3 x 3 pixels by a little."""
    image = image.copy()
    x, y = image.width // 3, image.height // 2
    for i in range(3):
        for j in range(3):
            red, green, blue = image.getpixel((x + i, y + j))
            image.putpixel((x + i, y + j), (red - 9 if red > 9 else red + 9, green, blue))
    return image


def _scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


#: What an honest student may do: treatment -> the notebook that the PDF is made of, from (seed).
TRUE: dict[str, Callable[[int], Any]] = {
    "untouched": notebook,
    "smaller, 60 %": lambda seed: changed(notebook(seed), lambda image: _png(_scaled(image, 0.6))),
    "JPEG, quality 85": lambda seed: changed(notebook(seed), lambda image: _jpeg(image, 85)),
    "JPEG, quality 35": lambda seed: changed(notebook(seed), lambda image: _jpeg(image, 35)),
    "gray": lambda seed: changed(notebook(seed), lambda image: _png(image.convert("L"))),
    "saved again, 200 dpi": lambda seed: notebook(
        seed, lambda figure: {"image/png": _text(as_shown(figure, dpi=200))}
    ),
    "drawn as lines (SVG)": lambda seed: notebook(seed, lambda figure: _lines(figure)),
}
#: What must never pass: the same, from (seed, seed of somebody else).
WRONG: dict[str, Callable[[int, int], Any]] = {
    "another run": lambda seed, other: notebook(other + 1000),
    "another student's": lambda seed, other: notebook(other),
    "another student's, JPEG": lambda seed, other: changed(notebook(other), lambda image: _jpeg(image, 35)),
    "another student's, smaller": lambda seed, other: changed(
        notebook(other), lambda image: _png(_scaled(image, 0.3))
    ),
    "cropped": lambda seed, other: changed(
        notebook(seed), lambda image: _png(image.crop((0, 0, image.width * 4 // 5, image.height)))
    ),
    "curve lowered": lambda seed, other: changed(notebook(seed), lambda image: _png(_lowered(image))),
    "curve lowered, JPEG": lambda seed, other: changed(
        notebook(seed), lambda image: _jpeg(_lowered(image), 35)
    ),
    "curve lowered, gray and smaller": lambda seed, other: changed(
        notebook(seed), lambda image: _png(_scaled(_lowered(image), 0.5).convert("L"))
    ),
    "a spot of 9 pixels": lambda seed, other: changed(notebook(seed), lambda image: _png(_spot(image))),
    "mirrored": lambda seed, other: changed(notebook(seed), lambda image: _png(ImageOps.mirror(image))),
    "reordered": lambda seed, other: _reordered(notebook(seed)),
}


def _reordered(book: Any) -> Any:
    """Put each plot under the heading before its own, the first under the last."""
    found = pictures(book)
    kept = [dict(data) for data in found]
    for data, new in zip(found, kept[1:] + kept[:1], strict=True):
        data.clear()
        data.update(new)
    return book


def typst(book: Any, pdf: Path) -> None:
    """Make a PDF with this project's own report."""
    build_report(book, manifest(pdf.parent), pdf)


def latex(book: Any, pdf: Path) -> None:
    """Make a PDF as ``nbconvert --to pdf`` does: pandoc, then xelatex."""
    from nbconvert import LatexExporter

    book = copy.deepcopy(book)
    for data in pictures(book):
        if "application/pdf" in data:
            data.pop("image/svg+xml")  # nbconvert would want Inkscape for it
    source, resources = LatexExporter().from_notebook_node(book)
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in resources["outputs"].items():
            Path(scratch, name).write_bytes(data)
        Path(scratch, "plots.tex").write_text(source, encoding="utf-8")
        for _ in range(2):
            _run(["xelatex", "-interaction=batchmode", "plots.tex"], Path(scratch), check=False)
        shutil.copyfile(Path(scratch, "plots.pdf"), pdf)


def chromium(book: Any, pdf: Path) -> None:
    """Make a PDF as a browser prints the page of a notebook."""
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(mathjax_url="", require_js_url="").from_notebook_node(book)
    program = shutil.which("chromium") or "chromium-browser"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        Path(scratch, "plots.html").write_text(page, encoding="utf-8")
        quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
        quiet += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
        where = [f"--user-data-dir={scratch}/profile", f"--print-to-pdf={scratch}/plots.pdf"]
        _run(
            [program, "--headless", "--no-sandbox", *quiet, *where, f"file://{scratch}/plots.html"],
            Path(scratch),
        )
        shutil.copyfile(Path(scratch, "plots.pdf"), pdf)


def libreoffice(book: Any, pdf: Path) -> None:
    """Make a PDF as somebody does who writes in Word's format: pandoc to docx, LibreOffice to PDF."""
    import nbformat
    import pypandoc

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        book = copy.deepcopy(book)
        for output in (
            output for cell in book.cells for output in cell.get("outputs", []) if "data" in output
        ):
            # pandoc writes every format of an output that it knows
            output["data"] = {
                mime: data for mime, data in output["data"].items() if mime.startswith("image/")
            }
        nbformat.write(book, Path(scratch, "plots.ipynb"))
        pandoc = [pypandoc.get_pandoc_path(), "plots.ipynb", "-o", "plots.docx"]
        _run(pandoc, Path(scratch))
        profile = f"-env:UserInstallation=file://{scratch}/profile"
        _run(["soffice", profile, "--headless", "--convert-to", "pdf", "plots.docx"], Path(scratch))
        shutil.copyfile(Path(scratch, "plots.pdf"), pdf)


def _run(command: list[str], folder: Path, *, check: bool = True) -> None:
    subprocess.run(
        command, cwd=folder, check=check, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


MAKERS: dict[str, Callable[[Any, Path], None]] = {
    "typst": typst,
    "LaTeX": latex,
    "Chromium": chromium,
    "LibreOffice": libreoffice,
}
_PROGRAMS = {"LaTeX": ("xelatex", "pandoc"), "Chromium": ("chromium",), "LibreOffice": ("soffice",)}


def absent(maker: str) -> str:
    """Return which program a maker lacks on this machine; empty if none."""
    return next((name for name in _PROGRAMS.get(maker, ()) if shutil.which(name) is None), "")
