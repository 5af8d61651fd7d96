"""Normalization: make what is averaged over have mean 0 and variance 1, then scale and shift it.

Batch, layer and group normalization differ only in what they average over. In the backward pass the mean of a
gradient and its component along the output have no effect, so both are taken away.

Two things make it fast. Sums over pixels are products with a vector of ones, which run at the speed of the
matrix product. And what is one number per channel is multiplied together first, so that few passes over the
images are left, a few images at a time.
"""

import math
from typing import NamedTuple

import numpy as np

from lib.errors import ConfigError, ShapeError

from ._checks import check_array, check_shape
from .scratch import empty

EPS = 1e-5

# Bytes of the images of one chunk: below 1 MB the calls cost more than the cache saves.
_CHUNK_BYTES = 2 * 1024 * 1024


class NormCache(NamedTuple):
    """What a backward pass needs: the input less its mean, how it was scaled, and how it was laid out.

    ``mean`` and ``var`` are what was measured (or given), one number for each set of numbers that share them.
    """

    centered: np.ndarray
    gamma: np.ndarray
    inverse_std: np.ndarray
    axis: int
    shape: tuple
    measured: bool
    mean: np.ndarray
    var: np.ndarray


def _planes(x, axis):
    """View x as (N, C, pixels) if the channels come first, else as (N, pixels, C); say which."""
    if axis == 1 and x.ndim > 2:
        return x.reshape(*x.shape[:2], math.prod(x.shape[2:])), False
    x = np.moveaxis(x, axis, -1)
    return x.reshape(len(x), math.prod(x.shape[1:-1]), x.shape[-1]), True


def _as_before(planes, shape, axis):
    """Undo ``_planes``."""
    if axis == 1 and len(shape) > 2:
        return planes.reshape(shape)
    others = tuple(n for a, n in enumerate(shape) if a != axis)
    return np.moveaxis(planes.reshape(*others, shape[axis]), -1, axis)


def _chunks(planes):
    """Slice a batch into pieces that fit the cache."""
    step = max(1, _CHUNK_BYTES * len(planes) // max(1, planes.nbytes))
    return [slice(start, start + step) for start in range(0, len(planes), step)]


def _sums(planes, last):
    """Sum the pixels of each image and channel: (N, C)."""
    if last:
        return np.matmul(np.ones((1, planes.shape[1]), planes.dtype), planes)[:, 0]
    return np.matmul(planes, np.ones(planes.shape[2], planes.dtype))


def _dots(a, b, last):
    """Sum the products of two batches over the pixels of each image and channel: (N, C)."""
    return _sums(a * b, last) if last else np.vecdot(a, b)


def _along(values, last):
    """Give numbers (N, C) or (C,), one for each channel, the axis that lets them stand beside planes."""
    return values[..., None, :] if last else values[..., None]


def _inverse_std(var, eps, dtype):
    return (1 / np.sqrt(var + eps)).astype(dtype)


def _check_input(where, x, eps):
    check_array(where, "x", x)
    number = isinstance(eps, int | float | np.floating) and not isinstance(eps, bool)
    if not (number and np.isfinite(eps) and eps >= 0):
        msg = f"{where}: eps={eps!r} is not a number >= 0. 1e-5 is usual."
        raise ConfigError(msg)


def _axis(where, x, channel_axis):
    """Return the place of the channels, counted from 0."""
    if isinstance(channel_axis, bool) or not isinstance(channel_axis, int | np.integer):
        msg = f"{where}: channel_axis={channel_axis!r} is not a whole number. Use -1 for channels last, 1 for first."
        raise ConfigError(msg)
    if x.ndim < 2 or not -x.ndim <= channel_axis < x.ndim or channel_axis % x.ndim == 0:
        msg = f"{where}: x has shape {x.shape}, wanted the batch first and channels on axis {channel_axis}."
        raise ShapeError(msg)
    return channel_axis % x.ndim


def batch_norm_forward(x, gamma, beta, *, eps=EPS, channel_axis=-1, mean=None, var=None):
    """Normalize each channel over the batch and all pixels.

    Parameters
    ----------
    x : ndarray, shape (N, D), (N, H, W, C) or (N, C, H, W), float
    gamma, beta : ndarray, shape (C,)
        Scale and shift of each channel.
    eps : float >= 0
        Added to the variance, so that a constant channel is not divided by zero.
    channel_axis : int
        -1 for features or channels last, 1 for channels first.
    mean, var : ndarray, shape (C,), optional
        Use these instead of the batch's own: running averages, at test time.

    Returns
    -------
    out : ndarray, shape and dtype of x
    cache : NormCache
        ``cache.mean`` and ``cache.var`` have shape (C,).

    Raises
    ------
    ShapeError
        If x is not floating point, or gamma, beta, mean or var are not one number a channel.
    ConfigError
        If eps is not a number >= 0, or only one of mean and var is given.

    Notes
    -----
    out = gamma * (x - mean) / sqrt(var + eps) + beta. The variance divides by the number of values.
    Source: S. Ioffe, C. Szegedy, Batch Normalization, arXiv:1502.03167, 2015, algorithm 1.

    Examples
    --------
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> out, cache = batch_norm_forward(x, np.ones(2), np.zeros(2), eps=0)
    >>> out.tolist(), cache.mean.tolist()
    ([[-1.0, -1.0], [1.0, 1.0]], [2.0, 20.0])
    """
    where = "batch_norm"
    _check_input(where, x, eps)
    axis = _axis(where, x, channel_axis)
    if (mean is None) != (var is None):
        msg = f"{where}: only {'var' if mean is None else 'mean'} is given. Give mean and var, or neither of them."
        raise ConfigError(msg)
    given = {"gamma": gamma, "beta": beta} | ({} if mean is None else {"mean": mean, "var": var})
    for name, value in given.items():
        check_shape(where, name, value, (x.shape[axis],), f"one number for each channel of x {x.shape}")
    planes, last = _planes(x, axis)
    gamma, count, measured = gamma.astype(x.dtype, copy=False), max(1, x.size // x.shape[axis]), mean is None
    if measured:
        # first within each image, then over the images: the rounding errors of short sums are smaller
        mean = _sums(planes, last).sum(axis=0) / x.dtype.type(count)
    centered, out = empty(planes.shape, x.dtype), empty(planes.shape, x.dtype)
    squares = np.zeros(x.shape[axis], x.dtype)
    for chunk in _chunks(planes):
        np.subtract(planes[chunk], _along(mean.astype(x.dtype, copy=False), last), out=centered[chunk])
        if measured:
            squares += _dots(centered[chunk], centered[chunk], last).sum(axis=0)
    if measured:
        var = squares / x.dtype.type(count)
    inverse_std = _inverse_std(var, eps, x.dtype)
    for chunk in _chunks(planes):
        np.multiply(centered[chunk], _along(gamma * inverse_std, last), out=out[chunk])
        out[chunk] += _along(beta.astype(x.dtype, copy=False), last)
    cache = NormCache(centered, gamma, inverse_std, axis, x.shape, measured, mean, var)
    return _as_before(out, x.shape, axis), cache


def batch_norm_backward(dout, cache):
    """Carry a gradient back through batch normalization.

    Parameters
    ----------
    dout : ndarray, shape of x
    cache : NormCache
        As ``batch_norm_forward`` returned it.

    Returns
    -------
    dx : ndarray, shape of x
    dgamma, dbeta : ndarray, shape (C,)
        All of the dtype of x.

    Examples
    --------
    >>> out, cache = batch_norm_forward(np.array([[1.0], [3.0], [5.0]]), np.ones(1), np.zeros(1))
    >>> batch_norm_backward(np.ones((3, 1)), cache)[0].tolist()   # moving all together changes nothing
    [[0.0], [0.0], [0.0]]
    """
    centered, gamma, inverse_std, axis, shape, measured, *_ = cache
    check_shape("batch_norm", "dout", dout, shape, "the shape of x")
    planes, last = _planes(dout.astype(centered.dtype, copy=False), axis)
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    for chunk in _chunks(planes):
        dgamma += _dots(planes[chunk], centered[chunk], last).sum(axis=0)
        dbeta += _sums(planes[chunk], last).sum(axis=0)
    dgamma *= inverse_std
    # gamma is the same wherever a channel is averaged, so both averages are at hand already
    share = gamma.dtype.type(1 / max(1, planes.size // len(gamma)))
    dx = empty(planes.shape, planes.dtype)
    for chunk in _chunks(planes):
        if measured:
            np.multiply(centered[chunk], _along(dgamma * inverse_std * -share, last), out=dx[chunk])
            dx[chunk] += planes[chunk]
            dx[chunk] -= _along(dbeta * share, last)
            dx[chunk] *= _along(gamma * inverse_std, last)
        else:  # mean and variance were given: x moves its own output only
            np.multiply(planes[chunk], _along(gamma * inverse_std, last), out=dx[chunk])
    return _as_before(dx, shape, axis), dgamma, dbeta


def layer_norm_forward(x, gamma, beta, *, eps=EPS):
    """Normalize each sample over all its features.

    Parameters
    ----------
    x : ndarray, shape (N, ...), float
    gamma, beta : ndarray, shape of one sample
    eps : float >= 0

    Returns
    -------
    out : ndarray, shape and dtype of x
    cache : NormCache

    Notes
    -----
    Source: J. Ba, J. Kiros, G. Hinton, Layer Normalization, arXiv:1607.06450, 2016.

    Examples
    --------
    >>> layer_norm_forward(np.array([[1.0, 3.0], [10.0, 30.0]]), np.ones(2), np.zeros(2), eps=0)[0].tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    where = "layer_norm"
    _check_input(where, x, eps)
    if x.ndim < 2:
        msg = f"{where}: x has shape {x.shape}, wanted the batch first and features after it."
        raise ShapeError(msg)
    for name, value in (("gamma", gamma), ("beta", beta)):
        check_shape(where, name, value, x.shape[1:], f"the shape of one sample of x {x.shape}")
    rows = x.reshape(len(x), math.prod(x.shape[1:]))
    share = x.dtype.type(1 / max(1, rows.shape[1]))
    mean = rows.sum(axis=1, keepdims=True) * share
    centered = rows - mean
    var = np.vecdot(centered, centered)[:, None] * share
    inverse_std = _inverse_std(var, eps, x.dtype)
    out = centered * inverse_std
    out *= gamma.astype(x.dtype, copy=False).reshape(-1)
    out += beta.astype(x.dtype, copy=False).reshape(-1)
    cache = NormCache(centered, gamma, inverse_std, -1, x.shape, True, mean.ravel(), var.ravel())
    return out.reshape(x.shape), cache


def layer_norm_backward(dout, cache):
    """Carry a gradient back through layer normalization.

    Parameters
    ----------
    dout : ndarray, shape of x
    cache : NormCache
        As ``layer_norm_forward`` returned it.

    Returns
    -------
    dx : ndarray, shape of x
    dgamma, dbeta : ndarray, shape of one sample
        All of the dtype of x.

    Examples
    --------
    >>> out, cache = layer_norm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=0)
    >>> [g.tolist() for g in layer_norm_backward(np.array([[1.0, 0.0]]), cache)]
    [[[0.0, 0.0]], [-1.0, 0.0], [1.0, 0.0]]
    """
    centered, gamma, inverse_std, _, shape, *_ = cache
    check_shape("layer_norm", "dout", dout, shape, "the shape of x")
    d = dout.astype(centered.dtype, copy=False).reshape(centered.shape)
    normalized = centered * inverse_std
    share = d.dtype.type(1 / max(1, d.shape[1]))
    dx = d * gamma.astype(d.dtype, copy=False).reshape(-1)
    along = np.vecdot(dx, normalized)[:, None] * share
    dx -= dx.sum(axis=1, keepdims=True) * share
    dx -= normalized * along
    dx *= inverse_std
    dgamma, dbeta = (d * normalized).sum(axis=0), d.sum(axis=0)
    return dx.reshape(shape), dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)


def _group_means(values, groups, pixels):
    """Average numbers (N, C), sums over pixels, over each group of channels; repeat it for each channel."""
    N, C = values.shape
    size = C // groups
    means = values.reshape(N, groups, size).sum(axis=2) * values.dtype.type(1 / max(1, size * pixels))
    return np.repeat(means, size, axis=1)


def group_norm_forward(x, gamma, beta, groups, *, eps=EPS, channel_axis=-1):
    """Normalize each sample over groups of neighboring channels, all pixels of a group together.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C) or (N, C, H, W), float
    gamma, beta : ndarray, shape (C,)
    groups : int
        G; divides C. 1 averages over the whole sample, C over each channel by itself.
    eps : float >= 0
    channel_axis : int
        -1 for channels last, 1 for channels first.

    Returns
    -------
    out : ndarray, shape and dtype of x
    cache : NormCache
        ``cache.mean`` and ``cache.var`` have shape (N * G,).

    Notes
    -----
    Refuses what batch_norm_forward refuses, and channels that cannot be divided into groups of one size.
    Source: Y. Wu, K. He, Group Normalization, arXiv:1803.08494, 2018, section 3.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 10.0, 30.0]).reshape(1, 1, 1, 4)
    >>> group_norm_forward(x, np.ones(4), np.zeros(4), 2, eps=0)[0].ravel().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    where = "group_norm"
    _check_input(where, x, eps)
    axis = _axis(where, x, channel_axis)
    channels = x.shape[axis]
    for name, value in (("gamma", gamma), ("beta", beta)):
        check_shape(where, name, value, (channels,), f"one number for each channel of x {x.shape}")
    whole = isinstance(groups, int | np.integer) and not isinstance(groups, bool)
    if not whole or groups < 1 or channels % groups:
        msg = f"{where}: {channels} channels cannot be divided into groups={groups!r}. Use a divisor."
        raise ConfigError(msg)
    planes, last = _planes(x, axis)
    gamma, beta = gamma.astype(x.dtype, copy=False), beta.astype(x.dtype, copy=False)
    pixels, size = planes.shape[1 if last else 2], channels // groups
    centered, out = empty(planes.shape, x.dtype), empty(planes.shape, x.dtype)
    mean, var, inverse_std = (np.empty((len(x), channels), x.dtype) for _ in range(3))
    for chunk in _chunks(planes):
        mean[chunk] = _group_means(_sums(planes[chunk], last), groups, pixels)
        np.subtract(planes[chunk], _along(mean[chunk], last), out=centered[chunk])
        var[chunk] = _group_means(_dots(centered[chunk], centered[chunk], last), groups, pixels)
        inverse_std[chunk] = _inverse_std(var[chunk], eps, x.dtype)
        np.multiply(centered[chunk], _along(gamma * inverse_std[chunk], last), out=out[chunk])
        out[chunk] += _along(beta, last)
    mean, var = mean[:, ::size].ravel(), var[:, ::size].ravel()  # one of each group
    cache = NormCache(centered, gamma, inverse_std, axis, x.shape, True, mean, var)
    return _as_before(out, x.shape, axis), cache


def group_norm_backward(dout, cache):
    """Carry a gradient back through group normalization.

    Parameters
    ----------
    dout : ndarray, shape of x
    cache : NormCache
        As ``group_norm_forward`` returned it.

    Returns
    -------
    dx : ndarray, shape of x
    dgamma, dbeta : ndarray, shape (C,)
        All of the dtype of x.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 10.0, 30.0]).reshape(1, 1, 1, 4)
    >>> out, cache = group_norm_forward(x, np.ones(4), np.zeros(4), 2, eps=0)
    >>> group_norm_backward(np.ones_like(x), cache)[1].tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    centered, gamma, inverse_std, axis, shape, _, mean, _ = cache
    check_shape("group_norm", "dout", dout, shape, "the shape of x")
    planes, last = _planes(dout.astype(centered.dtype, copy=False), axis)
    groups, pixels = mean.size // max(1, len(planes)), planes.shape[1 if last else 2]
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    dx = empty(planes.shape, planes.dtype)
    for chunk in _chunks(planes):
        d, c, scale = planes[chunk], centered[chunk], inverse_std[chunk]
        along, total = _dots(d, c, last) * scale, _sums(d, last)
        dgamma += along.sum(axis=0)
        dbeta += total.sum(axis=0)
        shift = _group_means(total * gamma, groups, pixels) * scale
        tilt = _group_means(along * gamma, groups, pixels) * scale * scale
        np.multiply(d, _along(gamma * scale, last), out=dx[chunk])
        dx[chunk] -= c * _along(tilt, last)
        dx[chunk] -= _along(shift, last)
    return _as_before(dx, shape, axis), dgamma, dbeta
