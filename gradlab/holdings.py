"""What processes hold that shows neither in their own memory nor in a folder: files without a name, and sockets."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gradlab.limits import MB

#: Bytes that wait in a socket at most, in the kernel's memory: Linux's default, which a sandbox may not raise, and a last message.
SOCKET = 0.3 * MB

_MAPPED = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) +/.* \(deleted\)$"
)

#: A file: device and inode.
_File = tuple[int, int]


@dataclass
class Holdings:
    """What some processes hold.

    Attributes
    ----------
    memory : float
        Bytes of files without a name that lie in memory, and that their sockets can hold.
    disk : float
        Bytes of files without a name on the devices that were named.
    closed : frozenset of int
        Processes that let nobody look.
    """

    memory: float
    disk: float
    closed: frozenset[int]


def of(processes: Iterable[int], devices: frozenset[int], *, mapped: bool = True) -> Holdings:
    """Look what processes hold.

    Parameters
    ----------
    processes : iterable of int
        Their numbers. One that has ended holds nothing.
    devices : frozenset of int
        Devices (``st_dev``) on which their folders lie; a file elsewhere is memory.
    mapped : bool
        Look also at files that are mapped and no longer open; that takes longer.
    """
    files: dict[_File, float] = {}
    sockets: set[int] = set()
    closed = set()
    for pid in processes:
        try:
            for path in Path(f"/proc/{pid}/fd").iterdir():
                _open_file(path, files, sockets)
            if mapped:
                _mapped_files(Path(f"/proc/{pid}/maps"), files)
        except PermissionError:
            if _has_memory(pid):  # one that is ending lets nobody look either
                closed.add(pid)
        except OSError:
            continue  # it has ended
    disk = sum(size for (device, _), size in files.items() if device in devices)
    memory = sum(files.values()) - disk + SOCKET * len(sockets)
    return Holdings(memory, disk, frozenset(closed))


def _has_memory(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").startswith("0 ")
    except OSError:
        return False


def _open_file(path: Path, files: dict[_File, float], sockets: set[int]) -> None:
    try:
        found = path.stat()
    except OSError:
        return  # closed since
    if stat.S_ISSOCK(found.st_mode):
        sockets.add(found.st_ino)
    elif stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
        files[found.st_dev, found.st_ino] = found.st_blocks * 512


def _mapped_files(path: Path, files: dict[_File, float]) -> None:
    """Add files without a name that are mapped; those that are open as well are known better."""
    reached: dict[_File, int] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.endswith(" (deleted)\n") and (found := _MAPPED.match(line.rstrip("\n"))):
                begin, end, offset, major, minor = (int(number, 16) for number in found.groups()[:5])
                file = os.makedev(major, minor), int(found[6])
                reached[file] = max(reached.get(file, 0), offset + end - begin)
    for file, size in reached.items():
        files.setdefault(file, size)
