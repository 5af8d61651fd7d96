"""A verdict out of criteria: the share of them that is met, and the first reason why one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from exercises import Context, Verdict
from lib.check.fresh import describe_error
from lib.check.job import CaseAnswer

#: Right mathematics in single precision is right.
TOLERANCE = 1e-5

Inputs = Mapping[str, np.ndarray]
Look = Callable[[CaseAnswer, CaseAnswer, Inputs], Mapping[str, Sequence[str]]]


def share(outcomes: Iterable[tuple[str, Sequence[str]]]) -> Verdict:
    """Turn (criterion, problems) pairs into a verdict: the share that is met, and the first reasons."""
    outcomes = list(outcomes)
    wrong = [(label, problems) for label, problems in outcomes if problems]
    fraction = 1 - len(wrong) / len(outcomes)
    if not wrong:
        return Verdict(1.0, f"all {len(outcomes)} criteria met")
    label, problems = wrong[0]
    reason = (
        f"{len(outcomes) - len(wrong)} of {len(outcomes)} criteria met. {label}: {' '.join(problems[:2])}"
    )
    return Verdict(fraction, reason)


def by_case(
    got: Sequence[CaseAnswer],
    reference: Sequence[CaseAnswer],
    context: Context,
    criteria: Sequence[str],
    look: Look,
    describe: Callable[[Inputs], str],
) -> Verdict:
    """Judge case by case; the share of the criteria that are met, over all cases, is the share of the points.

    Parameters
    ----------
    got, reference : list of CaseAnswer
        Of the student's lib and of the master's.
    context : Context
    criteria : list of str
        Each counts once for each case.
    look : function(answer, right, inputs) -> dict of str to list of str
        The problems of each criterion; an empty list where it is met.
    describe : function(inputs) -> str
        What a case is made of, for the reason.
    """
    outcomes = []
    for number, (answer, right, inputs) in enumerate(zip(got, reference, context.cases, strict=True)):
        where = f"case {number + 1} ({describe(inputs)})"
        if answer.error is not None:
            found: Mapping[str, Sequence[str]] = {name: [describe_error(answer.error)] for name in criteria}
        else:
            found = look(answer, right, inputs)
        outcomes += [(where, found[name]) for name in criteria]
    if got and all(answer.error is not None for answer in got):
        return Verdict(0.0, describe_error(got[0].error))
    return share(outcomes)
