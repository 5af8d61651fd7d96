"""Answers to the convolution of one image in NumPy: right in several styles, wrong in the usual ways."""


def right_four_loops(image, kernel, stride, padding):
    """A loop for each index, the padding by hand."""
    ### BEGIN SOLUTION intro-correlate
    rows, cols = image.shape
    big = np.zeros((rows + 2 * padding, cols + 2 * padding))
    for r in range(rows):
        for c in range(cols):
            big[r + padding, c + padding] = image[r, c]
    kr, kc = kernel.shape
    n_rows = (rows + 2 * padding - kr) // stride + 1
    n_cols = (cols + 2 * padding - kc) // stride + 1
    out = np.zeros((n_rows, n_cols))
    for i in range(n_rows):
        for j in range(n_cols):
            total = 0.0
            for u in range(kr):
                for v in range(kc):
                    total += big[i * stride + u, j * stride + v] * kernel[u, v]
            out[i, j] = total
    ### END SOLUTION
    return out


def right_offsets(image, kernel, stride, padding):
    """One shifted copy of the image for each weight of the kernel."""
    ### BEGIN SOLUTION intro-correlate
    p = np.pad(image, padding, mode="constant")
    kh, kw = kernel.shape
    h = int(np.floor((p.shape[0] - kh) / stride)) + 1
    w = int(np.floor((p.shape[1] - kw) / stride)) + 1
    out = np.zeros((h, w))
    for u in range(kh):
        for v in range(kw):
            seen = p[u : u + stride * (h - 1) + 1 : stride, v : v + stride * (w - 1) + 1 : stride]
            out += kernel[u, v] * seen
    ### END SOLUTION
    return out


def right_windows(image, kernel, stride, padding):
    """A view of all windows, and one tensor product."""
    ### BEGIN SOLUTION intro-correlate
    padded = np.pad(image, ((padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    out = np.einsum("ijuv,uv->ij", windows, kernel)
    ### END SOLUTION
    return out


def right_list(image, kernel, stride, padding):
    """Rows collected in lists."""
    ### BEGIN SOLUTION intro-correlate
    padded = np.pad(image, padding)
    found = []
    for top in range(0, padded.shape[0] - kernel.shape[0] + 1, stride):
        row = []
        for left in range(0, padded.shape[1] - kernel.shape[1] + 1, stride):
            window = padded[top : top + kernel.shape[0], left : left + kernel.shape[1]]
            row.append(np.sum(window * kernel))
        found.append(row)
    out = np.array(found)
    ### END SOLUTION
    return out


EDITS = [
    (
        "wrong_flipped",
        "turned the kernel, as mathematics has it",
        "right_offsets",
        "kernel[u, v] *",
        "kernel[-1 - u, -1 - v] *",
    ),
    (
        "wrong_no_padding",
        "forgot the padding",
        "right_windows",
        "np.pad(image, ((padding, padding), (padding, padding)))",
        "image",
    ),
    (
        "wrong_one_side",
        "padded top and left only",
        "right_windows",
        "((padding, padding), (padding, padding))",
        "((padding, 0), (padding, 0))",
    ),
    (
        "wrong_stride_in_the_window",
        "left the stride out of where a window begins",
        "reference",
        "top, left = i * stride, j * stride",
        "top, left = i, j",
    ),
    (
        "wrong_too_early",
        "one window too few in each direction",
        "right_list",
        "padded.shape[0] - kernel.shape[0] + 1, stride",
        "padded.shape[0] - kernel.shape[0], stride",
    ),
    (
        "wrong_square",
        "took the height for both directions",
        "reference",
        "(padded.shape[1] - KW) // stride + 1",
        "(padded.shape[0] - KH) // stride + 1",
    ),
    (
        "wrong_mean",
        "took the mean of the products",
        "right_list",
        "np.sum(window * kernel)",
        "np.mean(window * kernel)",
    ),
    (
        "wrong_transposed",
        "rows and columns of the kernel mixed up",
        "right_four_loops",
        "* kernel[u, v]",
        "* kernel[min(v, kr - 1), min(u, kc - 1)]",
    ),
    (
        "wrong_integers",
        "made an array of integers",
        "right_four_loops",
        "out = np.zeros((n_rows, n_cols))",
        "out = np.zeros((n_rows, n_cols), dtype=int)",
    ),
    (
        "wrong_matrix_product",
        "multiplied window and kernel as matrices",
        "right_list",
        "np.sum(window * kernel)",
        "np.sum(window @ kernel.T)",
    ),
    ("wrong_overwritten", "assigned where it should add", "right_offsets", "out += kernel", "out = kernel"),
    ("wrong_nothing", "returned nothing", "right_list", "out = np.array(found)", "result = np.array(found)"),
]
