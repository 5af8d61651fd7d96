"""The one place where strangers' code is started.

What it contains so far: a process group that is killed as a whole when its time is over or when it has ended,
output that is clipped, an environment without anything of the grader's, no terminal.

What it does not contain yet: the code runs as the user who grades. It can read and change that user's files,
use the network, and take memory, disk and processors as it likes. Real isolation replaces the body of ``run``
(and the kernel's start in ``lib.report.execute``) and nothing else; until then whatever was graded says "not
sandboxed".
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.check.process import MAX_OUTPUT, Completed, run_limited

#: Whether strangers' code is kept from the grader's files and network. Shown in every graded notebook.
ISOLATED = False

#: Variables that a program needs to run at all. Everything else of the grader's environment stays with the
#: grader.
KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "LD_LIBRARY_PATH",
    "JUPYTER_PATH",
    "JUPYTER_RUNTIME_DIR",
    "GRADLAB_DATASET",
)

#: One thread for each program: graders run several, and sums then come out the same on every machine.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for strangers' code: what programs need, and ``extra``; no secret."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | THREADS | {"PYTHONIOENCODING": "utf-8"} | dict(extra or {})


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout: float,
    env: Mapping[str, str] | None = None,
    max_output: int = MAX_OUTPUT,
) -> Completed:
    """Run strangers' code and wait for it.

    Parameters
    ----------
    command : sequence of str or Path
    cwd : Path
        A throw-away folder: the code may change anything in it.
    timeout : float
        Seconds until it is killed, with everything it started.
    env : mapping of str to str, optional
        Variables on top of ``environment()``.
    max_output : int
        Bytes kept of stdout and of stderr.

    Returns
    -------
    Completed
        returncode, stdout, stderr, timed_out, seconds.
    """
    # Without a notebook there is no screen to draw on; in a kernel matplotlib chooses for itself.
    full = environment({"MPLBACKEND": "agg"} | dict(env or {}))
    return run_limited(
        [str(word) for word in command], cwd=cwd, timeout=timeout, env=full, max_output=max_output
    )
