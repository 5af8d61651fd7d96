"""The judges of every assignment, shown arrays that are no answers: none of them earns a point, or makes a judge fail."""

from __future__ import annotations

import importlib
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from exercises import Context, Exercise, Verdict
from gradlab.course import Course
from gradlab.reference import reference_answers
from lib.check.job import CaseAnswer

PROJECT = Path(__file__).resolve().parents[2]
ASSIGNMENTS = sorted(path.parent.name for path in (PROJECT / "source").glob("*/assignment.toml"))
#: The smallest stays in the daily run.
DAILY = "cnn_svhn"
#: A network whose first weights have the shapes that are asked for has a seventh of its points, whatever stands in them.
SHAPES = dict.fromkeys(("convnets_cifar10", "threelayer_cifar10"), 0.143)
Spoil = Callable[[np.ndarray], np.ndarray]

ODD: dict[str, Spoil] = {
    "not a number": lambda a: np.full(a.shape, np.nan),
    "infinite": lambda a: np.full(a.shape, -np.inf),
    "near the largest float": lambda a: np.full(a.shape, 1.79e308),
    "a single number": lambda a: np.float64(7.25),
    "one axis more": lambda a: (a.astype(float) + 1e3)[None],
    "flattened and cut": lambda a: a.ravel()[:-1].astype(float) + 1e3,
    "empty": lambda a: np.zeros(0),
    "empty and endless": lambda a: np.zeros((0, 10**9)),
    "16 axes": lambda a: np.full((1,) * 16, 7.25),
    "half floats": lambda a: np.full(a.shape, 6e4, dtype=np.float16),
    "long floats": lambda a: np.full(a.shape, np.longdouble("1e4000")),
    "big-endian integers": lambda a: np.full(a.shape, 2**31 - 5, dtype=">i4"),
    "unsigned": lambda a: np.full(a.shape, 2**64 - 1, dtype=np.uint64),
    "booleans": lambda a: np.ones(a.shape, dtype=bool),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the course without data, release or gradebook."""
    root = tmp_path_factory.mktemp("answers") / "course"
    for name in ("lib", "exercises", "source"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return Course(root)


def judged_by_probe(name: str) -> list[Exercise]:
    """Return the exercises of an assignment whose answers are the student's arrays."""
    return [e for e in importlib.import_module(f"exercises.{name}").EXERCISES.values() if e.source == "probe"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n == DAILY else pytest.mark.slow) for n in ASSIGNMENTS]
)
def test_no_judge_gives_points_for_odd_arrays(name: str, course: Course) -> None:
    """Every array of every answer spoiled in the same way."""
    faults = []
    for exercise in judged_by_probe(name):
        assert exercise.cases is not None
        assert exercise.judge is not None
        drawn = exercise.cases(np.random.default_rng(7))
        cases = [{key: np.asarray(value) for key, value in inputs.items()} for inputs in drawn]
        reference = reference_answers(course, exercise, cases)
        context = Context(cases=cases)
        full = exercise.judge(reference, reference, context)
        assert full.fraction == 1, f"{exercise.name}: the reference itself earns {full}"
        for kind, spoil in ODD.items():
            got = [
                CaseAnswer({key: np.asarray(spoil(a)) for key, a in answer.arrays.items()}, answer.kinds)
                for answer in reference
            ]
            try:  # a warning is one in the grader's log, no more
                with warnings.catch_warnings(action="ignore"):
                    verdict = exercise.judge(got, reference, context)
            except Exception as error:
                faults.append(f"{exercise.name}, {kind}: {type(error).__name__}: {error}")
                continue
            if not isinstance(verdict, Verdict) or not verdict.fraction <= SHAPES.get(name, 0):
                faults.append(f"{exercise.name}, {kind}: {verdict}")
    assert faults == []
