"""Answers to the backward pass of max pooling: right in several styles, wrong in the usual ways."""


def right_loops(self, dprev, img):
    """One loop for each index; the place of the maximum from argmax."""
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    dimg = np.zeros_like(img)
    for n in range(dprev.shape[0]):
        for i in range(dprev.shape[1]):
            for j in range(dprev.shape[2]):
                for c in range(dprev.shape[3]):
                    window = img[n, i * s : i * s + k, j * s : j * s + k, c]
                    u, v = np.unravel_index(window.argmax(), window.shape)
                    dimg[n, i * s + u, j * s + v, c] += dprev[n, i, j, c]
    ### END SOLUTION
    return dimg


def right_windows(self, dprev, img):
    """A loop over output pixels; a mask that is one at the first maximum, for all images at once."""
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    N, OH, OW, C = dprev.shape
    dimg = np.zeros(img.shape)
    for i in range(OH):
        for j in range(OW):
            window = img[:, i * s : i * s + k, j * s : j * s + k].reshape(N, k * k, C)
            mask = np.arange(k * k)[None, :, None] == window.argmax(axis=1)[:, None]
            part = (mask * dprev[:, i, j][:, None]).reshape(N, k, k, C)
            dimg[:, i * s : i * s + k, j * s : j * s + k] += part
    ### END SOLUTION
    return dimg


def right_scatter(self, dprev, img):
    """Computed the row and column of every winner, and added all slopes in one call."""
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    N, OH, OW, C = dprev.shape
    view = np.lib.stride_tricks.sliding_window_view(img, (k, k), axis=(1, 2))[:, ::s, ::s]
    winner = view.reshape(N, OH, OW, C, k * k).argmax(axis=-1)
    n, i, j, c = np.indices(dprev.shape)
    dimg = np.zeros(img.shape)
    np.add.at(dimg, (n, i * s + winner // k, j * s + winner % k, c), dprev)
    ### END SOLUTION
    return dimg


def wrong_equal_to_output(self, dprev, img):
    """Gave every pixel that equals some maximum the slope of the window at its own place."""
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    dimg = np.zeros(img.shape)
    for i in range(dprev.shape[1]):
        for j in range(dprev.shape[2]):
            window = img[:, i * s : i * s + k, j * s : j * s + k]
            best = window.max(axis=(1, 2, 3), keepdims=True)
            dimg[:, i * s : i * s + k, j * s : j * s + k] += (window == best) * dprev[:, i : i + 1, j : j + 1]
    ### END SOLUTION
    return dimg


def wrong_tiles(self, dprev, img):
    """Blew the slopes up to tiles and masked them, as if windows never overlapped."""
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    N, OH, OW, C = dprev.shape
    dimg = np.zeros(img.shape)
    for i in range(OH):
        for j in range(OW):
            window = img[:, i * s : i * s + k, j * s : j * s + k]
            mask = window == window.max(axis=(1, 2), keepdims=True)
            dimg[:, i * s : i * s + k, j * s : j * s + k] = mask * dprev[:, i : i + 1, j : j + 1]
    ### END SOLUTION
    return dimg


EDITS = [
    (
        "wrong_assigned",
        "assigned where slopes have to be added",
        "right_loops",
        "dimg[n, i * s + u, j * s + v, c] += dprev",
        "dimg[n, i * s + u, j * s + v, c] = dprev",
    ),
    (
        "wrong_whole_window",
        "gave every pixel of a window the slope",
        "right_loops",
        "dimg[n, i * s + u, j * s + v, c] += dprev",
        "dimg[n, i * s : i * s + k, j * s : j * s + k, c] += dprev",
    ),
    (
        "wrong_shared",
        "shared the slope among the pixels of the window, as average pooling does",
        "right_loops",
        "dimg[n, i * s + u, j * s + v, c] += dprev[n, i, j, c]",
        "dimg[n, i * s : i * s + k, j * s : j * s + k, c] += dprev[n, i, j, c] / (k * k)",
    ),
    (
        "wrong_stride_ignored",
        "looked for the winner in windows one pixel apart",
        "right_loops",
        "window = img[n, i * s : i * s + k, j * s : j * s + k, c]",
        "window = img[n, i : i + k, j : j + k, c]",
    ),
    (
        "wrong_window_corner",
        "added the slope at the place inside the window, not in the image",
        "right_loops",
        "dimg[n, i * s + u, j * s + v, c] += dprev",
        "dimg[n, u, v, c] += dprev",
    ),
    (
        "wrong_smallest",
        "sent the slope to the smallest pixel",
        "right_loops",
        "window.argmax()",
        "window.argmin()",
    ),
    ("wrong_one", "sent 1 instead of the slope", "right_scatter", "c), dprev)", "c), 1.0)"),
    (
        "wrong_buffered_add",
        "added through an index array, which counts repeated places once",
        "right_scatter",
        "np.add.at(dimg, (n, i * s + winner // k, j * s + winner % k, c), dprev)",
        "dimg[n, i * s + winner // k, j * s + winner % k, c] += dprev",
    ),
    (
        "wrong_last_image",
        "looked into the last image only",
        "right_loops",
        "for n in range(dprev.shape[0])",
        "for n in range(dprev.shape[0] - 1, dprev.shape[0])",
    ),
    (
        "wrong_times_pixel",
        "multiplied the slope by the pixel",
        "right_windows",
        "mask * dprev[:, i, j][:, None]",
        "mask * window * dprev[:, i, j][:, None]",
    ),
    (
        "wrong_shape_of_output",
        "made the gradient in the shape of the output",
        "right_scatter",
        "dimg = np.zeros(img.shape)",
        "dimg = np.zeros(dprev.shape)",
    ),
]
