# ruff: noqa
# fmt: off
# As a student of the original course writes it: star import, loops over pixels, assertions, meta reset by hand.
from lib.mlp.layer_utils import *


class ConvLayer2D(object):
    def __init__(self, input_channels, kernel_size, number_filters,
                 stride=1, padding=0, init_scale=.02, name="conv"):
        self.name = name
        self.w_name = name + "_w"
        self.b_name = name + "_b"
        self.input_channels = input_channels
        self.kernel_size = kernel_size
        self.number_filters = number_filters
        self.stride = stride
        self.padding = padding
        self.params = {}
        self.grads = {}
        self.params[self.w_name] = init_scale * np.random.randn(kernel_size, kernel_size,
                                                                input_channels, number_filters)
        self.params[self.b_name] = np.zeros(number_filters)
        self.grads[self.w_name] = None
        self.grads[self.b_name] = None
        self.meta = None

    def get_output_size(self, input_size):
        n, h, w, c = input_size
        out_h = (h - self.kernel_size + 2 * self.padding) // self.stride + 1
        out_w = (w - self.kernel_size + 2 * self.padding) // self.stride + 1
        return [n, out_h, out_w, self.number_filters]

    def forward(self, img):
        assert len(img.shape) == 4, "expected batch of images, got {}".format(img.shape)
        n, out_h, out_w, f = self.get_output_size(img.shape)
        pad = self.padding
        k = self.kernel_size
        padded = np.pad(img, ((0, 0), (pad, pad), (pad, pad), (0, 0)), 'constant')
        w = self.params[self.w_name]
        b = self.params[self.b_name]
        output = np.zeros((n, out_h, out_w, f))
        for i in range(out_h):
            for j in range(out_w):
                r, c = i * self.stride, j * self.stride
                patch = padded[:, r:r + k, c:c + k, :]
                for o in range(f):
                    output[:, i, j, o] = np.sum(patch * w[:, :, :, o], axis=(1, 2, 3)) + b[o]
        self.meta = img
        return output

    def backward(self, dprev):
        img = self.meta
        if img is None:
            raise ValueError("No forward function called before for this module!")
        n, out_h, out_w, f = dprev.shape
        pad = self.padding
        k = self.kernel_size
        padded = np.pad(img, ((0, 0), (pad, pad), (pad, pad), (0, 0)), 'constant')
        w = self.params[self.w_name]
        dpadded = np.zeros(padded.shape)
        dw = np.zeros(w.shape)
        for i in range(out_h):
            for j in range(out_w):
                r, c = i * self.stride, j * self.stride
                patch = padded[:, r:r + k, c:c + k, :]
                for o in range(f):
                    d = dprev[:, i, j, o][:, None, None, None]
                    dw[:, :, :, o] += np.sum(patch * d, axis=0)
                    dpadded[:, r:r + k, c:c + k, :] += w[:, :, :, o] * d
        self.grads[self.w_name] = dw
        self.grads[self.b_name] = dprev.sum(axis=(0, 1, 2))
        dimg = dpadded[:, pad:pad + img.shape[1], pad:pad + img.shape[2], :]
        self.meta = None
        return dimg


class MaxPoolingLayer(object):
    def __init__(self, pool_size, stride, name):
        self.pool_size = pool_size
        self.stride = stride
        self.params = {}
        self.grads = {}
        self.name = name
        self.meta = None

    def forward(self, img):
        assert len(img.shape) == 4, "expected batch of images, got {}".format(img.shape)
        n, h, w, c = img.shape
        k = self.pool_size
        out_h = (h - k) // self.stride + 1
        out_w = (w - k) // self.stride + 1
        output = np.zeros((n, out_h, out_w, c))
        for i in range(out_h):
            for j in range(out_w):
                r, s = i * self.stride, j * self.stride
                output[:, i, j, :] = np.max(img[:, r:r + k, s:s + k, :], axis=(1, 2))
        self.meta = img
        return output

    def backward(self, dprev):
        img = self.meta
        k = self.pool_size
        dimg = np.zeros_like(img)
        for i in range(dprev.shape[1]):
            for j in range(dprev.shape[2]):
                r, s = i * self.stride, j * self.stride
                patch = img[:, r:r + k, s:s + k, :]
                mask = patch == np.max(patch, axis=(1, 2), keepdims=True)
                dimg[:, r:r + k, s:s + k, :] += mask * dprev[:, i, j, :][:, None, None, :]
        return dimg
