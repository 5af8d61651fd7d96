"""The run behind report and grading: environment, time, output that never ends, what ends a run early."""

from __future__ import annotations

import json
import os
import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lib.report import execute_notebook
from lib.report.execute import join_streams

MANY = "from IPython.display import display\nfor _ in range(400): display(1)"


def test_given_environment_is_the_whole_one(tmp_path, monkeypatch):
    """Nothing of this process reaches the kernel but what it is given."""
    monkeypatch.setenv("NOT_GIVEN", "secret")
    nb = new_notebook(
        cells=[new_code_cell("import os; print('NOT_GIVEN' in os.environ, os.environ['GIVEN'])")]
    )
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"GIVEN": "1"}
    done, problems = execute_notebook(nb, tmp_path, env=env)
    assert (done.cells[0].outputs[0].text, problems) == ("False 1\n", [])


def test_each_cell_may_have_its_own_time(tmp_path):
    """A function says how long a cell may take; none and less ends the run, and words need no time."""
    nb = new_notebook(
        cells=[new_code_cell("1"), new_markdown_cell("x"), new_code_cell("2"), new_code_cell("3")]
    )
    done, problems = execute_notebook(nb, tmp_path, timeout=lambda cell: 0 if cell.source == "2" else 30.5)
    assert [cell.get("execution_count") for cell in done.cells] == [1, None, None, None]
    assert [str(problem) for problem in problems] == [
        "cell 3: no time was left; it and later cells did not run."
    ]


def test_cell_that_cannot_be_stopped_ends_the_run(tmp_path):
    """A cell that catches its interruption does not keep all others waiting."""
    stubborn = (
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        pass"
    )
    nb = new_notebook(cells=[new_code_cell(stubborn), new_code_cell("2")])
    done, problems = execute_notebook(nb, tmp_path, timeout=1)
    assert [problem.kind for problem in problems] == ["stuck"]
    assert done.cells[1].outputs == []


@pytest.mark.parametrize(
    "code", ["for _ in range(400): print('x' * 9_999, flush=True)", MANY], ids=["long", "many"]
)
def test_output_is_cut_while_a_cell_prints(tmp_path, monkeypatch, code):
    """Not only afterwards: neither much text nor very many outputs fill the memory."""
    monkeypatch.setattr("lib.report.execute.MAX_OUTPUT", 100_000)
    done, problems = execute_notebook(new_notebook(cells=[new_code_cell(code)]), tmp_path)
    assert problems == []
    assert 0 < len(json.dumps(done.cells[0].outputs)) < 200_000
    assert len(done.cells[0].outputs) < 110


def test_missing_kernel_is_told(tmp_path):
    """A machine without the kernel runs nothing and says what to install."""
    nb = new_notebook(cells=[new_code_cell("1")])
    _, problems = execute_notebook(nb, tmp_path, kernel_name="not-there")
    assert [problem.kind for problem in problems] == ["no kernel"]
    assert "pip install ipykernel" in str(problems[0])


def test_tags_keep_no_cell_from_being_run(tmp_path):
    """What a cell's metadata ask for is nobody's wish: two notebooks of the same code run alike."""
    nb = new_notebook(cells=[new_code_cell("print('run')", metadata={"tags": ["skip-execution"]}, id="one")])
    executed, problems = execute_notebook(nb, tmp_path)
    assert problems == []
    assert executed.cells[0].outputs[0]["text"] == "run\n"
    assert executed.cells[0].metadata == {"tags": ["skip-execution"]}


def test_what_was_printed_is_joined_as_a_terminal_shows_it():
    """Pieces of a stream are one text, returns and backspaces overwrite, and a display lies between."""
    pieces = [
        new_output("stream", name="stdout", text="10 %\r50 %\r"),
        new_output("stream", name="stderr", text="warned\n"),
        new_output("stream", name="stdout", text="100 %\nab\b\bcd\b\n\b\bx\r"),
        new_output("display_data", data={"text/plain": "figure"}),
        new_output("stream", name="stdout", text="later"),
    ]
    joined = join_streams(pieces)
    assert [one["output_type"] for one in joined] == ["stream", "stream", "display_data", "stream"]
    assert [one.get("text") for one in joined] == ["100 %\nc\nx\r", "warned\n", None, "later"]


def test_a_long_line_takes_no_longer_than_it_is():
    """A list of forty thousand numbers on one line is nothing unusual."""
    text = str(list(range(200_000)))
    begin = time.process_time()
    joined = join_streams(
        [
            new_output("stream", name="stdout", text=text[:-5]),
            new_output("stream", name="stdout", text=text[-5:]),
        ]
    )
    assert joined[0]["text"] == text
    joined = join_streams([new_output("stream", name="stdout", text=f"{text}\b\r{text}")])
    assert joined[0]["text"] == text
    assert time.process_time() - begin < 20  # it took minutes when the time grew with the square
