"""Answers to the max pooling of one image in NumPy: right in several styles, wrong in the usual ways."""


def right_four_loops(image, size, stride):
    """A loop for each index, and a comparison."""
    ### BEGIN SOLUTION intro-max-pool
    rows = (image.shape[0] - size) // stride + 1
    cols = (image.shape[1] - size) // stride + 1
    out = np.full((rows, cols), -np.inf)
    for i in range(rows):
        for j in range(cols):
            for u in range(size):
                for v in range(size):
                    if image[i * stride + u, j * stride + v] > out[i, j]:
                        out[i, j] = image[i * stride + u, j * stride + v]
    ### END SOLUTION
    return out


def right_windows(image, size, stride):
    """A view of all windows."""
    ### BEGIN SOLUTION intro-max-pool
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    out = windows[::stride, ::stride].max(axis=(2, 3))
    ### END SOLUTION
    return out


def right_shifted(image, size, stride):
    """The larger of shifted copies of the image."""
    ### BEGIN SOLUTION intro-max-pool
    h = 1 + (image.shape[0] - size) // stride
    w = 1 + (image.shape[1] - size) // stride
    out = None
    for u in range(size):
        for v in range(size):
            part = image[u : u + (h - 1) * stride + 1 : stride, v : v + (w - 1) * stride + 1 : stride]
            out = part.copy() if out is None else np.maximum(out, part)
    ### END SOLUTION
    return out


EDITS = [
    ("wrong_mean", "took the mean", "right_windows", ".max(axis=(2, 3))", ".mean(axis=(2, 3))"),
    ("wrong_min", "took the smallest", "right_windows", ".max(axis=(2, 3))", ".min(axis=(2, 3))"),
    (
        "wrong_from_zero",
        "began each window at 0",
        "right_four_loops",
        "np.full((rows, cols), -np.inf)",
        "np.zeros((rows, cols))",
    ),
    (
        "wrong_stride_is_size",
        "took the size for the stride",
        "right_windows",
        "[::stride, ::stride]",
        "[::size, ::size]",
    ),
    (
        "wrong_no_stride",
        "moved by one pixel",
        "reference",
        "top, left = i * stride, j * stride",
        "top, left = i, j",
    ),
    (
        "wrong_absolute",
        "compared absolute values",
        "right_windows",
        "sliding_window_view(image,",
        "sliding_window_view(np.abs(image),",
    ),
    (
        "wrong_rest",
        "counted windows that stick out",
        "reference",
        "OH = (image.shape[0] - size) // stride + 1",
        "OH = -(-(image.shape[0] - size) // stride) + 1",
    ),
    (
        "wrong_square",
        "took the height for both directions",
        "right_four_loops",
        "cols = (image.shape[1] - size) // stride + 1",
        "cols = rows",
    ),
    (
        "wrong_window",
        "windows of 2x2, whatever the size",
        "reference",
        "image[top : top + size, left : left + size]",
        "image[top : top + 2, left : left + 2]",
    ),
    (
        "wrong_too_few",
        "one window too few",
        "reference",
        "OW = (image.shape[1] - size) // stride + 1",
        "OW = (image.shape[1] - size) // stride",
    ),
]
