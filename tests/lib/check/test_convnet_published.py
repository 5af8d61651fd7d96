"""The published checks of the functional course: the reference passes, with the numbers that were printed."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from lib.check.convnet import alternatives
from lib.check.convnet.checks import CHECKS
from lib.check.job import _case_answer
from lib.check.probe import run_case
from lib.check.run import inspect, run_check

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("exercise", CHECKS)
def test_reference_passes_in_a_process_of_its_own(exercise, capsys):
    """As a student runs it, with the kernels out of reach; nothing goes to stderr."""
    run_check(exercise, CHECKS[exercise], root=PROJECT)
    out, err = capsys.readouterr()
    assert "passed" in out.splitlines()[-1]
    assert not err


@pytest.mark.parametrize(
    ("exercise", "difference"),
    [
        ("conv_forward", 2.2121476417505994e-08),
        ("max_pool_forward", 4.1666665157267834e-08),
        ("avg_pool_forward", 1.8000003183688645e-07),
    ],
)
def test_the_check_prints_the_published_difference(exercise, difference):
    """The number that students of the original course saw."""
    case = CHECKS[exercise].cases()[0]
    arrays, entry = run_case(
        getattr(importlib.import_module("lib.check.convnet.probes"), exercise), case.inputs, PROJECT
    )
    problems, note = inspect(case, _case_answer(entry, arrays))
    assert problems == []
    assert float(note.removeprefix("difference ")) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("exercise", ["max_pool_forward", "max_pool_backward"])
def test_windows_of_the_cases_have_one_largest_pixel(exercise):
    """So every rule for ties gives the same answer."""
    for case in CHECKS[exercise].cases():
        height, width = int(case.inputs["pool_height"]), int(case.inputs["pool_width"])
        best = alternatives.pool_right(case.inputs, "max")[0]
        stride = int(case.inputs["stride"])
        for i, j in np.ndindex(*best.shape[2:]):
            window = case.inputs["x"][:, :, i * stride : i * stride + height, j * stride : j * stride + width]
            assert ((window == best[:, :, i : i + 1, j : j + 1]).sum(axis=(2, 3)) == 1).all()
