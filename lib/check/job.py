"""What passes between a check and the process that calls the student's code: files, and only plain data.

    JOB/job.json       {"probe": "lib.check.cnn.probes:conv_forward", "withhold": ["lib.ops"], "cases": 3}
    JOB/inputs.npz     "0.x", "0.w", "1.x", …       what the probe is given, case by case
    JOB/answers.json   per case: ok, or the error with its place; what each answer was if not an array
    JOB/answers.npz    "0.out", "1.out", …          what came back

Nothing is pickled, so reading the answers of a stranger's code runs none of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

#: An answers.json longer than this was not written by the probe runner.
MAX_JSON = 1_000_000


@dataclass(frozen=True)
class Other:
    """Stands for an answer that is no array: ``kind`` is the name of its type, e.g. ``"list"``."""

    kind: str


@dataclass(frozen=True)
class CaseError:
    """An exception in the student's code.

    ``trace`` holds the last lines inside their files, outermost first: ``"lib/cnn/layer_utils.py:41, in
    forward: …"``.
    """

    type: str
    message: str
    where: str = ""
    trace: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseAnswer:
    """What one case gave: arrays by name, other kinds of answers by name, or the error that ended it."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    mutated: tuple[str, ...] = ()
    error: CaseError | None = None

    def value(self, name, *, lists=False):
        """Return the array ``name``, None when nothing came back, or ``Other`` when it is no array.

        A list of numbers counts as an array only where ``lists`` allows it.
        """
        kind = self.kinds.get(name, "NoneType")
        if name in self.arrays and (lists or kind not in ("list", "tuple")):
            return self.arrays[name]
        return None if kind == "NoneType" else Other(kind)

    def text(self, name) -> str:
        """Return a text that the probe packed with ``pack_text``; empty when it is not there."""
        array = self.arrays.get(name)
        if array is None or array.dtype != np.uint8 or array.ndim != 1:
            return ""
        return array.tobytes().decode("utf-8", errors="replace")


def pack_text(text: str) -> np.ndarray:
    """Turn a text into an array of bytes, because strings do not travel in an answer."""
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def write_job(folder: Path, probe: str, cases: Sequence[Mapping[str, object]], withhold: Sequence[str] = ()):
    """Write what ``python -m lib.check.probe FOLDER`` needs."""
    folder.mkdir(parents=True, exist_ok=True)
    job = {"probe": probe, "withhold": list(withhold), "cases": len(cases)}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    inputs = {f"{i}.{key}": np.asarray(value) for i, case in enumerate(cases) for key, value in case.items()}
    np.savez(folder / "inputs.npz", **inputs)


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """Read an npz file that our own process wrote (strangers' files go through a reader that looks first)."""
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def read_answers(
    folder: Path, num_cases: int, reader: Callable[[Path], dict[str, np.ndarray]] = load_npz
) -> list[CaseAnswer] | None:
    """Read the answers, or None when the runner did not get so far as to write them.

    Raises
    ------
    ValueError
        If the files are there but do not hold what the runner writes.
    """
    report_file, arrays_file = folder / "answers.json", folder / "answers.npz"
    if not report_file.is_file() or not arrays_file.is_file():
        return None
    if report_file.stat().st_size > MAX_JSON:
        msg = f"answers.json holds {report_file.stat().st_size} bytes, wanted at most {MAX_JSON}"
        raise ValueError(msg)
    report = json.loads(report_file.read_text(encoding="utf-8"))
    entries = report.get("cases") if isinstance(report, dict) else None
    if not isinstance(entries, list) or len(entries) != num_cases:
        msg = f"answers.json holds {entries if entries is None else len(entries)} cases, wanted {num_cases}"
        raise ValueError(msg)
    arrays: list[dict[str, np.ndarray]] = [{} for _ in range(num_cases)]
    for key, value in reader(arrays_file).items():
        number, dot, name = key.partition(".")
        if dot and number.isdigit() and int(number) < num_cases:
            arrays[int(number)][name] = value
    return [_case_answer(entry, found) for entry, found in zip(entries, arrays, strict=True)]


def _case_answer(entry, arrays) -> CaseAnswer:
    """Build one answer from its entry in answers.json; whatever has the wrong type becomes a text."""
    if not isinstance(entry, dict):
        msg = f"answers.json: a case is a {type(entry).__name__}, wanted an object"
        raise ValueError(msg)
    error = entry.get("error")
    if error is not None or not entry.get("ok"):
        error = error if isinstance(error, dict) else {}
        texts = {key: str(error.get(key, ""))[:4000] for key in ("type", "message", "where")}
        trace = error.get("trace")
        lines = tuple(str(line)[:500] for line in trace[:8]) if isinstance(trace, list) else ()
        return CaseAnswer(error=CaseError(**texts, trace=lines))
    kinds, mutated = entry.get("kinds"), entry.get("mutated")
    return CaseAnswer(
        arrays=arrays,
        kinds={str(k): str(v)[:80] for k, v in kinds.items()} if isinstance(kinds, dict) else {},
        mutated=tuple(str(name)[:80] for name in mutated[:20]) if isinstance(mutated, list) else (),
    )
