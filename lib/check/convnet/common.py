"""What the checks of convolution, pooling and normalization share: tolerances, comparison, cases of forward passes."""

from __future__ import annotations

from lib.check.diagnose import compare, unassigned
from lib.check.run import Case
from lib.grad_check import rel_error

#: Allowed difference from an expectation that is computed here in double precision.
EXACT = 1e-9
#: The same for gradients, in which more numbers are added up.
GRADIENT = 1e-7
#: The published tables have eight digits.
TABLE_TOLERANCE = 2e-7


def compare_images(name, answer, want, rtol, *, called=None, hints=None, **more):
    """List the symptoms of an array of images (N, C, H, W) or of filters; ``called`` is its name in them."""
    called, got = called or name, answer.value(name)
    hints = {"missing": unassigned(called)} | (hints or {})
    problems = compare(called, got, want, rtol=rtol, layout="NCHW", hints=hints, **more)
    bare = f"{called} has shape {getattr(got, 'shape', None)}, wanted {want.shape}."
    return [f"{bare}{_size_symptom(got.shape, want.shape)}"] if problems == [bare] else problems


def _size_symptom(got, want):
    """Say what a wrong number of rows and columns may come from; empty when nothing is known."""
    if len(got) != 4 or len(want) != 4:
        return ""
    if got[:2] != want[:2]:
        part = " and ".join(
            f"{n} {what}" for what, n, m in zip(("images", "channels"), want, got, strict=False) if n != m
        )
        return f" Wanted are {part}."
    if got[2] == got[3] and want[2] != want[3]:
        return " There are as many columns as rows: is the height used for the width as well?"
    rows, columns = got[2] - want[2], got[3] - want[3]
    parts = []
    for sign, amount in ((1, "many"), (-1, "few")):
        counted = [(sign * n, what) for n, what in ((rows, "row"), (columns, "column")) if sign * n > 0]
        if counted:
            parts.append(" and ".join(f"{n} {what}{'s' * (n > 1)}" for n, what in counted) + f" too {amount}")
    hint = " The first window counts as well: + 1." if {rows, columns} <= {0, -1} else ""
    return f" {', '.join(parts).capitalize()}.{hint}"


def forward_problems(answer, want, inputs, wrong, rtol):
    """List the symptoms of a layer's output; ``wrong`` makes the usual mistakes out of the inputs."""
    return compare_images("out", answer, want, rtol, alternatives=lambda: wrong(inputs), bias=inputs.get("b"))


def forward_case(title, inputs, right, wrong, table=None):
    """Make a case of a forward pass; ``table`` holds published numbers that the right answer is near to."""

    def look(answer):
        want = right(inputs)[0]
        problems = forward_problems(answer, want, inputs, wrong, EXACT)
        if problems or table is None:
            return problems, ""
        error = float(rel_error(answer.value("out"), table))
        if error > TABLE_TOLERANCE:
            problems = [
                f"out: the difference from the table is {error:.3g}, wanted at most {TABLE_TOLERANCE:g}."
            ]
        return problems, f"difference {error!r}"

    return Case(title, inputs, look)
