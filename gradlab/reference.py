"""What the probes give on the master's lib: computed once for these inputs and this lib, and kept."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exercises import Exercise
from gradlab import bundles, probing, sandbox
from gradlab.arrays import load_arrays
from gradlab.course import Course
from gradlab.errors import GradlabError
from lib.check import job as jobs

#: Seconds that a probe may take on the master's lib.
REFERENCE_TIMEOUT = 300.0


def reference_answers(
    course: Course, exercise: Exercise, cases: Sequence[Mapping[str, Any]]
) -> list[jobs.CaseAnswer]:
    """Return what the probe gives on the master's lib, computed once for these inputs and this lib.

    Raises
    ------
    GradlabError
        If the master's own answer fails: then nobody is judged by it.
    """
    shelf = course.private / "cache" / "reference"
    folder = shelf / _reference_key(course, exercise, cases)
    answers = _read_reference(folder, len(cases))
    if answers is None:
        shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="new-", dir=shelf, ignore_cleanup_errors=True) as scratch:
            work, draft = Path(scratch) / "work", Path(scratch) / "job"
            probing.copy_submission(course.lib, work / "lib")
            probing.put_checks(bundles.checks_of(course), work)
            jobs.write_job(draft, exercise.probe, cases)
            with sandbox.trust("the answers of the master"):
                done = probing.run_runner(work, draft, REFERENCE_TIMEOUT)
            answers = _read_reference(draft, len(cases))
            if answers is None:
                last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
                msg = f"the probe of {exercise.name} gives no answer on the master's lib: {last[:300]}"
                raise GradlabError(msg)
            (draft / "inputs.npz").unlink()
            if not folder.exists():
                with contextlib.suppress(OSError):  # another grader was faster; its answers are the same
                    draft.replace(folder)
    for answer in answers:
        if answer.error is not None:
            problem = f"{answer.error.type}: {answer.error.message}"
            msg = f"the master's own answer to {exercise.name} fails: {problem}"
            raise GradlabError(msg)
    return answers


def _read_reference(folder: Path, num_cases: int) -> list[jobs.CaseAnswer] | None:
    try:
        return jobs.read_answers(folder, num_cases, reader=load_arrays)
    except (OSError, ValueError):
        return None


def _reference_key(course: Course, exercise: Exercise, cases: Sequence[Mapping[str, Any]]) -> str:
    """Name what a reference depends on: the probe, its inputs, and every file of the master's lib."""
    digest = hashlib.sha256(f"{exercise.name}\n{exercise.probe}\n".encode())
    for inputs in cases:
        for key in sorted(inputs):
            value = np.ascontiguousarray(inputs[key])
            digest.update(f"{key} {value.dtype} {value.shape}\n".encode() + value.tobytes())
    for path in sorted(course.lib.rglob("*.py")):
        digest.update(path.relative_to(course.lib).as_posix().encode() + b"\n" + path.read_bytes())
    return f"{exercise.name}-{digest.hexdigest()[:24]}"
