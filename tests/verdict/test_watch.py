"""What a submission could hold out of sight: the filter of system calls, and what the watch finds in /proc."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from gradlab import bubblewrap, container, holdings, sandbox, syscall_filter, watchdog
from gradlab.bubblewrap import Room
from gradlab.errors import MachineFull
from gradlab.limits import Limits

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


@pytest.mark.parametrize(
    ("call", "arguments", "wanted"),
    [
        ((41, 198), (1, 1), ALLOW),  # socket, AF_UNIX
        ((41, 198), (16, 3), ALLOW),  # AF_NETLINK
        ((41, 198), (40, 1), REFUSE),  # AF_VSOCK
        ((41, 198), (38, 5), REFUSE),  # AF_ALG
        ((72, 25), (3, 1024), REFUSE),  # fcntl, F_SETLEASE
        ((72, 25), (3, 1026), REFUSE),  # F_NOTIFY
        ((72, 25), (1024, 3), ALLOW),  # F_GETFL
        ((72, 25), (3, 6), ALLOW),  # F_SETLK
    ],
)
def test_filter_lets_nothing_reach_out(
    call: tuple[int, int], arguments: tuple[int, ...], wanted: int
) -> None:
    """Other families of sockets know no namespace, and a lease is felt by everybody who opens the file."""
    assert answer("x86_64", X86, call[0], *arguments) == wanted
    assert answer("aarch64", ARM, call[1], *arguments) == wanted


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
    me, here = [os.getpid()], [tmp_path]
    with (tmp_path / "part").open("wb+") as file:
        file.write(bytes(3_000_000))
        file.flush()
        os.fsync(file.fileno())
        before = holdings.of(me, here)
        (tmp_path / "part").unlink()
        found = holdings.of(me, here)
        assert found.disk - before.disk == pytest.approx(3_000_000, rel=0.01)
        assert found.memory == pytest.approx(before.memory, abs=100_000)
        elsewhere = holdings.of(me)
        assert elsewhere.memory - before.memory == pytest.approx(3_000_000, rel=0.05)
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        # Python's own mmap keeps the file open
        address = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, file.fileno(), ctypes.c_long(0))
        assert holdings.of(me, here).disk == found.disk
    try:
        assert holdings.of(me, here).disk - before.disk == 4096
        # a page says little about the file behind it
        assert holdings.of(me, here, largest=5e6).disk - before.disk == 5e6
    finally:
        libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(4096))
    assert holdings.of(me, here).disk == before.disk


def test_sockets_of_two_processes_count_once() -> None:
    """A socket that was inherited is the same one."""
    before = holdings.of([os.getpid()])
    pair = socket.socketpair()
    child = subprocess.Popen(["sleep", "30"], pass_fds=[one.fileno() for one in pair])
    try:
        found = holdings.of([os.getpid(), child.pid])
        alone = holdings.of([child.pid])
    finally:
        child.kill()
        child.wait()
        for one in pair:
            one.close()
    assert found.memory - before.memory == pytest.approx(2 * holdings.SOCKET, rel=0.5)
    assert alone.memory == pytest.approx(2 * holdings.SOCKET, rel=0.5)


def test_process_that_ended_holds_nothing() -> None:
    """One that nobody has waited for lets an ordinary user look at nothing, and hides nothing."""
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert holdings.of([child.pid, 2**22 + 1]) == holdings.Holdings(0, 0, frozenset())
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


LIMITS = Limits(memory_mb=300, disk_mb=60, file_mb=50, processes=60)
MEMORY, DISK = "took more than 300 MB of memory", "wrote more than 60 MB to disk"
#: What takes memory or disk so that no process's own memory, and no plain look into a folder, shows it; and how it ends.
TAKERS = {
    "sockets that nobody accepts": (
        "import socket\nlistening = socket.socket(socket.AF_UNIX)\nlistening.bind('s')\nlistening.listen(4000)\n"
        "for _ in range(2000):\n    one = socket.socket(socket.AF_UNIX)\n    one.setblocking(False)\n    try:\n        one.connect('s')\n"
        "        while True: one.send(bytes(50_000))\n    except BlockingIOError: pass\n    one.close()",
        MEMORY,
    ),
    "connections of a network of its own": (
        "import socket\nlistening = socket.socket()\nlistening.bind(('127.0.0.1', 0))\nlistening.listen(4000)\nkept = []\n"
        "for _ in range(150):\n    one = socket.create_connection(listening.getsockname())\n    one.setblocking(False)\n    kept.append(one)\n"
        "    try:\n        while True: one.send(bytes(200_000))\n    except BlockingIOError: pass",
        MEMORY,
    ),
    "page tables": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.mmap.restype = ctypes.c_void_p\nsize = 400 << 30\n"
        "at = libc.mmap(None, ctypes.c_size_t(size), 1, 0x4022, -1, ctypes.c_long(0))\n"
        "for i in range(0, size, 1 << 21): ctypes.c_char.from_address(at + i).value",
        MEMORY,
    ),
    "empty files in memory": (
        "import os\nfor i in range(400_000): os.close(os.open('/tmp/%d' % i, os.O_CREAT))",
        MEMORY,
    ),
    "a file that is mapped by one page": (
        "import ctypes, os, time\nfor i in range(8):\n    with open('part', 'wb+') as file:\n        os.unlink('part')\n"
        "        file.write(bytes(40_000_000))\n        file.flush()\n"
        "        ctypes.CDLL(None).mmap(None, ctypes.c_size_t(4096), 1, 1, file.fileno(), ctypes.c_long(0))\n    time.sleep(.3)",
        DISK,
    ),
    "folders without a file": (
        "import os\nfor i in range(20_000): os.mkdir(str(i))",
        DISK,
    ),
    # a folder is renamed whenever the folder above it is being listed
    "folders that move while they are counted": (
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nfor i in range(300): os.mkdir('d%d' % i)\nos.mkdir('A')\nif os.fork() == 0:\n"
        "    told = libc.inotify_init()\n    libc.inotify_add_watch(told, b'.', 1)\n    names = ['A', 'B']\n    while True:\n"
        "        events = os.read(told, 65536)\n        at = 0\n        while at < len(events):\n"
        "            length = int.from_bytes(events[at + 12:at + 16], 'little')\n            at += 16 + length\n"
        "            if not length:\n                os.rename(*names)\n                names.reverse()\n"
        "os.chdir('A')\nfor i in range(4): open(str(i), 'wb').write(bytes(40_000_000))",
        DISK,
    ),
}


@needs_bubblewrap
@pytest.mark.parametrize("name", TAKERS)
def test_who_takes_out_of_sight_is_stopped(name: str, tmp_path: Path) -> None:
    """Memory and disk that belong to no process and no folder are found, and the rest of the machine keeps its own."""
    code, reason = TAKERS[name]
    done = sandbox.run(
        [sys.executable, "-c", f"{code}\nimport time\ntime.sleep(8)\nprint('end')"],
        cwd=tmp_path,
        timeout=40,
        room=Room((tmp_path,), limits=LIMITS),
    )
    moved = "closed or moved its folders while they were counted"
    assert done.stopped in ([reason, moved] if "move" in name else [reason])
    assert (done.stdout, done.stderr) == ("", "")


@as_user
@needs_bubblewrap
def test_closed_folder_hides_nothing(tmp_path: Path) -> None:
    """A folder that its owner may not read is one that cannot be counted."""
    code = "import os, time\nos.mkdir('d')\nos.chmod('d', 0o300)\ntime.sleep(8)\nprint('end')"
    done = sandbox.run([sys.executable, "-c", code], cwd=tmp_path, timeout=20, room=Room((tmp_path,)))
    assert done.stopped == "closed or moved its folders while they were counted"
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o755


@needs_bubblewrap
def test_changing_files_are_no_offence(tmp_path: Path) -> None:
    """Temporary files and folders come and go while they are counted."""
    code = (
        "import tempfile, time\nbegin = time.time()\nwhile time.time() - begin < 5:\n"
        "    with tempfile.TemporaryDirectory(dir='.') as folder:\n        open(folder + '/a', 'w').close()\nprint('end')"
    )
    done = sandbox.run([sys.executable, "-c", code], cwd=tmp_path, timeout=20, room=Room((tmp_path,)))
    assert (done.stopped, done.stdout) == ("", "end\n")


@needs_bubblewrap
@pytest.mark.parametrize("what", ["memory", "disk"])
def test_machine_that_has_nothing_left_blames_nobody(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the machine has no memory or disk, what runs is stopped; that is no word on the submission."""
    left = SimpleNamespace(available=watchdog.KEPT - 1, free=watchdog.KEPT - 1)
    name = {"memory": "virtual_memory", "disk": "disk_usage"}[what]
    monkeypatch.setattr(watchdog.psutil, name, lambda *_: left)
    with pytest.raises(MachineFull, match=f"less than 200 MB of {what} left"):
        sandbox.run(
            [sys.executable, "-c", "import time\ntime.sleep(20)"],
            cwd=tmp_path,
            timeout=30,
            room=Room((tmp_path,)),
        )


@needs_bubblewrap
@pytest.mark.parametrize("part", ["of", "written"])
def test_nothing_runs_unwatched(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the watch ends what it watches, and is told as ours."""

    def fail(*_: object, **settings: object) -> None:
        msg = "no eyes"
        raise ValueError(msg)

    monkeypatch.setattr(holdings if part == "of" else watchdog, part, fail)
    run = [sys.executable, "-c", "import time\ntime.sleep(20)"]
    with pytest.raises(ValueError, match="no eyes"):
        sandbox.run(run, cwd=tmp_path, timeout=30, room=Room((tmp_path,)))


#: Lets process 1 go round in circles, if it may be written to, and leaves a process behind that says it is alive.
TURN_THE_KEEPER = """\
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        open("alive", "w").close()
        time.sleep(0.01)
for pid in (1, 2):
    try:
        at = int(open(f"/proc/{pid}/syscall").read().split()[-1], 16)
        with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
            memory.seek(at)
            memory.write(bytes.fromhex("ebfe"))
        print("written", open(f"/proc/{pid}/limits").read() == open("/proc/self/limits").read())
    except (OSError, ValueError, IndexError) as error:
        print(type(error).__name__)
time.sleep(0.5)
"""


@needs_bubblewrap
def test_keeper_of_the_sandbox_keeps_nobody_alive(tmp_path: Path) -> None:
    """Who can write to process 1 wins no limits by it, and ends all the same."""
    run = [sys.executable, "-c", TURN_THE_KEEPER]
    done = sandbox.run(run, cwd=tmp_path, timeout=5, room=Room((tmp_path,)))
    assert "written False" not in done.stdout
    if os.getuid() == 0:
        assert done.stdout.splitlines() == ["PermissionError"] * 2
    (tmp_path / "alive").unlink()
    time.sleep(0.3)
    assert not (tmp_path / "alive").exists()


@needs_bubblewrap
def test_nothing_runs_when_the_folders_are_read(tmp_path: Path) -> None:
    """What a program started has ended with it, before anybody looks at what it left."""
    code = (
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        os.closerange(0, 99)\n"
        "        while True: open('alive', 'w').close()\ntime.sleep(.3)"
    )
    for _ in range(3):
        sandbox.run([sys.executable, "-c", code], cwd=tmp_path, timeout=20, room=Room((tmp_path,)))
        (tmp_path / "alive").unlink()
        time.sleep(0.2)
        assert not (tmp_path / "alive").exists()


def test_link_that_took_a_folder_s_place_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tidying looks names up in open folders: a folder that became a link after it was listed is left out."""
    victim, top = tmp_path / "victim", tmp_path / "top"
    victim.mkdir(mode=0o700)
    (victim / "link").symlink_to("anywhere")
    (top / "a").mkdir(parents=True)
    (top / "b").symlink_to("nowhere")
    listed = os.scandir

    def list_and_swap(folder: int) -> Any:
        entries = list(listed(folder))
        for entry in entries:
            entry.stat(follow_symlinks=False)
        if (top / "a").is_dir() and not (top / "a").is_symlink():
            (top / "a").rmdir()
            (top / "a").symlink_to(victim)
        return contextlib.nullcontext(entries)

    monkeypatch.setattr(sandbox.os, "scandir", list_and_swap)
    with contextlib.suppress(OSError):
        sandbox.tidy(Room((top,)))
    assert victim.stat().st_mode & 0o777 == 0o700
    assert (victim / "link").is_symlink()


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="only root can be several users"
)
def test_container_ends_what_a_submission_left(tmp_path: Path) -> None:
    """Without a namespace of processes a daemon outlives its parent; it ends with its user."""
    user = bubblewrap.new_user()
    bubblewrap.give(tmp_path, user)
    left = subprocess.Popen(["setpriv", f"--reuid={user}", "sleep", "60"], start_new_session=True)
    other = subprocess.Popen(["setpriv", f"--reuid={user + 1}", "sleep", "60"], start_new_session=True)
    try:
        while psutil.Process(other.pid).uids().real == 0 or psutil.Process(left.pid).uids().real == 0:
            time.sleep(0.01)
        container.end(Room((tmp_path,)))
        assert left.wait(5) < 0
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait()
