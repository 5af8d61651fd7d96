"""Run the published cases of an exercise and say how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lib.check.errors import CheckFailed
from lib.check.fresh import TIME_LIMIT, describe_error, run_probe
from lib.check.job import CaseAnswer


@dataclass(frozen=True)
class Case:
    """One published case.

    ``look(answer)`` returns the list of symptoms, empty when the answer is right, and a short note for the
    line that says so.
    """

    title: str
    inputs: dict
    look: Callable[[CaseAnswer], tuple[list[str], str]]


@dataclass(frozen=True)
class Check:
    """The published check of an exercise: a probe, its cases, and what the probe may not import."""

    probe: str
    cases: Callable[[], Sequence[Case]]
    withhold: tuple[str, ...] = ()


def run_check(name: str, check: Check, *, root=None, timeout=TIME_LIMIT):
    """Run all cases of ``check``; print a line for each, and raise at the first that is not right.

    Raises
    ------
    CheckFailed
        With the symptoms of the first wrong case.
    """
    cases = check.cases()
    answers, printed = run_probe(
        check.probe, [case.inputs for case in cases], withhold=check.withhold, root=root, timeout=timeout
    )
    if printed:
        say(f"Your code printed:\n{printed}\n")
    for number, (case, answer) in enumerate(zip(cases, answers, strict=True), start=1):
        problems, note = inspect(case, answer)
        if problems:
            lines = "".join(f"\n  {problem}" for problem in problems)
            msg = f"{name}, check {number} of {len(cases)}: {case.title}{lines}"
            raise CheckFailed(msg)
        say(f"  ok  {case.title}{note and ': '}{note}")
    counted = "the check" if len(cases) == 1 else f"all {len(cases)} checks"
    say(f"{name}: {counted} passed")


def inspect(case: Case, answer: CaseAnswer) -> tuple[list[str], str]:
    """Return the symptoms of one answer, and the note for a right one."""
    if answer.error is not None:
        said = describe_error(answer.error)
        if said.startswith("not written yet"):
            raise CheckFailed(said)
        return [said], ""
    problems, note = case.look(answer)
    if answer.mutated:  # said first: what else is wrong may come from it
        names = " and ".join(answer.mutated)
        changed = f"the input {names} was changed in place. Work on a copy: the caller still needs it."
        problems = [changed, *problems]
    return problems, note


def say(line: str):
    """Print to stdout: nbgrader takes anything on stderr for a failure."""
    print(line, flush=True)  # noqa: T201 - a check speaks to its reader
