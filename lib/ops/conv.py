"""Convolution of a batch of images with a bank of filters, forward and backward.

Both passes are matrix products with the unfolded images. The unfolded matrix is KH*KW times as large as the
images, so it is made for a few images at a time, small enough to stay in the processor's cache, and made
again in the backward pass: that costs less than to keep it. It lies in memory so that what is copied at a
time is long: plane by plane where images are wide, window by window where they have many channels.
"""

from typing import NamedTuple

import numpy as np

from lib.errors import ShapeError

from ._checks import check_array, check_shape
from .scratch import empty
from .windows import fold, unfold, unfold_rows, window_grid

# Bytes of the unfolded matrix of one chunk: speed falls below 2 MB.
_CHUNK_BYTES = 3072 * 1024

# Fewer channels make a matrix product too narrow to be fast: then dx is folded.
_MANY_CHANNELS = 8


class ConvCache(NamedTuple):
    """What ``conv2d_backward`` needs of the forward pass."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    stride: int
    pad: int
    grid: tuple


def _unfolded(x, window, stride, pad, grid, dtype):
    """Unfold images to a matrix (N*OH*OW, KH*KW*C + 1); its last column is ones: the bias is a weight."""
    N, C = len(x), x.shape[3]
    shape = (N * grid[0] * grid[1], window[0] * window[1] * C + 1)
    if grid[1] // stride > window[1] * C:  # a row of a plane is longer than a row of a window
        planes = empty(shape[::-1], dtype)
        unfold(x, window, stride=stride, pad=pad, out=planes[:-1].reshape(*window, C, N, *grid))
        matrix = planes.T
    else:
        matrix = empty(shape, dtype)
        unfold_rows(x, window, stride=stride, pad=pad, out=matrix[:, :-1].reshape(N, *grid, *window, C))
    matrix[:, -1] = 1
    return matrix


def _images_per_chunk(rows, grid, dtype):
    return max(1, _CHUNK_BYTES // (rows * grid[0] * grid[1] * dtype.itemsize))


def conv2d_forward(x, w, b, *, stride=1, pad=0):
    """Slide every filter over every image and add its bias (cross-correlation).

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C), float
        Batch of images, channels last. N may be 0.
    w : ndarray, shape (KH, KW, C, F), float
        F filters. ``w[:, :, c, f]`` is applied to channel c; it is not flipped.
    b : ndarray, shape (F,), float
        One bias per filter.
    stride : int >= 1
        Pixels between neighboring windows, same in both directions.
    pad : int >= 0
        Pixels of zeros added on each of the four sides.

    Returns
    -------
    out : ndarray, shape (N, OH, OW, F)
        OH = 1 + (H + 2*pad - KH) // stride, OW likewise. Pixels beyond the last whole window are not read.
        The dtype is that of x, w and b, the wider one where they differ.
    cache : ConvCache
        What ``conv2d_backward`` needs. Holds x and w themselves: do not modify them before the backward pass.

    Raises
    ------
    ShapeError
        If a rank or dtype is wrong, the channels of x and w differ, b is not (F,), or no window fits.
    ConfigError
        If stride or pad is not a whole number, stride < 1 or pad < 0.

    Notes
    -----
    ``out[n, i, j, f] = b[f] + sum over (u, v, c) of xpad[n, i*stride+u, j*stride+v, c] * w[u, v, c, f]``

    Memory: besides the output about 2 MB, or one unfolded image where that is larger.
    Inputs are not modified.

    Examples
    --------
    >>> out, _ = conv2d_forward(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 2)), np.zeros(2), pad=1)
    >>> out.shape
    (1, 4, 4, 2)
    >>> float(out[0, 0, 0, 0]), float(out[0, 1, 1, 0])   # a corner sees 4 pixels, the inside 9
    (4.0, 9.0)
    """
    check_array("conv2d", "x", x, "N, H, W, C")
    check_array("conv2d", "w", w, "KH, KW, C, F")
    N, H, W, C = x.shape
    KH, KW, _, F = w.shape
    if w.shape[2] != C:
        msg = (
            f"conv2d: x has {C} channels on its last axis but w expects {w.shape[2]} "
            f"(x {x.shape}, w {w.shape}). "
            "x must be (N, H, W, C); from (N, C, H, W) make it with x.transpose(0, 2, 3, 1)."
        )
        raise ShapeError(msg)
    check_shape("conv2d", "b", b, (F,), "one bias for each filter of w")
    grid = window_grid("conv2d", (H, W), (KH, KW), stride=stride, pad=pad)

    dtype = np.result_type(x, w, b)
    weights = np.concatenate([w.reshape(-1, F), b[None]], dtype=dtype)  # (KH*KW*C + 1, F)
    out = empty((N, *grid, F), dtype)
    step = _images_per_chunk(len(weights), grid, dtype)
    for start in range(0, N, step):
        images, chunk = x[start : start + step], out[start : start + step]
        np.matmul(_unfolded(images, (KH, KW), stride, pad, grid, dtype), weights, out=chunk.reshape(-1, F))
    return out, ConvCache(x, w, b, stride, pad, grid)


def conv2d_backward(dout, cache, *, need_dx=True):
    """Carry the gradient of the output of ``conv2d_forward`` back to its images, filters and biases.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F), float
        Gradient of the loss with respect to the output.
    cache : ConvCache
        As ``conv2d_forward`` returned it.
    need_dx : bool
        False leaves dx out. The first layer of a network needs none, and dx is most of the work.

    Returns
    -------
    dx : ndarray, shape (N, H, W, C), or None if not need_dx
    dw : ndarray, shape (KH, KW, C, F)
    db : ndarray, shape (F,)
        All of the dtype of the forward pass's output.

    Raises
    ------
    ShapeError
        If dout has not the shape of the output, or is not floating point.

    Notes
    -----
    With X the unfolded images and D the gradient as a matrix (N*OH*OW, F): dw = X.T @ D, db = the sum of the
    rows of D, and dx folds w @ D.T, because folding is the adjoint of unfolding. Windows that move by one pixel
    make dx a convolution too: of dout with the filters turned around. With many channels that is faster.

    Examples
    --------
    >>> out, cache = conv2d_forward(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), np.zeros(1))
    >>> dx, dw, db = conv2d_backward(np.ones_like(out), cache)
    >>> dx[0, :, :, 0]   # how many windows see a pixel
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    >>> float(db[0])
    4.0
    """
    x, w, b, stride, pad, grid = cache
    KH, KW, C, F = w.shape
    check_shape("conv2d", "dout", dout, (len(x), *grid, F), "the shape that forward produced")

    dtype = np.result_type(x, w, b)
    dout = dout.astype(dtype, copy=False)
    filters = w.reshape(-1, F).astype(dtype, copy=False)
    dweights = np.zeros((len(filters) + 1, F), dtype)
    as_convolution = need_dx and C >= _MANY_CHANNELS and stride == 1 and KH == KW > pad
    dx = empty(x.shape, dtype) if need_dx and not as_convolution else None
    step = _images_per_chunk(len(dweights), grid, dtype)
    for start in range(0, len(x), step):
        images = x[start : start + step]
        d = dout[start : start + step].reshape(-1, F)
        dweights += _unfolded(images, (KH, KW), stride, pad, grid, dtype).T @ d
        if dx is not None:
            patches = (filters @ d.T).reshape(KH, KW, C, len(images), *grid)
            fold(patches, images.shape, stride=stride, pad=pad, out=dx[start : start + step])
    if as_convolution:
        turned = w[::-1, ::-1].transpose(0, 1, 3, 2)  # (KH, KW, F, C)
        dx = conv2d_forward(dout, turned, np.zeros(C, dtype), pad=KH - 1 - pad)[0]
    return dx, dweights[:-1].reshape(w.shape), dweights[-1]
