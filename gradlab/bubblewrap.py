"""The walls of the sandbox: a command line of bubblewrap, and whether bubblewrap works on this machine.

Inside there is no network, no other process, and of the file system only the Python installation, read-only, and
the folders that are named. Nobody can make a further namespace in there.

As an ordinary user, bubblewrap makes a user namespace. Its own keeper, process 1, would have the user and not the limits of what runs
there, and could be made to outlive it; so a shell takes that place, which is limited as well, and with which all others end.

As root that would not do: limits on processes are counted by the real user, and root is exempt. So root lets bubblewrap set up the
mounts, gives up all rights for an unprivileged user, and closes the door to further namespaces with a second bubblewrap, from whose
namespace of users nobody may look into the keeper of the first.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradlab import syscall_filter
from gradlab.limits import DEFAULT, MB, Limits

#: Of the system, what programs need to run; links among them stay links.
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/lib32",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
)
#: Bytes of the sandbox's own /tmp and /dev/shm, which lie in memory.
TMP_BYTES = 256 * MB
#: The first of the user ids that root's sandboxes take, none of which owns anything.
FIRST_USER = 200_000
#: Number of the open file in which bubblewrap finds what the kernel is to refuse.
RULES = 9
#: Runs a program as process 1: waits for whatever is left without a parent, and ends with the program.
KEEPER = ("sh", "-c", '"$@"; exit $?', "sh")

_numbers = itertools.count()


@dataclass(frozen=True)
class Room:
    """What a program finds in its sandbox, besides Python.

    Attributes
    ----------
    writable : tuple of Path
        Throw-away folders. As root they are given to an unprivileged user.
    readable : tuple of Path
    limits : Limits
    closes_itself : bool
        Whether the program lets no other one look at it, which is taken amiss of others, and waits for processes that are left without
        a parent.
    """

    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()
    limits: Limits = DEFAULT
    closes_itself: bool = False


def command(inner: Sequence[str], *, cwd: Path, env: Mapping[str, str], room: Room) -> list[str]:
    """Return the command line that runs ``inner`` in a sandbox.

    Parameters
    ----------
    inner : sequence of str
    cwd : Path
        One of the room's folders, or below one.
    env : mapping of str to str
        The whole environment.
    room : Room
    """
    root = os.getuid() == 0
    shown = [path for path in (*map(Path, _installation()), *room.readable) if path.exists()]
    spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if root:
        rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        rights = ["--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--as-pid-1"]
    words = ["bwrap", *spaces, *rights, "--die-with-parent", "--new-session", "--hostname", "grader"]
    if rules := syscall_filter.path():
        # bubblewrap reads them from an open file, which a shell opens: whoever starts this need not hand it on
        words = ["sh", "-c", f'exec "$@" {RULES}<"$0"', rules, *words, "--seccomp", str(RULES)]
    words += ["--clearenv", "--proc", "/proc", "--dev", "/dev"]
    for memory in ("/tmp", "/dev/shm"):
        words += ["--perms", "1777", "--size", str(TMP_BYTES), "--tmpfs", memory]
    words += _parents([*shown, *room.writable])
    for path in shown:
        if path.is_symlink() and str(path) in SYSTEM:
            words += ["--symlink", str(path.readlink()), str(path)]
        else:
            words += ["--ro-bind", str(path), str(path)]
    for path in room.writable:
        words += ["--bind", str(path), str(path)]
    # root without its rights could not enter a folder that it has given away; the second bubblewrap does
    words += ["--chdir", "/" if root else str(cwd), "--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in env.items():
        words += ["--setenv", name, value]
    limits = room.limits
    bounded = [
        *("prlimit", "--core=0", "--nofile=1024", f"--nproc={limits.processes:.0f}"),
        *(f"--fsize={limits.file_mb * MB:.0f}", f"--data={limits.memory_mb * MB:.0f}", "--"),
    ]
    words.append("--")
    if not root:
        # a program that collects what others leave needs no shell for it
        return [*words, *bounded, *([] if room.closes_itself else KEEPER), *inner]
    user = str(new_user())
    words += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all"]
    words += ["bwrap", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent"]
    words += ["--dev-bind", "/", "/", "--chdir", str(cwd), "--"]
    for path in room.writable:
        give(path, int(user))
    return [*words, *bounded, *inner]


def _installation() -> Iterable[str]:
    """Return what Python consists of: the system, the environment, and what the environment was made from."""
    python = {sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), str(Path(sys.executable).parent)}
    own = [path for path in sorted(python) if path != "/usr" and not path.startswith("/usr/")]
    return (*SYSTEM, *(path for path in own if not any(path.startswith(f"{top}/") for top in own)))


def _parents(paths: Iterable[Path]) -> list[str]:
    """Make the folders above all mounts passable: bubblewrap would make them the owner's alone."""
    above = {parent for path in paths for parent in path.parents}
    tmp = {Path("/"), Path("/tmp"), Path("/dev"), Path("/dev/shm")}
    words = []
    for folder in sorted(above - tmp):
        if not any(folder == Path(path) or Path(path) in folder.parents for path in SYSTEM):
            words += ["--perms", "0755", "--dir", str(folder)]
    return words


def new_user() -> int:
    """Return a user id for one sandbox: those that run at once share none, so none uses up another's processes."""
    return FIRST_USER + (os.getpid() * 64 + next(_numbers) % 64) % 1_000_000


def give(folder: Path, user: int) -> None:
    """Give a folder and all in it to a user."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


@functools.cache
def problem() -> str:
    """Try a sandbox; return what keeps it from working, in a sentence, or nothing."""
    if sys.platform != "linux":
        return f"bubblewrap runs on Linux, and this is {sys.platform}."
    for program in ("bwrap", "prlimit", "find", *(["setpriv"] if os.getuid() == 0 else [])):
        if shutil.which(program) is None:
            package = {"bwrap": "bubblewrap", "find": "findutils"}.get(program, "util-linux")
            return f"{program} is not installed; install the package {package}."
    words = command(["true"], cwd=Path("/tmp"), env={"PATH": "/usr/bin:/bin"}, room=Room(()))
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start ({error})."
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return f"bubblewrap cannot make a sandbox here ({said[:200]})."
    return ""
