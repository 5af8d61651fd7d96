"""Answers to the functional convolution's forward pass: right in several styles, wrong in the usual ways."""


def right_loops(x, w, b, stride, pad):
    """One loop for each index of the formula."""
    ### BEGIN SOLUTION conv-naive-forward
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad : pad + H, pad : pad + W] = x
    OH = 1 + (H + 2 * pad - KH) // stride
    OW = 1 + (W + 2 * pad - KW) // stride
    out = np.zeros((N, F, OH, OW))
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    for c in range(C):
                        for u in range(KH):
                            for v in range(KW):
                                pixel = padded[n, c, i * stride + u, j * stride + v]
                                out[n, f, i, j] += pixel * w[f, c, u, v]
                    out[n, f, i, j] += b[f]
    ### END SOLUTION
    return out


def right_window_sums(x, w, b, stride, pad):
    """Four loops, and one sum over the window."""
    ### BEGIN SOLUTION conv-naive-forward
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    H1, W1 = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
    x_pad = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant", constant_values=0)
    out = np.zeros((N, F, H1, W1))
    for n in range(N):
        for f in range(F):
            for h in range(H1):
                for k in range(W1):
                    window = x_pad[n, :, h * stride : h * stride + HH, k * stride : k * stride + WW]
                    out[n, f, h, k] = np.sum(window * w[f, :]) + b[f]
    ### END SOLUTION
    return out


def right_im2col(x, w, b, stride, pad):
    """Wrote every window as a column of a matrix and multiplied once."""
    ### BEGIN SOLUTION conv-naive-forward
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH, OW = (H + 2 * pad - KH) // stride + 1, (W + 2 * pad - KW) // stride + 1
    x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)))
    columns = np.empty((C * KH * KW, N * OH * OW))
    for place in range(OH * OW):
        i, j = divmod(place, OW)
        window = x_pad[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
        columns[:, place :: OH * OW] = window.reshape(N, -1).T
    out = (w.reshape(F, -1) @ columns + b[:, None]).reshape(F, N, OH, OW).transpose(1, 0, 2, 3)
    ### END SOLUTION
    return out


def right_strides(x, w, b, stride, pad):
    """A view of all windows, and one einsum."""
    ### BEGIN SOLUTION conv-naive-forward
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))
    out = np.einsum("ncijuv,fcuv->nfij", windows[:, :, ::stride, ::stride], w) + b.reshape(1, -1, 1, 1)
    ### END SOLUTION
    return out


def wrong_flipped(x, w, b, stride, pad):
    """Flipped the filters, as mathematicians do."""
    ### BEGIN SOLUTION conv-naive-forward
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))
    out = np.einsum("ncijuv,fcuv->nfij", windows[:, :, ::stride, ::stride], w[:, :, ::-1, ::-1])
    out = out + b.reshape(1, -1, 1, 1)
    ### END SOLUTION
    return out


EDITS = [
    (
        "wrong_no_padding",
        "Forgot to pad; kept the output size.",
        "right_loops",
        "padded[:, :, pad : pad + H, pad : pad + W] = x",
        "padded[:, :, :H, :W] = x",
    ),
    ("wrong_no_bias", "Forgot the bias.", "right_window_sums", " + b[f]", ""),
    (
        "wrong_bias_in_loop",
        "Added the bias in the innermost loop.",
        "right_loops",
        "* w[f, c, u, v]",
        "* w[f, c, u, v] + b[f]",
    ),
    (
        "wrong_stride",
        "Ignored the stride when cutting the window.",
        "right_window_sums",
        "x_pad[n, :, h * stride : h * stride + HH, k * stride : k * stride + WW]",
        "x_pad[n, :, h : h + HH, k : k + WW]",
    ),
    (
        "wrong_mean",
        "Took the mean of the products.",
        "right_window_sums",
        "np.sum(window * w[f, :])",
        "np.mean(window * w[f, :])",
    ),
    (
        "wrong_assign",
        "Assigned instead of adding up.",
        "right_loops",
        "out[n, f, i, j] += pixel",
        "out[n, f, i, j] = pixel",
    ),
    (
        "wrong_size",
        "Forgot the first window in the output size.",
        "right_strides",
        "[:, :, ::stride, ::stride]",
        "[:, :, : -1 : stride, : -1 : stride]",
    ),
    (
        "wrong_one_channel",
        "Looked at the first plane only.",
        "right_window_sums",
        "np.sum(window * w[f, :])",
        "np.sum(window[0] * w[f, 0])",
    ),
    (
        "wrong_pad_once",
        "Padded at the end only.",
        "right_window_sums",
        "(pad, pad), (pad, pad)]",
        "(0, 2 * pad), (0, 2 * pad)]",
    ),
    (
        "wrong_square",
        "Used the height for both directions.",
        "right_loops",
        "OW = 1 + (W + 2 * pad - KW) // stride",
        "OW = OH",
    ),
]
