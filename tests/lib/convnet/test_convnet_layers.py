"""The functional layers and networks: original numbers, measured gradients, PyTorch, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from lib.check.convnet.tables import AVG_TABLE, CONV_TABLE, MAX_TABLE
from lib.convnet import fast_layers, layer_utils, layers
from lib.convnet.classifiers.cnn import FourLayerConvNet, ThreeLayerConvNet
from lib.errors import ConfigError, ShapeError
from lib.grad_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error

POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}
# (N, C, H, W), (F, KH, KW), stride, pad
CONVS = [
    ((2, 3, 5, 5), (2, 3, 3), 1, 1),
    ((2, 2, 5, 8), (3, 2, 2), 2, 0),
    ((1, 2, 6, 5), (2, 2, 4), 2, 2),
    ((2, 1, 4, 4), (2, 1, 1), 1, 0),
]
POOLS = [
    ((2, 2, 4, 4), (2, 2), 2),
    ((2, 2, 7, 9), (3, 3), 2),
    ((1, 2, 5, 6), (2, 3), 1),
    ((2, 1, 7, 7), (2, 2), 3),
]


def conv(shape, filters, stride, pad):
    rng = np.random.default_rng(0)
    F, KH, KW = filters
    x, w, b = rng.standard_normal(shape), rng.standard_normal((F, shape[1], KH, KW)), rng.standard_normal(F)
    return x, w, b, {"stride": stride, "pad": pad}


def test_published_differences_come_out_to_the_last_digit():
    """Three numbers that the original course prints, and that depend on no summation order."""
    x = np.linspace(-0.1, 0.5, num=96).reshape(2, 3, 4, 4)
    w, b = np.linspace(-0.2, 0.3, num=144).reshape(3, 3, 4, 4), np.linspace(-0.1, 0.2, num=3)
    out, _ = layers.conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    assert rel_error(out, CONV_TABLE) == pytest.approx(2.2121476417505994e-08, rel=1e-6)
    x = np.linspace(-0.3, 0.4, num=96).reshape(2, 3, 4, 4)
    assert rel_error(layers.max_pool_forward_naive(x, POOL)[0], MAX_TABLE) == 4.1666665157267834e-08
    assert rel_error(layers.avg_pool_forward_naive(x, POOL)[0], AVG_TABLE) == pytest.approx(
        1.8000003183688645e-07, rel=1e-6
    )


@pytest.mark.parametrize("network", [ThreeLayerConvNet, FourLayerConvNet])
def test_first_loss_is_the_logarithm_of_the_number_of_classes(network):
    np.random.seed(231)
    model = network()
    X, y = np.random.randn(50, 3, 32, 32), np.random.randint(10, size=50)
    plain = model.loss(X, y)[0]
    assert plain == pytest.approx(np.log(10), abs=1e-4)
    model.reg = 0.5
    loss, grads = model.loss(X, y)
    assert 0.1 < loss - plain < 0.4
    assert all(value.dtype == np.float32 for value in model.params.values())
    assert all(grads[name].dtype == np.float32 for name in model.params)


@pytest.mark.parametrize("network", [ThreeLayerConvNet, FourLayerConvNet])
def test_networks_have_right_gradients_with_a_penalty(network):
    np.random.seed(1)
    sizes = {"num_filters": 3, "filter_size": 3, "input_dim": (2, 6, 8), "hidden_dim": 5, "num_classes": 4}
    model = network(**sizes, reg=0.1, weight_scale=0.3, dtype=np.float64)
    X, y = np.random.randn(3, 2, 6, 8), np.array([0, 3, 1])
    _, grads = model.loss(X, y)
    assert set(grads) == set(model.params)
    for name, value in model.params.items():
        measured = eval_numerical_gradient(lambda _: model.loss(X, y)[0], value, verbose=False, h=1e-6)
        np.testing.assert_allclose(grads[name], measured, atol=1e-7)


@pytest.mark.parametrize("sizes", CONVS)
def test_convolution_both_ways_naive_and_fast(sizes):
    x, w, b, param = conv(*sizes)
    out, cache = layers.conv_forward_naive(x, w, b, param)
    quick, quick_cache = fast_layers.conv_forward_fast(x, w, b, param)
    np.testing.assert_allclose(out, quick, rtol=1e-10, atol=1e-12)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    slow, fast = layers.conv_backward_naive(dout, cache), fast_layers.conv_backward_fast(dout, quick_cache)
    for array, got, other in zip((x, w, b), slow, fast, strict=True):
        np.testing.assert_allclose(got, other, rtol=1e-9, atol=1e-11)
        measured = eval_numerical_gradient_array(
            lambda _: layers.conv_forward_naive(x, w, b, param)[0], array, dout
        )
        np.testing.assert_allclose(got, measured, atol=1e-8)
    assert fast_layers.conv_backward_fast(dout, quick_cache, need_dx=False)[0] is None


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("sizes", POOLS)
def test_pooling_both_ways_naive_and_fast(sizes, kind):
    shape, (height, width), stride = sizes
    param = {"pool_height": height, "pool_width": width, "stride": stride}
    x = np.random.default_rng(2).standard_normal(shape)
    naive = getattr(layers, f"{kind}_pool_forward_naive")
    out, cache = naive(x, param)
    quick, quick_cache = getattr(fast_layers, f"{kind}_pool_forward_fast")(x, param)
    np.testing.assert_allclose(out, quick)
    dout = np.random.default_rng(3).standard_normal(out.shape)
    dx = getattr(layers, f"{kind}_pool_backward_naive")(dout, cache)
    np.testing.assert_allclose(dx, getattr(fast_layers, f"{kind}_pool_backward_fast")(dout, quick_cache))
    np.testing.assert_allclose(
        dx, eval_numerical_gradient_array(lambda _: naive(x, param)[0], x, dout, h=1e-6), atol=1e-7
    )


def test_of_equal_pixels_the_first_gets_the_slope():
    x = np.ones((1, 1, 2, 2))
    _, cache = layers.max_pool_forward_naive(x, POOL)
    assert layers.max_pool_backward_naive(np.ones((1, 1, 1, 1)), cache)[0, 0].tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("forward", "backward", "shape"),
    [
        ("relu", "relu", (3, 4)),
        ("leaky_relu", "leaky_relu", (3, 4)),
        ("sigmoid", "sigmoid", (3, 4)),
    ],
)
def test_activations_have_measured_gradients(forward, backward, shape):
    x = np.random.default_rng(4).standard_normal(shape)
    dout = np.random.default_rng(5).standard_normal(shape)
    run = getattr(layers, f"{forward}_forward")
    got = getattr(layers, f"{backward}_backward")(dout, run(x)[1])
    np.testing.assert_allclose(got, eval_numerical_gradient_array(lambda x: run(x)[0], x, dout), atol=1e-8)


def test_sigmoid_does_not_overflow():
    with np.errstate(all="raise"):
        assert layers.sigmoid_forward(np.array([-1000.0, 1000.0]))[0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    "name", ["batchnorm", "batchnorm_alt", "layernorm", "spatial_batchnorm", "spatial_groupnorm"]
)
def test_normalizations_have_measured_gradients(name):
    rng = np.random.default_rng(6)
    spatial = name.startswith("spatial")
    x = 5 * rng.standard_normal((2, 4, 3, 2) if spatial else (4, 5)) + 12
    shape = {"spatial_groupnorm": (1, 4, 1, 1), "spatial_batchnorm": (4,)}.get(name, (5,))
    gamma, beta, dout = rng.standard_normal(shape), rng.standard_normal(shape), rng.standard_normal(x.shape)
    base = name.removesuffix("_alt")
    forward = getattr(layers, f"{base}_forward")
    backward = getattr(layers, f"{base}_backward{'_alt' if name.endswith('_alt') else ''}")

    def run(_=None):
        if name == "spatial_groupnorm":
            return forward(x, gamma, beta, 2, {})
        return forward(x, gamma, beta, {"mode": "train"})

    for array, got in zip((x, gamma, beta), backward(dout, run()[1]), strict=True):
        assert got.shape == array.shape
        measured = eval_numerical_gradient_array(lambda _: run()[0], array, dout)
        np.testing.assert_allclose(got, measured, atol=2e-7)


def test_losses_agree_with_their_definitions():
    rng = np.random.default_rng(8)
    x, y = 0.5 * rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    for name in ("softmax_loss", "svm_loss"):
        loss = getattr(layers, name)
        value, dx = loss(x, y)
        assert value > 0
        measured = eval_numerical_gradient(lambda x, loss=loss: loss(x, y)[0], x, verbose=False)
        np.testing.assert_allclose(dx, measured, atol=1e-7)
    assert layers.softmax_loss(np.array([[1000.0, 0.0]]), np.array([1]))[0] == 1000


def test_dropout_keeps_the_mean_and_does_nothing_at_test_time():
    x = np.ones((200, 200))
    out, cache = layers.dropout_forward(x, {"p": 0.4, "mode": "train", "seed": 3})
    assert out.mean() == pytest.approx(1, abs=0.02)
    assert (out == 0).mean() == pytest.approx(0.6, abs=0.01)
    np.testing.assert_array_equal(layers.dropout_backward(x, cache), out)
    assert layers.dropout_forward(x, {"p": 0.4, "mode": "test"})[0] is x


def test_sandwiches_are_their_layers_one_after_the_other():
    rng = np.random.default_rng(9)
    x, w, b = rng.standard_normal((2, 3, 8, 8)), rng.standard_normal((3, 3, 3, 3)), rng.standard_normal(3)
    gamma, beta, param = np.ones(3), np.zeros(3), {"stride": 1, "pad": 1}
    runs = {
        "conv_relu": lambda: layer_utils.conv_relu_forward(x, w, b, param),
        "conv_relu_pool": lambda: layer_utils.conv_relu_pool_forward(x, w, b, param, POOL),
        "conv_bn_relu": lambda: layer_utils.conv_bn_relu_forward(
            x, w, b, gamma, beta, param, {"mode": "train"}
        ),
    }
    for name, run in runs.items():
        out, cache = run()
        dout = rng.standard_normal(out.shape)
        gradients = getattr(layer_utils, f"{name}_backward")(dout, cache)
        measured = eval_numerical_gradient_array(lambda _, run=run: run()[0], w, dout, h=1e-6)
        np.testing.assert_allclose(gradients[1], measured, atol=2e-6)
    flat, weights = rng.standard_normal((3, 4)), rng.standard_normal((4, 2))
    for name in ("affine_relu", "affine_leaky_relu"):
        run = getattr(layer_utils, f"{name}_forward")
        dout = rng.standard_normal((3, 2))
        got = getattr(layer_utils, f"{name}_backward")(dout, run(flat, weights, b[:2])[1])
        measured = eval_numerical_gradient_array(
            lambda _, run=run: run(flat, weights, b[:2])[0], weights, dout
        )
        np.testing.assert_allclose(got[1], measured, atol=1e-8)


def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    x, w, b, _ = conv((2, 3, 7, 6), (4, 3, 3), 2, 1)
    out, cache = layers.conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    wanted = torch.nn.functional.conv2d(*tensors, stride=2, padding=1)
    np.testing.assert_allclose(out, wanted.detach().numpy(), atol=1e-12)
    wanted.sum().backward()
    for got, tensor in zip(layers.conv_backward_naive(np.ones_like(out), cache), tensors, strict=True):
        np.testing.assert_allclose(got, tensor.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (
            lambda x, w, b: layers.conv_forward_naive(x, w[:, :2], b, {"stride": 1, "pad": 0}),
            ShapeError,
            "has 3 channels, w .* expects 2",
        ),
        (
            lambda x, w, b: layers.conv_forward_naive(x, w, b, {"stride": 1}),
            ConfigError,
            "'pad' is missing, there is 'stride'",
        ),
        (
            lambda x, w, b: layers.conv_forward_naive(x, w, b, {"stride": 0, "pad": 0}),
            ConfigError,
            "'stride' is 0, wanted a whole number of at least 1",
        ),
        (
            lambda x, w, b: layers.conv_forward_naive(x[:, :, :2], w, b, {"stride": 1, "pad": 0}),
            ShapeError,
            "a window of 3x3 does not fit an image of 2x5 with padding 0",
        ),
        (
            lambda x, w, b: layers.conv_forward_naive(x.astype(int), w, b, {"stride": 1, "pad": 0}),
            ShapeError,
            "x has dtype int64",
        ),
        (
            lambda x, w, b: layers.max_pool_forward_naive(x[0], POOL),
            ShapeError,
            r"wanted 4 axes \(N, C, H, W\)",
        ),
        (
            lambda x, w, b: layers.spatial_groupnorm_forward(
                x, np.ones((1, 3, 1, 1)), np.ones((1, 3, 1, 1)), 2, {}
            ),
            ConfigError,
            "3 channels cannot be divided into G=2 groups",
        ),
        (
            lambda x, w, b: layers.spatial_groupnorm_forward(x, np.ones(3), np.ones(3), 3, {}),
            ShapeError,
            r"gamma has shape \(3,\), wanted \(1, 3, 1, 1\)",
        ),
        (
            lambda x, w, b: layers.batchnorm_forward(x[0, 0], np.ones(5), np.ones(5), {"mode": "tests"}),
            ConfigError,
            "'mode' is 'tests'",
        ),
        (lambda x, w, b: layers.dropout_forward(x, {"p": 0, "mode": "train"}), ConfigError, "'p' is 0"),
        (lambda x, w, b: ThreeLayerConvNet(filter_size=4), ConfigError, "filter_size=4 is even"),
        (
            lambda x, w, b: layers.affine_forward(x, np.ones((4, 2)), np.ones(2)),
            ShapeError,
            "has 75 numbers a sample, w .* expects 4",
        ),
    ],
)
def test_bad_input_is_named(call, error, said):
    rng = np.random.default_rng(10)
    with pytest.raises(error, match=said):
        call(rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((2, 3, 3, 3)), np.zeros(2))
