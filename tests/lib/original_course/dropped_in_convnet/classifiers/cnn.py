# ruff: noqa
# fmt: off
# As a student of the original course writes it: all names by star imports, nothing of ours known.
from builtins import object
import numpy as np

from ..layers import *
from ..fast_layers import *
from ..layer_utils import *


class ThreeLayerConvNet(object):
    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
                 hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0,
                 dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        self.params['W1'] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params['b1'] = np.zeros(num_filters)
        self.params['W2'] = weight_scale * np.random.randn(num_filters * (H // 2) * (W // 2), hidden_dim)
        self.params['b2'] = np.zeros(hidden_dim)
        self.params['W3'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b3'] = np.zeros(num_classes)
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        W3, b3 = self.params['W3'], self.params['b3']
        filter_size = W1.shape[2]
        conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        out, conv_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        out, hidden_cache = affine_relu_forward(out, W2, b2)
        scores, cache = affine_forward(out, W3, b3)
        if y is None:
            return scores
        loss, grads = 0, {}
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2) + np.sum(W3 ** 2))
        dout, grads['W3'], grads['b3'] = affine_backward(dscores, cache)
        dout, grads['W2'], grads['b2'] = affine_relu_backward(dout, hidden_cache)
        _, grads['W1'], grads['b1'] = conv_relu_pool_backward(dout, conv_cache)
        grads['W1'] += self.reg * W1
        grads['W2'] += self.reg * W2
        grads['W3'] += self.reg * W3
        return loss, grads


class FourLayerConvNet(object):
    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
                 hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0,
                 dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        C, H, W = input_dim
        self.params['W1'] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.params['W2'] = weight_scale * np.random.randn(num_filters * H * W // 4, hidden_dim)
        self.params['W3'] = weight_scale * np.random.randn(hidden_dim, hidden_dim)
        self.params['W4'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b1'] = np.zeros(num_filters)
        self.params['b2'] = np.zeros(hidden_dim)
        self.params['b3'] = np.zeros(hidden_dim)
        self.params['b4'] = np.zeros(num_classes)
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        p = self.params
        conv_param = {'stride': 1, 'pad': (p['W1'].shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        h1, c1 = conv_relu_pool_forward(X, p['W1'], p['b1'], conv_param, pool_param)
        h2, c2 = affine_relu_forward(h1, p['W2'], p['b2'])
        h3, c3 = affine_relu_forward(h2, p['W3'], p['b3'])
        scores, c4 = affine_forward(h3, p['W4'], p['b4'])
        if y is None:
            return scores
        grads = {}
        loss, dscores = softmax_loss(scores, y)
        dh3, grads['W4'], grads['b4'] = affine_backward(dscores, c4)
        dh2, grads['W3'], grads['b3'] = affine_relu_backward(dh3, c3)
        dh1, grads['W2'], grads['b2'] = affine_relu_backward(dh2, c2)
        dX, grads['W1'], grads['b1'] = conv_relu_pool_backward(dh1, c1)
        for k in ('W1', 'W2', 'W3', 'W4'):
            loss += 0.5 * self.reg * np.sum(p[k] * p[k])
            grads[k] += self.reg * p[k]
        return loss, grads
