"""Softmax and the cross-entropy loss, the end of every classifier here."""

from __future__ import annotations

import numpy as np

from lib.errors import CallOrderError, ShapeError
from lib.mlp.guards import require_float_array, require_shape


def softmax(feat):
    """Turn scores into probabilities along the last axis.

    Parameters
    ----------
    feat : ndarray, shape (..., K), float

    Returns
    -------
    scores : ndarray, shape of feat
        Positive, and each row sums to 1.

    Notes
    -----
    exp(s) / sum exp(s). Subtracting the largest score of a row first changes nothing but keeps exp finite.

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    require_float_array("softmax", "feat", feat)
    scores = None
    ### BEGIN SOLUTION softmax
    scores = np.exp(feat - feat.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    ### END SOLUTION
    return scores


class cross_entropy:
    """Mean negative log-probability that softmax gives to the right class.

    Parameters
    ----------
    size_average : bool
        Divide by the number of samples; otherwise sum.

    Attributes
    ----------
    logit : ndarray, shape (N, K)
        softmax of the last scores (the name is the course's).
    label : ndarray, shape (N,), int
    """

    def __init__(self, size_average=True):
        self.size_average = size_average
        self.logit = None
        self.label = None

    def forward(self, feat, label):
        """Compute the loss of a batch of scores.

        Parameters
        ----------
        feat : ndarray, shape (N, K), float
            Scores, before softmax.
        label : ndarray, shape (N,), any integer dtype
            Right classes, 0 to K-1.

        Returns
        -------
        loss : float
            ln K for scores that are all equal.

        Notes
        -----
        loss = 1/N * sum over n of ( log sum over k of exp(feat[n, k]) - feat[n, label[n]] )
        """
        self._check(feat, label)
        loss = None
        logit = None
        ### BEGIN SOLUTION cross-entropy-forward
        logit = softmax(feat)
        # from the scores, not from log(logit): a probability may underflow to 0
        shifted = feat - feat.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(shifted).sum(axis=1))
        loss = (log_sum - shifted[np.arange(len(label)), label]).sum()
        if self.size_average:
            loss /= len(label)
        ### END SOLUTION
        self.logit = logit
        self.label = label
        return float(loss)

    def backward(self):
        """Return the gradient of the loss with respect to the scores, shape (N, K).

        Notes
        -----
        logit - onehot(label), divided by N where the loss is.
        """
        if self.logit is None:
            msg = "cross_entropy: backward called before forward. Call forward on the same batch first."
            raise CallOrderError(msg)
        logit, label = self.logit, self.label
        dlogit = None
        ### BEGIN SOLUTION cross-entropy-backward
        dlogit = logit.copy()
        dlogit[np.arange(len(label)), label] -= 1
        if self.size_average:
            dlogit /= len(label)
        ### END SOLUTION
        self.logit = None
        self.label = None
        return dlogit

    @staticmethod
    def _check(feat, label):
        require_float_array("cross_entropy", "feat", feat)
        require_shape("cross_entropy", "feat", feat, ("N", "K"), "It wants one row of scores per sample.")
        if len(feat) == 0:
            msg = "cross_entropy: the batch is empty, so it has no mean loss."
            raise ShapeError(msg)
        if not (isinstance(label, np.ndarray) and np.issubdtype(label.dtype, np.integer)):
            kind = getattr(label, "dtype", type(label).__name__)
            msg = f"cross_entropy: label is {kind}, wanted an array of integers. Use label.astype(np.int64)."
            raise ShapeError(msg)
        require_shape("cross_entropy", "label", label, (len(feat),), "It wants one class per row of feat.")
        if label.min() < 0 or label.max() >= feat.shape[1]:
            msg = (
                f"cross_entropy: label holds classes {label.min()} to {label.max()}, but feat has "
                f"{feat.shape[1]} columns: classes 0 to {feat.shape[1] - 1}."
            )
            raise ShapeError(msg)
