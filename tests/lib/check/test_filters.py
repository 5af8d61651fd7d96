"""Pictures of filters: layouts and brightness that count, and mistakes that are told."""

from __future__ import annotations

import numpy as np
import pytest

from lib.check.cnn.filter_grid import match_filters

WEIGHTS = np.random.default_rng(7).standard_normal((5, 5, 3, 8))
STACK = np.moveaxis(WEIGHTS, -1, 0)
LOW, HIGH = STACK.min((1, 2, 3), keepdims=True), STACK.max((1, 2, 3), keepdims=True)
EACH = (STACK - LOW) / (HIGH - LOW)


def mosaic(stack, nrows, ncols, space, around):
    """Lay pictures out in one image."""
    KH, KW, C = stack.shape[1:]
    size = [n * k + (n - 1) * space + 2 * around for n, k in ((nrows, KH), (ncols, KW))]
    image = np.zeros((*size, C))
    for number, picture in enumerate(stack):
        top, left = around + number // ncols * (KH + space), around + number % ncols * (KW + space)
        image[top : top + KH, left : left + KW] = picture
    return image


RIGHT = {
    "stack": STACK,
    "scaled together": (STACK - STACK.min()) / np.ptp(STACK),
    "scaled each": EACH,
    "bytes": (EACH * 255).astype(np.uint8),
    "grid of pictures": STACK.reshape(2, 4, 5, 5, 3),
    "mosaic": mosaic(EACH, 2, 4, 0, 0),
    "mosaic with gaps": mosaic(EACH, 2, 4, 1, 0),
    "mosaic with a frame": mosaic(EACH, 2, 4, 3, 3),
}


@pytest.mark.parametrize("im_array", RIGHT.values(), ids=RIGHT)
def test_layouts_and_brightness_that_count(im_array):
    """Every usual way to show the filters earns everything."""
    match = match_filters(im_array, WEIGHTS, 2, 4)
    assert match.problems == ()
    assert match.fraction == pytest.approx(1)


WRONG = {
    "missing": (None, 2, 4, "im_array is None", 1 / 6),
    "as it stands": (WEIGHTS, 2, 4, "weights as they stand", 1 / 6),
    "scrambled": (WEIGHTS.reshape(STACK.shape), 2, 4, "mixture of all filters: reshape", 1 / 3),
    "rows and columns": (
        STACK.transpose(0, 2, 1, 3),
        2,
        4,
        "rows and columns of every filter are swapped",
        2 / 3,
    ),
    "channels first": (STACK.transpose(0, 3, 1, 2), 2, 4, "channels last", 5 / 6),
    "inverted": (-STACK, 2, 4, "inverted", 2 / 3),
    "grey": (STACK.mean(-1), 2, 4, "colors are missing", 1 / 12 + 1 / 6 + 1 / 3),
    "half of them": (STACK[:4], 1, 4, "4 filters are missing", 1 / 3),
    "another layer": (
        np.random.default_rng(8).standard_normal(STACK.shape),
        2,
        4,
        "8 of 8 pictures are not",
        1 / 3,
    ),
    "grid too small": (STACK, 2, 3, "a grid of 2 x 3 does not fit 8 filters", 5 / 6),
    "no grid": (STACK, None, None, "nrows and ncols are None and None", 5 / 6),
    "not finite": (STACK * np.nan, 2, 4, "finite", 1 / 6),
}


@pytest.mark.parametrize(("im_array", "nrows", "ncols", "problem", "fraction"), WRONG.values(), ids=WRONG)
def test_mistakes_are_told_and_cost_their_share(im_array, nrows, ncols, problem, fraction):
    """Each mistake is named; what is right about the array still counts."""
    match = match_filters(im_array, WEIGHTS, nrows, ncols)
    assert problem in " ".join(match.problems)
    assert match.fraction == pytest.approx(fraction)


def test_constant_filter_is_matched_by_a_constant_picture():
    """A filter without contrast is no reason to refuse the others."""
    weights = WEIGHTS.copy()
    weights[..., 0] = 0.5
    assert match_filters(np.moveaxis(weights, -1, 0), weights, 2, 4).fraction == pytest.approx(1)
