"""Right answers in the plainest style: one loop for each index of the formula."""

import numpy as np


def conv_forward_naive(x, w, b, stride, pad):
    ### BEGIN SOLUTION conv-naive-forward
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad : pad + H, pad : pad + W] = x
    out = np.zeros((N, F, 1 + (H + 2 * pad - KH) // stride, 1 + (W + 2 * pad - KW) // stride))
    for n in range(N):
        for f in range(F):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    window = padded[n, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    ### END SOLUTION
    return out


def conv_backward_naive(dout, x, w, b, stride, pad):
    ### BEGIN SOLUTION conv-naive-backward
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    padded = np.pad(x, ((0,), (0,), (pad,), (pad,)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    rows = slice(i * stride, i * stride + KH)
                    columns = slice(j * stride, j * stride + KW)
                    slope = dout[n, f, i, j]
                    dw[f] += slope * padded[n, :, rows, columns]
                    dpadded[n, :, rows, columns] += slope * w[f]
                    db[f] += slope
    dx = dpadded[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION
    return dx, dw, db


def avg_pool_forward_naive(x, PH, PW, stride):
    ### BEGIN SOLUTION avg-naive-forward
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - PH) // stride + 1, (W - PW) // stride + 1))
    for n in range(N):
        for c in range(C):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[n, c, i, j] = np.mean(
                        x[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW]
                    )
    ### END SOLUTION
    return out


def avg_pool_backward_naive(dout, x, PH, PW, stride):
    ### BEGIN SOLUTION avg-naive-backward
    dx = np.zeros(x.shape)
    for n in range(dout.shape[0]):
        for c in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    for u in range(PH):
                        for v in range(PW):
                            dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j] / (PH * PW)
    ### END SOLUTION
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    ### BEGIN SOLUTION spatial-batchnorm-forward
    N, C, H, W = x.shape
    rows = np.moveaxis(x, 1, 3).reshape(N * H * W, C)
    flat, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    out = np.moveaxis(flat.reshape(N, H, W, C), 3, 1)
    ### END SOLUTION
    return out, cache


def spatial_groupnorm_forward(x, gamma, beta, G, eps):
    ### BEGIN SOLUTION groupnorm-forward
    N, C = x.shape[:2]
    normalized = np.zeros_like(x)
    deviations = np.zeros((N, G))
    for n in range(N):
        for g in range(G):
            channels = slice(g * C // G, (g + 1) * C // G)
            group = x[n, channels]
            deviations[n, g] = np.sqrt(group.var() + eps)
            normalized[n, channels] = (group - group.mean()) / deviations[n, g]
    out = normalized * gamma + beta
    cache = (normalized, gamma, deviations, G)
    ### END SOLUTION
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    ### BEGIN SOLUTION groupnorm-backward
    normalized, gamma, deviations, G = cache
    N, C = dout.shape[:2]
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for c in range(C):
        dgamma[0, c, 0, 0] = np.sum(dout[:, c] * normalized[:, c])
        dbeta[0, c, 0, 0] = np.sum(dout[:, c])
    for n in range(N):
        for g in range(G):
            channels = slice(g * C // G, (g + 1) * C // G)
            slope, xhat = (dout * gamma)[n, channels], normalized[n, channels]
            dx[n, channels] = (slope - slope.mean() - xhat * (slope * xhat).mean()) / deviations[n, g]
    ### END SOLUTION
    return dx, dgamma, dbeta
