"""What is asked of layers, loss, networks and update rules: one function for each exercise.

Each takes the arrays of one case, calls the student's classes, and returns what they gave. They run in a
process of their own (``lib.check.probe``), both when a student checks and when a submission is judged.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from lib.check.job import pack_text

#: How many networks are drawn to measure the spread of their first weights.
DRAWS = 20


def _fc_layer(case):
    """Make the student's fully connected layer with the parameters of a case."""
    from lib.mlp.layer_utils import fc

    layer = fc(*case["w"].shape, name="fc_test")
    layer.params[layer.w_name] = case["w"]
    layer.params[layer.b_name] = case["b"]
    return layer


def fc_forward(case):
    """Flatten the samples, and run them, flattened rightly, through the fully connected layer."""
    from lib.mlp.layer_utils import flatten

    x = case["x"]
    return {
        "flat": flatten().forward(x),
        "out": _fc_layer(case).forward(x.reshape(len(x), case["w"].shape[0])),
    }


def fc_backward(case):
    """Run both layers forward and back; collect the gradients of each."""
    from lib.mlp.layer_utils import flatten

    x, layer, unfold = case["x"], _fc_layer(case), flatten()
    rows = x.reshape(len(x), case["w"].shape[0])
    unfold.forward(x)
    layer.forward(rows)
    return {
        "dfeat": layer.backward(case["dout"]),
        "dw": layer.grads.get(layer.w_name),
        "db": layer.grads.get(layer.b_name),
        "dimg": unfold.backward(case["dflat"]),
    }


def _leaky(case):
    from lib.mlp.layer_utils import leaky_relu

    return leaky_relu(negative_slope=float(case["slope"]))


def leaky_relu_forward(case):
    """Run the leaky ReLU forward."""
    return {"out": _leaky(case).forward(case["x"])}


def leaky_relu_backward(case):
    """Run the leaky ReLU forward and back."""
    layer = _leaky(case)
    layer.forward(case["x"])
    return {"dfeat": layer.backward(case["dout"])}


def gelu_forward(case):
    """Run GELU forward."""
    from lib.mlp.layer_utils import gelu

    return {"out": gelu().forward(case["x"])}


def gelu_backward(case):
    """Run GELU forward and back."""
    from lib.mlp.layer_utils import gelu

    layer = gelu()
    layer.forward(case["x"])
    return {"dfeat": layer.backward(case["dout"])}


def _flags(case):
    return bool(case["training"]), int(case["seed"])


def dropout_forward(case):
    """Run dropout forward: with a seed, with the same seed again, and twice going on from there."""
    from lib.mlp.layer_utils import dropout

    training, seed = _flags(case)
    layer = dropout(float(case["keep_prob"]), seed=seed + 1)
    x = case["x"]
    return {
        # copies: the layer may hand out the same array twice
        "out": _copied(layer.forward(x, training, seed=seed)),
        "again": _copied(layer.forward(x, training, seed=seed)),
        "next": _copied(layer.forward(x, training)),
        "after": _copied(layer.forward(x, training)),
    }


def _copied(value):
    return np.array(value) if isinstance(value, np.ndarray) else value


def dropout_backward(case):
    """Run dropout forward and back; ``before`` asks for a training pass in front, whose mask is over."""
    from lib.mlp.layer_utils import dropout

    training, seed = _flags(case)
    layer = dropout(float(case["keep_prob"]), seed=seed)
    x = case["x"]
    if case["before"]:
        layer.forward(x, True, seed=seed + 1)
    out = _copied(layer.forward(x, training, seed=seed))
    return {"out": out, "dfeat": layer.backward(case["dout"])}


def cross_entropy_forward(case):
    """Compute softmax and the loss."""
    from lib.mlp.layer_utils import cross_entropy, softmax

    loss_func = cross_entropy(size_average=bool(case["size_average"]))
    found = {"softmax": softmax(case["x"]), "loss": np.asarray(loss_func.forward(case["x"], case["y"]))}
    return found | {"logit": loss_func.logit}


def cross_entropy_backward(case):
    """Compute the loss and its slopes."""
    from lib.mlp.layer_utils import cross_entropy

    loss_func = cross_entropy(size_average=bool(case["size_average"]))
    loss_func.forward(case["x"], case["y"])
    return {"dscores": loss_func.backward()}


#: Kinds of layers by what their class or a parent of it is called; the first that fits counts.
KINDS = ("flatten", "leaky_relu", "gelu", "dropout", "relu", "conv", "pool", "fc")


def layer_kind(layer) -> str:
    """Say what a layer is, by the names of its class and of its parents, else by its parameters."""
    names = [cls.__name__.lower() for cls in type(layer).__mro__]
    for kind in KINDS:
        if any(name == kind or (kind in ("conv", "pool") and kind in name) for name in names):
            return kind
    return "fc" if 2 in [np.ndim(value) for value in layer.params.values()] else "other"


def summarize(model) -> list[dict]:
    """Describe the layers of a network in order: ``kind``, ``class``, and the ``shapes`` of the parameters."""
    return [
        {
            "kind": layer_kind(layer),
            "class": type(layer).__name__,
            "shapes": {str(name): list(np.shape(value)) for name, value in layer.params.items()},
        }
        for layer in model.net.layers
    ]


def _dense_layers(model):
    return [layer for layer in model.net.layers if layer_kind(layer) == "fc"]


def _put(model, case, count):
    """Give the first ``count`` fully connected layers the parameters of a case; tell whether they fit."""
    layers = _dense_layers(model)
    for number, layer in enumerate(layers[:count], start=1):
        for key, name in (("w", layer.w_name), ("b", layer.b_name)):
            if np.shape(layer.params[name]) != case[f"{key}{number}"].shape:
                return False
            model.net.assign(name, case[f"{key}{number}"].copy())
    return len(layers) == count


def cascaded_nets(case):
    """Build one of the two cascades, set its parameters, run it forward and back."""
    from lib.mlp import fully_conn

    model = getattr(fully_conn, ("TestFCReLU", "TestFCGeLU")[int(case["which"])])()
    found = {"layers": pack_text(json.dumps(summarize(model)))}
    if not _put(model, case, 1):
        return found
    layer = _dense_layers(model)[0]
    found["out"] = model.forward(case["x"])
    found["dx"] = model.backward(case["dout"])
    return found | {"dw": layer.grads.get(layer.w_name), "db": layer.grads.get(layer.b_name)}


def small_net(case):
    """Build the small network, look at its layers and first weights, set its parameters, run it both ways.

    Layers are found by what they are and in which order they stand; their names are the student's choice.
    """
    from lib.mlp.fully_conn import SmallFullyConnectedNetwork
    from lib.mlp.layer_utils import cross_entropy

    # 120 numbers scatter by 6 %, too much to tell 0.02 within 10 %: many networks are drawn, the last is used
    spreads: dict[int, list[float]] = {}
    for seed in range(int(case["seed"]), int(case["seed"]) + DRAWS):
        np.random.seed(seed)  # noqa: NPY002 - the layers draw from NumPy's global generator
        model = SmallFullyConnectedNetwork()
        for number, layer in enumerate(_dense_layers(model), start=1):
            spreads.setdefault(number, []).append(float(np.std(layer.params[layer.w_name])))
    found = {"layers": pack_text(json.dumps(summarize(model)))}
    found |= {f"std{number}": np.asarray(np.mean(values)) for number, values in spreads.items()}
    for number, layer in enumerate(_dense_layers(model), start=1):
        found[f"first_b{number}"] = np.array(layer.params[layer.b_name])
    return found | _run_network(model, case, cross_entropy(), 2)


def _run_network(model, case, loss_func, count, **forward):
    """Set the parameters, run forward and back, and return scores, loss and the gradients."""
    if not _put(model, case, count):
        return {}
    scores = model.forward(case["x"], **forward)
    found = {"scores": _copied(scores), "loss": np.asarray(loss_func.forward(scores, case["y"]))}
    model.backward(loss_func.backward())
    for number, layer in enumerate(_dense_layers(model), start=1):
        found[f"dw{number}"] = layer.grads.get(layer.w_name)
        found[f"db{number}"] = layer.grads.get(layer.b_name)
    return found


def dropout_net(case):
    """Run the network with dropout at its end forward and back, in training, with the mask of a seed."""
    from lib.mlp.fully_conn import DropoutNet
    from lib.mlp.layer_utils import cross_entropy

    seed = int(case["seed"])
    model = DropoutNet(keep_prob=float(case["keep_prob"]), seed=seed)
    return _run_network(model, case, cross_entropy(), 3, is_training=True, seed=seed)


def plain_net(case):
    """Make a net of two layers out of the arrays of a case; gradients are those of the first step."""
    layers = []
    for number in (1, 2):
        names = [name for name in (f"w{number}", f"b{number}") if name in case]
        params = {name: case[name].copy() for name in names}
        layers.append(SimpleNamespace(name=f"layer{number}", params=params, grads=dict.fromkeys(params)))
    return SimpleNamespace(layers=[layer for layer in layers if layer.params])


#: Keyword arguments of the optimizers, and the dictionaries of arrays that they keep.
SETTINGS = ("lr", "weight_decay", "momentum", "decay", "beta1", "beta2", "eps")
STATES = ("velocity", "cache", "mt", "vt")


def optimizer(case):
    """Make as many steps as there are gradients, and note every parameter and state after each."""
    import lib.optim

    net = plain_net(case)
    kind = ("SGD", "SGDM", "RMSProp", "Adam")[int(case["kind"])]
    settings = {key: float(case[key]) for key in SETTINGS if key in case}
    if "t" in case:
        settings["t"] = int(case["t"])
    rule = getattr(lib.optim, kind)(net, **settings)
    names = [name for layer in net.layers for name in layer.params]
    for state in STATES:
        given = {name: case[f"{state}.{name}"].copy() for name in names if f"{state}.{name}" in case}
        if given:
            setattr(rule, state, given)
    noted = {}
    for step in range(len(case[f"d{names[0]}"])):
        for layer in net.layers:
            layer.grads = {name: case[f"d{name}"][step].copy() for name in layer.params}
        rule.step()
        for layer in net.layers:
            for name, value in layer.params.items():
                noted.setdefault(f"w.{name}", []).append(_copied(value))
        for state in STATES:
            kept = getattr(rule, state, None)
            for name, value in kept.items() if isinstance(kept, dict) else ():
                noted.setdefault(f"{state}.{name}", []).append(_copied(value))
    found = {key: _stacked(values) for key, values in noted.items()}
    return found | ({"t": np.asarray(rule.t)} if hasattr(rule, "t") else {})


def _stacked(values):
    """Put the arrays of all steps into one, if they are arrays of one shape."""
    if all(isinstance(value, np.ndarray) and value.shape == values[0].shape for value in values):
        return np.stack(values)
    return values[-1]


class _Layer:
    """A layer that only holds parameters and gradients."""

    def __init__(self, name, params, grads):
        self.name, self.params, self.grads = name, params, grads

    def forward(self, feat):
        """Do nothing; a layer has to have it."""
        return feat

    def backward(self, dprev):
        """Do nothing; a layer has to have it."""
        return dprev


def regularization(case):
    """Apply a penalty to gradients; ``kind`` 1 is L1, 2 is L2."""
    from lib.mlp.sequential import sequential

    layers = [
        _Layer(
            f"layer{number}",
            {f"w{number}": case[f"w{number}"].copy(), f"b{number}": case[f"b{number}"].copy()},
            {f"w{number}": case[f"dw{number}"].copy(), f"b{number}": case[f"db{number}"].copy()},
        )
        for number in (1, 2)
    ]
    net = sequential(layers[0], _Layer("between", {}, {}), layers[1])
    getattr(net, f"apply_l{int(case['kind'])}_regularization")(float(case["lam"]))
    found = {f"d{name}": value for layer in layers for name, value in layer.grads.items()}
    return found | {f"{name}": value for layer in layers for name, value in layer.params.items()}


def training(case):
    """Build ``TinyNet``, load ``model.npz`` into it, and let it score held-back images.

    ``images`` are raw pixels, (N, H, W, C) of uint8, without labels. They are prepared as the course's loader
    does: divided by 255, minus the mean that the model was trained with, divided by its deviation if it has
    one. When ``seconds`` are over, the scores so far are returned.
    """
    from lib.mlp.fully_conn import TinyNet
    from lib.model_file import load_model, read_model

    path = Path("model.npz")
    saved = read_model(path)
    outputs = [len(value) for value in saved.params.values() if value.ndim == 1]
    other = {"num_classes": outputs[-1]} if outputs and outputs[-1] != 10 else {}
    model = TinyNet(**other)
    load_model(path, model)

    images, batch = case["images"], int(case["batch"])
    until = time.monotonic() + float(case["seconds"])
    scores = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch].astype(np.float32) / np.float32(255)
        if saved.mean_image is not None:
            part = part - saved.mean_image
        if saved.std_image is not None:
            part = part / saved.std_image
        scores.append(np.asarray(model.forward(part, False), dtype=np.float64))
        if time.monotonic() > until:
            break
    return {"layers": pack_text(json.dumps(summarize(model))), "scores": np.concatenate(scores)}
