"""Call a probe on a submission: in a copy that holds no answers, in the sandbox, on plain arrays.

What is asked is a ``ProbeJob``; what came of it lies in a folder afterwards, and is read with suspicion.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gradlab import sandbox
from gradlab.arrays import MAX_BYTES, load_arrays
from gradlab.bubblewrap import Room
from gradlab.limits import DEFAULT, MB, Limits
from lib.check import job as jobs
from lib.check.fresh import SLOW
from lib.check.process import Completed

OUTCOME = "outcome.json"
#: Characters that are kept of what a student's code says when it fails.
MAX_MESSAGE = 150
#: Seconds that a sandbox of several probes may take besides theirs.
HOST_SECONDS = 60.0
#: What a probe leaves, and how many bytes of it are kept: workers hold a bundle in memory, whatever wrote it.
_ANSWERS = {"answers.json": jobs.MAX_JSON, "answers.npz": MAX_BYTES}


@dataclass(frozen=True)
class ProbeJob:
    """One probe and its inputs: everything that a process elsewhere has to know.

    Attributes
    ----------
    exercise, probe : str
        The probe as ``"lib.check.cnn.probes:conv_forward"``.
    withhold : tuple of str
        Modules that are not there while it runs.
    timeout : float
        Seconds.
    num_cases : int
    inputs : bytes
        An npz archive, see ``lib.check.job``.
    key : str
        Names all of it.
    """

    exercise: str
    probe: str
    withhold: tuple[str, ...]
    timeout: float
    num_cases: int
    inputs: bytes
    key: str


def make_job(
    exercise: str,
    probe: str,
    cases: Sequence[Mapping[str, Any]],
    *,
    withhold: Sequence[str] = (),
    timeout: float,
) -> ProbeJob:
    """Make the job of calling a probe on some cases.

    Parameters
    ----------
    exercise, probe : str
    cases : sequence of mapping of str to array
    withhold : sequence of str
    timeout : float
        Seconds.
    """
    digest = hashlib.sha256(f"{exercise}\n{probe}\n{list(withhold)}\n{timeout:g}\n{len(cases)}\n".encode())
    arrays = {f"{i}.{key}": np.asarray(value) for i, case in enumerate(cases) for key, value in case.items()}
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {value.dtype} {value.shape}\n".encode() + value.tobytes())
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    key = f"{exercise}-{digest.hexdigest()[:24]}"
    return ProbeJob(exercise, probe, tuple(withhold), timeout, len(cases), buffer.getvalue(), key)


def run_probes(
    submission: Path,
    checks: Path,
    probes: Sequence[ProbeJob],
    limits: Limits,
    into: Path,
    *,
    preload: Sequence[str] = (),
) -> None:
    """Call probes on throw-away copies of a submission's lib, and keep what came of each in ``into / key``.

    Probes from which the same modules are withheld share a sandbox, each in a fork of its own. One that took the sandbox along
    may have taken others with it, so whatever got no outcome there is called again, alone.

    Parameters
    ----------
    submission : Path
    checks : Path
        The grader's own lib/check.
    probes : sequence of ProbeJob
    limits : Limits
    into : Path
    preload : sequence of str
        Modules, besides NumPy, that are imported once for all of them.
    """
    groups: dict[tuple[str, ...], list[ProbeJob]] = {}
    for job in probes:
        groups.setdefault(job.withhold, []).append(job)
    for group in groups.values():
        if len(group) > 1 and sys.platform == "linux":
            _run_together(submission, checks, group, limits, into, preload)
        for job in group:
            if not (into / job.key / OUTCOME).is_file():
                shutil.rmtree(into / job.key, ignore_errors=True)
                run_probe(submission, checks, job, limits, into / job.key)


def _run_together(
    submission: Path,
    checks: Path,
    group: Sequence[ProbeJob],
    limits: Limits,
    into: Path,
    preload: Sequence[str],
) -> None:
    """Call probes in one sandbox; those that it has no word on are left out."""
    with _copy(submission, checks, group[0].withhold) as (copy, scratch):
        folder = scratch / "jobs"
        for number, job in enumerate(group):
            write_job(folder / f"{number:03}", job)
            (folder / f"{number:03}" / "seconds").write_text(f"{job.timeout:g}", encoding="utf-8")
        host = scratch / "host" / "probe_host.py"
        host.parent.mkdir()
        shutil.copyfile(Path(__file__).with_name(host.name), host)
        command = [sys.executable, "-B", "-W", "ignore", str(host), str(folder), *preload]
        room = Room((copy, folder), (host.parent,), limits, closes_itself=True)
        seconds = HOST_SECONDS + sum(job.timeout for job in group)
        done = sandbox.run(command, cwd=copy, timeout=seconds, room=room)
        for line in done.stdout.splitlines():
            number, told = _line(line)
            if not 0 <= number < len(group) or (into / group[number].key).exists():
                continue
            if (
                told["returncode"]
                or told["timed_out"]
                or (folder / f"{number:03}" / "answers.json").is_file()
            ):
                _keep(folder / f"{number:03}", told, into / group[number].key)


def _line(text: str) -> tuple[int, dict[str, Any]]:
    """Read what the host says of one probe, its number and how it ended: a student's code may have written in its name."""
    try:
        told = json.loads(text)
        ended = {"timed_out": bool(told["timed_out"]), "returncode": int(told["returncode"])}
        return int(told["job"]), {"stopped": "", **ended, "last": str(told["last"])[:300]}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return -1, {}


def run_probe(submission: Path, checks: Path, job: ProbeJob, limits: Limits, into: Path) -> None:
    """Call one probe in a sandbox of its own, and keep what came of it.

    Parameters
    ----------
    submission : Path
    checks : Path
        The grader's own lib/check.
    job : ProbeJob
    limits : Limits
    into : Path
        Is made; gets the outcome, and the answers if there are any.
    """
    with _copy(submission, checks, job.withhold) as (copy, scratch):
        folder = scratch / "job"
        write_job(folder, job)
        done = run_runner(copy, folder, job.timeout, limits)
        last = (done.stderr.strip().splitlines() or ["no message"])[-1][:300]
        told = {"stopped": done.stopped, "timed_out": done.timed_out, "returncode": done.returncode}
        _keep(folder, {**told, "last": last}, into)


@contextlib.contextmanager
def _copy(submission: Path, checks: Path, withheld: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Make a copy of a submission that probes can be called on; return it and the scratch folder around it."""
    with tempfile.TemporaryDirectory(prefix="gradlab-probe-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch) / "copy"
        copy_submission(submission, copy)
        put_checks(checks, copy)
        withhold(copy, withheld)
        yield copy, Path(scratch)


def _keep(folder: Path, told: dict[str, Any], into: Path) -> None:
    """Keep the answers of a probe, and how it ended."""
    into.mkdir(parents=True)
    for name, most in _ANSWERS.items():
        if (folder / name).is_file():
            if (folder / name).stat().st_size > most:
                told["stopped"] = told["stopped"] or f"answered with more than {most / MB:.0f} MB"
            else:
                shutil.copyfile(folder / name, into / name)
    (into / OUTCOME).write_text(json.dumps(told), encoding="utf-8")


def read_outcome(folder: Path, job: ProbeJob) -> tuple[list[jobs.CaseAnswer] | None, str]:
    """Read what ``run_probe`` kept: the answers, or None and the problem."""
    told = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
    if told["stopped"]:
        return None, f"was stopped: it {told['stopped']}"
    if told["timed_out"]:
        return None, f"took longer than {job.timeout:g} s: {SLOW}"
    try:
        answers = jobs.read_answers(folder, job.num_cases, reader=load_arrays)
    except (ValueError, RecursionError) as error:  # ArraysRefused and damaged JSON among them
        return None, f"the answers of the probe cannot be read: {error}"
    if answers is None:
        return None, f"the code ended the Python process (exit code {told['returncode']}): {told['last']}"
    return [_clip_message(answer) for answer in answers], ""


def _clip_message(answer: jobs.CaseAnswer) -> jobs.CaseAnswer:
    """Shorten what the student's code said when it failed: it may hold what was asked, which is the same for everybody."""
    if answer.error is None:
        return answer
    said = " ".join(answer.error.message.split())
    said = said if len(said) <= MAX_MESSAGE else f"{said[:MAX_MESSAGE]}..."
    return replace(answer, error=replace(answer.error, message=said))


def write_job(folder: Path, job: ProbeJob) -> None:
    """Write what ``python -m lib.check.probe FOLDER`` needs."""
    folder.mkdir(parents=True)
    told = {"probe": job.probe, "withhold": list(job.withhold), "cases": job.num_cases}
    (folder / "job.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "inputs.npz").write_bytes(job.inputs)


def run_runner(root: Path, folder: Path, timeout: float, limits: Limits = DEFAULT) -> Completed:
    """Start ``lib.check.probe`` in a folder that holds lib."""
    command = [sys.executable, "-B", "-W", "ignore", "-m", "lib.check.probe", str(folder)]
    return sandbox.run(command, cwd=root, timeout=timeout, room=Room((root, folder), limits=limits))


def copy_submission(source: Path, target: Path) -> None:
    """Copy the regular files of a submission, writable; links and notebooks are left out."""
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if (
            path.is_symlink()
            or not path.is_file()
            or path.suffix == ".ipynb"
            or "__pycache__" in relative.parts
        ):
            continue
        if any((source / parent).is_symlink() for parent in relative.parents):
            continue
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / relative)


def put_checks(own: Path, copy: Path) -> None:
    """Put the grader's own lib/check into a copy: the probes must be those that the judges know."""
    shutil.rmtree(copy / "lib" / "check", ignore_errors=True)
    shutil.copytree(own, copy / "lib" / "check", ignore=shutil.ignore_patterns("__pycache__"))


def withhold(copy: Path, modules: Sequence[str]) -> None:
    """Remove the files of withheld modules: a blocked import can be got around, a missing file cannot."""
    for name in modules:
        path = copy.joinpath(*name.split("."))
        shutil.rmtree(path, ignore_errors=True)
        path.with_suffix(".py").unlink(missing_ok=True)
