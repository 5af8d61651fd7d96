"""Running strangers' programs and notebooks: limits, environment, what is left of a bad run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gradlab import sandbox
from gradlab.bubblewrap import Room
from gradlab.errors import GradlabError
from gradlab.execution import Execution, clip, execute
from gradlab.limits import Limits
from lib.report.curves import CURVES
from lib.report.execute import Problem


def python(code: str, tmp_path: Path, timeout: float = 20, **options: object) -> sandbox.Completed:
    """Run some Python in the sandbox."""
    options.setdefault("room", Room((tmp_path,)))
    return sandbox.run([sys.executable, "-c", code], cwd=tmp_path, timeout=timeout, **options)  # type: ignore[arg-type]


def test_output_and_exit_code_come_back(tmp_path: Path) -> None:
    """What is printed and how it ended are returned."""
    done = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (done.returncode, done.stdout, done.stderr, done.timed_out) == (3, "out\n", "err\n", False)


def test_environment_is_scrubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets and import paths of the grader do not reach the program; what it is given does."""
    monkeypatch.setenv("GRADLAB_SECRET", "s" * 20)
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    done = python("import os; print(sorted(os.environ))", tmp_path, env={"GIVEN": "1"})
    assert "GIVEN" in done.stdout
    assert "GRADLAB_SECRET" not in done.stdout
    assert "PYTHONPATH" not in done.stdout


def test_long_output_is_clipped_without_blocking(tmp_path: Path) -> None:
    """A program that prints without end is read to its end, and only head and tail are kept."""
    done = python("print('a' * 5_000_000 + 'z')", tmp_path, max_output=1000)
    assert len(done.stdout) < 1200
    assert done.stdout.startswith("a")
    assert done.stdout.endswith("z\n")
    assert "bytes left out" in done.stdout


def test_time_limit_kills_all_that_was_started(tmp_path: Path) -> None:
    """When time is over the program and its children are gone."""
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', 'child-of-a-slow-one'])\n"
        "print('started', flush=True)\n"
        "time.sleep(60)"
    )
    done = python(code, tmp_path, timeout=2)
    assert done.timed_out
    assert done.stdout == "started\n"
    assert _gone("child-of-a-slow-one")


def test_what_stays_behind_is_killed(tmp_path: Path) -> None:
    """A background process does not outlive the program that started it."""
    code = (
        "import subprocess, sys\n"
        "argv = [sys.executable, '-c', 'import time; time.sleep(60)', 'child-of-a-quick-one']\n"
        "print(subprocess.Popen(argv, start_new_session=True).poll(), flush=True)"
    )
    done = python(code, tmp_path)
    assert not done.timed_out
    assert done.stdout == "None\n"
    assert _gone("child-of-a-quick-one")


def _gone(word: str) -> bool:
    """Wait a moment until no process has a word on its command line; a zombie counts as ended."""
    for _ in range(50):
        found = [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if (process.info["cmdline"] or [""])[-1] == word
            and process.info["status"] != psutil.STATUS_ZOMBIE
        ]
        if not found:
            return True
        time.sleep(0.1)
    return False


def test_notebook_runs_in_a_copy_with_limits(tmp_path: Path) -> None:
    """An error, a long cell and a look at the environment: all cells run, and the folder stays as it was."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.txt").write_text("before")
    (folder / "file.txt").chmod(0o444)
    sources = [
        "open('file.txt', 'w').write('after')",
        "1 / 0",
        "import time; time.sleep(60)",
        "from os import environ as e; print(e['NBGRADER_EXECUTION'], e['GRADLAB_DATA'], 'PYTHONPATH' in e)",
    ]
    cells = [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    notebook = new_notebook(cells=cells)
    found = execute(
        notebook, folder, data=tmp_path / "data", values=tmp_path / "values", limits=Limits(cell_seconds=2)
    )
    assert (folder / "file.txt").read_text() == "before"
    assert found.cells["c1"][0][0].ename == "ZeroDivisionError"
    assert found.cells["c3"][0][0].text == f"autograde {tmp_path / 'data'} False\n"
    assert found.notes == ["1 cell ran longer than allowed and stopped."]
    assert notebook.cells[0].outputs == []
    found.apply(notebook)
    assert notebook.cells[3].execution_count == 4


def run(sources: list[str], tmp_path: Path, **limits: float) -> Execution:
    """Execute a notebook of these cells; their ids are c0, c1 and so on."""
    (tmp_path / "folder").mkdir()
    notebook = new_notebook(cells=[new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)])
    return execute(
        notebook, tmp_path / "folder", data=tmp_path, values=tmp_path / "values", limits=Limits(**limits)
    )


def test_no_cell_runs_when_the_time_of_all_is_over(tmp_path: Path) -> None:
    """Time for the whole notebook is time for the whole notebook."""
    found = run(["import time; time.sleep(60)", "print('late')", "2"], tmp_path, total_seconds=6)
    assert found.cells["c1"] == ([], None)
    assert found.cells["c2"] == ([], None)
    assert found.notes == [
        "The notebook took longer than 6 s in all; cells after that did not run.",
        "1 cell ran longer than allowed and stopped.",
    ]


def test_printing_without_end_does_not_fill_the_grader_s_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output beyond the limit is dropped while the cell runs, not when it has ended."""
    seen = []
    monkeypatch.setattr("gradlab.execution.clip", lambda output: seen.append(len(output.text)) or output)
    monkeypatch.setattr("lib.report.execute.MAX_OUTPUT", 50_000)
    found = run(["for _ in range(400): print('x' * 9_999, flush=True)", "print('next')"], tmp_path)
    assert max(seen) <= 50_000
    assert found.cells["c1"][0][0].text == "next\n"


def test_machine_without_kernel_is_at_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses points because a kernel is not installed."""
    monkeypatch.setattr("gradlab.execution.KERNEL", "not-there")
    with pytest.raises(GradlabError, match="'not-there' is not installed, so no notebook can be graded"):
        run(["1"], tmp_path)


def test_full_disk_is_at_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on a file of the grader's is the machine's, one without a file is a note."""
    full = Problem("ended", "", OSError(28, "No space left on device", "kernel.json"))
    monkeypatch.setattr("gradlab.execution.execute_notebook", lambda notebook, *_, **__: (notebook, [full]))
    with pytest.raises(OSError, match="No space left"):
        run(["1"], tmp_path)
    odd = Problem("ended", "", ValueError("odd"))
    monkeypatch.setattr("gradlab.execution.execute_notebook", lambda notebook, *_, **__: (notebook, [odd]))
    assert run(["1"], tmp_path / "folder").notes == [
        "The notebook could not be run to its end (ValueError: odd)."
    ]


def test_outputs_are_clipped() -> None:
    """Texts and pictures that no browser opens are cut or left out."""
    from nbformat.v4 import new_output

    stream = clip(new_output("stream", name="stdout", text="a" * 10**6))
    assert len(stream.text) < 110_000
    picture = clip(new_output("display_data", data={"image/png": "A" * 10**7}))
    assert picture.data == {"text/plain": "(picture too large, left out)"}
    # the numbers of a picture are as large as a picture; other data are not shown at that size
    numbers = clip(
        new_output(
            "display_data", data={CURVES: {"loss_hist": "1.5 " * 50_000}, "application/json": "1" * 200_000}
        )
    )
    assert list(numbers.data) == [CURVES, "text/plain"]
