"""Call a probe on the student's lib in a process of its own, and bring back what it gave."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from lib.check.errors import CheckFailed
from lib.check.job import CaseAnswer, CaseError, read_answers, write_job
from lib.check.process import run_limited
from lib.check.where import lib_root, not_written, settings

#: Seconds that a check may take in all.
TIME_LIMIT = 60
#: Lines of the student's own prints that are shown.
MAX_LINES = 40


def run_probe(probe, cases, *, withhold=(), root=None, timeout=TIME_LIMIT) -> tuple[list[CaseAnswer], str]:
    """Call ``probe`` on every case in a fresh process.

    Parameters
    ----------
    probe : str
        ``"module:function"``.
    cases : sequence of dict of str to array
    withhold : sequence of str
        Modules that the student's code cannot import meanwhile.
    root : path, optional
        The folder that holds lib; the one that this module was imported from when not given.
    timeout : float
        Seconds for all cases together.

    Returns
    -------
    answers : list of CaseAnswer
    printed : str
        What the student's code printed, clipped.

    Raises
    ------
    CheckFailed
        If the process ran out of time or ended without an answer.
    """
    root = Path(root or lib_root())
    with tempfile.TemporaryDirectory(prefix="check-") as scratch:
        folder = Path(scratch)
        write_job(folder, probe, cases, withhold)
        # -W ignore: a warning says nothing that the diagnosis does not say better, and would be shown as an
        # error.
        command = [sys.executable, "-B", "-W", "ignore", "-m", "lib.check.probe", folder]
        done = run_limited(command, cwd=root, timeout=timeout, env=_environment())
        printed = clip(done.stdout)
        if done.timed_out:
            running = _running(folder)
            at = f" in case {running + 1} of {len(cases)}" if running is not None and len(cases) > 1 else ""
            msg = f"took longer than {timeout:g} s{at}: {SLOW}"
            raise CheckFailed(_after(printed, msg))
        try:
            answers = read_answers(folder, len(cases))
        except ValueError as error:
            msg = f"the answers of the check cannot be read: {error}"
            raise CheckFailed(msg) from None
        if answers is None:
            raise CheckFailed(_after(printed, _ended_early(done)))
    return answers, printed


SLOW = "is there a loop that does not end, or one over single pixels where one over windows would do?"


def _environment():
    """Return the environment of the new process: ours, one thread for NumPy, and nothing of nbgrader's."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("NBGRADER_")}
    return env | {"PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _running(folder):
    """Return the number of the case that was running, if it is known."""
    try:
        return int((folder / "running").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _ended_early(done):
    """Say how a process ended that left no answer."""
    if "lib.check" in done.stderr and "Error while finding module specification" in done.stderr:
        return "lib/check is damaged: take the folder lib/check from the release again"
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return f"your code ended the Python process (exit code {done.returncode}): {last[:300]}"


def _after(printed, message):
    return f"{message}\nIt printed:\n{printed}" if printed else message


def clip(text, lines=MAX_LINES):
    """Shorten a text to its first and last lines."""
    rows = [row[:400] for row in text.rstrip().splitlines()]
    if len(rows) > lines:
        left_out = len(rows) - lines
        rows = [*rows[: lines // 2], f"... {left_out} lines left out ...", *rows[-lines // 2 :]]
    return "\n".join(rows)


def describe_error(error: CaseError) -> str:
    """Say what an exception in the student's code means, with its last lines."""
    if error.type == "NotImplementedError":
        return not_written(error.message) or f"not written yet: {error.message or error.where}"
    if error.type in ("SyntaxError", "IndentationError", "TabError"):
        # Python's own message ends with file and line, the trace begins with them.
        said = re.sub(r" \([^()]*, line \d+\)$", "", error.message)
        line = f"\n    {error.trace[-1].removeprefix(f'{error.where}: ')}" if error.trace else ""
        return f"{error.where or 'your file'} is not valid Python ({error.type}): {said}{line}"
    if error.type == "ModuleNotFoundError" and "'lib." in error.message:
        path = error.message.split("'")[1].replace(".", "/") + ".py"
        if path in settings().get("lib", {}).get("files", OWN_FILES):
            return f"{path} does not exist yet: make it{error.where and f' ({error.where} imports it)'}"
        return f"{path} is missing: put it back from the release"
    trace = "".join(f"\n    {line}" for line in error.trace)
    return f"{error.type}: {error.message}{trace}{_hint(error)}"


#: Files of the student that no release holds, where there is no assignment.toml to name them.
OWN_FILES = ("lib/extra.py",)
LAYERS_BEFORE = (
    "27 inputs: 3x3 pixels of 3 channels: a 3x3 convolution without padding makes 6x6, a 2x2 pooling with "
    "stride 2 makes 3x3"
)
KEPT_PADDED = "if there is padding: did forward keep the padded image in self.meta? Keep img itself"


def _hint(error):
    """Say what an exception often comes from, on a line of its own; empty when nothing is known."""
    if error.type == "ShapeError" and "wanted (N, 27)" in error.message:
        return f"\n  {LAYERS_BEFORE}"
    last = error.trace[-1] if error.trace else ""
    if error.type in ("ValueError", "IndexError") and "lib/cnn/" in last and ", in backward:" in last:
        return f"\n  {KEPT_PADDED}"
    return ""
