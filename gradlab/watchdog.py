"""Watch what a sandboxed program takes, and kill it when that is too much.

Limits of the operating system bind one process; memory and disk are counted here for all processes of a sandbox
together. A control group would do it better, but few laptops and containers let a user make one. What no count finds is
still taken from the machine: before that has none left, the program is killed as well, and nobody is blamed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from gradlab import bubblewrap, holdings
from gradlab.bubblewrap import Room
from gradlab.errors import MachineFull
from gradlab.limits import MB

#: Seconds between two looks at the memory of processes, at what else they hold, and at the disk.
MEMORY_EVERY, HOLDINGS_EVERY, DISK_EVERY = 0.1, 0.5, 1.0
#: Bytes on disk that an entry of a folder counts for at least: that many empty files take as long to remove.
ENTRY = 16_384
#: Seconds that a count of the disk may take, and how often in a row it may be disturbed.
COUNT_SECONDS, DISTURBED = 20.0, 3
#: Looks in a row at which a process may be closed: for a moment some are, while they start.
CLOSED = 3
#: Bytes of memory and of disk that this machine keeps.
KEPT = 200 * MB
#: Seconds until all processes of a sandbox that was ended are gone.
END = 10.0
#: Programs that are the sandbox, and not what runs in it.
WALLS = ("bwrap", "setpriv", "prlimit")
SHELL = ("sh", Path("/bin/sh").resolve().name)


class Watchdog(threading.Thread):
    """A thread that ends with the program it watches, and one beside it that counts what lies on disk.

    Parameters
    ----------
    pid : int
        The outermost process of the sandbox: when it dies, all in it dies.
    room : Room

    Attributes
    ----------
    reason : str
        Why the program was killed, to follow the word "it"; empty when it was not.
    fault : Exception or None
        What is no fault of the program: MachineFull, or an error of the watch itself, without which nothing runs.
    """

    def __init__(self, pid: int, room: Room) -> None:
        super().__init__(daemon=True, name=f"watchdog-{pid}")
        self.pid, self.room, self.reason = pid, room, ""
        self.fault: Exception | None = None
        self._over = threading.Event()
        self._closed = 0
        self._nameless = 0.0
        self._keeper = -1

    def run(self) -> None:
        """Look, until the program has ended."""
        if counts_files():
            disk = functools.partial(self._or_kill, self._watch_disk)
            threading.Thread(target=disk, daemon=True, name=f"disk-{self.pid}").start()
        self._or_kill(self._watch_processes)

    def _or_kill(self, watch: Callable[[], None]) -> None:
        """Watch, and let nothing go on that is not watched."""
        try:
            watch()
        except Exception as error:
            if not self._over.is_set():
                self.fault = error
                self._kill("could not be watched")

    def _watch_processes(self) -> None:
        self._find_keeper()
        looked, held = 0.0, 0.0
        while not self._over.wait(MEMORY_EVERY):
            try:
                family = psutil.Process(self.pid).children(recursive=True)
            except psutil.Error:
                break
            limits = self.room.limits
            if time.monotonic() - looked > HOLDINGS_EVERY:
                looked = time.monotonic()
                found = holdings.of(
                    [process.pid for process in family], self.room.writable, largest=limits.file_mb * MB
                )
                held, self._nameless = found.memory, found.disk
                if self._hides(found.closed):
                    self._kill("closed a process to the watch over what it takes")
            if _memory(family) + held > limits.memory_mb * MB:
                self._kill(f"took more than {limits.memory_mb:g} MB of memory")
            elif psutil.virtual_memory().available < KEPT:
                self._give_up("memory")
        self._over.set()

    def stop(self) -> None:
        """End the watch, and wait until everything in the sandbox is gone.

        The outermost process may be gone before: whoever reads what lies in the folders then would not be alone.
        """
        self._over.set()
        if threading.current_thread() is not self and self.is_alive():
            self.join(END)
        if self._keeper >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._keeper, signal.SIGKILL)
            # it ends when all others in its namespace have ended
            poll = select.poll()
            poll.register(self._keeper, select.POLLIN)
            poll.poll(END * 1000)
            os.close(self._keeper)
            self._keeper = -1

    def raise_fault(self) -> None:
        """Raise what was no fault of the program, if that ended it.

        Raises
        ------
        MachineFull
            If this machine had nothing left.
        """
        if self.fault is not None:
            raise self.fault

    def _find_keeper(self) -> None:
        """Take hold of bubblewrap's process 1, with which all processes of its namespace end."""
        if not hasattr(os, "pidfd_open"):
            return
        with contextlib.suppress(psutil.Error, OSError):
            outermost = psutil.Process(self.pid)
            while not self._over.is_set() and outermost.name() in ("bwrap", "sh"):
                for below in outermost.children():
                    self._keeper = os.pidfd_open(below.pid)
                    return
                time.sleep(0.002)

    def _hides(self, closed: frozenset[int]) -> bool:
        """Tell whether some process lets nobody look, now and the last times."""
        program = innermost(self.pid) if closed else None
        if program is not None and self.room.closes_itself:
            closed -= {program.pid}
        self._closed = self._closed + 1 if closed and program is not None else 0
        return self._closed >= CLOSED and can_look()

    def _watch_disk(self) -> None:
        """Count what lies on disk, until the program has ended."""
        before, _ = written(self.room.writable)
        disturbed = 0
        while not self._over.wait(DISK_EVERY):
            begin = time.monotonic()
            found, undisturbed = written(self.room.writable)
            disturbed = 0 if undisturbed else disturbed + 1
            if found + self._nameless - before > self.room.limits.disk_mb * MB:
                self._kill(f"wrote more than {self.room.limits.disk_mb:g} MB to disk")
            elif disturbed >= DISTURBED or time.monotonic() - begin > COUNT_SECONDS:
                self._kill("closed or moved its folders while they were counted")
            elif any(psutil.disk_usage(str(folder)).free < KEPT for folder in self.room.writable):
                self._give_up("disk")

    def _give_up(self, what: str) -> None:
        msg = f"this machine had less than {KEPT / MB:g} MB of {what} left while it ran"
        self.fault = MachineFull(msg)
        self._kill(f"ran while this machine had almost no {what} left")

    def _kill(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._over.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


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


@functools.cache
def counts_files() -> bool:
    """Tell whether there is a GNU find: submissions of our own may run where there is none."""
    return _count((Path("/"),), "-maxdepth", "0")[1]


def _memory(family: list[psutil.Process]) -> int:
    """Return the memory of processes; what they share is counted for each."""
    total = 0
    for process in family:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def written(folders: tuple[Path, ...]) -> tuple[float, bool]:
    """Count what folders hold on disk, while a program changes them.

    Returns
    -------
    bytes : float
        The most of a few counts.
    undisturbed : bool
        Whether one of them saw every folder: none was closed, or moved away under it.
    """
    most = 0.0
    for _ in range(5):
        found, undisturbed = _count(folders)
        most = max(most, found)
        if undisturbed:
            return most, True
    return most, False


def _count(folders: tuple[Path, ...], *more: str) -> tuple[float, bool]:
    # find follows no link, leaves no disk, and walks folders deeper than any path is long
    if not folders:
        return 0.0, True
    words = ["find", *map(str, folders), *more, "-xdev", "-printf", "%b\n"]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            timeout=COUNT_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", "")},
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0.0, False
    sizes = [int(line) * 512 for line in done.stdout.split() if line.isdigit()]
    return float(sum(max(size, ENTRY) for size in sizes)), done.returncode == 0


def innermost(pid: int) -> psutil.Process | None:
    """Return the program in a sandbox, given its outermost process; None while it is being set up."""
    try:
        process, depth = psutil.Process(pid), 0
        # a shell starts bubblewrap, and may be process 1 in it; deeper down it is the program
        while _is(process, WALLS) or (depth < 2 and _is(process, SHELL)):
            below = process.children()
            if not below:
                return None
            process, depth = below[0], depth + 1
    except psutil.Error:
        return None
    return process


def _is(process: psutil.Process, names: tuple[str, ...]) -> bool:
    """Tell whether a process is one of some programs. What runs in a sandbox can take any name, but no other program's file."""
    try:
        return Path(process.exe()).name in names
    except psutil.AccessDenied:
        return process.name() in names
