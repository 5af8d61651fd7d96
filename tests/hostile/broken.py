"""Submissions that are broken, by accident or on purpose: repaired where the intent is plain, else named with the reason.

All of them hold right answers.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from attack import Attack, Change, Points, answer, cell_of, right_but
from nbformat.v4 import new_code_cell, new_markdown_cell

After = Callable[[Path], Any]
ALL: Points = (4, 2)
NOTEBOOK = "tiny.ipynb"


def raw(write: Callable[[str], str | bytes]) -> After:
    """Return a damage: the notebook's file is made anew out of its JSON."""

    def damage(folder: Path) -> None:
        path = folder / NOTEBOOK
        made = write(path.read_text())
        path.write_bytes(made if isinstance(made, bytes) else made.encode())

    return damage


def as_json(edit: Callable[[Any], Any]) -> After:
    """Return a damage: the JSON of the notebook is edited."""

    def write(text: str) -> str:
        value = json.loads(text)
        edit(value)
        return json.dumps(value)

    return raw(write)


def _format(minor: int) -> After:
    def edit(nb: Any) -> None:
        nb["nbformat_minor"] = minor
        for cell in nb["cells"]:
            cell.pop("id", None)

    return as_json(edit)


def _format3(text: str) -> str:
    return nbformat.writes(nbformat.convert(nbformat.reads(text, as_version=4), 3), version=3)


def _windows(nb: Any) -> None:
    for cell in nb["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n") + "\r\n"


def _macs(nb: Any) -> None:
    for cell in nb["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r")


def _each_line(nb: Any) -> None:
    for cell in nb["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)


def _no_extras(nb: Any) -> None:
    for cell in nb["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def _odd_outputs(nb: Any) -> None:
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [7, {"output_type": "of another world"}, None]


def _nested_metadata(text: str) -> str:
    return text[:-1] + ', "metadata": ' + '{"a": ' * 300 + "1" + "}" * 300 + "}"


def _same_ids(nb: Any) -> None:
    for cell in nb["cells"]:
        cell["id"] = "same"


def _odd_ids(nb: Any) -> None:
    for number, cell in enumerate(nb["cells"]):
        cell["id"] = [7, "", "a b", "x" * 300, None, {}, "../.."][number % 7]


def _duplicated(folder: Path, nb: Any) -> None:
    nb.cells += [copy.deepcopy(cell_of(nb, "shift")), copy.deepcopy(cell_of(nb, "picture_answer"))]


def _deleted(folder: Path, nb: Any) -> None:
    nb.cells = [
        c
        for c in nb.cells
        if c.metadata.get("nbgrader", {}).get("grade_id") not in ("shift", "picture", "setup")
    ]


def _deleted_answers(folder: Path, nb: Any) -> None:
    nb.cells = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "words"]


def _unlabelled(folder: Path, nb: Any) -> None:
    for cell in nb.cells:
        cell.metadata.clear()
    nb.metadata.clear()


def _schema(number: Any) -> Change:
    def damage(folder: Path, nb: Any) -> None:
        for cell in nb.cells:
            cell.metadata.nbgrader["schema_version"] = number

    return damage


def _reversed(folder: Path, nb: Any) -> None:
    nb.cells[4:] = reversed(nb.cells[4:])


def _types(folder: Path, nb: Any) -> None:
    words, look = cell_of(nb, "words"), cell_of(nb, "picture_answer")
    words.cell_type, look.cell_type = "raw", "markdown"
    look.pop("outputs", None)
    look.pop("execution_count", None)


def _renamed(folder: Path) -> None:
    (folder / NOTEBOOK).rename(folder / "tiny (1) final.ipynb")


def _twice(folder: Path) -> None:
    (folder / NOTEBOOK).rename(folder / "a.ipynb")
    (folder / "b.ipynb").write_text((folder / "a.ipynb").read_text())


def _nested(folder: Path) -> None:
    (folder / "tiny").mkdir()
    (folder / NOTEBOOK).rename(folder / "tiny" / NOTEBOOK)


def _link(folder: Path) -> None:
    (folder / NOTEBOOK).unlink()
    (folder / NOTEBOOK).symlink_to(folder.parents[2] / "source" / "tiny" / NOTEBOOK)


def _file_link(folder: Path) -> None:
    (folder / "lib" / "layers.py").unlink()
    (folder / "lib" / "layers.py").symlink_to(folder.parents[2] / "lib" / "layers.py")


def _folder_link(folder: Path) -> None:
    shutil.rmtree(folder / "lib")
    (folder / "lib").symlink_to(folder.parents[2] / "lib")


def _dangling(folder: Path) -> None:
    (folder / "gone").symlink_to("nowhere")


def _gradebook(folder: Path) -> None:
    (folder / "lib" / "extra.py").symlink_to(folder.parents[2] / "gradebook.db")
    (folder / "mine.db").symlink_to(folder.parents[2] / "gradebook.db")


def _no_lib(folder: Path) -> None:
    shutil.rmtree(folder / "lib")


def _many_files(folder: Path) -> None:
    for number in range(5000):
        (folder / f"file-{number}").touch()


def _folder(folder: Path) -> None:
    (folder / "lib" / "layers.py").unlink()
    (folder / "lib" / "layers.py").mkdir()


def _pipe(folder: Path) -> None:
    (folder / "lib" / "layers.py").unlink()
    os.mkfifo(folder / "lib" / "layers.py")


def lib_file(change: Callable[[bytes], bytes]) -> After:
    """Return a damage: the bytes of the layer's file are changed."""

    def damage(folder: Path) -> None:
        path = folder / "lib" / "layers.py"
        path.write_bytes(change(path.read_bytes()))

    return damage


def _cells(name: str, tried: str, happens: str, edit: Change, points: Points, told: str) -> Attack:
    """Return an entry whose damage is done in the cells."""
    return Attack(name, tried, happens, right_but(edit), points, told)


def _file(
    name: str, tried: str, happens: str, damage: After, points: Points, told: str, *, slow: bool = False
) -> Attack:
    """Return an entry whose damage is done to files."""
    return Attack(name, tried, happens, answer, points, told, damage, slow)


def _latin(content: bytes) -> bytes:
    return content + "size = 'größer'\n".encode("latin-1")


def _deep_and_empty(folder: Path) -> None:
    (folder / NOTEBOOK).unlink()
    folder.joinpath(*["d"] * 700).mkdir(parents=True)


def _pipe_for_a_time(folder: Path) -> None:
    os.mkfifo(folder / "timestamp.txt")


OLD_FORMATS = tuple(
    _file(
        f"format_4_{minor}",
        f"notebook format 4.{minor}, whose cells have no ids",
        "read as 4.5",
        _format(minor),
        ALL,
        "4 of 4 points",
    )
    for minor in range(5)
)
#: What differs little from an entry of the daily run.
ALIKE = set(
    [
        "format_4_1",
        "format_4_2",
        "format_4_3",
        "format_4_9",
        "mac_cells",
        "windows_json",
        "odd_ids",
        "number",
        "zeros",
        "not_utf8",
        "no_cells",
        "cells_of_text",
        "format_text",
        "python_file",
        "latin_lib",
        "bare_cells",
        "lines_as_list",
        "schema_1",
        "schema_text",
        "mark_in_lib",
        "declared_latin",
        "many_cells",
    ]
)
ALIKE |= set(
    [
        "mac_cells",
        "windows_json",
        "half_surrogate",
        "nul_in_lib",
        "folder_for_lib",
        "deleted_answer",
        "format_4_9",
    ]
)
REPAIRED = (
    _file(
        "pipe_for_a_time",
        "a pipe named timestamp.txt, for which nbgrader would wait",
        "removed",
        _pipe_for_a_time,
        ALL,
        "4 of 4 points",
    ),
    _cells(
        "tags_skip",
        "cells that ask not to be run, by a tag",
        "run all the same",
        lambda folder, nb: [cell.metadata.update(tags=["skip-execution"]) for cell in nb.cells],
        ALL,
        "4 of 4 points",
    ),
    *OLD_FORMATS,
    _file(
        "format_4_9",
        "a notebook format that does not exist yet",
        "read as 4.5",
        as_json(lambda nb: nb.update(nbformat_minor=9)),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "format_3",
        "notebook format 3, from before 2015",
        "converted",
        raw(_format3),
        ALL,
        "in the old format 3; it was converted",
    ),
    _file(
        "windows_cells",
        "line ends of Windows in its cells",
        "changed",
        as_json(_windows),
        ALL,
        "had line ends of Windows",
    ),
    _file(
        "mac_cells",
        "line ends of old Macs in its cells",
        "changed",
        as_json(_macs),
        ALL,
        "had line ends of Windows or of old Macs",
    ),
    _file(
        "windows_json",
        "line ends of Windows in its JSON",
        "JSON allows them",
        raw(lambda t: json.dumps(json.loads(t), indent=1).replace("\n", "\r\n")),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "byte_order_mark",
        "a byte order mark before the notebook",
        "passed over",
        raw(lambda t: "\ufeff" + t),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "lines_as_list",
        "sources as lists of lines, as Jupyter saves them",
        "joined",
        as_json(_each_line),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "bare_cells",
        "cells without outputs and execution counts",
        "added",
        as_json(_no_extras),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "odd_outputs", "outputs that are no outputs", "left out", as_json(_odd_outputs), ALL, "4 of 4 points"
    ),
    _file(
        "same_ids",
        "all cells with one id",
        "each gets one of its own",
        as_json(_same_ids),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "odd_ids",
        "ids that are numbers, empty, too long",
        "each gets a new one",
        as_json(_odd_ids),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "half_surrogate",
        "half a surrogate pair in its text",
        "replaced",
        raw(lambda t: t.replace("I see ones.", "I see ones \\ud83d.")),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "nul_in_a_cell",
        "NUL bytes in the text of an answer",
        "kept as text",
        raw(lambda t: t.replace("I see ones.", "I see \\u0000 ones.")),
        ALL,
        "4 of 4 points",
    ),
    _cells(
        "duplicated",
        "copied cells, a graded one among them",
        "one of each is taken",
        _duplicated,
        ALL,
        "The cell 'shift' was there 2 times",
    ),
    _cells(
        "deleted",
        "graded and locked cells deleted",
        "put back as released",
        _deleted,
        ALL,
        "The cell 'shift' was missing",
    ),
    _cells(
        "deleted_answer",
        "an answer for people deleted",
        "put back as released",
        _deleted_answers,
        ALL,
        "The cell 'words' was missing",
    ),
    _cells(
        "unlabelled",
        "all metadata gone, saved by a program that keeps none",
        "found by id and by text",
        _unlabelled,
        ALL,
        "had lost its label",
    ),
    _cells(
        "schema_99",
        "labels of a schema that does not exist yet: nbgrader alone stops the whole class",
        "labels come from the gradebook",
        _schema(99),
        ALL,
        "The label of the cell 'shift' had been changed (schema_version)",
    ),
    _cells(
        "schema_1",
        "labels of an old schema: nbgrader alone stops the whole class",
        "labels come from the gradebook",
        _schema(1),
        ALL,
        "had been changed (schema_version)",
    ),
    _cells(
        "schema_text",
        "labels whose schema is a text",
        "labels come from the gradebook",
        _schema("three"),
        ALL,
        "had been changed (schema_version)",
    ),
    _cells(
        "changed_types",
        "answer cells turned into other types",
        "turned back",
        _types,
        ALL,
        "The cell 'words' had become a raw cell",
    ),
    _cells("reversed", "cells in another order", "judged all the same", _reversed, ALL, "4 of 4 points"),
    _file(
        "renamed",
        "a notebook of another name",
        "taken, as it is the only one",
        _renamed,
        ALL,
        "handed in as tiny (1) final.ipynb",
    ),
    _file(
        "windows_lib",
        "line ends of Windows in lib",
        "Python reads them",
        lib_file(lambda c: c.replace(b"\n", b"\r\n")),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "mark_in_lib",
        "a byte order mark in lib",
        "Python reads it",
        lib_file(lambda c: b"\xef\xbb\xbf" + c),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "declared_latin",
        "a lib file in Latin-1 that says so",
        "Python reads it",
        lib_file(lambda c: b"# -*- coding: latin-1 -*-\n" + _latin(c)),
        ALL,
        "4 of 4 points",
    ),
    _file(
        "dangling_link", "a link to nowhere among its files", "left behind", _dangling, ALL, "4 of 4 points"
    ),
)
LIB_LOST = (
    _file(
        "utf16_lib",
        "a lib file in UTF-16",
        "the student is told how to save it",
        lib_file(lambda c: c.decode().encode("utf-16")),
        (0, 2),
        "is UTF-16 text, not UTF-8",
    ),
    _file(
        "latin_lib",
        "a lib file in Latin-1",
        "the student is told how to save it",
        lib_file(_latin),
        (0, 2),
        "is not UTF-8 text (byte",
    ),
    _file(
        "nul_in_lib",
        "NUL bytes in a lib file",
        "the student is told so",
        lib_file(lambda c: c + b"\0"),
        (0, 2),
        "holds NUL bytes",
    ),
    _file(
        "link_for_lib",
        "a link to the master's lib in the place of its file",
        "links are not followed",
        _file_link,
        (0, 2),
        "lib/layers.py is a link",
    ),
    _file(
        "link_for_folder",
        "a link to the master's lib in the place of its folder",
        "links are not followed",
        _folder_link,
        (0, 2),
        "lib/layers.py is a link",
    ),
    _file(
        "no_lib",
        "no lib at all",
        "the empty one of the release is taken",
        _no_lib,
        (0, 2),
        "lib/layers.py is missing from the submission",
    ),
    _file(
        "links_the_gradebook",
        "links to the gradebook among its files",
        "not followed; right is right",
        _gradebook,
        ALL,
        "lib/extra.py is a link; it is not graded",
    ),
    _file(
        "thousands_of_files",
        "5,000 further files: nbgrader alone lists their folder once for each",
        "left behind",
        _many_files,
        ALL,
        "4 of 4 points",
    ),
    _file(
        "folder_for_lib",
        "a folder in the place of its file",
        "not taken",
        _folder,
        (0, 2),
        "lib/layers.py is not a file",
    ),
    _file(
        "pipe_for_lib",
        "a pipe in the place of its file, on which a reader would wait for ever",
        "not taken",
        _pipe,
        (0, 2),
        "lib/layers.py is not a file",
    ),
)
NOBODY: Points = (None, None)
#: Nothing that could be graded: the student needs attention, and the class goes on.
UNREADABLE = (
    _file(
        "empty",
        "a notebook of zero bytes",
        "needs attention",
        raw(lambda t: ""),
        NOBODY,
        "is empty; ask the student to hand it in again",
    ),
    _file(
        "list",
        "a notebook that is a JSON list",
        "needs attention",
        raw(lambda t: "[]"),
        NOBODY,
        "it is a JSON list",
    ),
    _file(
        "number",
        "a notebook that is a number",
        "needs attention",
        raw(lambda t: "7"),
        NOBODY,
        "it is a JSON int",
    ),
    _file(
        "half",
        "a notebook that breaks off in the middle",
        "needs attention",
        raw(lambda t: t[: len(t) // 2]),
        NOBODY,
        "not JSON",
    ),
    _file(
        "zeros",
        "a notebook of NUL bytes, as a full disk leaves it",
        "needs attention",
        raw(lambda t: b"\0" * 5000),
        NOBODY,
        "not JSON",
    ),
    _file(
        "utf16",
        "a notebook in UTF-16",
        "needs attention",
        raw(lambda t: t.encode("utf-16")),
        NOBODY,
        "is not UTF-8",
    ),
    _file(
        "not_utf8",
        "bytes in a notebook that are not UTF-8",
        "needs attention",
        raw(lambda t: t.encode().replace(b"I see", b"I \xff see")),
        NOBODY,
        "is not UTF-8",
    ),
    _file(
        "nested",
        "a notebook nested 100,000 deep",
        "needs attention",
        raw(lambda t: "[" * 100_000),
        NOBODY,
        "is not a notebook",
    ),
    _file(
        "nested_metadata",
        "metadata nested 300 deep",
        "needs attention",
        raw(_nested_metadata),
        NOBODY,
        "nested too deep",
    ),
    _file(
        "no_cells",
        "a notebook without cells",
        "needs attention",
        as_json(lambda nb: nb.pop("cells")),
        NOBODY,
        "it has no cells",
    ),
    _file(
        "cells_of_text",
        "cells that are texts",
        "needs attention",
        as_json(lambda nb: nb.update(cells=["a"])),
        NOBODY,
        "of no known type",
    ),
    _file(
        "format_text",
        "a format that is a text",
        "needs attention",
        as_json(lambda nb: nb.update(nbformat="four")),
        NOBODY,
        "says no nbformat",
    ),
    _file(
        "format_9",
        "notebook format 9",
        "needs attention",
        as_json(lambda nb: nb.update(nbformat=9)),
        NOBODY,
        "is not a notebook",
    ),
    _file(
        "sources_of_numbers",
        "sources that are lists of numbers",
        "needs attention",
        as_json(lambda nb: [c.update(source=[1, 2]) for c in nb["cells"]]),
        NOBODY,
        "is damaged",
    ),
    _file(
        "python_file",
        "a Python file with the name of a notebook",
        "needs attention",
        raw(lambda t: "print('hello')\n"),
        NOBODY,
        "not JSON",
    ),
    _file(
        "linked_notebook",
        "a link to the master notebook in the place of its own",
        "needs attention",
        _link,
        NOBODY,
        "is a link, not a notebook",
    ),
    _file(
        "two_notebooks",
        "two notebooks, none of the right name",
        "needs attention",
        _twice,
        NOBODY,
        "holds a.ipynb, b.ipynb, wanted tiny.ipynb",
    ),
    _file(
        "marks",
        "a notebook of two million empty objects",
        "needs attention",
        lambda folder: (folder / NOTEBOOK).write_text('{"cells": [' + "{}," * 2_000_001 + "{}]}"),
        NOBODY,
        "more objects and texts than a notebook can need",
    ),
    _file(
        "deep_and_empty",
        "no notebook, and folders within folders, 700 deep",
        "needs attention",
        _deep_and_empty,
        NOBODY,
        "No notebooks were matched",
    ),
    _file(
        "in_a_folder",
        "a notebook one folder too deep",
        "needs attention",
        _nested,
        NOBODY,
        "No notebooks were matched",
    ),
)


def _giant(text: str) -> str:
    nb = json.loads(text)
    nb["cells"].append(new_code_cell("1", id="giant"))
    nb["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 30_000_000}]
    return json.dumps(nb)


def _many_cells(text: str) -> str:
    nb = json.loads(text)
    nb["cells"] += [new_markdown_cell(f"{i}", id=f"c{i}") for i in range(3000)]
    return json.dumps(nb)


LARGE = (
    _file(
        "giant_output",
        "30 MB of output on one line, saved in the notebook",
        "outputs are made anew",
        raw(_giant),
        ALL,
        "4 of 4 points",
    ),
    _file("many_cells", "3,000 cells", "graded", raw(_many_cells), ALL, "4 of 4 points"),
    _file(
        "too_large",
        "a notebook of 101 MB",
        "needs attention",
        raw(lambda t: t[:-1] + " " * 101 * 1024**2 + "}"),
        NOBODY,
        "accepted are 105 MB",
        slow=True,
    ),
)
BROKEN = tuple(
    replace(attack, slow=True) if attack.name in ALIKE else attack
    for attack in (*REPAIRED, *LIB_LOST, *UNREADABLE, *LARGE)
)
