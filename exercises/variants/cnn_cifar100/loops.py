"""Right answers in a plain style: a loop over images and windows, and the smallest network that will do."""

import numpy as np


def get_output_size(self, input_size):
    ### BEGIN SOLUTION conv-output-size
    places = []
    for pixels in (input_size[1], input_size[2]):
        room = pixels + 2 * self.padding - self.kernel_size
        places.append(int(room / self.stride) + 1)
    output_size = [input_size[0], places[0], places[1], self.number_filters]
    ### END SOLUTION
    return output_size


def conv_forward(self, img, w, b):
    ### BEGIN SOLUTION conv-forward
    size, step, pad = self.kernel_size, self.stride, self.padding
    output = np.zeros(self.get_output_size(img.shape))
    for n, image in enumerate(img):
        image = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
        for i in range(output.shape[1]):
            for j in range(output.shape[2]):
                window = image[i * step : i * step + size, j * step : j * step + size]
                # (F,): the window times every filter
                output[n, i, j] = (window[..., np.newaxis] * w).sum(axis=(0, 1, 2)) + b
    self.meta = img
    ### END SOLUTION
    return output


def conv_backward(self, dprev, img, w):
    ### BEGIN SOLUTION conv-backward
    size, step, pad = self.kernel_size, self.stride, self.padding
    H, W = img.shape[1:3]
    dw, db = np.zeros(w.shape), np.zeros(self.number_filters)
    dimg = np.zeros(img.shape)
    for n in range(len(img)):
        image = np.pad(img[n], ((pad, pad), (pad, pad), (0, 0)))
        dimage = np.zeros(image.shape)
        for i in range(dprev.shape[1]):
            for j in range(dprev.shape[2]):
                here = (slice(i * step, i * step + size), slice(j * step, j * step + size))
                slope = dprev[n, i, j]
                dw += image[here][..., np.newaxis] * slope
                db += slope
                dimage[here] += w @ slope
        dimg[n] = dimage[pad : pad + H, pad : pad + W]
    self.grads[self.w_name] = dw
    self.grads[self.b_name] = db
    ### END SOLUTION
    return dimg


def pool_forward(self, img):
    ### BEGIN SOLUTION pool-forward
    size, step = self.pool_size, self.stride
    rows = range(0, img.shape[1] - size + 1, step)
    columns = range(0, img.shape[2] - size + 1, step)
    output = np.zeros((img.shape[0], len(rows), len(columns), img.shape[3]))
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            output[:, i, j] = img[:, top : top + size, left : left + size].max(axis=1).max(axis=1)
    self.meta = img
    ### END SOLUTION
    return output


def pool_backward(self, dprev, img):
    ### BEGIN SOLUTION pool-backward
    size, step = self.pool_size, self.stride
    dimg = np.zeros(img.shape)
    for n, i, j, c in np.ndindex(*dprev.shape):
        window = img[n, i * step : i * step + size, j * step : j * step + size, c]
        u, v = divmod(int(np.argmax(window)), size)
        dimg[n, i * step + u, j * step + v, c] += dprev[n, i, j, c]
    ### END SOLUTION
    return dimg


def small_network(self, keep_prob, seed, num_classes):
    ### BEGIN SOLUTION small-cnn
    self.net = sequential(
        FastConvLayer2D(3, 3, 16, padding=1, init_scale=np.sqrt(2 / 27), name="first"),
        FastMaxPoolingLayer(pool_size=2, stride=2, name="half"),
        gelu(name="bend"),
        FastConvLayer2D(16, 3, 32, padding=1, init_scale=np.sqrt(2 / 144), name="second"),
        FastMaxPoolingLayer(pool_size=2, stride=2, name="quarter"),
        gelu(name="bend_again"),
        flatten(name="row"),
        fc(8 * 8 * 32, num_classes, init_scale=np.sqrt(1 / 2048), name="scores"),
    )
    ### END SOLUTION


def settings(model):
    ### BEGIN SOLUTION training-settings
    optimizer = Adam(model.net, 1e-3)
    batch_size = 20
    epochs = 8
    lr_decay = 0.9
    lr_decay_every = 1
    regularization = "l2"
    reg_lambda = 3e-3
    ### END SOLUTION


def filters(model):
    ### BEGIN SOLUTION filters-array
    first = model.net.layers[0].params["first_w"]
    im_array = np.array([first[:, :, :, f] for f in range(first.shape[3])])
    nrows, ncols = 4, 4
    ### END SOLUTION
