"""Watch what a sandboxed program takes, and kill it when that is too much.

Limits of the operating system bind one process; memory and disk are counted here for all processes of a sandbox
together. A control group would do it better, but few laptops and containers let a user make one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil

from gradlab.bubblewrap import Room
from gradlab.limits import MB

#: Seconds between two looks at memory, and at the disk.
MEMORY_EVERY, DISK_EVERY = 0.1, 1.0


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

    def run(self) -> None:
        """Look, until the program has ended."""
        before, looked, hidden = self._written(), time.monotonic(), 0
        while not self._over.wait(MEMORY_EVERY):
            try:
                if time.monotonic() - looked > DISK_EVERY:
                    hidden = _hidden(self.pid)
                used = _memory(self.pid) + hidden
            except psutil.Error:
                return
            if used > self.room.limits.memory_mb * MB:
                self._kill(f"took more than {self.room.limits.memory_mb:g} MB of memory")
            elif time.monotonic() - looked > DISK_EVERY:
                looked = time.monotonic()
                if self._written() - before > self.room.limits.disk_mb * MB:
                    self._kill(f"wrote more than {self.room.limits.disk_mb:g} MB to disk")

    def stop(self) -> None:
        """End the watch."""
        self._over.set()

    def _kill(self, reason: str) -> None:
        self.reason = reason
        self._over.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _written(self) -> int:
        """Return the bytes on disk in the folders that may be written to."""
        return sum(_size(folder) for folder in self.room.writable)


def _memory(pid: int) -> int:
    """Return the memory of a process and all below it; what they share is counted once where it matters."""
    family = psutil.Process(pid).children(recursive=True)
    total = 0
    for process in family:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def _hidden(pid: int) -> int:
    """Return the memory of files that have no name (memfd_create): it belongs to no process's own, and to no folder."""
    seen: dict[tuple[int, int], int] = {}
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(OSError), os.scandir(f"/proc/{process.pid}/fd") as files:
            for file in files:
                with contextlib.suppress(OSError):
                    if str(Path(file.path).readlink()).startswith("/memfd:"):
                        found = Path(file.path).stat()
                        seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())


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
        while process.name() in ("bwrap", "setpriv", "prlimit"):
            below = process.children()
            if not below:
                return None
            process = below[0]
    except psutil.Error:
        return None
    return process
