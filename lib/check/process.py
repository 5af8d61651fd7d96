"""Run another program with a time limit, a limit on what it prints, and no survivors."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

#: Bytes of each of stdout and stderr that are kept: the first and the last half of them.
MAX_OUTPUT = 60_000


@dataclass(frozen=True)
class Completed:
    """What came out of a program: exit code (negative: killed by a signal), output, whether time ran out.

    ``stopped`` is for whoever watches it: what it took too much of.
    """

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool
    seconds: float
    stopped: str = ""


class _Drain(threading.Thread):
    """Read a pipe to its end, so that the writer never blocks, and keep the head and the tail of it."""

    def __init__(self, pipe, limit):
        super().__init__(daemon=True)
        self.pipe, self.half = pipe, max(1, limit // 2)
        self.head, self.tail, self.dropped = b"", b"", 0

    def run(self):
        try:
            while chunk := self.pipe.read1(65536):
                room = self.half - len(self.head)
                self.head += chunk[:room]
                self.tail += chunk[room:] if room > 0 else chunk
                if len(self.tail) > self.half:
                    self.dropped += len(self.tail) - self.half
                    self.tail = self.tail[-self.half :]
        except (OSError, ValueError):
            pass  # closed while we were reading: the program was killed

    def text(self):
        head, tail = (part.decode("utf-8", errors="replace") for part in (self.head, self.tail))
        return f"{head}\n... {self.dropped} bytes left out ...\n{tail}" if self.dropped else head + tail


def _kill_group(process):
    """End the program and everything that it started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def run_limited(command, *, cwd, timeout, env=None, max_output=MAX_OUTPUT, started=None) -> Completed:
    """Run ``command`` and wait for it, at most ``timeout`` seconds.

    Parameters
    ----------
    command : sequence of str
    cwd : path
        Folder in which it runs.
    timeout : float
        Seconds. When they are over, the program and all that it started in its process group are killed.
    env : mapping, optional
        Its whole environment; that of this process when not given.
    max_output : int
        Bytes of stdout, and as many of stderr, that are kept; the middle of a longer text is left out.

    started : function(pid), optional
        Called once the program runs.

    Returns
    -------
    Completed
    """
    begin = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=str(cwd),
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=os.name == "posix",
    )
    drains = [_Drain(pipe, max_output) for pipe in (process.stdout, process.stderr)]
    for drain in drains:
        drain.start()
    timed_out = False
    try:
        if started is not None:
            started(process.pid)
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        # Also after a normal end: what it left running in the background goes with it.
        _kill_group(process)
        process.wait()
        for drain in drains:
            drain.join(2)
            if not drain.is_alive():
                drain.pipe.close()
    return Completed(
        process.returncode, drains[0].text(), drains[1].text(), timed_out, time.monotonic() - begin
    )
