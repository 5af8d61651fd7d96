"""Checks of what lives in the notebook: the trained model, a weight of the penalty, activation functions."""

from __future__ import annotations

from math import erf

import numpy as np

from lib.check.diagnose import compare
from lib.check.mlp.networks import MAX_DENSE, limit_problem
from lib.check.mlp.probes import summarize
from lib.check.run import say
from lib.check.trained import check_training, fail

#: The step whose weight decay an L2 penalty is to equal.
LR, WEIGHT_DECAY = 0.01, 1e-4
#: Where the activation functions are asked for.
POINTS = np.linspace(-5, 5, 10)
#: Settings of the activation functions.
LEAKY_SLOPE, ELU_ALPHA, SELU_ALPHA, SELU_SCALE = 0.1, 0.5, 1.6732, 1.0507
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu")


def training(results=None, model=None, data=None, path="model.npz"):
    """Check what came out of training: histories, network, accuracy, and the file that is handed in.

    Parameters
    ----------
    results : tuple (opt_params, loss_hist, train_acc_hist, val_acc_hist)
    model : the trained network
    data : dict
        ``data["data_val"]`` holds (images, labels).
    path : path
        The model file.
    """
    check_training(
        "training",
        results,
        model,
        data,
        path,
        refuse=lambda: limit_problem(summarize(model)),
        limits=f"at most {MAX_DENSE} fully connected layers",
    )


def lambda_problems(reg_lambda, added):
    """Say why a penalty does not equal weight decay 1e-4 at learning rate 0.01; nothing when it does.

    Parameters
    ----------
    reg_lambda : float or None
    added : float
        What ``apply_l2_regularization(1.0)`` adds to the gradient of a parameter that is 1: 2 for the penalty
        lam * p**2. A student who has lam * p**2 / 2 instead, and so 1, needs another lambda.
    """
    number = np.asarray(reg_lambda if reg_lambda is not None else np.nan)
    if number.dtype.kind not in "fiu" or number.size != 1 or not np.isfinite(number).all():
        return ["reg_lambda is missing: wanted one number."]
    slope = np.asarray(added)
    if slope.dtype.kind not in "fiu" or slope.size != 1 or float(slope.item()) not in (1.0, 2.0):
        return [
            f"apply_l2_regularization(1.0) adds {added} for a parameter that is 1: exercise l2 comes first."
        ]
    got, factor = float(number.item()), float(slope.item())
    want = WEIGHT_DECAY / (LR * factor)
    if abs(got / want - 1) < 1e-6:
        return []
    named = {
        "The slope of p**2 has a factor 2.": 2 * want if factor == 2 else want / 2,
        "The step multiplies the gradient by lr: divide by it.": WEIGHT_DECAY / factor,
        "They are not the same number: the step multiplies the gradient by lr.": WEIGHT_DECAY,
        "lr stands on the other side: divide by it.": WEIGHT_DECAY * LR / factor,
        "Is the fraction turned round?": LR * factor / WEIGHT_DECAY / factor**2,
    }
    hint = next((said for said, wrong in named.items() if abs(got / wrong - 1) < 1e-6), "")
    said = f"reg_lambda is {got:g}: one step then takes {LR * factor * got:.3g} * p, weight decay takes {WEIGHT_DECAY:g} * p."
    return [f"{said} {hint}" if hint else said]


def l2_lambda(reg_lambda=None, added=None):
    """Check the weight of the L2 penalty that equals weight decay in plain SGD.

    Parameters
    ----------
    reg_lambda : float
    added : float
        As for `lambda_problems`.
    """
    if reg_lambda is None:
        fail("l2_lambda", "not written yet: reg_lambda is None. Fill in the cell above.")
    if problems := lambda_problems(reg_lambda, added):
        fail("l2_lambda", *problems)
    say(f"l2_lambda: {float(reg_lambda):g} with lr {LR:g} is weight decay {WEIGHT_DECAY:g}")


def activation_values(name):
    """Return the values of an activation function at ``POINTS``."""
    x = POINTS
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
    return {
        "sigmoid": 1 / (1 + np.exp(-x)),
        "tanh": np.tanh(x),
        "relu": np.maximum(x, 0),
        "leaky_relu": np.where(x > 0, x, LEAKY_SLOPE * x),
        "elu": np.where(x > 0, x, ELU_ALPHA * np.expm1(x)),
        "selu": SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
        "gelu": x / 2 * (1 + np.tanh(inner)),
    }[name]


def activation_problems(name, values):
    """List the symptoms of one activation function at ``POINTS``."""
    x = POINTS
    wrong = {
        "sigmoid": {"the sign in exp is missing: 1 / (1 + exp(-x))": 1 / (1 + np.exp(x))},
        "tanh": {"the argument is halved": np.tanh(x / 2)},
        "relu": {"the smaller of x and 0 is taken": np.minimum(x, 0)},
        "leaky_relu": {"the slope is 0.01 instead of 0.1": np.where(x > 0, x, 0.01 * x)},
        "elu": {
            "alpha is left out": np.where(x > 0, x, np.expm1(x)),
            "exp(x) lacks its -1": np.where(x > 0, x, ELU_ALPHA * np.exp(x)),
        },
        "selu": {
            "the scale is left out where x is positive": np.where(
                x > 0, x, SELU_SCALE * SELU_ALPHA * np.expm1(x)
            ),
            "the scale is left out": np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
        },
        "gelu": {"x times sigmoid(x) is taken (that is SiLU)": x / (1 + np.exp(-x))},
    }
    got = values if values is None else np.asarray(values)
    if isinstance(got, np.ndarray) and got.shape == x.shape and np.array_equal(got, x):
        return [f"{name} returns x itself: write its formula."]
    want = activation_values(name)
    problems = compare(name, got, want, rtol=1e-6, alternatives=wrong[name], image=False)
    if name == "gelu" and problems:
        exact = np.array([v / 2 * (1 + erf(v / np.sqrt(2))) for v in x])
        # drawn, the exact form and the tanh form look the same
        problems = compare(name, got, exact, rtol=1e-6, image=False) and problems
    return problems


def activations(**values):
    """Check the values of the activation functions at ten points from -5 to 5.

    Parameters
    ----------
    **values : ndarray, shape (10,)
        One for each of ``ACTIVATIONS``.
    """
    for name in ACTIVATIONS:
        if values.get(name) is None:
            fail("activations", f"not written yet: {name} is None. Fill in the cell above.")
        if problems := activation_problems(name, values[name]):
            fail("activations", *problems)
    say(f"activations: {len(ACTIVATIONS)} functions, each right at {len(POINTS)} points")
