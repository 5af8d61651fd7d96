"""Max pooling: the largest pixel of every window, and the way back to where it stood.

The maximum is separable: first over the columns of a window, then over its rows. Along with it goes one byte
per window that says which pixel won; the backward pass scatters the gradient there. A few images at a time,
so that the temporaries stay in the processor's cache.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ._checks import check_array, check_shape
from .scratch import empty
from .windows import taps, window_grid

# Bytes of input of one chunk.
_CHUNK_BYTES = 1024 * 1024


class PoolCache(NamedTuple):
    """What ``max_pool2d_backward`` needs of the forward pass."""

    winner: np.ndarray
    shape: tuple
    window: tuple
    stride: int
    dtype: np.dtype


def _images_per_chunk(x_shape, dtype):
    return max(1, _CHUNK_BYTES // max(1, x_shape[1] * x_shape[2] * x_shape[3] * dtype.itemsize))


def _pool(x, window, stride, grid, out, winner):
    """Write the maxima of a few images to `out` and the number (u*KW + v) of the first pixel to `winner`.

    A later pixel wins only where it is strictly larger. Numbers grow along the way, so that a maximum over
    "number where it won, else 0" keeps the last winner without a masked copy, which would be slower.
    """
    KH, KW = window
    number = winner.dtype.type
    first, *others = taps(grid[1], KW, stride)
    best = x[:, :, first]  # (N, H, OW, C)
    where = np.zeros(best.shape, winner.dtype)
    for v, columns in enumerate(others, start=1):
        candidate = x[:, :, columns]
        np.maximum(where, _as_numbers(candidate > best, winner.dtype) * number(v), out=where)
        best = np.maximum(best, candidate)
    first, *others = taps(grid[0], KH, stride)
    out[...], winner[...] = best[:, first], where[:, first]
    for u, rows in enumerate(others, start=1):
        candidate = best[:, rows]
        numbers = where[:, rows] + number(u * KW)
        numbers *= _as_numbers(candidate > out, winner.dtype)
        np.maximum(winner, numbers, out=winner)
        np.maximum(out, candidate, out=out)


def _as_numbers(mask, dtype):
    """Read False and True as 0 and 1: the bytes themselves where a number takes a byte."""
    return mask.view(dtype) if dtype.itemsize == 1 else mask.astype(dtype)


def max_pool2d_forward(x, window, *, stride):
    """Keep the largest pixel of every window, channel by channel.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C), float
        Batch of images, channels last. N may be 0.
    window : tuple of int
        (KH, KW) in pixels. Windows may overlap (larger than the stride) or leave gaps (smaller).
    stride : int >= 1
        Pixels between neighboring windows, same in both directions.

    Returns
    -------
    out : ndarray, shape (N, OH, OW, C), dtype of x
        OH = 1 + (H - KH) // stride, OW likewise. Pixels beyond the last whole window are not read.
    cache : PoolCache
        What ``max_pool2d_backward`` needs: one byte per output (more for windows above 256 pixels), not x.

    Raises
    ------
    ShapeError
        If x is not a floating-point array of four axes, or no window fits.
    ConfigError
        If a side of the window or the stride is not a whole number >= 1.

    Notes
    -----
    ``out[n, i, j, c] = max over (u, v) of x[n, i*stride+u, j*stride+v, c]``

    Of equal pixels the first in row-major order wins. A NaN makes its windows NaN.

    Examples
    --------
    >>> x = np.array([[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 2.0]]).reshape(1, 2, 4, 1)
    >>> out, cache = max_pool2d_forward(x, (2, 2), stride=2)
    >>> out.ravel().tolist(), cache.winner.ravel().tolist()   # pixel 1 wins; of four equal ones pixel 0
    ([5.0, 2.0], [1, 0])
    """
    check_array("max_pool2d", "x", x, "N, H, W, C")
    N, H, W, C = x.shape
    window = tuple(window)
    grid = window_grid("max_pool2d", (H, W), window, stride=stride)
    out = empty((N, *grid, C), x.dtype)
    winner = np.empty(out.shape, np.min_scalar_type(int(window[0] * window[1]) - 1))
    step = _images_per_chunk(x.shape, x.dtype)
    for start in range(0, N, step):
        chunk = slice(start, start + step)
        _pool(x[chunk], window, stride, grid, out[chunk], winner[chunk])
    return out, PoolCache(winner, x.shape, window, stride, x.dtype)


@lru_cache(maxsize=8)
def _corners(shape, grid, stride):
    """Return the flat position of the first pixel of every window in a batch (N, H, W, C): (N, OH, OW, C)."""
    N, H, W, C = shape
    image, row, column, channel = np.ix_(
        np.arange(N) * (H * W * C),
        np.arange(grid[0]) * (stride * W * C),
        np.arange(grid[1]) * (stride * C),
        np.arange(C),
    )
    corners = image + row + column + channel
    corners.flags.writeable = False
    return corners


def max_pool2d_backward(dout, cache):
    """Send the gradient of every window to the pixel that won it.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, C), float
        Gradient of the loss with respect to the output.
    cache : PoolCache
        As ``max_pool2d_forward`` returned it.

    Returns
    -------
    dx : ndarray, shape (N, H, W, C), dtype of x
        A pixel that won several windows holds the sum of their gradients; one that won none holds zero.

    Raises
    ------
    ShapeError
        If dout has not the shape of the output, or is not floating point.

    Examples
    --------
    >>> x = np.array([[1.0, 5.0, 2.0], [3.0, 4.0, 2.0]]).reshape(1, 2, 3, 1)
    >>> out, cache = max_pool2d_forward(x, (2, 2), stride=1)
    >>> max_pool2d_backward(np.array([10.0, 1.0]).reshape(out.shape), cache)[0, :, :, 0]
    array([[ 0., 11.,  0.],
           [ 0.,  0.,  0.]])
    """
    winner, (N, H, W, C), (KH, KW), stride, dtype = cache
    check_shape("max_pool2d", "dout", dout, winner.shape, "the shape that forward produced")
    OH, OW = winner.shape[1:3]
    dx = empty((N, H, W, C), dtype)
    step = min(N, _images_per_chunk((N, H, W, C), dtype))
    offset = ((np.arange(KH)[:, None] * W + np.arange(KW)) * C).ravel()
    corner = _corners((step, H, W, C), (OH, OW), stride)
    for start in range(0, N, max(1, step)):
        chunk = slice(start, start + step)
        position = offset.take(winner[chunk])  # flat, in this chunk
        position += corner[: len(position)]
        flat = dx[chunk].reshape(-1)
        flat.fill(0)
        if max(KH, KW) <= stride:
            flat[position.reshape(-1)] = dout[chunk].reshape(-1)  # no pixel is in two windows
        else:
            np.add.at(flat, position.reshape(-1), dout[chunk].astype(dtype, copy=False).reshape(-1))
    return dx
