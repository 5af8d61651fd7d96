"""Average pooling: the mean of every window, and the way back, which shares the gradient out evenly."""

from typing import NamedTuple

import numpy as np

from ._checks import check_array, check_shape
from .windows import taps, window_grid


class AvgPoolCache(NamedTuple):
    """What ``avg_pool2d_backward`` needs of the forward pass."""

    shape: tuple
    window: tuple
    stride: int
    grid: tuple
    dtype: np.dtype


def avg_pool2d_forward(x, window, *, stride):
    """Take the mean of every window, channel by channel.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C), float
        Batch of images, channels last.
    window : tuple of int
        (KH, KW) in pixels. Windows may overlap or leave gaps.
    stride : int >= 1

    Returns
    -------
    out : ndarray, shape (N, OH, OW, C), dtype of x
        OH = 1 + (H - KH) // stride, OW likewise. Pixels beyond the last whole window are not read.
    cache : AvgPoolCache

    Raises
    ------
    ShapeError, ConfigError
        As in max_pool2d_forward.

    Notes
    -----
    The mean is separable: rows of a window first, then its columns.

    Examples
    --------
    >>> x = np.array([[1.0, 5.0, 2.0, 2.0], [3.0, 3.0, 2.0, 2.0]]).reshape(1, 2, 4, 1)
    >>> avg_pool2d_forward(x, (2, 2), stride=2)[0].ravel().tolist()
    [3.0, 2.0]
    """
    check_array("avg_pool2d", "x", x, "N, H, W, C")
    window = tuple(window)
    grid = window_grid("avg_pool2d", x.shape[1:3], window, stride=stride)
    columns = sum(x[:, :, tap] for tap in taps(grid[1], window[1], stride))  # (N, H, OW, C)
    out = sum(columns[:, tap] for tap in taps(grid[0], window[0], stride))
    out *= x.dtype.type(1 / (window[0] * window[1]))
    return out, AvgPoolCache(x.shape, window, stride, grid, x.dtype)


def avg_pool2d_backward(dout, cache):
    """Give each pixel of a window an equal part of the window's gradient.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, C), float
    cache : AvgPoolCache
        As ``avg_pool2d_forward`` returned it.

    Returns
    -------
    dx : ndarray, shape (N, H, W, C), dtype of x
        A pixel in several windows holds the sum of their parts; one that no window saw holds zero.

    Raises
    ------
    ShapeError
        If dout has not the shape of the output.

    Examples
    --------
    >>> out, cache = avg_pool2d_forward(np.zeros((1, 1, 3, 1)), (1, 2), stride=1)
    >>> avg_pool2d_backward(np.array([8.0, 4.0]).reshape(out.shape), cache).ravel().tolist()
    [4.0, 6.0, 2.0]
    """
    shape, window, stride, grid, dtype = cache
    check_shape("avg_pool2d", "dout", dout, (shape[0], *grid, shape[3]), "the shape that forward produced")
    part = dout.astype(dtype, copy=False) * dtype.type(1 / (window[0] * window[1]))
    columns = np.zeros((shape[0], grid[0], *shape[2:]), dtype)
    for tap in taps(grid[1], window[1], stride):
        columns[:, :, tap] += part
    dx = np.zeros(shape, dtype)
    for tap in taps(grid[0], window[0], stride):
        dx[:, tap] += columns
    return dx
