"""Put every variant of an answer before the student's own check and before the judge, and write down what they say."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from exercises import Context
from gradlab import regions, sandbox
from gradlab.course import Course
from gradlab.lib_regions import lib_regions
from gradlab.mutants import Mutant, exercises_of, load_mutants
from gradlab.variants import fill
from gradlab.verdict import Case, judge_one, load_exercises

#: A check of anything that a student may write ends within this time.
SECONDS = 20.0


@dataclass(frozen=True)
class Outcome:
    """What became of one variant.

    Attributes
    ----------
    family, exercise, name, story : str
    message : str
        What the check said; empty if it passed.
    fraction : float or None
        Share of the points; None if the judge could not decide.
    seconds : float
        Of the check.
    objects : bool
        Whether it is about objects of the notebook.
    """

    family: str
    exercise: str
    name: str
    story: str
    message: str
    fraction: float | None
    seconds: float
    objects: bool = False

    @property
    def problem(self) -> str:
        """Say what is not as it must be; empty if all is."""
        if self.seconds > SECONDS:
            return f"the check took {self.seconds:.0f} s"
        if self.name.startswith("right_"):
            if self.message:
                return f"the check refuses it: {self.message.splitlines()[-1].strip()}"
            return "" if self.fraction == 1.0 else f"the judge gives {self.fraction} of the points"
        if not self.message:
            return "the check lets it pass"
        if "not written yet" in self.message and not self.objects:
            return "the check takes it for not written"
        return "" if self.fraction is not None and self.fraction < 1.0 else "the judge gives all points"


def run_all(
    course: Course, family: str = "", exercise: str = "", *, workers: int = 2, few: bool = False
) -> list[Outcome]:
    """Run every variant, or those of one family or exercise.

    Parameters
    ----------
    course : Course
    family, exercise : str
        Empty means all.
    workers : int
        Processes.
    few : bool
        Only the first right and the first wrong variant of each exercise.

    Returns
    -------
    list of Outcome
        Ordered by family, exercise and place in the file.

    Raises
    ------
    GradlabError
        If a file of variants is missing or breaks the format.
    """
    wanted = [
        key for key in sorted(exercises_of(course)) if family in ("", key[0]) and exercise in ("", key[1])
    ]
    reference = lib_regions(course)
    for key in wanted:
        load_mutants(course, *key, reference)  # complain before the first minute is spent
    jobs = [(str(course.root), *key, few) for key in wanted]
    if workers < 2 or len(jobs) < 2:
        found = [_run_exercise(job) for job in jobs]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(_run_exercise, jobs))
    return [outcome for outcomes in found for outcome in outcomes]


def _run_exercise(job: tuple[str, str, str, bool]) -> list[Outcome]:
    """Run the variants of one exercise, in a process of its own."""
    root, family, exercise, few = job
    course = Course(root)
    course.activate()
    os.environ.setdefault("GRADLAB_SECRET", "the inputs of judged variants")
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    mutants = load_mutants(course, family, exercise, lib_regions(course))
    if few:
        mutants = [next(m for m in mutants if m.right), next(m for m in mutants if not m.right)]
    assignment = exercises_of(course)[family, exercise]
    judge = load_exercises(course, assignment.name)[exercise]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="gradlab-mutants-") as scratch:
        folder = Path(scratch) / "submission"
        shutil.copytree(course.lib, folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(assignment.folder / "assignment.toml", folder / "assignment.toml")
        for mutant in mutants:
            if mutant.objects is not None:
                message, seconds, fraction = _by_objects(mutant, judge)
            else:
                with _written(course, mutant, folder), sandbox.trust("the course's own variants"):
                    begin = time.monotonic()
                    message = _check(mutant, folder)
                    seconds = time.monotonic() - begin
                    case = Case(course, assignment, folder, None, "0" * 16)
                    fraction = judge_one(case, judge, exercise).fraction
            outcomes.append(
                Outcome(
                    family,
                    exercise,
                    mutant.name,
                    mutant.story,
                    message,
                    fraction,
                    seconds,
                    objects=mutant.objects is not None,
                )
            )
    return outcomes


@contextlib.contextmanager
def _written(course: Course, mutant: Mutant, folder: Path) -> Any:
    """Write the files of a variant into a copy of the master's lib, and put the master's back afterwards."""
    reference = lib_regions(course)
    files = {reference[name].filename for name in mutant.bodies}
    for name in files:
        text = fill(regions.read_text(course.root / name, name), mutant.bodies, name)
        (folder / name).write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        for name in files:
            shutil.copyfile(course.root / name, folder / name)


def _check(mutant: Mutant, folder: Path) -> str:
    """Run the student's own check; return what it said, empty if it passed."""
    from lib.check import CheckFailed, families
    from lib.check.run import run_check

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run_check(mutant.exercise, families.load(mutant.family).CHECKS[mutant.exercise], root=folder)
    except CheckFailed as error:
        return str(error)
    return ""


def _by_objects(mutant: Mutant, judge: Any) -> tuple[str, float, float | None]:
    """Check and judge objects of the notebook, handed over as arrays as when a submission runs."""
    from lib.check import CheckFailed, families
    from lib.check.job import CaseAnswer, load_npz
    from lib.check.values import export_values

    assert mutant.objects is not None
    objects = mutant.objects()
    begin = time.monotonic()
    message = ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            families.load(mutant.family).OBJECT_CHECKS[mutant.exercise](**objects)
    except CheckFailed as error:
        message = str(error)
    seconds = time.monotonic() - begin
    with tempfile.TemporaryDirectory(prefix="gradlab-values-") as values:
        export_values(mutant.exercise, objects, values)
        path = Path(values) / f"{mutant.exercise}.npz"
        arrays = load_npz(path) if path.is_file() else {}
    verdict = judge.judge([CaseAnswer(arrays=arrays)], [], Context(weights=_weights(objects.get("model"))))
    return message, seconds, float(verdict.fraction)


def _weights(model: Any) -> np.ndarray | None:
    """Return the first filters of a network of layers, as a model file would have them."""
    layers = getattr(getattr(model, "net", None), "layers", [])
    return next((w for layer in layers for w in layer.params.values() if np.ndim(w) == 4), None)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return docs/mutants.md: what each variant is and what was said about it; the same for the same outcomes."""
    wrong = [outcome for outcome in outcomes if not outcome.name.startswith("right_")]
    right = len(outcomes) - len(wrong)
    lines = [
        "# Right and wrong answers, and what the checks say",
        "",
        f"Made by `make mutants`: {len(wrong)} wrong and {right} right answers to "
        f"{len({(o.family, o.exercise) for o in outcomes})} exercises, as students write them. Each wrong one fails the "
        "student's own check, with the message shown, and loses points before the judge, on inputs that no student has "
        "seen. Each right one passes both with all points. The answers stand in `exercises/mutants/`.",
    ]
    for family, exercise in dict.fromkeys((o.family, o.exercise) for o in outcomes):
        lines += [
            "",
            f"## {family}: {exercise}",
            "",
            "| answer | the check says | points |",
            "|---|---|---:|",
        ]
        for outcome in outcomes:
            if (outcome.family, outcome.exercise) == (family, exercise):
                lines.append(_row(outcome))
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> str:
    said = "passes" if not outcome.message else _short(outcome.message)
    points = "not judged" if outcome.fraction is None else f"{outcome.fraction:.0%}"
    return f"| {_cell(outcome.story)} | {_cell(said)} | {points} |"


def _short(message: str) -> str:
    """Return the number of the check and the first symptom."""
    first, *rest = message.splitlines()
    symptom = next((line.strip() for line in rest if line.strip()), first)
    symptom = symptom.replace(tempfile.gettempdir(), "")
    number = first.partition(": ")[0].rpartition("check ")[2] if ", check " in first else ""
    said = f"check {number}: {symptom}" if number else symptom
    return said if len(said) <= 240 else f"{said[:237]}…"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").strip()
