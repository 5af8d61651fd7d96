"""The fast faces: against the definition, against PyTorch, in both precisions, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from lib.convnet import fast_layers
from lib.convnet.layers import conv_forward_naive, max_pool_forward_naive
from lib.errors import ConfigError, ShapeError
from tests.lib.ops import loop_oracle
from tests.lib.ops.loop_oracle import distinct, numeric_gradient, relative_error

# x (N, C, H, W), filters (F, KH, KW), stride, pad
CONVS = [
    ((2, 3, 5, 5), (4, 3, 3), 1, 1),
    ((2, 2, 4, 7), (3, 3, 2), 1, 0),
    ((1, 2, 7, 5), (2, 2, 4), 3, 2),
    ((2, 1, 6, 6), (2, 1, 1), 2, 0),
    ((2, 3, 3, 4), (2, 3, 4), 1, 0),
    ((0, 2, 4, 4), (3, 3, 3), 1, 1),
]
# x (N, C, H, W), window, stride: disjoint, overlapping, non-square, not dividing, with gaps, the whole image
POOLS = [
    ((2, 3, 4, 6), (2, 2), 2),
    ((2, 2, 8, 8), (4, 4), 2),
    ((1, 3, 6, 7), (2, 3), 1),
    ((2, 2, 7, 9), (2, 2), 2),
    ((2, 1, 9, 8), (2, 2), 3),
    ((2, 2, 4, 5), (4, 5), 1),
    ((0, 2, 4, 4), (2, 2), 2),
]
TOLERANCE = {np.float64: 1e-12, np.float32: 2e-5}


def last(x):
    return x.transpose(0, 2, 3, 1)


def first(x):
    return x.transpose(0, 3, 1, 2)


def settings(window, stride):
    return {"pool_height": window[0], "pool_width": window[1], "stride": stride}


def convolution(sizes, dtype=np.float64):
    shape, (F, KH, KW), stride, pad = sizes
    rng = np.random.default_rng(0)
    arrays = rng.standard_normal(shape), rng.standard_normal((F, shape[1], KH, KW)), rng.standard_normal(F)
    return *(a.astype(dtype) for a in arrays), {"stride": stride, "pad": pad}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", CONVS)
def test_convolution_is_the_loops(sizes, dtype):
    x, w, b, param = convolution(sizes, dtype)
    before = [a.copy() for a in (x, w, b)]
    out, cache = fast_layers.conv_forward_fast(x, w, b, param)
    wanted = first(loop_oracle.conv2d(last(x), w.transpose(2, 3, 1, 0), b, param["stride"], param["pad"]))
    assert out.dtype == dtype
    assert out.shape == wanted.shape
    assert relative_error(out, wanted) < TOLERANCE[dtype]
    dout = np.random.default_rng(1).standard_normal(out.shape).astype(dtype)
    kept = dout.copy()
    found = fast_layers.conv_backward_fast(dout, cache)
    for array, got in zip((x, w, b), found, strict=True):
        assert got.dtype == dtype
        assert got.shape == array.shape
    dx, dw, db = fast_layers.conv_backward_fast(dout, cache, need_dx=False)
    assert dx is None
    np.testing.assert_array_equal(dw, found[1])
    np.testing.assert_array_equal(db, found[2])
    assert all(np.array_equal(a, b) for a, b in zip((x, w, b, dout), (*before, kept), strict=True))


@pytest.mark.parametrize("sizes", CONVS[:-1])
def test_convolution_has_the_measured_gradients(sizes):
    x, w, b, param = convolution(sizes)
    out, cache = fast_layers.conv_forward_fast(x, w, b, param)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    single = convolution(sizes, np.float32)
    single_cache = fast_layers.conv_forward_fast(*single)[1]
    found = fast_layers.conv_backward_fast(dout, cache)
    blunt = fast_layers.conv_backward_fast(dout.astype(np.float32), single_cache)
    for array, got, less in zip((x, w, b), found, blunt, strict=True):
        wanted = numeric_gradient(lambda _: conv_forward_naive(x, w, b, param)[0], array, dout)
        assert relative_error(got, wanted) < 1e-7
        assert relative_error(less, got) < TOLERANCE[np.float32]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", POOLS)
def test_max_pooling_is_the_loops(sizes, dtype):
    shape, window, stride = sizes
    rng = np.random.default_rng(2)
    for x in (
        distinct(rng, shape, dtype),
        rng.integers(0, 2, shape).astype(dtype),
    ):  # the second is full of ties
        before = x.copy()
        out, cache = fast_layers.max_pool_forward_fast(x, settings(window, stride))
        np.testing.assert_array_equal(out, first(loop_oracle.max_pool2d(last(x), window, stride)[0]))
        dout = rng.standard_normal(out.shape).astype(dtype)
        dx = fast_layers.max_pool_backward_fast(dout, cache)
        wanted = first(loop_oracle.max_pool2d_backward(last(dout), last(x), window, stride))
        assert out.dtype == dx.dtype == dtype
        assert relative_error(dx, wanted) < TOLERANCE[dtype]
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", POOLS)
def test_average_pooling_is_a_convolution_with_equal_weights(sizes, dtype):
    shape, window, stride = sizes
    rng = np.random.default_rng(3)
    x = rng.standard_normal(shape).astype(dtype)
    before = x.copy()
    out, cache = fast_layers.avg_pool_forward_fast(x, settings(window, stride))
    weights = np.zeros((*window, shape[1], shape[1]), dtype)
    weights[:, :, range(shape[1]), range(shape[1])] = 1 / (window[0] * window[1])
    bias = np.zeros(shape[1], dtype)
    assert (
        relative_error(out, first(loop_oracle.conv2d(last(x), weights, bias, stride, 0))) < TOLERANCE[dtype]
    )
    dout = rng.standard_normal(out.shape).astype(dtype)
    dx = fast_layers.avg_pool_backward_fast(dout, cache)
    assert out.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(x, before)
    if dtype == np.float64 and shape[0]:
        again = lambda v: fast_layers.avg_pool_forward_fast(v, settings(window, stride))[0]  # noqa: E731
        assert relative_error(dx, numeric_gradient(again, x, dout)) < 1e-7


def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    x, w, b, param = convolution(((3, 4, 9, 8), (5, 3, 2), 2, 1))
    out, cache = fast_layers.conv_forward_fast(x, w, b, param)
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    wanted = torch.nn.functional.conv2d(*tensors, stride=2, padding=1)
    dout = np.random.default_rng(4).standard_normal(out.shape)
    wanted.backward(torch.tensor(dout))
    np.testing.assert_allclose(out, wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
    for got, tensor in zip(fast_layers.conv_backward_fast(dout, cache), tensors, strict=True):
        np.testing.assert_allclose(got, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)
    for kind in ("max", "avg"):
        t = torch.tensor(x, requires_grad=True)
        wanted = getattr(torch.nn.functional, f"{kind}_pool2d")(t, (3, 2), stride=2)
        out, cache = getattr(fast_layers, f"{kind}_pool_forward_fast")(x, settings((3, 2), 2))
        dout = np.random.default_rng(5).standard_normal(out.shape)
        wanted.backward(torch.tensor(dout))
        np.testing.assert_allclose(out, wanted.detach().numpy(), rtol=1e-12)
        dx = getattr(fast_layers, f"{kind}_pool_backward_fast")(dout, cache)
        np.testing.assert_allclose(dx, t.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_the_original_names_are_there():
    for way in ("strides", "im2col"):
        for direction in ("forward", "backward"):
            face = getattr(fast_layers, f"conv_{direction}_{way}")
            assert face is getattr(fast_layers, f"conv_{direction}_fast")
    for way in ("reshape", "im2col"):
        for direction in ("forward", "backward"):
            face = getattr(fast_layers, f"max_pool_{direction}_{way}")
            assert face is getattr(fast_layers, f"max_pool_{direction}_fast")


X, W, B = np.zeros((2, 3, 6, 7)), np.zeros((4, 3, 3, 2)), np.zeros(4)
ONE = {"stride": 1, "pad": 0}
TWO = {"pool_height": 2, "pool_width": 2, "stride": 2}


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda f: f.conv_forward_fast(X, W[:, :2], B, ONE), ShapeError, "has 3 channels, w .* expects 2"),
        (
            lambda f: f.conv_forward_fast(X[0], W, B, ONE),
            ShapeError,
            r"x has shape \(3, 6, 7\), wanted 4 axes",
        ),
        (lambda f: f.conv_forward_fast(X, W, B[:1], ONE), ShapeError, r"b has shape \(1,\), wanted \(4,\)"),
        (lambda f: f.conv_forward_fast(X.astype(int), W, B, ONE), ShapeError, "x has dtype int64"),
        (lambda f: f.conv_forward_fast(X, W, B, {"stride": 1}), ConfigError, "'pad' is missing"),
        (lambda f: f.conv_forward_fast(X, W, B, None), ConfigError, "the settings are None, wanted a dict"),
        (lambda f: f.conv_forward_fast(X, W, B, ONE | {"stride": 0}), ConfigError, "'stride' is 0"),
        (
            lambda f: f.conv_forward_fast(X[:, :, :2], W, B, ONE),
            ShapeError,
            "3x2 does not fit an image of 2x7",
        ),
        (lambda f: f.max_pool_forward_fast(X, TWO | {"pool_width": 9}), ShapeError, "2x9 does not fit"),
        (lambda f: f.avg_pool_forward_fast(X, {"stride": 1}), ConfigError, "'pool_height' is missing"),
        (
            lambda f: f.conv_backward_fast(np.zeros((2, 3, 4, 6)), f.conv_forward_fast(X, W, B, ONE)[1]),
            ShapeError,
            r"dout has shape \(2, 3, 4, 6\), wanted \(2, 4, 4, 6\)",  # in the layout of this room
        ),
        (
            lambda f: f.max_pool_backward_fast(np.zeros((2, 3, 3, 2)), f.max_pool_forward_fast(X, TWO)[1]),
            ShapeError,
            r"dout has shape \(2, 3, 3, 2\), wanted \(2, 3, 3, 3\)",
        ),
        (
            lambda f: f.avg_pool_backward_fast(np.zeros((2, 1, 3, 3)), f.avg_pool_forward_fast(X, TWO)[1]),
            ShapeError,
            r"dout has shape \(2, 1, 3, 3\), wanted \(2, 3, 3, 3\)",
        ),
        (
            lambda f: f.conv_backward_fast(np.zeros((2, 4, 4, 6)), conv_forward_naive(X, W, B, ONE)[1]),
            ConfigError,
            "cache is of type tuple, wanted the one that conv_forward_fast returned",
        ),
        (
            lambda f: f.max_pool_backward_fast(np.zeros((2, 3, 3, 3)), max_pool_forward_naive(X, TWO)[1]),
            ConfigError,
            "wanted the one that max_pool_forward_fast returned",
        ),
        (
            lambda f: f.avg_pool_backward_fast(np.zeros((2, 3, 3, 3)), f.max_pool_forward_fast(X, TWO)[1]),
            ConfigError,
            "cache is of type PoolCache, wanted the one that avg_pool_forward_fast returned",
        ),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call(fast_layers)
