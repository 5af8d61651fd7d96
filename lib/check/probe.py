"""The process that calls the student's code: ``python -m lib.check.probe JOB``, in the folder that holds lib.

It is a process of its own so that an edited file is always the one that runs, whatever the notebook has
imported, and so that an endless loop or a crash takes nothing else with it. ``lib.check.job`` describes the
files in JOB.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import sys
import traceback
from pathlib import Path

import numpy as np

from lib.check.job import load_npz

#: Lines of a traceback that are kept: enough to see who called the line that failed.
MAX_TRACE = 4


class Withheld(importlib.abc.MetaPathFinder):
    """Refuse to import the modules that would make "write this layer" a one-line answer."""

    def __init__(self, names):
        self.names = tuple(names)

    def find_spec(self, fullname, path=None, target=None):
        """Raise for a withheld module or anything in it; leave all others to the next finder."""
        for name in self.names:
            if fullname == name or fullname.startswith(name + "."):
                msg = f"{name} cannot be used in this exercise: write the answer with NumPy alone"
                raise ImportError(msg, name=fullname)
        return None


class FreshLoader(importlib.machinery.SourceFileLoader):
    """Compile the source each time: a cached .pyc goes by whole seconds and misses a quick edit."""

    def path_stats(self, path):
        """Say that nothing is known about the file, which makes Python ignore its cache."""
        raise OSError(path)


def import_from_source(root):
    """Let every module of ``root/lib`` be read from its .py file."""

    def hook(folder):
        path = Path(folder)
        if path != root and root / "lib" not in (path, *path.parents):
            raise ImportError
        return importlib.machinery.FileFinder(folder, (FreshLoader, [".py"]))

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def place(error, root):
    """Tell where in the student's files an exception arose: ``(where, trace)``, empty when nowhere there."""
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{_relative(error.filename, root)}:{error.lineno}"
        return where, [f"{where}: {(error.text or '').strip()}"]
    trace = []
    for frame in traceback.extract_tb(error.__traceback__):
        name = _relative(frame.filename, root)
        if name.startswith("lib/") and not name.startswith("lib/check/"):
            trace.append((f"{name}:{frame.lineno}", f"in {frame.name}: {(frame.line or '').strip()}"))
    where = trace[-1][0] if trace else ""
    return where, [f"{spot}, {code}" for spot, code in trace[-MAX_TRACE:]]


def _relative(filename, root):
    try:
        return Path(filename).resolve().relative_to(root).as_posix()
    except (OSError, ValueError):
        return str(filename)


def sort_answers(answers):
    """Split what a probe returned into plain arrays and the type names of everything else."""
    arrays, kinds = {}, {}
    for name, value in answers.items():
        kind = type(value).__name__
        if isinstance(value, (list, tuple)):
            try:
                value = np.array(value)
            except ValueError:  # rows of different lengths
                value = None
        elif isinstance(value, (int, float, np.generic)):
            value = np.asarray(value)
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc":
            arrays[name] = np.asarray(value)
            if kind != "ndarray":
                kinds[name] = kind
        else:
            kinds[name] = f"array of {value.dtype}" if isinstance(value, np.ndarray) else kind
    return arrays, kinds


def run_case(function, inputs, root):
    """Call the probe on one case; return its arrays and its entry in answers.json."""
    before = {name: value.copy() for name, value in inputs.items()}
    np.random.seed(0)  # noqa: NPY002 - students' layers draw from NumPy's global generator
    try:
        arrays, kinds = sort_answers(function(inputs))
    except (Exception, SystemExit) as error:
        where, trace = place(error, root)
        found = {"type": type(error).__name__, "message": str(error)[:2000], "where": where, "trace": trace}
        return {}, {"ok": False, "error": found}
    mutated = [name for name, old in before.items() if not np.array_equal(inputs[name], old, equal_nan=True)]
    return arrays, {"ok": True, "kinds": kinds, "mutated": mutated}


def main(folder):
    """Run every case of the job in ``folder`` and write the answers there."""
    folder, root = Path(folder), Path.cwd().resolve()
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    cases = [{} for _ in range(job["cases"])]
    for key, value in load_npz(folder / "inputs.npz").items():
        number, _, name = key.partition(".")
        cases[int(number)][name] = value
    module, _, name = job["probe"].partition(":")
    function = getattr(importlib.import_module(module), name)
    import_from_source(root)
    sys.meta_path.insert(0, Withheld(job["withhold"]))

    arrays, entries = {}, []
    for number, inputs in enumerate(cases):
        # The number of the running case is read by whoever stops this process when time is over.
        (folder / "running").write_text(str(number), encoding="utf-8")
        found, entry = run_case(function, inputs, root)
        arrays |= {f"{number}.{key}": value for key, value in found.items()}
        entries.append(entry)
    sys.stdout.flush()
    np.savez(folder / "answers.npz", **arrays)
    partial = folder / "answers.json.part"
    partial.write_text(json.dumps({"cases": entries}), encoding="utf-8")
    partial.replace(folder / "answers.json")


if __name__ == "__main__":
    main(sys.argv[1])
