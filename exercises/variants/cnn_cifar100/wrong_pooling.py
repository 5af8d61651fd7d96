"""Max pooling whose way back shares the slope among all pixels of a window, as that of average pooling does."""

import numpy as np


def pool_backward(self, dprev, img):
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    dimg = np.zeros(img.shape)
    for i in range(dprev.shape[1]):
        for j in range(dprev.shape[2]):
            share = dprev[:, i : i + 1, j : j + 1] / (k * k)
            dimg[:, i * s : i * s + k, j * s : j * s + k] += share
    ### END SOLUTION
    return dimg
