"""What running a submission gave, kept by the content of all that went in: nothing is run twice, nothing stale is used.

    .gradlab/bundles/<assignment>/<key>/
        execution.json              outputs of the cells, notes, seconds in all and of its parts
        values/<exercise>.npz       answers that live in the notebook, as arrays
        probes/<exercise>-<key>/    what each probe gave, see ``gradlab.probing``

A bundle is made by ``work``, which knows no course and no gradebook and can run on any machine, and put in place with
one rename: it is there whole, or not at all.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import platform
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat

from gradlab import probing, sandbox
from gradlab.course import Course
from gradlab.execution import Execution, execute
from gradlab.limits import DEFAULT, MB, Limits
from gradlab.probing import ProbeJob
from gradlab.submission import NBGRADER_FILES

#: Bytes that the arrays of one answer in the notebook may take on disk, and those of all answers together.
MAX_VALUES, MAX_ALL_VALUES = 100 * MB, 256 * MB
#: How many answers are kept, and what they can be named.
MOST_VALUES, _VALUES = 200, re.compile(r"[A-Za-z0-9_]+\.npz")


@dataclass(frozen=True)
class Pack:
    """What all submissions of a class have in common.

    Attributes
    ----------
    probes : mapping of str to ProbeJob
        By key.
    checks : bytes
        The grader's lib/check, zipped.
    preload : tuple of str
        Modules that take long to import, and that their code needs.
    """

    probes: Mapping[str, ProbeJob] = field(default_factory=dict)
    checks: bytes = b""
    preload: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One submission, ready to be run anywhere.

    Attributes
    ----------
    key : str
        Names everything that the outcome depends on.
    notebook : str
        As JSON, its labels put right.
    files : bytes
        Everything that lies around it, zipped.
    probes : tuple of str
        Keys of the pack.
    limits : Limits
    data : str
        Path of the data folder on the machine that does the work; ``$GRADLAB_DATA`` of that machine comes first.
    dataset : str
        What ``GRADLAB_DATASET`` says.
    trusted : bool
        Whether it may run without a sandbox.
    """

    key: str
    notebook: str
    files: bytes
    probes: tuple[str, ...]
    limits: Limits = DEFAULT
    data: str = ""
    dataset: str = ""
    trusted: bool = False


@dataclass(frozen=True)
class Bundle:
    """A bundle in place."""

    folder: Path

    @property
    def values(self) -> Path:
        """Folder of the answers that live in the notebook."""
        return self.folder / "values"

    @property
    def probes(self) -> Path:
        """Folder of what the probes gave."""
        return self.folder / "probes"

    def execution(self) -> Execution:
        """Return what the run of the notebook gave."""
        told = json.loads((self.folder / "execution.json").read_text(encoding="utf-8"))
        cells = {
            name: ([nbformat.from_dict(output) for output in outputs], count)
            for name, (outputs, count) in told["cells"].items()
        }
        return Execution(cells, told["notes"], told["seconds"])

    def seconds(self) -> float:
        """Return how long notebook and probes took."""
        return float(json.loads((self.folder / "execution.json").read_text(encoding="utf-8"))["all_seconds"])


def key_of(course: Course, notebook: Any, folder: Path, *, version: str, limits: Limits) -> str:
    """Name everything that the outcome of running a submission depends on.

    Parameters
    ----------
    course : Course
    notebook : NotebookNode
        Its labels put right; every cell with an id.
    folder : Path
        The student's files in the release.
    version : str
        Of the release.
    limits : Limits
    """
    cells = [(cell.get("id", ""), cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    dataset = os.environ.get("GRADLAB_DATASET", "")
    about = [version, engine_version(course), cells, asdict(limits), dataset, sandbox.tier(), _data(course)]
    digest = hashlib.sha256(json.dumps(about).encode())
    for name, path in _files(folder):
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:40]


def make_job(
    course: Course, notebook: Any, folder: Path, *, key: str, limits: Limits, probes: tuple[str, ...]
) -> Job:
    """Pack a submission that is laid out in a folder.

    Parameters
    ----------
    course, notebook, folder, limits
        As for ``key_of``.
    key : str
    probes : tuple of str
        Keys of the probes to be called.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for name, path in _files(folder):
            zipped.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return Job(
        key=key,
        notebook=json.dumps(notebook),
        files=archive.getvalue(),
        probes=probes,
        limits=limits,
        data=str(course.data),
        dataset=os.environ.get("GRADLAB_DATASET", ""),
        trusted=sandbox.trusted(),
    )


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of what lies around a notebook."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if path.suffix != ".ipynb" and "__pycache__" not in path.parts and name not in NBGRADER_FILES:
            yield name, path


def make_pack(course: Course, probes: Mapping[str, ProbeJob], preload: tuple[str, ...] = ()) -> Pack:
    """Describe what all submissions of a class have in common."""
    archive = io.BytesIO()
    own = checks_of(course)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(own.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                zipped.write(path, path.relative_to(own).as_posix())
    return Pack(dict(probes), archive.getvalue(), preload)


def work(job: Job, pack: Pack) -> bytes:
    """Run a submission: its notebook once, and its probes. Needs no course, no gradebook and no shared disk.

    Parameters
    ----------
    job : Job
    pack : Pack

    Returns
    -------
    bytes
        The bundle, zipped.

    Raises
    ------
    GradlabError
        If this machine has no sandbox or no kernel.
    """
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        if job.trusted:
            stack.enter_context(sandbox.trust("whoever asked for this trusts it"))
        scratch = tempfile.TemporaryDirectory(prefix="gradlab-work-", ignore_cleanup_errors=True)
        root = Path(stack.enter_context(scratch))
        folder, made, checks = root / "submission", root / "bundle", root / "checks"
        for archive, target in ((job.files, folder), (pack.checks, checks)):
            target.mkdir()
            if archive:
                with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
                    zipped.extractall(target)
        (made / "values").mkdir(parents=True)
        (made / "probes").mkdir()
        found = execute(
            nbformat.from_dict(json.loads(job.notebook)),
            folder,
            data=Path(os.environ.get("GRADLAB_DATA") or job.data),
            values=root / "values",
            limits=job.limits,
            dataset=job.dataset,
        )
        probing_begins = time.monotonic()
        left = MAX_ALL_VALUES
        # the smallest first: what is there to fill a worker's memory takes no answer's place
        named = (path for path in (root / "values").glob("*.npz") if _VALUES.fullmatch(path.name))
        for path in sorted(named, key=lambda path: path.lstat().st_size)[:MOST_VALUES]:
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= min(MAX_VALUES, left):
                left -= path.stat().st_size
                shutil.copyfile(path, made / "values" / path.name)
        asked = [pack.probes[key] for key in job.probes]
        probing.run_probes(folder, checks, asked, job.limits, made / "probes", preload=pack.preload)
        told = {"cells": found.cells, "notes": found.notes, "seconds": found.seconds}
        told["parts"] = {**found.parts, "probes": time.monotonic() - probing_begins}
        told["all_seconds"] = time.monotonic() - begin
        (made / "execution.json").write_text(json.dumps(told), encoding="utf-8")
        return _zip(made)


def find(course: Course, assignment: str, key: str) -> Bundle | None:
    """Return a bundle if it is there."""
    folder = _shelf(course, assignment) / key
    return Bundle(folder) if (folder / "execution.json").is_file() else None


def save(course: Course, assignment: str, key: str, content: bytes) -> Bundle:
    """Put the outcome of ``work`` in place; of two that come at once, the first stays."""
    shelf = _shelf(course, assignment)
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=shelf, ignore_cleanup_errors=True) as aside:
        draft = Path(aside) / "bundle"
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            zipped.extractall(draft)  # refuses paths that lead out of the folder
        with contextlib.suppress(OSError):
            draft.rename(shelf / key)
    found = find(course, assignment, key)
    if found is None:
        msg = f"the bundle {key} could not be written to {course.relative(shelf)}"
        raise OSError(msg)
    return found


def prune(course: Course, assignment: str, keep: set[str]) -> None:
    """Remove the bundles of an assignment that no submission has any more, and what a killed run left."""
    for path in _shelf(course, assignment).glob("*"):
        if path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)


@functools.lru_cache(maxsize=8)
def _version(root: str, stamp: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _, _ in stamp:
        digest.update(name.encode() + b"\n" + Path(root, name).read_bytes())
    for package in ("numpy", "scipy", "matplotlib", "ipykernel"):
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    digest.update(platform.python_version().encode())
    return digest.hexdigest()[:16]


def engine_version(course: Course) -> str:
    """Name the code that runs submissions: gradlab's own part in it, the checks, Python and its packages."""
    here = Path(__file__).parent
    ours = [
        here / f"{name}.py"
        for name in (
            *("bubblewrap", "bundles", "execution", "holdings", "probe_host", "probing", "sandbox"),
            *("syscall_filter", "watchdog"),
        )
    ]
    paths = [*ours, *sorted(checks_of(course).rglob("*.py")), Path(execute.__code__.co_filename)]
    stamp = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
    return _version("/", stamp)


def checks_of(course: Course) -> Path:
    """Return the grader's own lib/check."""
    own = course.lib / "check"
    return own if own.is_dir() else Path(probing.jobs.__file__).parent


def _data(course: Course) -> list[tuple[str, int]]:
    """Describe the data sets that a notebook can find, by name and size."""
    if not course.data.is_dir():
        return []
    paths = sorted(
        path for path in course.data.rglob("*") if path.is_file() and not path.name.startswith(".")
    )
    return [(path.relative_to(course.data).as_posix(), path.stat().st_size) for path in paths]


def _shelf(course: Course, assignment: str) -> Path:
    return course.private / "bundles" / assignment


def _zip(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                zipped.write(path, path.relative_to(folder).as_posix())
    return archive.getvalue()
