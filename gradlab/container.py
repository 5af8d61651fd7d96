"""A container as the sandbox, for machines without bubblewrap: macOS, Windows, a cluster that forbids namespaces.

The whole of gradlab runs in a container without network. Inside, each program of a stranger is a user of its own who
owns its throw-away folder and nothing else; the course belongs to root, who alone may enter it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from gradlab import bubblewrap
from gradlab.bubblewrap import Room
from gradlab.limits import MB

VARIABLE = "GRADLAB_SANDBOX"
#: How often what is left of a submission is killed: it may start more meanwhile.
ROUNDS = 50


def asked() -> bool:
    """Tell whether this process was told that a container is its sandbox."""
    return os.environ.get(VARIABLE, "") == "container"


def problem() -> str:
    """Look whether this really is such a container; return what is wrong, in a sentence, or nothing."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return f"{VARIABLE}=container needs root inside the container, to become somebody else for each submission."
    live = sorted(name for name, found in psutil.net_if_stats().items() if found.isup and name != "lo")
    if live:
        return f"the container has a network ({live[0]}); start it with --network none."
    for program in ("prlimit", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is missing from the container; install util-linux."
    here = Path.cwd()
    if not any(_closed(folder) for folder in (here, *here.parents)):
        return f"everybody may read {here}; run: chmod 700 {here}"
    return ""


def _closed(folder: Path) -> bool:
    return not stat.S_IMODE(folder.stat().st_mode) & 0o007


def _open(folder: Path) -> None:
    """Let others pass through the temporary folders above one that was given away; only its name leads there."""
    top = Path(tempfile.gettempdir())
    while top in folder.parents:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)
        folder = folder.parent


def command(inner: Sequence[str], *, env: Mapping[str, str], room: Room) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the environment that run ``inner`` as a user of its own."""
    user = bubblewrap.new_user()
    for path in room.writable:
        bubblewrap.give(path, user)
        path.chmod(0o700)
        _open(path.parent)
    limits = room.limits
    words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all"]
    words += ["--no-new-privs", "prlimit", "--core=0", "--nofile=1024", f"--nproc={limits.processes:.0f}"]
    words += [f"--fsize={limits.file_mb * MB:.0f}", f"--data={limits.memory_mb * MB:.0f}", "--"]
    home = str(room.writable[0]) if room.writable else "/tmp"
    return [*words, *inner], {**env, "HOME": home, "USER": "student", "IPYTHONDIR": f"{home}/.ipython"}


def end(room: Room) -> None:
    """End what a program of a stranger left running: everything of the user that its folders were given to."""
    users = {path.stat().st_uid for path in room.writable}
    for _ in range(ROUNDS):
        left = [process for process in psutil.process_iter() if _user(process) in users]
        if not left:
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.1)


def _user(process: psutil.Process) -> int:
    """Return whose a process is; -1 if it has ended."""
    try:
        return -1 if process.status() == psutil.STATUS_ZOMBIE else process.uids().real
    except psutil.Error:
        return -1
