"""The fully connected layer: one matrix product forward, two backward."""

from typing import NamedTuple

import numpy as np

from lib.errors import ShapeError

from ._checks import check_array, check_shape


class DenseCache(NamedTuple):
    """What ``dense_backward`` needs of the forward pass."""

    x: np.ndarray
    w: np.ndarray


def dense_forward(x, w, b):
    """Give every output unit a weighted sum of all features, plus a bias.

    Parameters
    ----------
    x : ndarray, shape (N, D), float
        One row of features per example.
    w : ndarray, shape (D, K), float
    b : ndarray, shape (K,), float

    Returns
    -------
    out : ndarray, shape (N, K)
        ``x @ w + b``, in the dtype of x, w and b, the wider one where they differ.
    cache : DenseCache
        What ``dense_backward`` needs. Holds x and w themselves: do not modify them before the backward pass.

    Raises
    ------
    ShapeError
        If a rank or dtype is wrong, or the sizes do not match.

    Examples
    --------
    >>> out, _ = dense_forward(np.array([[1.0, 2.0]]), np.eye(2), np.array([10.0, 20.0]))
    >>> out
    array([[11., 22.]])
    """
    check_array("dense", "x", x, "N, D")
    check_array("dense", "w", w, "D, K")
    if x.shape[1] != w.shape[0]:
        msg = f"dense: x has {x.shape[1]} features but w expects {w.shape[0]} (x {x.shape}, w {w.shape})."
        raise ShapeError(msg)
    check_shape("dense", "b", b, w.shape[1:], "one bias for each column of w")
    out = x @ w
    out = out.astype(np.result_type(out, b), copy=False)
    out += b
    return out, DenseCache(x, w)


def dense_backward(dout, cache, *, need_dx=True):
    """Carry the gradient of the output of ``dense_forward`` back to features, weights and biases.

    Parameters
    ----------
    dout : ndarray, shape (N, K), float
        Gradient of the loss with respect to the output.
    cache : DenseCache
        As ``dense_forward`` returned it.
    need_dx : bool
        False leaves dx out, for the first layer of a network.

    Returns
    -------
    dx : ndarray, shape (N, D), or None if not need_dx
    dw : ndarray, shape (D, K)
    db : ndarray, shape (K,)

    Raises
    ------
    ShapeError
        If dout has not the shape of the output, or is not floating point.

    Examples
    --------
    >>> out, cache = dense_forward(np.array([[1.0, 2.0]]), np.ones((2, 1)), np.zeros(1))
    >>> dx, dw, db = dense_backward(np.array([[3.0]]), cache)
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[3.0, 3.0]], [[3.0], [6.0]], [3.0])
    """
    x, w = cache
    check_shape("dense", "dout", dout, (x.shape[0], w.shape[1]), "the shape that forward produced")
    dx = dout @ w.T if need_dx else None
    return dx, x.T @ dout, dout.sum(axis=0)
