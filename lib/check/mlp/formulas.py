"""The right answers, written out as the notebook's formulas say, in double precision.

The checks and judges compare with these. They are not there while a student's layer is run.

Letters in shapes: N samples, D features, K classes or outputs.
"""

from __future__ import annotations

import numpy as np

#: The two constants of the tanh form of GELU.
GELU_SCALE, GELU_CUBE = float(np.sqrt(2 / np.pi)), 0.044715


def dense(x, w, b):
    """Return out[n, k] = b[k] + sum over d of x[n, d] w[d, k]; axes of x behind the first are flattened."""
    rows = np.array([np.ravel(sample) for sample in x])
    return np.einsum("nd,dk->nk", rows, w) + b[None, :]


def leaky(x, slope):
    """Return x where it is positive, slope * x elsewhere."""
    return np.where(x > 0, x, slope * x)


def gelu(x, scale=GELU_SCALE, cube=GELU_CUBE):
    """Return x/2 (1 + tanh(scale (x + cube x^3)))."""
    return x / 2 * (1 + np.tanh(scale * (x + cube * x * x * x)))


def central_slope(function, x, step=1e-5):
    """Measure the slope of an elementwise function at every entry of x."""
    return (function(x + step) - function(x - step)) / (2 * step)


def probabilities(scores):
    """Return softmax of each row of scores, shape (N, K)."""
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1)[..., None])


def losses(scores, labels):
    """Return -log of the probability of the right class, for each sample: shape (N,)."""
    right = np.take_along_axis(scores, np.asarray(labels)[:, None], axis=1)[:, 0]
    return np.logaddexp.reduce(scores, axis=1) - right


def loss(scores, labels, size_average=True):
    """Return the mean (or sum) of the losses of a batch."""
    each = losses(scores, labels)
    return each.mean() if size_average else each.sum()


def loss_gradient(scores, labels, size_average=True):
    """Return the slopes of the loss for every score, shape (N, K)."""
    onehot = np.eye(scores.shape[1])[labels]
    slopes = probabilities(scores) - onehot
    return slopes / len(scores) if size_average else slopes


def chain(x, layers):
    """Run samples through a list of ``("fc", w, b)``, ``("leaky", slope)``, ``("gelu",)`` and ``("mask", mask, p)``."""
    for kind, *settings in layers:
        if kind == "fc":
            x = dense(x, *settings)
        elif kind == "mask":
            mask, keep_prob = settings
            x = np.where(mask, x / keep_prob, 0.0)
        else:
            x = {"leaky": leaky, "gelu": gelu}[kind](x, *settings)
    return x


def sgd(w, grads, lr, weight_decay=0.0, **_):
    """Return w after each step, shape (steps, …), for the gradients of the steps."""
    path = []
    for grad in grads:
        w = w - lr * grad - weight_decay * w
        path.append(w)
    return {"w": np.array(path)}


def sgdm(w, grads, lr, momentum, velocity=0.0, **_):
    """Return w and the velocity after each step."""
    path, kept = [], []
    velocity = np.zeros_like(w) + velocity
    for grad in grads:
        velocity = momentum * velocity - lr * grad
        w = w + velocity
        path.append(w)
        kept.append(velocity)
    return {"w": np.array(path), "velocity": np.array(kept)}


def rmsprop(w, grads, lr, decay, eps, cache=0.0, **_):
    """Return w and the average of squares after each step."""
    path, kept = [], []
    cache = np.zeros_like(w) + cache
    for grad in grads:
        cache = decay * cache + (1 - decay) * np.square(grad)
        w = w - lr * grad / (np.sqrt(cache) + eps)
        path.append(w)
        kept.append(cache)
    return {"w": np.array(path), "cache": np.array(kept)}


def adam(w, grads, lr, beta1, beta2, eps, weight_decay=0.0, mt=0.0, vt=0.0, t=0, **_):
    """Return w and both averages after each step; ``t`` steps were made before."""
    path, means, squares = [], [], []
    mt, vt = np.zeros_like(w) + mt, np.zeros_like(w) + vt
    for grad in grads:
        t = t + 1
        mt = beta1 * mt + (1 - beta1) * grad
        vt = beta2 * vt + (1 - beta2) * np.square(grad)
        size = np.sqrt(vt / (1 - beta2**t)) + eps
        w = w - lr * mt / (1 - beta1**t) / size - weight_decay * w
        path.append(w)
        means.append(mt)
        squares.append(vt)
    return {"w": np.array(path), "mt": np.array(means), "vt": np.array(squares)}
