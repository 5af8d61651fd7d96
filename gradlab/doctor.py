"""Try out what grading needs on this machine, and say what works and what to install: ``gradlab doctor``.

Nothing is looked up: each line is the outcome of an attack that really was made from inside the sandbox.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gradlab import bubblewrap, container, sandbox
from gradlab.bubblewrap import Room
from gradlab.course import Course
from gradlab.limits import Limits

#: What to do where bubblewrap is not installed, or is but may not work.
INSTALL = {
    "debian": "sudo apt-get install bubblewrap",
    "fedora": "sudo dnf install bubblewrap",
    "arch": "sudo pacman -S bubblewrap",
    "suse": "sudo zypper install bubblewrap",
}
APPARMOR = (
    "Ubuntu 23.10 and later forbid it to programs without a profile. As root, write /etc/apparmor.d/bwrap:\n"
    "    abi <abi/4.0>,\n"
    "    include <tunables/global>\n"
    "    profile bwrap /usr/bin/bwrap flags=(unconfined) {\n"
    "      userns,\n"
    "    }\n"
    "and run: systemctl reload apparmor"
)
DOCKER = (
    "This is a container whose rules forbid namespaces. Either start it with\n"
    "    docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined ...\n"
    "(and --cap-add SYS_ADMIN where that does not do), or let the container be the sandbox: docs/grading.md."
)
CONTAINER = "Without bubblewrap, grade in a container that has no network: docs/grading.md."


@dataclass(frozen=True)
class Finding:
    """What one attack gave: its name, whether it was contained, and what was seen."""

    name: str
    contained: bool
    seen: str


def examine(course: Course) -> list[Finding]:
    """Attack the sandbox from inside.

    Parameters
    ----------
    course : Course
        Its gradebook's folder holds the canary that must not be readable.

    Returns
    -------
    list of Finding
    """
    found = []
    with _canary(course) as canary, _listener() as port, tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        attacks = {
            "network": f"import socket\nfor to in (('127.0.0.1', {port}), ('1.1.1.1', 53), ('169.254.169.254', 80)):\n"
            "    try:\n        socket.create_connection(to, 2)\n        print('REACHED', to)\n"
            "    except OSError as error:\n        print(error)\n",
            "files of the course": f"try:\n    print('REACHED', open({str(canary)!r}).read())\n"
            "except OSError as error:\n    print(error)\n",
            "home and system": "import os\nfor path in ('/etc/passwd', '/etc/shadow', "
            f"{str(Path.home() / '.bashrc')!r}, '/proc/1/' + 'root/etc/passwd'):\n"
            "    try:\n        open(path).read()\n        print('REACHED', path)\n"
            "    except OSError as error:\n        print(type(error).__name__)\n",
            "Python installation": f"try:\n    open({str(Path(sys.prefix) / 'canary')!r}, 'w')\n    print('REACHED')\n"
            "except OSError as error:\n    print(error)\n",
            "other processes": "import glob, os\nseen = []\nfor path in glob.glob('/proc/[0-9]*/cmdline'):\n"
            "    words = open(path).read().split(chr(0))\n"
            "    if path.split('/')[2] != str(os.getpid()) and words[0] not in ('bwrap', 'setpriv', 'prlimit', 'true'):\n"
            "        seen.append(words[0])\nprint('REACHED', seen) if seen else print('sees none')\n",
            "memory": "blocks = []\nfor _ in range(40):\n    blocks.append(bytearray(20_000_000))\nprint('REACHED 800 MB')\n",
            "memory that is nobody's": "import os\ntry:\n    os.memfd_create('x')\n    print('REACHED')\nexcept OSError as error:\n    print(error)\n",
            "processes": "import subprocess\nchildren = []\ntry:\n    for _ in range(100):\n"
            "        children.append(subprocess.Popen(['/bin/sleep', '5']))\n    print('REACHED 100 processes')\n"
            "except OSError as error:\n    print(len(children), 'processes, then:', error.strerror)\n",
            "size of a file": "try:\n    open('big', 'wb').write(b'0' * 30_000_000)\n    print('REACHED 30 MB')\n"
            "except OSError as error:\n    print(error.strerror)\n",
            "time": "import time\ntime.sleep(60)\nprint('REACHED')\n",
        }
        limits = Limits(memory_mb=300, processes=40, file_mb=20)
        # in a container the system's files are there to read, others to see, and no call is filtered
        if sandbox.tier() == "container":
            for name in ("home and system", "other processes", "memory that is nobody's"):
                del attacks[name]
        for name, code in attacks.items():
            folder = work / name.replace(" ", "-")
            folder.mkdir()
            done = sandbox.run(
                [sys.executable, "-c", code],
                cwd=folder,
                timeout=10 if name != "time" else 3,
                room=Room((folder,), limits=limits),
            )
            lines = [line for line in (done.stdout + done.stderr).strip().splitlines() if line]
            seen = (
                "stopped when its time was over"
                if done.timed_out
                else done.stopped or (lines or ["nothing"])[-1]
            )
            reached = [line for line in lines if line.startswith("REACHED")]
            found.append(Finding(name, not reached, "; ".join(reached) or seen))
    return found


def torch_works() -> Finding | None:
    """Import PyTorch in the sandbox and multiply; None where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    code = "import torch\nprint(float((torch.ones(9, 9) @ torch.ones(9, 9)).sum()))"
    with tempfile.TemporaryDirectory() as scratch:
        done = sandbox.run(
            [sys.executable, "-c", code], cwd=Path(scratch), timeout=120, room=Room((Path(scratch),))
        )
    lines = (done.stdout + done.stderr).strip().splitlines() or [done.stopped or "nothing"]
    return Finding("PyTorch works inside", done.stdout.strip() == "729.0", lines[-1])


def advice() -> str:
    """Return what to do where there is no sandbox."""
    if container.asked():
        return container.problem()
    why = bubblewrap.problem()
    if sys.platform != "linux":
        return CONTAINER
    if "not installed" in why:
        ids = _os_release()
        for family, line in INSTALL.items():
            if (
                family in ids
                or (family == "debian" and "ubuntu" in ids)
                or (family == "fedora" and "rhel" in ids)
            ):
                return f"Run: {line}\n{CONTAINER}"
        return f"Install bubblewrap 0.8 or later with the package manager of this system.\n{CONTAINER}"
    if _restricted_by_apparmor():
        return f"{APPARMOR}\n{CONTAINER}"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return DOCKER
    return f"Allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1).\n{CONTAINER}"


def about() -> str:
    """Name the machine in one line."""
    user = "root" if hasattr(os, "getuid") and os.getuid() == 0 else "an ordinary user"
    return f"{platform.system()} {platform.release()}, Python {platform.python_version()}, as {user}"


def _os_release() -> str:
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    return " ".join(
        line.partition("=")[2].strip('"')
        for line in text.splitlines()
        if line.startswith(("ID=", "ID_LIKE="))
    )


def _restricted_by_apparmor() -> bool:
    try:
        return Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").read_text().strip() == "1"
    except OSError:
        return False


@contextmanager
def _canary(course: Course) -> Iterator[Path]:
    """Put a file beside the gradebook."""
    path = course.root / f".canary-{secrets.token_hex(4)}"
    path.write_text("the canary sings", encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def _listener() -> Iterator[int]:
    """Listen on a port of this machine."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]
