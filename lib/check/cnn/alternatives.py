"""Wrong answers that are made often, computed on purpose: the diagnosis compares with them.

Each function takes the arrays of one case (see ``lib.check.cnn.probes``) and returns ``{mistake: wrong
array}``. The mistake completes the sentence "this is what comes out when …".
"""

from __future__ import annotations

import numpy as np

from lib.grad_check import eval_numerical_gradient_array
from lib.ops import conv2d_backward, conv2d_forward, max_pool2d_backward, max_pool2d_forward

FLIPPED = "the kernel is flipped. Lay it on the window as it stands, without turning it"
LEFT_OUT = "the padding is left out"
AT_THE_END = "padded at the bottom and right only: the padding goes on all four sides"


def conv_right(case):
    """Return the right output of a convolution, and what its way back needs."""
    return conv2d_forward(
        case["x"], case["w"], case["b"], stride=int(case["stride"]), pad=int(case["padding"])
    )


def conv_gradients(case):
    """Return the right (dimg, dw, db) of a convolution."""
    return conv2d_backward(case["dout"], conv_right(case)[1])


def conv_measured(case):
    """Measure (dimg, dw, db) of a convolution: nudge one number at a time and run forward again.

    Forward is linear in each of the three, so central differences have no error but that of rounding.
    """
    moved = {name: np.array(case[name], dtype=np.float64) for name in ("x", "w", "b")}
    nudged = case | moved  # the same arrays: forward sees what is nudged in place
    return tuple(
        eval_numerical_gradient_array(lambda _: conv_right(nudged)[0], array, case["dout"], h=1e-3)
        for array in moved.values()
    )


def pool_right(case):
    """Return the right output of max pooling, and what its way back needs."""
    window = (int(case["pool_size"]),) * 2
    return max_pool2d_forward(case["x"], window, stride=int(case["stride"]))


def pool_gradient(case):
    """Return the right dimg of max pooling."""
    return max_pool2d_backward(case["dout"], pool_right(case)[1])


def cover(shape, window, stride, pad=0):
    """Count how many windows see each pixel of images of ``shape``: shape (1, H, W, 1)."""
    x = np.zeros((1, *shape[1:3], 1))
    out, cache = conv2d_forward(x, np.ones((window, window, 1, 1)), np.zeros(1), stride=stride, pad=pad)
    return np.round(conv2d_backward(np.ones_like(out), cache)[0])


def _fits(case, pad):
    """Tell whether a window fits the images of a case with another padding."""
    return min(case["x"].shape[1:3]) + 2 * pad >= case["w"].shape[0]


def conv_forward(case):
    """Make the usual wrong outputs of a convolution."""
    x, w, b = case["x"], case["w"], case["b"]
    stride, pad = int(case["stride"]), int(case["padding"])

    def out(x=x, w=w, b=b, stride=stride, pad=pad):
        return conv2d_forward(x, w, b, stride=stride, pad=pad)[0]

    taps = w[..., 0].size
    wrong = {
        FLIPPED: out(w=w[::-1, ::-1]),
        "rows and columns of the kernel are swapped": out(w=w.transpose(1, 0, 2, 3)),
        "the bias is left out": out(b=np.zeros_like(b)),
        "the bias is subtracted": out(b=-b),
        "the bias is added once for every number in the window instead of once": out(b=b * taps),
        "the bias is added once for every offset (u, v) of the window instead of once": out(
            b=b * w.shape[0] * w.shape[1]
        ),
        "the bias is added once for every channel instead of once": out(b=b * x.shape[3]),
        "the mean over the window is taken instead of the sum": out(w=w / taps),
        "only the first channel of the images is used": out(x=x[..., :1], w=w[:, :, :1]),
    }
    if pad:
        width = ((0, 0), (pad, pad), (pad, pad), (0, 0))
        wrong["the border is filled with copies of the edge instead of zeros"] = out(
            np.pad(x, width, "edge"), pad=0
        )
        if _fits(case, 0):
            wrong[LEFT_OUT] = out(pad=0)
        if _fits(case, 2 * pad):
            wrong["the padding is applied twice"] = out(pad=2 * pad)
        # Outputs may be cut to the right size, and a half-padded image may hold as many zeros as a whole one.
        for label, sides in {
            "padded at the top and left only: the padding goes on all four sides": (pad, 0),
            AT_THE_END: (0, pad),
            "in the lower right corner of the padded array instead of its middle": (2 * pad, 0),
            "in the upper left corner of the padded array, not at [p : p + H, p : p + W]": (0, 2 * pad),
        }.items():
            if min(x.shape[1:3]) + sum(sides) >= w.shape[0]:
                wrong[f"the image is {label}"] = out(x=np.pad(x, ((0, 0), sides, sides, (0, 0))), pad=0)
        # With a stride, zeros at the end may be left over unread: then both mistakes give the same numbers.
        left_out, half = wrong.get(LEFT_OUT), wrong.get(f"the image is {AT_THE_END}")
        if left_out is not None and left_out.shape == half.shape and np.allclose(left_out, half):
            wrong = {f"{LEFT_OUT}, or is at the bottom and right only": wrong.pop(LEFT_OUT)} | wrong
    if stride > 1:
        wrong |= _stride_ignored(out(stride=1), out().shape)
    return wrong


def _stride_ignored(dense, shape):
    """Name the outputs at stride 1: all of them, or as many as were wanted."""
    return {
        "the stride is ignored": dense,
        "the stride is ignored: window (i, j) starts at pixel (i * stride, j * stride), not at (i, j)": dense[
            :, : shape[1], : shape[2]
        ],
    }


def _conv_backward_geometry(case):
    """Make the gradients whose windows or crop stand in the wrong place."""
    x, dout, pad = case["x"], case["dout"], int(case["padding"])
    H, W = x.shape[1:3]
    wrong = {"dimg": {}, "dw": {}}
    if int(case["stride"]) > 1:
        dense = case | {"stride": np.array(1)}
        slopes = np.zeros_like(conv_right(dense)[0])
        slopes[:, : dout.shape[1], : dout.shape[2]] = dout
        dimg, dw, _ = conv_gradients(dense | {"dout": slopes})
        label = "the stride is ignored: window (i, j) starts at pixel (i * stride, j * stride), not at (i, j)"
        wrong["dimg"][label], wrong["dw"][label] = dimg, dw
    if pad:
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        whole = conv_gradients(case | {"x": padded, "padding": np.array(0)})[0]
        kept = "Wanted is [p : p + H, p : p + W]"
        wrong["dimg"] |= {
            f"[:H, :W] of the padded gradient is returned. {kept}": whole[:, :H, :W],
            f"[2 * p :, 2 * p :] of the padded gradient is returned. {kept}": whole[:, 2 * pad :, 2 * pad :],
        }
    return wrong


def conv_backward(case):
    """Make the usual wrong gradients of a convolution: one mapping for each of dimg, dw and db."""
    cache = conv_right(case)[1]
    dout = case["dout"]

    def gradients(dout=dout, **change):
        return conv2d_backward(dout, cache._replace(**change))

    def keep(*where):
        """Return the slopes of the outputs at ``where`` alone, zero elsewhere."""
        part = np.zeros_like(dout)
        part[where] = dout[where]
        return part

    partial = {
        "only the last image of the batch counts. Add (+=) instead of assigning (=)": gradients(
            keep(slice(-1, None))
        ),
        "only the first image of the batch counts": gradients(keep(slice(1))),
        "only the last window counts. Add (+=) instead of assigning (=)": gradients(
            keep(slice(None), -1, -1)
        ),
        "only the last window of the last image counts. Add (+=) instead of assigning (=)": gradients(
            keep(-1, -1, -1)
        ),
    }
    wrong = {
        "dimg": {FLIPPED: gradients(w=cache.w[::-1, ::-1])[0]},
        "dw": {label: found[1] for label, found in partial.items()},
        "db": {label: found[2] for label, found in partial.items()},
    }
    wrong["dw"][FLIPPED] = gradients()[1][::-1, ::-1]
    wrong["db"]["the slopes are averaged over the batch instead of summed"] = dout.mean(axis=0).sum(
        axis=(0, 1)
    )
    wrong["db"]["the slopes are averaged over the image instead of summed"] = dout.mean(axis=(1, 2)).sum(
        axis=0
    )
    for name, found in _conv_backward_geometry(case).items():
        wrong[name] |= found
    return wrong


def _channelwise(case, value):
    """Return a bank of filters that adds up a window channel by channel, times ``value``."""
    size, channels = int(case["pool_size"]), case["x"].shape[3]
    return np.broadcast_to(np.eye(channels) * value, (size, size, channels, channels)).copy()


def pool_forward(case):
    """Make the usual wrong outputs of max pooling."""
    x, size, stride = case["x"], int(case["pool_size"]), int(case["stride"])

    def out(x=x, stride=stride):
        return max_pool2d_forward(x, (size, size), stride=stride)[0]

    total = conv2d_forward(x, _channelwise(case, 1.0), np.zeros(x.shape[3]), stride=stride)[0]
    right = out()
    wrong = {
        "the smallest pixel of a window is taken": -out(-x),
        "the mean of a window is taken instead of the largest pixel": total / size**2,
        "the sum of a window is taken instead of the largest pixel": total,
        "the largest absolute value is taken": out(np.abs(x)),
        "the maximum is taken over all channels together": np.broadcast_to(
            right.max(axis=3, keepdims=True), right.shape
        ),
        "the maximum is taken over all images together": np.broadcast_to(right.max(axis=0), right.shape),
        "negative pixels count as zero": out(np.maximum(x, 0)),
    }
    if stride != 1:
        wrong |= _stride_ignored(out(stride=1), right.shape)
    if stride != size:
        wrong["the pool size is used as the stride"] = out(stride=size)
    return wrong


def pool_backward(case):
    """Make the usual wrong gradients of max pooling."""
    x, stride = case["x"], int(case["stride"])
    right, ones = pool_gradient(case), np.ones_like(case["dout"])

    def spread(value):
        weights = _channelwise(case, value)
        cache = conv2d_forward(x, weights, np.zeros(x.shape[3]), stride=stride)[1]
        return conv2d_backward(case["dout"], cache)[0]

    return {
        "every pixel of a window gets the whole slope. Only the largest pixel does": spread(1.0),
        "the slope is shared by all pixels of a window. The largest pixel gets all of it": spread(
            1 / int(case["pool_size"]) ** 2
        ),
        "the slope is multiplied by the pixel": right * x,
        "the largest pixel gets 1 instead of the slope": (right != 0).astype(float),
        "the number of windows that a pixel won is returned instead of their slopes": pool_gradient(
            {**case, "dout": ones}
        ),
    }
