"""Run a notebook once, top to bottom, in a fresh kernel, with papermill. Errors in cells do not stop it."""

from __future__ import annotations

import copy
import logging
import os
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.iorw import load_notebook_node

from lib.report import notebook as nb

CELL_SECONDS = 1800.0
MAX_OUTPUT = 20 << 20  # bytes of one cell; a loop that prints must not fill the memory of whoever runs it


class _Client(PapermillNotebookClient):
    """papermill's client that stops listening to a cell which prints without end."""

    def process_message(self, msg: dict, cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error"):
            said = self._said = getattr(self, "_said", {})
            said[cell_index] = said.get(cell_index, 0) + _weight(msg["content"])
            if said[cell_index] > MAX_OUTPUT:
                return None
        return super().process_message(msg, cell, cell_index)


class _Engine(NBClientEngine):
    """papermill's engine that passes an environment on to the kernel."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> Any:
        settings.pop("log_output", None)
        cwd, env = settings.pop("cwd"), settings.pop("env")
        return _Client(nb_man, kernel_name=kernel_name, **settings).execute(
            cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


def execute_notebook(
    notebook: Any,
    cwd: str | Path,
    *,
    timeout: float = CELL_SECONDS,
    env: Mapping[str, str] | None = None,
    kernel_name: str = "python3",
    progress: bool = False,
) -> tuple[Any, list[str]]:
    """Execute a notebook and return it with its new outputs.

    Parameters
    ----------
    notebook : NotebookNode
        Is not changed. What its metadata say about a kernel is ignored.
    cwd : path
        Folder that the kernel runs in.
    timeout : float
        Seconds for one cell; it is interrupted then, and the next cell runs.
    env : mapping or None
        Variables for the kernel besides those of this process.
    kernel_name : str
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    executed : NotebookNode
        The given notebook with new outputs and execution counts, and nothing else: no metadata of
        papermill and no time stamps. Cells that were not reached have none.
    problems : list of str
        One sentence each: the kernel died, a cell took too long. Errors in cells are in their outputs.
    """
    executed = copy.deepcopy(notebook)
    for cell in nb.cells(executed):
        if nb.kind(cell) == "code":
            cell["outputs"], cell["execution_count"] = [], None
    running = load_notebook_node(copy.deepcopy(executed))
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    problems: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notebooks without cell ids, event loops of other libraries
            _Engine.execute_notebook(
                running,
                kernel_name,
                progress_bar=progress,
                autosave_cell_every=0,
                timeout=timeout,
                startup_timeout=60,
                interrupt_on_timeout=True,
                allow_errors=True,
                store_widget_state=False,
                coalesce_streams=True,
                cwd=str(cwd),
                env={**os.environ, **(env or {})},
            )
    except DeadKernelError:
        problems.append(
            f"{_last(running)}: the kernel died (no memory, or the code ended it); later cells did not run."
        )
    except CellTimeoutError:
        problems.append(
            f"{_last(running)}: took longer than {timeout:.0f} seconds and went on; later cells did not run."
        )
    except Exception as error:  # whatever a kernel does to its client: what was reached still counts
        first = (str(error).splitlines() or [""])[0][:200]
        problems.append(f"{_last(running)}: the run ended early ({type(error).__name__}: {first}).")
    for old, new in zip(executed.cells, running.cells, strict=True):
        if nb.kind(old) == "code":
            old["outputs"], old["execution_count"] = new.get("outputs", []), new.get("execution_count")
    interrupted = [n for n, cell in enumerate(nb.cells(executed), 1) if _was_interrupted(cell)]
    problems[:0] = [
        f"cell {n}: stopped after {timeout:.0f} seconds; later cells were run." for n in interrupted
    ]
    return executed, problems


def _was_interrupted(cell: Any) -> bool:
    return any(output.get("ename") == "KeyboardInterrupt" for output in nb.outputs(cell))


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
