"""Small executed notebooks, and a look into the PDFs that come of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from types import SimpleNamespace

import pypdfium2
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from lib.manifest import Exercise, Manifest, ReportPart
from lib.report import build_report

MANIFEST = Manifest(
    folder=Path(),
    name="cnn_small",
    title="A small assignment",
    notebook="cnn_small.ipynb",
    dataset="svhn",
    exercises=(
        Exercise("training", "Training", heading="8"),
        Exercise("filters", "Filters as pictures", heading="9"),
        Exercise("filters_look", "Filters, the figure", heading="9"),
        Exercise("inline_question", "What do the filters see?", heading="10"),
    ),
    parts=(
        ReportPart("curves", "Training loss and accuracy", ("training",), "images"),
        ReportPart("filters", "Convolutional filters", ("filters", "filters_look"), "images"),
        ReportPart("answer", "Inline question", ("inline_question",), "text"),
    ),
    pdf="problem.pdf",
    files=("cnn_small.ipynb", "lib/layers.py", "model.npz", "problem.pdf"),
    extra_files=("lib/extra.py",),
)


def png(color="red", size=(400, 160)):
    """Return a picture of one color in base64."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def picture(color="red", **size):
    """Return an image output, as matplotlib leaves it in a cell."""
    return new_output(
        "display_data", {"image/png": png(color, **size), "text/plain": "<Figure size 640x480>"}
    )


def printed(text):
    """Return what print leaves in a cell."""
    return new_output("stream", name="stdout", text=text)


def returned(count=1, **data):
    """Return the value of a cell's last line; keys are mime types with _ for /."""
    return new_output(
        "execute_result", {key.replace("_", "/"): value for key, value in data.items()}, execution_count=count
    )


def failed(name="NameError", text="name 'modle' is not defined"):
    """Return the output of a cell that ended with an error."""
    return new_output("error", ename=name, evalue=text, traceback=[])


def heading(key, number, title, labeled=True):
    """Return the locked cell that begins a section."""
    cell = new_markdown_cell(f"## {number} · {title} (5 points)\n\nText of the course.")
    if labeled:
        cell.metadata["nbgrader"] = {
            "grade_id": f"heading_{key}",
            "locked": True,
            "solution": False,
            "grade": False,
        }
    return cell


def code(source, *outputs, count=1, **flags):
    """Return a code cell that has been run."""
    cell = new_code_cell(source, outputs=list(outputs), execution_count=count)
    if flags:
        cell.metadata["nbgrader"] = flags
    return cell


def answer(text, **attachments):
    """Return the markdown cell of the inline question."""
    flags = {"grade_id": "inline_question", "solution": True, "grade": True, "locked": False}
    cell = new_markdown_cell(text, metadata={"nbgrader": flags})
    if attachments:
        cell["attachments"] = {name: {"image/png": data} for name, data in attachments.items()}
    return cell


def notebook(curves=None, filters=None, answers=None, labeled=True):
    """Return a notebook of three sections; a section of None holds what a good student has in it."""
    return new_notebook(
        cells=[
            new_markdown_cell("# A small assignment"),
            heading("training", 8, "Training", labeled),
            *([code("plot_history(h)", picture("red"))] if curves is None else curves),
            heading("filters", 9, "Filters as pictures", labeled),
            *([code("show_filters(w)", picture("lime"))] if filters is None else filters),
            heading("inline_question", 10, "What do the filters see?", labeled),
            *([answer("Mostly edges.")] if answers is None else answers),
            heading("submission", 11, "Hand in", labeled),
            new_markdown_cell("behind the last section"),
        ]
    )


@pytest.fixture
def build(tmp_path):
    """Build a report; return its text and its pictures' colors page by page, and the result."""

    def run(nb, **settings):
        path = tmp_path / "problem.pdf"
        result = build_report(nb, MANIFEST, path, **settings)
        with pypdfium2.PdfDocument(path) as document:
            pages, colors = [], []
            for page in document:
                text_page = page.get_textpage()
                pages.append(text_page.get_text_range().replace("\r\n", "\n"))
                text_page.close()
                colors.append([_color(item) for item in page.get_objects(filter=[3])])
                page.close()
        return SimpleNamespace(pages=pages, text="\n".join(pages), colors=colors, result=result, path=path)

    return run


def _color(item):
    bitmap = item.get_bitmap()
    pixel = bitmap.to_pil().convert("RGB").getpixel((0, 0))
    bitmap.close()
    item.close()
    return {(255, 0, 0): "red", (0, 255, 0): "lime", (0, 0, 255): "blue"}.get(pixel, pixel)
