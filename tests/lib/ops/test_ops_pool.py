"""The max pooling kernel: values, ties, gradients, refusal of bad input."""

import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.ops import max_pool2d_backward, max_pool2d_forward
from lib.ops import pool as pool_module
from tests.lib.ops import loop_oracle
from tests.lib.ops.loop_oracle import distinct, numeric_gradient, relative_error

# x (N, H, W, C), window (KH, KW), stride
SHAPES = [
    pytest.param((2, 4, 4, 3), (2, 2), 2, id="tiling"),
    pytest.param((2, 8, 8, 2), (4, 4), 2, id="overlapping"),
    pytest.param((2, 7, 7, 2), (3, 3), 1, id="overlapping by two"),
    pytest.param((2, 7, 8, 2), (3, 3), 2, id="overlapping with a remainder"),
    pytest.param((2, 7, 9, 2), (2, 2), 2, id="odd image"),
    pytest.param((2, 9, 8, 2), (2, 2), 3, id="gaps"),
    pytest.param((2, 6, 7, 2), (2, 3), 2, id="wide window"),
    pytest.param((2, 6, 7, 2), (3, 1), 1, id="column"),
    pytest.param((2, 4, 4, 3), (1, 1), 1, id="1x1 window"),
    pytest.param((2, 5, 5, 1), (2, 2), 1, id="one channel"),
    pytest.param((2, 4, 5, 2), (4, 5), 1, id="window as large as the image"),
    pytest.param((1, 18, 17, 1), (17, 17), 1, id="more pixels in a window than a byte can number"),
]


@pytest.mark.parametrize("levels", [3, 1000], ids=["many ties", "few ties"])
@pytest.mark.parametrize(("x_shape", "window", "stride"), SHAPES)
def test_both_passes_match_loop_definition(x_shape, window, stride, levels):
    """Output and gradient equal the definition, with ties going to the first maximum."""
    rng = np.random.default_rng(0)
    x = rng.integers(-levels, levels, x_shape).astype(float)
    out, cache = max_pool2d_forward(x, window, stride=stride)
    np.testing.assert_array_equal(out, loop_oracle.max_pool2d(x, window, stride)[0])
    dout = rng.integers(-9, 9, out.shape).astype(float)
    want = loop_oracle.max_pool2d_backward(dout, x, window, stride)
    np.testing.assert_array_equal(max_pool2d_backward(dout, cache), want)


@pytest.mark.parametrize(("x_shape", "window", "stride"), SHAPES)
def test_backward_matches_numeric_gradient(x_shape, window, stride):
    """Where no two pixels are close the gradient equals the one by central differences."""
    rng = np.random.default_rng(0)
    x = distinct(rng, x_shape)
    out, cache = max_pool2d_forward(x, window, stride=stride)
    dout = rng.standard_normal(out.shape)
    want = numeric_gradient(lambda value: max_pool2d_forward(value, window, stride=stride)[0], x, dout)
    assert relative_error(max_pool2d_backward(dout, cache), want) < 1e-7


@pytest.mark.torch
@pytest.mark.parametrize(("window", "stride"), [((2, 2), 2), ((4, 4), 2), ((3, 2), 1)])
def test_ties_match_torch(window, stride):
    """Output and gradient equal those of PyTorch on images full of ties."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (3, 9, 8, 4)).astype(np.float32)
    tx = torch.tensor(x, requires_grad=True)
    t_out = torch.nn.functional.max_pool2d(tx.permute(0, 3, 1, 2), window, stride).permute(0, 2, 3, 1)
    out, cache = max_pool2d_forward(x, window, stride=stride)
    dout = rng.integers(-9, 9, out.shape).astype(np.float32)
    t_out.backward(torch.tensor(dout))
    np.testing.assert_array_equal(out, t_out.detach().numpy())
    np.testing.assert_array_equal(max_pool2d_backward(dout, cache), tx.grad.numpy())


@pytest.mark.parametrize(("x_shape", "window", "stride"), SHAPES)
def test_backward_keeps_the_sum(x_shape, window, stride):
    """Every window's gradient arrives exactly once."""
    rng = np.random.default_rng(0)
    out, cache = max_pool2d_forward(rng.integers(0, 3, x_shape).astype(float), window, stride=stride)
    dout = rng.integers(-9, 9, out.shape).astype(float)
    assert max_pool2d_backward(dout, cache).sum() == dout.sum()


def test_equal_pixels_send_the_gradient_to_the_first():
    """On a constant image each window's gradient lands on its upper left pixel."""
    out, cache = max_pool2d_forward(np.zeros((1, 4, 4, 1)), (2, 2), stride=2)
    dx = max_pool2d_backward(np.ones_like(out), cache)[0, :, :, 0]
    assert dx.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("pixel", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_nan_is_not_hidden(pixel):
    """A NaN anywhere in a window makes its output NaN."""
    x = np.zeros((1, 2, 2, 1))
    x[0, pixel[0], pixel[1], 0] = np.nan
    assert np.isnan(max_pool2d_forward(x, (2, 2), stride=2)[0]).all()


def test_minus_infinity_is_a_pixel_like_others():
    """A window of nothing but -inf gives -inf, and its gradient still arrives."""
    out, cache = max_pool2d_forward(np.full((1, 2, 2, 1), -np.inf), (2, 2), stride=2)
    assert out.item() == -np.inf
    assert max_pool2d_backward(np.ones_like(out), cache).sum() == 1


@pytest.mark.parametrize("window", [(2, 2), (3, 3)], ids=["disjoint", "overlapping"])
def test_chunks_change_nothing(monkeypatch, window):
    """Two images at a time and the whole batch at once give the same numbers."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((7, 6, 6, 3))
    out, cache = max_pool2d_forward(x, window, stride=2)
    dx = max_pool2d_backward(out, cache)
    monkeypatch.setattr(pool_module, "_CHUNK_BYTES", 2 * x[0].nbytes)
    out_chunked, cache = max_pool2d_forward(x, window, stride=2)
    np.testing.assert_array_equal(out_chunked, out)
    np.testing.assert_array_equal(max_pool2d_backward(out, cache), dx)


@pytest.mark.parametrize("window", [(2, 2), (3, 3)], ids=["disjoint", "overlapping"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_dtype(dtype, window):
    """Output and gradient have the dtype of the images."""
    out, cache = max_pool2d_forward(np.ones((2, 5, 5, 2), dtype), window, stride=2)
    assert out.dtype == max_pool2d_backward(out, cache).dtype == np.dtype(dtype)


def test_does_not_modify_inputs():
    """Images and the incoming gradient are as they were."""
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 2))
    before = x.copy()
    out, cache = max_pool2d_forward(x, (2, 2), stride=1)
    dout = out.copy()
    max_pool2d_backward(dout, cache)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dout, out)


def test_accepts_views():
    """Images and gradients that are not contiguous give the same numbers."""
    x = np.random.default_rng(0).standard_normal((2, 6, 5, 3))
    out, cache = max_pool2d_forward(x, (2, 2), stride=2)
    out_of_view, cache_of_view = max_pool2d_forward(np.asfortranarray(x), (2, 2), stride=2)
    np.testing.assert_array_equal(out_of_view, out)
    want = max_pool2d_backward(out, cache)
    np.testing.assert_array_equal(max_pool2d_backward(np.asfortranarray(out), cache_of_view), want)


def test_empty_batch():
    """No images give no output and an empty gradient."""
    out, cache = max_pool2d_forward(np.zeros((0, 4, 4, 3)), (2, 2), stride=2)
    assert out.shape == (0, 2, 2, 3)
    assert max_pool2d_backward(out, cache).shape == (0, 4, 4, 3)


def test_cache_takes_a_byte_for_each_output():
    """The cache numbers the winners in one byte, and keeps no image."""
    out, cache = max_pool2d_forward(np.zeros((2, 8, 8, 3), np.float32), (4, 4), stride=2)
    assert cache.winner.nbytes == out.size


@pytest.mark.parametrize(
    ("x", "window", "stride", "error", "message"),
    [
        (np.zeros((4, 4, 3)), (2, 2), 2, ShapeError, r"x has shape \(4, 4, 3\), wanted 4 axes"),
        (np.zeros((1, 4, 4, 3), int), (2, 2), 2, ShapeError, "x has dtype int64, wanted floating point"),
        (np.zeros((1, 3, 5, 1)), (4, 4), 2, ShapeError, "a 4x4 window does not fit a 3x5 image"),
        (np.zeros((1, 4, 4, 1)), (2, 2), 0, ConfigError, "stride=0 is not a whole number >= 1"),
        (np.zeros((1, 4, 4, 1)), (2, 0), 1, ConfigError, "window width=0 is not a whole number >= 1"),
    ],
    ids=["rank", "integers", "window too large", "stride", "window empty"],
)
def test_refuses_what_does_not_fit(x, window, stride, error, message):
    """The message names the argument, what came and what was wanted."""
    with pytest.raises(error, match="max_pool2d: " + message):
        max_pool2d_forward(x, window, stride=stride)


def test_backward_refuses_a_gradient_of_another_shape():
    """The message gives both shapes."""
    out, cache = max_pool2d_forward(np.zeros((1, 4, 4, 1)), (2, 2), stride=2)
    with pytest.raises(ShapeError, match=r"dout has shape \(1, 1, 2, 1\), wanted \(1, 2, 2, 1\)"):
        max_pool2d_backward(out[:, :1], cache)
