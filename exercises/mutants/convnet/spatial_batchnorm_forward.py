"""Answers to spatial batch normalization's forward pass: right in several styles, wrong in the usual ways."""


def right_transpose(x, gamma, beta, bn_param):
    """Moved the channels last, flattened, called the given layer, and undid both."""
    ### BEGIN SOLUTION spatial-batchnorm-forward
    N, C, H, W = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    flat_out, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    out = flat_out.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ### END SOLUTION
    return out, cache


def right_channels_first(x, gamma, beta, bn_param):
    """Brought the channels to the front, and transposed the matrix."""
    ### BEGIN SOLUTION spatial-batchnorm-forward
    N, C, H, W = x.shape
    rows = x.swapaxes(0, 1).reshape(C, -1).T
    rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    out = rows.T.reshape(C, N, H, W).swapaxes(0, 1)
    ### END SOLUTION
    return out, cache


def right_by_hand(x, gamma, beta, bn_param):
    """Wrote the whole layer, running averages included."""
    ### BEGIN SOLUTION spatial-batchnorm-forward
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    C = x.shape[1]
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        for name, value in (("running_mean", mean), ("running_var", var)):
            bn_param[name] = momentum * bn_param.get(name, np.zeros(C)) + (1 - momentum) * value
    else:
        mean, var = bn_param["running_mean"], bn_param["running_var"]
    inverse_std = 1 / np.sqrt(var + eps)
    normalized = (x - mean[None, :, None, None]) * inverse_std[None, :, None, None]
    out = gamma[None, :, None, None] * normalized + beta[None, :, None, None]
    rows = normalized.transpose(0, 2, 3, 1).reshape(-1, C)
    cache = (rows, gamma, inverse_std, bn_param["mode"])
    ### END SOLUTION
    return out, cache


EDITS = [
    (
        "wrong_no_transpose",
        "Reshaped without moving the channels.",
        "right_transpose",
        "x.transpose(0, 2, 3, 1).reshape(N * H * W, C)",
        "x.reshape(N * H * W, C)",
    ),
    (
        "wrong_shape_back",
        "Brought the shape back without moving the channels.",
        "right_transpose",
        "flat_out.reshape(N, H, W, C).transpose(0, 3, 1, 2)",
        "flat_out.reshape(N, C, H, W)",
    ),
    (
        "wrong_per_image",
        "Normalized each image by itself.",
        "right_by_hand",
        "x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))",
        "x.mean(axis=(2, 3)).mean(axis=0), x.var(axis=(2, 3)).mean(axis=0)",
    ),
    (
        "wrong_no_gamma",
        "Left gamma and beta out.",
        "right_by_hand",
        "gamma[None, :, None, None] * normalized + beta[None, :, None, None]",
        "normalized",
    ),
    (
        "wrong_own_param",
        "Handed a copy on, so the running averages are lost.",
        "right_transpose",
        "gamma, beta, bn_param)",
        "gamma, beta, dict(bn_param, running_mean=np.zeros(C), running_var=np.ones(C)))",
    ),
    (
        "wrong_test_time",
        "Used the batch's own statistics at test time.",
        "right_by_hand",
        'mean, var = bn_param["running_mean"], bn_param["running_var"]',
        "mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))",
    ),
    (
        "wrong_train_time",
        "Used the running averages at train time.",
        "right_by_hand",
        "inverse_std = 1 / np.sqrt(var + eps)",
        'mean, var = bn_param["running_mean"], bn_param["running_var"]\ninverse_std = 1 / np.sqrt(var + eps)',
    ),
    (
        "wrong_momentum",
        "Turned momentum round.",
        "right_by_hand",
        "momentum * bn_param.get(name, np.zeros(C)) + (1 - momentum) * value",
        "(1 - momentum) * bn_param.get(name, np.zeros(C)) + momentum * value",
    ),
    (
        "wrong_eps",
        "Added eps to the deviation.",
        "right_by_hand",
        "1 / np.sqrt(var + eps)",
        "1 / (np.sqrt(var) + eps)",
    ),
    (
        "wrong_all_channels",
        "Took one mean for all channels.",
        "right_by_hand",
        "x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))",
        "np.full(C, x.mean()), np.full(C, x.var())",
    ),
]
