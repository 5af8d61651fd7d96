"""Convolution and pooling as their definitions say it, one number at a time: the oracle of the fast code.

Nothing here imports the code under test.
"""

import itertools

import numpy as np


def places(size, window, stride, pad=0):
    """List the first pixel of every window that lies wholly inside the padded axis."""
    return [first for first in range(0, size + 2 * pad, stride) if first + window <= size + 2 * pad]


def conv2d(x, w, b, stride, pad):
    """Return the cross-correlation of images (N, H, W, C) with filters (KH, KW, C, F)."""
    KH, KW, C, F = w.shape
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    rows, columns = places(x.shape[1], KH, stride, pad), places(x.shape[2], KW, stride, pad)
    out = np.zeros((len(x), len(rows), len(columns), F), x.dtype)
    for n, (i, top), (j, left), f in itertools.product(
        range(len(x)), enumerate(rows), enumerate(columns), range(F)
    ):
        total = b[f]
        for u, v, c in itertools.product(range(KH), range(KW), range(C)):
            total = total + padded[n, top + u, left + v, c] * w[u, v, c, f]
        out[n, i, j, f] = total
    return out


def max_pool2d(x, window, stride):
    """Return the maximum of each window and the (row, column) of the first one in row-major order."""
    KH, KW = window
    rows, columns = places(x.shape[1], KH, stride), places(x.shape[2], KW, stride)
    out = np.zeros((len(x), len(rows), len(columns), x.shape[3]), x.dtype)
    where = np.zeros((*out.shape, 2), int)
    for n, (i, top), (j, left), c in itertools.product(
        range(len(x)), enumerate(rows), enumerate(columns), range(x.shape[3])
    ):
        best = None
        for u, v in itertools.product(range(KH), range(KW)):
            value = x[n, top + u, left + v, c]
            if best is None or value > best:
                best = value
                where[n, i, j, c] = top + u, left + v
        out[n, i, j, c] = best
    return out, where


def max_pool2d_backward(dout, x, window, stride):
    """Return the gradient of the images: every window's gradient at its first maximum."""
    where = max_pool2d(x, window, stride)[1]
    dx = np.zeros_like(x)
    for n, i, j, c in np.ndindex(*dout.shape):
        row, column = where[n, i, j, c]
        dx[n, row, column, c] += dout[n, i, j, c]
    return dx


def numeric_gradient(f, x, dout, h=1e-6):
    """Return the gradient of sum(f(x) * dout) with respect to x, by central differences; x is restored."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        old = x[index]
        x[index] = old + h
        above = np.sum(f(x) * dout)
        x[index] = old - h
        below = np.sum(f(x) * dout)
        x[index] = old
        gradient[index] = (above - below) / (2 * h)
    return gradient


def relative_error(got, want):
    """Return the largest difference, relative to the largest entry."""
    return np.max(np.abs(got - want), initial=0) / max(1e-12, np.max(np.abs(want), initial=0))


def distinct(rng, shape, dtype=np.float64):
    """Return an array of entries that differ by far more than a numeric gradient's step."""
    return (rng.permutation(int(np.prod(shape))) / 10).reshape(shape).astype(dtype)
