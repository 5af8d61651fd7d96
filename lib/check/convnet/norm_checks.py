"""The published checks of spatial batch normalization and group normalization."""

from __future__ import annotations

import numpy as np

from lib.check.convnet import norm_alternatives
from lib.check.convnet.common import EXACT, GRADIENT, compare_images, forward_case, forward_problems
from lib.check.run import Case

#: What the first channel or group is multiplied with: so little that it matters where eps is added.
FAINT = 0.05


def norm_inputs(rng, shape, groups=None):
    """Draw inputs of a normalization far from mean 0 and variance 1, slopes, and a second batch."""
    C = shape[1]
    spread = rng.uniform(1, 4, (1, C, 1, 1))
    x = spread * rng.standard_normal(shape) + rng.uniform(-8, 8, (1, C, 1, 1))
    x[:, : C // (groups or C)] *= FAINT
    inputs = {
        "x": x,
        "gamma": rng.uniform(0.5, 2.0, C),
        "beta": rng.standard_normal(C),
        "dout": rng.standard_normal(shape),
        "next": 2 * rng.standard_normal(shape) + 3,
    }
    if groups is None:
        return inputs
    inputs |= {name: inputs[name].reshape(1, C, 1, 1) for name in ("gamma", "beta")}
    return inputs | {"G": np.array(groups)}


#: The share of a running average that stays, as batchnorm_forward has it.
MOMENTUM = 0.9


def running(inputs):
    """Compute the running averages after the first batch, and what the first batch becomes at test time."""
    axes, momentum = (0, 2, 3), MOMENTUM
    mean, var = (1 - momentum) * inputs["x"].mean(axes), (1 - momentum) * inputs["x"].var(axes)
    found = {"running_mean": mean, "running_var": var}
    mean = momentum * mean + (1 - momentum) * inputs["next"].mean(axes)
    var = momentum * var + (1 - momentum) * inputs["next"].var(axes)
    test = (inputs["x"] - mean.reshape(1, -1, 1, 1)) / np.sqrt(
        var.reshape(1, -1, 1, 1) + norm_alternatives.EPS
    )
    gamma, beta = (inputs[name].reshape(1, -1, 1, 1) for name in ("gamma", "beta"))
    return found | {"test": gamma * test + beta}


def batchnorm_forward_problems(answer, inputs, rtol):
    """List the symptoms of spatial batch normalization: training, running averages, test time."""
    want = running(inputs)
    train = norm_alternatives.batchnorm_right(inputs)[0]
    test = {
        "the statistics of the batch are used at test time. bn_param holds the running ones": train,
        "gamma and beta are left out": norm_alternatives.unscaled(inputs, want["test"]),
    }
    averages = []
    for name in ("running_mean", "running_var"):
        if answer.value(name) is None:
            averages.append(
                f"bn_param has no '{name}' after training: hand bn_param itself to batchnorm_forward."
            )
        else:
            whole = want[name] / (1 - MOMENTUM)
            turned = {
                "the old average and the new value change places: momentum is the share of the old one": (
                    MOMENTUM * whole
                ),
                "the average is replaced by the value of the batch. It keeps 0.9 of what it was": whole,
                "it stays as it was at first: each batch in training moves it": 0 * whole,
            }
            averages += compare_images(name, answer, want[name], rtol, alternatives=turned, image=False)
    return {
        "out": forward_problems(answer, train, inputs, norm_alternatives.batchnorm_forward, rtol),
        "running averages": averages,
        "test": compare_images(
            "test", answer, want["test"], rtol, alternatives=test, called="out at test time"
        ),
    }


def norm_backward_problems(answer, want, inputs, wrong, rtol):
    """List the symptoms of dx, dgamma and dbeta, each by itself."""
    made = {}

    def mistakes(name):
        if not made:
            made.update(wrong(inputs))
        return made[name]

    return {
        name: compare_images(
            name, answer, want[name], rtol, alternatives=lambda name=name: mistakes(name), image=False
        )
        for name in ("dx", "dgamma", "dbeta")
    }


def _joined(found):
    return [said for problems in found.values() for said in problems]


def batchnorm_forward_cases():
    """List the published cases of spatial batch normalization's forward pass."""

    def make(title, inputs):
        def look(answer):
            found = batchnorm_forward_problems(answer, inputs, EXACT)
            # a wrong output spoils the averages, and those what comes out at test time
            return next((problems for problems in found.values() if problems), []), ""

        return Case(title, inputs, look)

    rng = np.random.default_rng(34)
    return [
        make("2 images of 3 channels, 4x5 pixels", norm_inputs(rng, (2, 3, 4, 5))),
        make("5 images of 2 channels, 3x2 pixels", norm_inputs(rng, (5, 2, 3, 2))),
    ]


def _norm_backward_cases(inputs_list, gradients, wrong):
    def make(title, inputs):
        def look(answer):
            want = dict(zip(("dx", "dgamma", "dbeta"), gradients(inputs), strict=True))
            return _joined(norm_backward_problems(answer, want, inputs, wrong, GRADIENT)), ""

        return Case(title, inputs, look)

    return [make(title, inputs) for title, inputs in inputs_list]


def batchnorm_backward_cases():
    """List the published cases of spatial batch normalization's backward pass."""
    rng = np.random.default_rng(35)
    listed = [
        ("2 images of 3 channels, 4x5 pixels", norm_inputs(rng, (2, 3, 4, 5))),
        ("4 images of 2 channels, 3x2 pixels", norm_inputs(rng, (4, 2, 3, 2))),
    ]
    return _norm_backward_cases(
        listed, norm_alternatives.batchnorm_gradients, norm_alternatives.batchnorm_backward
    )


GROUP_SIZES = [
    ("6 channels in 2 groups", ((2, 6, 4, 5), 2)),
    ("4 channels in 1 group, 3 images", ((3, 4, 3, 2), 1)),
    ("3 channels in 3 groups", ((2, 3, 5, 4), 3)),
]


def groupnorm_forward_cases():
    """List the published cases of group normalization's forward pass."""
    rng = np.random.default_rng(36)
    right, wrong = norm_alternatives.groupnorm_right, norm_alternatives.groupnorm_forward
    return [forward_case(title, norm_inputs(rng, *sizes), right, wrong) for title, sizes in GROUP_SIZES]


def groupnorm_backward_cases():
    """List the published cases of group normalization's backward pass."""
    rng = np.random.default_rng(37)
    listed = [(title, norm_inputs(rng, *sizes)) for title, sizes in GROUP_SIZES]
    return _norm_backward_cases(
        listed, norm_alternatives.groupnorm_gradients, norm_alternatives.groupnorm_backward
    )
