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


def compare_images(name, answer, want, rtol, **more):
    """List the symptoms of an array of images (N, C, H, W) or of filters."""
    return compare(
        name,
        answer.value(name),
        want,
        rtol=rtol,
        layout="NCHW",
        hints={"missing": unassigned(name)},
        **more,
    )


def forward_case(title, inputs, right, wrong, table=None):
    """Make a case of a forward pass; ``table`` holds published numbers that the right answer is near to."""

    def look(answer):
        want = right(inputs)[0]
        problems = compare_images("out", answer, want, EXACT, alternatives=lambda: wrong(inputs))
        if problems or table is None:
            return problems, ""
        error = float(rel_error(answer.value("out"), table))
        if error > TABLE_TOLERANCE:
            problems = [
                f"out: the difference from the table is {error:.3g}, wanted at most {TABLE_TOLERANCE:g}."
            ]
        return problems, f"difference {error!r}"

    return Case(title, inputs, look)
