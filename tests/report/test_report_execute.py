"""The run behind report and grading: environment, time, output that never ends, what ends a run early."""

from __future__ import annotations

import json
import os

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lib.report import execute_notebook

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
