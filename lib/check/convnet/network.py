"""Look at the answer of a functional network: first parameters, scores, loss, gradients, penalty."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lib.check.convnet.probes import CLASSES, FILTER_SIZE, FILTERS, HIDDEN, INPUT_DIM, SCALE
from lib.check.diagnose import close, compare, unassigned
from lib.check.job import CaseAnswer
from lib.ops import (
    conv2d_backward,
    conv2d_forward,
    dense_backward,
    dense_forward,
    max_pool2d_backward,
    max_pool2d_forward,
    relu_backward,
    relu_forward,
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
)

#: The parts that are looked at; a later one needs those before it.
PARTS = (
    "shapes",
    "first weights",
    "scores",
    "loss",
    "gradients",
    "penalty in the loss",
    "penalty in the gradients",
)
#: How far a measured standard deviation may be from the wanted one.
STD_TOLERANCE = 0.15
RTOL = 1e-6


def shapes(layers: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of the network with three or four layers."""
    C, H, W = INPUT_DIM
    sizes = [FILTERS * (H // 2) * (W // 2), *[HIDDEN] * (layers - 2), CLASSES]
    found: dict[str, tuple[int, ...]] = {"W1": (FILTERS, C, FILTER_SIZE, FILTER_SIZE), "b1": (FILTERS,)}
    for k in range(2, layers + 1):
        found |= {f"W{k}": (sizes[k - 2], sizes[k - 1]), f"b{k}": (sizes[k - 1],)}
    return found


def draw_case(layers: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw parameters, images and classes for a network."""
    case = {f"param_{name}": 0.3 * rng.standard_normal(shape) for name, shape in shapes(layers).items()}
    case |= {"X": rng.standard_normal((4, *INPUT_DIM)), "y": rng.integers(0, CLASSES, 4)}
    return case | {"reg": np.array(0.1)}


def wanted(case: Mapping[str, np.ndarray], layers: int, without_relu: int = 0) -> dict[str, np.ndarray]:
    """Compute scores, loss and gradients without penalty, from the kernels and not from the network itself.

    The number of an affine layer as ``without_relu`` leaves the ReLU after it out, as students do.
    """
    p = {name.removeprefix("param_"): value for name, value in case.items() if name.startswith("param_")}
    images = case["X"].transpose(0, 2, 3, 1)
    out, conv = conv2d_forward(images, p["W1"].transpose(2, 3, 1, 0), p["b1"], pad=(FILTER_SIZE - 1) // 2)
    out, relu = relu_forward(out)
    out, pool = max_pool2d_forward(out, (2, 2), stride=2)
    pooled = out.shape
    out = out.transpose(0, 3, 1, 2).reshape(len(out), -1)
    caches = []
    for k in range(2, layers + 1):
        out, dense = dense_forward(out, p[f"W{k}"], p[f"b{k}"])
        act = None
        if k < layers and k != without_relu:
            out, act = relu_forward(out)
        caches.append((dense, act))
    found = {"scores": out}
    loss, cache = softmax_cross_entropy_forward(out, case["y"])
    found["loss"] = np.asarray(loss)
    slope = softmax_cross_entropy_backward(1.0, cache)
    for k, (dense, act) in reversed(list(enumerate(caches, start=2))):
        slope = slope if act is None else relu_backward(slope, act)
        slope, found[f"dW{k}"], found[f"db{k}"] = dense_backward(slope, dense)
    N, OH, OW, F = pooled
    slope = slope.reshape(N, F, OH, OW).transpose(0, 2, 3, 1)
    _, dw, found["db1"] = conv2d_backward(relu_backward(max_pool2d_backward(slope, pool), relu), conv)
    found["dW1"] = dw.transpose(3, 2, 0, 1)
    return found


def look_at_net(answer: CaseAnswer, case: Mapping[str, np.ndarray], layers: int) -> dict[str, list[str]]:
    """List the symptoms of an answer of ``three_layer_net`` or ``four_layer_net``, part by part.

    Returns
    -------
    dict of str to list of str
        Keys: PARTS. A part that cannot be looked at because an earlier one is wrong says so.
    """
    parts: dict[str, list[str]] = {name: [] for name in PARTS}
    parts["shapes"] = _shapes(answer, layers)
    if parts["shapes"]:
        return parts | {name: ["not looked at: the shapes come first."] for name in PARTS[1:]}
    right = wanted(case, layers)
    names = list(shapes(layers))
    parts["first weights"] = _first_weights(answer, names)
    parts["scores"] = _scores(answer, case, right["scores"], layers)
    parts["loss"] = _loss(answer, right["loss"], len(case["y"]))
    parts["gradients"] = _gradients(answer, right, names, "d", {})
    squares = {n: float((case[f"param_{n}"] ** 2).sum()) for n in names}
    reg = float(case["reg"])
    parts["penalty in the loss"] = _penalty(answer, float(right["loss"]), squares, reg)
    with_penalty = {f"d{n}": right[f"d{n}"] + (reg * case[f"param_{n}"] if n[0] == "W" else 0) for n in names}
    extra = {n: case[f"param_{n}"] for n in names}
    parts["penalty in the gradients"] = _gradients(answer, with_penalty, names, "reg_d", extra, reg, right)
    return parts


def _shapes(answer, layers):
    problems = []
    for name, want in shapes(layers).items():
        got = answer.value(f"first_{name}")
        if got is None:
            problems.append(f"params has no '{name}'.")
        elif np.shape(got) != want:
            problems.append(
                f"'{name}' has shape {np.shape(got)}, wanted {want} for this small network."
                f"{_layout(name, np.shape(got), want)}"
            )
    known = {f"first_{name}" for name in shapes(layers)}
    others = [key for key in answer.arrays if key.startswith("first_") and key not in known]
    problems += [f"params has '{key.removeprefix('first_')}', which is not asked for." for key in others]
    return problems


def _layout(name, got, want):
    """Say what a wrong shape of ``params[name]`` may come from; empty when nothing is known."""
    (C, H, W), pooled = INPUT_DIM, shapes(3)["W2"][0]
    if got == want[::-1]:
        return " Rows and columns are swapped."
    if name != "W2" or len(got) != 2 or got[0] == pooled:
        return ""
    causes = {
        FILTERS * H * W: "The pooling halves height and width",
        FILTERS * (H // 2) ** 2: "The height is used for the width as well",
        FILTERS * (W // 2) ** 2: "The width is used for the height as well",
        FILTERS: "The filters' planes are laid flat: each has (H // 2) * (W // 2) pixels",
        pooled // FILTERS: "There is one plane for each filter",
        C * (H // 2) * (W // 2): "What is pooled has a plane for each filter, not for each channel",
    }
    said = causes.get(got[0], "What is pooled comes in")
    return f" {said}: num_filters * (H // 2) * (W // 2) numbers, here {pooled}."


def _scores(answer, case, right, layers):
    """Compare the scores; tell the usual mistakes apart."""

    def usual():
        exp = np.exp(right - right.max(axis=1, keepdims=True))
        wrong = {
            "a ReLU follows the last affine layer. Scores may be negative": np.maximum(right, 0),
            "the softmax is applied. Scores are what goes into it": exp / exp.sum(axis=1, keepdims=True),
        }
        for k in range(2, layers):
            label = f"the ReLU after the affine layer of W{k} is left out"
            wrong[label] = wanted(case, layers, without_relu=k)["scores"]
        for k in range(2, layers + 1):
            wrong[f"the bias b{k} is left out"] = wanted(
                {**case, f"param_b{k}": 0 * case[f"param_b{k}"]}, layers
            )["scores"]
        return wrong

    hints = {"missing": unassigned("scores")}
    return compare(
        "scores",
        answer.value("scores"),
        right,
        rtol=RTOL,
        image=False,
        alternatives=usual,
        hints=hints,
    )


def _loss(answer, right, count):
    """Compare the loss without penalty; tell the usual mistakes apart."""
    wrong = {
        "the loss of the batch is summed. softmax_loss returns the mean already": right * count,
        "the mean is divided by the number of images once more": right / count,
        "the loss stays 0 as it was before": 0 * right,
    }
    return compare("loss", answer.value("loss"), right, rtol=RTOL, image=False, alternatives=wrong)


def _first_weights(answer, names):
    """Ask for weights drawn with standard deviation weight_scale, and zero biases."""
    problems = []
    for name in names:
        first = answer.value(f"first_{name}")
        if name[0] == "b" and np.any(first):
            problems.append(f"the first biases '{name}' are not zero.")
        spread = float(np.std(first))
        # small arrays scatter by more: five deviations of the estimate, for any generator and any seed
        allowed = max(STD_TOLERANCE, 5 / np.sqrt(2 * np.size(first)))
        if name[0] == "W" and not abs(spread / SCALE - 1) < allowed:
            problems.append(
                f"'{name}' has standard deviation {spread:.3g}, wanted weight_scale, here {SCALE:g}."
            )
    return problems


def _penalty(answer, loss, squares, reg):
    """Compare the loss with penalty; tell the usual mistakes apart."""
    got = answer.value("reg_loss")
    weights = sum(value for name, value in squares.items() if name[0] == "W")
    biases = sum(value for name, value in squares.items() if name[0] == "b")
    usual = {
        "the penalty is left out of the loss": loss,
        "the factor 0.5 is left out of the penalty": loss + reg * weights,
        "the biases are penalized as well": loss + 0.5 * reg * (weights + biases),
        "the penalty is subtracted": loss - 0.5 * reg * weights,
    }
    usual |= {
        f"the penalty leaves '{name}' out": loss + 0.5 * reg * (weights - value)
        for name, value in squares.items()
        if name[0] == "W"
    }
    want = np.asarray(loss + 0.5 * reg * weights)
    wrong = {label: np.asarray(value) for label, value in usual.items()}
    return compare("loss with reg", got, want, rtol=RTOL, image=False, alternatives=wrong)


def _gradients(answer, right, names, prefix, params, reg=0.0, plain=None):
    """Compare every gradient; with a penalty, tell the usual mistakes apart."""
    problems = []
    for name in names:
        got, want = answer.value(f"{prefix}{name}"), right[f"d{name}"]
        wrong = {}
        if plain is not None:
            at, value = plain[f"d{name}"], reg * params[name]
            wrong = {
                "the penalty has no gradient": at,
                "the gradient of the penalty is twice too large": at + 2 * value,
                "the gradient of the penalty is half as large": at + 0.5 * value,
                "the gradient of the penalty has the wrong sign": at - value,
                "reg is left out of the gradient of the penalty": at + params[name],
            }
            if name[0] == "b":
                wrong = {
                    "the biases are penalized": at + value,
                    "the biases are penalized twice": at + 2 * value,
                }
            wrong = {label: array for label, array in wrong.items() if not close(array, want, RTOL)}
        with_reg = f"gradient of {name}" + (" with reg" if plain is not None else "")
        hints = {"missing": f"missing: loss returns no grads['{name}']."}
        problems += compare(with_reg, got, want, rtol=RTOL, image=False, alternatives=wrong, hints=hints)
    return problems
