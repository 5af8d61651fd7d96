"""The zip to hand in: what is in it, and what its owner is told."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lib.handin import hand_in, main, safe_name

TOML = """
[assignment]
name = "cnn_small"
title = "A small assignment"
notebook = "cnn_small.ipynb"
[lib]
files = ["lib/extra.py"]
[report]
pdf = "problem.pdf"
[submission]
files = ["cnn_small.ipynb", "lib/layers.py", "model.npz", "problem.pdf"]
"""
REPORT = """
[[exercise]]
name = "words"
[[report.part]]
key = "answer"
title = "Words"
exercises = ["words"]
show = "text"
"""
ROOT = Path(__file__).resolve().parents[2]
STUB = 'def forward(x):\n    # YOUR CODE HERE: conv-forward\n    raise NotImplementedError("conv-forward")\n'
WRITTEN = "def forward(x):\n    return x\n"
FLAGS = {"nbgrader": {"grade_id": "inline_question", "solution": True, "locked": False}}


def write_notebook(folder, *cells):
    """Write a notebook of these cells, or the one of a student who did all."""
    done = [
        new_code_cell("x = 1", execution_count=1),
        new_code_cell("x", execution_count=2),
        new_markdown_cell("Edges.", metadata=FLAGS),
    ]
    nbformat.write(new_notebook(cells=list(cells) or done), folder / "cnn_small.ipynb")
    os.utime(folder / "cnn_small.ipynb", (2_000, 2_000))


@pytest.fixture
def folder(tmp_path):
    """A folder in which everything is done, each file older than what was made from it."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "assignment.toml").write_text(TOML)
    (tmp_path / "lib/layers.py").write_text(WRITTEN)
    (tmp_path / "lib/optim.py").write_text("course = 1\n")
    (tmp_path / "model.npz").write_bytes(b"weights")
    (tmp_path / "problem.pdf").write_bytes(b"%PDF")
    files = {
        "lib/layers.py": {"sha256": hashlib.sha256(STUB.encode()).hexdigest(), "owner": "student"},
        "lib/optim.py": {"sha256": hashlib.sha256(b"course = 1\n").hexdigest(), "owner": "course"},
    }
    (tmp_path / "release.json").write_text(
        json.dumps({"assignment": "cnn_small", "version": "0", "files": files})
    )
    write_notebook(tmp_path)
    for name, age in {"lib/layers.py": 1_000, "model.npz": 1_500, "problem.pdf": 3_000}.items():
        os.utime(tmp_path / name, (age, age))
    return tmp_path


def test_complete_work_gives_a_zip_and_no_warning(folder):
    """The zip holds what is asked for, under the name given, and nothing is complained about."""
    done = hand_in(folder, name="Ada")
    assert done.path.name == "cnn_small_Ada.zip"
    assert done.warnings == ()
    with zipfile.ZipFile(done.path) as archive:
        assert archive.namelist() == ["cnn_small.ipynb", "lib/layers.py", "model.npz", "problem.pdf"]
        assert archive.read("lib/layers.py") == WRITTEN.encode()


def test_files_of_ones_own_are_taken_along(folder):
    """A layer in lib/extra.py is handed in because it is there."""
    (folder / "lib/extra.py").write_text("mine = 1\n")
    os.utime(folder / "lib/extra.py", (1_000, 1_000))
    assert "lib/extra.py" in hand_in(folder, name="ada").files


def test_same_files_give_the_same_bytes(folder):
    """Neither the time nor the order of the disk gets into the zip."""
    first = hand_in(folder, name="ada").path.read_bytes()
    os.utime(folder / "model.npz", (1_600, 1_600))
    again = hand_in(folder, name="ada")
    assert again.path.read_bytes() == first
    assert again.replaced


def _untouched(folder):
    (folder / "lib/layers.py").write_text(STUB)
    os.utime(folder / "lib/layers.py", (1_000, 1_000))


def _half_written(folder):
    (folder / "lib/layers.py").write_text(WRITTEN + STUB)
    os.utime(folder / "lib/layers.py", (1_000, 1_000))


def _broken(folder):
    (folder / "lib/layers.py").write_text("def forward(\n")
    os.utime(folder / "lib/layers.py", (1_000, 1_000))


FAULTS = {
    "lib untouched": (_untouched, r"lib/layers.py is untouched: .* write conv-forward"),
    "lib half written": (_half_written, r"lib/layers.py still has the stub of conv-forward"),
    "lib not Python": (_broken, r"lib/layers.py is not Python \(line 1"),
    "lib missing": (lambda f: (f / "lib/layers.py").unlink(), r"lib/layers.py is missing"),
    "no model": (lambda f: (f / "model.npz").unlink(), r"model.npz is missing; run the training cell"),
    "no PDF": (lambda f: (f / "problem.pdf").unlink(), r"problem.pdf is missing; run: python -m lib.report"),
    "PDF stale": (
        lambda f: os.utime(f / "problem.pdf", (1_800, 1_800)),
        r"problem.pdf is older than cnn_small.ipynb",
    ),
    "lib newer": (
        lambda f: os.utime(f / "lib/layers.py", (2_500, 2_500)),
        r"lib/layers.py was changed after cnn_small",
    ),
    "course file changed": (
        lambda f: (f / "lib/optim.py").write_text("x"),
        r"lib/optim.py was changed, but it is the course's",
    ),
    "out of order": (
        lambda f: write_notebook(
            f, new_code_cell("a", execution_count=5), new_code_cell("b", execution_count=2)
        ),
        r"cells were run out of order",
    ),
    "never run": (lambda f: write_notebook(f, new_code_cell("a")), r"no cell has been run"),
    "one not run": (
        lambda f: write_notebook(f, new_code_cell("a", execution_count=1), new_code_cell("b")),
        r"cell 2 has not been run since it was written",
    ),
    "error": (
        lambda f: write_notebook(
            f,
            new_code_cell(
                "a", execution_count=1, outputs=[new_output("error", ename="E", evalue="", traceback=[])]
            ),
        ),
        r"cell 1 ended with an error",
    ),
    "answer stub": (
        lambda f: write_notebook(
            f, new_code_cell("a", execution_count=1), new_markdown_cell("YOUR ANSWER HERE", metadata=FLAGS)
        ),
        r"cell 2 \(inline_question\): the answer is not written yet",
    ),
    "code stub": (
        lambda f: write_notebook(
            f,
            new_code_cell("# YOUR CODE HERE\nraise NotImplementedError()", execution_count=1, metadata=FLAGS),
        ),
        r"cell 1 \(inline_question\): the code is not written yet",
    ),
}


@pytest.mark.parametrize(("harm", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_told_and_the_zip_is_made(folder, capsys, harm, message):
    """One sentence names the thing and what to do; the exit code is 0, and 1 with --strict."""
    harm(folder)
    assert main([str(folder), "--name", "ada"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("! ")]
    assert len(told) == 1
    assert re.search(message, told[0])
    assert main([str(folder), "--name", "ada", "--strict"]) == 1


BAD_NOTEBOOKS = {
    "missing": (lambda f: (f / "cnn_small.ipynb").unlink(), "cnn_small.ipynb not found"),
    "renamed": (
        lambda f: (f / "cnn_small.ipynb").rename(f / "mine.ipynb"),
        "there is mine.ipynb. Rename yours to cnn_small.ipynb",
    ),
    "empty": (lambda f: (f / "cnn_small.ipynb").write_text(""), "cnn_small.ipynb is empty"),
    "corrupt": (lambda f: (f / "cnn_small.ipynb").write_text('{"cells": ['), "is not a notebook"),
}


@pytest.mark.parametrize(("harm", "message"), BAD_NOTEBOOKS.values(), ids=BAD_NOTEBOOKS)
def test_without_a_notebook_there_is_no_zip_and_the_old_one_stays(folder, capsys, harm, message):
    """One sentence, exit code 1, no traceback, nothing written."""
    old = folder / "cnn_small_ada.zip"
    old.write_bytes(b"old")
    harm(folder)
    assert main([str(folder), "--name", "ada"]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 1
    assert old.read_bytes() == b"old"
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("name", ["lib/layers.py", "lib/optim.py", "model.npz"])
def test_file_that_can_not_be_read_is_named(folder, capsys, monkeypatch, name):
    """One sentence about this file and not about the zip, exit code 1, and the old zip stays."""
    old = folder / "cnn_small_ada.zip"
    old.write_bytes(b"old")
    read = Path.read_bytes

    def refuse(path):
        if path == folder / name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert main([str(folder), "--name", "ada"]) == 1
    told = capsys.readouterr().err
    assert f"{name} can not be read (Permission denied)" in told
    assert len(told.splitlines()) == 1
    assert old.read_bytes() == b"old"
    assert not list(folder.glob(".*"))


def test_folder_that_can_not_be_looked_into_is_named(folder, capsys, monkeypatch):
    """Whatever else the system refuses is one sentence too."""
    refused = PermissionError(errno.EACCES, "Permission denied", "lib")
    monkeypatch.setattr("lib.handin.present_files", lambda *given: (_ for _ in ()).throw(refused))
    assert main([str(folder)]) == 1
    assert capsys.readouterr().err.startswith("lib: Permission denied; check")


@pytest.mark.parametrize("module", ["lib.handin", "lib.report"])
def test_package_that_is_not_installed_is_named(folder, module):
    """The commands start without what requirements.txt lists, and say what to run."""
    code = (
        "import runpy, sys; sys.modules['nbformat'] = None; "
        f"sys.argv[1:] = [{str(folder)!r}]; runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    (folder / "assignment.toml").write_text(TOML + REPORT)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "nbformat is missing; run: pip install -r requirements.txt\n"


def test_replaced_zip_is_named(folder, capsys):
    """Nothing is overwritten without a word."""
    (folder / "cnn_small_ada.zip").write_bytes(b"old")
    assert main([str(folder), "--name", "ada"]) == 0
    assert "Replaced: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Ada Lovelace", "Ada-Lovelace"),
        ("../../x", "x"),
        ("José", "Jose"),
        ("滤", "student"),
        ("a/b\\c", "a-b-c"),
    ],
)
def test_any_name_makes_a_file_name(name, safe):
    """Names of people are not names of files."""
    assert safe_name(name) == safe
