"""Which calls to Linux a sandbox refuses: first of all those by which memory is held that belongs to no process and no folder.

A file of ``memfd_create`` can be handed into a socket or mapped and closed, a System V segment can be let go of, a socket can be
made to hold megabytes: no watch finds them. Leases and other families of sockets reach out of the sandbox, and the rest are doors into
the kernel that no course needs. A program is told that the
call does not exist (ENOSYS), so those that can do without it do without it.
"""

from __future__ import annotations

import errno
import functools
import os
import platform
import struct

#: Number of each call, on x86_64 and in the table that younger machines share (aarch64, riscv64).
REFUSED = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "vmsplice": (278, 75),  # pins pages of memory in a pipe
    "fallocate": (285, 47),  # takes all of a disk in a moment, before any watch sees it
}
#: setsockopt: how much waits in a socket, SOL_SOCKET's SO_SNDBUF and SO_RCVBUF.
_SET_OPTION, _LEVEL, _BUFFERS = (54, 208), 1, (7, 8)
#: socket: the families of the network and of the machine itself; others (vsock) know no namespace.
_SOCKET, _FAMILIES = (41, 198), (1, 2, 10, 16)
#: fcntl: F_SETLEASE, F_GETLEASE and F_NOTIFY. With a lease on a file of Python, everybody else waits to open it.
_FCNTL, _LEASES = (72, 25), (1024, 1025, 1026)
#: What the kernel calls a machine (AUDIT_ARCH_*), and the column above.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "riscv64": (0xC00000F3, 1)}
#: On x86_64, calls from this number on are the same ones by other numbers (x32).
_OTHER_NUMBERS = 0x4000_0000

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.ENOSYS
#: Where the kernel lays what a filter reads; of an argument the low half, on machines that lay that first, as these do.
_NUMBER_AT, _MACHINE_AT, _FIRST_AT, _SECOND_AT, _THIRD_AT = 0, 4, 16, 24, 32


def program(machine: str = "") -> bytes:
    """Return the filter as the kernel takes it, a program of Berkeley Packet Filter instructions.

    Parameters
    ----------
    machine : str
        As ``uname -m`` names it; this one by default.

    Returns
    -------
    bytes
        Empty for a machine whose numbers are not known here.
    """
    found = _MACHINES.get(machine or platform.machine())
    if found is None:
        return b""
    architecture, column = found
    refused = [(_IF_EQUAL, numbers[column]) for numbers in REFUSED.values()]
    if column == 0:
        refused.append((_IF_AT_LEAST, _OTHER_NUMBERS))
    # operation, value, and the block to go on with if it holds and if it does not; none: the next line
    blocks: dict[str, list[tuple[int, int, str, str]]] = {
        "start": [
            (_LOAD, _MACHINE_AT, "", ""),
            (_IF_EQUAL, architecture, "", "refuse"),
            (_LOAD, _NUMBER_AT, "", ""),
            *((test, number, "refuse", "") for test, number in refused),
            (_IF_EQUAL, _SET_OPTION[column], "option", ""),
            (_IF_EQUAL, _FCNTL[column], "fcntl", ""),
            (_IF_EQUAL, _SOCKET[column], "socket", "allow"),
        ],
        "socket": [
            (_LOAD, _FIRST_AT, "", ""),
            *((_IF_EQUAL, family, "allow", "") for family in _FAMILIES),
            (_RETURN, _REFUSE, "", ""),
        ],
        "fcntl": [
            (_LOAD, _SECOND_AT, "", ""),
            *((_IF_EQUAL, command, "refuse", "") for command in _LEASES),
            (_RETURN, _ALLOW, "", ""),
        ],
        "option": [
            (_LOAD, _SECOND_AT, "", ""),
            (_IF_EQUAL, _LEVEL, "", "allow"),
            (_LOAD, _THIRD_AT, "", ""),
            *((_IF_EQUAL, option, "refuse", "") for option in _BUFFERS),
        ],
        "allow": [(_RETURN, _ALLOW, "", "")],
        "refuse": [(_RETURN, _REFUSE, "", "")],
    }
    begins: dict[str, int] = {}
    lines: list[tuple[int, int, str, str]] = []
    for name, block in blocks.items():
        begins[name] = len(lines)
        lines += block
    return b"".join(
        struct.pack("HBBI", operation, *(begins[to] - i - 1 if to else 0 for to in where), value)
        for i, (operation, value, *where) in enumerate(lines)
    )


@functools.cache
def path() -> str:
    """Return a path at which programs that this process starts can read the filter; empty where there is none."""
    content = program()
    if not content:
        return ""
    file = os.memfd_create("gradlab-filter")
    os.write(file, content)
    return f"/proc/{os.getpid()}/fd/{file}"
