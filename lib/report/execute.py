"""Run a notebook once, top to bottom, in a fresh kernel, with papermill. Errors in cells do not stop it."""

from __future__ import annotations

import copy
import logging
import subprocess
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.iorw import load_notebook_node

from lib.report import notebook as nb

CELL_SECONDS = 1800.0
MAX_OUTPUT = 20 << 20  # bytes of one cell; a loop that prints must not fill the memory of whoever runs it
MAX_TOTAL = 10 * MAX_OUTPUT  # of all cells
MESSAGE_BYTES = 1000  # what an output takes in memory besides its content
GRACE = 4  # seconds that a cell gets to stop after it was interrupted


@dataclass(frozen=True)
class Problem:
    """What went wrong with a run as a whole; ``str`` gives the sentence.

    Attributes
    ----------
    kind : str
        "stopped": a cell took too long and was interrupted. "stuck": it could not be interrupted.
        "time is up": ``timeout`` left no time for a cell. "died": the kernel did.
        "too much output": of all cells together; what came later is left out.
        "no kernel": there is none of that name. "ended": anything else. All but "stopped" and
        "too much output" end the run.
    text : str
    error : Exception or None
        What was raised, for the kinds "no kernel" and "ended".
    """

    kind: str
    text: str
    error: Exception | None = None

    def __str__(self) -> str:
        return self.text


class _TimeIsUp(Exception):
    """No time is left for a cell."""


class _Stuck(Exception):
    """A cell goes on although it was interrupted."""


@dataclass
class _Record:
    """What the client notes while the cells run, by their places in the notebook."""

    said: dict[int, int] = field(default_factory=dict)  # bytes of output
    idle: set[int] = field(default_factory=set)  # cells that have come to their end
    stopped: dict[int, float] = field(default_factory=dict)  # seconds of those that took too long
    total: int = 0  # bytes of output of all cells


class _Client(PapermillNotebookClient):
    """papermill's client with a limit for each cell's time, and one for what it prints while it runs."""

    def __init__(
        self, nb_man: Any, seconds: Callable[[Any], float], record: _Record, max_total: int, **settings: Any
    ):
        super().__init__(nb_man, timeout_func=lambda _cell: self._seconds, **settings)
        self._seconds_of, self._seconds, self._record, self._max_total = seconds, 0.0, record, max_total

    def execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        if nb.kind(cell) != "code" or not nb.source(cell).strip():
            return super().execute_cell(cell, cell_index, **options)
        begin, self._seconds = time.monotonic(), self._seconds_of(cell)
        if self._seconds <= 0:  # nbclient would take it for no limit at all
            raise _TimeIsUp
        done = super().execute_cell(cell, cell_index, **options)
        if time.monotonic() - begin >= self._seconds:
            self._record.stopped[cell_index] = self._seconds
            if cell_index not in self._record.idle:
                raise _Stuck  # every later cell would wait for it
        return done

    def process_message(self, msg: dict, cell: Any, cell_index: int) -> Any:
        said, content = self._record.said, msg["content"]
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error"):
            weight = MESSAGE_BYTES + _weight(content)
            said[cell_index] = said.get(cell_index, 0) + weight
            self._record.total += weight
            if said[cell_index] > MAX_OUTPUT or self._record.total > self._max_total:
                return None
        elif msg["msg_type"] == "status" and content["execution_state"] == "idle":
            self._record.idle.add(cell_index)
        return super().process_message(msg, cell, cell_index)


class _Engine(NBClientEngine):
    """papermill's engine that passes an environment on to the kernel."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> Any:
        settings.pop("log_output", None)
        cwd, env = settings.pop("cwd"), settings.pop("env")
        given = {} if env is None else {"env": dict(env)}
        return _Client(nb_man, kernel_name=kernel_name, **settings).execute(
            cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **given
        )


def execute_notebook(
    notebook: Any,
    cwd: str | Path,
    *,
    timeout: float | Callable[[Any], float] = CELL_SECONDS,
    env: Mapping[str, str] | None = None,
    kernel_name: str = "python3",
    progress: bool = False,
    kernel_manager: type | None = None,
    max_total: int = MAX_TOTAL,
) -> tuple[Any, list[Problem]]:
    """Execute a notebook and return it with its new outputs.

    Parameters
    ----------
    notebook : NotebookNode
        Is not changed. What its metadata say about a kernel is ignored.
    cwd : path
        Folder that the kernel runs in.
    timeout : float, or function(cell) -> float
        Seconds for one cell; it is interrupted then, and the next cell runs. A function is asked right before
        each cell; when it gives 0 or less, that cell and those after it do not run.
    env : mapping or None
        The kernel's whole environment. Default: that of this process.
    kernel_name : str
    progress : bool
        Show a bar on stderr.
    kernel_manager : subclass of jupyter_client's AsyncKernelManager, optional
        Starts the kernel.
    max_total : int
        Bytes of output of all cells together that are kept.

    Returns
    -------
    executed : NotebookNode
        The given notebook with new outputs and execution counts, and nothing else: no metadata of
        papermill and no time stamps. Cells that were not reached have none.
    problems : list of Problem
        The kernel died, a cell took too long. Errors in cells are in their outputs.
    """
    executed = copy.deepcopy(notebook)
    for cell in nb.cells(executed):
        if nb.kind(cell) == "code":
            cell["outputs"], cell["execution_count"] = [], None
    bare = copy.deepcopy(executed)
    bare["metadata"] = {}
    for cell in nb.cells(bare):
        cell["metadata"] = {}  # a tag would keep a cell from being run
    running = load_notebook_node(bare)
    log = logging.getLogger("papermill")
    log.setLevel(logging.CRITICAL)
    record = _Record()
    seconds = timeout if callable(timeout) else lambda _cell: timeout
    problems: list[Problem] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notebooks without cell ids, event loops of other libraries
            _Engine.execute_notebook(
                running,
                kernel_name,
                progress_bar=progress,
                autosave_cell_every=0,
                seconds=seconds,
                record=record,
                max_total=max_total,
                **({} if kernel_manager is None else {"kernel_manager_class": kernel_manager}),
                log=log,
                startup_timeout=60,
                interrupt_on_timeout=True,
                # without it nbclient waits forever for the answer of a cell that ignores interrupts
                error_on_timeout={"ename": "CellTimeoutError", "evalue": "", "traceback": []},
                raise_on_iopub_timeout=False,
                iopub_timeout=GRACE,
                allow_errors=True,
                store_widget_state=False,
                coalesce_streams=False,  # takes a time that grows with the square of what a line holds
                shutdown_kernel="immediate",
                cwd=str(cwd),
                env=env,
            )
    except Exception as error:  # whatever a kernel does to its client: what was reached still counts
        problems.append(_problem(error, _last(running), kernel_name))
    for old, new in zip(executed.cells, running.cells, strict=True):
        if nb.kind(old) == "code":
            old["outputs"], old["execution_count"] = (
                join_streams(new.get("outputs", [])),
                new.get("execution_count"),
            )
    interrupted = sorted(record.stopped.items())
    if problems and problems[0].kind == "stuck":
        interrupted.pop()  # told already
    problems[:0] = [
        Problem("stopped", f"cell {n + 1}: stopped after {limit:.0f} seconds; later cells were run.")
        for n, limit in interrupted
    ]
    if record.total > max_total:
        text = f"the cells printed more than {max_total / 1e6:.0f} MB; what came after that is left out."
        problems.append(Problem("too much output", text))
    return executed, problems


def join_streams(outputs: list[Any]) -> list[Any]:
    """Join what a cell printed piece by piece, and let carriage returns and backspaces overwrite, as a terminal would.

    Parameters
    ----------
    outputs : list of output
        In order. Pieces of one stream belong together as long as nothing is displayed between them.

    Returns
    -------
    list of output
    """
    joined: list[Any] = []
    pieces: dict[str, list[str]] = {}
    for output in outputs:
        if output.get("output_type") != "stream":
            joined.append(output)
            pieces = {}
        elif output["name"] in pieces:
            pieces[output["name"]].append(output["text"])
        else:
            pieces[output["name"]] = output["text"] = [output["text"]]
            joined.append(output)
    for output in joined:
        if output.get("output_type") == "stream":
            text = "".join(output["text"])
            output["text"] = "\n".join(map(_overwrite, text.split("\n"))) if _OVERWRITES & set(text) else text
    return joined


_OVERWRITES = frozenset("\r\b")


def _overwrite(line: str) -> str:
    """Return what a terminal shows of a line; carriage returns at its end stay."""
    if _OVERWRITES.isdisjoint(line):
        return line
    shown = line.rstrip("\r")
    kept: list[str] = []
    for letter in shown[shown.rfind("\r") + 1 :]:
        if letter != "\b":
            kept.append(letter)
        elif kept:
            kept.pop()
    return "".join(kept) + line[len(shown) :]


def _problem(error: Exception, last: str, kernel_name: str) -> Problem:
    """Say what ended a run."""
    if isinstance(error, DeadKernelError):
        text = f"{last}: the kernel died (no memory, or the code ended it); later cells did not run."
        return Problem("died", text)
    if isinstance(error, _Stuck):
        return Problem("stuck", f"{last}: took too long and could not be stopped; later cells did not run.")
    if isinstance(error, _TimeIsUp):
        return Problem("time is up", f"{last}: no time was left; it and later cells did not run.")
    if isinstance(error, NoSuchKernel):
        text = f"the kernel {kernel_name!r} is not installed, so nothing ran; run: pip install ipykernel."
        return Problem("no kernel", text, error)
    first = (str(error).splitlines() or [""])[0][:200]
    return Problem("ended", f"{last}: the run ended early ({type(error).__name__}: {first}).", error)


def _last(notebook: Any) -> str:
    """Name the cell that ran last."""
    reached = [
        n for n, cell in enumerate(notebook.cells, 1) if cell.metadata.get("papermill", {}).get("start_time")
    ]
    return f"cell {reached[-1]}" if reached else "before the first cell"


def _weight(content: Any) -> int:
    """Estimate the size of a message."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict):
        return sum(_weight(value) for value in content.values())
    return sum(_weight(value) for value in content) if isinstance(content, list) else 8
