"""Wrong answers that are made often, computed on purpose: the diagnosis compares with them.

Each function takes the arrays of one case (see ``lib.check.mlp.probes``) and returns ``{name of the answer:
{mistake: wrong array}}``. The mistake completes the sentence "this is what comes out when …".
"""

from __future__ import annotations

from math import erf

import numpy as np

from lib.check.mlp import formulas as right

LAST = "only the last sample counts. Add up over the batch"
NO_SLOPE = "the slope that comes in, dprev, is left out: multiply by it"


def fc_forward(case):
    """Make the usual wrong outputs of flatten and fc."""
    x, w, b = case["x"], case["w"], case["b"]
    rows, zero = x.reshape(len(x), -1), np.zeros_like(b)
    wrong = {
        "the bias is left out": right.dense(x, w, zero),
        "the bias is subtracted": right.dense(x, w, -b),
        "the bias is added once for every sample instead of once": right.dense(x, w, len(x) * b),
        "the bias is added once for every feature instead of once": right.dense(x, w, len(w) * b),
        "the mean over the features is taken instead of the sum": right.dense(x, w / len(w), b),
        "the product is divided by the number of samples": right.dense(x, w / len(x), b),
    }
    if w.shape[0] == w.shape[1]:
        wrong["w is transposed: out = feat @ w"] = right.dense(x, w.T, b)
    flat = {
        "the samples are flattened together: axis 0 stays": rows.ravel(),
        "the samples are flattened column by column (order 'F')": np.array([s.ravel("F") for s in x]),
        "the axes are turned round before": x.T.reshape(len(x), -1),
        "only one axis is flattened": x.reshape(len(x), x.shape[1], -1),
        "the shape is (D, N) instead of (N, D)": rows.T,
    }
    return {"out": wrong, "flat": flat}


def fc_backward(case):
    """Make the usual wrong gradients of fc and flatten."""
    w, dout = case["w"], case["dout"]
    rows = case["x"].reshape(len(case["x"]), -1)
    dfeat, dw, N = dout @ w.T, rows.T @ dout, len(dout)
    wrong = {
        "dfeat": {
            "the gradient of the input is divided by the number of samples": dfeat / N,
            "it is multiplied by the input": dfeat * rows,
            "the biases take part": dfeat + case["b"].sum(),
        },
        "dw": {
            "it is transposed: dw[d, k] belongs to w[d, k]": dw.T,
            "the mean over the samples is taken instead of the sum": dw / N,
            LAST: np.outer(rows[-1], dout[-1]),
            "the input is left out: every row gets db": np.broadcast_to(dout.sum(axis=0), dw.shape),
        },
        "db": {
            "the mean over the samples is taken instead of the sum": dout.mean(axis=0),
            "the sum over the samples is left out": dout,
            "the sum runs over the outputs instead of the samples": dout.sum(axis=1),
            "ones are added up instead of the slopes": np.full(dout.shape[1], float(N)),
            LAST: dout[-1],
            "a row is returned, shape (1, K): leave keepdims out": dout.sum(axis=0, keepdims=True),
        },
        "dimg": {"the gradient stays flat: give it the shape of feat": case["dflat"]},
    }
    if w.shape[0] == w.shape[1]:
        wrong["dfeat"]["w is not transposed: dfeat = dprev @ w.T"] = dout @ w
    return wrong


def leaky_relu_forward(case):
    """Make the usual wrong outputs of the leaky ReLU."""
    x, slope = case["x"], float(case["slope"])
    return {
        "out": {
            "negative entries become 0 (that is ReLU)": np.maximum(x, 0),
            "the slope is fixed at 0.01 instead of self.negative_slope": right.leaky(x, 0.01),
            "negative entries change their sign": right.leaky(x, -slope),
            "positive entries are scaled instead of negative ones": -right.leaky(-x, slope),
            "negative entries become the slope itself": np.where(x > 0, x, slope),
            "negative entries are divided by the slope": right.leaky(x, 1 / slope) if slope else x,
            "the smaller of x and slope * x is taken": np.minimum(x, slope * x),
            "all entries are scaled": slope * x,
        }
    }


def leaky_relu_backward(case):
    """Make the usual wrong gradients of the leaky ReLU."""
    x, slope, dout = case["x"], float(case["slope"]), case["dout"]
    factor = np.where(x > 0, 1.0, slope)
    return {
        "dfeat": {
            NO_SLOPE: factor,
            "nothing comes back where the input was negative (that is ReLU)": dout * (x > 0),
            "the sign of dprev is asked instead of the sign of the input": right.leaky(dout, slope),
            "the slope is fixed at 0.01 instead of self.negative_slope": dout * np.where(x > 0, 1.0, 0.01),
            "the output is multiplied instead of the slope": dout * right.leaky(x, slope),
            "positive entries are scaled instead of negative ones": dout * np.where(x > 0, slope, 1.0),
            "the incoming slope is passed on unchanged": dout,
            "negative entries get the slope itself, without dprev": np.where(x > 0, dout, slope),
        }
    }


def gelu_forward(case):
    """Make the usual wrong outputs of GELU."""
    x = case["x"]
    s, c = right.GELU_SCALE, right.GELU_CUBE
    inner = s * (x + c * x * x * x)
    exact = np.reshape([erf(v / np.sqrt(2)) for v in x.ravel()], x.shape)
    return {
        "out": {
            "the exact form with the error function is used; wanted is the tanh form": x / 2 * (1 + exact),
            "x times sigmoid(1.702 x) is used; wanted is the tanh form": x / (1 + np.exp(-1.702 * x)),
            "x times sigmoid(x) is used (that is SiLU)": x / (1 + np.exp(-x)),
            "the factor 1/2 is left out": x * (1 + np.tanh(inner)),
            "the 1 in front of tanh is left out": x / 2 * np.tanh(inner),
            "the factor x is left out": (1 + np.tanh(inner)) / 2,
            "x squared stands where x cubed belongs": x / 2 * (1 + np.tanh(s * (x + c * x * x))),
            "the square root is left out: sqrt(2 / pi)": right.gelu(x, 2 / np.pi),
            "the root is of 2 only: sqrt(2 / pi)": right.gelu(x, np.sqrt(2) / np.pi),
            "the root is of pi / 2: sqrt(2 / pi)": right.gelu(x, np.sqrt(np.pi / 2)),
            "the factor sqrt(2 / pi) does not reach the cube: it stands in front of the brackets": x
            / 2
            * (1 + np.tanh(s * x + c * x * x * x)),
            "the cubic term is left out": right.gelu(x, cube=0.0),
        }
    }


def gelu_backward(case):
    """Make the usual wrong gradients of GELU."""
    x, dout = case["x"], case["dout"]
    s, c = right.GELU_SCALE, right.GELU_CUBE
    t = np.tanh(s * (x + c * x * x * x))
    step, inner = (1 + t) / 2, s * (1 + 3 * c * x * x)
    whole = step + x / 2 * (1 - t * t) * inner
    return {
        "dfeat": {
            NO_SLOPE: whole,
            "only (1 + t)/2 is there: by the product rule, x/2 times the slope of t comes on top": dout
            * step,
            "only the slope of t is there: by the product rule, (1 + t)/2 comes on top": dout
            * (whole - step),
            "the inner derivative is left out: t is a function of a function of x": dout
            * (step + x / 2 * (1 - t * t)),
            "the inner derivative lacks the cube's part, 3 * 0.044715 * x**2": dout
            * (step + x / 2 * (1 - t * t) * s),
            "the inner derivative has x**2 without its factor 3": dout
            * (step + x / 2 * (1 - t * t) * s * (1 + c * x * x)),
            "the inner derivative lacks sqrt(2 / pi)": dout * (step + x / 2 * (1 - t * t) * inner / s),
            "the slope of tanh is 1 - t instead of 1 - t**2": dout * (step + x / 2 * (1 - t) * inner),
            "the slope of tanh is 1 + t**2 instead of 1 - t**2": dout * (step + x / 2 * (1 + t * t) * inner),
            "the factor 1/2 of the second part is left out": dout * (step + x * (1 - t * t) * inner),
            "the factor x of the second part is left out": dout * (step + (1 - t * t) * inner / 2),
            "the output is multiplied instead of the slope": dout * right.gelu(x),
        }
    }


def cross_entropy_forward(case):
    """Make the usual wrong probabilities and losses."""
    x, y = case["x"], case["y"]
    with np.errstate(all="ignore"):
        powers = np.exp(x)
        whole, columns = powers / powers.sum(), powers / powers.sum(axis=0)
    shifted = np.exp(x - x.max(axis=1, keepdims=True))
    p, each = right.probabilities(x), right.losses(x, y)
    mean, N, K = bool(case["size_average"]), *x.shape
    value = right.loss(x, y, mean)
    rows = np.arange(N)
    return {
        "softmax": {
            "the whole array adds up to 1 instead of each row": whole,
            "each column adds up to 1 instead of each row": columns,
            "the whole array adds up to 1, after the largest score of each row was taken away": (
                shifted / shifted.sum()
            ),
            "each column adds up to 1, after the largest score of each row was taken away": (
                shifted / shifted.sum(axis=0)
            ),
            "exp is not divided by its sum": powers,
            "the logarithm is taken as well": np.log(p),
        },
        "loss": {
            "the sum over the samples is not divided by their number": each.sum(),
            "it is divided although size_average is False": each.mean(),
            "it is divided by the number of classes as well": value / K,
            "it is divided by the number of classes instead of samples": each.sum() / K,
            "the minus is left out: the loss is -log p": -value,
            "the logarithm is left out": (-p[rows, y]).mean() if mean else -p[rows, y].sum(),
            "the scores are used without softmax": -x[rows, y].mean() if mean else -x[rows, y].sum(),
            "the logarithm has base 2": value / np.log(2),
            "the logarithm has base 10": value / np.log(10),
            "the logarithms of all classes are added up, not only that of the right one": -np.log(p).sum()
            / (N if mean else 1),
            "the loss of the last sample alone is returned": each[-1],
        },
    }


def cross_entropy_backward(case):
    """Make the usual wrong slopes of the loss."""
    x, y = case["x"], case["y"]
    mean = bool(case["size_average"])
    N, K = x.shape
    p, onehot = right.probabilities(x), np.eye(K)[y]
    unit = N if mean else 1
    return {
        "dscores": {
            "it is not divided by the number of samples, as the loss is": p - onehot,
            "it is divided by the number of samples although size_average is False": (p - onehot) / N,
            "the 1 of the right class is not taken away": p / unit,
            "the 1 of the right class is not taken away, nor is it divided by the number of samples": p,
            "the right class is added instead of taken away": (p + onehot) / unit,
            "only the right class gets a slope": (p - onehot) * onehot / unit,
            "it is divided by the number of classes": (p - onehot) / K,
            "it is -1/p of the right class: the slope for the probabilities, not for the scores": -onehot
            / p
            / unit,
        }
    }


def regularization(case):
    """Make the usual wrong gradients of both penalties."""
    lam, kind = float(case["lam"]), int(case["kind"])
    wrong = {}
    for name in ("w1", "b1", "w2", "b2"):
        grad, p = case[f"d{name}"], case[name]
        own, other = (np.sign(p), 2 * p) if kind == 1 else (2 * p, np.sign(p))
        found = {
            "the penalty is not there": grad,
            "the gradient is replaced by the penalty's instead of added to": lam * own,
            "the penalty is subtracted instead of added": grad - lam * own,
            "the penalty is added twice": grad + 2 * lam * own,
            "lam is left out": grad + own,
            "the gradient is penalized instead of the parameter": grad
            + lam * (np.sign(grad) if kind == 1 else 2 * grad),
        }
        if kind == 1:
            found |= {
                "|p| is added instead of the sign of p": grad + lam * np.abs(p),
                "p is added instead of the sign of p": grad + lam * p,
                "lam is added whatever the sign of p": grad + lam,
                "the sign at 0 is taken as 1": grad + lam * np.where(p >= 0, 1, -1),
                "the sign at 0 is taken as -1": grad + lam * np.where(p > 0, 1, -1),
                "the gradient of L2 is added": grad + lam * other,
            }
        else:
            found |= {
                "the factor 2 is left out: the penalty here is lam * p**2, its slope 2 * lam * p": grad
                + lam * p,
                "p**2 itself is added instead of its slope": grad + lam * p * p,
                "lam is squared": grad + 2 * lam * lam * p,
                "the gradient of L1 is added": grad + lam * other,
            }
        wrong[f"d{name}"] = found
    return wrong
