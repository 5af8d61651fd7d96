"""A network of one matrix and classes that it can tell apart: a training of milliseconds."""

from __future__ import annotations

import os
import signal

import numpy as np

from lib.solver import Solver


class Linear:
    """Scores = X @ W; softmax cross entropy."""

    def __init__(self, scale=0.01, reg=0.0, seed=0):
        self.params = {"W": scale * np.random.default_rng(seed).standard_normal((4, 3))}
        self.reg = reg
        self.settings = {"scale": scale}

    def loss(self, X, y=None):
        scores = X @ self.params["W"]
        if y is None:
            return scores
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        return loss, {"W": X.T @ p / len(y)}


def classes(n=60):
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, n)
    X = rng.standard_normal((n, 4)) + 2 * np.eye(3, 4)[y]
    return {"X_train": X[10:], "y_train": y[10:], "X_val": X[:10], "y_val": y[:10], "mean_image": np.zeros(4)}


def solver(model=None, **changes):
    settings = {"batch_size": 10, "num_epochs": 4, "verbose": False, "optim_config": {"learning_rate": 0.5}}
    return Solver(model or Linear(), classes(), **(settings | changes))


class PressesAt(Linear):
    """Ctrl-C falls into the given calls for a gradient, counted from 1."""

    def __init__(self, *calls):
        super().__init__()
        self.calls, self.count = calls, 0

    def loss(self, X, y=None):
        if y is not None:
            self.count += 1
            for _ in range(self.calls.count(self.count)):
                os.kill(os.getpid(), signal.SIGINT)
        return super().loss(X, y)
