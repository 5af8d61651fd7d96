"""Activations: relu, leaky relu and gelu, each on arrays of any shape.

Speed here is memory traffic: each pass works in place, and gelu, which needs a dozen passes, works on pieces
that stay in the processor's cache, and makes its derivative along with its value. Powers are products:
``x**3`` takes a hundred times as long as ``x * x * x``.
"""

from typing import NamedTuple

import numpy as np

from lib.errors import ConfigError

from ._checks import check_array, check_shape
from .scratch import empty

# Numbers per piece: four pieces of float32 fit a second-level cache.
_PIECE = 1 << 15

# gelu(x) = x/2 * (1 + tanh(_A*x + _B*x^3)), Hendrycks and Gimpel 2016, section 2. As (1 + tanh(u)) / 2 is
# 1 / (1 + exp(-2u)), one exponential is enough, which takes half the time of a tanh.
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

    slope: np.ndarray


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
        The derivative at x, and not x.

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
    out, slope = empty(x.shape, x.dtype), empty(x.shape, x.dtype)
    flat_x, flat_out, flat_slope = x.reshape(-1), out.reshape(-1), slope.reshape(-1)
    with np.errstate(over="ignore"):  # exp(-2u) of a large negative u is infinite, and one over it zero
        for start in range(0, x.size, _PIECE):
            piece = slice(start, start + _PIECE)
            _gelu(flat_x[piece], flat_out[piece], flat_slope[piece])
    return out, GeluCache(slope)


def _gelu(x, out, slope):
    """Write gelu of a piece to `out` and its derivative to `slope`.

    With s = 1 / (1 + exp(-2u)) and u = _A*x + _B*x^3: gelu = x*s, and its derivative is
    s + x * s * (1 - s) * 2*du/dx.
    """
    np.multiply(x, x, out=slope)
    s = slope * (-2 * _B)
    s -= 2 * _A
    s *= x  # -2u
    np.exp(s, out=s)
    s += 1
    np.reciprocal(s, out=s)
    np.multiply(x, s, out=out)
    slope *= 6 * _B
    slope += 2 * _A  # 2*du/dx
    slope *= out
    slope *= 1 - s
    slope += s


def gelu_backward(dout, cache):
    """Multiply the gradient by the derivative of gelu at x.

    Parameters
    ----------
    dout : ndarray, shape of x, float
    cache : GeluCache

    Returns
    -------
    dx : ndarray, shape and dtype of x

    Examples
    --------
    >>> _, cache = gelu_forward(np.array([-40.0, 0.0, 40.0]))
    >>> gelu_backward(np.array([2.0, 2.0, 2.0]), cache) + 0.0   # far out as relu, one half at zero
    array([0., 1., 2.])
    """
    slope = cache.slope
    check_shape("gelu", "dout", dout, slope.shape, "the shape that forward produced")
    return np.multiply(dout, slope, out=empty(slope.shape, slope.dtype), casting="same_kind")
