"""Wrong answers that are made often, computed on purpose: the diagnosis compares with them.

Each function takes the arrays of one case (see ``lib.check.cnn.probes``) and returns ``{mistake: wrong
array}``. The mistake completes the sentence "this is what comes out when …".
"""

from __future__ import annotations

import numpy as np

from lib.grad_check import eval_numerical_gradient_array
from lib.ops import conv2d_backward, conv2d_forward, max_pool2d_backward, max_pool2d_forward

ADD = "Add (+=) instead of assigning (=)"
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
        f"only the last product of every window counts. {ADD}": out(w=_last_tap(w)),
        "windows are flattened with channels first, the weights with channels last": out(
            w=_channels_first(w)
        ),
        "negative outputs are set to zero. That is the job of an activation": np.maximum(out(), 0),
        SQUARE: _square(out()),
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


SQUARE = "the loops over rows and columns both end at the smaller of the two"


def _square(right):
    """Return an output with only as many rows and columns as there are of both."""
    side = min(right.shape[1:3])
    wrong = np.zeros_like(right)
    wrong[:, :side, :side] = right[:, :side, :side]
    return wrong


def _last_tap(w):
    """Return filters with their last weight alone."""
    last = np.zeros_like(w)
    last[-1, -1, -1] = w[-1, -1, -1]
    return last


def _channels_first(w):
    """Return filters (KH, KW, C, F) whose numbers were laid down as (C, KH, KW, F)."""
    KH, KW, C, F = w.shape
    return w.reshape(C, KH, KW, F).transpose(1, 2, 0, 3)


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
        shifted = np.pad(x, ((0, 0), (0, 2 * pad), (0, 2 * pad), (0, 0)))
        wrong["dw"]["the windows are read at (i * stride, j * stride) of images without their padding"] = (
            conv_gradients(case | {"x": shifted, "padding": np.array(0)})[1]
        )
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
        f"only the last image of the batch counts. {ADD}": gradients(keep(slice(-1, None))),
        "only the first image of the batch counts": gradients(keep(slice(1))),
        f"only the last window counts. {ADD}": gradients(keep(slice(None), -1, -1)),
        f"only the last window of the last image counts. {ADD}": gradients(keep(-1, -1, -1)),
    }
    wrong = {
        "dimg": {
            FLIPPED: gradients(w=cache.w[::-1, ::-1])[0],
            f"each window overwrites those before it, but windows overlap. {ADD}": _overwritten(case, dout),
            f"each window and each filter overwrites those before it, but windows overlap. {ADD}": _overwritten(
                case, keep(..., slice(-1, None))
            ),
            f"only the last filter counts. {ADD}": gradients(keep(..., slice(-1, None)))[0],
        },
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
    wrong["dw"]["windows are flattened with channels first, the weights with channels last"] = (
        gradients()[1].transpose(2, 0, 1, 3).reshape(cache.w.shape)
    )
    for name, found in _conv_backward_geometry(case).items():
        wrong[name] |= found
    return wrong


def _overwritten(case, dout):
    """Return dimg as it becomes when windows are assigned, in reading order, where they should be added."""
    x, w, stride, pad = case["x"], case["w"], int(case["stride"]), int(case["padding"])
    _, H, W, _ = x.shape
    size = w.shape[0]
    padded = np.zeros((len(x), H + 2 * pad, W + 2 * pad, x.shape[3]))
    for i, j in np.ndindex(*dout.shape[1:3]):
        rows, columns = (slice(at * stride, at * stride + size) for at in (i, j))
        padded[:, rows, columns] = np.tensordot(dout[:, i, j], w, axes=(1, 3))
    return padded[:, pad : pad + H, pad : pad + W]


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
        "the place of the maximum in its window is returned instead of its value": _places(case),
        "the last window of each row and column is missing. The first window counts as well: + 1": right[
            :, :-1, :-1
        ],
        SQUARE: right[:, : min(right.shape[1:3]), : min(right.shape[1:3])],
    }
    wrong |= {
        "windows that stick out are pooled as well": np.full(_sticking_out(case), np.nan),
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

    def keep(where):
        """Return the slopes of some images alone, zero elsewhere."""
        part = np.zeros_like(case["dout"])
        part[where] = case["dout"][where]
        return part

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
        "the smallest pixel of a window gets the slope": pool_gradient({**case, "x": -x}),
        "only the last image of the batch gets its slopes": pool_gradient(
            {**case, "dout": keep(slice(-1, None))}
        ),
        "only the first image of the batch gets its slopes": pool_gradient({**case, "dout": keep(slice(1))}),
        **_won_elsewhere(case),
    }


def _sticking_out(case):
    """Return the shape of an output that has a place for every window that begins inside the image."""
    N, H, W, C = case["x"].shape
    size, stride = int(case["pool_size"]), int(case["stride"])
    return N, 1 - (size - H) // stride, 1 - (size - W) // stride, C


def _winners(case):
    """Return (n, i, j, c) of every output pixel, and (u, v), the place of the maximum in its window."""
    x, size, stride = case["x"], int(case["pool_size"]), int(case["stride"])
    view = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    place = view.reshape(*view.shape[:4], -1).argmax(axis=-1)
    return np.indices(place.shape), (place // size, place % size)


def _places(case):
    """Return the place of the maximum in every window, counted row by row."""
    _, (u, v) = _winners(case)
    return (u * int(case["pool_size"]) + v).astype(float)


def _won_elsewhere(case):
    """Make the gradients whose slopes go to the wrong pixel, or overwrite each other."""
    x, dout, stride = case["x"], case["dout"], int(case["stride"])
    (n, i, j, c), (u, v) = _winners(case)
    dense = {**case, "stride": np.array(1)}
    (_, (p, q)), shape = _winners(dense), dout.shape
    p, q = p[:, : shape[1], : shape[2]], q[:, : shape[1], : shape[2]]
    best = x[n, i * stride + u, j * stride + v, c]
    everywhere = best == best.max(axis=-1, keepdims=True)

    def added(rows, columns, slopes=dout):
        dimg = np.zeros(x.shape)
        np.add.at(dimg, (n, rows, columns, c), slopes)
        return dimg

    assigned = np.zeros(x.shape)
    whole = np.zeros(x.shape)
    size = int(case["pool_size"])
    for a, b in np.ndindex(*shape[1:3]):
        at = (n[:, a, b], i[:, a, b] * stride + u[:, a, b], j[:, a, b] * stride + v[:, a, b], c[:, a, b])
        assigned[at] = dout[:, a, b]
        whole[:, a * stride : a * stride + size, b * stride : b * stride + size] = 0
        whole[at] = dout[:, a, b]
    return {
        f"a pixel keeps only the last of the slopes that it won. {ADD}": assigned,
        f"each window overwrites those before it, but windows overlap. {ADD}": whole,
        "the slope is added at the place in the window. The pixel is (i * stride + u, j * stride + v)": added(
            u, v
        ),
        "the stride is ignored: window (i, j) starts at pixel (i * stride, j * stride), not at (i, j)": added(
            i + p, j + q
        ),
        "the maximum is looked for in the window at (i, j), not at (i * stride, j * stride)": added(
            i * stride + p, j * stride + q
        ),
        "the maximum is taken over all channels together": added(
            i * stride + u, j * stride + v, dout * everywhere
        ),
    }
