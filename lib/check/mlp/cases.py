"""Inputs of the cases, drawn from a generator: the published ones from a known seed, the judges' from a secret one."""

from __future__ import annotations

import numpy as np

#: Settings of the update rules in cases that are drawn, and the number of each rule.
RULES = {
    "sgd": {},
    "sgdm": {"momentum": 0.9},
    "rmsprop": {"decay": 0.99, "eps": 1e-8},
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}


def _settings(**values):
    return {name: np.asarray(value) for name, value in values.items()}


def fc(rng, shape, outputs):
    """Draw samples of any shape, weights and biases."""
    features = int(np.prod(shape[1:]))
    return {
        "x": rng.standard_normal(shape),
        "w": rng.standard_normal((features, outputs)),
        "b": rng.standard_normal(outputs),
    }


def fc_backward(rng, shape, outputs):
    """Draw samples, parameters, and slopes of the outputs of fc and of flatten."""
    case = fc(rng, shape, outputs)
    return case | {
        "dout": rng.standard_normal((shape[0], outputs)),
        "dflat": rng.standard_normal((shape[0], case["w"].shape[0])),
    }


def pointwise(rng, shape, slope=None):
    """Draw entries that are not too near 0, and the slopes of the outputs."""
    x = rng.standard_normal(shape)
    x += np.where(x > 0, 0.01, -0.01)
    case = {"x": x, "dout": rng.standard_normal(shape)}
    return case if slope is None else case | _settings(slope=slope)


def dropout(rng, shape, keep_prob, training, before=False):
    """Draw entries, none of them 0, and slopes; ``before``: whether a training pass came first."""
    return {
        "x": rng.standard_normal(shape) + np.where(rng.random(shape) < 0.5, -5.0, 5.0),
        "dout": rng.standard_normal(shape),
        **_settings(keep_prob=float(keep_prob), training=training, before=before, seed=rng.integers(10_000)),
    }


def scores(rng, count, classes, spread, offset=0.0, mean=True):
    """Draw scores (N, K) and labels."""
    return {
        "x": offset + spread * rng.standard_normal((count, classes)),
        "y": rng.integers(0, classes, count),
        **_settings(size_average=mean),
    }


def cascade(rng, which):
    """Draw samples of 15 numbers and parameters of a cascade: 0 ends in leaky ReLU, 1 in GELU."""
    return {
        "x": rng.standard_normal((4, 5, 3)),
        "w1": rng.standard_normal((15, 5)),
        "b1": rng.standard_normal(5),
        "dout": rng.standard_normal((4, 5)),
        **_settings(which=which),
    }


def published_small_net():
    """Return the published inputs of the small network."""
    return {
        "w1": np.linspace(-0.7, 0.3, num=120).reshape(4, 30),
        "b1": np.linspace(-0.6, 0.2, num=30),
        "w2": np.linspace(-0.2, 0.2, num=210).reshape(30, 7),
        "b2": np.linspace(-0.9, 0.1, num=7),
        "x": np.linspace(-5.5, 4.5, num=16).reshape(4, 4).T,
        "y": np.array([0, 5, 1, 4]),
        **_settings(seed=1234),
    }


def small_net(rng):
    """Draw parameters and samples of the small network."""
    case = published_small_net()
    drawn = {name: 0.5 * rng.standard_normal(case[name].shape) for name in ("w1", "b1", "w2", "b2", "x")}
    return case | drawn | {"seed": rng.integers(1000), "y": rng.integers(0, 7, 4)}


def dropout_net(rng, keep_prob):
    """Draw parameters and samples of the network with dropout."""
    sizes = (15, 20, 30, 10)
    case = {"x": rng.standard_normal((3, 15)), "y": rng.integers(0, 10, 3)}
    for number in (1, 2, 3):
        inputs, outputs = sizes[number - 1 : number + 1]
        case[f"w{number}"] = rng.standard_normal((inputs, outputs)) / np.sqrt(inputs)
        case[f"b{number}"] = 0.1 * rng.standard_normal(outputs)
    return case | _settings(keep_prob=float(keep_prob), seed=rng.integers(10_000))


def published_rule(name):
    """Return the published case of an update rule: one step on 4x5 weights, in the middle of a training."""

    def ramp(first, last):
        return np.linspace(first, last, num=20).reshape(4, 5)

    number = list(RULES).index(name)
    settings = {
        "sgd": {"lr": 1e-2},
        "sgdm": {"lr": 1e-3},
        "rmsprop": {"lr": 1e-2},
        "adam": {"lr": 1e-2, "t": 5},
    }
    states = {
        "sgd": {},
        "sgdm": {"velocity.w1": ramp(0.6, 0.9)},
        "rmsprop": {"cache.w1": ramp(0.6, 0.9)},
        "adam": {"mt.w1": ramp(0.6, 0.9), "vt.w1": ramp(0.7, 0.5)},
    }
    arrays = {"w1": ramp(-0.4, 0.6), "dw1": ramp(-0.6, 0.4)[None]}
    return arrays | states[name] | _settings(kind=number, **RULES[name], **settings[name])


def rule(rng, name, steps, *, weight_decay=0.0):
    """Draw two layers and the gradients of some steps. eps is large enough for its place to be seen."""
    case = {}
    for key, shape in {"w1": (4, 3), "b1": (3,), "w2": (3, 2), "b2": (2,)}.items():
        case[key] = rng.standard_normal(shape)
        case[f"d{key}"] = rng.standard_normal((steps, *shape))
    settings = dict(RULES[name])
    if "eps" in settings:
        settings["eps"] = 0.02
    if "decay" in settings:
        settings["decay"] = 0.9
    if name in ("sgd", "adam"):
        settings["weight_decay"] = weight_decay
    return case | _settings(kind=list(RULES).index(name), lr=0.05, **settings)


def penalty(rng, kind, lam):
    """Draw two layers with gradients; some parameters are 0, where L1 has no slope."""
    case = {}
    for key, shape in {"w1": (4, 3), "b1": (3,), "w2": (3, 2), "b2": (2,)}.items():
        case[key] = rng.standard_normal(shape)
        case[f"d{key}"] = rng.standard_normal(shape)
    case["w1"][0, 0] = case["w2"][2, 1] = 0.0
    return case | _settings(kind=kind, lam=lam)
