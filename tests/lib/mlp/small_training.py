"""A training that takes milliseconds: clouds of points, a network with dropout."""

import numpy as np

from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import cross_entropy, dropout, fc, gelu, sequential
from lib.optim import Adam


def clouds(count=60, classes=3, seed=0):
    """Make points around one center per class: (points (count, 4) float32, labels (count,) uint8)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centers = 2.0 * np.eye(classes, 4)
    return (centers[labels] + 0.7 * rng.normal(size=(count, 4))).astype(np.float32), labels.astype(np.uint8)


def data():
    """Make the dictionary that train_net wants."""
    return {"data_train": clouds(), "data_val": clouds(30, seed=1)}


def network(seed=7, hidden=8):
    """Make a network with dropout; the seed fixes weights and masks."""
    np.random.seed(seed)
    model = Module()
    model.net = sequential(
        fc(4, hidden, 0.5, name="fc1"), gelu(), dropout(0.8, seed=seed), fc(hidden, 3, 0.5, name="fc2")
    )
    model.net.astype(np.float32)
    return model


class FailingLoss(cross_entropy):
    """A loss that calls ``action`` in iteration ``at``, counted from 1."""

    def __init__(self, at, action):
        super().__init__()
        self.left, self.action = at, action

    def forward(self, feat, label):
        """Count down; the last time, return what the action does instead of the loss."""
        loss = super().forward(feat, label)
        self.left -= 1
        return loss if self.left else self.action()


def printed(capsys):
    """Return the lines that stand on stdout, without the progress bar and what it wiped away."""
    lines = [line.rpartition("\r")[2].strip() for line in capsys.readouterr().out.split("\n")]
    return [line for line in lines if line and not line.startswith("training: ")]


def adam(model, **settings):
    """Make the optimizer for a network."""
    return Adam(model.net, **{"lr": 1e-2, **settings})
