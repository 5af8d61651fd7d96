"""Softmax and the cross-entropy of its probabilities, computed so that no exponential overflows."""

from typing import NamedTuple

import numpy as np

from lib.errors import ShapeError

from ._checks import check_array


class CrossEntropyCache(NamedTuple):
    """What ``softmax_cross_entropy_backward`` needs of the forward pass."""

    probabilities: np.ndarray
    labels: np.ndarray
    size_average: bool


def softmax(logits):
    """Turn the scores along the last axis into probabilities.

    Parameters
    ----------
    logits : ndarray, shape (..., K), float

    Returns
    -------
    ndarray, shape and dtype of logits
        Positive numbers that sum to 1 along the last axis.

    Notes
    -----
    The largest score is subtracted first. That changes nothing in the result and keeps each exponential <= 1.

    Examples
    --------
    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    check_array("softmax", "logits", logits)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        msg = f"softmax: logits has shape {logits.shape}, wanted (..., K) with at least one class."
        raise ShapeError(msg)
    out = logits - logits.max(axis=-1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return out


def softmax_cross_entropy_forward(logits, labels, *, size_average=True):
    """Measure how unlikely the right classes are under the softmax of the scores.

    Parameters
    ----------
    logits : ndarray, shape (N, K), float
        One score per example and class.
    labels : ndarray, shape (N,), integer
        The right class of each example, from 0 to K - 1.
    size_average : bool
        True divides the sum over the examples by N.

    Returns
    -------
    loss : float
        ``mean over n of -log softmax(logits[n])[labels[n]]`` (or the sum). 0.0 for an empty batch.
    cache : CrossEntropyCache

    Raises
    ------
    ShapeError
        If a rank or dtype is wrong, the lengths differ, or a label is not one of the K classes.

    Examples
    --------
    >>> loss, _ = softmax_cross_entropy_forward(np.zeros((2, 10)), np.array([3, 7]))
    >>> round(loss, 4)   # ten equal scores: ln 10
    2.3026
    """
    check_array("softmax_cross_entropy", "logits", logits, "N, K")
    N, K = logits.shape
    if K == 0:
        msg = (
            f"softmax_cross_entropy: logits has shape {logits.shape}, wanted (N, K) with at least one class."
        )
        raise ShapeError(msg)
    labels = np.asarray(labels)
    if labels.shape != (N,) or not np.issubdtype(labels.dtype, np.integer):
        msg = (
            f"softmax_cross_entropy: labels has shape {labels.shape} and dtype {labels.dtype}, "
            f"wanted ({N},) whole numbers, one class for each row of logits {logits.shape}."
        )
        raise ShapeError(msg)
    outside = np.flatnonzero((labels < 0) | (labels >= K))
    if len(outside):
        first = outside[0]
        msg = f"softmax_cross_entropy: labels[{first}] is {labels[first]}, wanted a class from 0 to {K - 1}."
        raise ShapeError(msg)
    shifted = logits - logits.max(axis=1, keepdims=True)
    probabilities = np.exp(shifted)
    total = probabilities.sum(axis=1, keepdims=True)
    # log of the quotient as a difference: exact even where the probability itself underflows to zero
    loss = float((np.log(total[:, 0]) - shifted[np.arange(N), labels]).sum())
    probabilities /= total
    if size_average and N:
        loss /= N
    return loss, CrossEntropyCache(probabilities, labels, size_average)


def softmax_cross_entropy_backward(dloss, cache):
    """Carry the gradient of the loss back to the scores: probability minus one at the right class.

    Parameters
    ----------
    dloss : float
        Gradient with respect to the loss, 1 if the loss is the end of the network.
    cache : CrossEntropyCache
        As ``softmax_cross_entropy_forward`` returned it.

    Returns
    -------
    dlogits : ndarray, shape (N, K), dtype of the logits

    Examples
    --------
    >>> _, cache = softmax_cross_entropy_forward(np.zeros((1, 2)), np.array([0]))
    >>> softmax_cross_entropy_backward(1.0, cache)
    array([[-0.5,  0.5]])
    """
    probabilities, labels, size_average = cache
    N = len(labels)
    dlogits = probabilities.copy()
    dlogits[np.arange(N), labels] -= 1
    dlogits *= dloss / N if size_average and N else dloss
    return dlogits
