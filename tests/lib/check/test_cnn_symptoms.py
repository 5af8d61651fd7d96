"""Slips that students make with the layers of the convolution course are called by their names."""

from __future__ import annotations

import numpy as np
import pytest

from lib.check.cnn import alternatives
from lib.check.cnn.checks import CHECKS
from lib.check.errors import CheckFailed
from lib.check.run import run_check

CONV_VIEW = (
    "k, s, p = self.kernel_size, self.stride, self.padding\n"
    "x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))\n"
    "view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::s, ::s]\n"
    "self.meta = img\n"
)
BACK = (
    "k, s, p = self.kernel_size, self.stride, self.padding\n"
    "_, H, W, _ = img.shape\n"
    "x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))\n"
    "dx, dw = np.zeros_like(x), np.zeros_like(w)\n"
    "for i, j in np.ndindex(*dprev.shape[1:3]):\n"
    "    here = (slice(None), slice(i * s, i * s + k), slice(j * s, j * s + k))\n"
    "    dw += np.tensordot({seen}[here], dprev[:, i, j], axes=(0, 0))\n"
    "    dx[here] {added} np.tensordot(dprev[:, i, j], w, axes=(1, 3))\n"
    "self.grads = {{self.w_name: dw{end}, self.b_name: dprev.sum(axis=(0, 1, 2))}}\n"
    "dimg = dx[:, p : p + H, p : p + W]"
)
POOL_BACK = (
    "k, s = self.pool_size, self.stride\n"
    "dimg = np.zeros(img.shape)\n"
    "for n, i, j, c in np.ndindex(*dprev.shape):\n"
    "    window = {window}\n"
    "    u, v = divmod(int(window.{choose}()), k)\n"
    "    dimg[{place}] {added} dprev[n, i, j, c]\n"
)
RIGHT_POOL = {
    "window": "img[n, i * s : i * s + k, j * s : j * s + k, c]",
    "choose": "argmax",
    "place": "n, i * s + u, j * s + v, c",
    "added": "+=",
}


def conv(line):
    return {"conv_forward": CONV_VIEW + line}


def back(seen="x", added="+=", end=""):
    return {"conv_backward": BACK.format(seen=seen, added=added, end=end)}


def pool_back(**change):
    return {"pool_backward": POOL_BACK.format(**RIGHT_POOL | change)}


EINSUM = "output = np.einsum('nijcuv,uvcf->nijf', view, {w}) + b"
SIZE = (
    "N, H, W, C = input_size\nk, s, p, F = self.kernel_size, self.stride, self.padding, self.number_filters\n"
)
WRONG = [
    (
        "conv_forward",
        {"conv_forward": "img -= img.mean()\n" + CONV_VIEW + EINSUM.format(w="w")},
        "one filter by hand\\n  the input x was changed in place. Work on a copy",
    ),
    (
        "conv_forward",
        conv(
            "output = (view.reshape(*view.shape[:3], -1) @ w.reshape(-1, w.shape[-1])).reshape(*view.shape[:3], -1) + b"
        ),
        "flattened with channels first, the weights with channels last",
    ),
    (
        "conv_forward",
        conv(f"output = np.maximum({EINSUM[9:].format(w='w')}, 0)"),
        "set to zero. That is the job of an",
    ),
    (
        "conv_forward",
        conv("output = np.multiply.outer(view[:, :, :, -1, -1, -1], w[-1, -1, -1]) + b"),
        r"only the last product of every window counts. Add \(\+=\)",
    ),
    (
        "conv_forward",
        conv(EINSUM.format(w="w") + "\nm = min(output.shape[1:3])\noutput[:, m:] = 0\noutput[:, :, m:] = 0"),
        "both end at the smaller of the two",
    ),
    (
        "conv_backward",
        back(added="="),
        r"dimg: this is .*each window overwrites those before it, but windows overlap. Add",
    ),
    (
        "conv_backward",
        back(seen="np.pad(img, ((0, 0), (0, 2 * p), (0, 2 * p), (0, 0)))"),
        "dw: this is .* of images without their padding",
    ),
    (
        "conv_backward",
        back(end=".transpose(2, 0, 1, 3).reshape(w.shape)"),
        "dw: this is .*flattened with channels first",
    ),
    ("pool_backward", pool_back(added="="), "keeps only the last of the slopes that it won"),
    ("pool_backward", pool_back(choose="argmin"), "the smallest pixel of a window gets the slope"),
    ("pool_backward", pool_back(place="n, u, v, c"), r"the place in the window. The pixel is \(i \* stride"),
    (
        "pool_backward",
        pool_back(window="img[n, i : i + k, j : j + k, c]"),
        r"looked for in the window at \(i, j\), not at",
    ),
    (
        "pool_backward",
        pool_back(window="img[n, i : i + k, j : j + k, c]", place="n, i + u, j + v, c"),
        r"the stride is ignored: window \(i, j\) starts",
    ),
    (
        "pool_forward",
        {
            "pool_forward": "k, s = self.pool_size, self.stride\n"
            "view = np.lib.stride_tricks.sliding_window_view(img, (k, k), axis=(1, 2))[:, ::s, ::s]\n"
            "output = view.max(axis=(-2, -1))[:, :-1, :-1]\nself.meta = img"
        },
        r"last window of each row and column is missing. The first window counts as well: \+ 1",
    ),
    (
        "pool_forward",
        {
            "pool_forward": "k, s = self.pool_size, self.stride\nx = np.pad(img, ((0, 0), (0, k), (0, k), (0, 0)))\n"
            "view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::s, ::s]\n"
            "H, W = img.shape[1:3]\n"
            "output = view.max(axis=(-2, -1))[:, : 1 - (k - H) // s, : 1 - (k - W) // s]\nself.meta = img"
        },
        "windows that stick out are pooled as well",
    ),
    (
        "output_size",
        {"conv_output_size": SIZE + "output_size = [N, (H - k) // s + 1, (W - k) // s + 1, F]"},
        "The padding is left out.",
    ),
    (
        "output_size",
        {"conv_output_size": SIZE + "output_size = [N, H + 2 * p - k + 1, W + 2 * p - k + 1, F]"},
        "The stride is left out.",
    ),
    (
        "output_size",
        {
            "conv_output_size": SIZE
            + "output_size = [N, F, (H + 2 * p - k) // s + 1, (W + 2 * p - k) // s + 1]"
        },
        r"The filters come last: \[N, OH, OW, F\]",
    ),
]


@pytest.mark.parametrize(
    ("name", "bodies", "symptom"), WRONG, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(WRONG)]
)
def test_slip_is_called_by_its_name(name, bodies, symptom, make_root):
    """The message says what was done, not only where numbers differ."""
    with pytest.raises(CheckFailed, match=symptom):
        run_check(name, CHECKS[name], root=make_root(**bodies))


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (3, 1), (1, 1)])
def test_winners_are_those_of_the_right_gradient(size, stride):
    """The helper of the wrong gradients finds the pixels that the right one is about."""
    rng = np.random.default_rng(size)
    case = {"x": rng.standard_normal((2, 7, 8, 3)), "pool_size": np.array(size), "stride": np.array(stride)}
    case["dout"] = np.ones_like(alternatives.pool_right(case)[0])
    (n, i, j, c), (u, v) = alternatives._winners(case)
    counted = np.zeros(case["x"].shape)
    np.add.at(counted, (n, i * stride + u, j * stride + v, c), 1)
    np.testing.assert_array_equal(counted, alternatives.pool_gradient(case))
