"""What is asked of the layers and networks of the convolution course: one function for each exercise.

Each takes the arrays of one case, calls the student's classes, and returns what they gave. They run in a
process of their own (``lib.check.probe``), both when a student checks and when a submission is judged.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import numpy as np

from lib.check.job import pack_text

#: How many networks are drawn to measure the spread of their first weights.
DRAWS = 20


def _conv_layer(case):
    """Make the student's convolution with the settings and parameters of a case."""
    from lib.cnn.layer_utils import ConvLayer2D

    kernel, channels, filters = case["w"].shape[1:]
    layer = ConvLayer2D(
        channels, kernel, filters, stride=int(case["stride"]), padding=int(case["padding"]), name="conv_test"
    )
    layer.params[layer.w_name] = case["w"]
    layer.params[layer.b_name] = case["b"]
    return layer


def output_size(case):
    """Ask ``ConvLayer2D.get_output_size`` for the output of an image batch of ``input_shape``."""
    from lib.cnn.layer_utils import ConvLayer2D

    shape = tuple(int(n) for n in case["input_shape"])
    kernel, filters, stride, padding = (int(n) for n in case["settings"])
    layer = ConvLayer2D(shape[-1], kernel, filters, stride=stride, padding=padding)
    return {"size": layer.get_output_size(shape)}


def conv_forward(case):
    """Run a convolution forward."""
    return {"out": _conv_layer(case).forward(case["x"])}


def conv_backward(case):
    """Run a convolution forward and back, and collect the three gradients."""
    layer = _conv_layer(case)
    layer.forward(case["x"])
    dimg = layer.backward(case["dout"])
    return {"dimg": dimg, "dw": layer.grads.get(layer.w_name), "db": layer.grads.get(layer.b_name)}


def _pool_layer(case):
    """Make the student's max pooling with the settings of a case."""
    from lib.cnn.layer_utils import MaxPoolingLayer

    return MaxPoolingLayer(pool_size=int(case["pool_size"]), stride=int(case["stride"]), name="pool_test")


def pool_forward(case):
    """Run max pooling forward."""
    return {"out": _pool_layer(case).forward(case["x"])}


def pool_backward(case):
    """Run max pooling forward and back."""
    layer = _pool_layer(case)
    layer.forward(case["x"])
    return {"dimg": layer.backward(case["dout"])}


def layer_kind(layer) -> str:
    """Say what a layer is, by the names of its class and of its parents, else by its parameters."""
    names = " ".join(cls.__name__.lower() for cls in type(layer).__mro__)
    for word in ("conv", "pool", "flatten", "dropout"):
        if word in names:
            return word
    weights = [np.ndim(value) for value in layer.params.values()]
    if 4 in weights:
        return "conv"
    return "fc" if 2 in weights else "other"


def summarize(model, seen=None) -> list[dict]:
    """Describe the layers of a network in order.

    Parameters
    ----------
    model : Module
    seen : dict, optional
        What ``watch`` noted.

    Returns
    -------
    list of dict
        ``kind``, ``class``, ``name``, ``shapes`` of the parameters; of layers that were seen at work also
        ``in`` and ``out``, the shapes of what they were given and what they returned.
    """
    return [
        {
            "kind": layer_kind(layer),
            "class": type(layer).__name__,
            "name": str(getattr(layer, "name", "")),
            "shapes": {str(name): list(np.shape(value)) for name, value in layer.params.items()},
            **(seen or {}).get(place, {}),
        }
        for place, layer in enumerate(model.net.layers)
    ]


@contextlib.contextmanager
def watch(model):
    """Note what goes into each layer and what comes out, while the network runs inside the block.

    The network calls its layers as it always does (dropout, for instance, takes more than the batch); a layer
    that cannot be watched is left as it is.

    Yields
    ------
    dict of int to dict
        By the place of a layer: the shapes ``in`` and ``out`` of its first call.
    """
    seen, watched = {}, []
    for place, layer in enumerate(model.net.layers):
        own = vars(layer).get("forward") if hasattr(layer, "__dict__") else None
        with contextlib.suppress(Exception):  # a class with slots, or one that guards its attributes
            layer.forward = _noting(layer.forward, place, seen)
            watched.append((layer, own))
    try:
        yield seen
    finally:
        for layer, own in watched:
            with contextlib.suppress(Exception):
                if own is None:
                    del layer.forward
                else:
                    layer.forward = own


def _noting(forward, place, seen):
    """Wrap the forward method of a layer."""

    def noting(*args, **kwargs):
        feat = args[0] if args else next(iter(kwargs.values()), None)
        came = getattr(feat, "shape", ())  # before the layer can change it in place
        output = forward(*args, **kwargs)
        shapes = {"in": came, "out": getattr(output, "shape", ())}
        with contextlib.suppress(Exception):
            seen.setdefault(place, {key: [int(n) for n in shape] for key, shape in shapes.items()})
        return output

    return noting


def test_cnn(case):
    """Build ``TestCNN``, look at its layers and first weights, set its parameters, run it forward and back.

    Layers are found by what they are and in which order they stand; their names are the student's choice.
    """
    from lib.cnn.cnn_models import TestCNN
    from lib.mlp.layer_utils import cross_entropy

    # 81 numbers scatter by 8 %, too much to tell 0.02 within 10 %: many networks are drawn, the last one is
    # used.
    spreads: dict[str, list[float]] = {}
    for seed in range(int(case["seed"]), int(case["seed"]) + DRAWS):
        np.random.seed(seed)  # noqa: NPY002 - the layers draw from NumPy's global generator
        model = TestCNN()
        layers = summarize(model)
        for layer, part in zip(layers, model.net.layers, strict=True):
            if layer["kind"] in ("conv", "fc"):
                spreads.setdefault(layer["kind"], []).append(float(np.std(part.params[part.w_name])))
    found = {"layers": pack_text(json.dumps(layers))}
    found |= {f"std_{kind}_w": np.asarray(np.mean(values)) for kind, values in spreads.items()}
    weighted = {layer["kind"]: part for layer, part in zip(layers, model.net.layers, strict=True)}
    for kind in ("conv", "fc"):
        if kind not in weighted:
            return found
        part = weighted[kind]
        for key, name in (("w", part.w_name), ("b", part.b_name)):
            found[f"first_{kind}_{key}"] = np.array(part.params[name])
            if np.shape(part.params[name]) != case[f"{kind}_{key}"].shape:
                return found  # the values of the case would not fit
    for kind in ("conv", "fc"):
        part = weighted[kind]
        model.net.assign(part.w_name, case[f"{kind}_w"].copy())
        model.net.assign(part.b_name, case[f"{kind}_b"].copy())

    scores = model.forward(case["feats"])
    loss_func = cross_entropy()
    found["scores"] = scores
    found["loss"] = np.asarray(loss_func.forward(scores, case["y"]))
    model.backward(loss_func.backward())
    for kind in ("conv", "fc"):
        part = weighted[kind]
        found[f"d{kind}_w"] = part.grads.get(part.w_name)
        found[f"d{kind}_b"] = part.grads.get(part.b_name)
    return found


def training(case):
    """Build the student's network, load ``model.npz`` into it, and let it score held-back images.

    ``images`` are raw pixels, (N, H, W, C) of uint8, without labels; ``prepare`` makes of them what the network
    was trained on. When ``seconds`` are over, the scores so far are returned: a slow network is then judged on
    fewer images.
    """
    from lib.cnn.build import build_network
    from lib.cnn.cnn_models import SmallConvolutionalNetwork
    from lib.model_file import load_model, read_model

    path = Path("model.npz")
    saved = read_model(path)
    model = build_network(SmallConvolutionalNetwork, scores_of(saved.params))
    load_model(path, model)

    images, batch = case["images"], int(case["batch"])
    until = time.monotonic() + float(case["seconds"])
    scores, seen = [], {}
    for start in range(0, len(images), batch):
        part = prepare(images[start : start + batch], saved.mean_image, saved.std_image)
        with contextlib.nullcontext() if seen else watch(model) as noted:
            scores.append(np.asarray(model.forward(part, False), dtype=np.float64))
        seen = seen or noted
        if time.monotonic() > until:
            break
    return {
        "layers": pack_text(json.dumps(summarize(model, seen))),
        "scores": np.concatenate(scores),
    }


def scores_of(params) -> int:
    """Return how many scores a saved network gives: the outputs of its last weights, 10 if there are none."""
    weights = [value for value in params.values() if value.ndim >= 2]
    return weights[-1].shape[-1] if weights else 10


def prepare(images, mean_image=None, std_image=None):
    """Prepare raw pixels as the course's loaders do: from 0 to 1, centered, scaled, in single precision.

    Parameters
    ----------
    images : ndarray, shape (N, H, W, C), uint8
    mean_image, std_image : ndarray or None
        As ``model.npz`` holds them: what the loader subtracted, and what it then divided by.
    """
    images = images.astype(np.float32) / np.float32(255)
    if mean_image is not None:
        images = images - np.asarray(mean_image, np.float32)
    if std_image is not None:
        images = images / np.asarray(std_image, np.float32)
    return images
