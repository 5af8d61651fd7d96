"""Show one verdict with its evidence: the inputs on which an answer failed, what came, and what was wanted.

For the grader whom a student asks. Inputs are the secret ones: what is printed here tells a student what nobody else knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from exercises import Context, Exercise
from gradlab import assignment as assignments
from gradlab import engine, sandbox, verdict
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.toml_table import nearest
from gradlab.verdict import Case, Evidence
from gradlab.verdict_cells import score
from lib.check.fresh import describe_error
from lib.check.job import CaseAnswer

Say = Callable[[str], Any]
#: Arrays of at most so many numbers are printed whole.
MAX_SHOWN = 16


def explain(course: Course, student: str, item: str, *, name: str = "", say: Say = print) -> Path | None:
    """Reproduce the verdict on one exercise of one submission, and show what it rests on.

    Parameters
    ----------
    course : Course
    student, item : str
        As they stand in the table of grades.
    name : str
        Assignment; needed where the student handed in two with an exercise of that name.
    say : callable
        Is told a line at a time.

    Returns
    -------
    Path or None
        An npz file with all arrays: ``case<k>.input.<name>``, ``case<k>.came.<name>``, ``case<k>.wanted.<name>``. None
        where there are none.

    Raises
    ------
    GradlabError
        If there is no such submission or exercise, or a person judges it.
    """
    assignment = _assignment_of(course, student, item, name)
    sandbox.require()
    with engine.lay_out(course, assignment, student) as work:
        bundle = engine.bundle_of(course, assignment, work.notebook, work.folder)
        case = Case(course, assignment, work.folder, bundle.values, work.version, bundle.probes)
        exercise = verdict.load_exercises(course, assignment.name)[item]
        judged = verdict.judge_one(case, exercise, item)
        points = next(one.points for one in assignment.exercises if one.name == item)
        earned = score(judged, points)
        say(f"{student}, {item} of {assignment.name}, judged as version {work.version}")
        for note in work.notes:
            say(f"note: {note}")
        said = "not judged" if earned is None else f"{earned:g} of {points:g} points"
        say(f"{said}: {judged.reason}")
        found = verdict.evidence(case, exercise)
    if found.got is None:
        return None
    arrays: dict[str, np.ndarray] = {}
    told: set[str] = set()  # an answer that nobody wrote fails on every case in the same way
    for number, answer in enumerate(found.got):
        wanted = found.reference[number] if number < len(found.reference) else None
        inputs: Mapping[str, Any] = found.context.cases[number] if number < len(found.context.cases) else {}
        part = f"case{number + 1}"
        arrays |= {f"{part}.input.{key}": np.asarray(value) for key, value in inputs.items()}
        arrays |= {f"{part}.came.{key}": value for key, value in answer.arrays.items()}
        if wanted is not None:
            arrays |= {f"{part}.wanted.{key}": value for key, value in wanted.arrays.items()}
        if not _fails(exercise, found, number):
            continue
        error = "" if answer.error is None else describe_error(answer.error)
        if error and error in told:
            say(f"case {number + 1} of {len(found.got)}: {error}")
        else:
            _show_case(number, len(found.got), inputs, answer, wanted, say)
        told.add(error)
    if not arrays:
        return None
    folder = course.private / "explain" / student / assignment.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{item}.npz", **arrays)  # type: ignore[arg-type]
    return folder / f"{item}.npz"


def _assignment_of(course: Course, student: str, item: str, name: str) -> Assignment:
    """Find the assignment that a student handed in and that has the exercise."""
    if not (course.submitted / student).is_dir():
        known = [path.name for path in course.submitted.glob("*") if path.is_dir()]
        msg = f"nobody called '{student}' has handed in{nearest(student, known)}"
        raise GradlabError(msg)
    handed = [one for one in course.assignments() if (course.submitted / student / one).is_dir()]
    if name and name not in handed:
        msg = f"{student} did not hand in {name}, but {', '.join(handed) or 'nothing'}."
        raise GradlabError(msg)
    loaded = [assignments.load(course, one) for one in ([name] if name else handed)]
    found = [one for one in loaded if item in {exercise.name for exercise in one.exercises}]
    if not found:
        known = [exercise.name for one in loaded for exercise in one.exercises]
        msg = f"nothing that {student} handed in has an exercise '{item}'{nearest(item, known)}"
        raise GradlabError(msg)
    if len(found) > 1:
        listed = ", ".join(one.name for one in found)
        msg = f"'{item}' is an exercise of {listed}; say which: --assignment {found[0].name}."
        raise GradlabError(msg)
    exercise = next(one for one in found[0].exercises if one.name == item)
    if exercise.graded != "auto":
        msg = f"{item} is judged by a person: its rubric stands in Formgrader above the answer."
        raise GradlabError(msg)
    return found[0]


def _fails(exercise: Exercise, found: Evidence, number: int) -> bool:
    """Tell whether a case alone would lose points; where a judge needs them all, every case is shown."""
    assert exercise.judge is not None and found.got is not None
    if found.got[number].error is not None or len(found.got) == 1:
        return True
    context = Context(
        cases=found.context.cases[number : number + 1],
        settings=found.context.settings,
        sample=found.context.sample,
        labels=found.context.labels,
        weights=found.context.weights,
    )
    wanted = found.reference[number : number + 1]
    try:
        return exercise.judge(found.got[number : number + 1], wanted, context).fraction < 1
    except Exception:
        return True


def _show_case(
    number: int,
    num_cases: int,
    inputs: Mapping[str, Any],
    answer: CaseAnswer,
    wanted: CaseAnswer | None,
    say: Say,
) -> None:
    """Print the inputs of a case, and each array that came beside the one that was wanted."""
    say(f"\ncase {number + 1} of {num_cases}")
    for key, value in inputs.items():
        say(f"  input   {key}: {_shown(np.asarray(value))}")
    if answer.error is not None:
        say(f"  came    {describe_error(answer.error)}")
    right = wanted.arrays if wanted else {}
    for key in sorted({*answer.arrays, *right}):
        came = answer.arrays.get(key)
        if key not in right:
            say(f"  came    {key}: {_shown(answer.arrays[key])}")
        elif came is None:
            nothing = "" if answer.error is not None else f"  came    {key}: nothing\n"
            say(f"{nothing}  wanted  {key}: {_shown(right[key])}")
        elif not _same(came, right[key]):
            say(f"  came    {key}: {_shown(came)}\n  wanted  {key}: {_shown(right[key])}")
            if said := _worst(came, right[key]):
                say(f"          {said}")


def _same(came: np.ndarray, wanted: np.ndarray) -> bool:
    if came.shape != wanted.shape:
        return False
    if came.dtype.kind not in "fiub" or wanted.dtype.kind not in "fiub":
        return bool(np.array_equal(came, wanted))
    return bool(np.allclose(came, wanted, rtol=1e-6, atol=1e-9, equal_nan=True))


def _worst(came: np.ndarray, wanted: np.ndarray) -> str:
    """Say where two arrays of one shape differ most."""
    if came.shape != wanted.shape or came.size <= MAX_SHOWN or came.dtype.kind not in "fiub":
        return ""
    with np.errstate(all="ignore"):
        far = np.abs(came.astype(np.float64) - wanted.astype(np.float64))
    far = np.where(np.isnan(far), np.inf, far)
    at = np.unravel_index(int(far.argmax()), far.shape)
    place = "[" + ", ".join(str(int(i)) for i in at) + "]"
    num = int((far > 1e-9 + 1e-6 * np.abs(wanted)).sum())
    return (
        f"{num} of {far.size} entries differ, worst at {place}: came {came[at]:.6g}, wanted {wanted[at]:.6g}"
    )


def _shown(value: np.ndarray) -> str:
    """Write an array on one line: whole if it is small, else its shape and range."""
    if value.size <= MAX_SHOWN:
        text = np.array2string(value, precision=6, separator=", ", threshold=MAX_SHOWN)
        shape = f", shape {value.shape}" if value.ndim else ""
        return re.sub(r"\s+", " ", text)[:400] + f" ({value.dtype}{shape})"
    said = f"{value.dtype}, shape {value.shape}"
    if value.dtype.kind in "fiub":
        numbers = value[~np.isnan(value)]
        said += f", from {numbers.min():.6g} to {numbers.max():.6g}" if numbers.size else ", all nan"
    return said
