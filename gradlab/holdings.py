"""What processes hold that shows neither in their own memory nor in a folder: files without a name, sockets, page tables.

Everything is read from Linux's ``/proc``, from outside, while the processes go on. So it is a lower bound, and good for telling who
takes too much; what keeps the machine from harm in the end is ``gradlab.watchdog``'s look at the machine itself.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradlab.limits import MB

#: Bytes that wait in a socket at most, in the kernel's memory: Linux's default, which a sandbox may not raise, and a last message.
SOCKET = 0.3 * MB
#: Bytes of the kernel's memory for a file in a folder that lies in memory.
INODE = 1024
#: Folders of a sandbox that lie in memory.
IN_MEMORY = ("tmp", "dev/shm")

_MAPPED = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) +(/.*) \(deleted\)$"
)
_IN_USE = re.compile(r"^(TCP6?|UDP6?): inuse [1-9]", re.MULTILINE)
_PAGE_TABLES = re.compile(r"^VmPTE:\s+(\d+) kB$", re.MULTILINE)

#: A file: device and inode.
_File = tuple[int, int]


@dataclass
class Holdings:
    """What some processes hold.

    Attributes
    ----------
    memory : float
        Bytes, besides what is the processes' own: files without a name that lie in memory, sockets, page tables, and the folders of
        a sandbox that lie in memory.
    disk : float
        Bytes of files without a name on disk.
    closed : frozenset of int
        Processes that let nobody look.
    """

    memory: float
    disk: float
    closed: frozenset[int]


def of(processes: Sequence[int], folders: Iterable[Path] = (), *, largest: float = 0.0) -> Holdings:
    """Look what the processes of a sandbox hold.

    Parameters
    ----------
    processes : sequence of int
        Their numbers. One that has ended holds nothing.
    folders : iterable of Path
        Those on disk that they may write to; a file without a name on another device is memory.
    largest : float
        Bytes that a file may have: what is mapped of one that no process has open says little about its size.
    """
    files: dict[_File, float] = {}
    sockets: set[int] = set()
    closed = set()
    tables = 0.0
    folders = list(folders)
    tops = tuple(f"{folder}/" for folder in folders)
    for pid in processes:
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                for entry in entries:
                    _open_file(entry, files, sockets)
            tables += _page_tables(pid)
            _mapped_files(Path(f"/proc/{pid}/maps"), files, tops, largest)
        except PermissionError:
            if _has_memory(pid):  # one that is ending lets nobody look either
                closed.add(pid)
        except OSError:
            continue  # it has ended
    devices = {folder.stat().st_dev for folder in folders if folder.exists()}
    disk = sum(size for (device, _), size in files.items() if device in devices)
    waiting = next(
        (found for pid in processes if (found := _network(pid)) is not None), SOCKET * len(sockets)
    )
    held = next((found for pid in processes if (found := _folders_in_memory(pid)) is not None), 0.0)
    return Holdings(sum(files.values()) - disk + waiting + held + tables, disk, frozenset(closed))


def _page_tables(pid: int) -> float:
    found = _PAGE_TABLES.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace"))
    return int(found[1]) * 1024.0 if found else 0.0


def _network(pid: int) -> float | None:
    """Return what waits in all sockets of a process's network, accepted by somebody or not; None if that is ours as well."""
    try:
        if _same_namespace(pid, "net"):
            return None
        folder = Path(f"/proc/{pid}/net")
        # a heading, and a line for each
        waiting = SOCKET * (
            len((folder / "unix").read_text(encoding="utf-8", errors="replace").splitlines()) - 1
        )
        for numbers in ("sockstat", "sockstat6"):
            with contextlib.suppress(FileNotFoundError):
                for kind in _IN_USE.findall((folder / numbers).read_text(encoding="utf-8")):
                    waiting += _queues(folder / kind.lower())
    except (OSError, ValueError, IndexError):
        return None
    return waiting


def _queues(path: Path) -> float:
    """Return what the connections of a kind have sent and not received; it takes Linux a millisecond to list none."""
    waiting = 0
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        sent, _, received = line.split()[4].partition(":")
        waiting += int(sent, 16) + int(received, 16)
    return float(waiting)


def _folders_in_memory(pid: int) -> float | None:
    """Return what a sandbox's own folders in memory hold, empty files as well; None if there are none, or one may not look."""
    try:
        if _same_namespace(pid, "mnt"):
            return None
        found = [os.statvfs(Path(f"/proc/{pid}") / "root" / folder) for folder in IN_MEMORY]
    except OSError:
        return None
    return sum(
        (one.f_blocks - one.f_bfree) * one.f_frsize + (one.f_files - one.f_ffree) * INODE for one in found
    )


def _same_namespace(pid: int, kind: str) -> bool:
    theirs, ours = (Path(f"/proc/{who}/ns/{kind}").stat() for who in (pid, "self"))
    return (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)


def _has_memory(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").startswith("0 ")
    except OSError:
        return False


def _open_file(entry: os.DirEntry[str], files: dict[_File, float], sockets: set[int]) -> None:
    try:
        found = entry.stat()
    except OSError:
        return  # closed since
    if stat.S_ISSOCK(found.st_mode):
        sockets.add(found.st_ino)
    elif stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
        files[found.st_dev, found.st_ino] = found.st_blocks * 512


def _mapped_files(path: Path, files: dict[_File, float], tops: tuple[str, ...], largest: float) -> None:
    """Add files without a name that are mapped; those that are open as well are known better."""
    reached: dict[_File, float] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.endswith(" (deleted)\n") and (found := _MAPPED.match(line.rstrip("\n"))):
                begin, end, offset, major, minor = (int(number, 16) for number in found.groups()[:5])
                file = os.makedev(major, minor), int(found[6])
                size = max(offset + end - begin, largest if found[7].startswith(tops) else 0)
                reached[file] = max(reached.get(file, 0), size)
    for file, size in reached.items():
        files.setdefault(file, size)
