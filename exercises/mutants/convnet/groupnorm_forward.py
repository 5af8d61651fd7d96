"""Answers to group normalization's forward pass: right in several styles, wrong in the usual ways."""


def right_five_axes(x, gamma, beta, G, eps):
    """Reshaped to five axes and normalized over the last three."""
    ### BEGIN SOLUTION groupnorm-forward
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mean = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    xhat = ((xg - mean) / np.sqrt(var + eps)).reshape(N, C, H, W)
    out = xhat * gamma + beta
    cache = (xhat, gamma, 1 / np.sqrt(var + eps), G)
    ### END SOLUTION
    return out, cache


def right_rows(x, gamma, beta, G, eps):
    """One row for each group of each image."""
    ### BEGIN SOLUTION groupnorm-forward
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    inverse = 1 / np.sqrt(rows.var(axis=1, keepdims=True) + eps)
    rows = (rows - rows.mean(axis=1, keepdims=True)) * inverse
    xhat = rows.reshape(x.shape)
    out = gamma * xhat + beta
    cache = (xhat, gamma, inverse.reshape(N, G, 1, 1, 1), G)
    ### END SOLUTION
    return out, cache


def right_loops(x, gamma, beta, G, eps):
    """A loop over images and groups."""
    ### BEGIN SOLUTION groupnorm-forward
    N, C, H, W = x.shape
    size = C // G
    xhat, inverse = np.zeros(x.shape), np.zeros((N, G, 1, 1, 1))
    for n in range(N):
        for g in range(G):
            part = x[n, g * size : (g + 1) * size]
            inverse[n, g] = 1 / np.sqrt(np.var(part) + eps)
            xhat[n, g * size : (g + 1) * size] = (part - np.mean(part)) * inverse[n, g, 0, 0, 0]
    out = xhat * gamma + beta
    cache = (xhat, gamma, inverse, G)
    ### END SOLUTION
    return out, cache


def wrong_every_gth(x, gamma, beta, G, eps):
    """Grouped every G-th channel instead of neighbors."""
    ### BEGIN SOLUTION groupnorm-forward
    N, C, H, W = x.shape
    xg = x.reshape(N, C // G, G, H, W)
    mean = xg.mean(axis=(1, 3, 4), keepdims=True)
    var = xg.var(axis=(1, 3, 4), keepdims=True)
    xhat = ((xg - mean) / np.sqrt(var + eps)).reshape(N, C, H, W)
    out = xhat * gamma + beta
    cache = (xhat, gamma, 1 / np.sqrt(var + eps), G)
    ### END SOLUTION
    return out, cache


EDITS = [
    (
        "wrong_whole_image",
        "Normalized the whole image.",
        "right_rows",
        "rows = x.reshape(N * G, -1)",
        "rows = x.reshape(N, -1)\nG = 1",
    ),
    (
        "wrong_each_channel",
        "Normalized each channel by itself.",
        "right_five_axes",
        "var = xg.var(axis=(2, 3, 4), keepdims=True)",
        "mean, var = xg.mean(axis=(3, 4), keepdims=True), xg.var(axis=(3, 4), keepdims=True)",
    ),
    (
        "wrong_batch",
        "Took the batch into the mean.",
        "right_five_axes",
        "var = xg.var(axis=(2, 3, 4), keepdims=True)",
        "mean, var = xg.mean(axis=(0, 2, 3, 4), keepdims=True), xg.var(axis=(0, 2, 3, 4), keepdims=True)",
    ),
    (
        "wrong_group_size",
        "Took G for the number of channels in a group.",
        "right_five_axes",
        "x.reshape(N, G, C // G, H, W)",
        "x.reshape(N, C // G, G, H, W)",
    ),
    (
        "wrong_no_gamma",
        "Left gamma and beta out.",
        "right_five_axes",
        "out = xhat * gamma + beta",
        "out = xhat",
    ),
    (
        "wrong_seven_axes",
        "Returned seven axes.",
        "right_five_axes",
        "out = xhat * gamma + beta",
        "out = (xhat * gamma + beta)[None, None, None]",
    ),
    (
        "wrong_variance",
        "Divided by the variance.",
        "right_five_axes",
        "((xg - mean) / np.sqrt(var + eps))",
        "((xg - mean) / (var + eps))",
    ),
    ("wrong_no_mean", "Forgot to subtract the mean.", "right_five_axes", "((xg - mean) / np", "(xg / np"),
    (
        "wrong_eps",
        "Added eps to the deviation.",
        "right_loops",
        "1 / np.sqrt(np.var(part) + eps)",
        "1 / (np.std(part) + eps)",
    ),
]
