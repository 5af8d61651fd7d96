"""Answers to the functional convolution's backward pass: right in several styles, wrong in the usual ways."""


def right_loops(dout, x, w, b, stride, pad):
    """Four loops, three sums."""
    ### BEGIN SOLUTION conv-naive-backward
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    top, left = i * stride, j * stride
                    db[f] += dout[n, f, i, j]
                    dw[f] += x_pad[n, :, top : top + KH, left : left + KW] * dout[n, f, i, j]
                    dx_pad[n, :, top : top + KH, left : left + KW] += w[f] * dout[n, f, i, j]
    dx = dx_pad[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION
    return dx, dw, db


def right_over_offsets(dout, x, w, b, stride, pad):
    """Loops over the offsets in the window; all windows at once."""
    ### BEGIN SOLUTION conv-naive-backward
    H, W = x.shape[2:]
    KH, KW = w.shape[2:]
    OH, OW = dout.shape[2:]
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx_pad, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
    for u in range(KH):
        for v in range(KW):
            rows, cols = slice(u, u + stride * OH, stride), slice(v, v + stride * OW, stride)
            dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[:, :, rows, cols])
            dx_pad[:, :, rows, cols] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
    db = dout.sum((0, 2, 3))
    dx = dx_pad[:, :, pad : H + pad, pad : W + pad]
    ### END SOLUTION
    return dx, dw, db


def right_matrix(dout, x, w, b, stride, pad):
    """One matrix product for dw, one for dx, and a loop that folds."""
    ### BEGIN SOLUTION conv-naive-backward
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    _, _, OH, OW = dout.shape
    x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, (KH, KW), axis=(2, 3))[:, :, ::stride, ::stride]
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(N * OH * OW, C * KH * KW)
    slopes = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    dw = (slopes.T @ rows).reshape(w.shape)
    db = slopes.sum(axis=0)
    back = (slopes @ w.reshape(F, -1)).reshape(N, OH, OW, C, KH, KW)
    dx_pad = np.zeros(x_pad.shape)
    for i in range(OH):
        for j in range(OW):
            dx_pad[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW] += back[:, i, j]
    dx = dx_pad[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION
    return dx, dw, db


EDITS = [
    (
        "wrong_crop",
        "Cut the padding with [pad:-pad], which is empty for padding 0.",
        "right_loops",
        "dx_pad[:, :, pad : pad + H, pad : pad + W]",
        "dx_pad[:, :, pad:-pad, pad:-pad]",
    ),
    (
        "wrong_no_crop",
        "Forgot to cut the padding off.",
        "right_loops",
        "dx = dx_pad[:, :, pad : pad + H, pad : pad + W]",
        "dx = dx_pad",
    ),
    (
        "wrong_corner",
        "Cut the padding at one side only.",
        "right_loops",
        "dx_pad[:, :, pad : pad + H, pad : pad + W]",
        "dx_pad[:, :, :H, :W]",
    ),
    (
        "wrong_dx_assign",
        "Assigned dx where windows overlap.",
        "right_over_offsets",
        "dx_pad[:, :, rows, cols] +=",
        "dx_pad[:, :, rows, cols] =",
    ),
    (
        "wrong_dw_assign",
        "Assigned dw, so the last window counts.",
        "right_loops",
        "dw[f] += x_pad",
        "dw[f] = x_pad",
    ),
    ("wrong_db_assign", "Assigned db.", "right_loops", "db[f] += dout", "db[f] = dout"),
    ("wrong_sign", "Lost the sign of dw.", "right_matrix", "(slopes.T @ rows)", "(-slopes.T @ rows)"),
    (
        "wrong_db_mean",
        "Took the mean for db.",
        "right_over_offsets",
        "dout.sum((0, 2, 3))",
        "dout.mean((0, 2, 3))",
    ),
    (
        "wrong_stride",
        "Ignored the stride in dx.",
        "right_loops",
        "dx_pad[n, :, top : top + KH, left : left + KW] += w[f]",
        "dx_pad[n, :, i : i + KH, j : j + KW] += w[f]",
    ),
    (
        "wrong_unpadded",
        "Read the windows from images without padding, moved by one.",
        "right_loops",
        "x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))",
        "x_pad = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))",
    ),
    (
        "wrong_flipped",
        "Flipped the filter on the way back.",
        "right_loops",
        "+= w[f] * dout[n, f, i, j]",
        "+= w[f, :, ::-1, ::-1] * dout[n, f, i, j]",
    ),
]
