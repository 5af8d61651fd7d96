"""The sliding window: its places, what it sees, and the adjoint."""

import numpy as np
import pytest

from lib.errors import ShapeError
from lib.ops import fold, output_size, unfold
from lib.ops.windows import taps, unfold_rows, window_grid
from tests.lib.ops.loop_oracle import places

# image (N, H, W, C), window, stride, pad
SHAPES = [
    pytest.param((2, 4, 4, 3), (2, 2), 2, 0, id="tiling"),
    pytest.param((2, 5, 7, 2), (3, 3), 1, 1, id="same size"),
    pytest.param((2, 8, 7, 2), (3, 2), 3, 0, id="remainder"),
    pytest.param((1, 4, 5, 1), (4, 5), 1, 0, id="whole image"),
    pytest.param((2, 3, 3, 2), (1, 1), 2, 0, id="1x1 window"),
    pytest.param((2, 2, 3, 2), (4, 4), 2, 2, id="mostly padding"),
    pytest.param((0, 4, 4, 2), (2, 2), 1, 1, id="no images"),
]


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", [0, 1, 2])
def test_output_size_counts_the_places(size, window, stride, pad):
    """The formula counts the windows that a loop finds."""
    assert max(0, output_size(size, window, stride=stride, pad=pad)) == len(places(size, window, stride, pad))


@pytest.mark.parametrize(("shape", "window", "stride", "pad"), SHAPES)
def test_unfold_copies_what_each_window_sees(shape, window, stride, pad):
    """Each window of the result equals the slice of the padded image at its place."""
    x = np.random.default_rng(0).standard_normal(shape)
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    patches = unfold(x, window, stride=stride, pad=pad)
    for i, j in np.ndindex(*patches.shape[-2:]):
        top, left = i * stride, j * stride
        seen = padded[:, top : top + window[0], left : left + window[1]]
        np.testing.assert_array_equal(patches[..., i, j].transpose(3, 0, 1, 2), seen)


@pytest.mark.parametrize(("shape", "window", "stride", "pad"), SHAPES)
def test_unfolding_by_windows_gives_the_same_numbers(shape, window, stride, pad):
    """One row per window holds what the planes hold, also where it is written beside other numbers."""
    x = np.random.default_rng(0).standard_normal(shape)
    planes = unfold(x, window, stride=stride, pad=pad)
    KH, KW, C, N, OH, OW = planes.shape
    matrix = np.zeros((N * OH * OW, KH * KW * C + 1))
    rows = unfold_rows(x, window, stride=stride, pad=pad, out=matrix[:, :-1].reshape(N, OH, OW, KH, KW, C))
    np.testing.assert_array_equal(rows, planes.transpose(3, 4, 5, 0, 1, 2))
    assert not matrix[:, -1].any()


@pytest.mark.parametrize(("shape", "window", "stride", "pad"), SHAPES)
def test_fold_is_adjoint_of_unfold(shape, window, stride, pad):
    """<unfold(x), c> equals <x, fold(c)>."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    patches = unfold(x, window, stride=stride, pad=pad)
    c = rng.standard_normal(patches.shape)
    folded = fold(c, shape, stride=stride, pad=pad)
    assert folded.shape == shape
    assert np.sum(patches * c) == pytest.approx(np.sum(x * folded), rel=1e-10, abs=1e-12)


def test_taps_cover_each_window_in_order():
    """Tap i of place n is pixel n*stride + i."""
    assert [list(range(9)[tap]) for tap in taps(3, 3, 2)] == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    ("image", "window", "pad", "advice"),
    [((4, 4), (7, 7), 0, 2), ((4, 4), (7, 7), 1, 2), ((8, 3), (2, 4), 0, 1), ((1, 9), (6, 1), 0, 3)],
)
def test_window_too_large_says_the_padding_that_fits(image, window, pad, advice):
    """The padding in the message is the smallest with which the window fits."""
    with pytest.raises(ShapeError, match=f"with pad={pad}. Use a smaller window or pad >= {advice}"):
        window_grid("conv2d", image, window, stride=1, pad=pad)
    assert min(window_grid("conv2d", image, window, stride=1, pad=advice)) >= 1
    with pytest.raises(ShapeError):
        window_grid("conv2d", image, window, stride=1, pad=advice - 1)
