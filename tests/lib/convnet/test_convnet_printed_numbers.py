"""What the notebooks of the original courses print, cell by cell, with their seeds and NumPy's legacy generator."""

from __future__ import annotations

import numpy as np
import pytest

from lib.convnet import layers
from lib.convnet.classifiers.cnn import FourLayerConvNet, ThreeLayerConvNet
from lib.grad_check import eval_numerical_gradient, rel_error

# the greatest relative errors of the gradients, as printed with %e
GRADIENTS = [
    (
        ThreeLayerConvNet,
        231,
        {
            "W1": "1.380104e-04",
            "W2": "1.822723e-02",
            "W3": "3.064049e-04",
            "b1": "3.477652e-05",
            "b2": "2.516375e-03",
        },
        {"b3": 7.945660e-10},
    ),
    (
        FourLayerConvNet,
        123,
        {
            "W1": "4.134720e-02",
            "W2": "4.096642e-02",
            "W3": "1.857769e-02",
            "W4": "1.561920e-02",
            "b1": "1.585612e-02",
            "b2": "2.037872e-01",
            "b3": "1.000000e+00",
        },
        {"b4": 1.556248e-09},
    ),
]


@pytest.mark.parametrize(("network", "seed", "printed", "rounding"), GRADIENTS)
def test_gradient_errors(network, seed, printed, rounding):
    """All printed digits; where nothing but rounding is left over, the order of magnitude.

    They are errors of the measurement: rectified units switch within its step, and with these small weights many
    gradients are near 0.
    """
    np.random.seed(seed)
    X, y = np.random.randn(2, 3, 16, 16), np.random.randint(10, size=2)
    model = network(num_filters=3, filter_size=3, input_dim=(3, 16, 16), hidden_dim=7, dtype=np.float64)
    _, grads = model.loss(X, y)

    def error(name):
        measured = eval_numerical_gradient(
            lambda _: model.loss(X, y)[0], model.params[name], verbose=False, h=1e-6
        )
        return rel_error(measured, grads[name])

    for name, digits in printed.items():
        assert error(name) == pytest.approx(float(digits), rel=2e-6), name
    for name, size in rounding.items():
        assert error(name) == pytest.approx(size, rel=0.9), name


@pytest.mark.parametrize(
    ("network", "seed", "plain", "penalized"),
    [
        (ThreeLayerConvNet, 231, 2.302586071243987, 2.508255635671795),
        (FourLayerConvNet, 123, 2.3025850878441325, 2.5113279448235026),
    ],
)
def test_first_losses(network, seed, plain, penalized):
    """The sanity check goes on with the random numbers of the cell before it; single precision has seven digits."""
    np.random.seed(seed)
    for shape in ((2, 3, 8, 8), (3, 3, 3, 3), (3,), (2, 3, 8, 8)):  # what the test of conv_relu draws
        np.random.randn(*shape)
    model = network()
    X, y = np.random.randn(50, 3, 32, 32), np.random.randint(10, size=50)
    assert model.loss(X, y)[0] == pytest.approx(plain, abs=5e-7)
    model.reg = 0.5
    assert model.loss(X, y)[0] == pytest.approx(penalized, abs=2e-6)


def test_spatial_batch_normalization_while_training():
    np.random.seed(123)
    x = 4 * np.random.randn(2, 3, 4, 5) + 10
    np.testing.assert_allclose(x.mean(axis=(0, 2, 3)), [9.79827084, 9.5807009, 10.81473958], atol=5e-9)
    bn_param = {"mode": "train"}
    out, _ = layers.spatial_batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-14)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), [0.99999975, 0.99999973, 0.99999979], atol=5e-9)
    out, _ = layers.spatial_batchnorm_forward(x, np.asarray([3, 4, 5]), np.asarray([6, 7, 8]), bn_param)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), [6, 7, 8], atol=1e-12)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), [2.99999925, 3.99999891, 4.99999897], atol=5e-9)


def test_spatial_batch_normalization_at_test_time():
    np.random.seed(123)
    bn_param, gamma, beta = {"mode": "train"}, np.ones(4), np.zeros(4)
    for _ in range(50):
        x = 2.3 * np.random.randn(10, 4, 11, 12) + 13
        layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    bn_param["mode"] = "test"
    out, _ = layers.spatial_batchnorm_forward(
        2.3 * np.random.randn(10, 4, 11, 12) + 13, gamma, beta, bn_param
    )
    means, stds = out.mean(axis=(0, 2, 3)), out.std(axis=(0, 2, 3))
    np.testing.assert_allclose(means, [0.04794133, 0.04914931, -0.00719426, 0.03869199], atol=5e-9)
    np.testing.assert_allclose(stds, [1.03832542, 1.01565838, 0.99439152, 1.02422673], atol=5e-9)


def test_spatial_group_normalization():
    """The original's reference printed an output of seven axes; here it has the shape of x."""
    np.random.seed(123)
    x = 4 * np.random.randn(2, 6, 4, 5) + 10
    out, _ = layers.spatial_groupnorm_forward(x, np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1)), 2, {})
    assert out.shape == x.shape
    groups = out.reshape(4, -1)
    np.testing.assert_allclose(groups.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(
        groups.std(axis=1), [0.99999978, 0.99999974, 0.99999952, 0.99999963], atol=5e-9
    )
