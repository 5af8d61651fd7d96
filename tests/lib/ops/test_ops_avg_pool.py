"""The average pooling kernel: values and gradients against the definition, dtypes, bad input."""

import numpy as np
import pytest

from lib.errors import ConfigError, ShapeError
from lib.ops import avg_pool2d_backward, avg_pool2d_forward

# x (N, H, W, C), window (KH, KW), stride
SHAPES = [
    ((2, 4, 4, 3), (2, 2), 2),
    ((2, 8, 8, 2), (4, 4), 2),
    ((2, 7, 9, 2), (2, 2), 2),
    ((2, 9, 8, 2), (2, 2), 3),
    ((2, 6, 7, 2), (2, 3), 1),
    ((2, 6, 7, 1), (3, 1), 2),
    ((1, 4, 5, 2), (4, 5), 1),
    ((0, 4, 4, 2), (2, 2), 2),
]


def by_definition(x, window, stride):
    """Take the mean window by window."""
    KH, KW = window
    OH, OW = 1 + (x.shape[1] - KH) // stride, 1 + (x.shape[2] - KW) // stride
    out = np.zeros((len(x), OH, OW, x.shape[3]))
    for i in range(OH):
        for j in range(OW):
            rows, columns = slice(i * stride, i * stride + KH), slice(j * stride, j * stride + KW)
            out[:, i, j] = x[:, rows, columns].mean(axis=(1, 2))
    return out


@pytest.mark.parametrize(("shape", "window", "stride"), SHAPES)
def test_both_passes_match_the_definition(shape, window, stride):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    out, cache = avg_pool2d_forward(x, window, stride=stride)
    np.testing.assert_allclose(out, by_definition(x, window, stride), atol=1e-12)
    # forward is linear, so <dout, forward(v)> = <backward(dout), v> for every v
    dout, v = rng.standard_normal(out.shape), rng.standard_normal(shape)
    dx = avg_pool2d_backward(dout, cache)
    assert dx.shape == x.shape
    np.testing.assert_allclose((dout * by_definition(v, window, stride)).sum(), (dx * v).sum(), atol=1e-12)
    unit = np.zeros(shape)
    for index in list(np.ndindex(shape))[:40]:
        unit[index] = 1
        np.testing.assert_allclose(dx[index], (dout * by_definition(unit, window, stride)).sum(), atol=1e-12)
        unit[index] = 0


def test_single_precision_stays_single():
    out, cache = avg_pool2d_forward(np.ones((2, 4, 4, 3), np.float32), (3, 3), stride=1)
    assert out.dtype == np.float32
    assert avg_pool2d_backward(np.ones(out.shape), cache).dtype == np.float32


def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).standard_normal((2, 7, 9, 3))
    out, cache = avg_pool2d_forward(x, (3, 2), stride=2)
    t = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    wanted = torch.nn.functional.avg_pool2d(t, (3, 2), stride=2)
    wanted.sum().backward()
    np.testing.assert_allclose(out, wanted.detach().numpy().transpose(0, 2, 3, 1))
    dx = avg_pool2d_backward(np.ones_like(out), cache)
    np.testing.assert_allclose(dx, t.grad.numpy().transpose(0, 2, 3, 1))


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match="avg_pool2d: a 5x5 window does not fit a 4x4 image"):
        avg_pool2d_forward(np.zeros((1, 4, 4, 1)), (5, 5), stride=1)
    with pytest.raises(ConfigError, match="stride=0"):
        avg_pool2d_forward(np.zeros((1, 4, 4, 1)), (2, 2), stride=0)
    _, cache = avg_pool2d_forward(np.zeros((1, 4, 4, 1)), (2, 2), stride=2)
    with pytest.raises(ShapeError, match="dout has shape"):
        avg_pool2d_backward(np.zeros((1, 3, 3, 1)), cache)
