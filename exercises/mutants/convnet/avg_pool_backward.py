"""Answers to average pooling's backward pass: right in several styles, wrong in the usual ways."""


def right_loops(dout, x, PH, PW, stride):
    """One loop for each index, the window included."""
    ### BEGIN SOLUTION avg-naive-backward
    dx = np.zeros_like(x)
    N, C, OH, OW = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    for u in range(PH):
                        for v in range(PW):
                            dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j] / (PH * PW)
    ### END SOLUTION
    return dx


def right_windows(dout, x, PH, PW, stride):
    """Spread each slope with a window of ones."""
    ### BEGIN SOLUTION avg-naive-backward
    dx = np.zeros_like(x)
    spread = np.ones((PH, PW)) / (PH * PW)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, cols = slice(i * stride, i * stride + PH), slice(j * stride, j * stride + PW)
            dx[:, :, rows, cols] += np.einsum("nc,uv->ncuv", dout[:, :, i, j], spread)
    ### END SOLUTION
    return dx


def right_over_offsets(dout, x, PH, PW, stride):
    """Loops over the offsets in the window; all windows at once."""
    ### BEGIN SOLUTION avg-naive-backward
    OH, OW = dout.shape[2:]
    dx = np.zeros(x.shape)
    for u in range(PH):
        for v in range(PW):
            dx[:, :, u : u + stride * OH : stride, v : v + stride * OW : stride] += dout
    dx /= PH * PW
    ### END SOLUTION
    return dx


EDITS = [
    ("wrong_not_divided", "Forgot to divide.", "right_over_offsets", "dx /= PH * PW", "dx = dx"),
    (
        "wrong_assign",
        "Assigned where windows overlap.",
        "right_windows",
        "dx[:, :, rows, cols] +=",
        "dx[:, :, rows, cols] =",
    ),
    ("wrong_height_only", "Divided by the height alone.", "right_over_offsets", "dx /= PH * PW", "dx /= PH"),
    (
        "wrong_max",
        "Sent the slope to the largest pixel.",
        "right_windows",
        'np.einsum("nc,uv->ncuv", dout[:, :, i, j], spread)',
        "(x[:, :, rows, cols] == x[:, :, rows, cols].max((2, 3), keepdims=True)) * dout[:, :, i : i + 1, j : j + 1]",
    ),
    (
        "wrong_times_pixel",
        "Multiplied by the pixel.",
        "right_over_offsets",
        "dx /= PH * PW",
        "dx = dx * x / (PH * PW)",
    ),
    (
        "wrong_stride",
        "Forgot the stride.",
        "right_loops",
        "dx[n, c, i * stride + u, j * stride + v]",
        "dx[n, c, i + u, j + v]",
    ),
    ("wrong_twice", "Divided twice.", "right_over_offsets", "dx /= PH * PW", "dx /= (PH * PW) ** 2"),
    (
        "wrong_square",
        "Used the height for both sides of the window.",
        "right_loops",
        "for v in range(PW):",
        "for v in range(min(PH, PW)):",
    ),
]
