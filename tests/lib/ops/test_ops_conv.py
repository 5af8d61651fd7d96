"""The convolution kernel: values, gradients, adjointness, refusal of bad input."""

import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.ops import conv as conv_module
from lib.ops import conv2d_backward, conv2d_forward
from tests.lib.ops.loop_oracle import conv2d as loop_conv2d
from tests.lib.ops.loop_oracle import numeric_gradient, relative_error

# x (N, H, W, C), w (KH, KW, C, F), stride, pad
SHAPES = [
    pytest.param((2, 5, 5, 3), (3, 3, 3, 4), 1, 1, id="square"),
    pytest.param((3, 7, 7, 2), (3, 3, 2, 3), 2, 0, id="odd"),
    pytest.param((2, 6, 9, 2), (3, 3, 2, 2), 1, 0, id="wide image"),
    pytest.param((2, 8, 6, 2), (2, 3, 2, 2), 1, 1, id="wide window"),
    pytest.param((2, 8, 7, 2), (3, 3, 2, 2), 3, 0, id="remainder in both axes"),
    pytest.param((2, 7, 8, 3), (4, 4, 3, 2), 2, 1, id="remainder with padding"),
    pytest.param((2, 4, 4, 3), (1, 1, 3, 5), 1, 0, id="1x1 window"),
    pytest.param((2, 5, 5, 1), (3, 3, 1, 1), 1, 2, id="one channel, one filter"),
    pytest.param((2, 4, 5, 2), (4, 5, 2, 3), 1, 0, id="window as large as the image"),
    pytest.param((2, 2, 2, 2), (3, 3, 2, 2), 1, 1, id="window larger than the unpadded image"),
    pytest.param((1, 6, 6, 2), (2, 2, 2, 2), 3, 0, id="stride larger than the window"),
    # unfolded plane by plane, with dx folded; window by window, with dx a convolution; and what lies between
    pytest.param((1, 3, 12, 2), (3, 3, 2, 2), 1, 1, id="wide rows"),
    pytest.param((2, 4, 4, 8), (3, 3, 8, 3), 1, 1, id="many channels"),
    pytest.param((1, 4, 5, 8), (2, 2, 8, 2), 1, 0, id="many channels, no padding"),
    pytest.param((1, 3, 3, 9), (3, 3, 9, 2), 1, 2, id="many channels, much padding"),
    pytest.param((1, 3, 3, 8), (2, 2, 8, 2), 1, 2, id="many channels, windows of padding alone"),
    pytest.param((1, 4, 4, 8), (2, 3, 8, 2), 1, 1, id="many channels, wide window"),
    pytest.param((1, 5, 5, 8), (3, 3, 8, 2), 2, 1, id="many channels, stride 2"),
    pytest.param((1, 3, 20, 8), (1, 1, 8, 2), 1, 0, id="many channels, 1x1 window"),
]


def batch(x_shape, w_shape, dtype=np.float64):
    """Make random images, filters and biases."""
    rng = np.random.default_rng(0)
    shapes = (x_shape, w_shape, w_shape[3:])
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)


def test_forward_matches_hand_computed_numbers():
    """A 2x2 filter on a 3x3 image gives the numbers worked out by hand."""
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    w = np.array([[1.0, 0.0], [0.0, 10.0]]).reshape(2, 2, 1, 1)
    out, _ = conv2d_forward(x, w, np.array([0.5]))
    # the upper left pixel of a window plus ten times its lower right one, plus the bias
    assert out[0, :, :, 0].tolist() == [[40.5, 51.5], [73.5, 84.5]]


@pytest.mark.parametrize(("x_shape", "w_shape", "stride", "pad"), SHAPES)
def test_forward_matches_loop_definition(x_shape, w_shape, stride, pad):
    """The output equals the definition written as loops."""
    x, w, b = batch(x_shape, w_shape)
    out, _ = conv2d_forward(x, w, b, stride=stride, pad=pad)
    np.testing.assert_allclose(out, loop_conv2d(x, w, b, stride, pad), rtol=1e-12, atol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("x_shape", "w_shape", "stride", "pad"), SHAPES)
def test_both_passes_match_torch(x_shape, w_shape, stride, pad, dtype):
    """Output and gradients equal those of PyTorch, to rounding."""
    torch = pytest.importorskip("torch")
    x, w, b = batch(x_shape, w_shape, dtype)
    tx, tw, tb = (torch.tensor(value, requires_grad=True) for value in (x, w, b))
    t_out = torch.nn.functional.conv2d(tx.permute(0, 3, 1, 2), tw.permute(3, 2, 0, 1), tb, stride, pad)
    t_out = t_out.permute(0, 2, 3, 1)
    out, cache = conv2d_forward(x, w, b, stride=stride, pad=pad)
    dout = np.random.default_rng(1).standard_normal(out.shape).astype(dtype)
    t_out.backward(torch.tensor(dout))
    tolerance = 100 * np.finfo(dtype).eps
    assert relative_error(out, t_out.detach().numpy()) < tolerance
    for got, want in zip(conv2d_backward(dout, cache), (tx, tw, tb), strict=True):
        assert relative_error(got, want.grad.numpy()) < tolerance


@pytest.mark.parametrize("name", ["x", "w", "b"])
@pytest.mark.parametrize(("x_shape", "w_shape", "stride", "pad"), SHAPES)
def test_backward_matches_numeric_gradient(x_shape, w_shape, stride, pad, name):
    """Each gradient equals the one by central differences; the kernel is linear, so only rounding remains."""
    x, w, b = batch(x_shape, w_shape)
    out, cache = conv2d_forward(x, w, b, stride=stride, pad=pad)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    got = dict(zip("xwb", conv2d_backward(dout, cache), strict=True))[name]
    value = {"x": x, "w": w, "b": b}[name]
    want = numeric_gradient(lambda _: conv2d_forward(x, w, b, stride=stride, pad=pad)[0], value, dout)
    assert relative_error(got, want) < 1e-7


@pytest.mark.parametrize(("x_shape", "w_shape", "stride", "pad"), SHAPES)
def test_backward_is_adjoint_of_forward(x_shape, w_shape, stride, pad):
    """Without bias, <conv(x), d> equals <x, dx> and <w, dw>."""
    x, w, b = batch(x_shape, w_shape)
    out, cache = conv2d_forward(x, w, 0 * b, stride=stride, pad=pad)
    dout = np.random.default_rng(1).standard_normal(out.shape)
    dx, dw, _ = conv2d_backward(dout, cache)
    assert np.sum(x * dx) == pytest.approx(np.sum(out * dout), rel=1e-10)
    assert np.sum(w * dw) == pytest.approx(np.sum(out * dout), rel=1e-10)


def test_chunks_change_nothing(monkeypatch):
    """One image at a time and the whole batch at once give the same numbers."""
    x, w, b = batch((7, 6, 6, 3), (3, 3, 3, 4))
    out, cache = conv2d_forward(x, w, b, pad=1)
    gradients = conv2d_backward(out, cache)
    monkeypatch.setattr(conv_module, "_CHUNK_BYTES", 1)
    out_chunked, cache = conv2d_forward(x, w, b, pad=1)
    np.testing.assert_allclose(out_chunked, out, rtol=1e-12, atol=1e-12)
    for chunked, whole in zip(conv2d_backward(out, cache), gradients, strict=True):
        np.testing.assert_allclose(chunked, whole, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_dtype(dtype):
    """Output and gradients have the dtype of the inputs."""
    out, cache = conv2d_forward(*batch((2, 5, 5, 2), (3, 3, 2, 2), dtype))
    assert {array.dtype for array in (out, *conv2d_backward(out, cache))} == {np.dtype(dtype)}


def test_mixed_dtypes_take_the_wider_one():
    """Float32 images through float64 filters compute in float64."""
    x, w, b = batch((2, 5, 5, 2), (3, 3, 2, 2))
    out, cache = conv2d_forward(x.astype(np.float32), w, b)
    assert {array.dtype for array in (out, *conv2d_backward(out, cache))} == {np.dtype(np.float64)}


def test_does_not_modify_inputs():
    """Images, filters, biases and the incoming gradient are as they were."""
    inputs = batch((3, 5, 5, 2), (3, 3, 2, 2))
    before = [value.copy() for value in inputs]
    out, cache = conv2d_forward(*inputs, pad=1)
    dout = out.copy()
    conv2d_backward(dout, cache)
    for value, old in zip((*inputs, dout), (*before, out), strict=True):
        np.testing.assert_array_equal(value, old)


def test_accepts_views():
    """Images and gradients that are not contiguous give the same numbers."""
    x, w, b = batch((2, 5, 6, 3), (3, 3, 3, 4))
    out, cache = conv2d_forward(x, w, b)
    view = np.asfortranarray(x)
    out_of_view, cache_of_view = conv2d_forward(view, np.asfortranarray(w), b)
    np.testing.assert_allclose(out_of_view, out, rtol=1e-12)
    gradients = conv2d_backward(np.asfortranarray(out), cache_of_view)
    for got, want in zip(gradients, conv2d_backward(out, cache), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11)


def test_empty_batch():
    """No images give no output, an empty dx and zero gradients of the parameters."""
    x, w, b = batch((0, 5, 5, 2), (3, 3, 2, 4))
    out, cache = conv2d_forward(x, w, b)
    dx, dw, db = conv2d_backward(out, cache)
    assert (out.shape, dx.shape) == ((0, 3, 3, 4), (0, 5, 5, 2))
    assert not dw.any() and not db.any() and dw.shape == w.shape


def test_need_dx_false_leaves_dx_out():
    """Without dx the other two gradients are the same."""
    out, cache = conv2d_forward(*batch((2, 5, 5, 2), (3, 3, 2, 2)))
    dx, dw, db = conv2d_backward(out, cache, need_dx=False)
    assert dx is None
    np.testing.assert_array_equal(dw, conv2d_backward(out, cache)[1])
    np.testing.assert_array_equal(db, conv2d_backward(out, cache)[2])


X, W, B = batch((2, 5, 5, 3), (3, 3, 3, 4))


@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        pytest.param(X[..., :2], W, B, "x has 2 channels on its last axis but w expects 3", id="channels"),
        pytest.param(X[0], W, B, r"x has shape \(5, 5, 3\), wanted 4 axes \(N, H, W, C\)", id="rank of x"),
        pytest.param(X, W[0], B, r"w has shape \(3, 3, 4\), wanted 4 axes \(KH, KW, C, F\)", id="rank of w"),
        pytest.param(
            X, W, B[:3], r"b has shape \(3,\), wanted \(4,\): one bias for each filter", id="biases"
        ),
        pytest.param(X.astype(int), W, B, r"x has dtype int64, wanted floating .* x.astype", id="integers"),
        pytest.param(X.tolist(), W, B, "x is a list, wanted a NumPy array", id="list"),
        pytest.param(
            X[:, :2, :2], W, B, "a 3x3 window does not fit a 2x2 image with pad=0.*pad >= 1", id="window"
        ),
    ],
)
def test_refuses_arrays_that_do_not_fit(x, w, b, message):
    """The message names the argument, what came and what was wanted."""
    with pytest.raises(ShapeError, match="conv2d: " + message):
        conv2d_forward(x, w, b)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stride": 0}, "stride=0 is not a whole number >= 1"),
        ({"pad": -1}, "pad=-1 is not a whole number >= 0"),
        ({"stride": 1.5}, r"stride=1.5 is not"),
    ],
)
def test_refuses_settings_out_of_range(settings, message):
    """The message names the setting and its range."""
    with pytest.raises(ConfigError, match=message):
        conv2d_forward(X, W, B, **settings)


def test_backward_refuses_a_gradient_of_another_shape():
    """The message gives both shapes."""
    out, cache = conv2d_forward(X, W, B)
    with pytest.raises(ShapeError, match=r"dout has shape \(2, 3, 3, 3\), wanted \(2, 3, 3, 4\)"):
        conv2d_backward(out[..., :3], cache)
