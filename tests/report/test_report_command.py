"""The student's command ``python -m lib.report``, the run behind it, and where the data came from."""

from __future__ import annotations

import errno
import io
import json
import os
import tracemalloc
import zipfile

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from small_notebooks import answer, code, heading, notebook, picture, printed

from lib.errors import ConfigError, CourseError
from lib.manifest import read_manifest
from lib.report import execute_notebook, read_notebook
from lib.report.__main__ import main
from lib.report.provenance import dataset_of

TOML = """
[assignment]
name = "cnn_small"
title = "A small assignment"
notebook = "cnn_small.ipynb"
[[exercise]]
name = "training"
heading = "8"
[[exercise]]
name = "inline_question"
heading = "10"
[report]
pdf = "problem.pdf"
[[report.part]]
key = "curves"
title = "Training loss"
exercises = ["training"]
show = "images"
[[report.part]]
key = "answer"
title = "Inline question"
exercises = ["inline_question"]
show = "text"
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with assignment.toml and an executed notebook."""
    (tmp_path / "assignment.toml").write_text(TOML)
    nbformat.write(notebook(), tmp_path / "cnn_small.ipynb")
    return tmp_path


def test_saved_outputs_make_the_report(folder, capsys):
    """--no-execute takes what the notebook holds, and says what is in the PDF."""
    before = (folder / "cnn_small.ipynb").read_bytes()
    assert main([str(folder), "--no-execute"]) == 0
    told = capsys.readouterr().out
    assert "1. Training loss: ok" in told
    assert "2. Inline question: ok" in told
    assert (folder / "problem.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "cnn_small.ipynb").read_bytes() == before


def test_missing_part_is_told_and_fails_only_if_asked(folder, capsys):
    """A report with a gap is a report; --strict makes the gap an error."""
    nbformat.write(notebook(answers=[answer("YOUR ANSWER HERE")]), folder / "cnn_small.ipynb")
    assert main([str(folder), "--no-execute"]) == 0
    assert "2. Inline question: MISSING" in capsys.readouterr().out
    assert main([str(folder), "--no-execute", "--strict"]) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cnn_small.ipynb not found"),
        ("", "cnn_small.ipynb is empty"),
        ('{"cells": [', "is not a notebook"),
        ("[1]", "is not a notebook"),
        ('{"cells": 3, "nbformat": 4}', "has no cells"),
        (b"\xff\xfe\x00", "can not be read"),
    ],
)
def test_bad_notebook_ends_in_one_sentence(folder, capsys, content, sentence):
    """No traceback, exit code 1, and the PDF that was there stays."""
    path = folder / "cnn_small.ipynb"
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "problem.pdf").write_bytes(b"old")
    assert main([str(folder), "--no-execute"]) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert (folder / "problem.pdf").read_bytes() == b"old"


def test_notebook_of_an_older_format_is_read(tmp_path):
    """Format 3 is still around."""
    cell = {"cell_type": "code", "input": "1", "outputs": [], "language": "python", "metadata": {}}
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": [cell], "metadata": {}}],
    }
    (tmp_path / "a.ipynb").write_text(json.dumps(old))
    assert read_notebook(tmp_path / "a.ipynb").cells[0].source == "1"


def test_fresh_run_goes_on_after_errors_and_maps_outputs_back(tmp_path):
    """Each cell gets its new outputs and nothing else changes; loops and a dead kernel are told."""
    nb = new_notebook(
        cells=[
            new_code_cell(
                "import os; print(os.environ['GRADLAB_LOAD_ONLY'], os.path.basename(os.getcwd())); x = 1"
            ),
            new_markdown_cell("text"),
            new_code_cell("1 / 0"),
            new_code_cell("while True: pass"),
            new_code_cell("x + 1"),
            new_code_cell("os._exit(3)"),
            new_code_cell("x", outputs=[picture()], execution_count=9),
        ],
        metadata={"kernelspec": {"name": "not-there", "display_name": "x"}},
    )
    before = nbformat.writes(nb)
    done, problems = execute_notebook(nb, tmp_path, timeout=1, env={**os.environ, "GRADLAB_LOAD_ONLY": "1"})
    assert nbformat.writes(nb) == before
    assert done.cells[0].outputs[0].text == f"1 {tmp_path.name}\n"
    assert [done.cells[n].outputs[0].ename for n in (2, 3)] == ["ZeroDivisionError", "KeyboardInterrupt"]
    assert done.cells[4].outputs[0].data == {"text/plain": "2"}
    assert done.cells[6].outputs == []
    assert [cell.metadata for cell in done.cells] == [{}] * 7
    assert done.metadata == nb.metadata
    assert str(problems[0]).startswith("cell 4: stopped after 1 seconds")
    assert str(problems[1]).startswith("cell 6: the kernel died")


def test_command_runs_the_notebook(folder, capsys):
    """Without options the PDF comes from a fresh run, in the folder, of a copy."""
    plot = (
        "from IPython.display import Image\nimport base64\nImage(base64.b64decode('"
        + picture().data["image/png"]
        + "'))"
    )
    cells = [
        heading("training", 8, "Training"),
        new_code_cell(plot),
        heading("inline_question", 10, "Filters"),
    ]
    nbformat.write(new_notebook(cells=[*cells, answer("Edges.")]), folder / "cnn_small.ipynb")
    assert main([str(folder)]) == 0
    assert "1. Training loss: ok" in capsys.readouterr().out
    assert nbformat.read(folder / "cnn_small.ipynb", 4).cells[1].outputs == []
    assert sorted(path.name for path in folder.iterdir()) == [
        "assignment.toml",
        "cnn_small.ipynb",
        "problem.pdf",
    ]


def _model(path, **meta):
    np.savez(path / "model.npz", meta=np.frombuffer(json.dumps(meta).encode(), np.uint8))


def test_provenance_comes_from_the_model(tmp_path):
    """What the network was trained on decides, even if the data here are others."""
    _model(tmp_path, provenance="SVHN part: 1083 of 73257 images")
    assert dataset_of(notebook(), tmp_path) == "SVHN part: 1083 of 73257 images"


def test_sample_wins_over_any_other_source(tmp_path):
    """If one source says sample, the report says sample."""
    _model(tmp_path, provenance="SVHN")
    nb = notebook(
        curves=[code("SVHN_data()", printed("SVHN: SAMPLE, drawn images and not the real ones (data).\n"))]
    )
    assert dataset_of(nb, tmp_path) == "SVHN sample"


def _zipped(content, method=zipfile.ZIP_DEFLATED):
    """Return a zip whose only entry is meta.npy."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("meta.npy", content)
    return buffer.getvalue()


def _npy(content, header=None):
    """Return bytes as an array of bytes, under its own or another header."""
    buffer = io.BytesIO()
    own = {"descr": "|u1", "fortran_order": False, "shape": (len(content),)}
    np.lib.format.write_array_header_1_0(buffer, own | (header or {}))
    return buffer.getvalue() + content


def _patched(archive, local, central, value):
    """Change a zip at an offset in the header of its entry and in that of its directory."""
    directory = archive.index(b"PK\1\2")
    changed = bytearray(archive)
    for place in (local, directory + central):
        changed[place : place + len(value)] = value
    return bytes(changed)


META = _npy(b'{"provenance": "SVHN"}' + b" " * 500)
BAD_MODELS = {
    "empty": b"",
    "empty zip": b"PK\x05\x06" + b"\0" * 18,
    "no zip": b"not a zip",
    "damaged stream": (lambda z: z[:38] + b"\xff" * 20 + z[58:])(_zipped(META)),
    "encrypted": _patched(_zipped(META), 6, 8, b"\1\0"),
    "unknown method": _patched(_zipped(META), 8, 10, b"\x63\0"),
    "deep": _zipped(_npy(b"[" * 200_000)),
    "a list": _zipped(_npy(b"[1]")),
    "no bytes, a trillion times": _zipped(_npy(b"", {"descr": "|V0", "shape": (1 << 40,)})),
    "a trillion bytes": _zipped(_npy(b"{}", {"shape": (1 << 40,)})),
    "pickled": _zipped(_npy(b"cos\nsystem\n.", {"descr": "|O", "shape": (1,)})),
    "no array": _zipped(b"no array"),
}


def test_models_of_these_tests_would_be_read_if_nothing_were_wrong(tmp_path):
    """What the damaged ones are made of is a model."""
    (tmp_path / "model.npz").write_bytes(_zipped(META))
    assert dataset_of(notebook(), tmp_path) == "SVHN"


@pytest.mark.parametrize("content", BAD_MODELS.values(), ids=BAD_MODELS)
def test_damaged_model_tells_nothing_and_breaks_nothing(tmp_path, content):
    """A model of a stranger that can not be read has no provenance."""
    (tmp_path / "model.npz").write_bytes(content)
    assert dataset_of(notebook(), tmp_path) == ""


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_model_that_lies_about_its_size_is_not_unpacked(tmp_path, method):
    """The size that an entry tells may be a lie, so no more than that is ever unpacked."""
    lying = _patched(_zipped(b"\0" * (40 << 20), method), 22, 24, (100).to_bytes(4, "little"))
    (tmp_path / "model.npz").write_bytes(lying)
    tracemalloc.start()
    try:
        assert dataset_of(new_notebook(), tmp_path) == ""
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/tmp/report"),
            "/tmp/report: No space left on device",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "model.npz"), "model.npz: Permission denied"),
        (ModuleNotFoundError("No module named 'typst'", name="typst"), "typst is missing; run: pip install"),
    ],
)
def test_what_the_computer_refuses_is_one_sentence(folder, capsys, monkeypatch, error, sentence):
    """A full disk, a right that is missing, a package that is not installed: exit code 1, no traceback."""

    def refuse(*args, **settings):
        raise error

    monkeypatch.setattr("lib.report.build_report", refuse, raising=False)
    assert main([str(folder), "--no-execute"]) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "cnn_small"', "", r"\[assignment\] name is missing"),
        ('show = "text"', 'show = "some"', "wanted 'images', 'text' or 'all'"),
        ('["training"]', '["trainig"]', "no exercise is named 'trainig'"),
        ('"cnn_small.ipynb"', '"../cnn_small.ipynb"', "wanted a path inside the folder"),
        ("[report]", "[report", "assignment.toml is damaged"),
        ('heading = "8"', "heading = 8", "heading: got 8; wanted a text"),
    ],
)
def test_bad_manifest_is_named(folder, old, new, message):
    """A mistake in assignment.toml is told with its place."""
    (folder / "assignment.toml").write_text(TOML.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        read_manifest(folder)


def test_folder_without_a_manifest_is_told(tmp_path, capsys):
    """The commonest mistake is the wrong folder."""
    assert main([str(tmp_path)]) == 1
    assert "assignment.toml not found" in capsys.readouterr().err


def test_manifest_of_the_real_assignment_is_read():
    """The reader of the student's side agrees with the file that is released."""
    from pathlib import Path

    manifest = read_manifest(Path(__file__).parents[2] / "source" / "cnn_svhn")
    assert manifest.pdf == "problem_2_solution.pdf"
    assert [part.show for part in manifest.parts] == ["images", "images", "text"]
    assert manifest.section_key("filters_look") == "filters"
    assert sum(exercise.points for exercise in manifest.exercises) == 60


def test_course_error_is_what_students_catch():
    """One class stands for everything that is put in one sentence."""
    assert issubclass(ConfigError, CourseError)
