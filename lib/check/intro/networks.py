"""Look at the answers of networks: layers, feature maps, scores, and what they drop."""

from __future__ import annotations

import json

import numpy as np

from lib.check.diagnose import compare, explained
from lib.check.intro import alternatives
from lib.check.job import CaseAnswer

#: Scores in single precision differ from those in double precision by less than this, relative to the largest.
TOLERANCE = 1e-4
#: Allowed difference between the share of numbers that are dropped and what was asked for.
DROP_TOLERANCE = 0.06


def layers_of(answer: CaseAnswer) -> list[dict]:
    """Read the description of the layers that a probe packed; empty when there is none."""
    try:
        layers = json.loads(answer.text("layers"))
    except ValueError:
        return []
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def _missing(answer: CaseAnswer) -> list[str]:
    """Say which layer was not found."""
    missing = answer.text("missing")
    if not missing:
        return []
    said = f"the network lacks {missing}."
    if missing.endswith("it has none"):
        return [f"{said} Is super().__init__() still there, and are the layers attributes (self.conv_1 = …)?"]
    return [
        f"{said} A layer in a plain list is no part of the network: use nn.Sequential or nn.ModuleList."
        if "a convolution" in missing
        else f"{said} The hidden layer has 100 units, the last layer 10; how many numbers are flattened?"
    ]


def _layers(answer: CaseAnswer) -> list[str]:
    """Ask for a description of the layers: the probe writes one of every network."""
    return [] if layers_of(answer) else ["the network has no layers."]


def backed(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Take what a network only says of itself as met where its numbers show that it ran.

    Layers, modes and shares are what the student's process claims. Feature maps and scores follow from weights and
    images that it was given: the right ones, or those of a usual mistake.
    """
    if any(explained(found[name]) for name in NUMBERS if name in found):
        return found
    return {name: problems or UNBACKED for name, problems in found.items()}


#: The criteria that are compared with numbers of our own; and what is said of the others where these are all wrong.
NUMBERS = ("features", "scores")
UNBACKED = ["not counted: the scores come first."]


def _scores(answer, want, wrong, name="scores"):
    return compare(
        name,
        answer.value(name),
        want,
        rtol=TOLERANCE,
        alternatives=wrong,
        image=False,
        hints={"missing": "None: is the result assigned to `scores`, the variable that is returned?"},
    )


def conv_net_problems(answer: CaseAnswer, inputs) -> dict[str, list[str]]:
    """List the symptoms of ``ConvNet``, by criterion: layers, scores."""
    if missing := _missing(answer):
        return {"layers": missing, "scores": ["not looked at: the layers come first."]}
    want = alternatives.conv_net_scores(inputs)
    scores = _scores(answer, want, lambda: alternatives.conv_net(inputs))
    return {"layers": _layers(answer), "scores": scores}


def deep_net_problems(answer: CaseAnswer, inputs) -> dict[str, list[str]]:
    """List the symptoms of ``DeepNet``, by criterion: layers, features, scores."""
    if missing := _missing(answer):
        later = ["not looked at: the layers come first."]
        return {"layers": missing, "features": later, "scores": later}
    features = compare(
        "features",
        answer.value("maps"),
        alternatives.deep_net_maps(inputs),
        rtol=TOLERANCE,
        alternatives=lambda: alternatives.deep_net_features(inputs),
        image=False,
        hints={"missing": "None: is the result assigned to `maps`, the variable that is returned?"},
    )
    want = alternatives.deep_net_scores(inputs)
    scores = _scores(answer, want, lambda: alternatives.deep_net(inputs))
    return {"layers": _layers(answer), "features": features, "scores": scores}


def regularized_problems(answer: CaseAnswer, inputs) -> dict[str, list[str]]:
    """List the symptoms of ``RegularizedNet``, by criterion: layers, scores, batch norm, first and second dropout."""
    if missing := _missing(answer):
        later = ["not looked at: the layers come first."]
        return {"layers": missing} | dict.fromkeys(REGULARIZED[1:], later)
    want = alternatives.regularized_scores(inputs)
    found = {"layers": _layers(answer)}
    found["scores"] = _scores(answer, want, lambda: alternatives.regularized(inputs))
    found["batch norm"] = _norm_problems(answer, inputs)
    for place, name in enumerate(("dropout before the hidden layer", "dropout after the hidden layer")):
        found[name] = _dropout_problems(answer, inputs, place, name)
    return found


REGULARIZED = (
    "layers",
    "scores",
    "batch norm",
    "dropout before the hidden layer",
    "dropout after the hidden layer",
)


def _norm_problems(answer, inputs):
    """Ask for statistics that are remembered, and for those of the batch in training mode."""
    remembered, first = answer.value("running_mean"), inputs["norm_running_mean"]
    if not isinstance(remembered, np.ndarray) or remembered.shape != first.shape:
        return ["no batch norm layer that remembers the mean of its channels was found: nn.BatchNorm2d."]
    if np.allclose(remembered, first, atol=1e-7):
        return ["batch norm did not learn the statistics of a batch that went through in training mode."]
    got, want = answer.value("train_scores"), alternatives.regularized_scores(inputs, batch=True)
    kept = {
        "batch norm goes by what it remembers in training mode, too": alternatives.regularized_scores(inputs)
    }
    return compare("scores in training mode", got, want, rtol=TOLERANCE, alternatives=kept, image=False)


def _dropout_problems(answer, inputs, place, name):
    """Compare the share of numbers that reach a fully connected layer as 0 with what was asked for."""
    asked = float(inputs["dropout"])
    shares = {key: answer.value(key) for key in ("train_dropped", "eval_dropped", "train_mean", "eval_mean")}
    if any(not isinstance(share, np.ndarray) or share.shape != (2,) for share in shares.values()):
        return ["wanted two fully connected layers, each nn.Linear and used once: hidden and last."]
    train, after, mean, _ = (float(share[place]) for share in shares.values())
    if not np.isfinite([train, after, mean]).all():
        return [f"{name}: what reaches the fully connected layers is not finite."]
    if after > 0:
        return [
            f"{name}: {after:.0%} of the numbers are dropped in evaluation mode, wanted none. With nn.Dropout, "
            "net.eval() switches it off; F.dropout must be told: training=self.training."
        ]
    if train == 0:
        return [f"{name}: nothing is dropped in training mode, wanted {asked:.0%}."]
    if abs(train - asked) > DROP_TOLERANCE:
        hint = (
            " Is it before the pooling, which looks for a number that is left?"
            if train < asked and not place
            else ""
        )
        return [f"{name}: {train:.0%} of the numbers are dropped, wanted {asked:.0%}.{hint}"]
    if abs(mean - 1) > 0.2:
        return [
            f"{name}: the mean becomes {mean:.2f} times as large. What is kept is divided by 1 - p; nn.Dropout does it."
        ]
    return []
