"""What is asked of the layers and networks of the convolution course: one function for each exercise.

Each takes the arrays of one case, calls the student's classes, and returns what they gave. They run in a
process of their own (``lib.check.probe``), both when a student checks and when a submission is judged.
"""

from __future__ import annotations

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


def summarize(model) -> list[dict]:
    """Describe the layers of a network in order: kind, class, name, and the shapes of the parameters."""
    return [
        {
            "kind": layer_kind(layer),
            "class": type(layer).__name__,
            "name": str(getattr(layer, "name", "")),
            "shapes": {str(name): list(np.shape(value)) for name, value in layer.params.items()},
        }
        for layer in model.net.layers
    ]


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

    ``images`` are raw pixels, (N, H, W, C) of uint8, without labels. They are prepared as the course's loader
    does: divided by 255, minus the mean image that the model was trained with. When ``seconds`` are over, the
    scores so far are returned: a slow network is then judged on fewer images.
    """
    from lib.cnn.cnn_models import SmallConvolutionalNetwork
    from lib.model_file import load_model, read_model

    path = Path("model.npz")
    model = SmallConvolutionalNetwork()
    found = {"layers": pack_text(json.dumps(summarize(model)))}
    mean_image = read_model(path).mean_image
    load_model(path, model)

    images, batch = case["images"], int(case["batch"])
    until = time.monotonic() + float(case["seconds"])
    scores = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch].astype(np.float32) / np.float32(255)
        if mean_image is not None:
            part = part - mean_image
        scores.append(np.asarray(model.forward(part, False), dtype=np.float64))
        if time.monotonic() > until:
            break
    found["scores"] = np.concatenate(scores)
    return found
