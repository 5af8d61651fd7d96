"""Watch what a sandboxed program takes, and kill it when that is too much.

Limits of the operating system bind one process; memory and disk are counted here for all processes of a sandbox
together. A control group would do it better, but few laptops and containers let a user make one.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil

from gradlab import bubblewrap, holdings
from gradlab.bubblewrap import Room
from gradlab.limits import MB

#: Seconds between two looks at memory, and at the disk.
MEMORY_EVERY, DISK_EVERY = 0.1, 1.0
#: Programs that are the sandbox, and not what runs in it.
WALLS = ("bwrap", "setpriv", "prlimit")


class Watchdog(threading.Thread):
    """A thread that ends with the program it watches.

    Parameters
    ----------
    pid : int
        The outermost process of the sandbox: when it dies, all in it dies.
    room : Room

    Attributes
    ----------
    reason : str
        Why the program was killed, to follow the word "it"; empty when it was not.
    """

    def __init__(self, pid: int, room: Room) -> None:
        super().__init__(daemon=True, name=f"watchdog-{pid}")
        self.pid, self.room, self.reason = pid, room, ""
        self._over = threading.Event()
        self._devices = frozenset(folder.stat().st_dev for folder in room.writable)
        self._closed: frozenset[int] = frozenset()

    def run(self) -> None:
        """Look, until the program has ended."""
        before, looked = self._written(), time.monotonic()
        while not self._over.wait(MEMORY_EVERY):
            thorough = time.monotonic() - looked > DISK_EVERY
            try:
                family = psutil.Process(self.pid).children(recursive=True)
            except psutil.Error:
                return
            held = holdings.of((process.pid for process in family), self._devices, mapped=thorough)
            if _memory(family) + held.memory > self.room.limits.memory_mb * MB:
                self._kill(f"took more than {self.room.limits.memory_mb:g} MB of memory")
            elif self._hides(held.closed):
                self._kill("closed a process to the watch over what it takes")
            elif thorough:
                looked = time.monotonic()
                if self._written() + held.disk - before > self.room.limits.disk_mb * MB:
                    self._kill(f"wrote more than {self.room.limits.disk_mb:g} MB to disk")

    def stop(self) -> None:
        """End the watch."""
        self._over.set()

    def _hides(self, closed: frozenset[int]) -> bool:
        """Tell whether a process lets nobody look, now and the last time: for a moment some do, while they start."""
        still, self._closed = closed & self._closed, closed
        if still and self.room.closes_itself:
            program = innermost(self.pid)
            still -= {program.pid} if program else still
        return bool(still) and can_look()

    def _kill(self, reason: str) -> None:
        self.reason = reason
        self._over.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _written(self) -> int:
        """Return the bytes on disk in the folders that may be written to."""
        return sum(_size(folder) for folder in self.room.writable)


@functools.cache
def can_look() -> bool:
    """Tell whether this process may look at the files of one in a sandbox, if that one does nothing about it.

    Root may look at all of them, or in a container at none; rules of the system can forbid it to users.
    """
    if os.getuid() == 0 or bubblewrap.problem():
        return False
    words = bubblewrap.command(["sleep", "9"], cwd=Path("/tmp"), env={"PATH": "/usr/bin:/bin"}, room=Room(()))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                program = innermost(process.pid)
                if program is not None and program.name() == "sleep":
                    return os.access(f"/proc/{program.pid}/fd", os.R_OK | os.X_OK)
                time.sleep(0.05)
        except psutil.Error:
            return False
        finally:
            process.kill()
    return False


def _memory(family: list[psutil.Process]) -> int:
    """Return the memory of processes; what they share is counted for each."""
    total = 0
    for process in family:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _size(top: Path) -> int:
    """Return the bytes that a folder takes on disk, also in folders that no path leads to."""
    total, waiting = 0, [str(top)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        else:
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return _size_by_du(top)
    return total


def _size_by_du(top: Path) -> int:
    done = subprocess.run(["du", "-sk", "--", str(top)], capture_output=True, text=True, check=False)
    said = done.stdout.split()
    return int(said[0]) * 1024 if said and said[0].isdigit() else 0


def innermost(pid: int) -> psutil.Process | None:
    """Return the program in a sandbox, given its outermost process; None while it is being set up."""
    try:
        process = psutil.Process(pid)
        while process.name() in WALLS or (process.pid == pid and process.name() == "sh"):
            below = process.children()
            if not below:
                return None
            process = below[0]
    except psutil.Error:
        return None
    return process
