"""The networks of Problem 1: the notebook's numbers, gradients, dtype, messages from inside."""

import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.grad_check import eval_numerical_gradient, rel_error
from lib.mlp.fully_conn import (
    DropoutNet,
    DropoutNetTest,
    FullyConnectedNetwork,
    Module,
    SmallFullyConnectedNetwork,
    TestFCGeLU,
    TestFCReLU,
    TinyNet,
)
from lib.mlp.layer_utils import cross_entropy, fc, sequential


def filled_as_in_the_notebook():
    """Make the small network with the notebook's parameters, and its batch of four samples."""
    model = SmallFullyConnectedNetwork()
    model.net.assign("fc1_w", np.linspace(-0.7, 0.3, num=120).reshape(4, 30))
    model.net.assign("fc1_b", np.linspace(-0.6, 0.2, num=30))
    model.net.assign("fc2_w", np.linspace(-0.2, 0.2, num=210).reshape(30, 7))
    model.net.assign("fc2_b", np.linspace(-0.9, 0.1, num=7))
    feats = np.linspace(-5.5, 4.5, num=16).reshape(4, 4).T
    return model, feats


def test_small_network_gives_the_scores_and_the_loss_of_the_notebook():
    """The numbers of the 2023 notebook."""
    model, feats = filled_as_in_the_notebook()
    scores = model.forward(feats)
    np.testing.assert_allclose(scores[0, [0, -1]], [-2.33881897, 0.16364763], atol=1e-8)
    loss = cross_entropy().forward(scores, np.array([0, 5, 1, 4]))
    assert loss == pytest.approx(2.4248995879903195, abs=1e-10)


@pytest.mark.parametrize("regularization", ["none", "l1", "l2"])
def test_backward_matches_numeric_gradient_of_the_penalized_loss(regularization):
    """All parameter gradients, with the penalty they are said to have."""
    model, feats = filled_as_in_the_notebook()
    labels, loss_func, lam = np.array([0, 5, 1, 4]), cross_entropy(), 0.05
    power = {"none": lambda p: 0.0, "l1": lambda p: np.abs(p).sum(), "l2": lambda p: (p * p).sum()}[
        regularization
    ]

    def penalized(_):
        data_loss = loss_func.forward(model.forward(feats), labels)
        return data_loss + lam * sum(power(p) for p in model.net.params.values())

    penalized(None)
    model.backward(loss_func.backward(), regularization, lam)
    grads = {name: grad.copy() for name, grad in model.net.grads.items()}
    for name, grad in grads.items():
        numeric = eval_numerical_gradient(penalized, model.net.get_params(name), verbose=False)
        np.testing.assert_allclose(grad, numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("keep_prob", [0, 0.25, 0.5, 1])
def test_dropout_network_in_float32_passes_the_check_of_the_notebook(keep_prob):
    """Parameters are float32, the batch float64: 1e-3 is the notebook's tolerance, with room."""
    np.random.seed(1234)
    rng = np.random.default_rng(0)
    model, loss_func = DropoutNet(keep_prob=keep_prob, seed=5), cross_entropy()
    feats, labels = rng.normal(size=(3, 5, 3)), np.array([0, 7, 3])

    def loss(_):
        return loss_func.forward(model.forward(feats, True, seed=5), labels)

    loss(None)
    model.backward(loss_func.backward())
    for name in ("fc1_b", "fc3_b", "fc3_w"):
        grad = model.net.get_grads(name).copy()
        numeric = eval_numerical_gradient(loss, model.net.get_params(name), verbose=False)
        assert rel_error(numeric, grad) < 1e-4


@pytest.mark.parametrize("make", [TestFCReLU, TestFCGeLU])
def test_cascades_take_fifteen_numbers_of_any_shape(make):
    """Images are flattened first; gradients come back in their shape."""
    model = make()
    out = model.forward(np.ones((3, 5, 3)))
    assert out.shape == (3, 5)
    assert model.backward(np.ones((3, 5))).shape == (3, 5, 3)


@pytest.mark.parametrize("make", [TinyNet, DropoutNetTest, FullyConnectedNetwork])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_for_images_compute_in_their_dtype(make, dtype):
    """Images of the dtype of the network give scores of it."""
    model = make(keep_prob=0.5, dtype=dtype, seed=1)
    scores = model.forward(np.ones((2, 32, 32, 3), dtype))
    assert scores.shape == (2, 10)
    assert scores.dtype == dtype
    assert {value.dtype for value in model.net.params.values()} == {np.dtype(dtype)}


@pytest.mark.parametrize("make", [DropoutNetTest, FullyConnectedNetwork])
def test_number_of_classes_can_be_chosen(make):
    """CIFAR-100 has twenty superclasses."""
    assert make(num_classes=20).forward(np.ones((1, 3072))).shape == (1, 20)


def test_test_time_switches_dropout_off():
    """Two passes at test time agree, two while training do not."""
    model, feats = DropoutNet(keep_prob=0.5, seed=1), np.random.default_rng(0).normal(size=(4, 15))
    np.testing.assert_array_equal(model.forward(feats, False), model.forward(feats, False))
    assert not np.array_equal(model.forward(feats), model.forward(feats))
    np.testing.assert_array_equal(model.forward(feats, True, 3), model.forward(feats, True, 3))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("l3", 0.1), "regularization='l3' is not known. Use one of: none, l1, l2"),
        (("l2", -1), "backward: reg_lambda=-1 is not a number at least 0"),
    ],
)
def test_unknown_penalties_are_refused(arguments, match):
    """Before any gradient is computed."""
    model = TestFCGeLU()
    out = model.forward(np.ones((1, 15)))
    with pytest.raises(ConfigError, match=match):
        model.backward(out, *arguments)
    assert model.net.get_grads("fc_w") is None


class Forgetful(fc):
    """A layer whose methods forget to return."""

    def forward(self, feat):
        """Compute and keep it to itself."""
        super().forward(feat)


def test_layer_that_returns_nothing_is_named():
    """The commonest slip in a first layer."""
    model = Module()
    model.net = sequential(Forgetful(3, 2, name="mine"))
    with pytest.raises(ShapeError, match=r"layer 'mine' \(Forgetful\): forward returned None"):
        model.forward(np.ones((1, 3)))


def test_error_inside_a_layer_says_where():
    """A note names the layer and the shape that reached it."""
    model = TestFCGeLU()
    with pytest.raises(ShapeError) as caught:
        model.forward(np.ones((2, 4, 4)))
    assert caught.value.__notes__ == ["(in the forward pass of layer 'fc' (fc), input shape (2, 16))"]


def test_network_of_an_old_file_works_without_super():
    """Files of the course never call Module.__init__."""

    class Old(Module):
        def __init__(self):
            self.net = sequential(fc(3, 2))

    assert Old().forward(np.ones((1, 3))).shape == (1, 2)
