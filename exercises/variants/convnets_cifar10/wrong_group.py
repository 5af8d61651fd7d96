"""Group normalization over the whole image, an average whose gradient is not shared, and no third answer."""

import numpy as np


def avg_pool_backward_naive(dout, x, PH, PW, stride):
    ### BEGIN SOLUTION avg-naive-backward
    dx = np.zeros(x.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + PH), slice(j * stride, j * stride + PW)
            dx[:, :, rows, columns] += dout[:, :, i : i + 1, j : j + 1]
    ### END SOLUTION
    return dx


def spatial_groupnorm_forward(x, gamma, beta, G, eps):
    ### BEGIN SOLUTION groupnorm-forward
    mean, var = x.mean(axis=(1, 2, 3), keepdims=True), x.var(axis=(1, 2, 3), keepdims=True)
    normalized = (x - mean) / np.sqrt(var + eps)
    out = gamma * normalized + beta
    cache = (normalized, gamma, 1 / np.sqrt(var + eps)[:, :, None], G)
    ### END SOLUTION
    return out, cache
