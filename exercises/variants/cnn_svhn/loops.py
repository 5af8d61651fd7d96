"""Right answers in the plainest style: one loop for each index of the formula."""

import numpy as np


def get_output_size(self, input_size):
    ### BEGIN SOLUTION conv-output-size
    output_size = [input_size[0]]
    for pixels in input_size[1:3]:
        count = 0
        start = 0
        while start + self.kernel_size <= pixels + 2 * self.padding:
            count += 1
            start += self.stride
        output_size.append(count)
    output_size.append(self.number_filters)
    ### END SOLUTION
    return output_size


def conv_forward(self, img, w, b):
    ### BEGIN SOLUTION conv-forward
    k, s, p = self.kernel_size, self.stride, self.padding
    N, H, W, C = img.shape
    padded = np.zeros((N, H + 2 * p, W + 2 * p, C))
    padded[:, p : p + H, p : p + W] = img
    output = np.zeros(self.get_output_size(img.shape))
    for n in range(output.shape[0]):
        for i in range(output.shape[1]):
            for j in range(output.shape[2]):
                window = padded[n, i * s : i * s + k, j * s : j * s + k]
                for f in range(output.shape[3]):
                    output[n, i, j, f] = np.sum(window * w[:, :, :, f]) + b[f]
    self.meta = img
    ### END SOLUTION
    return output


def conv_backward(self, dprev, img, w):
    ### BEGIN SOLUTION conv-backward
    k, s, p = self.kernel_size, self.stride, self.padding
    N, H, W, C = img.shape
    padded = np.zeros((N, H + 2 * p, W + 2 * p, C))
    padded[:, p : p + H, p : p + W] = img
    dpadded = np.zeros_like(padded)
    dw = np.zeros(w.shape)
    db = np.zeros(w.shape[3])
    for n in range(dprev.shape[0]):
        for i in range(dprev.shape[1]):
            for j in range(dprev.shape[2]):
                rows, columns = slice(i * s, i * s + k), slice(j * s, j * s + k)
                for f in range(dprev.shape[3]):
                    slope = dprev[n, i, j, f]
                    dw[:, :, :, f] += slope * padded[n, rows, columns]
                    dpadded[n, rows, columns] += slope * w[:, :, :, f]
                    db[f] += slope
    self.grads[self.w_name] = dw
    self.grads[self.b_name] = db
    dimg = dpadded[:, p : p + H, p : p + W]
    ### END SOLUTION
    return dimg


def pool_forward(self, img):
    ### BEGIN SOLUTION pool-forward
    k, s = self.pool_size, self.stride
    N, H, W, C = img.shape
    output = np.zeros((N, (H - k) // s + 1, (W - k) // s + 1, C))
    for n in range(N):
        for i in range(output.shape[1]):
            for j in range(output.shape[2]):
                for c in range(C):
                    output[n, i, j, c] = np.max(img[n, i * s : i * s + k, j * s : j * s + k, c])
    self.meta = img
    ### END SOLUTION
    return output


def pool_backward(self, dprev, img):
    ### BEGIN SOLUTION pool-backward
    k, s = self.pool_size, self.stride
    dimg = np.zeros(img.shape)
    for n in range(dprev.shape[0]):
        for i in range(dprev.shape[1]):
            for j in range(dprev.shape[2]):
                for c in range(dprev.shape[3]):
                    window = img[n, i * s : i * s + k, j * s : j * s + k, c]
                    u, v = np.unravel_index(np.argmax(window), window.shape)
                    dimg[n, i * s + u, j * s + v, c] += dprev[n, i, j, c]
    ### END SOLUTION
    return dimg
