"""Wrong answers that are made often in spatial batch and group normalization, computed on purpose.

As in ``lib.check.convnet.alternatives``: ``{mistake: wrong array}``.
"""

from __future__ import annotations

import numpy as np

from lib.check.convnet.alternatives import images_first, images_last
from lib.ops import batch_norm_backward, batch_norm_forward, group_norm_backward, group_norm_forward

EPS = 1e-5


def batchnorm_right(case):
    """Return the right output of spatial batch normalization while training, and what its way back needs."""
    return batch_norm_forward(case["x"], case["gamma"], case["beta"], eps=EPS, channel_axis=1)


def batchnorm_gradients(case):
    """Return the right (dx, dgamma, dbeta)."""
    return batch_norm_backward(case["dout"], batchnorm_right(case)[1])


def _beside(values):
    return np.reshape(values, (1, -1, 1, 1))


def unscaled(case, out):
    """Take gamma and beta off an output."""
    return (out - _beside(case["beta"])) / _beside(case["gamma"])


def _scaled(case, normalized):
    return normalized * _beside(case["gamma"]) + _beside(case["beta"])


def _by_axes(x, axes, *, eps=EPS, ddof=0):
    std = np.sqrt(x.var(axis=axes, keepdims=True, ddof=ddof) + eps)
    return (x - x.mean(axis=axes, keepdims=True)) / std


def batchnorm_forward(case):
    """Make the usual wrong outputs of spatial batch normalization while training."""
    x, right = case["x"], (0, 2, 3)
    N, C, H, W = x.shape
    mean, var = x.mean(axis=right, keepdims=True), x.var(axis=right, keepdims=True)
    mixed = _mixed(case, x.reshape(-1, C))
    return {
        NOT_MOVED: mixed.reshape(x.shape),
        f"{NOT_MOVED}, as you do afterwards": images_first(mixed.reshape(N, H, W, C)),
        "the variances of the images are averaged. Take one variance over the batch and all pixels": _scaled(
            case, (x - mean) / np.sqrt(x.var(axis=(2, 3), keepdims=True).mean(axis=0) + EPS)
        ),
        "mean and variance are taken over the batch alone, one for each pixel": _scaled(case, _by_axes(x, 0)),
        "mean and variance are taken over each image by itself": _scaled(case, _by_axes(x, (2, 3))),
        "mean and variance are taken over all channels together": _scaled(case, _by_axes(x, (0, 1, 2, 3))),
        "mean and variance are taken over each image with all its channels": _scaled(
            case, _by_axes(x, (1, 2, 3))
        ),
        "gamma and beta are left out": _by_axes(x, right),
        "gamma is left out": _by_axes(x, right) + _beside(case["beta"]),
        "beta is left out": _by_axes(x, right) * _beside(case["gamma"]),
        "it is divided by the variance instead of its square root": _scaled(case, (x - mean) / (var + EPS)),
        "the mean is not subtracted": _scaled(case, x / np.sqrt(var + EPS)),
        "eps is added to the deviation instead of the variance": _scaled(
            case, (x - mean) / (np.sqrt(var) + EPS)
        ),
        "eps is left out": _scaled(case, _by_axes(x, right, eps=0)),
        "the variance is divided by one less than the number of values": _scaled(
            case, _by_axes(x, right, ddof=1)
        ),
        "the running averages are used while training": _scaled(
            case, (x - 0.1 * mean) / np.sqrt(0.1 * var + EPS)
        ),
        "the first running averages, which are 0, are used while training": _scaled(case, x / np.sqrt(EPS)),
        "the images are left with the channels last": images_last(batchnorm_right(case)[0]),
        "the shape is brought back by a reshape alone, without moving the channels back": np.ascontiguousarray(
            images_last(batchnorm_right(case)[0])
        ).reshape(N, C, H, W),
    }


def _mixed(case, rows):
    """Normalize rows (N * H * W, C), whatever stands in them."""
    return batch_norm_forward(np.ascontiguousarray(rows), case["gamma"], case["beta"], eps=EPS)[0]


NOT_MOVED = "the pixels are reshaped to (N * H * W, C) without moving the channels last: transpose first"


def _norm_backward(case, cache, axes, right):
    """Make wrong gradients that batch and group normalization share."""
    dout, normalized, inverse_std = case["dout"], cache["normalized"], cache["inverse_std"]
    gamma = _beside(case["gamma"])
    g = dout * gamma
    shape = cache["shape"]

    def centered(values, *, mean=True, along=True):
        v = values.reshape(shape)
        n = normalized.reshape(shape)
        out = v - (v.mean(axis=axes, keepdims=True) if mean else 0)
        out = out - (n * (v * n).mean(axis=axes, keepdims=True) if along else 0)
        return (out * inverse_std).reshape(dout.shape)

    dx, dgamma, dbeta = right
    count = dout.size // dout.shape[1]
    values = normalized.size // inverse_std.size
    v, n = g.reshape(shape), normalized.reshape(shape)
    sums = v - v.sum(axis=axes, keepdims=True) - n * (v * n).sum(axis=axes, keepdims=True)
    return {
        "dx": {
            "mean and variance are taken for constants. They depend on x, too": centered(
                g, mean=False, along=False
            ),
            "the way back through the variance is left out": centered(g, along=False),
            "the way back through the mean is left out": centered(g, mean=False),
            "gamma is left out": centered(dout),
            f"sums stand where means are wanted: divide them by the {values} values": (
                sums * inverse_std
            ).reshape(dout.shape),
            f"everything is multiplied by {values}, the number of values: divide by it": dx * values,
            "it is not divided by the deviation": (
                dx.reshape(shape) / np.broadcast_to(inverse_std, shape)
            ).reshape(dout.shape),
        },
        "dgamma": {
            "it is multiplied with x instead of the normalized x": (dout * case["x"]).sum(axis=(0, 2, 3)),
            "it is the sum of dout, which is dbeta": dbeta.ravel(),
            "the mean is taken instead of the sum": dgamma.ravel() / count,
        },
        "dbeta": {
            "the mean is taken instead of the sum": dbeta.ravel() / count,
            "it is multiplied with the normalized x, which is dgamma": dgamma.ravel(),
        },
    }


def batchnorm_backward(case):
    """Make the usual wrong gradients of spatial batch normalization."""
    x = case["x"]
    axes = (0, 2, 3)
    inverse_std = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + EPS)
    cache = {"normalized": _by_axes(x, axes), "inverse_std": inverse_std, "shape": x.shape}
    wrong = _norm_backward(case, cache, axes, batchnorm_gradients(case))
    return {name: found | _not_moved(case)[name] for name, found in wrong.items()}


def _not_moved(case):
    """Make the gradients of a way back whose slopes are reshaped without moving the channels last."""
    N, C, H, W = case["x"].shape
    kept = batch_norm_forward(images_last(case["x"]).reshape(-1, C), case["gamma"], case["beta"], eps=EPS)[1]
    dx, dgamma, dbeta = batch_norm_backward(case["dout"].reshape(-1, C), kept)
    moved = images_last(batchnorm_gradients(case)[0])
    return {
        "dx": {
            NOT_MOVED: dx.reshape(N, C, H, W),
            f"{NOT_MOVED}, as you do afterwards": images_first(dx.reshape(N, H, W, C)),
            "the shape is brought back by a reshape alone, without moving the channels back": (
                np.ascontiguousarray(moved).reshape(N, C, H, W)
            ),
        },
        "dgamma": {NOT_MOVED: dgamma},
        "dbeta": {NOT_MOVED: dbeta},
    }


def groupnorm_right(case):
    """Return the right output of group normalization, and what its way back needs."""
    gamma, beta = case["gamma"].ravel(), case["beta"].ravel()
    return group_norm_forward(case["x"], gamma, beta, int(case["G"]), eps=EPS, channel_axis=1)


def groupnorm_gradients(case):
    """Return the right (dx, dgamma, dbeta), the last two of shape (1, C, 1, 1)."""
    dx, dgamma, dbeta = group_norm_backward(case["dout"], groupnorm_right(case)[1])
    return dx, _beside(dgamma), _beside(dbeta)


def _grouped(case):
    N, C, H, W = case["x"].shape
    G = int(case["G"])
    return case["x"].reshape(N, G, C // G, H, W)


def groupnorm_forward(case):
    """Make the usual wrong outputs of group normalization."""
    x, G = case["x"], int(case["G"])
    N, C, H, W = x.shape
    groups, axes = _grouped(case), (2, 3, 4)
    mean, var = groups.mean(axis=axes, keepdims=True), groups.var(axis=axes, keepdims=True)
    right = groupnorm_right(case)[0]
    wrong = {
        "mean and variance are taken over the whole image, all groups together": _scaled(
            case, _by_axes(x, (1, 2, 3))
        ),
        "mean and variance are taken over each channel by itself": _scaled(case, _by_axes(x, (2, 3))),
        "mean and variance are taken over the batch as well": _scaled(
            case, _by_axes(groups, (0, 2, 3, 4)).reshape(x.shape)
        ),
        "mean and variance are taken over the channels of a group alone, one for each pixel": _scaled(
            case, _by_axes(groups, 2).reshape(x.shape)
        ),
        "gamma and beta are left out": _by_axes(groups, axes).reshape(x.shape),
        "it is divided by the variance instead of its square root": _scaled(
            case, ((groups - mean) / (var + EPS)).reshape(x.shape)
        ),
        "eps is added to the deviation instead of the variance": _scaled(
            case, ((groups - mean) / (np.sqrt(var) + EPS)).reshape(x.shape)
        ),
        "eps is left out": _scaled(case, _by_axes(groups, axes, eps=0).reshape(x.shape)),
        "gamma is left out": _by_axes(groups, axes).reshape(x.shape) + _beside(case["beta"]),
        "beta is left out": _by_axes(groups, axes).reshape(x.shape) * _beside(case["gamma"]),
        "the mean is not subtracted": _scaled(case, (groups / np.sqrt(var + EPS)).reshape(x.shape)),
        "the output has axes in front: gamma was reshaped once too often": right[None, None, None],
    }
    if 1 < G < C:
        every = x.reshape(N, C // G, G, H, W)
        wrong["every G-th channel makes a group. Groups are neighbors: reshape to (N, G, C // G, H, W)"] = (
            _scaled(case, _by_axes(every, (1, 3, 4)).reshape(x.shape))
        )
        if G * G != C:
            sizes = x.reshape(N, C // G, G, H, W)
            wrong["groups have G channels instead of C // G"] = _scaled(
                case, _by_axes(sizes, (2, 3, 4)).reshape(x.shape)
            )
    return wrong


def groupnorm_backward(case):
    """Make the usual wrong gradients of group normalization."""
    groups, axes = _grouped(case), (2, 3, 4)
    inverse_std = 1 / np.sqrt(groups.var(axis=axes, keepdims=True) + EPS)
    cache = {"normalized": _by_axes(groups, axes), "inverse_std": inverse_std, "shape": groups.shape}
    cache["normalized"] = cache["normalized"].reshape(case["x"].shape)
    wrong = _norm_backward(case, cache, axes, groupnorm_gradients(case))
    count = case["x"].size // case["x"].shape[1]
    for name in ("dgamma", "dbeta"):
        wrong[name] = {label: _beside(array) for label, array in wrong[name].items()}
    right = dict(zip(("dgamma", "dbeta"), groupnorm_gradients(case)[1:], strict=True))
    for name, array in right.items():
        wrong[name][f"it is summed over everything, all channels together ({count * array.size} values)"] = (
            np.full_like(array, array.sum())
        )
    return wrong
