"""Answers to max pooling's backward pass: right in several styles, wrong in the usual ways."""


def right_loops(dout, x, PH, PW, stride):
    """Found the winner with argmax, window by window."""
    ### BEGIN SOLUTION max-naive-backward
    dx = np.zeros_like(x)
    N, C, OH, OW = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    window = x[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW]
                    u, v = divmod(int(np.argmax(window)), PW)
                    dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j]
    ### END SOLUTION
    return dx


def right_mask(dout, x, PH, PW, stride):
    """Marked the winner of each window; there are no ties to speak of."""
    ### BEGIN SOLUTION max-naive-backward
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, cols = slice(i * stride, i * stride + PH), slice(j * stride, j * stride + PW)
            window = x[:, :, rows, cols]
            mask = window == window.max(axis=(2, 3), keepdims=True)
            dx[:, :, rows, cols] += mask * dout[:, :, i, j][:, :, None, None]
    ### END SOLUTION
    return dx


def right_add_at(dout, x, PH, PW, stride):
    """Wrote all positions down and added once."""
    ### BEGIN SOLUTION max-naive-backward
    N, C, OH, OW = dout.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (PH, PW), axis=(2, 3))[:, :, ::stride, ::stride]
    best = windows.reshape(N, C, OH, OW, -1).argmax(axis=-1)
    n, c, i, j = np.indices(dout.shape)
    dx = np.zeros_like(x)
    np.add.at(dx, (n, c, i * stride + best // PW, j * stride + best % PW), dout)
    ### END SOLUTION
    return dx


EDITS = [
    (
        "wrong_assign",
        "Assigned where windows overlap.",
        "right_loops",
        "j * stride + v] += dout",
        "j * stride + v] = dout",
    ),
    (
        "wrong_all_pixels",
        "Gave every pixel of the window the slope.",
        "right_mask",
        "mask * dout[:, :, i, j][:, :, None, None]",
        "dout[:, :, i, j][:, :, None, None]",
    ),
    (
        "wrong_shared",
        "Shared the slope out evenly.",
        "right_mask",
        "mask * dout[:, :, i, j][:, :, None, None]",
        "dout[:, :, i, j][:, :, None, None] / (PH * PW)",
    ),
    (
        "wrong_times_pixel",
        "Multiplied the slope by the pixel.",
        "right_mask",
        "mask * dout",
        "window * mask * dout",
    ),
    ("wrong_no_slope", "Wrote 1 instead of the slope.", "right_loops", "+= dout[n, c, i, j]", "+= 1"),
    (
        "wrong_min",
        "Sent the slope to the smallest pixel.",
        "right_loops",
        "np.argmax(window)",
        "np.argmin(window)",
    ),
    (
        "wrong_divmod",
        "Divided the position by the height of the window.",
        "right_loops",
        "divmod(int(np.argmax(window)), PW)",
        "divmod(int(np.argmax(window)), PH)",
    ),
    (
        "wrong_stride",
        "Forgot the stride where the slope goes.",
        "right_loops",
        "dx[n, c, i * stride + u, j * stride + v]",
        "dx[n, c, i + u, j + v]",
    ),
    (
        "wrong_one_image",
        "Went through the first image only.",
        "right_loops",
        "for n in range(N):",
        "for n in range(1):",
    ),
]
