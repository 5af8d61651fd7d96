"""Look at the networks that a student builds: layers, first weights, scores, loss, gradients."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from lib.check.diagnose import compare
from lib.check.job import CaseAnswer
from lib.check.mlp import formulas
from lib.grad_check import eval_numerical_gradient, eval_numerical_gradient_array

#: The layers that are asked for, in this order.
CASCADES = (("flatten", "fc", "leaky_relu"), ("flatten", "fc", "gelu"))
SMALL = ("fc", "gelu", "fc")
#: What the kinds of layers are called in sentences.
CALLED = {"fc": "fc", "flatten": "flatten", "leaky_relu": "leaky_relu", "gelu": "gelu"}
#: A trained network may have at most this many fully connected layers: one hidden layer.
MAX_DENSE = 2
#: Standard deviation of the first weights, and how far from it is still right.
STD, STD_TOLERANCE = 0.02, 0.1
#: Allowed errors: scores (sum of absolute differences), loss, gradients; those of the network with dropout.
SCORES_TOLERANCE, LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-6, 1e-10, 1e-6
DROPOUT_TOLERANCE = 1e-3
CASCADE_TOLERANCE = 1e-7


def layers_of(answer: CaseAnswer) -> list[dict]:
    """Read the description of the layers that a probe packed; empty when there is none or it is damaged."""
    try:
        layers = json.loads(answer.text("layers"))
    except ValueError:
        return []
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def limit_problem(layers: list[dict]) -> str:
    """Say that a network is more than one hidden layer; empty when it is not.

    Parameters
    ----------
    layers : list of dict
        As ``lib.check.mlp.probes.summarize`` describes them.
    """
    if not layers:
        return "the network has no layers."
    shapes = [shape for layer in layers for shape in (layer.get("shapes") or {}).values()]
    count = sum(len(shape) >= 2 for shape in shapes)
    if count > MAX_DENSE or any(len(shape) > 2 for shape in shapes):
        return (
            f"the network has {count} layers with weights, allowed are {MAX_DENSE} fully connected ones: "
            "one hidden layer."
        )
    return ""


def _layers(answer, name, order, shapes):
    """Compare kinds and order of the layers, then the shapes of the weights."""
    layers = layers_of(answer)
    if [layer.get("kind") for layer in layers] != list(order):
        got = ", ".join(str(layer.get("class")) for layer in layers) or "no layers"
        return [
            f"{name} is made of {got}; wanted {', '.join(CALLED[kind] for kind in order)}, in this order."
        ]
    weights = [
        tuple(shape) for layer in layers for shape in (layer.get("shapes") or {}).values() if len(shape) == 2
    ]
    if weights != shapes:
        return [f"the weights have shapes {weights}, wanted {shapes}."]
    return []


def _measured(function, case, names, dout=None):
    """Measure the slopes of a function of the arrays of a case; it reads them from the case itself."""
    moved = {name: np.array(case[name], dtype=np.float64) for name in names}
    nudged = {**case, **moved}
    if dout is None:
        return {
            name: eval_numerical_gradient(lambda _: function(nudged), array, verbose=False)
            for name, array in moved.items()
        }
    return {
        name: eval_numerical_gradient_array(lambda _: function(nudged), array, dout)
        for name, array in moved.items()
    }


def _cascade(case):
    activation = ("leaky", 0.01) if int(case["which"]) == 0 else ("gelu",)
    return formulas.chain(case["x"], [("fc", case["w1"], case["b1"]), activation])


def cascade_wanted(case) -> dict[str, np.ndarray]:
    """Compute what a cascade gives: ``out``, and the measured slopes ``dx``, ``dw``, ``db``."""
    slopes = _measured(_cascade, case, ("x", "w1", "b1"), case["dout"])
    return {"out": _cascade(case), "dx": slopes["x"], "dw": slopes["w1"], "db": slopes["b1"]}


def cascade_problems(
    answer: CaseAnswer, case: Mapping, wanted: Mapping | None = None
) -> dict[str, list[str]]:
    """List the symptoms of an answer of ``lib.check.mlp.probes:cascaded_nets``: layers, output, gradients."""
    which = int(case["which"])
    name = ("TestFCReLU", "TestFCGeLU")[which]
    layers = _layers(answer, name, CASCADES[which], [(15, 5)])
    if layers:
        later = ["not looked at: the layers come first."]
        return {"layers": layers, "output": later, "gradients": later}
    wanted = wanted or cascade_wanted(case)
    linear = formulas.dense(case["x"], case["w1"], case["b1"])
    wrong = {
        "the activation has another slope than 0.01, the default": formulas.leaky(linear, 0.1),
        "the activation is ReLU": np.maximum(linear, 0),
        "the activation is left out": linear,
    }
    output = compare("out", answer.value("out"), wanted["out"], rtol=1e-9, alternatives=wrong, image=False)
    gradients = [
        problem
        for key in ("dx", "dw", "db")
        for problem in compare(key, answer.value(key), wanted[key], rtol=CASCADE_TOLERANCE, image=False)
    ]
    return {"layers": [], "output": output, "gradients": gradients[:3]}


def _network_wanted(case, scores, count):
    """Return scores, loss and measured gradients of a network whose formula is ``scores(case)``."""

    def loss(nudged):
        return formulas.loss(scores(nudged), case["y"])

    names = [f"{key}{number}" for number in range(1, count + 1) for key in "wb"]
    slopes = _measured(loss, case, names)
    wanted = {"scores": scores(case), "loss": np.asarray(loss(case))}
    return wanted | {f"d{name}": value for name, value in slopes.items()}


def small_net_wanted(case) -> dict[str, np.ndarray]:
    """Compute what the small network gives, with measured gradients."""
    return _network_wanted(case, _small_scores, 2)


def _small_scores(case):
    first, last = ("fc", case["w1"], case["b1"]), ("fc", case["w2"], case["b2"])
    return formulas.chain(case["x"], [first, ("gelu",), last])


def small_net_problems(answer: CaseAnswer, case: Mapping, wanted: Mapping) -> dict[str, list[str]]:
    """List the symptoms of an answer of ``lib.check.mlp.probes:small_net``, part by part.

    Returns
    -------
    dict of str to list of str
        Keys: layers, first weights, scores, loss, gradients. A part that cannot be looked at because an
        earlier one is wrong says so.
    """
    shapes = [case["w1"].shape, case["w2"].shape]
    parts = {"layers": _layers(answer, "SmallFullyConnectedNetwork", SMALL, shapes)}
    parts["first weights"] = _first_weights(answer)
    if parts["layers"]:
        later = ("scores", "loss", "gradients")
        return parts | {name: ["not looked at: the layers come first."] for name in later}
    return parts | _numbers(answer, wanted, 2, scores=1e-6, loss=LOSS_TOLERANCE, gradients=GRADIENT_TOLERANCE)


def _first_weights(answer):
    """Ask for weights drawn with standard deviation 0.02, and zero biases."""
    problems = []
    for number in (1, 2):
        spread, bias = answer.value(f"std{number}"), answer.value(f"first_b{number}")
        if not isinstance(spread, np.ndarray) or spread.size != 1:
            problems.append(f"the network has no fully connected layer number {number}.")
        elif not abs((std := spread.item()) / STD - 1) < STD_TOLERANCE:
            said = f"the first weights of layer {number} have standard deviation {std:.4g}, not {STD}"
            problems.append(f"{said}: give the layer init_scale={STD}.")
        if isinstance(bias, np.ndarray) and bias.any():
            problems.append(f"the first biases of layer {number} are not zero.")
    return problems


def _numbers(answer, wanted, count, *, scores, loss, gradients, wrong=None):
    """Compare scores, loss and gradients of a network."""
    parts = {
        "scores": compare(
            "scores", answer.value("scores"), wanted["scores"], rtol=scores, alternatives=wrong, image=False
        )
    }
    want = np.asarray(wanted["loss"])
    # compare() allows rtol of the entry and of the largest one, which are the same number here
    rtol = loss / (2 * max(1.0, abs(float(want))))
    parts["loss"] = compare("loss", answer.value("loss"), want, rtol=rtol, image=False)
    parts["gradients"] = [
        problem
        for number in range(1, count + 1)
        for key in "wb"
        for problem in compare(
            f"gradient of {key} of layer {number}",
            answer.value(f"d{key}{number}"),
            wanted[f"d{key}{number}"],
            rtol=gradients,
            image=False,
        )
    ][:3]
    return parts


def dropout_net_problems(answer: CaseAnswer, case: Mapping) -> dict[str, list[str]]:
    """List the symptoms of the network with dropout at its end: mask, scores, loss, gradients.

    Which entries were dropped is read off the scores (GELU gives no exact 0); everything else follows.
    """
    scores, keep_prob = answer.value("scores"), float(case["keep_prob"])
    shape = (len(case["x"]), case["w3"].shape[1])
    if not isinstance(scores, np.ndarray) or scores.shape != shape:
        got = getattr(scores, "shape", scores)
        return {name: [f"the scores have shape {got}, wanted {shape}."] for name in ("mask", "numbers")}
    drops = 0 < keep_prob < 1
    mask = scores != 0
    problems = []
    if drops and mask.all():
        problems = ["no score is 0 while training. Does dropout drop?"]
    elif not drops and not mask.all():
        problems = [f"scores are 0 with keep_prob {keep_prob:g}, which means: no dropout."]
    elif drops and not mask.any():
        problems = ["all scores are 0."]

    def formula(nudged):
        layers = []
        for number in (1, 2, 3):
            layers += [("fc", nudged[f"w{number}"], nudged[f"b{number}"]), ("gelu",)]
        return formulas.chain(case["x"], [*layers, ("mask", mask, keep_prob if drops else 1.0)])

    if problems:
        return {"mask": problems, "numbers": ["not looked at: the mask comes first."]}
    wanted = _network_wanted(case, formula, 3)
    allowed = dict.fromkeys(("scores", "loss", "gradients"), DROPOUT_TOLERANCE)
    wrong = (
        {"dropout does not divide by keep_prob what it keeps": keep_prob * wanted["scores"]} if drops else {}
    )
    parts = _numbers(answer, wanted, 3, **allowed, wrong=wrong)
    if not drops and parts["scores"]:  # any numbers but 0 look like a network that drops nothing
        problems = parts["scores"][:1]
    return {"mask": problems, "numbers": [problem for found in parts.values() for problem in found][:3]}
