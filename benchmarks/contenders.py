"""The same work for each contender: a training step of a small network, and of the functional course's network.

The small network is convolution 3x3 (3 to 16 channels), gelu, 2x2 max pooling, fully connected, cross entropy,
Adam; its images are 32x32 if nothing else is said. No contender checks the other's numbers here: the tests do.
"""

import numpy as np

from benchmarks.timing import torch
from lib import ops
from lib.cnn.layer_utils import ConvLayer2D, MaxPoolingLayer
from lib.convnet.classifiers.cnn import ThreeLayerConvNet
from lib.mlp.sequential import sequential
from lib.optim import Adam
from lib.update_rules import adam

CLASSES = 20
FILTERS = 16


def channels_first(x):
    """Hand a batch (N, H, W, C) to PyTorch without copying: channels last in memory, its fastest layout."""
    return torch.tensor(x).permute(0, 3, 1, 2)


def batch(n, dtype=np.float32, side=32):
    """Draw images (n, side, side, 3) and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, side, side, 3)).astype(dtype), rng.integers(0, CLASSES, n)


def initial_parameters(dtype, side=32):
    """Draw the weights and biases of the small network."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((3, 3, 3, FILTERS)) * 0.2
    fc_w = rng.standard_normal((side * side // 4 * FILTERS, CLASSES)) * 0.02
    return [p.astype(dtype) for p in (w, np.zeros(FILTERS), fc_w, np.zeros(CLASSES))]


class _Parameters:
    """What an optimizer of ``lib.optim`` needs to know of the small network."""

    def __init__(self, values):
        self.params = dict(zip(("w", "b", "fc_w", "fc_b"), values, strict=True))
        self.grads = dict.fromkeys(self.params)
        self.name = "all"


def numpy_step(x, y, *, need_dx=False):
    """Return a function that makes a step with the kernels of ``lib.ops``."""
    layer = _Parameters(initial_parameters(x.dtype, x.shape[1]))
    net = sequential()
    net.layers = [layer]
    optimizer = Adam(net)

    def step():
        w, b, fc_w, fc_b = layer.params.values()
        h, conv_cache = ops.conv2d_forward(x, w, b, pad=1)
        a, gelu_cache = ops.gelu_forward(h)
        p, pool_cache = ops.max_pool2d_forward(a, (2, 2), stride=2)
        del h, a  # a network's layers hold what they need and no more
        scores, dense_cache = ops.dense_forward(p.reshape(len(x), -1), fc_w, fc_b)
        loss, loss_cache = ops.softmax_cross_entropy_forward(scores, y)
        dscores = ops.softmax_cross_entropy_backward(1.0, loss_cache)
        dflat, dfc_w, dfc_b = ops.dense_backward(dscores, dense_cache)
        da = ops.max_pool2d_backward(dflat.reshape(p.shape), pool_cache)
        dh = ops.gelu_backward(da, gelu_cache)
        del da
        _, dw, db = ops.conv2d_backward(dh, conv_cache, need_dx=need_dx)
        layer.grads = {"w": dw, "b": db, "fc_w": dfc_w, "fc_b": dfc_b}
        optimizer.step()
        return loss

    return step


def reference_step(x, y):
    """Return the same step with the answers that students write: ``lib.cnn.layer_utils``, ``lib.mlp.layer_utils``."""
    from lib.mlp.layer_utils import cross_entropy, fc, flatten, gelu

    net = sequential(
        ConvLayer2D(3, 3, FILTERS, padding=1, name="conv"),
        gelu(),
        MaxPoolingLayer(2, 2, "pool"),
        flatten(),
        fc(x.shape[1] ** 2 // 4 * FILTERS, CLASSES, name="fc"),
    )
    net.astype(x.dtype)
    loss_function, optimizer = cross_entropy(), Adam(net)

    def step():
        value = x
        for layer in net.layers:
            value = layer.forward(value)
        loss = loss_function.forward(value, y)
        slope = loss_function.backward()
        for layer in reversed(net.layers):
            slope = layer.backward(slope)
        optimizer.step()
        return loss

    return step


def torch_step(x, y, *, channels_last=True, need_dx=False):
    """Return the same step in eager PyTorch."""
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(3, FILTERS, 3, padding=1), nn.GELU(approximate="tanh"), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(x.shape[1] ** 2 // 4 * FILTERS, CLASSES),
    ).to(torch.from_numpy(x).dtype)  # fmt: skip
    images, labels = channels_first(x), torch.tensor(y)
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
    else:
        images = images.contiguous()
    images.requires_grad_(need_dx)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        images.grad = None
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def numpy_three_layers(n, dtype):
    """Return a step of ``ThreeLayerConvNet``: 7x7, 32 filters, 100 hidden units; update rule Adam."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, 3, 32, 32)).astype(dtype), rng.integers(0, 10, n)
    net = ThreeLayerConvNet(dtype=dtype, weight_scale=1e-2)
    configs = {name: {"learning_rate": 1e-3} for name in net.params}

    def step():
        loss, grads = net.loss(x, y)
        for name in net.params:
            net.params[name], configs[name] = adam(net.params[name], grads[name], configs[name])
        return loss

    return step


def torch_three_layers(n, dtype, *, channels_last):
    """Return the same step in eager PyTorch."""
    nn = torch.nn
    rng = np.random.default_rng(0)
    images = torch.tensor(rng.standard_normal((n, 3, 32, 32)).astype(dtype))
    labels = torch.tensor(rng.integers(0, 10, n))
    net = nn.Sequential(
        nn.Conv2d(3, 32, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8192, 100), nn.ReLU(), nn.Linear(100, 10),
    ).to(images.dtype)  # fmt: skip
    if channels_last:
        net, images = (
            net.to(memory_format=torch.channels_last),
            images.contiguous(memory_format=torch.channels_last),
        )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step
