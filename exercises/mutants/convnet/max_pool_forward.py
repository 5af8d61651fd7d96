"""Answers to max pooling's forward pass: right in several styles, wrong in the usual ways."""


def right_loops(x, PH, PW, stride):
    """One loop for each index."""
    ### BEGIN SOLUTION max-naive-forward
    N, C, H, W = x.shape
    OH = (H - PH) // stride + 1
    OW = (W - PW) // stride + 1
    out = np.zeros((N, C, OH, OW))
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    window = x[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW]
                    out[n, c, i, j] = np.max(window)
    ### END SOLUTION
    return out


def right_view(x, PH, PW, stride):
    """A view of all windows."""
    ### BEGIN SOLUTION max-naive-forward
    windows = np.lib.stride_tricks.sliding_window_view(x, (PH, PW), axis=(2, 3))
    out = windows[:, :, ::stride, ::stride].max(axis=(4, 5))
    ### END SOLUTION
    return out


def right_over_offsets(x, PH, PW, stride):
    """Loops over the offsets in the window; all windows at once."""
    ### BEGIN SOLUTION max-naive-forward
    OH, OW = 1 + (x.shape[2] - PH) // stride, 1 + (x.shape[3] - PW) // stride
    planes = [
        x[:, :, u : u + stride * OH : stride, v : v + stride * OW : stride]
        for u in range(PH)
        for v in range(PW)
    ]
    out = np.maximum.reduce(planes)
    ### END SOLUTION
    return out


EDITS = [
    ("wrong_min", "Took the smallest value.", "right_loops", "np.max(window)", "np.min(window)"),
    ("wrong_sum", "Took the sum.", "right_loops", "np.max(window)", "np.sum(window)"),
    (
        "wrong_other_pooling",
        "Took the other kind of pooling.",
        "right_loops",
        "np.max(window)",
        "np.mean(window)",
    ),
    (
        "wrong_stride",
        "Ignored the stride.",
        "right_loops",
        "x[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW]",
        "x[n, c, i : i + PH, j : j + PW]",
    ),
    (
        "wrong_size",
        "Forgot the first window in the number of rows.",
        "right_loops",
        "OH = (H - PH) // stride + 1",
        "OH = (H - PH) // stride",
    ),
    (
        "wrong_square",
        "Used the height for both sides of the window.",
        "right_loops",
        "j * stride : j * stride + PW]",
        "j * stride : j * stride + PH]",
    ),
    (
        "wrong_channels",
        "Pooled over the channels as well.",
        "right_view",
        ".max(axis=(4, 5))",
        ".max(axis=(1, 4, 5))[:, None].repeat(x.shape[1], axis=1)",
    ),
    (
        "wrong_one_image",
        "Pooled the first image only.",
        "right_loops",
        "for n in range(N):",
        "for n in range(1):",
    ),
]
