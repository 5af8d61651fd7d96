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


def max_pool_forward_naive(x, PH, PW, stride):
    ### BEGIN SOLUTION max-naive-forward
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - PH) // stride + 1, (W - PW) // stride + 1))
    for n in range(N):
        for c in range(C):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[n, c, i, j] = np.max(
                        x[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW]
                    )
    ### END SOLUTION
    return out


def max_pool_backward_naive(dout, x, PH, PW, stride):
    ### BEGIN SOLUTION max-naive-backward
    dx = np.zeros(x.shape)
    for n in range(dout.shape[0]):
        for c in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    top, left = i * stride, j * stride
                    best = (top, left)
                    for u in range(top, top + PH):
                        for v in range(left, left + PW):
                            if x[n, c, u, v] > x[n, c, best[0], best[1]]:
                                best = (u, v)
                    dx[n, c, best[0], best[1]] += dout[n, c, i, j]
    ### END SOLUTION
    return dx
