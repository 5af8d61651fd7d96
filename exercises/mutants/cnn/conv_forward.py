"""Answers to the convolution's forward pass: right in several styles, wrong in the usual ways."""


def right_seven_loops(self, img, w, b):
    """One loop for each index of the formula."""
    ### BEGIN SOLUTION conv-forward
    N, OH, OW, F = self.get_output_size(img.shape)
    k, s, p = self.kernel_size, self.stride, self.padding
    padded = np.zeros((img.shape[0], img.shape[1] + 2 * p, img.shape[2] + 2 * p, img.shape[3]))
    padded[:, p : p + img.shape[1], p : p + img.shape[2], :] = img
    output = np.zeros((N, OH, OW, F))
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                for f in range(F):
                    total = 0.0
                    for u in range(k):
                        for v in range(k):
                            for c in range(self.input_channels):
                                total += padded[n, i * s + u, j * s + v, c] * w[u, v, c, f]
                    output[n, i, j, f] = total + b[f]
    self.meta = img
    ### END SOLUTION
    return output


def right_windows(self, img, w, b):
    """A loop over output pixels; all images and filters at once."""
    ### BEGIN SOLUTION conv-forward
    output_size = self.get_output_size(img.shape)
    x = np.pad(img, [(0, 0), (self.padding, self.padding), (self.padding, self.padding), (0, 0)])
    output = np.empty(output_size)
    for i in range(output_size[1]):
        for j in range(output_size[2]):
            top, left = i * self.stride, j * self.stride
            window = x[:, top : top + self.kernel_size, left : left + self.kernel_size, :]
            output[:, i, j, :] = np.tensordot(window, w, axes=([1, 2, 3], [0, 1, 2])) + b
    self.meta = img
    ### END SOLUTION
    return output


def right_im2col(self, img, w, b):
    """Wrote every window as a row of a matrix, with index arrays, and multiplied once."""
    ### BEGIN SOLUTION conv-forward
    N, OH, OW, F = self.get_output_size(img.shape)
    k, s, p = self.kernel_size, self.stride, self.padding
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)), mode="constant")
    rows = s * np.arange(OH)[:, None, None, None] + np.arange(k)[None, None, :, None]
    cols = s * np.arange(OW)[None, :, None, None] + np.arange(k)[None, None, None, :]
    patches = x[:, rows, cols, :]
    matrix = patches.reshape(N * OH * OW, -1)
    output = (matrix @ w.reshape(-1, F) + b).reshape(N, OH, OW, F)
    self.meta = img.copy()
    ### END SOLUTION
    return output


def right_einsum(self, img, w, b):
    """A strided view of all windows, and one einsum."""
    ### BEGIN SOLUTION conv-forward
    p, s = self.padding, self.stride
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(x, (self.kernel_size, self.kernel_size), axis=(1, 2))
    view = view[:, ::s, ::s]
    output = np.einsum("nijcuv,uvcf->nijf", view, w, optimize=True) + b
    self.meta = img
    ### END SOLUTION
    return output


def right_as_strided(self, img, w, b):
    """Built the view of the windows by hand, from the strides of the padded images."""
    ### BEGIN SOLUTION conv-forward
    N, OH, OW, F = self.get_output_size(img.shape)
    k, s, p = self.kernel_size, self.stride, self.padding
    x = np.ascontiguousarray(np.pad(img, ((0, 0), (p, p), (p, p), (0, 0))))
    n0, n1, n2, n3 = x.strides
    windows = np.lib.stride_tricks.as_strided(
        x, (N, OH, OW, k, k, x.shape[3]), (n0, n1 * s, n2 * s, n1, n2, n3)
    )
    output = np.tensordot(windows, w, axes=3) + b
    self.meta = img
    ### END SOLUTION
    return output


def wrong_reshape(self, img, w, b):
    """Flattened the windows with channels first and the weights with channels last."""
    ### BEGIN SOLUTION conv-forward
    N, OH, OW, F = self.get_output_size(img.shape)
    p, s, k = self.padding, self.stride, self.kernel_size
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::s, ::s]
    output = (view.reshape(N * OH * OW, -1) @ w.reshape(-1, F) + b).reshape(N, OH, OW, F)
    self.meta = img
    ### END SOLUTION
    return output


def wrong_scipy_convolve(self, img, w, b):
    """Took a convolution of SciPy, which turns the filter."""
    ### BEGIN SOLUTION conv-forward
    from scipy.signal import convolve2d

    N, OH, OW, F = self.get_output_size(img.shape)
    p, s = self.padding, self.stride
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    output = np.zeros((N, OH, OW, F))
    for n in range(N):
        for f in range(F):
            for c in range(img.shape[3]):
                output[n, :, :, f] += convolve2d(x[n, :, :, c], w[:, :, c, f], mode="valid")[::s, ::s]
    output += b
    self.meta = img
    ### END SOLUTION
    return output


EDITS = [
    (
        "wrong_flipped",
        "turned the filter upside down, as mathematicians define a convolution",
        "right_windows",
        "np.tensordot(window, w,",
        "np.tensordot(window, w[::-1, ::-1],",
    ),
    ("wrong_no_bias", "forgot the bias", "right_windows", "[0, 1, 2])) + b", "[0, 1, 2]))"),
    (
        "wrong_bias_every_product",
        "added the bias inside the innermost loop",
        "right_seven_loops",
        "* w[u, v, c, f]",
        "* w[u, v, c, f] + b[f]",
    ),
    (
        "wrong_stride_ignored",
        "moved the window one pixel at a time",
        "right_windows",
        "top, left = i * self.stride, j * self.stride",
        "top, left = i, j",
    ),
    (
        "wrong_padding_in_front",
        "padded above and on the left only, with twice the zeros",
        "right_windows",
        "[(0, 0), (self.padding, self.padding), (self.padding, self.padding), (0, 0)]",
        "[(0, 0), (2 * self.padding, 0), (2 * self.padding, 0), (0, 0)]",
    ),
    (
        "wrong_edge_padding",
        "repeated the pixels of the border instead of zeros",
        "right_im2col",
        'mode="constant"',
        'mode="edge"',
    ),
    (
        "wrong_overwritten_channels",
        "kept the last product of each window only",
        "right_seven_loops",
        "total += padded",
        "total = padded",
    ),
    (
        "wrong_one_channel",
        "read the first channel of the images only",
        "right_seven_loops",
        "for c in range(self.input_channels)",
        "for c in range(1)",
    ),
    (
        "wrong_square",
        "took the height for the width",
        "right_seven_loops",
        "for j in range(OW)",
        "for j in range(min(OH, OW))",
    ),
    (
        "wrong_transposed_filter",
        "swapped the rows and columns of the filter",
        "right_einsum",
        '"nijcuv,uvcf->nijf"',
        '"nijcvu,uvcf->nijf"',
    ),
    (
        "wrong_relu",
        "cut negative values off, as an activation does",
        "right_einsum",
        "optimize=True) + b",
        "optimize=True) + b; output = np.maximum(output, 0)",
    ),
    (
        "wrong_input_changed",
        "subtracted the mean from the images in place",
        "right_einsum",
        "p, s = self.padding, self.stride",
        "p, s = self.padding, self.stride; img -= img.mean()",
    ),
]
