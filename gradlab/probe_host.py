"""Inside the sandbox: call several probes, each in a fork of this process, so that Python and NumPy start once.

    python probe_host.py JOBS [MODULE ...]

JOBS is a folder; each folder in it is a job as ``lib.check.job`` describes it, with a file ``seconds``. They are taken in the order of their
names. A line on stdout tells how each ended. Nothing of a student's is imported here, only in the forks; when one has
ended, whatever it left running is killed. A probe that takes this process along takes no answer from anybody: those without
a line are run again, alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

#: Bytes of the end of a probe's stderr that are kept.
KEPT = 4096
#: Seconds until what a probe left running must be gone.
CLEAR = 3.0
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36


def main(folder: str, *modules: str) -> None:
    """Call every probe of a folder."""
    # what a probe starts and gives up becomes a child of this process, and is found here
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # a probe has the same user: nobody may open this process's stdout by way of /proc, and speak for it
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    for name in ("numpy", *modules):  # before anything of the submission can be found
        importlib.import_module(name)
    sys.path[0] = str(Path.cwd())
    probe = importlib.import_module("lib.check.probe")
    for job in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        told = _call(probe, job, float((job / "seconds").read_text(encoding="utf-8")))
        if not _clear():
            sys.exit("a process that a probe started cannot be ended")
        sys.stdout.write(json.dumps({"job": job.name, **told}) + "\n")
        sys.stdout.flush()  # before the next fork, which would write it again


def _call(probe: Any, job: Path, seconds: float) -> dict[str, Any]:
    """Call one probe in a fork, and wait for it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _be_child(probe, job, writing)
    os.close(writing)
    said, in_time = _listen(pid, reading, seconds)
    os.close(reading)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    lines = said.decode("utf-8", errors="replace").strip().splitlines() or ["no message"]
    return {
        "timed_out": not in_time,
        "returncode": os.waitstatus_to_exitcode(status),
        "last": lines[-1][:300],
    }


def _be_child(probe: Any, job: Path, writing: int) -> None:
    """Be the probe: stdout goes nowhere, stderr to the host."""
    code = 1
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # or the watch could not look at what it holds
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(writing, 2)
        probe.main(job)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        with contextlib.suppress(BaseException):
            os.write(2, f"\n{type(error).__name__}: {error}\n".encode("utf-8", errors="replace"))
    finally:
        os._exit(code)


def _listen(pid: int, reading: int, seconds: float) -> tuple[bytes, bool]:
    """Keep the end of what a probe says until it ends; tell whether it did so in time."""
    ended = os.pidfd_open(pid)
    deadline, said = time.monotonic() + seconds, b""
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(reading, select.POLLIN)
    try:
        while (left := deadline - time.monotonic()) > 0:
            ready = dict(poll.poll(left * 1000))
            if reading in ready:
                chunk = os.read(reading, 65536)  # as much as a pipe holds
                said = (said + chunk)[-KEPT:]
                if not chunk:
                    poll.unregister(reading)
            if ended in ready:
                return said, True
        return said, False
    finally:
        os.close(ended)


def _clear() -> bool:
    """Kill what a probe left running; tell whether all of it is gone."""
    deadline = time.monotonic() + CLEAR
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        left = _below(os.getpid())
        if not left:
            return True
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    return False


def _below(top: int) -> list[int]:
    """Return all processes below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):  # it may have ended since
            told = path.read_text(encoding="utf-8", errors="replace")
            parents[int(path.parent.name)] = int(told.rpartition(")")[2].split()[1])
    found: list[int] = []
    wanted = {top}
    while wanted:
        wanted = {pid for pid, parent in parents.items() if parent in wanted}
        found += wanted
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
