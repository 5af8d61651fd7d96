"""Execute a submission once, with papermill, in a throw-away copy of its folder.

Whatever the student's code does (raise, hang, kill the kernel, print without end) becomes an output or a
note; this module raises for faults of our own only.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from gradlab import sandbox
from gradlab.errors import GradlabError

#: The kernel that submissions run on, whatever kernel they name.
KERNEL = "python3"
#: Characters of text kept of one cell, and bytes of one picture.
MAX_TEXT, MAX_DATA = 100_000, 5_000_000
#: Seconds that the kernel gets to stop after it was interrupted.
GRACE = 4


@dataclass
class Execution:
    """What one run of a notebook gave.

    Attributes
    ----------
    cells : dict of str to (outputs, execution count)
        By cell id. Cells that were not reached are missing.
    notes : list of str
        What went wrong with the run as a whole, for student and grader.
    seconds : float
    """

    cells: dict[str, tuple[list[Any], int | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

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
    cell_timeout: int = 120,
    total_timeout: int = 600,
    scratch: Path | None = None,
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
    cell_timeout, total_timeout : int
        Seconds for one cell, after which it is interrupted and the next one runs; and for all of them.
    scratch : Path, optional
        Where the copy is made; the system's folder for temporary files by default.

    Returns
    -------
    Execution

    Raises
    ------
    GradlabError
        If no kernel can be started at all: then this machine is at fault, not the submission.
    """
    begin = time.monotonic()
    found = Execution()
    with tempfile.TemporaryDirectory(
        prefix="gradlab-run-", dir=scratch, ignore_cleanup_errors=True
    ) as parent:
        work = Path(parent) / "work"
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
        for path in (work, *work.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)  # what nbgrader left may be read-only
        target = Path(parent) / "executed.ipynb"
        env = sandbox.environment(
            {"GRADLAB_DATA": str(data), "GRADLAB_VALUES": str(values), "NBGRADER_EXECUTION": "autograde"}
        )
        _run(notebook, work, target, env, _limits(begin, cell_timeout, total_timeout), found)
        if target.is_file():
            executed = nbformat.read(target, as_version=4)
            _collect(executed, found)
    found.seconds = time.monotonic() - begin
    if found.seconds > total_timeout:
        found.notes.append(
            f"The notebook took longer than {total_timeout} s in all; cells after that did not run."
        )
    return found


def _limits(begin: float, cell_timeout: int, total_timeout: int) -> Callable[[Any], int]:
    """Return the function that gives each cell its seconds: its own limit, or what is left of the whole."""

    def limit(_cell: Any) -> int:
        left = total_timeout - (time.monotonic() - begin)
        return max(1, min(cell_timeout, int(left)))

    return limit


def _kernel_manager(env: dict[str, str]) -> type:
    """Make a kernel manager that starts kernels with this environment alone, and silent."""
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):
        async def start_kernel(self, **options: Any) -> None:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            await super().start_kernel(**{**options, **quiet, "env": dict(env)})

    return Manager


def _run(
    notebook: Any,
    work: Path,
    target: Path,
    env: dict[str, str],
    limit: Callable[[Any], int],
    found: Execution,
) -> None:
    """Let papermill run the notebook into ``target``; what ends it early becomes a note."""
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        papermill.execute_notebook(
            notebook,
            str(target),
            kernel_name=KERNEL,
            cwd=str(work),
            progress_bar=False,
            allow_errors=True,
            timeout_func=limit,
            interrupt_on_timeout=True,
            raise_on_iopub_timeout=False,
            iopub_timeout=GRACE,
            error_on_timeout={
                "ename": "CellTimeoutError",
                "evalue": "",
                "traceback": ["CellTimeoutError: the cell ran longer than it may and was interrupted"],
            },
            kernel_manager_class=_kernel_manager(env),
            shutdown_kernel="immediate",
            coalesce_streams=True,
            extra_arguments=["--HistoryManager.hist_file=:memory:"],
        )
    except PapermillExecutionError:
        pass  # papermill reports the first error of a cell once all have run
    except NoSuchKernel as error:
        msg = f"the kernel {KERNEL!r} is not installed, so no notebook can be graded; install ipykernel."
        raise GradlabError(msg) from error
    except DeadKernelError:
        found.notes.append("The kernel died while the notebook ran; the cells after that did not run.")
    except CellTimeoutError:
        found.notes.append(
            "A cell ran longer than it may and could not be interrupted; the cells after it did not run."
        )
    except (KeyboardInterrupt, MemoryError):
        raise
    except OSError as error:
        if error.filename:  # the disk, or a file of ours
            raise
        found.notes.append(f"The notebook could not be run to its end ({type(error).__name__}).")
    except Exception as error:
        found.notes.append(
            f"The notebook could not be run to its end ({type(error).__name__}: {str(error)[:200]})."
        )


def _collect(executed: Any, found: Execution) -> None:
    """Take over the outputs by cell id, clipped."""
    timed_out = 0
    for cell in executed.cells:
        if cell.cell_type != "code" or not cell.get("id"):
            continue
        # the kernel tells an interrupted cell as KeyboardInterrupt
        timed_out += any(
            output.get("ename") in ("CellTimeoutError", "KeyboardInterrupt") for output in cell.outputs
        )
        found.cells[cell.id] = ([clip(output) for output in cell.outputs], cell.execution_count)
    if timed_out:
        found.notes.append(f"{timed_out} cell{'s' * (timed_out > 1)} ran longer than allowed and stopped.")


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
        for kind, content in list(output.data.items()):
            if len(str(content)) > (MAX_DATA if kind.startswith("image/") else MAX_TEXT):
                output.data[kind] = "(too large, left out)" if kind.startswith("text/") else None
                if output.data[kind] is None:
                    del output.data[kind]
                    output.data.setdefault("text/plain", "(picture too large, left out)")
    return output
