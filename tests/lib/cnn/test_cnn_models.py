"""The networks of Problem 2: the numbers of seed 0, gradients, dtype, and that they learn."""

import numpy as np
import pytest

from lib.cnn.cnn_models import SmallConvolutionalNetwork, TestCNN
from lib.cnn.fast_layers import FastConvLayer2D, FastMaxPoolingLayer
from lib.cnn.layer_utils import ConvLayer2D, MaxPoolingLayer
from lib.mlp.layer_utils import cross_entropy
from lib.optim import Adam
from tests.lib.ops.loop_oracle import numeric_gradient, relative_error


def filled_as_in_seed_0():
    """Make a TestCNN with the parameters of the notebook, and the notebook's images."""
    model = TestCNN()
    model.net.assign("conv_w", np.linspace(-0.7, 0.3, num=81).reshape(3, 3, 3, 3))
    model.net.assign("conv_b", np.linspace(-0.6, 0.2, num=3))
    model.net.assign("fc_w", np.linspace(-0.2, 0.2, num=135).reshape(27, 5))
    model.net.assign("fc_b", np.linspace(-0.9, 0.1, num=5))
    return model, np.linspace(-5.5, 4.5, num=4 * 8 * 8 * 3).reshape(4, 8, 8, 3)


def test_first_parameters_pass_the_check_of_seed_0():
    """With the notebook's seed, weights deviate by 0.02 within a tenth, and biases are zero."""
    np.random.seed(1234)
    net = TestCNN().net
    assert abs(net.get_params("conv_w").std() - 0.02) < 0.002
    assert abs(net.get_params("fc_w").std() - 0.02) < 0.002
    assert not net.get_params("conv_b").any() and not net.get_params("fc_b").any()


def test_scores_and_loss_are_those_of_seed_0():
    """The notebook's scores and loss, within the notebook's tolerances."""
    model, feats = filled_as_in_seed_0()
    scores = model.forward(feats)
    want = [
        [-13.85107294, -11.52845818, -9.20584342, -6.88322866, -4.5606139],
        [-11.44514171, -10.21200524, -8.97886878, -7.74573231, -6.51259584],
        [-9.03921048, -8.89555231, -8.75189413, -8.60823596, -8.46457778],
        [-6.63327925, -7.57909937, -8.52491949, -9.4707396, -10.41655972],
    ]
    assert np.abs(scores - want).sum() < 1e-6
    loss = cross_entropy().forward(scores, np.array([0, 2, 1, 4]))
    assert abs(loss - 4.56046848799693) < 1e-10


def test_gradients_match_numeric_gradients():
    """All four gradients equal those by central differences of the loss, as the notebook checks."""
    model, feats = filled_as_in_seed_0()
    labels = np.array([0, 2, 1, 4])
    loss = cross_entropy()
    loss.forward(model.forward(feats), labels)
    assert model.backward(loss.backward()).shape == feats.shape
    for layer in model.net.layers:
        for name, value in layer.params.items():
            gradient = layer.grads[name].copy()
            want = numeric_gradient(lambda _: loss.forward(model.forward(feats), labels), value, 1.0)
            assert relative_error(gradient, want) < 1e-6, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("model", "size"), [(TestCNN, 8), (SmallConvolutionalNetwork, 32)])
def test_dtype_goes_through_the_whole_network(model, size, dtype):
    """Parameters, scores and gradients have the dtype that was asked for."""
    model = model(dtype=dtype)
    scores = model.forward(np.random.default_rng(0).standard_normal((2, size, size, 3)).astype(dtype))
    model.backward(np.ones_like(scores))
    arrays = [scores, *model.net.params.values(), *model.net.grads.values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_small_network_keeps_to_the_rules():
    """At most two convolutions and two poolings, ten scores, and a first loss near ln 10."""
    np.random.seed(0)
    model = SmallConvolutionalNetwork()
    convolutions = [layer for layer in model.net.layers if isinstance(layer, ConvLayer2D | FastConvLayer2D)]
    poolings = [
        layer for layer in model.net.layers if isinstance(layer, MaxPoolingLayer | FastMaxPoolingLayer)
    ]
    assert 1 <= len(convolutions) <= 2 and len(poolings) <= 2
    rng = np.random.default_rng(0)
    images = rng.uniform(-0.5, 0.5, (100, 32, 32, 3)).astype(np.float32)
    scores = model.forward(images, False)
    assert scores.shape == (100, 10)
    assert cross_entropy().forward(scores, rng.integers(0, 10, 100)) == pytest.approx(np.log(10), abs=0.3)


def test_small_network_fits_a_few_images():
    """Adam on 20 random images brings the loss down to almost nothing."""
    np.random.seed(0)
    model, loss = SmallConvolutionalNetwork(), cross_entropy()
    rng = np.random.default_rng(0)
    images = rng.uniform(-0.5, 0.5, (20, 32, 32, 3)).astype(np.float32)
    labels = rng.integers(0, 10, 20)
    optimizer = Adam(model.net, 3e-3)
    for _ in range(40):
        value = loss.forward(model.forward(images), labels)
        model.backward(loss.backward())
        optimizer.step()
    assert value < 0.1
