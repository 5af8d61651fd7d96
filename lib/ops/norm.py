"""Normalization: make what is averaged over have mean 0 and variance 1, then scale and shift it.

Batch, layer and group normalization differ only in what they average over; one kernel serves them all. The
backward pass uses that the normalized values know what was done to them: the mean of a gradient and its
component along the output have no effect, so both are taken away.
"""

from typing import NamedTuple

import numpy as np

from lib.errors import ConfigError, ShapeError

from ._checks import check_array, check_shape

EPS = 1e-5


class NormCache(NamedTuple):
    """What a backward pass needs: the normalized input, how it was made, and in which shape that was done.

    ``mean`` and ``var`` are what was measured (or given), one number for each set of numbers that share them.
    """

    normalized: np.ndarray
    gamma: np.ndarray
    inverse_std: np.ndarray
    axes: tuple
    measured: bool
    mean: np.ndarray
    var: np.ndarray


def _sum(x, axes):
    """Sum over `axes`, which stay as ones: within each image first, then over the images.

    Channels last, NumPy adds up pixel after pixel; the rounding error of a sum of N*H*W float32 numbers is then
    a hundred times as large as that of two shorter ones after each other.
    """
    if axes[0] == 0 and len(axes) > 1:
        x = x.sum(axis=axes[1:], keepdims=True)
        axes = (0,)
    return x.sum(axis=axes, keepdims=True)


def _mean(x, axes):
    """Take the mean over `axes`, which stay as ones; of no numbers at all it is 0."""
    total = _sum(x, axes)
    return total * x.dtype.type(total.size / max(x.size, 1))


def _normalize(x, axes, eps, mean=None, var=None):
    """Return the normalized x, 1 / sqrt(var + eps), mean and variance; the last three keep the axes as ones."""
    measured = mean is None
    if measured:
        mean = _mean(x, axes)
    normalized = x - mean.astype(x.dtype, copy=False)
    if measured:
        var = _mean(np.square(normalized), axes)
    inverse_std = (1 / np.sqrt(var + eps)).astype(x.dtype)
    normalized *= inverse_std
    return normalized, inverse_std, mean, var


def _denormalize(g, normalized, inverse_std, axes):
    """Carry the gradient of the normalized values back to x."""
    dx = g - _mean(g, axes)
    dx -= normalized * _mean(g * normalized, axes)
    dx *= inverse_std
    return dx


def _check_eps(where, eps):
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


def _beside(values, axis, ndim):
    """Give an array (C,) the axes that let it stand beside x."""
    return values.reshape([-1 if a == axis else 1 for a in range(ndim)])


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
    check_array(where, "x", x)
    _check_eps(where, eps)
    axis = _axis(where, x, channel_axis)
    if (mean is None) != (var is None):
        msg = f"{where}: only {'var' if mean is None else 'mean'} is given. Give mean and var, or neither of them."
        raise ConfigError(msg)
    given = {"gamma": gamma, "beta": beta} | ({} if mean is None else {"mean": mean, "var": var})
    for name, value in given.items():
        check_shape(where, name, value, (x.shape[axis],), f"one number for each channel of x {x.shape}")
    axes = tuple(a for a in range(x.ndim) if a != axis)
    measured = mean is None
    if not measured:
        mean, var = _beside(mean, axis, x.ndim), _beside(var, axis, x.ndim)
    normalized, inverse_std, mean, var = _normalize(x, axes, eps, mean, var)
    out = normalized * _beside(gamma, axis, x.ndim).astype(x.dtype, copy=False)
    out += _beside(beta, axis, x.ndim).astype(x.dtype, copy=False)
    return out, NormCache(normalized, gamma, inverse_std, axes, measured, mean.ravel(), var.ravel())


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

    Raises
    ------
    ShapeError
        If dout has not the shape of x.

    Examples
    --------
    >>> out, cache = batch_norm_forward(np.array([[1.0], [3.0], [5.0]]), np.ones(1), np.zeros(1))
    >>> batch_norm_backward(np.ones((3, 1)), cache)[0].tolist()   # moving all together changes nothing
    [[0.0], [0.0], [0.0]]
    """
    normalized, gamma, inverse_std, axes, measured, *_ = cache
    check_shape("batch_norm", "dout", dout, normalized.shape, "the shape of x")
    dout = dout.astype(normalized.dtype, copy=False)
    dgamma, dbeta = _sum(dout * normalized, axes), _sum(dout, axes)
    (axis,) = (a for a in range(dout.ndim) if a not in axes)
    scale = inverse_std * _beside(gamma, axis, dout.ndim).astype(normalized.dtype, copy=False)
    if measured:
        # gamma is the same wherever a channel is averaged, so both averages are at hand already
        share = dout.dtype.type(1 / max(1, dout.size // dout.shape[axis]))
        dx = normalized * (dgamma * -share)
        dx += dout
        dx -= dbeta * share
        dx *= scale
    else:  # mean and variance were given: x moves its own output only
        dx = dout * scale
    return dx, dgamma.ravel(), dbeta.ravel()


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
    check_array(where, "x", x)
    _check_eps(where, eps)
    if x.ndim < 2:
        msg = f"{where}: x has shape {x.shape}, wanted the batch first and features after it."
        raise ShapeError(msg)
    for name, value in (("gamma", gamma), ("beta", beta)):
        check_shape(where, name, value, x.shape[1:], f"the shape of one sample of x {x.shape}")
    axes = tuple(range(1, x.ndim))
    normalized, inverse_std, mean, var = _normalize(x, axes, eps)
    out = normalized * gamma.astype(x.dtype, copy=False)
    out += beta.astype(x.dtype, copy=False)
    return out, NormCache(normalized, gamma, inverse_std, axes, True, mean.ravel(), var.ravel())


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
    normalized, gamma, inverse_std, axes, *_ = cache
    check_shape("layer_norm", "dout", dout, normalized.shape, "the shape of x")
    dout = dout.astype(normalized.dtype, copy=False)
    g = dout * gamma.astype(normalized.dtype, copy=False)
    dx = _denormalize(g, normalized, inverse_std, axes)
    return dx, (dout * normalized).sum(axis=0), dout.sum(axis=0)


def _grouped(x, groups, axis):
    """View x as (N, G, C/G, pixels) or (N, pixels, G, C/G); return it and the axes of one group."""
    shape = list(x.shape)
    shape[axis : axis + 1] = [groups, shape[axis] // groups]
    grouped = x.reshape(shape)
    return grouped, tuple(a for a in range(1, grouped.ndim) if a != axis)


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

    Raises
    ------
    ShapeError, ConfigError
        As in batch_norm_forward, and if the channels cannot be divided into groups of one size.

    Notes
    -----
    Source: Y. Wu, K. He, Group Normalization, arXiv:1803.08494, 2018, section 3.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 10.0, 30.0]).reshape(1, 1, 1, 4)
    >>> group_norm_forward(x, np.ones(4), np.zeros(4), 2, eps=0)[0].ravel().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    where = "group_norm"
    check_array(where, "x", x)
    _check_eps(where, eps)
    axis = _axis(where, x, channel_axis)
    channels = x.shape[axis]
    for name, value in (("gamma", gamma), ("beta", beta)):
        check_shape(where, name, value, (channels,), f"one number for each channel of x {x.shape}")
    whole = isinstance(groups, int | np.integer) and not isinstance(groups, bool)
    if not whole or groups < 1 or channels % groups:
        msg = f"{where}: {channels} channels cannot be divided into groups={groups!r}. Use a divisor."
        raise ConfigError(msg)
    grouped, axes = _grouped(x, groups, axis)
    normalized, inverse_std, mean, var = _normalize(grouped, axes, eps)
    out = normalized.reshape(x.shape) * _beside(gamma, axis, x.ndim).astype(x.dtype, copy=False)
    out += _beside(beta, axis, x.ndim).astype(x.dtype, copy=False)
    return out, NormCache(normalized, gamma, inverse_std, (axis, groups), True, mean.ravel(), var.ravel())


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
    normalized, gamma, inverse_std, (axis, groups), *_ = cache
    shape = list(normalized.shape)
    shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
    check_shape("group_norm", "dout", dout, tuple(shape), "the shape of x")
    dout = dout.astype(normalized.dtype, copy=False)
    others = tuple(a for a in range(dout.ndim) if a != axis)
    dgamma, dbeta = _sum(dout * normalized.reshape(shape), others).ravel(), _sum(dout, others).ravel()
    g = dout * _beside(gamma, axis, dout.ndim).astype(normalized.dtype, copy=False)
    g, axes = _grouped(g, groups, axis)
    return _denormalize(g, normalized, inverse_std, axes).reshape(shape), dgamma, dbeta
