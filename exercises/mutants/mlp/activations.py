"""Answers to the activation functions, as objects of the notebook: their values at ten points."""

from math import erf

import numpy as np

OBJECTS = True
X = np.linspace(-5, 5, 10)


def right_where():
    """np.where."""
    return {
        "sigmoid": 1 / (1 + np.exp(-X)),
        "tanh": np.tanh(X),
        "relu": np.where(X > 0, X, 0.0),
        "leaky_relu": np.where(X > 0, X, 0.1 * X),
        "elu": np.where(X > 0, X, 0.5 * (np.exp(X) - 1)),
        "selu": 1.0507 * np.where(X > 0, X, 1.6732 * (np.exp(X) - 1)),
        "gelu": 0.5 * X * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X * X * X))),
    }


def right_maximum():
    """Maximum and minimum; tanh by its definition."""
    low = np.minimum(X, 0)
    return right_where() | {
        "tanh": (np.exp(X) - np.exp(-X)) / (np.exp(X) + np.exp(-X)),
        "relu": np.maximum(0, X),
        "leaky_relu": np.maximum(0.1 * X, X),
        "elu": np.maximum(X, 0) + 0.5 * (np.exp(low) - 1),
    }


def right_exact_gelu():
    """GELU with the error function: drawn, it looks the same."""
    return right_where() | {"gelu": np.array([x / 2 * (1 + erf(x / np.sqrt(2))) for x in X])}


def wrong_sigmoid():
    """Lost the sign."""
    return right_where() | {"sigmoid": 1 / (1 + np.exp(X))}


def wrong_relu():
    """Took the smaller."""
    return right_where() | {"relu": np.minimum(0, X)}


def wrong_leaky():
    """Another slope."""
    return right_where() | {"leaky_relu": np.where(X > 0, X, 0.01 * X)}


def wrong_elu():
    """Forgot alpha."""
    return right_where() | {"elu": np.where(X > 0, X, np.exp(X) - 1)}


def wrong_selu():
    """Scaled the negative side only."""
    return right_where() | {"selu": np.where(X > 0, X, 1.0507 * 1.6732 * (np.exp(X) - 1))}


def wrong_gelu():
    """Wrote SiLU."""
    return right_where() | {"gelu": X / (1 + np.exp(-X))}


def wrong_identity():
    """Left the template as it was."""
    return {name: X for name in right_where()}
