"""What the original notebooks of the functional courses do with dropped-in files; run in a folder that holds lib."""

import json
import sys

import numpy as np

from lib.check import CheckFailed, check
from lib.check.convnet.checks import CHECKS
from lib.check.convnet.probes import training
from lib.convnet.classifiers import cnn
from lib.convnet.classifiers.cnn import *  # noqa: F403
from lib.convnet.fast_layers import *  # noqa: F403
from lib.convnet.layer_utils import *  # noqa: F403
from lib.convnet.layers import *  # noqa: F403
from lib.convnet.layers import conv_forward_naive
from lib.grad_check import eval_numerical_gradient, rel_error
from lib.model_file import save_model
from lib.solve_or_load import solve_or_load
from lib.solver import Solver


def first_outputs():
    """Compute the difference that the notebook prints for its first cell."""
    x = np.linspace(-0.1, 0.5, num=2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=3 * 3 * 4 * 4).reshape(3, 3, 4, 4)
    out, _ = conv_forward_naive(x, w, np.linspace(-0.1, 0.2, num=3), {"stride": 2, "pad": 1})
    correct = np.array(
        [
            [[[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
             [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
             [[0.50813986, 0.54309974], [0.64082444, 0.67101435]]],
            [[[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
             [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
             [[2.36270298, 2.36904306], [2.38090835, 2.38247847]]],
        ]
    )  # fmt: skip
    return float(rel_error(out, correct))


def largest_gradient_error(name):
    """Compare the network's gradients with numeric ones."""
    np.random.seed(231)
    X, y = np.random.randn(2, 3, 8, 8), np.random.randint(10, size=2)
    sizes = {"num_filters": 2, "filter_size": 3, "input_dim": (3, 8, 8), "hidden_dim": 5}
    model = getattr(cnn, name)(reg=0.1, dtype=np.float64, **sizes)
    model.params = {key: 0.3 * np.random.randn(*value.shape) for key, value in model.params.items()}
    _, grads = model.loss(X, y)
    errors = []
    for key in model.params:
        wanted = eval_numerical_gradient(
            lambda _: model.loss(X, y)[0], model.params[key], verbose=False, h=1e-6
        )
        errors.append(float(np.abs(wanted - grads[key]).max()))
    return max(errors)


def overfit(name):
    """Train on a few images with a Solver; return the accuracy on them."""
    np.random.seed(0)
    X, y = np.random.randn(20, 3, 8, 8).astype(np.float32), np.random.randint(10, size=20)
    model = getattr(cnn, name)(weight_scale=1e-1, input_dim=(3, 8, 8), filter_size=3)
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    settings = {
        "num_epochs": 15,
        "batch_size": 10,
        "update_rule": "adam",
        "optim_config": {"learning_rate": 1e-2},
    }
    solver = Solver(model, data, verbose=False, **settings)
    solver.train()
    saved = solve_or_load(f"{name}.npz", model, data, provenance="drawn", verbose=False, **settings)
    again = solve_or_load(f"{name}.npz", model, data, provenance="drawn", verbose=False, **settings)
    return [float(solver.check_accuracy(X, y)), len(saved.loss_history) == len(again.loss_history)]


def scored_again():
    """Save a trained network of unusual sizes, and score images with what the file says."""
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    model = cnn.ThreeLayerConvNet(num_filters=4, filter_size=5, hidden_dim=9)
    save_model("model.npz", model, ([], [], []))
    found = training({"images": images, "batch": np.asarray(4), "seconds": np.asarray(60.0)})
    wanted = model.loss(images.transpose(0, 3, 1, 2).astype(np.float32))
    return bool(np.allclose(found["scores"], wanted, atol=1e-4))


def passed(name):
    """Put an exercise before its check."""
    try:
        check(name)
    except CheckFailed as failure:
        return str(failure)
    return "passed"


if __name__ == "__main__":
    networks = ("ThreeLayerConvNet", "FourLayerConvNet")
    told = {
        "conv": first_outputs(),
        "gradients": {name: largest_gradient_error(name) for name in networks},
        "overfit": {name: overfit(name) for name in networks},
        "scored": scored_again(),
        "checks": {name: passed(name) for name in CHECKS},
    }
    sys.stdout.write("\n" + json.dumps(told))
