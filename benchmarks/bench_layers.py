"""How fast the layers are, as ratios measured in the same run: ``python -m benchmarks.bench_layers``.

Each row gives several contenders the same work. They take turns, round after round, so that a busy machine
slows all of them alike; the figure is the median over the rounds of the process's CPU time, on one BLAS
thread. Ratios are comparable between machines, milliseconds are not. A backward pass with "dx" computes the
gradient of its input, one with "no dx" leaves it out, as the first layer of a network may.
"""

import argparse
import os
import statistics
import time

# One thread, set before NumPy loads its BLAS: with two, contention hides everything else.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402

from lib import ops  # noqa: E402
from lib.cnn.layer_utils import ConvLayer2D, MaxPoolingLayer  # noqa: E402

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

# images (N, H, W, C), kernel, filters; padding keeps the size
CONVOLUTIONS = [((10, 32, 32, 3), 3, 16), ((128, 32, 32, 3), 3, 16), ((128, 16, 16, 16), 3, 32)]
# images, window, stride
POOLINGS = [((128, 32, 32, 16), 2, 2), ((128, 32, 32, 16), 4, 2)]
STEP_BATCHES = [10, 128, 512]
CLASSES = 20


def measure(contenders, rounds):
    """Let functions take turns; return the median CPU milliseconds of each."""
    times = {name: [] for name in contenders}
    for function in contenders.values():
        function()
    for _ in range(rounds):
        for name, function in contenders.items():
            start = time.process_time()
            function()
            times[name].append(time.process_time() - start)
    return {name: 1e3 * statistics.median(values) for name, values in times.items()}


def report(what, milliseconds, ours):
    """Print a row: our time, and our time as a share of each rival's."""
    own = milliseconds[ours]
    rivals = [f"{own / value:5.2f} x {name}" for name, value in milliseconds.items() if name != ours]
    print(f"{what:<52}{own:9.2f} ms   {'   '.join(rivals)}")


def channels_first(x):
    """Hand a batch (N, H, W, C) to PyTorch without copying: channels-last in memory, its fastest layout."""
    return torch.tensor(x).permute(0, 3, 1, 2)


def bench_convolution(shape, kernel, filters, rounds):
    """Compare the convolution kernel with the reference layer and with PyTorch."""
    rng = np.random.default_rng(0)
    pad = kernel // 2
    x = rng.standard_normal(shape, np.float32)
    w = rng.standard_normal((kernel, kernel, shape[3], filters), np.float32)
    b = np.zeros(filters, np.float32)
    out, cache = ops.conv2d_forward(x, w, b, pad=pad)
    layer = ConvLayer2D(shape[3], kernel, filters, padding=pad)
    layer.params = {layer.w_name: w, layer.b_name: b}

    def reference_backward():
        layer.meta = x
        layer.backward(out)

    forward = {"ops": lambda: ops.conv2d_forward(x, w, b, pad=pad), "reference": lambda: layer.forward(x)}
    backward = {"ops": lambda: ops.conv2d_backward(out, cache), "reference": reference_backward}
    without = {"ops": lambda: ops.conv2d_backward(out, cache, need_dx=False)}
    if torch:
        tx, td = channels_first(x), channels_first(out)
        tw = torch.tensor(w).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)

        def gradients(*mask):
            arguments = ([filters], [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, mask)
            return torch.ops.aten.convolution_backward(td, tx, tw, *arguments)

        forward["torch"] = lambda: torch.nn.functional.conv2d(tx, tw, torch.tensor(b), 1, pad)
        backward["torch"] = lambda: gradients(True, True, True)
        without["torch"] = lambda: gradients(False, True, True)
    else:
        without["ops with dx"] = backward["ops"]
    what = f"conv {kernel}x{kernel}x{shape[3]}->{filters}, {shape[0]} images {shape[1]}x{shape[2]}"
    report(f"{what}, forward", measure(forward, rounds), "ops")
    report(f"{what}, backward, dx", measure(backward, rounds), "ops")
    report(f"{what}, backward, no dx", measure(without, rounds), "ops")


def bench_pooling(shape, window, stride, rounds):
    """Compare the pooling kernel with the reference layer and with PyTorch."""
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    out, cache = ops.max_pool2d_forward(x, (window, window), stride=stride)
    layer = MaxPoolingLayer(window, stride, "pool")

    def reference_backward():
        layer.meta = x
        layer.backward(out)

    forward = {
        "ops": lambda: ops.max_pool2d_forward(x, (window, window), stride=stride),
        "reference": lambda: layer.forward(x),
    }
    backward = {"ops": lambda: ops.max_pool2d_backward(out, cache), "reference": reference_backward}
    if torch:
        tx, td = channels_first(x), channels_first(out)
        sizes = ([window, window], [stride, stride], [0, 0], [1, 1], False)
        _, winners = torch.ops.aten.max_pool2d_with_indices(tx, *sizes)
        forward["torch"] = lambda: torch.ops.aten.max_pool2d_with_indices(tx, *sizes)
        backward["torch"] = lambda: torch.ops.aten.max_pool2d_with_indices_backward(td, tx, *sizes, winners)
    what = f"pool {window}/{stride}, {shape[0]} images {shape[1]}x{shape[2]}x{shape[3]}"
    report(f"{what}, forward", measure(forward, rounds), "ops")
    report(f"{what}, backward, dx", measure(backward, rounds), "ops")


class Adam:
    """The same update for every NumPy contender."""

    def __init__(self, params):
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
        self.t = 0

    def step(self, params, grads):
        """Update the parameters in place."""
        self.t += 1
        rate = 1e-3 * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        for param, grad, (m, v) in zip(params, grads, self.moments, strict=True):
            m *= 0.9
            m += 0.1 * grad
            v *= 0.999
            v += 0.001 * (grad * grad)
            param -= (rate * m / (np.sqrt(v) + 1e-8)).astype(param.dtype)


def initial_parameters():
    """Make convolution and fully connected weights and biases."""
    rng = np.random.default_rng(0)
    w, fc_w = (
        rng.standard_normal((3, 3, 3, 16), np.float32) * 0.2,
        rng.standard_normal((4096, CLASSES)) * 0.02,
    )
    return [w, np.zeros(16, np.float32), fc_w.astype(np.float32), np.zeros(CLASSES, np.float32)]


def numpy_step(x, y, *, need_dx=True, reference=False):
    """Return a function that does one training step: conv, gelu, pool, fully connected, loss, Adam."""
    params = initial_parameters()
    adam = Adam(params)
    conv, pool = ConvLayer2D(3, 3, 16, padding=1), MaxPoolingLayer(2, 2, "pool")
    conv.params = {conv.w_name: params[0], conv.b_name: params[1]}

    def step():
        if reference:
            h = conv.forward(x)
        else:
            h, conv_cache = ops.conv2d_forward(x, *params[:2], pad=1)
        a, gelu_cache = ops.gelu_forward(h)
        if reference:
            p = pool.forward(a)
        else:
            p, pool_cache = ops.max_pool2d_forward(a, (2, 2), stride=2)
        scores, dense_cache = ops.dense_forward(p.reshape(len(x), -1), *params[2:])
        loss, loss_cache = ops.softmax_cross_entropy_forward(scores, y)
        dscores = ops.softmax_cross_entropy_backward(1.0, loss_cache)
        dflat, dfc_w, dfc_b = ops.dense_backward(dscores, dense_cache)
        dp = dflat.reshape(p.shape)
        da = pool.backward(dp) if reference else ops.max_pool2d_backward(dp, pool_cache)
        dh = ops.gelu_backward(da, gelu_cache)
        if reference:
            conv.backward(dh)
            dw, db = conv.grads[conv.w_name], conv.grads[conv.b_name]
        else:
            _, dw, db = ops.conv2d_backward(dh, conv_cache, need_dx=need_dx)
        adam.step(params, [dw, db, dfc_w, dfc_b])
        return loss

    return step


def torch_step(x, y):
    """Return the same step in eager PyTorch, channels last; it computes no dx."""
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.GELU(approximate="tanh"), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(4096, CLASSES),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    images, labels = channels_first(x), torch.tensor(y)

    def step():
        adam.zero_grad()
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        adam.step()
        return float(loss.detach())

    return step


def bench_step(n, rounds):
    """Compare whole training steps; the rivals of each row compute dx as the row says."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, 32, 32, 3), np.float32), rng.integers(0, CLASSES, n)
    with_dx = {"ops": numpy_step(x, y), "reference": numpy_step(x, y, reference=True)}
    report(f"training step, {n} images, dx", measure(with_dx, rounds), "ops")
    without = {"ops": numpy_step(x, y, need_dx=False)}
    if torch:
        without["torch"] = torch_step(x, y)
    else:
        without["reference with dx"] = with_dx["reference"]
    times = measure(without, rounds)
    report(f"training step, {n} images, no dx", times, "ops")
    print(f"{'':<52}{n / times['ops'] * 1e3:9.0f} images per second")


def main():
    """Run all rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=9, help="rounds per row; the median is taken (default 9)"
    )
    rounds = parser.parse_args().rounds
    rival = f"PyTorch {torch.__version__}" if torch else "no PyTorch here: rivals are the reference layers"
    print(f"NumPy {np.__version__}, {rival}; float32, one thread, CPU time, median of {rounds} rounds.")
    print("'0.50 x torch' is half of torch's time: below 1 is faster than the rival.")
    print("reference: the answers in lib/cnn/layer_utils.py, which loop over the kernel's pixels.\n")
    for shape, kernel, filters in CONVOLUTIONS:
        bench_convolution(shape, kernel, filters, rounds)
    for shape, window, stride in POOLINGS:
        bench_pooling(shape, window, stride, rounds)
    for n in STEP_BATCHES:
        bench_step(n, rounds)


if __name__ == "__main__":
    main()
