"""Hostile cells: each is executed as a submission is, and gets nothing."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_code import EXHAUSTION, FILES, NETWORK, PROCESSES
from nbformat.v4 import new_code_cell, new_notebook

from gradlab.execution import Execution, execute
from gradlab.limits import Limits

pytestmark = pytest.mark.needs_sandbox

LIMITS = Limits(
    memory_mb=1000, processes=100, file_mb=50, disk_mb=200, output_mb=5, cell_seconds=8, total_seconds=60
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Listen on this machine, as a grader's Jupyter does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with everything that a student would like to see."""
    root = tmp_path_factory.mktemp("course")
    for name in (
        "gradebook.db",
        "nbgrader_config.py",
        "exercises/tiny.py",
        "source/tiny/tiny.ipynb",
        "lib/layers.py",
        "submitted/victim/tiny/lib/layers.py",
        "release/tiny/tiny.ipynb",
        ".gradlab/secret",
        ".gradlab/bundles/tiny/y",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("what only the grader may see")
        path.chmod(0o666)  # the walls must hold, not the modes of files
    for folder in (root, *root.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o777)
    return root


def run(sources: dict[str, str], tmp_path: Path, limits: Limits = LIMITS) -> Execution:
    """Execute a notebook of these cells, by name, in a folder of its own."""
    folder = tmp_path / "submission"
    folder.mkdir()
    cells = [
        new_code_cell(source, id=name.replace(" ", "-").replace("'", "")) for name, source in sources.items()
    ]
    notebook = new_notebook(cells=[*cells, new_code_cell("print('after')", id="after")])
    return execute(notebook, folder, data=tmp_path / "data", values=tmp_path / "values", limits=limits)


def said(found: Execution, name: str) -> str:
    """Return what a cell printed or raised."""
    outputs, _ = found.cells[name.replace(" ", "-").replace("'", "")]
    return " ".join(
        output.get("text", "") or f"{output.get('ename')}: {output.get('evalue')}" for output in outputs
    )


@pytest.mark.parametrize("kind", ["files", "network", "processes"])
def test_nothing_outside_is_reached(
    kind: str, course: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, networks, processes: every cell runs, none gets what it wants, and the course is as it was."""
    monkeypatch.setenv("SECRET_OF_THE_GRADER", "told to nobody")
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    cells = {"files": FILES, "network": NETWORK, "processes": PROCESSES}[kind]
    filled = {
        name: code.replace("/proc/1/root/COURSE", f"/proc/1/root{course}")
        .replace("COURSE", str(course))
        .replace("PYTHON", sys.prefix)
        .replace("PORT", str(port))
        for name, code in cells.items()
    }
    found = run(filled, tmp_path, Limits(processes=100, cell_seconds=20, total_seconds=120))
    assert [name for name in cells if not said(found, name)] == [], "each cell says what it got"
    reached = {name: said(found, name) for name in cells if "REACHED" in said(found, name)}
    assert reached == {}
    assert said(found, "after") == "after\n"
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before


def test_the_cells_reach_what_they_want_without_walls(course: Path, tmp_path: Path) -> None:
    """The attacks are real: outside of a sandbox they succeed."""
    code = FILES["reads the gradebook"].replace("COURSE", str(course))
    seen: list[str] = []
    exec(code, {"print": lambda *words: seen.append(" ".join(map(str, words)))})
    assert seen[0].startswith("REACHED")


@pytest.mark.parametrize("name", EXHAUSTION)
def test_who_takes_too_much_is_told_so(name: str, tmp_path: Path) -> None:
    """Memory, disk, output, time: the grader goes on, and the student reads what it was."""
    code, wanted = EXHAUSTION[name]
    found = run({name: code}, tmp_path)
    told = " ".join([*found.notes, said(found, name)])
    assert any(word in told for word in wanted), told[:500]
    assert "REACHED" not in told
    assert found.seconds < 60
    assert threading.active_count() < 40
