"""What the checks of the functional course say: each usual mistake by its name, a right answer in no word."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from gradlab.course import Course
from gradlab.lib_regions import lib_regions
from gradlab.mutants import load_mutants
from gradlab.variants import fill
from lib.check.convnet.checks import CHECKS
from lib.check.errors import CheckFailed
from lib.check.job import _case_answer
from lib.check.probe import run_case
from lib.check.run import inspect

PROJECT = Path(__file__).resolve().parents[3]
COURSE = Course(PROJECT)
FILES = {
    "lib.convnet.layers": "lib/convnet/layers.py",
    "lib.convnet.classifiers.cnn": "lib/convnet/classifiers/cnn.py",
}


def write(monkeypatch: pytest.MonkeyPatch, bodies: Mapping[str, str]) -> None:
    """Put modules with other answers where the probes find them, in this process: a hundredth of the time."""
    for name in FILES:
        importlib.import_module(name)
    for name, filename in FILES.items():
        text = fill((PROJECT / filename).read_text(encoding="utf-8"), bodies, filename)
        module = types.ModuleType(name)
        exec(compile(text, str(PROJECT / filename), "exec"), module.__dict__)
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, leaf = name.rpartition(".")
        monkeypatch.setattr(importlib.import_module(parent), leaf, module)


def said(exercise: str) -> str:
    """Return what the first failing case of a check says, with its number; empty if all pass."""
    check = CHECKS[exercise]
    module, _, function = check.probe.partition(":")
    probe = getattr(importlib.import_module(module), function)
    for number, case in enumerate(check.cases(), start=1):
        arrays, entry = run_case(probe, {k: np.array(v) for k, v in case.inputs.items()}, PROJECT)
        try:
            problems, _ = inspect(case, _case_answer(entry, arrays))
        except CheckFailed as error:
            return str(error)
        if problems:
            return "\n".join([f"check {number}", *problems])
    return ""


# what the check has to say about each wrong answer of exercises/mutants/convnet
SAID = {
    "conv_forward": {
        "wrong_flipped": "the kernel is flipped",
        "wrong_no_padding": "in the upper left corner of the padded array",
        "wrong_no_bias": "the bias is left out",
        "wrong_bias_in_loop": r"bias counted 49 times\?",
        "wrong_stride": "the stride is ignored: window",
        "wrong_mean": "the mean over the window is taken",
        "wrong_assign": r"only the last product of every window counts. Add \(\+=\)",
        "wrong_size": "the last window of each row and column is missing",
        "wrong_one_channel": "only the first channel",
        "wrong_pad_once": "in the upper left corner of the padded array",
        "wrong_square": "check 3\n.*is the height used for the width as well",
    },
    "conv_backward": {
        "wrong_crop": r"check 2\ndx .*It is empty: a slice such as \[pad:-pad\] selects nothing when pad is 0",
        "wrong_no_crop": "padding of 1 on each side is still there",
        "wrong_corner": r"dx: .*\[:H, :W\] of the padded gradient",
        "wrong_dx_assign": r"each offset \(u, v\) overwrites those before it. Add \(\+=\)",
        "wrong_dw_assign": "dw: .*only the last window of the last image counts",
        "wrong_db_assign": "db: .*only the last window of the last image counts",
        "wrong_sign": "dw: wrong sign",
        "wrong_db_mean": "db: .*the mean is taken instead of the sum",
        "wrong_stride": "check 2\ndx: .*the stride is ignored",
        "wrong_unpadded": "dw: .*images without their padding",
        "wrong_flipped": "dx: .*the kernel is flipped",
    },
    "max_pool_forward": {
        "wrong_min": "the smallest pixel",
        "wrong_sum": "the sum of a window is taken",
        "wrong_other_pooling": "the mean of a window is taken",
        "wrong_stride": "the stride is ignored",
        "wrong_size": r"1 row too few. The first window counts as well: \+ 1",
        "wrong_square": "check 4\n.*the height of the window is used for both of its sides",
        "wrong_channels": "all channels are pooled together",
        "wrong_one_image": "only the first of the 2 images",
    },
    "max_pool_backward": {
        "wrong_assign": r"check 2\n.*each window overwrites the windows before it. Add \(\+=\)",
        "wrong_all_pixels": "every pixel of a window gets the whole slope",
        "wrong_shared": "the slope is shared by all pixels",
        "wrong_times_pixel": "the slope is multiplied by the pixel",
        "wrong_no_slope": "every window sends 1",
        "wrong_min": "the slope goes to the smallest pixel",
        "wrong_divmod": "check 4\nIndexError",
        "wrong_stride": r"the slope is added at \(i \+ u, j \+ v\)",
        "wrong_one_image": "only the first image",
    },
    "avg_pool_forward": {
        "wrong_min": "the smallest pixel",
        "wrong_sum": "the sum of a window is taken",
        "wrong_other_pooling": "the largest pixel of a window is taken instead of the mean",
        "wrong_stride": "the stride is ignored",
        "wrong_size": r"1 row too few. The first window counts as well: \+ 1",
        "wrong_square": "check 4\n.*the height of the window is used for both of its sides",
        "wrong_channels": "all channels are pooled together",
        "wrong_one_image": "only the first of the 2 images",
    },
    "avg_pool_backward": {
        "wrong_not_divided": "gets the whole slope. Divide by the number of pixels",
        "wrong_assign": r"check 2\n.*overwrites the windows before it. Add \(\+=\)",
        "wrong_height_only": "divided by the height of the window alone",
        "wrong_max": "as in max pooling",
        "wrong_times_pixel": "the slope is multiplied by the pixel",
        "wrong_stride": "the stride is ignored",
        "wrong_twice": "divided by the number of pixels twice",
        "wrong_square": "check 4\n.*the height of the window is used for both of its sides",
    },
    "spatial_batchnorm_forward": {
        "wrong_no_transpose": "without moving the channels last",
        "wrong_shape_back": "without moving the channels back",
        "wrong_per_image": "the variances of the images are averaged",
        "wrong_no_gamma": "gamma and beta are left out",
        "wrong_own_param": "bn_param has no 'running_mean' after training: hand bn_param itself",
        "wrong_test_time": "out at test time: .*the statistics of the batch are used at test time",
        "wrong_train_time": "out: .*the running averages are used while training",
        "wrong_momentum": "running_mean: .*momentum is the share of the old one",
        "wrong_eps": "eps is added to the deviation instead of the variance",
        "wrong_all_channels": "over all channels together",
    },
    "spatial_batchnorm_backward": {
        "wrong_no_transpose": "dx: .*without moving the channels last(.*\n)*dgamma: .*transpose first",
        "wrong_shape_back": "dx: .*without moving the channels back",
        "wrong_constants": "dx: .*taken for constants",
        "wrong_no_variance": "through the variance is left out",
        "wrong_no_mean": "through the mean is left out",
        "wrong_no_gamma": "dx: .*gamma is left out",
        "wrong_swapped": "dgamma: .*the sum of dout, which is dbeta",
        "wrong_means": "dbeta: .*the mean is taken instead of the sum",
    },
    "groupnorm_forward": {
        "wrong_whole_image": "the whole image, all groups together",
        "wrong_each_channel": "over each channel by itself",
        "wrong_batch": "over the batch as well",
        "wrong_every_gth": "every G-th channel makes a group",
        "wrong_group_size": "groups have G channels instead of C // G",
        "wrong_no_gamma": "gamma and beta are left out",
        "wrong_seven_axes": "gamma was reshaped once too often",
        "wrong_variance": "divided by the variance instead of its square root",
        "wrong_no_mean": "the mean is not subtracted",
        "wrong_eps": "eps is added to the deviation instead of the variance",
    },
    "groupnorm_backward": {
        "wrong_constants": "dx: .*taken for constants",
        "wrong_no_variance": "through the variance is left out",
        "wrong_no_mean": "through the mean is left out",
        "wrong_no_gamma": "dx: .*gamma is left out",
        "wrong_flat_dgamma": r"dgamma has shape \(6,\), wanted \(1, 6, 1, 1\). The numbers are right: reshape",
        "wrong_one_number": "dbeta: .*summed over everything",
        "wrong_not_divided": "everything is multiplied by 60, the number of values",
        "wrong_swapped": "dgamma: .*the sum of dout, which is dbeta",
        "wrong_no_deviation": "dx: .*not divided by the deviation",
    },
}
NET = {
    "wrong_no_penalty_gradient": "gradient of W1 with reg: .*the penalty has no gradient",
    "wrong_no_penalty_loss": "loss with reg: .*the penalty is left out",
    "wrong_no_half": "the factor 0.5 is left out",
    "wrong_twice": "the gradient of the penalty is twice too large",
    "wrong_biases_penalized": "the biases are penalized as well",
    "wrong_init_scale": "'W1' has standard deviation 1.*, wanted weight_scale, here 0.02",
    "wrong_init_bias": "the first biases 'b1' are not zero",
    "wrong_size": r"'W2' has shape \(240, 7\).*The pooling halves height and width",
    "wrong_square": "'W2' .*The height is used for the width as well",
    "wrong_grads_missing": r"gradient of b1 is missing: loss returns no grads\['b1'\]",
    "wrong_no_relu": "scores: .*the ReLU after the affine layer of W2 is left out",
}
SAID |= {"three_layer_net": NET, "four_layer_net": NET}


@pytest.mark.parametrize("exercise", SAID)
def test_wrong_answers_are_told_by_their_mistake_and_right_ones_pass(exercise, monkeypatch):
    """Every answer of exercises/mutants/convnet: none of the wrong ones is called merely different."""
    found = {}
    for mutant in load_mutants(COURSE, "convnet", exercise, lib_regions(COURSE)):
        with monkeypatch.context() as inside:
            write(inside, mutant.bodies)
            found[mutant.name] = said(exercise)
    wrong = {name: text for name, text in found.items() if name.startswith("wrong_")}
    assert {name: text for name, text in found.items() if name not in wrong and text} == {}
    assert wrong.keys() == SAID[exercise].keys()
    for name, text in wrong.items():
        with pytest.raises(AssertionError, match=SAID[exercise][name]):
            raise AssertionError(text)


CONV = """\
N, C, H, W = x.shape
F, _, KH, KW = w.shape
p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
OH, OW = 1 + (H + 2 * pad - KH) // stride, 1 + (W + 2 * pad - KW) // stride
out = np.zeros((N, F, OH, OW){dtype})
for i in range(OH):
    for j in range(OW):
        window = p[:, :, i * stride : i * stride + KH, j * stride : j * stride + {width}]
        {line}
{end}
"""
EACH = "out[:, :, i, j] = window.reshape(N, -1) @ w.reshape(F, -1).T + b"
BACK = """\
(H, W), (KH, KW), (OH, OW) = x.shape[2:], w.shape[2:], dout.shape[2:]
p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
dp, dw, db = np.zeros_like(p), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
for i in range(OH):
    for j in range(OW):
        at = (slice(None), slice(None), slice(i * stride, i * stride + KH), slice(j * stride, j * stride + KW))
        {dw}
        {dx}
dx = dp[:, :, pad : pad + H, pad : pad + W]
{end}
"""
DW = "dw += np.tensordot(dout[:, :, i, j], p[at], axes=(0, 0))"
DX = "dp[at] += np.tensordot(dout[:, :, i, j], w, axes=1)"


def conv(line=EACH, end="", dtype="", width="KW"):
    return {"conv-naive-forward": CONV.format(line=line, end=end, dtype=dtype, width=width)}


def back(dw=DW, dx=DX, end=""):
    return {"conv-naive-backward": BACK.format(dw=dw, dx=dx, end=end)}


MORE = {
    "nothing assigned": ("conv_forward", {"conv-naive-forward": "pass"}, "out is None: .* `out`"),
    "not written": (
        "conv_forward",
        {
            "conv-naive-forward": 'msg = "conv-naive-forward is not written yet: lib/convnet/layers.py, '
            'conv_forward_naive"\nraise NotImplementedError(msg)'
        },
        r"not written yet: conv-naive-forward in lib/convnet/layers.py \(conv_forward_naive\)",
    ),
    "a list": ("conv_forward", {"conv-naive-forward": "out = [1, 2]"}, "out is a list"),
    "one array": (
        "conv_forward",
        conv(end="return out"),
        r"TypeError.* wanted the two values \(out, cache\)",
    ),
    "changed in place": ("conv_forward", conv(end="x += 1"), "the input x was changed in place"),
    "integers": (
        "conv_forward",
        conv(dtype=", dtype=int"),
        "only whole numbers",
    ),
    "single": ("conv_forward", conv(end="out = np.float32(out)"), "right to about seven digits"),
    "channels last windows": (
        "conv_forward",
        conv("out[:, :, i, j] = window.transpose(0, 2, 3, 1).reshape(N, -1) @ w.reshape(F, -1).T + b"),
        "windows are flattened with channels last, the weights with channels first",
    ),
    "channels last output": (
        "conv_forward",
        conv(end="out = out.transpose(0, 2, 3, 1)"),
        r"out has shape \(2, 2, 2, 3\), wanted \(2, 3, 2, 2\). The axes are in another order",
    ),
    "constant offset": ("conv_forward", conv(f"{EACH} + b"), r"bias counted 2 times\?"),
    "other offset": (
        "conv_forward",
        conv(f"{EACH} + np.arange(F) + 1"),
        "off by the same amount all over a channel. Is the bias added",
    ),
    "one filter": (
        "conv_forward",
        conv("out[:, 0, i, j] = (window * w[0]).sum(axis=(1, 2, 3)) + b[0]"),
        "only the first of the 3 channels is right",
    ),
    "square filters": ("conv_forward", conv(width="KH"), "check 5\nValueError"),
    "padded images kept": (
        "conv_backward",
        conv(end="x = p"),
        "dx has shape .* The padding of 1 on each side is still there: crop it .*; or forward put the padded",
    ),
    "dx zero": ("conv_backward", back(dx="pass"), "dx: all entries are zero"),
    "dx only": ("conv_backward", back(end="dw = db = None"), "dw is None: .* `dw`(.*\n)*db is None: .* `db`"),
    "dw of another shape": (
        "conv_backward",
        back(end="dw = dw.transpose(1, 0, 2, 3)"),
        r"dw has shape \(3, 2, 3, 3\), wanted \(2, 3, 3, 3\)",
    ),
    "db one number": ("conv_backward", back(end="db = dout.sum()"), "db is one number, wanted an array"),
    "dw divided": ("conv_backward", back(end="dw = dw / len(x)"), r"dw: every entry is 0.25 times .*1/4"),
    "windows that stick out": (
        "max_pool_forward",
        {
            "max-naive-forward": "N, C, H, W = x.shape\nOH, OW = -(-H // stride), -(-W // stride)\n"
            "out = np.zeros((N, C, OH, OW))\nfor i in range(OH):\n    for j in range(OW):\n"
            "        window = x[:, :, i * stride : i * stride + PH, j * stride : j * stride + PW]\n"
            "        out[:, :, i, j] = window.max(axis=(2, 3))"
        },
        "check 2\nout has shape .* 1 row and 1 column too many",
    ),
    "own statistics": (
        "spatial_batchnorm_forward",
        {
            "spatial-batchnorm-forward": "axes = (0, 2, 3)\nfor k, v in (('mean', x.mean(axes)), "
            "('var', x.var(axes))):\n    bn_param['running_' + k] = v\n"
            "g, s = (a.reshape(1, -1, 1, 1) for a in (gamma, beta))\n"
            "out = g * (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5) + s"
        },
        "running_mean: .*the average is replaced by the value of the batch",
    ),
    "scores through softmax": (
        "three_layer_net",
        {
            "three-layer-scores": "out, cache1 = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)\n"
            "out, cache2 = affine_relu_forward(out, W2, b2)\nscores, cache3 = affine_forward(out, W3, b3)\n"
            "scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)"
        },
        "scores: .*the softmax is applied",
    ),
    "no scores": ("four_layer_net", {"four-layer-scores": "pass"}, "scores is None: .* `scores`"),
    "no penalty on W2": (
        "four_layer_net",
        {
            "four-layer-loss": "loss, d = softmax_loss(scores, y)\nd, grads['W4'], grads['b4'] = affine_backward"
            "(d, cache4)\nd, grads['W3'], grads['b3'] = affine_relu_backward(d, cache3)\n"
            "d, grads['W2'], grads['b2'] = affine_relu_backward(d, cache2)\n"
            "_, grads['W1'], grads['b1'] = conv_relu_pool_backward(d, cache1)\n"
            "for k in ('W1', 'W3', 'W4'):\n    loss += 0.5 * self.reg * (self.params[k] ** 2).sum()\n"
            "    grads[k] += self.reg * self.params[k]"
        },
        "loss with reg: .*the penalty leaves 'W2' out",
    ),
    "a key too many": (
        "three_layer_net",
        {
            "three-layer-init": "for k, shape in enumerate(((num_filters, C, filter_size, filter_size), "
            "(num_filters * (H // 2) * (W // 2), hidden_dim), (hidden_dim, num_classes)), 1):\n"
            "    self.params[f'W{k}'] = weight_scale * np.random.randn(*shape)\n"
            "    self.params[f'b{k}'] = np.zeros(shape[0] if k == 1 else shape[1])\n"
            "self.params['gamma'] = np.ones(3)"
        },
        "params has 'gamma', which is not asked for",
    ),
}


@pytest.mark.parametrize(("exercise", "bodies", "symptom"), MORE.values(), ids=MORE)
def test_symptom(exercise, bodies, symptom, monkeypatch):
    write(monkeypatch, bodies)
    with pytest.raises(AssertionError, match=symptom):
        raise AssertionError(said(exercise))
