"""The normalization kernels: values, gradients, layouts, dtypes, PyTorch, refusal of bad input."""

import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.ops import (
    batch_norm_backward,
    batch_norm_forward,
    group_norm_backward,
    group_norm_forward,
    layer_norm_backward,
    layer_norm_forward,
)
from tests.lib.ops.loop_oracle import numeric_gradient, relative_error

SHAPES = [((7, 5), -1), ((3, 4, 5, 6), -1), ((3, 6, 4, 5), 1), ((2, 2, 1, 3), 1)]


def drawn(shape, channels, dtype=np.float64):
    rng = np.random.default_rng(5)
    x = (5 * rng.standard_normal(shape) + 12).astype(dtype)
    return x, rng.standard_normal(channels).astype(dtype), rng.standard_normal(channels).astype(dtype)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_batch_norm_gradients_are_the_measured_ones(shape, axis):
    x, gamma, beta = drawn(shape, shape[axis])
    out, cache = batch_norm_forward(x, gamma, beta, channel_axis=axis)
    dout = np.random.default_rng(6).standard_normal(shape)
    found = batch_norm_backward(dout, cache)
    for array, got in zip((x, gamma, beta), found, strict=True):
        want = numeric_gradient(
            lambda _: batch_norm_forward(x, gamma, beta, channel_axis=axis)[0], array, dout
        )
        assert relative_error(got, want) < 1e-6
    others = tuple(a for a in range(x.ndim) if a != axis % x.ndim)
    np.testing.assert_allclose(out.mean(axis=others), beta, atol=1e-12)
    np.testing.assert_allclose(cache.mean, x.mean(axis=others))
    np.testing.assert_allclose(cache.var, x.var(axis=others))


@pytest.mark.parametrize(("shape", "axis"), SHAPES[1:])
def test_group_norm_gradients_are_the_measured_ones(shape, axis):
    channels = shape[axis]
    x, gamma, beta = drawn(shape, channels)
    dout = np.random.default_rng(6).standard_normal(shape)
    for groups in (1, 2, channels):
        _, cache = group_norm_forward(x, gamma, beta, groups, channel_axis=axis)
        found = group_norm_backward(dout, cache)
        for array, got in zip((x, gamma, beta), found, strict=True):
            want = numeric_gradient(
                lambda _, groups=groups: group_norm_forward(x, gamma, beta, groups, channel_axis=axis)[0],
                array,
                dout,
            )
            assert relative_error(got, want) < 1e-6


def test_layer_norm_gradients_are_the_measured_ones():
    x, _, _ = drawn((3, 2, 4), 1)
    rng = np.random.default_rng(7)
    gamma, beta, dout = rng.standard_normal((2, 4)), rng.standard_normal((2, 4)), rng.standard_normal(x.shape)
    found = layer_norm_backward(dout, layer_norm_forward(x, gamma, beta)[1])
    for array, got in zip((x, gamma, beta), found, strict=True):
        want = numeric_gradient(lambda _: layer_norm_forward(x, gamma, beta)[0], array, dout)
        assert relative_error(got, want) < 1e-6


def test_given_statistics_make_an_affine_map():
    """At test time each image is by itself, and its gradient too."""
    x, gamma, beta = drawn((4, 3, 3, 2), 2)
    mean, var = np.array([10.0, 14.0]), np.array([4.0, 9.0])
    out, cache = batch_norm_forward(x, gamma, beta, eps=0.0, mean=mean, var=var)
    np.testing.assert_allclose(out, gamma * (x - mean) / np.sqrt(var) + beta)
    np.testing.assert_allclose(
        batch_norm_forward(x[:1], gamma, beta, eps=0.0, mean=mean, var=var)[0], out[:1]
    )
    dx, _, _ = batch_norm_backward(np.ones_like(x), cache)
    np.testing.assert_allclose(dx, np.broadcast_to(gamma / np.sqrt(var), x.shape))


@pytest.mark.parametrize("axis", [1, -1])
def test_single_precision_stays_single(axis):
    x, gamma, beta = drawn((4, 4, 4, 4), 4, np.float32)
    for out, cache, backward in (
        (*batch_norm_forward(x, gamma, beta, channel_axis=axis), batch_norm_backward),
        (*group_norm_forward(x, gamma, beta, 2, channel_axis=axis), group_norm_backward),
    ):
        assert out.dtype == np.float32
        assert all(g.dtype == np.float32 for g in backward(np.ones_like(x), cache))


def test_all_that_comes_out_has_the_precision_of_x():
    """Whatever the precision of the others, and also with given statistics."""
    x, gamma, beta = drawn((3, 2, 2, 4), 4)
    dout = np.ones_like(x)
    single = x.astype(np.float32)
    layer = np.ones(x.shape[1:])
    for (out, cache), backward in (
        (batch_norm_forward(single, gamma, beta), batch_norm_backward),
        (batch_norm_forward(single, gamma, beta, mean=beta, var=np.ones(4)), batch_norm_backward),
        (group_norm_forward(single, gamma, beta, 2), group_norm_backward),
        (layer_norm_forward(single, layer, layer), layer_norm_backward),
    ):
        assert {out.dtype, *(g.dtype for g in backward(dout, cache))} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("shape", "axis"), [((50, 32, 32, 4), -1), ((50, 4, 32, 32), 1)])
def test_single_precision_loses_few_digits_on_many_pixels(shape, axis):
    """Added up one after the other, 51200 numbers around 120 would lose two more."""
    rng = np.random.default_rng(0)
    x = (120 + 5 * rng.standard_normal(shape)).astype(np.float32)
    gamma, dout = np.ones(4, np.float32), rng.standard_normal(shape).astype(np.float32)
    out, cache = batch_norm_forward(x, gamma, gamma, channel_axis=axis)
    exact, exact_cache = batch_norm_forward(x.astype(float), *2 * [np.ones(4)], channel_axis=axis)
    assert np.abs(out - exact).max() < 3e-5
    found, wanted = (
        batch_norm_backward(dout, cache),
        batch_norm_backward(dout.astype(float), exact_cache),
    )
    assert all(relative_error(f, w) < 3e-5 for f, w in zip(found, wanted, strict=True))


def test_an_empty_batch_stays_empty():
    out, cache = batch_norm_forward(np.zeros((0, 2, 2, 3)), np.ones(3), np.ones(3))
    dx, dgamma, dbeta = batch_norm_backward(out, cache)
    assert out.shape == dx.shape == (0, 2, 2, 3)
    assert not dgamma.any()
    assert not dbeta.any()


def test_layer_norm_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(9)
    arrays = [rng.standard_normal(shape) for shape in ((3, 4, 5), (4, 5), (4, 5))]
    out, cache = layer_norm_forward(*arrays)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    wanted = torch.nn.functional.layer_norm(tensors[0], (4, 5), *tensors[1:])
    dout = rng.standard_normal(out.shape)
    wanted.backward(torch.tensor(dout))
    np.testing.assert_allclose(out, wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
    for got, tensor in zip(layer_norm_backward(dout, cache), tensors, strict=True):
        np.testing.assert_allclose(got, tensor.grad.numpy(), rtol=1e-8, atol=1e-10)


def test_inputs_are_left_alone():
    x, gamma, beta = drawn((3, 6, 4, 5), 6)
    before = [a.copy() for a in (x, gamma, beta)]
    dout = np.ones_like(x)
    for forward, backward in (
        (lambda: batch_norm_forward(x, gamma, beta, channel_axis=1), batch_norm_backward),
        (lambda: group_norm_forward(x, gamma, beta, 3, channel_axis=1), group_norm_backward),
    ):
        backward(dout, forward()[1])
    assert all(np.array_equal(a, b) for a, b in zip((x, gamma, beta), before, strict=True))
    assert (dout == 1).all()


def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    x, gamma, beta = drawn((3, 6, 4, 5), 6)
    dout = np.random.default_rng(8).standard_normal(x.shape)
    for ours, theirs in (
        (
            (lambda: batch_norm_forward(x, gamma, beta, channel_axis=1), batch_norm_backward),
            lambda t, g, b: torch.nn.functional.batch_norm(t, None, None, g, b, training=True),
        ),
        (
            (lambda: group_norm_forward(x, gamma, beta, 3, channel_axis=1), group_norm_backward),
            lambda t, g, b: torch.nn.functional.group_norm(t, 3, g, b),
        ),
    ):
        out, cache = ours[0]()
        tensors = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
        wanted = theirs(*tensors)
        wanted.backward(torch.tensor(dout))
        np.testing.assert_allclose(out, wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
        for got, tensor in zip(ours[1](dout, cache), tensors, strict=True):
            np.testing.assert_allclose(got, tensor.grad.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda x, g: batch_norm_forward(x.astype(int), g, g), ShapeError, "x has dtype int64"),
        (lambda x, g: batch_norm_forward(x, g[:1], g), ShapeError, r"gamma has shape \(1,\), wanted \(4,\)"),
        (lambda x, g: batch_norm_forward(x, g, g, eps=-1), ConfigError, "eps=-1 is not a number >= 0"),
        (lambda x, g: batch_norm_forward(x, g, g, eps=True), ConfigError, "eps=True is not a number"),
        (lambda x, g: batch_norm_forward(x, g, g, var=g), ConfigError, "only var is given"),
        (lambda x, g: batch_norm_forward(x, g, g, channel_axis=0), ShapeError, "wanted the batch first"),
        (lambda x, g: batch_norm_forward(x, g, g, channel_axis=1.0), ConfigError, "channel_axis=1.0"),
        (lambda x, g: layer_norm_forward(g, g, g), ShapeError, "wanted the batch first and features after"),
        (
            lambda x, g: group_norm_forward(x, g, g, 3),
            ConfigError,
            "4 channels cannot be divided into groups=3",
        ),
        (lambda x, g: group_norm_forward(x, g, g, 0), ConfigError, "groups=0"),
        (lambda x, g: layer_norm_forward(x, g, g), ShapeError, "the shape of one sample"),
        (
            lambda x, g: batch_norm_backward(x[:1], batch_norm_forward(x, g, g)[1]),
            ShapeError,
            "dout has shape",
        ),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call(np.zeros((2, 3, 3, 4)), np.ones(4))
