"""Answers to group normalization's backward pass: right in several styles, wrong in the usual ways."""


def right_five_axes(dout, cache):
    """The formula on five axes."""
    ### BEGIN SOLUTION groupnorm-backward
    xhat, gamma, inverse_std, G = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    shape = (N, G, C // G, H, W)
    g = (dout * gamma).reshape(shape)
    n = xhat.reshape(shape)
    axes = (2, 3, 4)
    dx = inverse_std * (g - g.mean(axes, keepdims=True) - n * (g * n).mean(axes, keepdims=True))
    dx = dx.reshape(N, C, H, W)
    ### END SOLUTION
    return dx, dgamma, dbeta


def right_rows(dout, cache):
    """One row for each group; sums divided by their number."""
    ### BEGIN SOLUTION groupnorm-backward
    xhat, gamma, inverse_std, G = cache
    N, C, H, W = dout.shape
    D = C // G * H * W
    dgamma = (dout * xhat).sum(axis=(0, 2, 3)).reshape(1, C, 1, 1)
    dbeta = dout.sum(axis=(0, 2, 3)).reshape(1, C, 1, 1)
    g = (dout * gamma).reshape(N * G, D)
    rows = xhat.reshape(N * G, D)
    s = inverse_std.reshape(N * G, 1)
    dx = s / D * (D * g - g.sum(axis=1, keepdims=True) - rows * (g * rows).sum(axis=1, keepdims=True))
    dx = dx.reshape(dout.shape)
    ### END SOLUTION
    return dx, dgamma, dbeta


def right_loops(dout, cache):
    """A loop over images and groups."""
    ### BEGIN SOLUTION groupnorm-backward
    xhat, gamma, inverse_std, G = cache
    N, C, H, W = dout.shape
    size = C // G
    dx, dgamma, dbeta = np.zeros(dout.shape), np.zeros((1, C, 1, 1)), np.zeros((1, C, 1, 1))
    for n in range(N):
        dgamma[0, :, 0, 0] += (dout[n] * xhat[n]).sum(axis=(1, 2))
        dbeta[0, :, 0, 0] += dout[n].sum(axis=(1, 2))
        for k in range(G):
            part = slice(k * size, (k + 1) * size)
            g = dout[n, part] * gamma[0, part]
            dx[n, part] = g - g.mean() - xhat[n, part] * (g * xhat[n, part]).mean()
            dx[n, part] *= np.ravel(inverse_std)[n * G + k]
    ### END SOLUTION
    return dx, dgamma, dbeta


EDITS = [
    (
        "wrong_constants",
        "Took mean and variance for constants.",
        "right_five_axes",
        "(g - g.mean(axes, keepdims=True) - n * (g * n).mean(axes, keepdims=True))",
        "g",
    ),
    (
        "wrong_no_variance",
        "Left the way back through the variance out.",
        "right_five_axes",
        " - n * (g * n).mean(axes, keepdims=True)",
        "",
    ),
    (
        "wrong_no_mean",
        "Left the way back through the mean out.",
        "right_five_axes",
        "g - g.mean(axes, keepdims=True) - n",
        "g - n",
    ),
    (
        "wrong_no_gamma",
        "Left gamma out of dx.",
        "right_five_axes",
        "g = (dout * gamma).reshape(shape)",
        "g = dout.reshape(shape)",
    ),
    (
        "wrong_flat_dgamma",
        "Returned dgamma of shape (C,).",
        "right_rows",
        "(dout * xhat).sum(axis=(0, 2, 3)).reshape(1, C, 1, 1)",
        "(dout * xhat).sum(axis=(0, 2, 3))",
    ),
    (
        "wrong_one_number",
        "Summed dbeta over everything.",
        "right_rows",
        "dout.sum(axis=(0, 2, 3)).reshape(1, C, 1, 1)",
        "np.full((1, C, 1, 1), dout.sum())",
    ),
    ("wrong_not_divided", "Forgot to divide by D.", "right_rows", "dx = s / D * (D * g", "dx = s * (D * g"),
    (
        "wrong_swapped",
        "Swapped dgamma and dbeta.",
        "right_five_axes",
        "shape = (N, G, C // G, H, W)",
        "shape = (N, G, C // G, H, W)\ndgamma, dbeta = dbeta, dgamma",
    ),
    (
        "wrong_no_deviation",
        "Forgot to divide by the deviation.",
        "right_five_axes",
        "dx = inverse_std * (g",
        "dx = (g",
    ),
]
