"""Wrong answers that are made often with images (N, C, H, W), computed on purpose: the diagnosis compares with them.

Convolutions are turned around and compared with the mistakes that the layer classes know already. Each function
takes the arrays of one case (see ``lib.check.convnet.probes``) and returns ``{mistake: wrong array}``. The mistake
completes the sentence "this is what comes out when …".
"""

from __future__ import annotations

import numpy as np

from lib.check.cnn import alternatives as last
from lib.ops import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    conv2d_backward,
    conv2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)

ADD = "Add (+=) instead of assigning (=)"
LAST_WINDOW = "the last window of each row and column is missing. The first window counts as well: + 1"
SQUARE = "the {} of the window is used for both of its sides"
STRIDE = "the stride is ignored: window (i, j) starts at pixel (i * stride, j * stride), not at (i, j)"
CHANNELS_LAST = "windows are flattened with channels last, the weights with channels first"


def images_last(x):
    """Turn (N, C, H, W) around to (N, H, W, C)."""
    return x.transpose(0, 2, 3, 1)


def images_first(x):
    """Turn (N, H, W, C) around to (N, C, H, W)."""
    return x.transpose(0, 3, 1, 2)


def _channels_last(case):
    """Turn a convolution's case around to the letters of the layer classes."""
    turned = {"x": images_last(case["x"]), "w": case["w"].transpose(2, 3, 1, 0), "b": case["b"]}
    turned |= {"stride": case["stride"], "padding": case["pad"]}
    return turned | ({"dout": images_last(case["dout"])} if "dout" in case else {})


def conv_right(case):
    """Return the right output of a convolution (N, F, OH, OW), and what its way back needs."""
    out, cache = conv2d_forward(
        images_last(case["x"]),
        case["w"].transpose(2, 3, 1, 0),
        case["b"],
        stride=int(case["stride"]),
        pad=int(case["pad"]),
    )
    return images_first(out), cache


def conv_gradients(case):
    """Return the right (dx, dw, db) of a convolution."""
    dx, dw, db = conv2d_backward(images_last(case["dout"]), conv_right(case)[1])
    return images_first(dx), dw.transpose(3, 2, 0, 1), db


def conv_forward(case):
    """Make the usual wrong outputs of a convolution."""
    right, w = conv_right(case)[0], case["w"]
    KH, KW = w.shape[2:]
    wrong = {
        LAST_WINDOW: right[:, :, :-1, :-1],
        "the bias is left out": right - case["b"][:, None, None],
        CHANNELS_LAST: conv_right({**case, "w": _channels_mixed(w)})[0],
    }
    if KH != KW:
        # the other mistakes are spelled for square filters
        flipped = conv_right({**case, "w": w[:, :, ::-1, ::-1]})[0]
        return wrong | {"the filter is flipped. Lay it on the window as it stands": flipped}
    for label, array in last.conv_forward(_channels_last(case)).items():
        if "channels first" not in label:  # the weights of the layer classes lie the other way round
            wrong.setdefault(label, images_first(array))
    return wrong


def _channels_mixed(w):
    """Return the filters whose numbers, row by row, are those of ``w`` with the channels last."""
    F, C, KH, KW = w.shape
    return w.reshape(F, KH, KW, C).transpose(0, 3, 1, 2)


def conv_backward(case):
    """Make the usual wrong gradients of a convolution: one mapping for each of dx, dw and db."""
    _, dw, db = conv_gradients(case)
    count = case["dout"][:, 0].size
    found = {
        "dx": {f"each offset (u, v) overwrites those before it. {ADD}": _overwritten_by_offsets(case)},
        "dw": {CHANNELS_LAST: dw.transpose(0, 2, 3, 1).reshape(dw.shape)},
        "db": {"the mean is taken instead of the sum": db / count},
    }
    if case["w"].shape[2] != case["w"].shape[3]:
        return found
    wrong = last.conv_backward(_channels_last(case))
    for name, turned in (("dx", (0, 3, 1, 2)), ("dw", (3, 2, 0, 1)), ("db", None)):
        for label, array in wrong["dimg" if name == "dx" else name].items():
            if "channels first" not in label:
                found[name].setdefault(label, array if turned is None else array.transpose(turned))
    return found


def _overwritten_by_offsets(case):
    """Return dx as it becomes when the loops run over the offsets in the window, and assign."""
    x, w, dout = case["x"], case["w"], case["dout"]
    stride, pad, (H, W) = int(case["stride"]), int(case["pad"]), x.shape[2:]
    OH, OW = dout.shape[2:]
    padded = np.zeros((*x.shape[:2], H + 2 * pad, W + 2 * pad))
    for u, v in np.ndindex(*w.shape[2:]):
        rows, columns = slice(u, u + stride * OH, stride), slice(v, v + stride * OW, stride)
        padded[:, :, rows, columns] = np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
    return padded[:, :, pad : pad + H, pad : pad + W]


def _window(case):
    return (int(case["pool_height"]), int(case["pool_width"])), int(case["stride"])


_POOL = {"max": max_pool2d_forward, "avg": avg_pool2d_forward}
_POOL_BACK = {"max": max_pool2d_backward, "avg": avg_pool2d_backward}


def pool_right(case, kind):
    """Return the right output of a pooling, "max" or "avg", and what its way back needs."""
    window, stride = _window(case)
    out, cache = _POOL[kind](images_last(case["x"]), window, stride=stride)
    return images_first(out), cache


def pool_gradient(case, kind):
    """Return the right dx of a pooling."""
    return images_first(_POOL_BACK[kind](images_last(case["dout"]), pool_right(case, kind)[1]))


def cover(case):
    """Count how many windows see each pixel: shape (1, 1, H, W)."""
    one = {**case, "x": np.ones((1, 1, *case["x"].shape[2:]))}
    out, _ = pool_right(one, "avg")
    window, _ = _window(case)
    return np.round(pool_gradient({**one, "dout": np.full(out.shape, float(window[0] * window[1]))}, "avg"))


def pool_forward(case, kind):
    """Make the usual wrong outputs of a pooling."""
    x, ((PH, PW), stride) = case["x"], _window(case)
    right = pool_right(case, kind)[0]
    mean, largest = pool_right(case, "avg")[0], pool_right(case, "max")[0]
    smallest = -pool_right({**case, "x": -x}, "max")[0]
    wrong = {
        "the smallest pixel of a window is taken": smallest,
        "the sum of a window is taken, not divided by its number of pixels": mean * PH * PW,
        "negative pixels count as zero": pool_right({**case, "x": np.maximum(x, 0)}, kind)[0],
        "all channels are pooled together": np.broadcast_to(
            largest.max(axis=1, keepdims=True) if kind == "max" else mean.mean(axis=1, keepdims=True),
            right.shape,
        ),
        "all images are pooled together": np.broadcast_to(
            largest.max(axis=0) if kind == "max" else mean.mean(axis=0), right.shape
        ),
        LAST_WINDOW: right[:, :, :-1, :-1],
    }
    if kind == "max":
        wrong["the mean of a window is taken instead of the largest pixel"] = mean
        wrong["the largest absolute value is taken"] = pool_right({**case, "x": np.abs(x)}, kind)[0]
    else:
        wrong["the largest pixel of a window is taken instead of the mean"] = largest
        wrong["the mean is divided by the number of pixels once more"] = mean / (PH * PW)
        wrong["the sum is divided by the height of the window alone"] = mean * PW
        wrong["the sum is divided by the width of the window alone"] = mean * PH
        if PH != PW:
            wrong["the sum is divided by the height squared"] = mean * PW / PH
            wrong["the sum is divided by the width squared"] = mean * PH / PW
    if stride > 1:
        dense = pool_right({**case, "stride": np.array(1)}, kind)[0]
        wrong[STRIDE] = dense[:, :, : right.shape[2], : right.shape[3]]
        wrong["the stride is ignored"] = dense
    if stride != PH:
        swapped = {**case, "stride": np.array(PH)}
        wrong["the pool height is used as the stride"] = pool_right(swapped, kind)[0]
    if PH != PW and min(x.shape[2:]) >= max(PH, PW):
        turned = {**case, "pool_height": case["pool_width"], "pool_width": case["pool_height"]}
        wrong["height and width of the window are swapped"] = pool_right(turned, kind)[0]
    if PH != PW:
        for side, name in ((PH, "height"), (PW, "width")):
            wrong[SQUARE.format(name)] = _square_windows(case, kind, side)
    return wrong


def _square_windows(case, kind, side):
    """Return the output of windows of ``side`` by ``side`` that stand where the right ones do."""
    x, right, stride = case["x"], pool_right(case, kind)[0], int(case["stride"])
    found = np.zeros_like(right)
    for i, j in np.ndindex(*right.shape[2:]):
        window = x[:, :, i * stride : i * stride + side, j * stride : j * stride + side]
        found[:, :, i, j] = window.max(axis=(2, 3)) if kind == "max" else window.mean(axis=(2, 3))
    return found


def pool_backward(case, kind):
    """Make the usual wrong gradients of a pooling."""
    dout, ((PH, PW), stride) = case["dout"], _window(case)

    def dx(of=kind, **change):
        return pool_gradient({**case, **change}, of)

    def keep(*where):
        part = np.zeros_like(dout)
        part[where] = dout[where]
        return part

    wrong = {
        f"each window overwrites the windows before it. {ADD}": _overwritten(case, kind),
        "only the last image of the batch counts": dx(dout=keep(-1)),
        "only the first image of the batch counts": dx(dout=keep(0)),
        "only the first channel counts": dx(dout=keep(slice(None), 0)),
        "the slopes are left out: every window sends 1": dx(dout=np.ones_like(dout)),
    }
    if stride > 1:
        dense = {**case, "stride": np.array(1)}
        slopes = np.zeros_like(pool_right(dense, kind)[0])
        slopes[:, :, : dout.shape[2], : dout.shape[3]] = dout
        wrong[STRIDE] = pool_gradient({**dense, "dout": slopes}, kind)
    if kind == "avg":
        wrong["every pixel of a window gets the whole slope. Divide by the number of pixels"] = dx() * PH * PW
        wrong["the slope is divided by the height of the window alone"] = dx() * PW
        wrong["the slope is divided by the width of the window alone"] = dx() * PH
        wrong["the slope goes to the largest pixel alone, as in max pooling"] = dx("max")
        wrong["the slope is multiplied by the pixel"] = dx() * case["x"]
        wrong["the slope is multiplied by the pixel, and not divided"] = dx() * PH * PW * case["x"]
        wrong["the slope is divided by the number of pixels twice"] = dx() / (PH * PW)
        if PH != PW:
            for side, name in ((PH, "height"), (PW, "width")):
                wrong[SQUARE.format(name)] = _spread(case, side, side * side)
                wrong[f"{SQUARE.format(name)} where the slope is added"] = _spread(case, side, PH * PW)
    else:
        wrong["every pixel of a window gets the whole slope. Only the largest pixel does"] = (
            dx("avg") * PH * PW
        )
        wrong["the slope is shared by all pixels of a window. The largest pixel gets all of it"] = dx("avg")
        wrong["the slope is multiplied by the pixel"] = dx() * case["x"]
        wrong["the slope goes to the smallest pixel"] = dx(x=-case["x"])
        wrong |= _at_wrong_places(case)
    return wrong


def _spread(case, side, count):
    """Return dx of an average whose windows have ``side`` by ``side`` pixels, each given 1/count of the slope."""
    dout, stride = case["dout"], int(case["stride"])
    found = np.zeros(case["x"].shape)
    for i, j in np.ndindex(*dout.shape[2:]):
        rows, columns = (slice(at * stride, at * stride + side) for at in (i, j))
        found[:, :, rows, columns] += dout[:, :, i : i + 1, j : j + 1] / count
    return found


def _at_wrong_places(case):
    """Make the gradients of max pooling whose slopes go to another pixel than the one that won."""
    x, dout, ((PH, PW), stride) = case["x"], case["dout"], _window(case)
    view = np.lib.stride_tricks.sliding_window_view(x, (PH, PW), axis=(2, 3))[:, :, ::stride, ::stride]
    best = view.reshape(*dout.shape, -1).argmax(axis=-1)
    n, c, i, j = np.indices(dout.shape)
    places = {
        "the slope is added at (i + u, j + v). The pixel is (i * stride + u, j * stride + v)": (
            i + best // PW,
            j + best % PW,
        ),
        "the slope is added at the place in the window. The pixel is (i * stride + u, j * stride + v)": (
            best // PW,
            best % PW,
        ),
        "the place in the window is divided by its height. Rows have the window's width: divmod(place, PW)": (
            i * stride + best // PH,
            j * stride + best % PH,
        ),
        "row and column of the winner are swapped": (i * stride + best % PW, j * stride + best // PW),
    }
    wrong = {}
    for label, (rows, columns) in places.items():
        if rows.max() < x.shape[2] and columns.max() < x.shape[3]:
            wrong[label] = np.zeros(x.shape)
            np.add.at(wrong[label], (n, c, rows, columns), dout)
    return wrong


def _overwritten(case, kind):
    """Return dx as it becomes when windows are assigned, in reading order, where they should be added."""
    dout, ((PH, PW), stride) = case["dout"], _window(case)
    found = np.zeros(case["x"].shape)
    for i, j in np.ndindex(*dout.shape[2:]):
        rows, columns = slice(i * stride, i * stride + PH), slice(j * stride, j * stride + PW)
        x = case["x"][:, :, rows, columns]
        part = {**case, "x": x, "dout": dout[:, :, i : i + 1, j : j + 1], "stride": np.array(1)}
        one = pool_gradient(part, kind)
        # a maximum is assigned to one pixel, a mean to the whole window
        found[:, :, rows, columns] = (
            np.where(one != 0, one, found[:, :, rows, columns]) if kind == "max" else one
        )
    return found
