"""Every kernel against PyTorch, both passes, over the shapes of its own tests, in both precisions."""

import numpy as np
import pytest

from lib import ops
from tests.lib.ops.loop_oracle import distinct, relative_error
from tests.lib.ops.test_ops_avg_pool import SHAPES as AVERAGES
from tests.lib.ops.test_ops_pool import SHAPES as MAXIMA

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.parametrize("dtype", [np.float32, np.float64])]

#: x, the axis of its channels
NORMS = [((7, 6), -1), ((3, 4, 5, 6), -1), ((3, 6, 4, 5), 1), ((2, 2, 1, 3), 1)]


def compare(ours, theirs, arrays, dtype, factor=100):
    """Hold both passes of a kernel against those of PyTorch; all arrays are inputs with a gradient."""
    out, backward = ours(*arrays)
    tensors = [torch.tensor(value, requires_grad=True) for value in arrays]
    wanted = theirs(*tensors)
    dout = np.random.default_rng(3).standard_normal(out.shape).astype(dtype)
    wanted.backward(torch.tensor(dout))
    tolerance = factor * np.finfo(dtype).eps
    found = backward(dout)
    assert out.dtype == dtype
    assert relative_error(out, wanted.detach().numpy()) < tolerance
    for got, tensor in zip(found if isinstance(found, tuple) else (found,), tensors, strict=True):
        assert got.dtype == dtype
        assert relative_error(got, tensor.grad.numpy()) < tolerance


def kernel(name, *settings, **named):
    """Return a function that runs a kernel forward and returns its output and its way back."""
    forward, backward = getattr(ops, f"{name}_forward"), getattr(ops, f"{name}_backward")

    def run(*arrays):
        out, cache = forward(*arrays, *settings, **named)
        return out, lambda dout: backward(dout, cache)

    return run


def last(function):
    """Let a function of PyTorch, channels first, work on channels last."""
    return lambda t, *others: function(t.permute(0, 3, 1, 2), *others).permute(0, 2, 3, 1)


@pytest.mark.parametrize(("shape", "window", "stride"), MAXIMA)
def test_max_pooling(shape, window, stride, dtype):
    x = distinct(np.random.default_rng(0), shape, dtype)
    theirs = last(lambda t: torch.nn.functional.max_pool2d(t, window, stride))
    compare(kernel("max_pool2d", window, stride=stride), theirs, [x], dtype)


@pytest.mark.parametrize(("shape", "window", "stride"), [s for s in AVERAGES if s[0][0]])
def test_average_pooling(shape, window, stride, dtype):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    theirs = last(lambda t: torch.nn.functional.avg_pool2d(t, window, stride))
    compare(kernel("avg_pool2d", window, stride=stride), theirs, [x], dtype)


@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("relu", lambda t: torch.nn.functional.relu(t)),
        ("leaky_relu", lambda t: torch.nn.functional.leaky_relu(t)),
        ("gelu", lambda t: torch.nn.functional.gelu(t, approximate="tanh")),
    ],
)
def test_activations(name, theirs, shape, dtype):
    x = (4 * np.random.default_rng(0).standard_normal(shape)).astype(dtype)
    compare(kernel(name), theirs, [x], dtype)


@pytest.mark.parametrize("sizes", [(4, 5, 3), (1, 7, 1), (6, 1, 2)])
def test_dense(sizes, dtype):
    rows, features, units = sizes
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s).astype(dtype) for s in ((rows, features), (features, units), (units,))]
    compare(kernel("dense"), lambda x, w, b: x @ w + b, arrays, dtype)


@pytest.mark.parametrize(("shape", "axis"), NORMS)
def test_batch_norm(shape, axis, dtype):
    def theirs(t, g, b):
        moved = torch.movedim(t, axis, 1)
        return torch.movedim(torch.nn.functional.batch_norm(moved, None, None, g, b, training=True), 1, axis)

    compare(
        kernel("batch_norm", channel_axis=axis), theirs, with_scales(shape, shape[axis], dtype), dtype, 2000
    )


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("shape", "axis"), NORMS[1:])
def test_group_norm(shape, axis, groups, dtype):
    def theirs(t, g, b):
        moved = torch.movedim(t, axis, 1)
        return torch.movedim(torch.nn.functional.group_norm(moved, groups, g, b), 1, axis)

    ours = kernel("group_norm", groups, channel_axis=axis)
    compare(ours, theirs, with_scales(shape, shape[axis], dtype), dtype, 2000)


@pytest.mark.parametrize("shape", [(3, 5), (2, 4, 5), (3, 4, 2, 3)])
def test_layer_norm(shape, dtype):
    def theirs(t, g, b):
        return torch.nn.functional.layer_norm(t, shape[1:], g, b)

    compare(kernel("layer_norm"), theirs, with_scales(shape, shape[1:], dtype), dtype, 2000)


def with_scales(shape, scales, dtype):
    """Draw an input with a mean other than 0, and gamma and beta."""
    rng = np.random.default_rng(5)
    x = (3 * rng.standard_normal(shape) + 2).astype(dtype)
    return [x, rng.standard_normal(scales).astype(dtype), rng.standard_normal(scales).astype(dtype)]
