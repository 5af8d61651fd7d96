"""What is asked of the functional layers and networks: one function for each exercise.

Each takes the arrays of one case, calls the student's functions, and returns what they gave. They run in a process
of their own (``lib.check.probe``), both when a student checks and when a submission is judged. A backward pass gets
the cache that the student's own forward pass made.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from lib.check.job import pack_text

#: Sizes of the network that is looked at: small, so that every part of it can be measured.
INPUT_DIM, FILTERS, FILTER_SIZE, HIDDEN, CLASSES = (2, 8, 10), 3, 3, 7, 5
SCALE = 0.02


def _conv_param(case):
    return {"stride": int(case["stride"]), "pad": int(case["pad"])}


def _pool_param(case):
    return {key: int(case[key]) for key in ("pool_height", "pool_width", "stride")}


def _pair(answer, where):
    """Take apart what a forward function returned."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        msg = f"{where} returned a {type(answer).__name__}, wanted the two values (out, cache)."
        raise TypeError(msg)
    return answer


def conv_forward(case):
    """Run a convolution forward."""
    from lib.convnet.layers import conv_forward_naive

    answer = conv_forward_naive(case["x"], case["w"], case["b"], _conv_param(case))
    return {"out": _pair(answer, "conv_forward_naive")[0]}


def conv_backward(case):
    """Run a convolution forward and back, and collect the three gradients."""
    from lib.convnet.layers import conv_backward_naive, conv_forward_naive

    _, cache = _pair(
        conv_forward_naive(case["x"], case["w"], case["b"], _conv_param(case)), "conv_forward_naive"
    )
    dx, dw, db = conv_backward_naive(case["dout"], cache)
    return {"dx": dx, "dw": dw, "db": db}


def _pooling(case, kind, back):
    from lib.convnet import layers

    name = f"{kind}_pool_forward_naive"
    out, cache = _pair(getattr(layers, name)(case["x"], _pool_param(case)), name)
    return (
        {"dx": getattr(layers, f"{kind}_pool_backward_naive")(case["dout"], cache)} if back else {"out": out}
    )


def max_pool_forward(case):
    """Run max pooling forward."""
    return _pooling(case, "max", False)


def max_pool_backward(case):
    """Run max pooling forward and back."""
    return _pooling(case, "max", True)


def avg_pool_forward(case):
    """Run average pooling forward."""
    return _pooling(case, "avg", False)


def avg_pool_backward(case):
    """Run average pooling forward and back."""
    return _pooling(case, "avg", True)


def spatial_batchnorm_forward(case):
    """Train on one batch after another, then test: outputs, and the running averages after each."""
    from lib.convnet.layers import spatial_batchnorm_forward as forward

    gamma, beta, bn_param = case["gamma"], case["beta"], {"mode": "train"}
    found = {"out": _pair(forward(case["x"], gamma, beta, bn_param), "spatial_batchnorm_forward")[0]}
    found |= {name: bn_param.get(name) for name in ("running_mean", "running_var")}
    forward(case["next"], gamma, beta, bn_param)
    bn_param["mode"] = "test"
    found["test"] = _pair(forward(case["x"], gamma, beta, bn_param), "spatial_batchnorm_forward")[0]
    return found


def spatial_batchnorm_backward(case):
    """Run spatial batch normalization forward, while training, and back."""
    from lib.convnet.layers import spatial_batchnorm_backward as backward
    from lib.convnet.layers import spatial_batchnorm_forward as forward

    answer = forward(case["x"], case["gamma"], case["beta"], {"mode": "train"})
    dx, dgamma, dbeta = backward(case["dout"], _pair(answer, "spatial_batchnorm_forward")[1])
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


def groupnorm_forward(case):
    """Run group normalization forward."""
    from lib.convnet.layers import spatial_groupnorm_forward as forward

    answer = forward(case["x"], case["gamma"], case["beta"], int(case["G"]), {})
    return {"out": _pair(answer, "spatial_groupnorm_forward")[0]}


def groupnorm_backward(case):
    """Run group normalization forward and back."""
    from lib.convnet.layers import spatial_groupnorm_backward as backward
    from lib.convnet.layers import spatial_groupnorm_forward as forward

    answer = forward(case["x"], case["gamma"], case["beta"], int(case["G"]), {})
    dx, dgamma, dbeta = backward(case["dout"], _pair(answer, "spatial_groupnorm_forward")[1])
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


def _net(case, name):
    """Build a small network, look at its first parameters, put those of the case in, and take its loss."""
    from lib.convnet.classifiers import cnn

    sizes = {"input_dim": INPUT_DIM, "num_filters": FILTERS, "filter_size": FILTER_SIZE, "hidden_dim": HIDDEN}
    sizes |= {"num_classes": CLASSES, "weight_scale": SCALE, "dtype": np.float64}
    model = getattr(cnn, name)(**sizes)
    found = {f"first_{key}": np.array(value) for key, value in model.params.items()}
    params = {key.removeprefix("param_"): value for key, value in case.items() if key.startswith("param_")}
    if {key: np.shape(value) for key, value in model.params.items()} != {
        key: value.shape for key, value in params.items()
    }:
        return found
    model.params.update({key: value.copy() for key, value in params.items()})
    found["scores"] = model.loss(case["X"])
    if found["scores"] is None:  # nothing to take a loss of
        return found
    model.reg = 0.0
    loss, grads = model.loss(case["X"], case["y"])
    found["loss"] = np.asarray(loss)
    found |= {f"d{key}": value for key, value in grads.items()}
    model.reg = float(case["reg"])
    loss, grads = model.loss(case["X"], case["y"])
    found["reg_loss"] = np.asarray(loss)
    found |= {f"reg_d{key}": value for key, value in grads.items()}
    return found


def three_layer_net(case):
    """Look at ThreeLayerConvNet: first parameters, scores, loss and gradients, with and without penalty."""
    return _net(case, "ThreeLayerConvNet")


def four_layer_net(case):
    """Look at FourLayerConvNet: first parameters, scores, loss and gradients, with and without penalty."""
    return _net(case, "FourLayerConvNet")


def _sizes(params):
    """Read from the weights what it takes to build a network again."""
    last = max(name for name in params if name.startswith("W"))
    sizes = {"num_filters": len(params["W1"]), "filter_size": params["W1"].shape[2]}
    return sizes | {"hidden_dim": params["W2"].shape[1], "num_classes": params[last].shape[1]}


def training(case):
    """Build the network that ``model.npz`` was saved from, load it, and let it score held-back images.

    ``images`` are raw pixels, (N, H, W, C) of uint8, without labels. They are prepared as the course's loader does:
    channels first, minus the mean image that the model was trained with. When ``seconds`` are over, the scores so
    far are returned: a slow network is then judged on fewer images.
    """
    from lib.convnet.classifiers import cnn
    from lib.model_file import load_model, read_model

    path = Path("model.npz")
    saved = read_model(path)
    made = saved.meta.get("model", {})
    name = made.get("class")
    if name not in ("ThreeLayerConvNet", "FourLayerConvNet"):
        msg = f"model.npz holds a {name}, wanted one of the networks of lib/convnet/classifiers/cnn.py."
        raise ValueError(msg)
    # a network written for the original course does not say how it was built; the weights do
    model = getattr(cnn, name)(**(made.get("arguments") or _sizes(saved.params)))
    load_model(path, model)
    mean = np.zeros(1, np.float32) if saved.mean_image is None else saved.mean_image

    images, batch = case["images"], int(case["batch"])
    until = time.monotonic() + float(case["seconds"])
    scores = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch].transpose(0, 3, 1, 2).astype(np.float32) - mean
        scores.append(np.asarray(model.loss(part), dtype=np.float64))
        if time.monotonic() > until:
            break
    return {"class": pack_text(name), "scores": np.concatenate(scores)}
