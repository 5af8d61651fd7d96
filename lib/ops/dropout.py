"""Dropout: switch units off at random while training, and scale the rest so that the mean stays."""

from typing import NamedTuple

import numpy as np

from lib.errors import ConfigError

from ._checks import check_array, check_shape


class DropoutCache(NamedTuple):
    """What ``dropout_backward`` needs of the forward pass; kept is None when nothing was dropped."""

    kept: np.ndarray | None
    keep_prob: float
    shape: tuple


def dropout_forward(x, keep_prob, *, rng, training=True):
    """Keep every number with probability keep_prob, divided by keep_prob, and set the others to zero.

    Parameters
    ----------
    x : ndarray, any shape, float
    keep_prob : float in (0, 1]
        Probability that a unit is kept. 1 switches dropout off.
    rng : numpy.random.Generator or numpy.random.RandomState
        Source of the random numbers; one number per entry of x is drawn, none if nothing can be dropped.
    training : bool
        False returns a copy of x.

    Returns
    -------
    out : ndarray, shape and dtype of x
    cache : DropoutCache

    Raises
    ------
    ShapeError
        If x is not a floating-point array.
    ConfigError
        If keep_prob is outside (0, 1].

    References
    ----------
    N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 2014.

    Examples
    --------
    >>> out, cache = dropout_forward(np.ones(6), 0.5, rng=np.random.default_rng(0))
    >>> out
    array([0., 2., 2., 2., 0., 0.])
    """
    check_array("dropout", "x", x)
    if not 0 < keep_prob <= 1:
        msg = (
            f"dropout: keep_prob={keep_prob} is outside (0, 1]. "
            "It is the probability of keeping a unit; to switch dropout off use 1."
        )
        raise ConfigError(msg)
    if not training or keep_prob == 1:
        return x.copy(), DropoutCache(None, 1.0, x.shape)
    kept = rng.random(x.shape) < keep_prob
    out = x * kept
    out /= keep_prob
    return out, DropoutCache(kept, keep_prob, x.shape)


def dropout_backward(dout, cache):
    """Let the gradient through where the forward pass kept a unit, with the same scale.

    Parameters
    ----------
    dout : ndarray, shape of x, float
    cache : DropoutCache
        As ``dropout_forward`` returned it.

    Returns
    -------
    dx : ndarray, shape and dtype of dout

    Examples
    --------
    >>> _, cache = dropout_forward(np.ones(6), 0.5, rng=np.random.default_rng(0))
    >>> dropout_backward(np.ones(6), cache)
    array([0., 2., 2., 2., 0., 0.])
    """
    check_shape("dropout", "dout", dout, cache.shape, "the shape that forward produced")
    if cache.kept is None:
        return dout.copy()
    dx = dout * cache.kept
    dx /= cache.keep_prob
    return dx
