"""The extra credit's batch normalization: a layer that a student writes trains, is saved, and is judged."""

from __future__ import annotations

import contextlib
import io

import numpy as np

from lib.check.cnn.network import limit_problem
from lib.check.cnn.probes import summarize, watch
from lib.cnn.fast_layers import FastConvLayer2D, FastMaxPoolingLayer
from lib.mlp.fully_conn import Module
from lib.mlp.layer_utils import cross_entropy, dropout, fc, flatten, gelu, sequential
from lib.mlp.train import compute_acc, train_net
from lib.mlp.train_or_load import train_or_load
from lib.model_file import load_model
from lib.optim import Adam


class BatchNorm(dropout):
    """As the notebook says: inherit from dropout to be told, keep running means in ``state``."""

    def __init__(self, channels, name):
        super().__init__(keep_prob=0, name=name)
        self.g, self.b = name + "_g", name + "_b"
        self.params = {self.g: np.ones(channels), self.b: np.zeros(channels)}
        self.grads = dict.fromkeys(self.params)
        self.state = {"mean": np.zeros(channels), "var": np.ones(channels)}

    def forward(self, feat, is_training=True, seed=None):
        mean, var = self.state["mean"], self.state["var"]
        if is_training:
            mean, var = feat.mean(axis=(0, 1, 2)), feat.var(axis=(0, 1, 2))
            self.state["mean"] = 0.9 * self.state["mean"] + 0.1 * mean
            self.state["var"] = 0.9 * self.state["var"] + 0.1 * var
        self.scale = 1 / np.sqrt(var + 1e-5)
        self.normal = ((feat - mean) * self.scale).astype(feat.dtype)
        return self.normal * self.params[self.g] + self.params[self.b]

    def backward(self, dprev):
        axes = (0, 1, 2)
        self.grads[self.g] = (dprev * self.normal).sum(axis=axes)
        self.grads[self.b] = dprev.sum(axis=axes)
        d = dprev * self.params[self.g]
        return (
            self.scale * (d - d.mean(axis=axes) - self.normal * (d * self.normal).mean(axis=axes))
        ).astype(dprev.dtype)


class Net(Module):
    """One convolution with batch normalization."""

    def __init__(self):
        super().__init__()
        self.net = sequential(
            FastConvLayer2D(3, 3, 6, padding=1, init_scale=0.2, name="conv"),
            BatchNorm(6, "norm"),
            gelu(name="act"),
            FastMaxPoolingLayer(2, 2, name="pool"),
            flatten("flat"),
            fc(96, 4, 0.1, name="out"),
        )
        self.net.astype(np.float32)


def test_own_batch_norm_trains_is_saved_and_counts_as_no_convolution(tmp_path):
    """The network learns, another one that loads the file scores the same, and the limits are kept."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200)
    images = (rng.normal(size=(200, 8, 8, 3)) + labels[:, None, None, None]).astype(np.float32)
    data = {"data_train": (images[:160], labels[:160]), "data_val": (images[160:], labels[160:])}
    np.random.seed(0)
    model = Net()
    with contextlib.redirect_stdout(io.StringIO()):
        train_or_load(tmp_path / "model.npz", data, model, cross_entropy(), Adam(model.net, 1e-2), 20, 1)
        results = train_net(data, model, cross_entropy(), Adam(model.net, 1e-2), 20, 4)
    assert max(results[3]) > 0.6

    saved, loaded = Net(), Net()
    load_model(tmp_path / "model.npz", saved)
    load_model(tmp_path / "model.npz", loaded)
    assert saved.net.layers[1].state["mean"].any()
    np.testing.assert_array_equal(saved.forward(images, False), loaded.forward(images, False))
    assert compute_acc(saved, *data["data_val"]) > 0.3
    with watch(loaded) as seen:
        loaded.forward(images[:2], False)
    assert limit_problem(summarize(loaded, seen)) == ""
