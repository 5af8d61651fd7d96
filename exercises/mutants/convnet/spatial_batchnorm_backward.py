"""Answers to spatial batch normalization's backward pass: right in several styles, wrong in the usual ways."""


def right_transpose(dout, cache):
    """Moved the channels last, called the given layer, and undid it."""
    ### BEGIN SOLUTION spatial-batchnorm-backward
    N, C, H, W = dout.shape
    flat = np.transpose(dout, (0, 2, 3, 1)).reshape(-1, C)
    dx_flat, dgamma, dbeta = batchnorm_backward(flat, cache)
    dx = dx_flat.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ### END SOLUTION
    return dx, dgamma, dbeta


def right_alt(dout, cache):
    """Called the short form, channels at the front."""
    ### BEGIN SOLUTION spatial-batchnorm-backward
    N, C, H, W = dout.shape
    rows = np.moveaxis(dout, 1, -1).reshape(N * H * W, C)
    dx, dgamma, dbeta = batchnorm_backward_alt(rows, cache)
    dx = np.moveaxis(dx.reshape(N, H, W, C), -1, 1)
    ### END SOLUTION
    return dx, dgamma, dbeta


def right_by_hand(dout, cache):
    """Wrote the formula on rows."""
    ### BEGIN SOLUTION spatial-batchnorm-backward
    normalized, gamma, inverse_std, _ = cache
    N, C, H, W = dout.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dbeta = d.sum(axis=0)
    dgamma = (d * normalized).sum(axis=0)
    g = d * gamma
    dx = inverse_std * (g - g.mean(axis=0) - normalized * (g * normalized).mean(axis=0))
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ### END SOLUTION
    return dx, dgamma, dbeta


EDITS = [
    (
        "wrong_no_transpose",
        "Reshaped without moving the channels.",
        "right_transpose",
        "np.transpose(dout, (0, 2, 3, 1)).reshape(-1, C)",
        "dout.reshape(-1, C)",
    ),
    (
        "wrong_shape_back",
        "Brought the shape back without moving the channels.",
        "right_transpose",
        "dx_flat.reshape(N, H, W, C).transpose(0, 3, 1, 2)",
        "dx_flat.reshape(N, C, H, W)",
    ),
    (
        "wrong_constants",
        "Took mean and variance for constants.",
        "right_by_hand",
        "(g - g.mean(axis=0) - normalized * (g * normalized).mean(axis=0))",
        "g",
    ),
    (
        "wrong_no_variance",
        "Left the way back through the variance out.",
        "right_by_hand",
        " - normalized * (g * normalized).mean(axis=0)",
        "",
    ),
    (
        "wrong_no_mean",
        "Left the way back through the mean out.",
        "right_by_hand",
        "g - g.mean(axis=0) - normalized",
        "g - normalized",
    ),
    ("wrong_no_gamma", "Left gamma out.", "right_by_hand", "g = d * gamma", "g = d"),
    (
        "wrong_swapped",
        "Swapped dgamma and dbeta.",
        "right_transpose",
        "dx_flat, dgamma, dbeta = batchnorm",
        "dx_flat, dbeta, dgamma = batchnorm",
    ),
    (
        "wrong_means",
        "Took means for dgamma and dbeta.",
        "right_by_hand",
        "dbeta = d.sum(axis=0)",
        "dbeta = d.mean(axis=0)",
    ),
]
