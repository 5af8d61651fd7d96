"""Look at the answer of the small test network: layers, first weights, scores, loss, gradients."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from lib.check.diagnose import compare
from lib.check.job import CaseAnswer

#: A trained network may have at most this many convolutions, and this many poolings.
MAX_LAYERS = 2
#: The layers that are asked for, in this order.
ORDER = ("conv", "pool", "flatten", "fc")
#: Standard deviation of the first weights, and how far from it is still right.
STD, STD_TOLERANCE = 0.02, 0.1
#: Allowed errors of seed scores (sum of absolute differences), loss and gradients.
SCORES_TOLERANCE, LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-6, 1e-10, 1e-6


def layers_of(answer: CaseAnswer) -> list[dict]:
    """Read the description of the layers that a probe packed; empty when there is none or it is damaged."""
    try:
        layers = json.loads(answer.text("layers"))
    except ValueError:
        return []
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def count_layers(layers: list[dict]) -> tuple[int, int]:
    """Count the convolutions and poolings of a network, whatever its classes are called.

    Parameters
    ----------
    layers : list of dict
        As ``lib.check.cnn.probes.summarize`` describes them. Layers that were watched while images ran through
        are also told by what they did to the images; the larger count holds.

    Returns
    -------
    convolutions, poolings : int
    """
    named = [layer.get("kind") for layer in layers]
    kernels = sum(_kernels(layer) for layer in layers)
    done = [_what_it_does(layer) for layer in layers]
    convolutions = max(named.count("conv"), kernels, done.count("conv"))
    return convolutions, max(named.count("pool"), done.count("pool"))


def limit_problem(layers: list[dict]) -> str:
    """Say that a network has too many convolutions or poolings; empty when it has not."""
    convolutions, poolings = count_layers(layers)
    if max(convolutions, poolings) <= MAX_LAYERS:
        return ""
    return f"the network has {convolutions} convolutions and {poolings} poolings, allowed are {MAX_LAYERS}."


def _shapes(layer):
    """Return the shapes of a layer's parameters, and those of what went in and came out (empty: not known)."""
    params = [tuple(shape) for shape in (layer.get("shapes") or {}).values()]
    return params, tuple(layer.get("in") or ()), tuple(layer.get("out") or ())


def _kernels(layer):
    """Count the 4-D parameters; one number for each channel, as batch normalization has, is no filter."""
    params, came, went = _shapes(layer)
    kernels = [shape for shape in params if len(shape) == 4]
    if len(came) == 4 and came == went:
        kernels = [shape for shape in kernels if not _is_scale(shape, came)]
    return len(kernels)


def _what_it_does(layer):
    """Tell "conv" or "pool" by what happened to images (N, H, W, C); "" for any other layer."""
    params, came, went = _shapes(layer)
    if len(came) != 4 or len(went) != 4:
        return ""
    if any(params):  # a parameter of shape () is one number
        only_scales = came == went and all(_is_scale(shape, came) for shape in params)
        return "" if only_scales else "conv"
    return "pool" if went[1] < came[1] or went[2] < came[2] else ""


def _is_scale(shape, images):
    """Tell whether a parameter is one number for all, for each channel, or for each pixel and channel."""
    long = [n for n in shape if n != 1]
    return long in ([], [images[3]], [n for n in images[1:] if n != 1])


def look_at_network(answer: CaseAnswer, wanted: Mapping[str, np.ndarray]) -> dict[str, list[str]]:
    """List the symptoms of an answer of ``lib.check.cnn.probes:test_cnn``, part by part.

    Parameters
    ----------
    answer : CaseAnswer
    wanted : mapping of str to ndarray
        ``scores`` (N, K), ``loss``, and the gradients ``dconv_w``, ``dconv_b``, ``dfc_w``, ``dfc_b``.

    Returns
    -------
    dict of str to list of str
        Keys: layers, first weights, scores, loss, gradients. A part that cannot be looked at because an
        earlier one is wrong says so.
    """
    parts = {"layers": _layers(answer, wanted), "first weights": _first_weights(answer)}
    if parts["layers"]:
        # Which parameter is which is only known once the layers are the right ones.
        later = ("scores", "loss", "gradients")
        return parts | {name: ["not looked at: the layers come first."] for name in later}
    parts["scores"] = _scores(answer, wanted["scores"])
    loss = answer.value("loss")
    want = np.asarray(wanted["loss"])
    # compare() allows rtol of the entry and of the largest one, which are the same number here
    parts["loss"] = compare(
        "loss", loss, want, rtol=LOSS_TOLERANCE / (2 * max(1.0, abs(float(want)))), image=False
    )
    parts["gradients"] = [
        problem
        for key in ("dconv_w", "dconv_b", "dfc_w", "dfc_b")
        for problem in compare(
            f"gradient of {key[1:]}", answer.value(key), wanted[key], rtol=GRADIENT_TOLERANCE, image=False
        )
    ]
    return parts


def _layers(answer, wanted):
    """Compare kinds and order of the layers, then the shapes of their parameters."""
    layers = layers_of(answer)
    kinds = [layer.get("kind") for layer in layers]
    if kinds != list(ORDER):
        got = ", ".join(str(layer.get("class")) for layer in layers) or "no layers"
        return [f"TestCNN is made of {got}; wanted convolution, max pooling, flatten, fc, in this order."]
    problems = []
    for kind in ("conv", "fc"):
        got = answer.value(f"first_{kind}_w")
        want = wanted[f"d{kind}_w"].shape
        if got is None and problems:
            continue  # the probe went no further than the layer that is already named
        if not isinstance(got, np.ndarray) or got.shape != want:
            shape = getattr(got, "shape", "no")
            hint = {
                "conv": "kernel 3, 3 channels in, 3 filters",
                "fc": "27 inputs: 3x3 pixels of 3 channels are left by 2x2 pooling with stride 2; 5 outputs",
            }[kind]
            problems.append(f"the weights of the {kind} layer have shape {shape}, wanted {want} ({hint}).")
    return problems


def _first_weights(answer):
    """Ask for weights drawn with standard deviation 0.02, and zero biases."""
    problems = []
    for kind in ("conv", "fc"):
        spread, bias = answer.value(f"std_{kind}_w"), answer.value(f"first_{kind}_b")
        if not isinstance(spread, np.ndarray) or spread.size != 1:
            problems.append(f"the network has no {kind} layer.")
        elif not abs((std := spread.item()) / STD - 1) < STD_TOLERANCE:
            said = f"the first weights of the {kind} layer have standard deviation {std:.4g}, not {STD}"
            problems.append(f"{said}: give the layer init_scale={STD}.")
        if isinstance(bias, np.ndarray) and bias.any():
            problems.append(f"the first biases of the {kind} layer are not zero.")
    return problems


def _scores(answer, want):
    """Compare the scores, as the sum of absolute differences."""
    got = answer.value("scores")
    problems = compare("scores", got, want, rtol=1e-6, image=False)
    if problems:
        return problems
    difference = float(np.abs(got - want).sum())
    if difference < SCORES_TOLERANCE:
        return []
    return [f"scores: the differences add up to {difference:.3g}, wanted less than {SCORES_TOLERANCE:g}."]
