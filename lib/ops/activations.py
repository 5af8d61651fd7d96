"""Activations: relu, leaky relu and gelu, each on arrays of any shape.

Speed here is memory traffic: each pass works in place, and gelu, which needs a dozen passes, works on pieces
that stay in the processor's cache. Powers are products: ``x**3`` takes a hundred times as long as
``x * x * x``.
"""

from typing import NamedTuple

import numpy as np

from lib.errors import ConfigError

from ._checks import check_array, check_shape

# Numbers per piece: three pieces of float64 fit a second-level cache.
_PIECE = 1 << 15

# gelu(x) = x/2 * (1 + tanh(_A*x + _B*x^3)), Hendrycks and Gimpel 2016, section 2.
_A = 0.7978845608028654  # sqrt(2 / pi)
_B = 0.044715 * _A


class ReluCache(NamedTuple):
    """What ``relu_backward`` needs of the forward pass."""

    x: np.ndarray


class LeakyReluCache(NamedTuple):
    """What ``leaky_relu_backward`` needs of the forward pass."""

    x: np.ndarray
    negative_slope: float


class GeluCache(NamedTuple):
    """What ``gelu_backward`` needs of the forward pass."""

    x: np.ndarray
    tanh: np.ndarray


def relu_forward(x):
    """Keep what is positive and set the rest to zero.

    Parameters
    ----------
    x : ndarray, any shape, float

    Returns
    -------
    out : ndarray, shape and dtype of x
    cache : ReluCache
        Holds x itself: do not modify it before the backward pass.

    Examples
    --------
    >>> relu_forward(np.array([-2.0, 0.0, 3.0]))[0]
    array([0., 0., 3.])
    """
    check_array("relu", "x", x)
    return np.maximum(x, x.dtype.type(0)), ReluCache(x)


def relu_backward(dout, cache):
    """Let the gradient through where x was positive; at exactly zero nothing passes.

    Parameters
    ----------
    dout : ndarray, shape of x, float
    cache : ReluCache

    Returns
    -------
    dx : ndarray, shape of x, dtype of dout

    Examples
    --------
    >>> _, cache = relu_forward(np.array([-2.0, 0.0, 3.0]))
    >>> relu_backward(np.array([1.0, 1.0, 1.0]), cache)
    array([0., 0., 1.])
    """
    check_shape("relu", "dout", dout, cache.x.shape, "the shape that forward produced")
    return dout * (cache.x > 0)


def leaky_relu_forward(x, negative_slope=0.01):
    """Keep what is positive and scale the rest by a small slope.

    Parameters
    ----------
    x : ndarray, any shape, float
    negative_slope : float in [0, 1]

    Returns
    -------
    out : ndarray, shape and dtype of x
    cache : LeakyReluCache
        Holds x itself: do not modify it before the backward pass.

    Raises
    ------
    ConfigError
        If negative_slope is outside [0, 1].

    Examples
    --------
    >>> leaky_relu_forward(np.array([-2.0, 0.0, 3.0]), 0.5)[0]
    array([-1.,  0.,  3.])
    """
    check_array("leaky_relu", "x", x)
    if not 0 <= negative_slope <= 1:
        msg = f"leaky_relu: negative_slope={negative_slope} is outside [0, 1]. A usual value is 0.01."
        raise ConfigError(msg)
    # With a slope of at most 1 the larger of x and slope*x is the answer, without a mask.
    out = x * x.dtype.type(negative_slope)
    return np.maximum(x, out, out=out), LeakyReluCache(x, negative_slope)


def leaky_relu_backward(dout, cache):
    """Scale the gradient by the slope where x was not positive.

    Parameters
    ----------
    dout : ndarray, shape of x, float
    cache : LeakyReluCache

    Returns
    -------
    dx : ndarray, shape of x, dtype of dout

    Examples
    --------
    >>> _, cache = leaky_relu_forward(np.array([-2.0, 0.0, 3.0]), 0.5)
    >>> leaky_relu_backward(np.array([1.0, 1.0, 1.0]), cache)
    array([0.5, 0.5, 1. ])
    """
    check_shape("leaky_relu", "dout", dout, cache.x.shape, "the shape that forward produced")
    dx = dout * dout.dtype.type(cache.negative_slope)
    np.copyto(dx, dout, where=cache.x > 0)
    return dx


def gelu_forward(x):
    """Weight x by about the probability that a normal variable is below it (the tanh approximation).

    Parameters
    ----------
    x : ndarray, any shape, float

    Returns
    -------
    out : ndarray, shape and dtype of x
        ``x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))``
    cache : GeluCache
        Holds x itself: do not modify it before the backward pass.

    References
    ----------
    D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, 2016, arXiv:1606.08415, section 2.

    Examples
    --------
    >>> gelu_forward(np.array([-1.0, 0.0, 1.0]))[0].round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    check_array("gelu", "x", x)
    x = np.asarray(x, order="C")  # so that the flat pieces are views
    out, tanh = np.empty_like(x), np.empty_like(x)
    flat_x, flat_out, flat_tanh = x.reshape(-1), out.reshape(-1), tanh.reshape(-1)
    for start in range(0, x.size, _PIECE):
        piece = slice(start, start + _PIECE)
        v, o, t = flat_x[piece], flat_out[piece], flat_tanh[piece]
        np.multiply(v, v, out=t)
        t *= _B
        t += _A
        t *= v
        np.tanh(t, out=t)
        np.add(t, 1, out=o)
        o *= v
        o *= 0.5
    return out, GeluCache(x, tanh)


def gelu_backward(dout, cache):
    """Multiply the gradient by the derivative of gelu at x.

    Parameters
    ----------
    dout : ndarray, shape of x, float
    cache : GeluCache

    Returns
    -------
    dx : ndarray, shape and dtype of x

    Notes
    -----
    With t the tanh of the forward pass and u = _A*x + _B*x^3 its argument:
    ``dx = dout/2 * (1 + t) * (1 + x * (1 - t) * du/dx)`` with du/dx = _A + 3*_B*x^2,
    since 1 - t^2 = (1 - t)(1 + t).

    Examples
    --------
    >>> _, cache = gelu_forward(np.array([-9.0, 0.0, 9.0]))
    >>> gelu_backward(np.array([2.0, 2.0, 2.0]), cache) + 0.0   # far out as relu, one half at zero
    array([0., 1., 2.])
    """
    x, tanh = cache
    check_shape("gelu", "dout", dout, x.shape, "the shape that forward produced")
    dx = np.empty_like(x)
    flat_x, flat_tanh, flat_dout, flat_dx = x.reshape(-1), tanh.reshape(-1), dout.reshape(-1), dx.reshape(-1)
    for start in range(0, x.size, _PIECE):
        piece = slice(start, start + _PIECE)
        v, t, g = flat_x[piece], flat_tanh[piece], flat_dx[piece]
        np.multiply(v, v, out=g)
        g *= 3 * _B
        g += _A
        g *= v
        scratch = 1 - t
        g *= scratch
        g += 1
        np.add(t, 1, out=scratch)
        g *= scratch
        g *= 0.5
        g *= flat_dout[piece]
    return dx
