"""How pictures of a network's first filters are judged."""

from __future__ import annotations

from collections.abc import Sequence

from exercises import Context, Exercise, Verdict
from lib.check.cnn.filter_grid import match_filters
from lib.check.job import CaseAnswer


def judge_filters(got: Sequence[CaseAnswer], reference: Sequence[CaseAnswer], context: Context) -> Verdict:
    """Judge the pictures of the first convolution's filters against the weights in the model handed in."""
    if context.weights is None:
        return Verdict(0.0, "model.npz holds no convolution, so there are no filters to compare with.")
    values = got[0].arrays
    if "im_array" not in values:
        return Verdict(0.0, "im_array is missing: the notebook, run from the top, did not make it.")
    grid = {
        key: values[key].item() if key in values and values[key].size == 1 else None
        for key in ("nrows", "ncols")
    }
    match = match_filters(values["im_array"], context.weights, **grid)
    filters = context.weights.shape[-1]
    return Verdict(
        match.fraction,
        " ".join(match.problems) or f"all {filters} filters of the first convolution are shown",
    )


def filters_exercise(name: str = "filters") -> Exercise:
    """Return the exercise "show the filters of the first convolution"."""
    return Exercise(name, source="notebook", judge=judge_filters)
