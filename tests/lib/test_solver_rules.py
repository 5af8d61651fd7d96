"""The update rules as functions: formulas, PyTorch, the optimizers of the layers, precision, names."""

from __future__ import annotations

import numpy as np
import pytest

from lib import optim
from lib.errors import ConfigError
from lib.update_rules import adam, rmsprop, sgd, sgd_momentum


def test_update_rules_compute_their_formulas():
    w, dw = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    assert optim.adam is adam
    np.testing.assert_allclose(sgd(w, dw, {"learning_rate": 0.1})[0], w - 0.1 * dw)
    moved, config = sgd_momentum(w, dw, {"learning_rate": 0.1, "velocity": np.ones(2)})
    np.testing.assert_allclose(moved, w + 0.9 - 0.1 * dw)
    np.testing.assert_allclose(config["velocity"], 0.9 - 0.1 * dw)
    moved, config = rmsprop(w, dw, {"learning_rate": 0.1, "cache": np.ones(2)})
    cache = 0.99 + 0.01 * dw**2
    np.testing.assert_allclose(moved, w - 0.1 * dw / (np.sqrt(cache) + 1e-8))
    moved, config = adam(w, dw)
    np.testing.assert_allclose(moved, w - 1e-3 * np.sign(dw), rtol=1e-6)  # the first step has size 1
    moved, config = adam(moved, dw, config)
    assert config["t"] == 2
    for rule in (sgd, sgd_momentum, rmsprop, adam):
        assert rule(w.astype(np.float32), dw)[0].dtype == np.float32
    np.testing.assert_array_equal(w, [1.0, -2.0])


@pytest.mark.parametrize("rule", [sgd, sgd_momentum, rmsprop, adam])
def test_names_that_a_rule_does_not_know_are_refused(rule):
    with pytest.raises(ConfigError, match=f"{rule.__name__}: 'lr' is not known. Use learning_rate"):
        rule(np.ones(2), np.ones(2), {"lr": 0.1})


@pytest.mark.parametrize("rule", [sgd, sgd_momentum, rmsprop, adam])
def test_arguments_stay_as_they_are_and_precision_is_kept(rule):
    w, dw = np.array([1.0, -2.0], np.float32), np.array([0.5, 0.25])
    config, moved = None, w
    for _ in range(3):
        moved, config = rule(moved, dw, config)
    assert moved.dtype == np.float32
    assert all(value.dtype == np.float32 for value in config.values() if isinstance(value, np.ndarray))
    np.testing.assert_array_equal(w, np.array([1.0, -2.0], np.float32))
    np.testing.assert_array_equal(dw, [0.5, 0.25])


class OneLayer:
    """Just what an optimizer of layers wants."""

    def __init__(self, w):
        self.params, self.grads, self.layers = {"w": w}, {}, [self]


@pytest.mark.parametrize(
    ("rule", "config", "make"),
    [
        (sgd, {"learning_rate": 0.1}, lambda net: optim.SGD(net, lr=0.1)),
        (sgd_momentum, {"learning_rate": 0.1, "momentum": 0.8}, lambda net: optim.SGDM(net, 0.1, 0.8)),
        (rmsprop, {"learning_rate": 0.1, "decay_rate": 0.9}, lambda net: optim.RMSProp(net, 0.1, 0.9)),
        (adam, {"learning_rate": 0.1, "beta1": 0.8}, lambda net: optim.Adam(net, 0.1, 0.8)),
    ],
)
def test_they_go_the_way_of_the_optimizers_of_layers(rule, config, make):
    """Two ways to write the same rule, ten steps long."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((3, 4))
    layer = OneLayer(w)
    optimizer = make(layer)
    for _ in range(10):
        dw = rng.standard_normal(w.shape)
        w, config = rule(w, dw, config)
        layer.grads = {"w": dw}
        optimizer.step()
        np.testing.assert_allclose(w, layer.params["w"], rtol=1e-12)


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        (sgd, lambda torch, p: torch.optim.SGD(p, lr=0.05)),
        (sgd_momentum, lambda torch, p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
        (rmsprop, lambda torch, p: torch.optim.RMSprop(p, lr=0.05, alpha=0.99)),
        (adam, lambda torch, p: torch.optim.Adam(p, lr=0.05)),
    ],
)
def test_they_go_the_way_of_pytorch(rule, make):
    """With momentum PyTorch multiplies by the rate later; at a rate that stays the same it is the same way."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    w, config = rng.standard_normal((3, 4)), {"learning_rate": 0.05}
    theirs = torch.tensor(w, requires_grad=True)
    optimizer = make(torch, [theirs])
    for _ in range(10):
        dw = rng.standard_normal(w.shape)
        w, config = rule(w, dw, config)
        theirs.grad = torch.tensor(dw)
        optimizer.step()
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-9)
