"""Reach the verdict on a submission: run the probes on its lib, let the judges compare, fail closed.

Student code runs in the probe process alone, in a copy of the submission that holds no answers and none of
the modules that the exercise withholds. The judges see plain arrays. An error of our own is "not judged",
never points.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import importlib
import importlib.util
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from exercises import Context, Exercise, Verdict
from gradlab import bundles, probing
from gradlab.arrays import ArraysRefused, load_arrays
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.dataset import held_back, is_trained_on_sample, trained_on
from gradlab.dataset import require_data as require_data
from gradlab.dataset import uses_sample as uses_sample
from gradlab.errors import GradlabError
from gradlab.probing import ProbeJob
from gradlab.reference import reference_answers
from gradlab.stamp import Stamp, require_unchanged, stamp
from lib.check import job as jobs
from lib.check.fresh import clip


@dataclass(frozen=True)
class Judged:
    """The verdict on one exercise: share of the points (None: not judged), the reason, and what it took."""

    fraction: float | None
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Case:
    """What all exercises of one submission have in common.

    Attributes
    ----------
    folder : Path
        The submission as it was handed in, its course files put back.
    values : Path or None
        What ``check`` wrote while the notebook ran.
    version : str
        The release that it answers.
    probes : Path or None
        What probes of the submission's bundle gave.
    """

    course: Course
    assignment: Assignment
    folder: Path
    values: Path | None
    version: str
    probes: Path | None = None


def load_exercises(course: Course, name: str) -> dict[str, Exercise]:
    """Import ``exercises/<name>.py`` of a course and return its exercises.

    Raises
    ------
    GradlabError
        If there is no such file, or it cannot be imported, or what it rests on has changed since this process
        imported it.
    """
    require_unchanged(course)
    return _load_exercises(str(course.root), name, stamp(course, name))


@functools.lru_cache(maxsize=16)
def _load_exercises(root: str, name: str, _stamp: Stamp) -> dict[str, Exercise]:
    course = Course(root)
    path = course.exercises / f"{name}.py"
    shown = course.relative(path)
    if not path.is_file():
        msg = f"{shown} not found, so nobody knows how {name} is judged; write it."
        raise GradlabError(msg)
    try:
        module = _import(path, f"gradlab_exercises_{name}")
        found = dict(module.EXERCISES)
    except Exception as error:
        msg = f"{shown} cannot be used ({type(error).__name__}: {error}); correct it."
        raise GradlabError(msg) from error
    return found


def _import(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"{path} is no Python file"
        raise ImportError(msg)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seed(course: Course, version: str, exercise: str) -> int:
    """Return the seed of an exercise's cases: unknown to students, the same for all of them, reproducible."""
    digest = hmac.new(course.secret(), f"{version}/{exercise}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:16], "big")


def judge_submission(
    course: Course,
    assignment: Assignment,
    folder: Path,
    values: Path | None,
    *,
    version: str,
    probes: Path | None = None,
) -> dict[str, Judged]:
    """Judge every exercise that is graded by machine.

    Parameters
    ----------
    course, assignment : Course, Assignment
    folder : Path
        The submission: the student's files and the release's, before anything of it was executed.
    values : Path or None
        Folder of the arrays that ``check`` handed over; None when the notebook was not executed.
    version : str
        Version of the release. It only enters the seeds.
    probes : Path or None
        What probes gave already; those that are not there are called.

    Returns
    -------
    dict of str to Judged
        One entry for each exercise with ``graded = "auto"``, whatever happens.
    """
    case = Case(course, assignment, folder, values, version, probes)
    wanted = [exercise.name for exercise in assignment.exercises if exercise.graded == "auto"]
    try:
        exercises = load_exercises(course, assignment.name)
    except GradlabError as error:
        return {name: Judged(None, str(error)) for name in wanted}
    return {name: judge_one(case, exercises.get(name), name) for name in wanted}


def judge_one(case: Case, exercise: Exercise | None, name: str) -> Judged:
    """Judge one exercise; an error of ours is "not judged"."""
    begin = time.monotonic()
    try:
        if exercise is None or exercise.source == "manual":
            msg = f"exercises/{case.assignment.name}.py has no judge for {name}."
            raise GradlabError(msg)
        verdict = _verdict(evidence(case, exercise), exercise)
        fraction = float(verdict.fraction)
        if not 0.0 <= fraction <= 1.0:  # also refuses nan
            msg = f"the judge of {name} returned {fraction}, wanted a share from 0 to 1."
            raise GradlabError(msg)
        return Judged(fraction, _plain(verdict.reason), time.monotonic() - begin)
    except GradlabError as error:
        return Judged(None, _plain(str(error)), time.monotonic() - begin)
    except Exception as error:
        reason = f"error of the grader ({type(error).__name__}: {str(error)[:300]})"
        return Judged(None, reason, time.monotonic() - begin)


def _verdict(found: Evidence, exercise: Exercise) -> Verdict:
    """Show a judge what there is."""
    if found.got is None:
        return Verdict(0.0, found.problem)
    assert exercise.judge is not None
    verdict = exercise.judge(found.got, found.reference, found.context)
    return Verdict(verdict.fraction, f"{verdict.reason}{found.remark}")


def _plain(reason: str) -> str:
    """Make a reason harmless and short: students' error messages are part of it."""
    kept = "".join(c if c.isprintable() or c == "\n" else "?" for c in str(reason))
    return clip(kept, 30)[:3000]


@dataclass(frozen=True)
class Evidence:
    """What a judge is shown.

    Attributes
    ----------
    got : list of CaseAnswer or None
        None where there is nothing to judge; then ``problem`` says why, and the answer earns nothing.
    reference : list of CaseAnswer
        Of the master's lib.
    context : Context
    remark : str
        Is put behind the judge's reason.
    """

    got: list[jobs.CaseAnswer] | None
    reference: list[jobs.CaseAnswer]
    context: Context
    problem: str = ""
    remark: str = ""


def evidence(case: Case, exercise: Exercise) -> Evidence:
    """Collect what the judge of an exercise is shown; calls a probe where the bundle has no answers of it.

    Raises
    ------
    GradlabError
        If nothing can be said about any submission: data or reference answers are missing.
    """
    return _SOURCES[exercise.source](case, exercise)


@dataclass(frozen=True)
class Question:
    """What everybody in a class is asked, and what is known about the answer.

    Attributes
    ----------
    cases : list of dict of str to array
        Inputs of the probe.
    job : ProbeJob
    reference : list of CaseAnswer
        Of the master's lib; empty for a network, which has labels.
    labels : ndarray or None, shape (N,)
        Of the images that a network scores.
    """

    cases: list[dict[str, Any]]
    job: ProbeJob
    reference: list[jobs.CaseAnswer]
    labels: np.ndarray | None = None


def question(course: Course, assignment: Assignment, exercise: Exercise, version: str) -> Question:
    """Make the question of an exercise whose answers come from a probe; the same for a whole class, and made once.

    Raises
    ------
    GradlabError
        If the master's own answer fails, or data is missing.
    """
    # what else it depends on: the secret, and which kind of data there is
    more = (seed(course, version, exercise.name), uses_sample(course, assignment.dataset))
    return _question(str(course.root), assignment, exercise, version, more, stamp(course, assignment.name))


@functools.lru_cache(maxsize=64)
def _question(
    root: str, assignment: Assignment, exercise: Exercise, version: str, more: tuple[int, bool], _stamp: Stamp
) -> Question:
    course = Course(root)
    assert exercise.cases is not None
    rng = np.random.default_rng(more[0])
    cases = [{key: np.asarray(value) for key, value in inputs.items()} for inputs in exercise.cases(rng)]
    labels = None
    if exercise.source == "model":
        images, labels = _held_back(course, assignment, exercise, version)
        cases = [{**inputs, "images": images} for inputs in cases]
    job = probing.make_job(
        exercise.name, exercise.probe, cases, withhold=exercise.withhold, timeout=exercise.timeout
    )
    reference = [] if exercise.source == "model" else reference_answers(course, exercise, cases)
    return Question(cases, job, reference, labels)


def _held_back(
    course: Course, assignment: Assignment, exercise: Exercise, version: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return images that no student has, and their labels."""
    assert exercise.held_back is not None
    number = seed(course, version, f"{exercise.name}/held-back")
    return held_back(course, assignment, exercise.held_back, number, uses_sample(course, assignment.dataset))


def _from_probe(case: Case, exercise: Exercise) -> Evidence:
    """Call the probe on secret cases, on the student's lib and on the master's."""
    asked = question(case.course, case.assignment, exercise, case.version)
    answers, problem = call_probe(case, asked.job)
    return Evidence(answers, asked.reference, Context(cases=asked.cases), problem)


def _from_model(case: Case, exercise: Exercise) -> Evidence:
    """Let the student's network score held-back images; the labels stay here."""
    if not (case.folder / "model.npz").is_file():
        missing = "model.npz is missing from the submission: the training cell writes it."
        return Evidence(None, [], Context(), missing)
    sample = uses_sample(case.course, case.assignment.dataset)
    if not sample:  # sample images are drawn anew, whether its files are there or not
        require_data(case.course, case.assignment)
    remark = _compare_data(trained_on(case.folder / "model.npz"), sample)
    asked = question(case.course, case.assignment, exercise, case.version)
    answers, problem = call_probe(case, asked.job)
    training = case.assignment.training
    if training is None:
        msg = f"assignment.toml of {case.assignment.name} has no [training], so floor and target are unknown."
        raise GradlabError(msg)
    settings = (
        {"floor": training.sample_floor, "target": training.sample_target}
        if sample
        else {"floor": training.floor, "target": training.target}
    )
    context = Context(cases=asked.cases, settings=settings, sample=sample, labels=asked.labels)
    return Evidence(answers, [], context, problem, remark)


def _compare_data(provenance: str | None, sample: bool) -> str:
    """Compare what a model was trained on with what it is graded on; return a remark for the reason.

    Raises
    ------
    GradlabError
        If a network that may know real images is to be graded on drawn ones: that would say nothing.
    """
    if provenance is None:
        return ""  # the file is damaged; the probe tells
    trained_on_sample = is_trained_on_sample(provenance)
    if sample and not trained_on_sample:
        said = f"was trained on {provenance}" if provenance else "does not say what it was trained on"
        msg = (
            f"model.npz {said}, but this course grades on the SAMPLE; "
            "get the real data (./get_datasets.sh) and grade again."
        )
        raise GradlabError(msg)
    if trained_on_sample and not sample:
        return "; model.npz was trained on the SAMPLE, but is graded on real data"
    return ""


def _from_notebook(case: Case, exercise: Exercise) -> Evidence:
    """Read the values that the notebook's check handed over."""
    if case.values is None:
        msg = "the notebook was not executed, so there are no values to judge."
        raise GradlabError(msg)
    path = case.values / f"{exercise.name}.npz"
    context = Context(weights=first_weights(case.folder / "model.npz"))
    if not path.is_file():
        problem = "the cell gave no values: when the notebook was run from the top, a cell before it failed."
        return Evidence(None, [], context, problem)
    try:
        values = load_arrays(path)
    except ArraysRefused as error:
        return Evidence(None, [], context, f"the values cannot be read: {error}")
    return Evidence([jobs.CaseAnswer(arrays=values)], [], context)


_SOURCES = {"probe": _from_probe, "model": _from_model, "notebook": _from_notebook}


def call_probe(case: Case, job: ProbeJob) -> tuple[list[jobs.CaseAnswer] | None, str]:
    """Return the answers of a probe, or None and the problem: as the bundle has them, or called now."""
    if case.probes is not None and (case.probes / job.key / probing.OUTCOME).is_file():
        return probing.read_outcome(case.probes / job.key, job)
    with tempfile.TemporaryDirectory(prefix="gradlab-answers-") as scratch:
        into = Path(scratch) / job.key
        probing.run_probe(case.folder, bundles.checks_of(case.course), job, case.assignment.limits, into)
        return probing.read_outcome(into, job)


def probe_jobs(course: Course, assignment: Assignment, version: str) -> list[ProbeJob]:
    """Return what every submission of a class is asked: the probes of all exercises, on their secret cases.

    Exercises whose question cannot be made are left out; judging them says why.
    """
    found: list[ProbeJob] = []
    try:
        exercises = load_exercises(course, assignment.name)
    except GradlabError:
        return found
    for item in assignment.exercises:
        exercise = exercises.get(item.name)
        if item.graded == "auto" and exercise is not None and exercise.source in ("probe", "model"):
            with contextlib.suppress(Exception):
                found.append(question(course, assignment, exercise, version).job)
    return found


def first_weights(path: Path) -> np.ndarray | None:
    """Return the filters (KH, KW, C, F) of the first convolution in a model file, None if there are none."""
    try:
        arrays = load_arrays(path)
    except ArraysRefused:
        return None
    for name, value in arrays.items():
        if name.startswith("param.") and value.ndim == 4 and value.size and np.isfinite(value).all():
            return value
    return None
