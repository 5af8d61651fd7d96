"""What a submission could hold out of sight: the filter of system calls, and what the watch finds in /proc."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from gradlab import bubblewrap, holdings, sandbox, syscall_filter
from gradlab.bubblewrap import Room

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own")
needs_bubblewrap = pytest.mark.skipif(bool(bubblewrap.problem()), reason="bubblewrap does not work here")
as_user = pytest.mark.skipif(os.getuid() == 0, reason="root may look at everything")

X86, ARM, I386 = 0xC000003E, 0xC00000B7, 0x40000003
ALLOW, REFUSE = 0x7FFF0000, 0x00050026


def answer(machine: str, architecture: int, number: int, *arguments: int) -> int:
    """Say what the kernel would: run the filter's program on one call."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = [struct.unpack("<HBBI", step) for step in _chunks(syscall_filter.program(machine), 8)]
    at, loaded = 0, 0
    while True:
        operation, if_true, if_false, value = steps[at]
        at += 1
        if operation == 0x20:
            (loaded,) = struct.unpack_from("<I", data, value)
        elif operation == 0x06:
            return value
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value}[operation]
            at += if_true if holds else if_false


def _chunks(content: bytes, size: int) -> list[bytes]:
    return [content[i : i + size] for i in range(0, len(content), size)]


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "wanted"),
    [
        ("x86_64", X86, 319, REFUSE),  # memfd_create
        ("x86_64", X86, 29, REFUSE),  # shmget
        ("x86_64", X86, 320, REFUSE),  # the last of the list
        ("x86_64", X86, 279, ALLOW),  # move_pages, memfd_create elsewhere
        ("x86_64", X86, 0, ALLOW),  # read
        ("x86_64", X86, 0x40000000, REFUSE),  # read, by the numbers of x32
        ("x86_64", I386, 4, REFUSE),  # any call of 32 bits
        ("x86_64", ARM, 279, REFUSE),
        ("aarch64", ARM, 279, REFUSE),  # memfd_create
        ("aarch64", ARM, 319, ALLOW),
        ("aarch64", ARM, 63, ALLOW),  # read
        ("aarch64", X86, 0, REFUSE),
    ],
)
def test_filter_refuses_its_list_and_no_more(
    machine: str, architecture: int, number: int, wanted: int
) -> None:
    """Each machine by its own numbers; another machine's calls, which would come in beside them, not at all."""
    assert answer(machine, architecture, number) == wanted


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((5, socket.SOL_SOCKET, 7), REFUSE),  # SO_SNDBUF
        ((5, socket.SOL_SOCKET, 8), REFUSE),  # SO_RCVBUF
        ((5, socket.SOL_SOCKET, 9), ALLOW),  # SO_KEEPALIVE
        ((5, socket.IPPROTO_TCP, 7), ALLOW),
        ((7, 0, 1), ALLOW),
    ],
)
def test_filter_lets_no_socket_hold_more(arguments: tuple[int, ...], wanted: int) -> None:
    """Only the two options that say how much waits in a socket are refused."""
    assert answer("x86_64", X86, 54, *arguments) == wanted
    assert answer("aarch64", ARM, 208, *arguments) == wanted


@needs_bubblewrap
def test_machine_without_a_filter_has_the_other_walls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the numbers of the calls are not known, bubblewrap is started without a filter."""
    assert syscall_filter.program("s390x") == b""
    monkeypatch.setattr(syscall_filter, "path", lambda: "")
    code = "import os\ntry:\n    os.memfd_create('x')\n    print('there')\nexcept OSError as error:\n    print(error)"
    run = [sys.executable, "-c", code]
    assert sandbox.run(run, cwd=tmp_path, timeout=20, room=Room((tmp_path,))).stdout == "there\n"
    monkeypatch.undo()
    done = sandbox.run(run, cwd=tmp_path, timeout=20, room=Room((tmp_path,)))
    assert done.stdout == "[Errno 38] Function not implemented\n"


def test_files_without_a_name_count_where_they_lie(tmp_path: Path) -> None:
    """On the disk of the submission's folders they are disk, elsewhere memory; open or mapped, once."""
    device = frozenset([tmp_path.stat().st_dev])
    with (tmp_path / "part").open("wb+") as file:
        file.write(bytes(3_000_000))
        file.flush()
        os.fsync(file.fileno())
        me = [os.getpid()]
        before = holdings.of(me, device)
        (tmp_path / "part").unlink()
        found = holdings.of(me, device)
        assert found.disk - before.disk == pytest.approx(3_000_000, rel=0.01)
        assert found.memory == before.memory
        elsewhere = holdings.of(me, frozenset())
        assert elsewhere.memory - before.memory == pytest.approx(3_000_000, rel=0.01)
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        # Python's own mmap keeps the file open
        address = libc.mmap(None, ctypes.c_size_t(3_000_000), 1, 1, file.fileno(), ctypes.c_long(0))
        assert holdings.of(me, device).disk == found.disk
    try:
        assert holdings.of(me, device, mapped=False).disk == before.disk
        assert holdings.of(me, device).disk - before.disk == pytest.approx(3_000_000, rel=0.01)
    finally:
        libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(3_000_000))
    assert holdings.of(me, device).disk == before.disk


def test_sockets_of_two_processes_count_once() -> None:
    """A socket that was inherited is the same one."""
    before = holdings.of([os.getpid()], frozenset())
    pair = socket.socketpair()
    child = subprocess.Popen(["sleep", "30"], pass_fds=[one.fileno() for one in pair])
    try:
        found = holdings.of([os.getpid(), child.pid], frozenset())
        alone = holdings.of([child.pid], frozenset())
    finally:
        child.kill()
        child.wait()
        for one in pair:
            one.close()
    assert found.memory - before.memory == pytest.approx(2 * holdings.SOCKET)
    assert alone.memory == 2 * holdings.SOCKET


def test_process_that_ended_holds_nothing() -> None:
    """One that nobody has waited for lets an ordinary user look at nothing, and hides nothing."""
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert holdings.of([child.pid, 2**22 + 1], frozenset()) == holdings.Holdings(0, 0, frozenset())
    finally:
        child.wait()


CLOSE = "import ctypes, time\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\ntime.sleep(1.5)\nprint('end')"


@as_user
@needs_bubblewrap
def test_closed_process_is_ended(tmp_path: Path) -> None:
    """Who lets nobody look could hold anything; only the program that is known to do so may."""
    run = [sys.executable, "-c", CLOSE]
    done = sandbox.run(run, cwd=tmp_path, timeout=20, room=Room((tmp_path,)))
    assert (done.stopped, done.stdout) == ("closed a process to the watch over what it takes", "")
    done = sandbox.run(run, cwd=tmp_path, timeout=20, room=Room((tmp_path,), closes_itself=True))
    assert (done.stopped, done.stdout) == ("", "end\n")
    run[2] = f"import os\n{CLOSE.replace('time.sleep(1.5)', 'os.fork(), time.sleep(1.5)')}"
    done = sandbox.run(run, cwd=tmp_path, timeout=20, room=Room((tmp_path,), closes_itself=True))
    assert done.stopped == "closed a process to the watch over what it takes"


@needs_bubblewrap
def test_forgotten_children_are_not_taken_amiss(tmp_path: Path) -> None:
    """A program whose children ended without being waited for is nobody's attack."""
    code = "import subprocess, time\nkept = [subprocess.Popen(['true']) for _ in range(3)]\ntime.sleep(1)\nprint('end')"
    done = sandbox.run([sys.executable, "-c", code], cwd=tmp_path, timeout=20, room=Room((tmp_path,)))
    assert (done.stopped, done.stdout) == ("", "end\n")
