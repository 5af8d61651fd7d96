"""Answers to the forward pass of max pooling: right in several styles, wrong in the usual ways."""


def right_loops(self, img):
    """One loop for each index, and a comparison for each pixel."""
    ### BEGIN SOLUTION pool-forward
    N, H, W, C = img.shape
    k, s = self.pool_size, self.stride
    rows, cols = (H - k) // s + 1, (W - k) // s + 1
    output = np.zeros((N, rows, cols, C))
    for n in range(N):
        for c in range(C):
            for i in range(rows):
                for j in range(cols):
                    best = img[n, i * s, j * s, c]
                    for u in range(k):
                        for v in range(k):
                            if img[n, i * s + u, j * s + v, c] > best:
                                best = img[n, i * s + u, j * s + v, c]
                    output[n, i, j, c] = best
    self.meta = img
    ### END SOLUTION
    return output


def right_windows(self, img):
    """A loop over output pixels; all images and channels at once."""
    ### BEGIN SOLUTION pool-forward
    N, H, W, C = img.shape
    out_h = int((H - self.pool_size) / self.stride) + 1
    out_w = int((W - self.pool_size) / self.stride) + 1
    output = np.zeros((N, out_h, out_w, C))
    for i in range(out_h):
        for j in range(out_w):
            top, left = i * self.stride, j * self.stride
            window = img[:, top : top + self.pool_size, left : left + self.pool_size, :]
            output[:, i, j, :] = np.max(window, axis=(1, 2))
    self.meta = img
    ### END SOLUTION
    return output


def right_offsets(self, img):
    """A loop over the places in the window; a maximum of shifted images."""
    ### BEGIN SOLUTION pool-forward
    k, s = self.pool_size, self.stride
    rows, cols = (img.shape[1] - k) // s + 1, (img.shape[2] - k) // s + 1
    output = np.full((img.shape[0], rows, cols, img.shape[3]), -np.inf)
    for u in range(k):
        for v in range(k):
            output = np.maximum(output, img[:, u : u + s * rows : s, v : v + s * cols : s])
    self.meta = img
    ### END SOLUTION
    return output


def right_view(self, img):
    """The maximum over a strided view of all windows."""
    ### BEGIN SOLUTION pool-forward
    size, step = (self.pool_size, self.pool_size), self.stride
    view = np.lib.stride_tricks.sliding_window_view(img, size, axis=(1, 2))[:, ::step, ::step]
    output = view.max(axis=(-2, -1))
    self.meta = img
    ### END SOLUTION
    return output


def wrong_tiles(self, img):
    """Cut the image into tiles of the pool size by a reshape, whatever the stride is."""
    ### BEGIN SOLUTION pool-forward
    N, H, W, C = img.shape
    k = self.pool_size
    tiles = img[:, : H // k * k, : W // k * k].reshape(N, H // k, k, W // k, k, C)
    output = tiles.max(axis=(2, 4))
    self.meta = img
    ### END SOLUTION
    return output


def wrong_part_windows(self, img):
    """Also pooled what is left over at the border."""
    ### BEGIN SOLUTION pool-forward
    N, H, W, C = img.shape
    k, s = self.pool_size, self.stride
    rows, cols = -(-(H - k) // s) + 1, -(-(W - k) // s) + 1
    output = np.zeros((N, rows, cols, C))
    for i in range(rows):
        for j in range(cols):
            output[:, i, j] = img[:, i * s : i * s + k, j * s : j * s + k].max(axis=(1, 2))
    self.meta = img
    ### END SOLUTION
    return output


EDITS = [
    ("wrong_mean", "took the mean of each window", "right_windows", "np.max(window", "np.mean(window"),
    (
        "wrong_min",
        "looked for the smallest pixel",
        "right_loops",
        "if img[n, i * s + u, j * s + v, c] > best",
        "if img[n, i * s + u, j * s + v, c] < best",
    ),
    (
        "wrong_starts_at_zero",
        "started the search at 0, so negative windows give 0",
        "right_offsets",
        "-np.inf)",
        "0.0)",
    ),
    (
        "wrong_stride_ignored",
        "moved the window one pixel at a time",
        "right_windows",
        "top, left = i * self.stride, j * self.stride",
        "top, left = i, j",
    ),
    (
        "wrong_all_channels",
        "took one maximum for all channels",
        "right_windows",
        "np.max(window, axis=(1, 2))",
        "np.max(window, axis=(1, 2, 3))[:, None]",
    ),
    (
        "wrong_all_images",
        "took one maximum for all images",
        "right_windows",
        "np.max(window, axis=(1, 2))",
        "np.max(window, axis=(0, 1, 2))",
    ),
    (
        "wrong_one_too_few",
        "forgot the first window of each row and column",
        "right_offsets",
        "(img.shape[1] - k) // s + 1, (img.shape[2] - k) // s + 1",
        "(img.shape[1] - k) // s, (img.shape[2] - k) // s",
    ),
    (
        "wrong_square",
        "took the height for both axes",
        "right_offsets",
        "(img.shape[2] - k) // s + 1",
        "(img.shape[1] - k) // s + 1",
    ),
    ("wrong_absolute", "compared sizes without their signs", "right_view", "view.max", "np.abs(view).max"),
    (
        "wrong_argmax",
        "returned where the maximum is instead of the maximum",
        "right_view",
        "view.max(axis=(-2, -1))",
        "view.reshape(*view.shape[:4], -1).argmax(axis=-1)",
    ),
]
