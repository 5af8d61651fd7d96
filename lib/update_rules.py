"""Update rules as functions: ``w, config = rule(w, dw, config)`` moves one array of parameters by one step.

``config`` holds the settings and whatever the rule remembers from step to step; missing settings are filled in
with their defaults. A ``Solver`` keeps one for each array.
"""

from __future__ import annotations

import numpy as np

from lib.errors import ConfigError


def _settings(rule, config, like=None, memory=(), **defaults):
    """Fill in what is missing; a name that the rule does not know would be passed over without a word.

    Arrays of `memory` start as zeros beside the parameters `like`, and are made in the first step only.
    """
    config = {} if config is None else config
    unknown = sorted(set(config) - set(defaults) - set(memory), key=str)
    if unknown:
        known = ", ".join((*defaults, *memory))
        msg = f"{rule}: {', '.join(map(repr, unknown))} is not known. Use {known}."
        raise ConfigError(msg)
    for name in memory:
        if name not in config:
            config[name] = np.zeros_like(like)
    for name, value in defaults.items():
        config.setdefault(name, value)
    return config


def sgd(w, dw, config=None):
    """Stochastic gradient descent.

    Parameters
    ----------
    w, dw : ndarray, same shape
        Parameters and their gradient; both are left as they are.
    config : dict, optional
        ``"learning_rate"``, 1e-2.

    Returns
    -------
    next_w : ndarray, shape and dtype of w
    config : dict
        For the next step.

    Raises
    ------
    ConfigError
        If config holds a name that the rule does not know; so in the other rules.
    """
    config = _settings("sgd", config, learning_rate=1e-2)
    return _like(w, w - config["learning_rate"] * dw), config


def sgd_momentum(w, dw, config=None):
    """SGD with momentum: v = momentum * v - learning_rate * dw, next w = w + v.

    Parameters
    ----------
    w, dw : ndarray, same shape
    config : dict, optional
        ``"learning_rate"``, 1e-2; ``"momentum"``, 0.9; ``"velocity"``, 0 at the start.

    Returns
    -------
    next_w : ndarray
    config : dict
    """
    config = _settings("sgd_momentum", config, w, ("velocity",), learning_rate=1e-2, momentum=0.9)
    velocity = config["momentum"] * config["velocity"]
    velocity -= config["learning_rate"] * dw
    config["velocity"] = _like(w, velocity)
    return _like(w, w + velocity), config


def rmsprop(w, dw, config=None):
    """Divide the gradient by its recent size.

    Parameters
    ----------
    w, dw : ndarray, same shape
    config : dict, optional
        ``"learning_rate"``, 1e-2; ``"decay_rate"``, 0.99; ``"epsilon"``, 1e-8; ``"cache"``, 0 at the start.

    Returns
    -------
    next_w : ndarray
    config : dict

    Notes
    -----
    Source: T. Tieleman, G. Hinton, Lecture 6.5, Neural Networks for Machine Learning, Coursera, 2012.
    """
    config = _settings("rmsprop", config, w, ("cache",), learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    square = (1 - config["decay_rate"]) * dw
    square *= dw
    config["cache"] = _like(w, config["decay_rate"] * config["cache"] + square)
    size = np.sqrt(config["cache"])
    size += config["epsilon"]
    step = dw / size
    step *= config["learning_rate"]
    return _like(w, w - step), config


def adam(w, dw, config=None):
    """Momentum and RMSProp together, both corrected for their start at 0.

    Parameters
    ----------
    w, dw : ndarray, same shape
    config : dict, optional
        ``"learning_rate"``, 1e-3; ``"beta1"``, 0.9; ``"beta2"``, 0.999; ``"epsilon"``, 1e-8; ``"m"`` and ``"v"``,
        0 at the start; ``"t"``, the number of steps made, 0.

    Returns
    -------
    next_w : ndarray
    config : dict

    Notes
    -----
    Source: D. Kingma, J. Ba, Adam, arXiv:1412.6980, 2014, algorithm 1.
    """
    config = _settings(
        "adam", config, w, ("m", "v"), learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0
    )
    config["t"] += 1
    beta1, beta2 = config["beta1"], config["beta2"]
    config["m"] = _like(w, beta1 * config["m"] + (1 - beta1) * dw)
    square = (1 - beta2) * dw
    square *= dw  # in place where it can be: each product of its own would ask for new memory
    config["v"] = _like(w, beta2 * config["v"] + square)
    size = np.sqrt(config["v"])
    size /= (1 - beta2 ** config["t"]) ** 0.5
    size += config["epsilon"]
    step = config["m"] / size
    step *= config["learning_rate"] / (1 - beta1 ** config["t"])
    return _like(w, w - step), config


def _like(w, value):
    """Keep the precision of the parameters: a float64 gradient must not make a network slow."""
    return value.astype(w.dtype, copy=False)
