"""The layers of a convolutional network, as functions: convolution, pooling, spatial normalization.

Every layer is a pair. ``out, cache = <layer>_forward(x, …)`` computes, ``<layer>_backward(dout, cache)`` takes
the gradient of the loss with respect to ``out`` and returns the gradients with respect to the inputs, in the
order of the arguments. Images are (N, C, H, W), filters (F, C, KH, KW).

The functions called naive are written to be understood; ``lib/convnet/fast_layers.py`` has the same functions,
made for training. Layers on features, such as ``affine_forward`` and ``batchnorm_forward``, come from
``lib/convnet/dense_layers.py``.
"""

from __future__ import annotations

import numpy as np

# so that every layer can be had from here, as the original course has it
from lib.convnet.dense_layers import (  # noqa: F401
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_loss,
    svm_loss,
)
from lib.convnet.guards import (
    require_array,
    require_images_and_filters,
    require_images_and_windows,
    require_shape,
)
from lib.errors import ConfigError


def conv_forward_naive(x, w, b, conv_param):
    """Slide every filter over every image and add its bias.

    With x padded by zeros on all four sides, and the filters not flipped:

    ``out[n, f, i, j] = b[f]
    + sum over (c, u, v) of padded[n, c, i*stride + u, j*stride + v] * w[f, c, u, v]``

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
        Do not modify it.
    w : ndarray, shape (F, C, KH, KW), float
    b : ndarray, shape (F,), float
    conv_param : dict
        ``"stride"``: pixels between neighboring windows. ``"pad"``: pixels of zeros on each side.

    Returns
    -------
    out : ndarray, shape (N, F, OH, OW)
        OH = 1 + (H + 2*pad - KH) // stride, OW likewise. A strip too narrow for a window is not read.
    cache : tuple (x, w, b, conv_param)
    """
    require_images_and_filters("conv_forward_naive", x, w, b, conv_param)
    stride, pad = conv_param["stride"], conv_param["pad"]
    out = None
    ### BEGIN SOLUTION conv-naive-forward
    N, _, H, W = x.shape
    F, _, KH, KW = w.shape
    OH, OW = 1 + (H + 2 * pad - KH) // stride, 1 + (W + 2 * pad - KW) // stride
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, OH, OW), dtype=np.result_type(x, w))
    for i in range(OH):
        for j in range(OW):
            window = padded[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    ### END SOLUTION
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    """Carry the gradient of the output back to images, filters and biases.

    Parameters
    ----------
    dout : ndarray, shape (N, F, OH, OW), float
        Gradient of the loss with respect to the output.
    cache : tuple (x, w, b, conv_param)
        As ``conv_forward_naive`` returned it.

    Returns
    -------
    dx : ndarray, shape of x
        Without the padding. A pixel that no window saw has gradient zero.
    dw : ndarray, shape of w
    db : ndarray, shape of b

    Notes
    -----
    Make the gradient of the padded images first and cut the padding off; ``[pad:-pad]`` is empty for pad = 0.
    """
    x, w, b, conv_param = cache
    require_array("conv_backward_naive", "dout", dout, "N, F, OH, OW")
    stride, pad = conv_param["stride"], conv_param["pad"]
    dx, dw, db = None, None, None
    ### BEGIN SOLUTION conv-naive-backward
    H, W = x.shape[2:]
    KH, KW = w.shape[2:]
    OH, OW = dout.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded = np.zeros(padded.shape, dtype=np.result_type(dout, w))
    dw = np.zeros_like(w)
    for i in range(OH):
        for j in range(OW):
            rows, columns = slice(i * stride, i * stride + KH), slice(j * stride, j * stride + KW)
            slope = dout[:, :, i, j]  # (N, F)
            dw += np.tensordot(slope, padded[:, :, rows, columns], axes=([0], [0]))
            dpadded[:, :, rows, columns] += np.tensordot(slope, w, axes=1)
    db = dout.sum(axis=(0, 2, 3))
    dx = dpadded[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """Keep the largest pixel of every window, plane by plane.

    ``out[n, c, i, j] = max over (u, v) of x[n, c, i*stride + u, j*stride + v]``

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
    pool_param : dict
        ``"pool_height"``, ``"pool_width"``: size of a window. ``"stride"``: pixels between neighboring windows,
        which may overlap.

    Returns
    -------
    out : ndarray, shape (N, C, OH, OW)
        OH = 1 + (H - pool_height) // stride, OW likewise.
    cache : tuple (x, pool_param)
    """
    require_images_and_windows("max_pool_forward_naive", x, pool_param)
    PH, PW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    out = None
    ### BEGIN SOLUTION max-naive-forward
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - PH) // stride, 1 + (W - PW) // stride), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, i * stride : i * stride + PH, j * stride : j * stride + PW]
            out[:, :, i, j] = window.max(axis=(2, 3))
    ### END SOLUTION
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    """Send the gradient of every window to the pixel that won it.

    Parameters
    ----------
    dout : ndarray, shape (N, C, OH, OW), float
    cache : tuple (x, pool_param)

    Returns
    -------
    dx : ndarray, shape of x
        A pixel that won several windows holds the sum of their gradients. Of equal pixels the first, row by
        row, wins.
    """
    x, pool_param = cache
    require_array("max_pool_backward_naive", "dout", dout, "N, C, OH, OW")
    PH, PW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = None
    ### BEGIN SOLUTION max-naive-backward
    dx = np.zeros(x.shape, dtype=dout.dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW]
        u, v = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j]
    ### END SOLUTION
    return dx


def avg_pool_forward_naive(x, pool_param):
    """Take the mean of every window, plane by plane.

    ``out[n, c, i, j] = mean over (u, v) of x[n, c, i*stride + u, j*stride + v]``

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
    pool_param : dict
        As for ``max_pool_forward_naive``.

    Returns
    -------
    out : ndarray, shape (N, C, OH, OW)
    cache : tuple (x, pool_param)
    """
    require_images_and_windows("avg_pool_forward_naive", x, pool_param)
    PH, PW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    out = None
    ### BEGIN SOLUTION avg-naive-forward
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - PH) // stride, 1 + (W - PW) // stride), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, i * stride : i * stride + PH, j * stride : j * stride + PW]
            out[:, :, i, j] = window.mean(axis=(2, 3))
    ### END SOLUTION
    return out, (x, pool_param)


def avg_pool_backward_naive(dout, cache):
    """Give each pixel of a window an equal part of the window's gradient.

    Parameters
    ----------
    dout : ndarray, shape (N, C, OH, OW), float
    cache : tuple (x, pool_param)

    Returns
    -------
    dx : ndarray, shape of x
        A pixel in several windows holds the sum of their parts.
    """
    x, pool_param = cache
    require_array("avg_pool_backward_naive", "dout", dout, "N, C, OH, OW")
    PH, PW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = None
    ### BEGIN SOLUTION avg-naive-backward
    dx = np.zeros(x.shape, dtype=dout.dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + PH), slice(j * stride, j * stride + PW)
            dx[:, :, rows, columns] += dout[:, :, i : i + 1, j : j + 1] / (PH * PW)
    ### END SOLUTION
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize each channel over the batch and all pixels, then scale and shift it.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
    gamma, beta : ndarray, shape (C,)
    bn_param : dict
        As for ``batchnorm_forward``, to which it is handed on: that keeps the running averages in it.

    Returns
    -------
    out : ndarray, shape of x
    cache : whatever ``spatial_batchnorm_backward`` needs
    """
    require_array("spatial_batchnorm_forward", "x", x, "N, C, H, W")
    require_shape("spatial_batchnorm_forward", "gamma", gamma, x.shape[1:2], "one number for each channel")
    require_shape("spatial_batchnorm_forward", "beta", beta, x.shape[1:2], "one number for each channel")
    out, cache = None, None
    ### BEGIN SOLUTION spatial-batchnorm-forward
    N, C, H, W = x.shape
    pixels = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out, cache = batchnorm_forward(pixels, gamma, beta, bn_param)
    out = out.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ### END SOLUTION
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Return (dx, dgamma, dbeta) of spatial batch normalization.

    Parameters
    ----------
    dout : ndarray, shape (N, C, H, W), float
    cache : as ``spatial_batchnorm_forward`` returned it

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)
    dgamma, dbeta : ndarray, shape (C,)
    """
    require_array("spatial_batchnorm_backward", "dout", dout, "N, C, H, W")
    dx, dgamma, dbeta = None, None, None
    ### BEGIN SOLUTION spatial-batchnorm-backward
    N, C, H, W = dout.shape
    dpixels, dgamma, dbeta = batchnorm_backward(dout.transpose(0, 2, 3, 1).reshape(-1, C), cache)
    dx = dpixels.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ### END SOLUTION
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Normalize each image over groups of C/G neighboring channels, then scale and shift each channel.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
    gamma, beta : ndarray, shape (1, C, 1, 1)
    G : int
        Number of groups; divides C.
    gn_param : dict
        ``"eps"``: added to the variance, 1e-5 when not given.

    Returns
    -------
    out : ndarray, shape of x
    cache : whatever ``spatial_groupnorm_backward`` needs
    """
    require_array("spatial_groupnorm_forward", "x", x, "N, C, H, W")
    C = x.shape[1]
    require_shape("spatial_groupnorm_forward", "gamma", gamma, (1, C, 1, 1), "one number for each channel")
    require_shape("spatial_groupnorm_forward", "beta", beta, (1, C, 1, 1), "one number for each channel")
    if G < 1 or C % G:
        msg = f"spatial_groupnorm_forward: {C} channels cannot be divided into G={G} groups."
        raise ConfigError(msg)
    eps = gn_param.get("eps", 1e-5)
    out, cache = None, None
    ### BEGIN SOLUTION groupnorm-forward
    N, C, H, W = x.shape
    groups = x.reshape(N, G, C // G, H, W)
    mean = groups.mean(axis=(2, 3, 4), keepdims=True)
    inverse_std = 1 / np.sqrt(groups.var(axis=(2, 3, 4), keepdims=True) + eps)
    normalized = ((groups - mean) * inverse_std).reshape(N, C, H, W)
    out = gamma * normalized + beta
    cache = (normalized, gamma, inverse_std, G)
    ### END SOLUTION
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """Return (dx, dgamma, dbeta) of group normalization.

    Parameters
    ----------
    dout : ndarray, shape (N, C, H, W), float
    cache : as ``spatial_groupnorm_forward`` returned it

    Returns
    -------
    dx : ndarray, shape (N, C, H, W)
    dgamma, dbeta : ndarray, shape (1, C, 1, 1)
    """
    require_array("spatial_groupnorm_backward", "dout", dout, "N, C, H, W")
    dx, dgamma, dbeta = None, None, None
    ### BEGIN SOLUTION groupnorm-backward
    normalized, gamma, inverse_std, G = cache
    N, C, H, W = dout.shape
    dgamma = (dout * normalized).sum(axis=(0, 2, 3), keepdims=True)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    groups = (N, G, C // G, H, W)
    g, xhat = (dout * gamma).reshape(groups), normalized.reshape(groups)
    mean_g = g.mean(axis=(2, 3, 4), keepdims=True)
    mean_gx = (g * xhat).mean(axis=(2, 3, 4), keepdims=True)
    dx = (inverse_std * (g - mean_g - xhat * mean_gx)).reshape(N, C, H, W)
    ### END SOLUTION
    return dx, dgamma, dbeta
