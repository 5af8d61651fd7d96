"""Layers as a first course writes them: loops in Python. What the fast layers are compared with.

`conv_forward` to `pool_backward` follow the definition, number by number, on images (N, C, H, W). `LoopStep` is
the style of a student who has found out that a whole batch can go through one expression: loops over the
places of the window only, on images (N, H, W, C), and gelu as the formula stands in the paper.
"""

import numpy as np

CLASSES = 20


def conv_forward(x, w, b, stride, pad):
    """Convolve images (N, C, H, W) with filters (F, C, KH, KW)."""
    N, _, H, W = x.shape
    F, _, KH, KW = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, 1 + (H + 2 * pad - KH) // stride, 1 + (W + 2 * pad - KW) // stride))
    for n in range(N):
        for f in range(F):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    window = padded[n, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out


def conv_backward(dout, x, w, stride, pad):
    """Return the gradients of images, filters and biases."""
    N, F, OH, OW = dout.shape
    KH, KW = w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros(F)
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    rows = slice(i * stride, i * stride + KH)
                    columns = slice(j * stride, j * stride + KW)
                    dw[f] += dout[n, f, i, j] * padded[n, :, rows, columns]
                    dpadded[n, :, rows, columns] += dout[n, f, i, j] * w[f]
                    db[f] += dout[n, f, i, j]
    return dpadded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, db


def pool_forward(x, size, stride):
    """Max pooling of images (N, C, H, W)."""
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - size) // stride, 1 + (W - size) // stride))
    for n in range(N):
        for c in range(C):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[n, c, i, j] = np.max(
                        x[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
                    )
    return out


def pool_backward(dout, x, size, stride):
    """Send the gradient of every window to its maximum."""
    dx = np.zeros_like(x)
    for n in range(dout.shape[0]):
        for c in range(dout.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    window = x[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
                    u, v = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j]
    return dx


class LoopStep:
    """A training step: convolution 3x3, gelu, 2x2 pooling, fully connected, cross entropy, Adam."""

    def __init__(self, x, y, params):
        self.x, self.y = x, y
        self.params = [p.copy() for p in params]
        self.m, self.v = [0.0] * 4, [0.0] * 4
        self.t = 0

    def __call__(self):
        """Make one step and return the loss."""
        w, b, fc_w, fc_b = self.params
        N, H, W, _ = self.x.shape
        padded = np.pad(self.x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        h = np.zeros((N, H, W, w.shape[3]), self.x.dtype)
        for i in range(H):
            for j in range(W):
                window = padded[:, i : i + 3, j : j + 3]
                h[:, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [0, 1, 2])) + b
        t = np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3))
        a = 0.5 * h * (1 + t)
        p = np.zeros((N, H // 2, W // 2, w.shape[3]), self.x.dtype)
        for i in range(H // 2):
            for j in range(W // 2):
                p[:, i, j] = a[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
        flat = p.reshape(N, -1)
        scores = flat @ fc_w + fc_b
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(probabilities[np.arange(N), self.y]).mean()

        dscores = probabilities.copy()
        dscores[np.arange(N), self.y] -= 1
        dscores /= N
        dfc_w, dfc_b = flat.T @ dscores, dscores.sum(axis=0)
        dp = (dscores @ fc_w.T).reshape(p.shape)
        da = np.zeros_like(a)
        for i in range(H // 2):
            for j in range(W // 2):
                window = a[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                mask = window == window.max(axis=(1, 2), keepdims=True)
                da[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += mask * dp[:, i : i + 1, j : j + 1]
        slope = 0.5 * (1 + t) + 0.5 * h * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * h**2)
        dh = da * slope
        dw, dpadded = np.zeros_like(w), np.zeros_like(padded)
        for i in range(H):
            for j in range(W):
                dw += np.tensordot(padded[:, i : i + 3, j : j + 3], dh[:, i, j], axes=([0], [0]))
                dpadded[:, i : i + 3, j : j + 3] += np.tensordot(dh[:, i, j], w, axes=([1], [3]))
        self.adam([dw, dh.sum(axis=(0, 1, 2)), dfc_w, dfc_b])
        return float(loss)

    def adam(self, grads):
        """Move the parameters."""
        self.t += 1
        for k, grad in enumerate(grads):
            self.m[k] = 0.9 * self.m[k] + 0.1 * grad
            self.v[k] = 0.999 * self.v[k] + 0.001 * grad**2
            m, v = self.m[k] / (1 - 0.9**self.t), self.v[k] / (1 - 0.999**self.t)
            self.params[k] = (self.params[k] - 1e-3 * m / (np.sqrt(v) + 1e-8)).astype(grad.dtype)
