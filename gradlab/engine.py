"""Fill the bundles of a class with all the processors there are, here or on a cluster; then grading only has to read.

Workers get one submission each and give a bundle back. They see no gradebook, and it is the coordinator, this process, that
writes. It holds a few submissions in memory at a time, however large the class.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import MissingEntry

from gradlab import bundles, repair, submission, verdict, worker
from gradlab.assignment import Assignment
from gradlab.bundles import Bundle, Job, Pack
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.stamp import Stamp, stamp

#: Submissions that wait for a worker, for each worker: the next one is ready when it has finished.
AHEAD = 1
#: How often a submission is tried whose worker died.
TRIES = 3


@dataclass
class Filled:
    """What filling gave.

    Attributes
    ----------
    seconds : dict of str to float
        Student -> how long the bundle took, also if that was another day.
    keys : dict of str to str
        Student -> key of the bundle.
    made : int
        Bundles that were not there before.
    problems : dict of str to str
        Student -> why there is no bundle.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    made: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def bundle_of(course: Course, assignment: Assignment, notebook: Any, folder: Path) -> Bundle:
    """Return the bundle of one submission that is laid out; make it if it is not there.

    Parameters
    ----------
    course, assignment : Course, Assignment
    notebook : NotebookNode
        Repaired; it names the version that it answers.
    folder : Path
    """
    version = str(notebook.metadata.get("gradlab", {}).get("version", ""))
    found = _find_or_pack(course, assignment, LaidOut(notebook, folder, version, []))
    if isinstance(found, Bundle):
        return found
    job, pack = found
    return bundles.save(course, assignment.name, job.key, bundles.work(job, pack))


def fill(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    *,
    workers: int = 0,
    scheduler: str = "",
    told: Callable[[str, int], Any] = lambda student, left: None,
) -> Filled:
    """Make the bundles of a class that are not there yet.

    Parameters
    ----------
    course, assignment : Course, Assignment
    students : sequence of str
    workers : int
        Processes on this machine; 0: as many as it has processors.
    scheduler : str
        Address of a Dask scheduler, ``tcp://host:8786``; its workers do the work then.
    told : callable (student, left)
        Is called when a bundle is there, with the number of students left.

    Returns
    -------
    Filled
        A submission that cannot be laid out is left to nbgrader, which says why.

    Raises
    ------
    GradlabError
        If the cluster cannot be reached.
    """
    done = Filled()
    if not course.gradebook.is_file():
        return done
    try:
        sources = released_cells(course, assignment)
    except MissingEntry:
        return done  # nbgrader says what is to be done about it
    left = len(students)

    def have(student: str, bundle: Bundle) -> None:
        nonlocal left
        left -= 1
        done.seconds[student], done.keys[student] = bundle.seconds(), bundle.folder.name
        told(student, left)

    def jobs() -> Iterator[tuple[str, Job, Pack]]:
        for student in students:
            try:
                with lay_out(course, assignment, student, sources) as laid_out:
                    found = _find_or_pack(course, assignment, laid_out)
            except (
                Exception
            ) as error:  # whatever it is, nbgrader's own pass meets it again and tells the student
                said = "" if isinstance(error, GradlabError) else f"{type(error).__name__}: "
                done.problems[student] = f"{said}{error}"
                continue
            if isinstance(found, Bundle):
                have(student, found)
            else:
                yield student, *found

    for student, key, content in _run(jobs(), workers or os.cpu_count() or 1, scheduler, done):
        have(student, bundles.save(course, assignment.name, key, content))
        done.made += 1
    return done


@dataclass(frozen=True)
class LaidOut:
    """A submission laid out aside, as nbgrader's steps lay it out.

    Attributes
    ----------
    notebook : NotebookNode
        Repaired.
    folder : Path
        The student's files in the release that ``version`` names.
    version : str
    notes : list of str
        What was missing, refused or repaired.
    """

    notebook: Any
    folder: Path
    version: str
    notes: list[str]


@contextlib.contextmanager
def lay_out(
    course: Course, assignment: Assignment, student: str, sources: dict[str, repair.SourceCell] | None = None
) -> Iterator[LaidOut]:
    """Lay a submission out in a folder that is gone afterwards.

    Parameters
    ----------
    course, assignment : Course, Assignment
    student : str
    sources : dict of str to SourceCell, optional
        The released cells; read from the gradebook by default.

    Raises
    ------
    GradlabError
        If its notebook cannot be read.
    """
    if sources is None:
        sources = released_cells(course, assignment)
    submitted = course.submitted / student / assignment.name
    path = submitted / assignment.notebook
    read: list[str] = []
    notebook = submission.read_notebook(path, course.relative(path), read)
    released, version, notes = submission.release_of(course, assignment.name, notebook)
    notes = [*read, *notes]
    scratch = Path(tempfile.mkdtemp(prefix="gradlab-layout-"))
    try:
        notes += submission.lay_out(course, assignment, released, submitted, scratch / "folder")
        notes += repair.repair(notebook, sources, nbformat.read(released / assignment.notebook, as_version=4))
        notebook.metadata["gradlab"] = {"version": version}
        yield LaidOut(notebook, scratch / "folder", version, notes)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def released_cells(course: Course, assignment: Assignment) -> dict[str, repair.SourceCell]:
    """Read the cells of an assignment from the gradebook.

    Raises
    ------
    MissingEntry
        If the gradebook does not know it.
    """
    name = assignment.notebook.removesuffix(".ipynb")
    return repair.source_cells(f"sqlite:///{course.gradebook}", name, assignment.name)


def _find_or_pack(course: Course, assignment: Assignment, found: LaidOut) -> Bundle | tuple[Job, Pack]:
    """Return the bundle of a submission if it is there, or else the work on it."""
    pack, probes = _pack(str(course.root), assignment, found.version, stamp(course, assignment.name))
    limits = assignment.limits
    key = bundles.key_of(course, found.notebook, found.folder, version=found.version, limits=limits)
    there = bundles.find(course, assignment.name, key)
    if there:
        return there
    job = bundles.make_job(course, found.notebook, found.folder, key=key, limits=limits, probes=probes)
    return job, pack


@functools.lru_cache(maxsize=4)
def _pack(root: str, assignment: Assignment, version: str, _stamp: Stamp) -> tuple[Pack, tuple[str, ...]]:
    """Return what the submissions of one version have in common, and the keys of their probes."""
    course = Course(root)
    probes = {job.key: job for job in verdict.probe_jobs(course, assignment, version)}
    return bundles.make_pack(course, probes, assignment.extras), tuple(probes)


def _run(
    jobs: Iterator[tuple[str, Job, Pack]], workers: int, scheduler: str, done: Filled
) -> Iterator[tuple[str, str, bytes]]:
    """Give jobs to workers, a few at a time; yield student, key and content of each bundle."""
    again: list[tuple[str, Job, Pack]] = []
    tries: dict[str, int] = {}
    with _Cluster(scheduler) if scheduler else _Processes(workers) as pool:
        running: dict[Future, tuple[str, Job, Pack]] = {}
        while True:
            while len(running) < pool.size * (1 + AHEAD):
                task = again.pop() if again else next(jobs, None)
                if task is None:
                    break
                running[pool.submit(task[1], task[2])] = task
            if not running:
                return
            for future in pool.wait(running):
                student, job, pack = running.pop(future)
                try:
                    content = future.result()
                except GradlabError:
                    raise  # no sandbox, no kernel: the machine's fault
                except Exception as error:
                    tries[student] = tries.get(student, 0) + 1
                    if tries[student] < TRIES:
                        again.append((student, job, pack))
                    else:
                        why = f"{type(error).__name__}: {error}"
                        done.problems[student] = f"running it failed {TRIES} times ({why[:300]})"
                    pool.mend(error)
                    continue
                yield student, job.key, content


class _Processes:
    """Workers on this machine."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool: ProcessPoolExecutor | None = None
        self._packs: dict[int, str] = {}
        self._shelf = tempfile.TemporaryDirectory(prefix="gradlab-pack-")

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._shelf.cleanup()

    def submit(self, job: Job, pack: Pack) -> Future:
        """Let a worker do a job."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.size,
                mp_context=get_context("spawn"),
                initializer=worker.end_with,
                initargs=(os.getpid(),),
            )
        if id(pack) not in self._packs:
            path = Path(self._shelf.name) / str(len(self._packs))
            path.write_bytes(pickle.dumps(pack))
            self._packs[id(pack)] = str(path)
        try:
            return self._pool.submit(worker.work, job, self._packs[id(pack)])
        except BrokenProcessPool as error:  # a worker died while nobody waited
            self.mend(error)
            return self.submit(job, pack)

    def wait(self, running: Any) -> Any:
        """Return the futures that are done, at least one."""
        return wait(running, return_when=FIRST_COMPLETED).done

    def mend(self, error: Exception) -> None:
        """Make new workers when one was killed: Python gives up all of a pool then."""
        if isinstance(error, BrokenProcessPool) and self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


class _Cluster:
    """Workers of a Dask cluster; a job whose worker dies is done elsewhere."""

    def __init__(self, address: str) -> None:
        try:
            self._dask = importlib.import_module("distributed")
        except ImportError as error:
            msg = "--scheduler needs the extra [cluster]; run: make setup EXTRAS=dev,cluster"
            raise GradlabError(msg) from error
        try:
            self._client = self._dask.Client(address, timeout=10)
        except (OSError, TimeoutError, ValueError) as error:
            msg = f"no Dask scheduler answers at {address} ({error}); start one, or leave --scheduler out."
            raise GradlabError(msg) from error
        self._packs: dict[int, Any] = {}

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def size(self) -> int:
        """Threads of all workers there are now."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, job: Job, pack: Pack) -> Any:
        """Let some worker do a job; the pack travels once to each."""
        if id(pack) not in self._packs:
            self._packs[id(pack)] = self._client.scatter(pack, broadcast=True)
        return self._client.submit(bundles.work, job, self._packs[id(pack)], pure=False, retries=2)

    def wait(self, running: Any) -> Any:
        """Return the futures that are done, at least one."""
        with contextlib.suppress(CancelledError):  # some were given up; asking for their result tells
            self._dask.wait(list(running), return_when="FIRST_COMPLETED")
        return {future for future in running if future.status != "pending"}

    def mend(self, error: Exception) -> None:
        """Send packs anew when jobs were given up: the worker that died was the last that had one."""
        if isinstance(error, CancelledError):
            self._packs.clear()
