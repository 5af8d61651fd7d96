"""Start Jupyter kernels in the sandbox.

``manager(room)`` makes what gradlab's own executions use. Whoever starts papermill, or anything else of Jupyter, by hand
gets the same walls with ``JUPYTER_DEFAULT_PROVISIONER_NAME=gradlab-sandbox``.

Client and kernel speak through sockets in a folder of their own: in there is no network to speak through.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from gradlab import bubblewrap, container, sandbox
from gradlab.bubblewrap import Room
from gradlab.watchdog import Watchdog, innermost

NAME = "gradlab-sandbox"
#: Seconds between starting bubblewrap and finding the kernel below it.
BIRTH = 10.0
#: The longest path of a socket that Linux takes, less what stands behind the folder.
LONGEST = 107 - len("/kernel-99")


class SandboxProvisioner(LocalProvisioner):
    """LocalProvisioner with walls, limits and a watch around the kernel."""

    _folder: Path | None = None
    _watch: Watchdog | None = None
    _room: Room | None = None

    @property
    def stopped(self) -> str:
        """Why the kernel was killed, to follow the word "it"; empty when it was not."""
        return self._watch.reason if self._watch else ""

    def raise_fault(self) -> None:
        """Raise what was no fault of the notebook, if that ended the kernel."""
        if self._watch:
            self._watch.raise_fault()

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Wrap the kernel's command; nothing runs if there is no sandbox."""
        found = sandbox.require()
        if found == "none":
            return await super().pre_launch(**kwargs)
        manager = self.parent
        if self._folder is None:  # a first start, not a restart
            self._folder = _socket_folder()
            manager.transport, manager.cache_ports = "ipc", False
            manager.ip = str(self._folder / "kernel")
            manager.connection_file = str(self._folder / "connection.json")
        for socket in self._folder.glob("kernel-*"):
            socket.unlink()
        kwargs = await super().pre_launch(**kwargs)
        cwd = Path(kwargs.get("cwd") or Path.cwd()).resolve()
        asked: Room = getattr(manager, "room", None) or Room((cwd,))
        resources = tuple(Path(path) for path in (self.kernel_spec.resource_dir,) if path)
        self._room = Room((*asked.writable, self._folder), (*asked.readable, *resources), asked.limits)
        given = kwargs.get("env")
        env = sandbox.environment() if getattr(manager, "room", None) is None else dict(given or {})
        env["MPLCONFIGDIR"] = str(_fonts(self._folder))
        words = [str(word) for word in kwargs["cmd"]]
        if found == "container":
            kwargs["cmd"], kwargs["env"] = container.command(words, env=env, room=self._room)
        else:
            kwargs["cmd"] = bubblewrap.command(words, cwd=cwd, env=sandbox.inside(env), room=self._room)
            kwargs["env"] = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel, and a watch over what it takes."""
        info = await super().launch_kernel(cmd, **kwargs)
        if self._room is not None and self.process is not None:
            self._watch = Watchdog(self.process.pid, self._room)
            self._watch.start()
        return info

    async def send_signal(self, signum: int) -> None:
        """Interrupt the kernel itself: the processes around it would die of it and take the kernel along."""
        if self._room is None or signum != signal.SIGINT or self.process is None:
            await super().send_signal(signum)
            return
        for _ in range(int(BIRTH / 0.05)):
            kernel = innermost(self.process.pid)
            if kernel is not None or self.process.poll() is not None:
                break
            await asyncio.sleep(0.05)
        if kernel is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(kernel.pid, signum)

    async def cleanup(self, restart: bool = False) -> None:
        """End the watch, and remove the sockets."""
        await super().cleanup(restart)
        if self._watch is not None:
            self._watch.stop()
        if self._room is not None and sandbox.tier() == "container":
            container.end(self._room)
        if not restart and self._folder is not None:
            with contextlib.suppress(OSError):  # it is called more than once
                sandbox.tidy(Room((self._folder,)))
            shutil.rmtree(self._folder, ignore_errors=True)


def manager(room: Room) -> type[AsyncKernelManager]:
    """Return the kernel manager for one notebook, to be given to a notebook client.

    Parameters
    ----------
    room : Room

    Returns
    -------
    subclass of AsyncKernelManager
        Its ``stopped()`` tells afterwards why the kernel was killed, if it was.
    """
    reasons: list[SandboxProvisioner] = []

    class SandboxManager(AsyncKernelManager):
        """A kernel manager whose kernels start in the sandbox."""

        @property
        def kernel_spec(self) -> Any:
            """Return the specification of the kernel, its provisioner replaced."""
            spec = super().kernel_spec
            if spec is not None:
                spec.metadata["kernel_provisioner"] = {"provisioner_name": NAME}
            return spec

        async def _async_pre_start_kernel(self, **kw: Any) -> Any:
            register()
            found = await super()._async_pre_start_kernel(**kw)
            if isinstance(self.provisioner, SandboxProvisioner):
                reasons.append(self.provisioner)
            return found

        @staticmethod
        def stopped() -> str:
            """Return why a kernel was killed, to follow the word "it"."""
            return next((found.stopped for found in reasons if found.stopped), "")

        @staticmethod
        def raise_fault() -> None:
            """Raise what was no fault of the notebook, if that ended a kernel."""
            for found in reasons:
                found.raise_fault()

    SandboxManager.room = room
    return SandboxManager


def register() -> None:
    """Make the provisioner known, whether gradlab's entry points are installed or not."""
    known = KernelProvisionerFactory.instance().provisioners
    if NAME not in known:
        value = f"{__name__}:{SandboxProvisioner.__name__}"
        known[NAME] = EntryPoint(NAME, value, KernelProvisionerFactory.GROUP_NAME)


def _socket_folder() -> Path:
    """Make a folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="glk-"))
    if len(str(folder)) > LONGEST:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="glk-", dir="/tmp"))
    return folder


def _fonts(folder: Path) -> Path:
    """Copy matplotlib's list of fonts into a folder: without it each kernel would search them anew."""
    import matplotlib

    target = folder / "matplotlib"
    target.mkdir(exist_ok=True)
    for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copyfile(path, target / path.name)
    return target
