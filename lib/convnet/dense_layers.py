"""The layers that come before convolution, as functions: affine, activations, normalization, dropout, losses.

Features are (N, D). They are given, solved: read them to see how a cache is made and used.
"""

from __future__ import annotations

import numpy as np

from lib.convnet.guards import require_array, require_shape
from lib.errors import ConfigError, ShapeError


def affine_forward(x, w, b):
    """Multiply each sample with the weights and add the biases.

    Parameters
    ----------
    x : ndarray, shape (N, d1, ..., dk)
        A sample is flattened to D = d1*...*dk numbers.
    w : ndarray, shape (D, M)
    b : ndarray, shape (M,)

    Returns
    -------
    out : ndarray, shape (N, M)
    cache : tuple (x, w, b)
    """
    rows = x.reshape(len(x), -1)
    if rows.shape[1] != w.shape[0]:
        msg = f"affine_forward: x {x.shape} has {rows.shape[1]} numbers a sample, w {w.shape} expects {w.shape[0]}."
        raise ShapeError(msg)
    require_shape("affine_forward", "b", b, w.shape[1:], "one bias for each column of w")
    return rows @ w + b, (x, w, b)


def affine_backward(dout, cache):
    """Return (dx, dw, db) of an affine layer; dout has shape (N, M)."""
    x, w, _ = cache
    rows = x.reshape(len(x), -1)
    return (dout @ w.T).reshape(x.shape), rows.T @ dout, dout.sum(axis=0)


def relu_forward(x):
    """Set negative entries to 0; returns (out, cache)."""
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    """Pass the gradient on where x was positive."""
    return dout * (cache > 0)


def leaky_relu_forward(x, leaky_relu_param=None):
    """Multiply negative entries by ``leaky_relu_param["alpha"]``, 0.01 when not given; returns (out, cache)."""
    alpha = (leaky_relu_param or {}).get("alpha", 0.01)
    return np.where(x > 0, x, alpha * x), (x, alpha)


def leaky_relu_backward(dout, cache):
    """Pass the gradient on, multiplied by alpha where x was not positive."""
    x, alpha = cache
    return np.where(x > 0, dout, alpha * dout)


def sigmoid_forward(x):
    """Compute 1 / (1 + exp(-x)), without overflow for large negative x; returns (out, cache)."""
    out = 0.5 * (1 + np.tanh(0.5 * x))
    return out, out


def sigmoid_backward(dout, cache):
    """Multiply the gradient by out * (1 - out)."""
    return dout * cache * (1 - cache)


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize each feature over the batch, then scale and shift it.

    Parameters
    ----------
    x : ndarray, shape (N, D)
    gamma, beta : ndarray, shape (D,)
    bn_param : dict
        ``"mode"``: "train" or "test". ``"eps"``: added to the variance, 1e-5 when not given. ``"momentum"``:
        share of the running averages that stays, 0.9 when not given. ``"running_mean"``, ``"running_var"``:
        arrays (D,), made at the first call and brought up to date while training.

    Returns
    -------
    out : ndarray, shape (N, D)
    cache : tuple
        For ``batchnorm_backward``.

    Notes
    -----
    Training uses the mean and the variance of the batch, testing the running averages.
    Source: S. Ioffe, C. Szegedy, Batch Normalization, arXiv:1502.03167, 2015.
    """
    require_array("batchnorm_forward", "x", x, "N, D")
    D = x.shape[1]
    require_shape("batchnorm_forward", "gamma", gamma, (D,), "one number for each feature")
    require_shape("batchnorm_forward", "beta", beta, (D,), "one number for each feature")
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(D, x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, x.dtype))
    if mode == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        mean, var = running_mean, running_var
    else:
        msg = f"batchnorm_forward: 'mode' is {mode!r}, wanted 'train' or 'test'."
        raise ConfigError(msg)
    inverse_std = 1 / np.sqrt(var + eps)
    normalized = (x - mean) * inverse_std
    return gamma * normalized + beta, (normalized, gamma, inverse_std, mode)


def batchnorm_backward(dout, cache):
    """Return (dx, dgamma, dbeta) of batch normalization, step by step along the formula."""
    normalized, gamma, inverse_std, mode = cache
    dgamma, dbeta = (dout * normalized).sum(axis=0), dout.sum(axis=0)
    dnormalized = dout * gamma
    if mode == "test":
        return dnormalized * inverse_std, dgamma, dbeta
    # the mean and the variance depend on every sample: two more ways back
    along = (dnormalized * normalized).mean(axis=0)
    dx = inverse_std * (dnormalized - dnormalized.mean(axis=0) - normalized * along)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """Return what ``batchnorm_backward`` returns, with the sums that dgamma and dbeta need anyway."""
    normalized, gamma, inverse_std, mode = cache
    dgamma, dbeta = (dout * normalized).sum(axis=0), dout.sum(axis=0)
    if mode == "test":
        return dout * gamma * inverse_std, dgamma, dbeta
    N = len(dout)
    return gamma * inverse_std / N * (N * dout - dbeta - normalized * dgamma), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Normalize each sample over its features; ``ln_param`` may hold "eps". Returns (out, cache).

    Source: J. Ba, J. Kiros, G. Hinton, Layer Normalization, arXiv:1607.06450, 2016.
    """
    require_array("layernorm_forward", "x", x, "N, D")
    inverse_std = 1 / np.sqrt(x.var(axis=1, keepdims=True) + ln_param.get("eps", 1e-5))
    normalized = (x - x.mean(axis=1, keepdims=True)) * inverse_std
    return gamma * normalized + beta, (normalized, gamma, inverse_std)


def layernorm_backward(dout, cache):
    """Return (dx, dgamma, dbeta) of layer normalization."""
    normalized, gamma, inverse_std = cache
    g = dout * gamma
    along = (g * normalized).mean(axis=1, keepdims=True)
    dx = inverse_std * (g - g.mean(axis=1, keepdims=True) - normalized * along)
    return dx, (dout * normalized).sum(axis=0), dout.sum(axis=0)


def dropout_forward(x, dropout_param):
    """Drop entries at random while training, and scale the kept ones up (inverted dropout).

    Parameters
    ----------
    x : ndarray, any shape
    dropout_param : dict
        ``"p"``: probability of *keeping* an entry, above 0. ``"mode"``: "train" or "test". ``"seed"``: makes
        the mask repeatable, which a gradient check needs.

    Returns
    -------
    out : ndarray, shape of x
    cache : tuple
    """
    p, mode = dropout_param["p"], dropout_param["mode"]
    if not 0 < p <= 1:
        msg = f"dropout_forward: 'p' is {p!r}, wanted a probability of keeping, above 0 and at most 1."
        raise ConfigError(msg)
    if mode == "test":
        return x, (None, mode)
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])  # noqa: NPY002  (the generator of the whole course)
    mask = (np.random.rand(*x.shape) < p).astype(x.dtype) / p  # noqa: NPY002
    return x * mask, (mask, mode)


def dropout_backward(dout, cache):
    """Let the gradient through where the entry was kept."""
    mask, mode = cache
    return dout if mode == "test" else dout * mask


def svm_loss(x, y):
    """Compute the multiclass hinge loss with margin 1, and its gradient.

    Parameters
    ----------
    x : ndarray, shape (N, K)
        Scores.
    y : ndarray, shape (N,), int
        Classes, 0 to K - 1.

    Returns
    -------
    loss : float
        Mean over the batch.
    dx : ndarray, shape (N, K)
    """
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] -= dx.sum(axis=1)
    return margins.sum() / len(x), dx / len(x)


def softmax_loss(x, y):
    """Compute the softmax cross entropy, and its gradient.

    Parameters
    ----------
    x : ndarray, shape (N, K)
        Scores. The largest of each row is subtracted first, so that no exponential overflows.
    y : ndarray, shape (N,), int
        Classes, 0 to K - 1.

    Returns
    -------
    loss : float
        Mean over the batch.
    dx : ndarray, shape (N, K)
    """
    rows = np.arange(len(x))
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dx = np.exp(log_probs)
    dx[rows, y] -= 1
    return -log_probs[rows, y].mean(), dx / len(x)
