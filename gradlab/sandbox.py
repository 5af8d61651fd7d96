"""The one place where strangers' code is started: ``run`` a program, or ``kernel_manager`` for a notebook.

Who decides what isolates it:

bubblewrap   wherever it works (``gradlab doctor`` tells)
container    ``GRADLAB_SANDBOX=container``, set in the image that docs/Containerfile makes: no network, and each submission
             as a user of its own that may read nothing of the grader's
none         only for submissions that this program made itself (the demo, the gate): see ``trust``
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gradlab import bubblewrap, container
from gradlab.bubblewrap import Room
from gradlab.errors import GradlabError
from gradlab.watchdog import Watchdog
from lib.check.process import MAX_OUTPUT, Completed, run_limited

#: Variables that a program needs to run at all. Everything else of the grader's environment stays with the
#: grader.
KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "LD_LIBRARY_PATH",
    "JUPYTER_PATH",
    "JUPYTER_RUNTIME_DIR",
    "GRADLAB_DATASET",
)
#: Those of them that name places outside a sandbox.
PLACES = ("TMPDIR", "TEMP", "TMP", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR")

#: One thread for each program: graders run several, and sums then come out the same on every machine.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

#: Folders nested deeper than this, or of a longer path, are nobody's work: they are removed.
MAX_DEPTH, MAX_PATH = 100, 3000
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)

_trusted: list[str] = []


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for strangers' code: what programs need, and ``extra``; no secret."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | THREADS | {"PYTHONIOENCODING": "utf-8"} | dict(extra or {})


def inside(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment as it is inside a sandbox: a home of its own."""
    kept = {name: value for name, value in env.items() if name not in PLACES}
    return {**kept, "HOME": "/tmp", "USER": "student", "IPYTHONDIR": "/tmp/ipython"}


@contextlib.contextmanager
def trust(whose: str) -> Iterator[None]:
    """Let submissions run without a sandbox where none can be had: ours, which nobody else has written.

    Parameters
    ----------
    whose : str
        For whoever reads the code: what makes them ours.
    """
    _trusted.append(whose)
    try:
        yield
    finally:
        _trusted.pop()


def trusted() -> bool:
    """Tell whether what runs now may run without a sandbox."""
    return bool(_trusted)


def tier() -> str:
    """Return what isolates strangers' code on this machine: "bubblewrap", "container" or "none"."""
    if container.asked():
        return "none" if container.problem() else "container"
    return "none" if bubblewrap.problem() else "bubblewrap"


def why_not() -> str:
    """Return in a sentence why there is no sandbox; nothing where there is one."""
    return container.problem() if container.asked() else bubblewrap.problem()


def isolated() -> bool:
    """Tell whether strangers' code is kept from the grader's files and network; every graded notebook says it."""
    return tier() != "none"


def require() -> str:
    """Return the tier, if strangers' code may be run at all.

    Raises
    ------
    GradlabError
        If there is no sandbox, and what is to run is not ours.
    """
    found = tier()
    if found == "none" and not _trusted:
        msg = (
            f"submissions are strangers' code, and there is no sandbox for it here: {why_not()} Nothing was run; "
            "`gradlab doctor` says what to do."
        )
        raise GradlabError(msg)
    return found


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout: float,
    room: Room,
    env: Mapping[str, str] | None = None,
    max_output: int = MAX_OUTPUT,
) -> Completed:
    """Run strangers' code and wait for it.

    Parameters
    ----------
    command : sequence of str or Path
    cwd : Path
        A throw-away folder: the code may change anything in it.
    timeout : float
        Seconds until it is killed, with everything it started.
    room : Room
        What it finds, and its limits. Afterwards its writable folders hold plain files and folders only.
    env : mapping of str to str, optional
        Variables on top of ``environment()``.
    max_output : int
        Bytes kept of stdout and of stderr.

    Returns
    -------
    Completed
        returncode, stdout, stderr, timed_out, seconds, and ``stopped``: what it took too much of.

    Raises
    ------
    GradlabError
        If there is no sandbox.
    MachineFull
        If it was killed because this machine had no memory or disk left.
    """
    found = require()
    words = [str(word) for word in command]
    # Without a notebook there is no screen to draw on; in a kernel matplotlib chooses for itself.
    full = environment({"MPLBACKEND": "agg"} | dict(env or {}))
    if found == "bubblewrap":
        full = inside(full)
        words = bubblewrap.command(words, cwd=cwd, env=full, room=room)
        full = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    elif found == "container":
        words, full = container.command(words, env=full, room=room)
    watch: list[Watchdog] = []

    def started(pid: int) -> None:
        watch.append(Watchdog(pid, room))
        watch[0].start()

    try:
        done = run_limited(words, cwd=cwd, timeout=timeout, env=full, max_output=max_output, started=started)
    finally:
        for dog in watch:
            dog.stop()
        if found == "container":
            container.end(room)
        tidy(room)
    for dog in watch:
        dog.raise_fault()
    return Completed(**{**vars(done), "stopped": watch[0].reason if watch else ""})


def tidy(room: Room) -> None:
    """Leave plain files and folders in what a program could write to, and make them readable.

    A link could name any file of the grader's, a pipe would keep its reader waiting.
    """
    for top in room.writable:
        _tidy(top)


def _tidy(top: Path) -> None:
    if sys.platform != "linux":
        return  # only submissions of our own run there
    folder = os.open(top, _FOLDER)
    try:
        _tidy_folder(folder, str(top), 0)
    finally:
        os.close(folder)


def _tidy_folder(folder: int, path: str, depth: int) -> None:
    """Tidy an open folder. Names are looked up in it, never by way of a path, which could have become a link meanwhile."""
    os.fchmod(folder, 0o755)
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
    for name, mode in found:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(mode):
                longer = f"{path}/{name}"
                if depth >= MAX_DEPTH or len(longer) > MAX_PATH:
                    _remove(folder, name)
                    continue
                below = _open_closed(folder, name)
                try:
                    _tidy_folder(below, longer, depth + 1)
                finally:
                    os.close(below)
            elif not stat.S_ISREG(mode):
                os.unlink(name, dir_fd=folder)
            elif mode & 0o400 == 0:
                file = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
                try:
                    Path(f"/proc/self/fd/{file}").chmod(0o644)
                finally:
                    os.close(file)


def _open_closed(folder: int, name: str) -> int:
    """Open a folder that its owner may have closed to everybody."""
    place = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY, dir_fd=folder)
    try:
        Path(f"/proc/self/fd/{place}").chmod(0o755)
        return os.open(".", _FOLDER, dir_fd=place)
    finally:
        os.close(place)


def _remove(folder: int, name: str) -> None:
    """Remove a folder in which others are nested so deep that no path leads to the innermost, and Python's stack ends before it."""
    where = f"/proc/{os.getpid()}/fd/{folder}"
    for words in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
        subprocess.run([*words, "--", f"./{name}"], cwd=where, capture_output=True, check=False)
