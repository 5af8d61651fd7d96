"""Answers to the convolution's backward pass: right in several styles, wrong in the usual ways."""


def right_loops(self, dprev, img, w):
    """One loop for each output number."""
    ### BEGIN SOLUTION conv-backward
    k, s, p = self.kernel_size, self.stride, self.padding
    N, H, W, C = img.shape
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(self.number_filters)
    for n in range(N):
        for i in range(dprev.shape[1]):
            for j in range(dprev.shape[2]):
                for f in range(self.number_filters):
                    g = dprev[n, i, j, f]
                    top, left = i * s, j * s
                    dw[..., f] += g * x[n, top : top + k, left : left + k]
                    dx[n, top : top + k, left : left + k] += g * w[..., f]
                    db[f] += g
    self.grads[self.w_name] = dw
    self.grads[self.b_name] = db
    dimg = dx[:, p : p + H, p : p + W, :]
    ### END SOLUTION
    return dimg


def right_windows(self, dprev, img, w):
    """A loop over output pixels, all images and filters at once; padding cut off only where there is some."""
    ### BEGIN SOLUTION conv-backward
    k, s, p = self.kernel_size, self.stride, self.padding
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(dprev.shape[1]):
        for j in range(dprev.shape[2]):
            slope = dprev[:, i, j, :]
            window = x[:, i * s : i * s + k, j * s : j * s + k, :]
            dw += np.tensordot(window, slope, axes=([0], [0]))
            dx[:, i * s : i * s + k, j * s : j * s + k, :] += np.tensordot(slope, w, axes=([1], [3]))
    dimg = dx[:, p:-p, p:-p, :] if p > 0 else dx
    self.grads = {self.w_name: dw, self.b_name: np.sum(dprev, axis=(0, 1, 2))}
    ### END SOLUTION
    return dimg


def right_im2col(self, dprev, img, w):
    """Rows of windows for the weights; for the images, columns added back at one offset after the other."""
    ### BEGIN SOLUTION conv-backward
    k, s, p = self.kernel_size, self.stride, self.padding
    N, H, W, C = img.shape
    _, OH, OW, F = dprev.shape
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::s, ::s]
    rows = view.transpose(0, 1, 2, 4, 5, 3).reshape(N * OH * OW, k * k * C)
    slopes = dprev.reshape(N * OH * OW, F)
    self.grads[self.w_name] = (rows.T @ slopes).reshape(k, k, C, F)
    self.grads[self.b_name] = slopes.sum(axis=0)
    drows = (slopes @ w.reshape(k * k * C, F).T).reshape(N, OH, OW, k, k, C)
    dx = np.zeros_like(x)
    for u in range(k):
        for v in range(k):
            dx[:, u : u + s * OH : s, v : v + s * OW : s] += drows[:, :, :, u, v]
    dimg = dx[:, p : p + H, p : p + W]
    ### END SOLUTION
    return dimg


def right_turned_filter(self, dprev, img, w):
    """The gradient of the images as a convolution of the spread slopes with the turned filter, by einsum."""
    ### BEGIN SOLUTION conv-backward
    k, s, p = self.kernel_size, self.stride, self.padding
    N, H, W, C = img.shape
    _, OH, OW, F = dprev.shape
    windows = np.lib.stride_tricks.sliding_window_view
    x = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
    spread = np.zeros((N, H + 2 * p + k - 1, W + 2 * p + k - 1, F))
    spread[:, k - 1 : k - 1 + s * OH : s, k - 1 : k - 1 + s * OW : s] = dprev
    dx = np.einsum("nijfuv,uvcf->nijc", windows(spread, (k, k), axis=(1, 2)), w[::-1, ::-1])
    dw = np.einsum("nijcuv,nijf->uvcf", windows(x, (k, k), axis=(1, 2))[:, ::s, ::s], dprev)
    self.grads[self.w_name], self.grads[self.b_name] = dw, np.einsum("nijf->f", dprev)
    dimg = dx[:, p : p + H, p : p + W]
    ### END SOLUTION
    return dimg


EDITS = [
    (
        "wrong_overwritten",
        "assigned where windows overlap",
        "right_loops",
        "dx[n, top : top + k, left : left + k] += g",
        "dx[n, top : top + k, left : left + k] = g",
    ),
    (
        "wrong_last_window",
        "kept the last product of each weight",
        "right_loops",
        "dw[..., f] += g",
        "dw[..., f] = g",
    ),
    (
        "wrong_padding_kept",
        "returned the gradient of the padded images",
        "right_loops",
        "dimg = dx[:, p : p + H, p : p + W, :]",
        "dimg = dx",
    ),
    (
        "wrong_empty_crop",
        "cut with [p:-p], which is empty without padding",
        "right_loops",
        "dimg = dx[:, p : p + H, p : p + W, :]",
        "dimg = dx[:, p:-p, p:-p, :]",
    ),
    (
        "wrong_crop_at_the_end",
        "cut the padding off at the end only",
        "right_loops",
        "dimg = dx[:, p : p + H, p : p + W, :]",
        "dimg = dx[:, :H, :W, :]",
    ),
    (
        "wrong_stride_ignored",
        "moved the window one pixel at a time",
        "right_loops",
        "top, left = i * s, j * s",
        "top, left = i, j",
    ),
    (
        "wrong_flipped",
        "turned the filter although the slopes are added window by window",
        "right_loops",
        "+= g * w[..., f]",
        "+= g * w[::-1, ::-1, :, f]",
    ),
    (
        "wrong_mean",
        "divided the gradients of the weights by the number of images",
        "right_windows",
        "self.w_name: dw,",
        "self.w_name: dw / len(img),",
    ),
    (
        "wrong_bias_per_pixel",
        "summed the slopes over the images only",
        "right_windows",
        "np.sum(dprev, axis=(0, 1, 2))",
        "np.sum(dprev, axis=0)",
    ),
    (
        "wrong_bias_of_all",
        "summed the slopes of all filters",
        "right_windows",
        "np.sum(dprev, axis=(0, 1, 2))",
        "np.sum(dprev)",
    ),
    (
        "wrong_not_stored",
        "computed the gradients of weights and bias and did not store them",
        "right_windows",
        "self.grads = {",
        "grads = {",
    ),
    (
        "wrong_unpadded_windows",
        "read the windows from the images without padding",
        "right_im2col",
        "view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::s, ::s]",
        "x0 = np.pad(img, ((0, 0), (0, 2 * p), (0, 2 * p), (0, 0))); "
        "view = np.lib.stride_tricks.sliding_window_view(x0, (k, k), axis=(1, 2))[:, ::s, ::s]",
    ),
    (
        "wrong_channels_first",
        "flattened the windows with channels first and the weights with channels last",
        "right_im2col",
        "view.transpose(0, 1, 2, 4, 5, 3)",
        "view",
    ),
    (
        "wrong_not_turned",
        "convolved the spread slopes with the filter as it stands",
        "right_turned_filter",
        "w[::-1, ::-1]",
        "w",
    ),
    (
        "wrong_descent",
        "took the step of the optimizer already: minus the gradient",
        "right_windows",
        "np.tensordot(slope, w, axes=([1], [3]))",
        "-np.tensordot(slope, w, axes=([1], [3]))",
    ),
]
