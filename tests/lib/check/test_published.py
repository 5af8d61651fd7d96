"""The published checks: the reference passes each, and a usual mistake is called by its name."""

from __future__ import annotations

import numpy as np
import pytest

from lib.check.cnn.alternatives import conv_gradients, conv_measured, pool_right
from lib.check.cnn.checks import CHECKS, conv_backward_cases, pool_backward_cases, pool_forward_cases
from lib.check.errors import CheckFailed
from lib.check.run import run_check

LOOPS = """\
N, OH, OW, F = self.get_output_size(img.shape)
k, s, p = self.kernel_size, self.stride, self.padding
x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
output = np.zeros((N, OH, OW, F))
for n in range(N):
    for i in range(OH):
        for j in range(OW):
            for f in range(F):
                {line}
self.meta = img
"""
OFFSETS = """\
N, H, W, C = img.shape
k, s, p = self.kernel_size, self.stride, self.padding
x = np.pad(img, ((0, 0), {pad}, (0, 0)))
OH, OW = 1 + (x.shape[1] - k) // s, 1 + (x.shape[2] - k) // s
output = np.zeros((N, OH, OW, self.number_filters))
for u in range(k):
    for v in range(k):
        output += x[:, u : u + s * OH : s, v : v + s * OW : s] @ w[u, v]
        {before}
output += 0 if {before!r} else b
self.meta = img
"""
PATCH = "x[n, i * s : i * s + k, j * s : j * s + k]"
BACK = """\
k, s, p = self.kernel_size, self.stride, self.padding
N, H, W, C = img.shape
_, OH, OW, F = dprev.shape
x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(F)
for n in range(N):
    for i in range(OH):
        for j in range(OW):
            part = (n, slice(i * s, i * s + k), slice(j * s, j * s + k))
            for f in range(F):
                {dx}
                {dw}
                {db}
{end}
"""
RIGHT = {
    "dx": "dx[part] += w[..., f] * dprev[n, i, j, f]",
    "dw": "dw[..., f] += x[part] * dprev[n, i, j, f]",
    "db": "db[f] += dprev[n, i, j, f]",
    "end": "self.grads[self.w_name], self.grads[self.b_name] = dw, db\ndimg = dx[:, p : p + H, p : p + W]",
}
POOL = """\
k, s = self.pool_size, self.stride
N, H, W, C = img.shape
OH, OW = {size}
output = np.zeros((N, OH, OW, C){dtype})
for i in range(OH):
    for j in range(OW):
        window = img[:, i * s : i * s + k, j * s : j * s + k]
        output[:, i, j] = {value}
self.meta = img
"""
POOL_BACK = """\
k, s = self.pool_size, self.stride
N, OH, OW, C = dprev.shape
dimg = np.zeros(img.shape)
for n in range(N):
    for i in range(OH):
        for j in range(OW):
            for c in range(C):
                window = img[n, i * s : i * s + k, j * s : j * s + k, c]
                {line}
"""
AT = "u, v = np.unravel_index(window.argmax(), window.shape); "
SIZE = "(H - k) // s + 1, (W - k) // s + 1"


def forward(line):
    return {"conv_forward": LOOPS.format(line=line)}


def backward(**change):
    return {"conv_backward": BACK.format(**RIGHT | change)}


def pool(value="window.max(axis=(1, 2))", size=SIZE, dtype=""):
    return {"pool_forward": POOL.format(value=value, size=size, dtype=dtype)}


def pool_back(line):
    return {"pool_backward": POOL_BACK.format(line=line)}


def size(line):
    first = "N, H, W, C = input_size\nk, s, p = self.kernel_size, self.stride, self.padding\n"
    return {"conv_output_size": first + line}


NET = "self.net = sequential(\n    {layers}\n)"
CONV = "ConvLayer2D(3, 3, 3, init_scale=0.02, name='a')"
REST = "MaxPoolingLayer(2, 2, 'b'), flatten('c'), fc(27, 5, init_scale=0.02, name='d')"

WRONG = [
    ("output_size", size("pass"), "is None: is the result assigned to `output_size`, the variable"),
    (
        "output_size",
        size("output_size = [N, (H + 2 * p - k) / s + 1, (W + 2 * p - k) / s + 1, self.number_filters]"),
        "//",
    ),
    (
        "output_size",
        size("output_size = [N, (H + 2 * p - k) // s, (W + 2 * p - k) // s, self.number_filters]"),
        "One too few",
    ),
    (
        "output_size",
        size("output_size = [N, 1 + (H + p - k) // s, 1 + (W + p - k) // s, self.number_filters]"),
        r"received .* The padding is on both sides: 2 \* self.padding",
    ),
    (
        "output_size",
        size("output_size = [N, 1 + (H + 2 * p - k) // s, 1 + (H + 2 * p - k) // s, self.number_filters]"),
        "received",
    ),
    (
        "conv_forward",
        forward(f"output[n, i, j, f] = (({PATCH}) * w[::-1, ::-1, :, f]).sum() + b[f]"),
        "kernel is flipped",
    ),
    ("conv_forward", forward(f"output[n, i, j, f] = (({PATCH}) * w[..., f]).sum()"), "bias is left out"),
    (
        "conv_forward",
        forward(f"output[n, i, j, f] = (({PATCH}) * w[..., f] + b[f]).sum()"),
        "once for every number in the window",
    ),
    (
        "conv_forward",
        forward(f"output[n, i, j, f] = (({PATCH}) * w[..., f]).mean() + b[f]"),
        "mean over the window",
    ),
    (
        "conv_forward",
        forward("output[n, i, j, f] = (x[n, i : i + k, j : j + k] * w[..., f]).sum() + b[f]"),
        r"stride 2, padding 1\n.*the stride is ignored: window \(i, j\)",
    ),
    *(
        ("conv_forward", {"conv_forward": OFFSETS.format(before=before, pad=pad)}, symptom)
        for before, pad, symptom in (
            ("output += b", "(p, p), (p, p)", "once for every number in the window"),
            ("", "(p, 0), (p, 0)", "padded at the top and left only"),
            ("", "(0, p), (0, p)", "padding is left out, or is at the bottom and right only"),
            ("", "(0, 2 * p), (0, 2 * p)", "in the upper left corner"),
            ("", "(2 * p, 0), (2 * p, 0)", "in the lower right corner"),
        )
    ),
    (
        "conv_forward",
        {"conv_forward": "output = np.zeros(3, dtype=complex)\nself.meta = img"},
        "dtype complex",
    ),
    ("conv_forward", {"conv_forward": "output = [1, 2]\nself.meta = img"}, "is a list"),
    ("conv_forward", {"conv_forward": "self.meta = img"}, "out is None: is the result assigned to `output`"),
    (
        "conv_forward",
        {"conv_forward": "output = img @ 3\nself.meta = img"},
        r"ValueError.*\n.*layer_utils.py:\d+, in forward: output = img @ 3",
    ),
    ("conv_forward", {"conv_forward": "img += 1\noutput = None"}, "out is None|changed in place"),
    ("conv_backward", backward(dx="dx[part] -= w[..., f] * dprev[n, i, j, f]"), "dimg: wrong sign"),
    (
        "conv_backward",
        backward(dw="dw[..., f] = x[part] * dprev[n, i, j, f]"),
        r"dw: this is .*last window of the last image.*\+=",
    ),
    ("conv_backward", backward(dx="dx[part] = w[..., f] * dprev[n, i, j, f]"), "dimg: .*entries differ"),
    (
        "conv_backward",
        backward(dx="dx[part] += w[::-1, ::-1, :, f] * dprev[n, i, j, f]"),
        "dimg: this is .*flipped",
    ),
    (
        "conv_backward",
        backward(db="db[f] += dprev[n, i, j, f] / N"),
        r"db: .*1/15|db: .*averaged over the batch",
    ),
    (
        "conv_backward",
        backward(end=RIGHT["end"].replace("dx[:, p : p + H, p : p + W]", "dx")),
        "padding of 1 on each side is still there",
    ),
    (
        "conv_backward",
        backward(end=RIGHT["end"].replace("dx[:, p : p + H, p : p + W]", "dx[:, p:-p, p:-p]")),
        "is empty: a slice",
    ),
    (
        "conv_backward",
        backward(end="dimg = dx[:, p : p + H, p : p + W]"),
        r"dw is missing: store it, self.grads\[self.w_name\] = …",
    ),
    (
        "conv_backward",
        backward(end=RIGHT["end"].replace("[self.b_name]", "['b']")),
        r"db is missing: store it, self.grads\[self.b_name\] = …",
    ),
    (
        "conv_backward",
        backward(end=RIGHT["end"].replace("dimg = dx", "grad = dx")),
        "dimg is None: is .* `dimg`",
    ),
    (
        "conv_backward",
        backward(end="db = dprev.sum()\n" + RIGHT["end"]),
        r"db is one number, wanted one per filter: .* \(axis=\(0, 1, 2\)\)",
    ),
    (
        "conv_backward",
        backward(end=RIGHT["end"].replace("dx[:, p : p + H, p : p + W]", "dx[:, :H, :W]")),
        r"dimg: this is what comes out when \[:H, :W\] of the padded gradient",
    ),
    (
        "conv_backward",
        {
            k: v.replace("i * s, i * s + k", "i, i + k").replace("j * s, j * s + k", "j, j + k")
            for k, v in backward().items()
        },
        r"stride 2, padding 1\n  dimg: .*the stride is ignored.*(\n.*)*\n  dw: .*the stride is ignored",
    ),
    (
        "conv_backward",
        {
            "conv_forward": OFFSETS.format(before="", pad="(p, p), (p, p)").replace("meta = img", "meta = x"),
            **backward(),
        },
        "or forward kept the padded image in self.meta: keep img itself",
    ),
    (
        "conv_backward",
        {
            "conv_forward": OFFSETS.format(before="", pad="(p, p), (p, p)").replace("meta = img", "meta = x"),
            "conv_backward": BACK.format(**RIGHT).replace(
                "_, OH, OW, F = dprev.shape", "_, OH, OW, F = self.get_output_size(img.shape)"
            ),
        },
        "IndexError.*(\n.*)*did forward keep the padded image",
    ),
    (
        "conv_backward",
        backward(dx="dx[part] += (s * p != 1) * w[..., f] * dprev[n, i, j, f]"),
        r"check 4 of 4.*measured\n(.*\n)*  Wanted is the measured slope",
    ),
    (
        "conv_backward",
        backward(dx="dx[part] += (s == 1) * w[..., f] * dprev[n, i, j, f]"),
        r"stride 2, padding 1\n(.*\n)*  Wanted is the exact gradient",
    ),
    (
        "conv_forward",
        forward(f"output[n, i, j, f] = np.float32((({PATCH}) * w[..., f]).sum() + b[f])"),
        "out: right to about seven digits",
    ),
    (
        "conv_backward",
        backward(
            dx="pass",
            end="for n, i, j in np.ndindex(N, OH, OW):\n"
            "    dx[n, i * s : i * s + k, j * s : j * s + k] = w @ dprev[n, i, j]\n" + RIGHT["end"],
        ),
        r"windows overlap. Add \(\+=\)",
    ),
    ("pool_forward", pool("window.mean(axis=(1, 2))"), "mean of a window"),
    (
        "pool_forward",
        {k: v.replace("* s", "") for k, v in pool().items()},
        r"the stride is ignored: window \(i, j\)",
    ),
    ("pool_forward", {"pool_forward": "self.meta = img"}, "out is None: .* `output`"),
    ("pool_backward", {"pool_backward": "pass"}, "dimg is None: .* `dimg`"),
    ("pool_forward", pool("window.min(axis=(1, 2))"), "smallest pixel"),
    ("pool_forward", pool(dtype=", dtype=int"), "only whole numbers"),
    ("pool_forward", pool(size="(H - k) // s, (W - k) // s"), "out has shape"),
    ("pool_forward", pool("window.max()"), "largest|images together|channels|entries differ"),
    (
        "pool_backward",
        pool_back("dimg[n, i * s : i * s + k, j * s : j * s + k, c] += dprev[n, i, j, c]"),
        "every pixel of a window",
    ),
    (
        "pool_backward",
        pool_back("dimg[n, i * s : i * s + k, j * s : j * s + k, c] += dprev[n, i, j, c] / k / k"),
        "shared by all",
    ),
    (
        "pool_backward",
        pool_back(AT + "dimg[n, i * s + u, j * s + v, c] = 1"),
        "gets 1 instead|entries differ",
    ),
    ("pool_backward", pool_back(AT + "dimg[n, i + u, j + v, c] += dprev[n, i, j, c]"), "entries differ"),
    ("pool_backward", pool_back(AT + "dimg[n, i * s + u, j * s + v, c] = dprev[n, i, j, c]"), r"\+="),
    (
        "test_cnn",
        {"test_cnn": NET.format(layers=f"{CONV}, flatten('c'), fc(108, 5)")},
        "wanted convolution, max pooling, flatten, fc",
    ),
    ("test_cnn", {"test_cnn": NET.format(layers=f"{CONV}, {REST.replace('fc(27', 'fc(30')}")}, "27 inputs"),
    *(
        (
            "test_cnn",
            {"test_cnn": NET.format(layers=f"{CONV.replace('name', setting + ', name')}, {REST}")},
            r"wanted \(N, 27\)(.*\n)*  27 inputs: 3x3 pixels of 3 channels: a 3x3 convolution without padding",
        )
        for setting in ("padding=1", "stride=3")
    ),
    (
        "test_cnn",
        {"test_cnn": NET.format(layers=f"{CONV.replace('0.02', '0.2')}, {REST}")},
        "standard deviation",
    ),
    (
        "test_cnn",
        {
            "test_cnn": NET.format(layers=f"{CONV}, {REST.replace('MaxP', 'FastMaxP')}"),
            "conv_backward": BACK.format(**RIGHT | {"dw": "dw[..., f] -= x[part] * dprev[n, i, j, f]"}),
        },
        "conv_w: wrong sign",
    ),
]


@pytest.mark.parametrize("name", CHECKS)
def test_reference_passes(name, make_root, capsys):
    """The reference answers pass every published check, and nothing goes to stderr."""
    run_check(name, CHECKS[name], root=make_root())
    out, err = capsys.readouterr()
    assert "passed" in out.splitlines()[-1]
    assert not err


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("conv_forward", forward(f"output[n, i, j, f] = (({PATCH}) * w[..., f]).sum() + b[f]")),
        ("conv_backward", backward()),
        ("pool_forward", pool()),
        ("pool_backward", pool_back(AT + "dimg[n, i * s + u, j * s + v, c] += dprev[n, i, j, c]")),
        (
            "test_cnn",
            {
                "test_cnn": NET.format(layers=f"{CONV}, {REST}"),
                **forward(f"output[n, i, j, f] = (({PATCH}) * w[..., f]).sum() + b[f]"),
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_loops_pass(name, right, make_root):
    """An answer with plain loops passes within the time limit."""
    run_check(name, CHECKS[name], root=make_root(**right))


@pytest.mark.parametrize(
    ("name", "bodies", "symptom"), WRONG, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(WRONG)]
)
def test_mistake_is_named(name, bodies, symptom, make_root):
    """A wrong answer fails, and the message names the mistake."""
    with pytest.raises(CheckFailed, match=symptom):
        run_check(name, CHECKS[name], root=make_root(**bodies))


@pytest.mark.parametrize("case", conv_backward_cases(), ids=lambda case: case.title)
def test_measured_slopes_are_the_exact_ones(case):
    """What is measured agrees with the derivation, so either may be wanted."""
    for measured, exact in zip(conv_measured(case.inputs), conv_gradients(case.inputs), strict=True):
        np.testing.assert_allclose(measured, exact, rtol=0, atol=1e-9 * np.abs(exact).max())


def test_conv_difference_is_the_published_one(make_root, capsys):
    """A right answer differs from the eight-digit table by the published 5.110565335399418e-08."""
    run_check("conv_forward", CHECKS["conv_forward"], root=make_root())
    line = next(line for line in capsys.readouterr().out.splitlines() if "difference" in line)
    assert float(line.split()[-1]) == pytest.approx(5.110565335399418e-08, rel=1e-6)


@pytest.mark.parametrize("case", [*pool_forward_cases(), *pool_backward_cases()], ids=lambda case: case.title)
def test_pool_inputs_have_no_ties(case):
    """No window has two equal maxima, so every rule for ties gives the same answer."""
    size, stride = int(case.inputs["pool_size"]), int(case.inputs["stride"])
    x, out = case.inputs["x"], pool_right(case.inputs)[0]
    for i, j in np.ndindex(out.shape[1:3]):
        window = x[:, i * stride : i * stride + size, j * stride : j * stride + size]
        assert ((window == out[:, i : i + 1, j : j + 1]).sum(axis=(1, 2)) == 1).all()
