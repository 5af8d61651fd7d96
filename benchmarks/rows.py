"""The rows of the table: what is measured, against whom, and how far it is meant to get.

A row is a dictionary: ``what`` it is, its ``contenders`` (name to function, the first is ours), the ``rival``, the
``target`` (ours may take that share of the rival's time), and what bounds it: ``flops`` and ``bytes`` that have to
be computed and moved, and, as a contender called ``FLOOR``, the calls of NumPy that the work cannot do without.
"""

import numpy as np

from benchmarks import contenders as teams
from benchmarks import textbook
from benchmarks.timing import torch
from lib import ops
from lib.convnet import fast_layers
from lib.grad_check import eval_numerical_gradient_array, eval_numerical_gradient_samples

FLOOR = "NumPy's calls alone"
STEP = "training step"


def drawn(*shape, dtype=np.float32):
    """Draw normal numbers."""
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def step_floor(n, dtype, need_dx):
    """Make what a step cannot do without: its matrix products, one exponential, one pass for each result."""
    side, places = 32, n * 32 * 32
    planes, d, out = (
        drawn(28, places, dtype=dtype),
        drawn(places, 16, dtype=dtype),
        drawn(places, 16, dtype=dtype),
    )
    w, features, fc_w = drawn(28, 16, dtype=dtype), drawn(n, 4096, dtype=dtype), drawn(4096, 20, dtype=dtype)
    scores, piece = drawn(n, 20, dtype=dtype), drawn(1 << 15, dtype=dtype)
    result = np.empty_like(piece)

    def floor():
        np.matmul(planes.T, w, out=out)
        np.matmul(planes, d)
        if need_dx:
            np.matmul(w, d.T)
        np.matmul(features, fc_w)
        np.matmul(features.T, scores)
        np.matmul(scores, fc_w.T)
        for _ in range(places * 16 // piece.size):
            np.exp(piece, out=result)
        for _ in range(4):  # gelu, pooling, and both ways back
            np.copyto(out, d)

    flops = 2 * places * 27 * 16 * (3 if need_dx else 2) + 6 * n * 4096 * 20
    moved = np.dtype(dtype).itemsize * (places * 16 * 8 + side * side * n * 3 * 2)
    return floor, flops, moved


def step_rows(dtype, batches, *, need_dx, target, loops=()):
    """Whole training steps, with or without the gradient of the images."""
    for n in batches:
        x, y = teams.batch(n, dtype)
        floor, flops, moved = step_floor(n, dtype, need_dx)
        contenders = {"lib": teams.numpy_step(x, y, need_dx=need_dx)}
        if torch:
            contenders["torch"] = teams.torch_step(x, y, need_dx=need_dx)
            contenders["torch, channels first"] = teams.torch_step(x, y, channels_last=False, need_dx=need_dx)
        if need_dx and n == 128:
            contenders["reference answers"] = teams.reference_step(x, y)
        contenders[FLOOR] = floor
        what = f"{STEP}, {n} images, {'with' if need_dx else 'no'} image gradient"
        yield {
            "what": what, "dtype": dtype, "contenders": contenders, "rival": "torch", "images": n,
            "target": target[n] if isinstance(target, dict) else target, "flops": flops, "bytes": moved,
        }  # fmt: skip
        if n in loops:
            params = teams.initial_parameters(dtype)
            yield {
                "what": f"{STEP}, {n} images, against loops", "dtype": dtype, "rival": "loops",
                "target": 1 / 25 if n == 10 else None, "seconds": 12,
                "contenders": {
                    "lib": teams.numpy_step(x, y), "loops": textbook.LoopStep(x, y, params),
                },
            }  # fmt: skip


def three_layer_rows(dtype, target):
    """A step of the functional course's network."""
    contenders = {"lib": teams.numpy_three_layers(50, dtype)}
    if torch:
        contenders["torch"] = teams.torch_three_layers(50, dtype, channels_last=False)
        contenders["torch, channels last"] = teams.torch_three_layers(50, dtype, channels_last=True)
    places = 50 * 1024
    planes, d, w = (
        drawn(148, places, dtype=dtype),
        drawn(places, 32, dtype=dtype),
        drawn(148, 32, dtype=dtype),
    )
    flat, w2, hidden = (drawn(*s, dtype=dtype) for s in ((50, 8192), (8192, 100), (50, 100)))

    def floor():
        np.matmul(planes.T, w)
        np.matmul(planes, d)
        np.matmul(flat, w2)
        np.matmul(flat.T, hidden)
        np.matmul(hidden, w2.T)

    contenders[FLOOR] = floor
    yield {
        "what": "ThreeLayerConvNet step, 50 images, 7x7, 32 filters", "dtype": dtype, "contenders": contenders,
        "rival": "torch", "target": target, "images": 50,
        "flops": 2 * places * 147 * 32 * 2 + 6 * 50 * 8192 * 100,
        "bytes": np.dtype(dtype).itemsize * (places * 32 * 8 + 8192 * 100 * 8),
    }  # fmt: skip


def convolution_rows(shape, filters, dtype, targets):
    """One convolution 3x3: forward, backward without and with the gradient of the images."""
    n, side, _, channels = shape
    x, w, b = (
        drawn(*shape, dtype=dtype),
        drawn(3, 3, channels, filters, dtype=dtype),
        drawn(filters, dtype=dtype),
    )
    out, cache = ops.conv2d_forward(x, w, b, pad=1)
    places, inner = n * side * side, 9 * channels
    rows, matrix = drawn(places, inner, dtype=dtype), w.reshape(inner, filters)
    d, target = out.reshape(places, filters), np.empty((places, filters), dtype)
    work = {
        "forward": (
            lambda: ops.conv2d_forward(x, w, b, pad=1), lambda: np.matmul(rows, matrix, out=target), 1,
        ),
        "backward, no image gradient": (
            lambda: ops.conv2d_backward(out, cache, need_dx=False), lambda: np.matmul(rows.T, d), 1,
        ),
        "backward": (
            lambda: ops.conv2d_backward(out, cache),
            lambda: (np.matmul(rows.T, d), np.matmul(d, matrix.T)), 2,
        ),
    }  # fmt: skip
    rivals = {}
    if torch:
        tx, td = teams.channels_first(x), teams.channels_first(out)
        tw, tb = (
            torch.tensor(w).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last),
            torch.tensor(b),
        )

        def gradients(*mask):
            arguments = ([filters], [1, 1], [1, 1], [1, 1], False, [0, 0], 1, mask)
            return torch.ops.aten.convolution_backward(td, tx, tw, *arguments)

        rivals = {
            "forward": lambda: torch.nn.functional.conv2d(tx, tw, tb, 1, 1),
            "backward, no image gradient": lambda: gradients(False, True, True),
            "backward": lambda: gradients(True, True, True),
        }
    for way, (ours, floor, products) in work.items():
        rival = {"torch": rivals[way]} if rivals else {}
        yield {
            "what": f"conv 3x3, {channels}->{filters}, {n} images {side}x{side}, {way}", "dtype": dtype,
            "contenders": {"lib": ours, **rival, FLOOR: floor}, "rival": "torch", "target": targets.get(way),
            "flops": 2 * places * inner * filters * products, "bytes": (x.nbytes + out.nbytes) * products,
        }  # fmt: skip


def pooling_rows(n, window, stride, dtype, targets):
    """Max pooling of (n, 32, 32, 16), forward and backward."""
    x = drawn(n, 32, 32, 16, dtype=dtype)
    out, cache = ops.max_pool2d_forward(x, (window, window), stride=stride)
    forward = {"lib": lambda: ops.max_pool2d_forward(x, (window, window), stride=stride)}
    backward = {"lib": lambda: ops.max_pool2d_backward(out, cache)}
    if torch:
        tx, td = teams.channels_first(x), teams.channels_first(out)
        sizes = ([window, window], [stride, stride], [0, 0], [1, 1], False)
        _, winners = torch.ops.aten.max_pool2d_with_indices(tx, *sizes)
        forward["torch"] = lambda: torch.ops.aten.max_pool2d_with_indices(tx, *sizes)
        backward["torch"] = lambda: torch.ops.aten.max_pool2d_with_indices_backward(td, tx, *sizes, winners)
    few = max(1, n // (x.nbytes // (512 * 1024) or 1))
    position = np.random.default_rng(0).permutation(x[:few].size)[: out[:few].size]
    position.sort()
    flat, slopes, numbers = np.zeros(x[:few].size, dtype), out[:few].ravel(), cache.winner[:few]
    offsets = np.arange(window * window)

    def floor():
        for _ in range(n // few):
            offsets.take(numbers)
            if window > stride:
                np.add.at(flat, position, slopes)
            else:
                flat[position] = slopes
            flat.fill(0)

    backward[FLOOR] = floor
    for way, contenders in (("forward", forward), ("backward", backward)):
        yield {
            "what": f"max pool {window}/{stride}, {n} images 32x32x16, {way}", "dtype": dtype,
            "contenders": contenders, "rival": "torch", "target": targets.get(way), "flops": 0,
            "bytes": x.nbytes + out.nbytes,
        }  # fmt: skip


def norm_rows(kind, dtype, target):
    """Group and batch normalization of (100, 32, 16, 16), forward and backward."""
    x, gamma, beta = drawn(100, 32, 16, 16, dtype=dtype), drawn(32, dtype=dtype), drawn(32, dtype=dtype)
    if kind == "group":
        forward, backward = (
            lambda: ops.group_norm_forward(x, gamma, beta, 4, channel_axis=1),
            ops.group_norm_backward,
        )
    else:
        forward, backward = (
            lambda: ops.batch_norm_forward(x, gamma, beta, channel_axis=1),
            ops.batch_norm_backward,
        )
    _, cache = forward()
    contenders = [{"lib": forward}, {"lib": lambda: backward(x, cache)}]
    if torch:
        leaves = [torch.tensor(value) for value in (x, gamma, beta)]

        def t_forward(t, g, b):
            if kind == "group":
                return torch.nn.functional.group_norm(t, 4, g, b)
            return torch.nn.functional.batch_norm(t, None, None, g, b, True)

        needing = [leaf.clone().requires_grad_() for leaf in leaves]
        result, slopes = t_forward(*needing), leaves[0]
        contenders[0]["torch"] = lambda: t_forward(*leaves)
        contenders[1]["torch"] = lambda: torch.autograd.grad(result, needing, slopes, retain_graph=True)
    out, column = np.empty_like(x), drawn(100, 32, 1, 1, dtype=dtype)

    def passes(count):
        for _ in range(count):
            np.multiply(x, column, out=out)

    contenders[0][FLOOR], contenders[1][FLOOR] = lambda: passes(3), lambda: passes(4)
    for way, ours in zip(("forward", "backward"), contenders, strict=True):
        yield {
            "what": f"{kind} norm, (100, 32, 16, 16), {way}", "dtype": dtype, "contenders": ours, "rival": "torch",
            "target": target, "flops": 0, "bytes": (2 if way == "forward" else 3) * x.nbytes,
        }  # fmt: skip


def check_rows():
    """A numeric gradient of a whole input, in seconds."""
    x, w, b = drawn(15, 8, 8, 3, dtype=float), drawn(4, 4, 3, 12, dtype=float), drawn(12, dtype=float)

    def f(value):
        return ops.conv2d_forward(value, w, b, stride=2, pad=1)[0]

    slopes = f(x)
    yield {
        "what": "numeric gradient of a (15, 8, 8, 3) input, conv 4x4, 12 filters, stride 2", "dtype": "float64",
        "contenders": {
            "lib": lambda: eval_numerical_gradient_samples(f, x, slopes),
            "one entry at a time": lambda: eval_numerical_gradient_array(f, x, slopes),
        },
        "rival": "one entry at a time", "target_ms": 20.0, "target": None, "seconds": 8,
    }  # fmt: skip


def course_rows():
    """The shapes of the functional course, naive against fast, beside what the course printed."""
    rng = np.random.default_rng(231)
    x, w, b = (
        rng.standard_normal((100, 3, 31, 31)),
        rng.standard_normal((25, 3, 3, 3)),
        rng.standard_normal(25),
    )
    settings, pooling = {"stride": 2, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    images = rng.standard_normal((100, 3, 32, 32))
    out, cache = fast_layers.conv_forward_fast(x, w, b, settings)
    pooled, pool_cache = fast_layers.max_pool_forward_fast(images, pooling)
    pairs = {
        "conv forward": (
            lambda: fast_layers.conv_forward_fast(x, w, b, settings),
            lambda: textbook.conv_forward(x, w, b, 2, 1), 253,
        ),
        "conv backward": (
            lambda: fast_layers.conv_backward_fast(out, cache),
            lambda: textbook.conv_backward(out, x, w, 2, 1), 907,
        ),
        "max pool forward": (
            lambda: fast_layers.max_pool_forward_fast(images, pooling),
            lambda: textbook.pool_forward(images, 2, 2), 77,
        ),
        "max pool backward": (
            lambda: fast_layers.max_pool_backward_fast(pooled, pool_cache),
            lambda: textbook.pool_backward(pooled, images, 2, 2), 33,
        ),
    }  # fmt: skip
    for what, (fast, naive, printed) in pairs.items():
        yield {
            "what": f"the course's {what}, naive to fast", "dtype": "float64", "printed": printed,
            "contenders": {"lib": fast, "naive": naive}, "rival": "naive", "target": None, "seconds": 1,
        }  # fmt: skip


def all_rows():
    """Yield every row of the table."""
    targets = {10: 0.7, 128: 0.7, 512: 0.55}
    yield from step_rows("float32", (10, 128, 512), need_dx=False, target=targets, loops=(10, 128))
    yield from step_rows("float32", (10, 128, 512), need_dx=True, target=1.0)
    yield from step_rows("float64", (10, 128), need_dx=False, target=0.6)
    yield from three_layer_rows("float32", 1.0)
    yield from three_layer_rows("float64", None)
    yield from convolution_rows((128, 32, 32, 3), 16, "float32", {})
    yield from convolution_rows((128, 16, 16, 16), 32, "float32", {})
    yield from convolution_rows((64, 16, 16, 64), 64, "float32", {"forward": 1.4})
    yield from convolution_rows((64, 16, 16, 64), 64, "float64", {})
    yield from pooling_rows(128, 2, 2, "float32", {})
    yield from pooling_rows(128, 4, 2, "float32", {"backward": 1.2})
    yield from pooling_rows(512, 4, 2, "float32", {"backward": 0.5})
    yield from pooling_rows(128, 4, 2, "float64", {})
    for kind, target in (("group", 2.5), ("batch", None)):
        yield from norm_rows(kind, "float32", target)
    yield from norm_rows("group", "float64", None)
    yield from check_rows()
    yield from course_rows()
