"""Execute a submission once, in a throw-away copy of its folder.

Whatever the student's code does (raise, hang, kill the kernel, print without end) becomes an output or a
note; this module raises for faults of our own only, and when there is no sandbox.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradlab import sandbox
from gradlab.bubblewrap import Room
from gradlab.errors import GradlabError
from gradlab.limits import DEFAULT, MB, Limits
from lib.report.curves import CURVES
from lib.report.execute import Problem, execute_notebook

#: The kernel that submissions run on, whatever kernel they name.
KERNEL = "python3"
#: Characters of text kept of one cell, and bytes of one picture.
MAX_TEXT, MAX_DATA = 100_000, 5_000_000

SIDES = ("width", "height")

_ENDS = {
    "died": "The kernel died while the notebook ran; the cells after that did not run.",
    "stuck": "A cell ran longer than it may and could not be interrupted; the cells after it did not run.",
    "too much output": "The notebook printed more than {limits.output_mb:g} MB; what came after that is left out.",
    "time is up": "The notebook took longer than {limits.total_seconds:g} s in all; cells after that did not run.",
}


@dataclass
class Execution:
    """What one run of a notebook gave.

    Attributes
    ----------
    cells : dict of str to (outputs, execution count)
        By cell id. Cells that were not reached have no outputs.
    notes : list of str
        What went wrong with the run as a whole, for student and grader.
    seconds : float
    parts : dict of str to float
        Of these seconds: "start" until the first cell runs, "imports" that cell, "cells" all others, "end".
    """

    cells: dict[str, tuple[list[Any], int | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)

    def apply(self, notebook: Any) -> None:
        """Put the outputs into the cells of a notebook; those that were not reached get none."""
        for cell in notebook.cells:
            if cell.cell_type == "code":
                outputs, count = self.cells.get(cell.get("id", ""), ([], None))
                cell.outputs, cell.execution_count = outputs, count


def execute(
    notebook: Any,
    folder: Path,
    *,
    data: Path,
    values: Path,
    limits: Limits = DEFAULT,
    dataset: str = "",
    training: bool = False,
) -> Execution:
    """Execute a notebook in a copy of its folder.

    Parameters
    ----------
    notebook : NotebookNode
        Is not changed. Every cell needs an id of its own.
    folder : Path
        The files that the notebook expects around it.
    data : Path
        The data folder that the notebook finds.
    values : Path
        Where ``check`` writes the arrays of answers that live in the notebook.
    limits : Limits
        A cell is interrupted when its seconds are over, and the next one runs; when those of all are over, no cell
        runs any more.
    dataset : "real", "sample" or ""
        Which kind of data the notebook takes; empty: as the environment of this process says.
    training : bool
        Whether cells may train, as on a student's machine. Whoever grades loads what was trained.

    Returns
    -------
    Execution

    Raises
    ------
    GradlabError
        If there is no sandbox, or no kernel can be started at all: then this machine is at fault, not the
        submission.
    MachineFull
        If it was stopped because this machine had no memory or disk left.
    """
    sandbox.require()
    # they start slowly, and only who executes needs them
    from gradlab import kernel_provisioner

    begin = time.monotonic()
    found = Execution()

    asked: list[float] = []  # when each cell began

    def seconds(_cell: Any) -> float:
        asked.append(time.monotonic())
        return min(limits.cell_seconds, limits.total_seconds - (time.monotonic() - begin))

    with tempfile.TemporaryDirectory(prefix="gradlab-run-", ignore_cleanup_errors=True) as parent:
        work = Path(parent) / "work"
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
        for path in (work, *work.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)  # what nbgrader left may be read-only
        env = sandbox.environment({"GRADLAB_DATA": str(data), "GRADLAB_VALUES": str(values)})
        if not training:
            env["NBGRADER_EXECUTION"] = "autograde"
        if dataset:
            env["GRADLAB_DATASET"] = dataset
        values.mkdir(parents=True, exist_ok=True)
        room = Room((work, values), (data,), limits)
        manager = kernel_provisioner.manager(room)
        executed, problems = execute_notebook(
            notebook,
            work,
            timeout=seconds,
            env=env,
            kernel_name=KERNEL,
            kernel_manager=manager,
            max_total=int(limits.output_mb * MB),
        )
        ended = time.monotonic()
        sandbox.tidy(room)
    manager.raise_fault()
    for cell in executed.cells:
        if cell.cell_type == "code" and cell.get("id"):
            found.cells[cell.id] = ([clip(output) for output in cell.outputs], cell.execution_count)
    if manager.stopped():
        problems = [problem for problem in problems if problem.kind not in ("died", "ended")]
        found.notes.append(
            f"The notebook was stopped: it {manager.stopped()}. The cells after that did not run."
        )
    found.notes += _notes(problems, limits)
    found.seconds = time.monotonic() - begin
    marks = [begin, *asked[:2], ended]
    names = ("start", "imports", "cells") if len(asked) > 1 else ("start", "cells") if asked else ("start",)
    found.parts = {name: b - a for name, a, b in zip(names, marks[:-1], marks[1:], strict=True)}
    return found


def _notes(problems: list[Problem], limits: Limits) -> list[str]:
    """Say what went wrong without the cells' numbers, which the graded notebook does not have any more.

    Raises
    ------
    GradlabError, OSError
        If this machine is at fault.
    """
    notes = []
    for problem in problems:
        if problem.kind == "no kernel":
            msg = f"the kernel {KERNEL!r} is not installed, so no notebook can be graded; install ipykernel."
            raise GradlabError(msg) from problem.error
        if isinstance(problem.error, MemoryError) or (
            isinstance(problem.error, OSError) and problem.error.filename  # the disk, or a file of ours
        ):
            raise problem.error
        if problem.kind == "ended":
            name, said = type(problem.error).__name__, str(problem.error)[:200]
            notes.append(f"The notebook could not be run to its end ({name}: {said}).")
        elif problem.kind in _ENDS:
            notes.append(_ENDS[problem.kind].format(limits=limits))
    stopped = sum(problem.kind == "stopped" for problem in problems)
    if stopped:
        notes.append(f"{stopped} cell{'s' * (stopped > 1)} ran longer than allowed and stopped.")
    return notes


def clip(output: Any) -> Any:
    """Shorten a long text and drop a huge picture: a graded notebook must open in a browser."""
    if output.output_type == "stream" and len(output.text) > MAX_TEXT:
        half = MAX_TEXT // 2
        left_out = f"\n... {len(output.text) - MAX_TEXT} characters left out ...\n"
        output.text = output.text[:half] + left_out + output.text[-half:]
    elif output.output_type == "error":
        output.evalue = str(output.get("evalue", ""))[:2000]
        output.traceback = [str(line)[:5000] for line in output.get("traceback", [])[-60:]]
    elif "data" in output:
        # pages take the size of a picture for a piece of HTML
        output.metadata = {
            kind: {
                side: size for side, size in about.items() if side in SIDES and isinstance(size, (int, float))
            }
            for kind, about in output.get("metadata", {}).items()
            if isinstance(about, dict)
        }
        for kind, content in list(output.data.items()):
            large = kind.startswith("image/") or kind == CURVES  # the numbers of a picture belong to it
            if len(str(content)) > (MAX_DATA if large else MAX_TEXT):
                output.data[kind] = "(too large, left out)" if kind.startswith("text/") else None
                if output.data[kind] is None:
                    del output.data[kind]
                    output.data.setdefault("text/plain", "(picture too large, left out)")
    return output
