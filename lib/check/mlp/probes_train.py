"""A training that is watched: ``train_net`` with a network, a loss and an optimizer of the probe's own.

Nothing of the student's layers, losses or optimizers is used, so the training loop is looked at alone. The
network is one linear layer. While training it sees only some of its inputs, a dropout whose mask never changes:
accuracies in the wrong mode are then other numbers.
"""

from __future__ import annotations

import contextlib
import io

import numpy as np

#: What happened, in order: forward while training and at test time, loss, its gradient, backward, step.
FORWARD, TESTED, LOSS, SLOPES, BACKWARD, STEP = range(6)
PENALTIES = ("none", "l1", "l2")


class Linear:
    """The only layer: scores = feat @ w + b."""

    def __init__(self, w, b):
        self.name = "fc"
        self.params = {"fc_w": w.copy(), "fc_b": b.copy()}
        self.grads = dict.fromkeys(self.params)


class Net:
    """What ``sequential`` offers, around one layer."""

    def __init__(self, layer):
        self.layers = [layer]
        self.layer_names = {layer.name: 0}
        self.paramName2Indices = dict.fromkeys(layer.params, 0)
        self.params, self.grads = dict(layer.params), dict(layer.grads)

    def gather_params(self):
        """Collect the parameters."""
        self.params.update(self.layers[0].params)

    def gather_grads(self):
        """Collect the gradients."""
        self.grads.update(self.layers[0].grads)

    def get_params(self, name):
        """Return a parameter."""
        return self.layers[0].params[name]

    def get_grads(self, name):
        """Return a gradient."""
        return self.layers[0].grads[name]

    def assign(self, name, value):
        """Put a parameter in place."""
        self.layers[0].params[name] = self.params[name] = np.array(value)


class Model:
    """A network that notes what is done with it."""

    def __init__(self, w, b, visible, events):
        self.params, self.grads = {}, {}
        self.net = Net(Linear(w, b))
        self.visible, self.events = visible, events
        self.fed = self.seen = None

    def forward(self, feat, is_training=True, seed=None):
        """Compute scores; while training the hidden inputs count as 0."""
        self.events.append(FORWARD if is_training else TESTED)
        self.fed = feat
        self.seen = feat * self.visible if is_training else feat
        layer = self.net.layers[0]
        self.net.gather_params()
        return self.seen @ layer.params["fc_w"] + layer.params["fc_b"]

    def backward(self, dprev, regularization="none", reg_lambda=0.0):
        """Compute the gradients, with a penalty on all parameters."""
        self.events.append(BACKWARD)
        layer = self.net.layers[0]
        layer.grads = {"fc_w": np.einsum("nd,nk->dk", self.seen, dprev), "fc_b": np.einsum("nk->k", dprev)}
        if regularization != "none":
            pull = np.sign if regularization == "l1" else (lambda p: 2 * p)
            layer.grads = {n: g + reg_lambda * pull(layer.params[n]) for n, g in layer.grads.items()}
        self.net.gather_grads()
        return np.einsum("nk,dk->nd", dprev, layer.params["fc_w"])


class Loss:
    """Cross entropy that notes each batch, and the parameters with which it was scored."""

    def __init__(self, model):
        self.model, self.batches = model, []
        self.slopes = None

    def forward(self, feat, label):
        """Return the mean loss of a batch."""
        self.model.events.append(LOSS)
        params = self.model.net.layers[0].params
        self.batches.append(
            (np.array(self.model.fed), np.array(label), params["fc_w"].copy(), params["fc_b"].copy())
        )
        each = np.logaddexp.reduce(feat, axis=1)
        onehot = np.eye(feat.shape[1])[label]
        self.slopes = (np.exp(feat - each[:, None]) - onehot) / len(feat)
        return float(np.mean(each - (feat * onehot).sum(axis=1)))

    def backward(self):
        """Return the slopes of the scores."""
        self.model.events.append(SLOPES)
        return self.slopes


class Descent:
    """Plain SGD that changes the parameters in place, as many optimizers do."""

    def __init__(self, net, lr, events):
        self.net, self.lr, self.events = net, lr, events
        self.after = None

    def step(self):
        """Move every parameter that has a gradient."""
        self.events.append(STEP)
        layer = self.net.layers[0]
        for name, grad in layer.grads.items():
            if grad is not None:
                layer.params[name] -= self.lr * grad
        self.net.gather_params()
        self.after = {name: value.copy() for name, value in layer.params.items()}


def train_net(case):
    """Train the probe's network, and return what ``train_net`` gives and what was noted on the way."""
    from lib.mlp.train import train_net

    events = []
    model = Model(case["w"], case["b"], case["visible"], events)
    loss_func, optimizer = Loss(model), Descent(model.net, float(case["lr"]), events)
    data = {"data_train": (case["x"], case["y"]), "data_val": (case["x_val"], case["y_val"])}
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            results = train_net(
                data,
                model,
                loss_func,
                optimizer,
                int(case["batch"]),
                int(case["epochs"]),
                regularization=PENALTIES[int(case["penalty"])],
                reg_lambda=float(case["lam"]),
            )
    finally:
        # the progress bar is not the student's print
        lines = [line.rpartition("\r")[2] for line in printed.getvalue().split("\n")]
        print(*(line for line in lines if line.strip() and "training:" not in line), sep="\n", end="")  # noqa: T201
    opt_params, loss_hist, train_acc_hist, val_acc_hist = results
    live = model.net.layers[0].params
    found = {
        "events": np.array(events),
        "losses": np.array(loss_hist, dtype=np.float64),
        "train_acc": np.array(train_acc_hist, dtype=np.float64),
        "val_acc": np.array(val_acc_hist, dtype=np.float64),
        "batches": np.array([batch for batch, *_ in loss_func.batches]),
        "labels": np.array([labels for _, labels, *_ in loss_func.batches]),
    }
    last = optimizer.after or live
    for name, place in (("fc_w", 2), ("fc_b", 3)):
        found[f"path.{name}"] = np.array([*(noted[place] for noted in loss_func.batches), last[name]])
        best = opt_params.get(name) if isinstance(opt_params, dict) else None
        found[f"best.{name}"] = best.copy() if isinstance(best, np.ndarray) else best
        shared = isinstance(best, np.ndarray) and np.shares_memory(best, live[name])
        found["alias"] = np.asarray(bool(found.get("alias", False)) or shared)
    return found
