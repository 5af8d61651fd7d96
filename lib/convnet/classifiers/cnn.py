"""Convolutional networks with a loss: parameters in a dictionary, gradients under the same keys.

``loss(X)`` returns scores, ``loss(X, y)`` the loss and the gradients. That is all a ``Solver`` needs to know.
"""

from __future__ import annotations

import numpy as np

from lib.convnet.guards import require_array
from lib.convnet.layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from lib.convnet.layers import affine_backward, affine_forward, softmax_loss
from lib.errors import ConfigError


class _ConvNet:
    """What both networks share: settings, the types of the parameters, the parameters of the convolution."""

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        input_dim = tuple(int(n) for n in input_dim)
        if len(input_dim) != 3 or min(input_dim) < 2:
            msg = (
                f"{type(self).__name__}: input_dim is {input_dim}, wanted (C, H, W) with H and W at least 2."
            )
            raise ConfigError(msg)
        if filter_size % 2 == 0:
            msg = f"{type(self).__name__}: filter_size={filter_size} is even, so no padding keeps the image size. Use 3, 5 or 7."
            raise ConfigError(msg)
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        #: What it takes to build this network again.
        self.settings = {
            "input_dim": input_dim,
            "num_filters": num_filters,
            "filter_size": filter_size,
            "hidden_dim": hidden_dim,
            "num_classes": num_classes,
            "weight_scale": weight_scale,
            "reg": reg,
        }
        # the convolution keeps the size of the image, the pooling halves it
        self.conv_param = {"stride": 1, "pad": (filter_size - 1) // 2}
        self.pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        self._init_params(input_dim, num_filters, filter_size, hidden_dim, num_classes, weight_scale)
        self.params = {name: np.asarray(value).astype(dtype) for name, value in self.params.items()}

    def _init_params(self, input_dim, num_filters, filter_size, hidden_dim, num_classes, weight_scale):
        raise NotImplementedError

    def _batch(self, X):
        """Return the images in the network's own dtype."""
        X = np.asarray(X).astype(self.dtype, copy=False)
        require_array(f"{type(self).__name__}.loss", "X", X, "N, C, H, W")
        return X


class ThreeLayerConvNet(_ConvNet):
    """conv - ReLU - 2x2 max pool - affine - ReLU - affine - softmax.

    Parameters
    ----------
    input_dim : tuple (C, H, W)
        Size of one image.
    num_filters : int
    filter_size : int, odd
        Height and width of the filters.
    hidden_dim : int
        Units of the hidden affine layer.
    num_classes : int
    weight_scale : float
        Standard deviation of the first weights. Biases start at 0.
    reg : float >= 0
        Weight of the L2 penalty 0.5 * reg * sum(W**2) on W1, W2 and W3.
    dtype : NumPy dtype
        Of parameters and computation; float64 for gradient checks.

    Attributes
    ----------
    params : dict
        W1 (F, C, KH, KW), b1 (F,), W2 (F * H/2 * W/2, hidden_dim), b2, W3 (hidden_dim, num_classes), b3.
    """

    def _init_params(self, input_dim, num_filters, filter_size, hidden_dim, num_classes, weight_scale):
        """Fill ``self.params`` with W1, b1, W2, b2, W3, b3, drawn by np.random.randn in this order."""
        C, H, W = input_dim
        ### BEGIN SOLUTION three-layer-init
        pooled = num_filters * (H // 2) * (W // 2)
        self.params["W1"] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params["b1"] = np.zeros(num_filters)
        self.params["W2"] = weight_scale * np.random.randn(pooled, hidden_dim)
        self.params["b2"] = np.zeros(hidden_dim)
        self.params["W3"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b3"] = np.zeros(num_classes)
        ### END SOLUTION

    def loss(self, X, y=None):
        """Compute scores, or loss and gradients.

        Parameters
        ----------
        X : ndarray, shape (N, C, H, W)
        y : ndarray, shape (N,), int, optional

        Returns
        -------
        scores : ndarray, shape (N, num_classes)
            If y is not given.
        loss : float
        grads : dict, same keys and shapes as ``params``
            If y is given.
        """
        X = self._batch(X)
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        W3, b3 = self.params["W3"], self.params["b3"]
        conv_param, pool_param = self.conv_param, self.pool_param
        scores = None
        ### BEGIN SOLUTION three-layer-scores
        pooled, cache1 = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        hidden, cache2 = affine_relu_forward(pooled, W2, b2)
        scores, cache3 = affine_forward(hidden, W3, b3)
        ### END SOLUTION
        if y is None:
            return scores
        loss, grads = 0.0, {}
        ### BEGIN SOLUTION three-layer-loss
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W3"], grads["b3"] = affine_backward(dscores, cache3)
        dpooled, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, cache2)
        _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dpooled, cache1, need_dx=False)
        for name in ("W1", "W2", "W3"):
            weights = self.params[name]
            loss += 0.5 * self.reg * np.sum(weights * weights)
            grads[name] += self.reg * weights
        ### END SOLUTION
        return loss, grads


class FourLayerConvNet(_ConvNet):
    """conv - ReLU - 2x2 max pool - affine - ReLU - affine - ReLU - affine - softmax.

    Parameters
    ----------
    input_dim, num_filters, filter_size, num_classes, weight_scale, dtype
        As in ThreeLayerConvNet.
    hidden_dim : int
        Units of both hidden affine layers.
    reg : float >= 0
        Weight of the L2 penalty 0.5 * reg * sum(W**2) on W1 to W4.

    Attributes
    ----------
    params : dict
        W1 (F, C, KH, KW), b1 (F,), W2 (F * H/2 * W/2, hidden_dim), b2, W3 (hidden_dim, hidden_dim), b3,
        W4 (hidden_dim, num_classes), b4.
    """

    def _init_params(self, input_dim, num_filters, filter_size, hidden_dim, num_classes, weight_scale):
        """Fill ``self.params`` with W1, b1 to W4, b4, drawn by np.random.randn in this order."""
        C, H, W = input_dim
        ### BEGIN SOLUTION four-layer-init
        pooled = num_filters * (H // 2) * (W // 2)
        self.params["W1"] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params["b1"] = np.zeros(num_filters)
        sizes = [pooled, hidden_dim, hidden_dim, num_classes]
        for k in (2, 3, 4):
            self.params[f"W{k}"] = weight_scale * np.random.randn(sizes[k - 2], sizes[k - 1])
            self.params[f"b{k}"] = np.zeros(sizes[k - 1])
        ### END SOLUTION

    def loss(self, X, y=None):
        """Compute scores, or loss and gradients.

        Parameters
        ----------
        X : ndarray, shape (N, C, H, W)
        y : ndarray, shape (N,), int, optional

        Returns
        -------
        scores : ndarray, shape (N, num_classes)
            If y is not given.
        loss : float
        grads : dict, same keys and shapes as ``params``
            If y is given.
        """
        X = self._batch(X)
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        W3, b3 = self.params["W3"], self.params["b3"]
        W4, b4 = self.params["W4"], self.params["b4"]
        conv_param, pool_param = self.conv_param, self.pool_param
        scores = None
        ### BEGIN SOLUTION four-layer-scores
        pooled, cache1 = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        hidden1, cache2 = affine_relu_forward(pooled, W2, b2)
        hidden2, cache3 = affine_relu_forward(hidden1, W3, b3)
        scores, cache4 = affine_forward(hidden2, W4, b4)
        ### END SOLUTION
        if y is None:
            return scores
        loss, grads = 0.0, {}
        ### BEGIN SOLUTION four-layer-loss
        loss, dscores = softmax_loss(scores, y)
        dhidden2, grads["W4"], grads["b4"] = affine_backward(dscores, cache4)
        dhidden1, grads["W3"], grads["b3"] = affine_relu_backward(dhidden2, cache3)
        dpooled, grads["W2"], grads["b2"] = affine_relu_backward(dhidden1, cache2)
        _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dpooled, cache1, need_dx=False)
        for name in ("W1", "W2", "W3", "W4"):
            weights = self.params[name]
            loss += 0.5 * self.reg * np.sum(weights * weights)
            grads[name] += self.reg * weights
        ### END SOLUTION
        return loss, grads
