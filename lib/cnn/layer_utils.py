"""The layers of a convolutional network: convolution and max pooling.

A layer is an object with two methods. ``forward(img)`` returns the layer's output and keeps in ``self.meta``
what the way back will need. ``backward(dprev)`` takes the gradient of the loss with respect to that output,
stores the gradients of the parameters in ``self.grads``, returns the gradient with respect to ``img`` and
empties ``self.meta``. Parameters stand in ``self.params`` under the same keys as their gradients.

Images are arrays of shape (N, H, W, C): N images of H rows and W columns with C channels, channels last.

The layers of Problem 1 (sequential, flatten, fc, ...) can be imported from here as well.
"""

import numpy as np

from lib.errors import CallOrderError, ConfigError, ShapeError
from lib.mlp.guards import require_float_array, require_forward, require_gradient
from lib.mlp.layer_utils import (  # noqa: F401  (importable from here: see the last line above)
    cross_entropy,
    dropout,
    fc,
    flatten,
    gelu,
    leaky_relu,
    relu,
    reset_seed,
    sequential,
    softmax,
)


def _check_setting(where, setting, value, smallest):
    """Refuse a setting of a layer that is not a whole number of at least `smallest`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < smallest:
        msg = f"{where}: {setting}={value!r} is not a whole number >= {smallest}."
        raise ConfigError(msg)


def _check_images(where, img, channels=None):
    """Refuse anything but a floating-point batch of images, with `channels` channels where that is given."""
    require_float_array(where, "img", img)
    if img.ndim != 4:
        msg = f"{where}: img has shape {img.shape}, wanted a batch of images of shape (N, H, W, C)."
        raise ShapeError(msg)
    if channels is not None and img.shape[3] != channels:
        msg = (
            f"{where}: img has {img.shape[3]} channels on its last axis but the layer was made for "
            f"{channels} (img {img.shape}). Images are (N, H, W, C)."
        )
        raise ShapeError(msg)


def _check_window(where, image, window, padding=0):
    """Refuse a window that is larger than the padded image; `image` is (H, W)."""
    if window > min(image) + 2 * padding:
        msg = (
            f"{where}: a {window}x{window} window does not fit a {image[0]}x{image[1]} image "
            f"with padding={padding}. Use a smaller window or padding >= {-(-(window - min(image)) // 2)}."
        )
        raise ShapeError(msg)


def _check_backward(where, dprev, meta, output_shape):
    """Refuse a backward pass without a forward pass, or with a gradient of another shape than the output."""
    if meta is None and output_shape is not None:
        msg = f"{where}: forward left self.meta empty. It must store the images there: self.meta = img."
        raise CallOrderError(msg)
    require_forward(where, meta)
    if output_shape is None:  # somebody filled meta by hand to try backward alone
        require_float_array(where, "dprev", dprev)
    else:
        require_gradient(where, dprev, output_shape)


class ConvLayer2D:
    """Convolution: slide a bank of filters over a batch of images.

    Parameters
    ----------
    input_channels : int >= 1
        C, the channels of the images.
    kernel_size : int >= 1
        Height and width of the filters, in pixels.
    number_filters : int >= 1
        F, the channels of the output.
    stride : int >= 1
        Pixels between neighboring windows, same in both directions.
    padding : int >= 0
        Pixels of zeros around each image, on all four sides.
    init_scale : float
        Standard deviation of the first weights. Biases start at zero.
    name : str
        Unique in the network: parameters and gradients are kept under ``<name>_w`` and ``<name>_b``.

    Attributes
    ----------
    params : dict of str to ndarray
        ``params[self.w_name]``, shape (kernel_size, kernel_size, C, F);
        ``params[self.b_name]``, shape (F,).
    grads : dict of str to ndarray or None
        The gradients, same keys and shapes; None until the first backward pass.
    meta : ndarray or None
        The images of the last forward pass, until the backward pass.
    """

    def __init__(
        self,
        input_channels,
        kernel_size,
        number_filters,
        stride=1,
        padding=0,
        init_scale=0.02,
        name="conv",
    ):
        where = f"layer '{name}'"
        _check_setting(where, "input_channels", input_channels, 1)
        _check_setting(where, "kernel_size", kernel_size, 1)
        _check_setting(where, "number_filters", number_filters, 1)
        _check_setting(where, "stride", stride, 1)
        _check_setting(where, "padding", padding, 0)
        self.name = name
        self.w_name = name + "_w"
        self.b_name = name + "_b"
        self.input_channels = input_channels
        self.kernel_size = kernel_size
        self.number_filters = number_filters
        self.stride = stride
        self.padding = padding
        shape = (kernel_size, kernel_size, input_channels, number_filters)
        # The global generator, as in fc: one np.random.seed in the notebook fixes the whole network.
        weights = init_scale * np.random.randn(*shape)  # noqa: NPY002
        self.params = {self.w_name: weights, self.b_name: np.zeros(number_filters)}
        self.grads = {self.w_name: None, self.b_name: None}
        self.meta = None
        self._output_shape = None

    def get_output_size(self, input_size):
        """Predict the shape of the output from the shape of the images.

        A window must lie wholly inside the padded image. Pixels that are left over at the right and lower
        edge are not read.

        Parameters
        ----------
        input_size : sequence of 4 ints
            (N, H, W, C), the shape of a batch of images.

        Returns
        -------
        list of 4 ints
            [N, OH, OW, F].

        Examples
        --------
        >>> ConvLayer2D(3, 4, 16, stride=2, padding=3).get_output_size((32, 28, 28, 3))
        [32, 16, 16, 16]
        """
        where = f"layer '{self.name}'"
        if len(input_size) != 4:
            msg = (
                f"{where}: input_size {tuple(input_size)} has {len(input_size)} entries, wanted (N, H, W, C)."
            )
            raise ShapeError(msg)
        _check_window(where, input_size[1:3], self.kernel_size, self.padding)
        output_size = None
        ### BEGIN SOLUTION conv-output-size
        N, H, W, _ = input_size
        OH = 1 + (H + 2 * self.padding - self.kernel_size) // self.stride
        OW = 1 + (W + 2 * self.padding - self.kernel_size) // self.stride
        output_size = [N, OH, OW, self.number_filters]
        ### END SOLUTION
        return output_size

    def forward(self, img):
        """Slide every filter over every image and add its bias.

        With `img` padded by zeros on all four sides, and the filters not flipped:

        ``output[n, i, j, f] = b[f]
        + sum over (u, v, c) of padded[n, i*stride + u, j*stride + v, c] * w[u, v, c, f]``

        Write `output`, and store `img` in ``self.meta``: the backward pass needs it.

        Parameters
        ----------
        img : ndarray, shape (N, H, W, C), float
            Batch of images. Its shape and dtype are checked before your code starts. Do not modify it.

        Returns
        -------
        ndarray, shape (N, OH, OW, F)
            As ``get_output_size`` says.

        Notes
        -----
        Loop over the kernel_size * kernel_size offsets (u, v), not over images and pixels: at one offset, the
        pixels that all windows see are a slice of the padded images with step `stride`, and all products at
        once are one matrix product (N, OH, OW, C) by (C, F). Loops over every pixel are a thousand times
        slower.
        """
        where = f"layer '{self.name}'"
        _check_images(where, img, self.input_channels)
        _check_window(where, img.shape[1:3], self.kernel_size, self.padding)
        w = self.params[self.w_name]
        b = self.params[self.b_name]
        output = None
        ### BEGIN SOLUTION conv-forward
        k, s, p = self.kernel_size, self.stride, self.padding
        N, OH, OW, F = self.get_output_size(img.shape)
        padded = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
        output = np.zeros((N, OH, OW, F), dtype=np.result_type(img, w))
        for u in range(k):
            for v in range(k):
                seen = padded[:, u : u + s * OH : s, v : v + s * OW : s]  # (N, OH, OW, C)
                output += np.tensordot(seen, w[u, v], axes=1)
        output += b
        self.meta = img
        ### END SOLUTION
        self._output_shape = np.shape(output)
        return output

    def backward(self, dprev):
        """Carry the gradient of the output back to filters, biases and images.

        Each product of the forward pass has two factors; the gradient of one is `dprev` times the other,
        summed over everywhere it was used. Write `dimg`, and store the gradients of w and b in
        ``self.grads[self.w_name]`` and ``self.grads[self.b_name]``.

        Parameters
        ----------
        dprev : ndarray, shape (N, OH, OW, F), float
            Gradient of the loss with respect to the output. Its shape is checked before your code starts.

        Returns
        -------
        ndarray, shape (N, H, W, C)
            Gradient of the loss with respect to `img`, without the padding. A pixel that no window saw has
            gradient zero.

        Notes
        -----
        `img` below is what your forward pass stored. Make the gradient of the padded images first and cut the
        padding off; ``[p:-p]`` is empty for p = 0. ``self.meta`` is emptied for you afterwards.
        """
        _check_backward(f"layer '{self.name}'", dprev, self.meta, self._output_shape)
        img = self.meta
        w = self.params[self.w_name]
        dimg = None
        ### BEGIN SOLUTION conv-backward
        k, s, p = self.kernel_size, self.stride, self.padding
        _, H, W, _ = img.shape
        _, OH, OW, _ = dprev.shape
        padded = np.pad(img, ((0, 0), (p, p), (p, p), (0, 0)))
        dpadded = np.zeros(padded.shape, dtype=np.result_type(dprev, w))
        dw = np.zeros_like(w)
        every_window = [0, 1, 2]  # the axes N, OH, OW
        for u in range(k):
            for v in range(k):
                rows, columns = slice(u, u + s * OH, s), slice(v, v + s * OW, s)
                dw[u, v] = np.tensordot(padded[:, rows, columns], dprev, axes=(every_window, every_window))
                dpadded[:, rows, columns] += np.tensordot(dprev, w[u, v].T, axes=1)
        self.grads[self.w_name] = dw
        self.grads[self.b_name] = dprev.sum(axis=(0, 1, 2))
        dimg = dpadded[:, p : p + H, p : p + W]
        ### END SOLUTION
        self.meta = None
        self._output_shape = None
        return dimg


class MaxPoolingLayer:
    """Max pooling: keep the largest pixel of every window, channel by channel.

    Parameters
    ----------
    pool_size : int >= 1
        Height and width of the windows, in pixels.
    stride : int >= 1
        Pixels between neighboring windows. Windows overlap where it is smaller than pool_size.
    name : str
        Unique in the network.

    Attributes
    ----------
    params, grads : dict
        Empty: there is nothing to learn.
    meta : ndarray or None
        The images of the last forward pass, until the backward pass.
    """

    def __init__(self, pool_size, stride, name):
        where = f"layer '{name}'"
        _check_setting(where, "pool_size", pool_size, 1)
        _check_setting(where, "stride", stride, 1)
        self.name = name
        self.pool_size = pool_size
        self.stride = stride
        self.params = {}
        self.grads = {}
        self.meta = None
        self._output_shape = None

    def forward(self, img):
        """Keep the largest pixel of every window.

        ``output[n, i, j, c] = max over (u, v) of img[n, i*stride+u, j*stride+v, c]``

        Write `output`, and store `img` in ``self.meta``: the backward pass needs it.

        Parameters
        ----------
        img : ndarray, shape (N, H, W, C), float
            Batch of images. Its shape and dtype are checked before your code starts. Do not modify it.

        Returns
        -------
        ndarray, shape (N, OH, OW, C)
            OH = 1 + (H - pool_size) // stride, OW likewise. Pixels that are left over at the right and lower
            edge are not read.

        Notes
        -----
        As in the convolution, loop over the offsets (u, v) inside the window only.
        """
        where = f"layer '{self.name}'"
        _check_images(where, img)
        _check_window(where, img.shape[1:3], self.pool_size)
        output = None
        ### BEGIN SOLUTION pool-forward
        k, s = self.pool_size, self.stride
        N, H, W, C = img.shape
        OH, OW = 1 + (H - k) // s, 1 + (W - k) // s
        output = np.full((N, OH, OW, C), -np.inf, dtype=img.dtype)
        for u in range(k):
            for v in range(k):
                output = np.maximum(output, img[:, u : u + s * OH : s, v : v + s * OW : s])
        self.meta = img
        ### END SOLUTION
        self._output_shape = np.shape(output)
        return output

    def backward(self, dprev):
        """Send the gradient of every window to the pixel that was its maximum.

        Of equal pixels in a window only the first takes the gradient: of the topmost row, the leftmost. A
        pixel that was the maximum of several windows takes the sum of their gradients. Write `dimg`.

        Parameters
        ----------
        dprev : ndarray, shape (N, OH, OW, C), float
            Gradient of the loss with respect to the output. Its shape is checked before your code starts.

        Returns
        -------
        ndarray, shape (N, H, W, C)
            Gradient of the loss with respect to `img`; zero for every pixel that was no maximum.

        Notes
        -----
        `img` below is what your forward pass stored. ``self.meta`` is emptied for you afterwards.
        """
        _check_backward(f"layer '{self.name}'", dprev, self.meta, self._output_shape)
        img = self.meta
        dimg = None
        ### BEGIN SOLUTION pool-backward
        k, s = self.pool_size, self.stride
        _, OH, OW, _ = dprev.shape
        offsets = [(slice(u, u + s * OH, s), slice(v, v + s * OW, s)) for u in range(k) for v in range(k)]
        # argmax names the first of equal entries, and the offsets are in the order that we want
        winner = np.argmax([img[:, rows, columns] for rows, columns in offsets], axis=0)  # (N, OH, OW, C)
        dimg = np.zeros(img.shape, dtype=dprev.dtype)
        for number, (rows, columns) in enumerate(offsets):
            dimg[:, rows, columns] += dprev * (winner == number)
        ### END SOLUTION
        self.meta = None
        self._output_shape = None
        return dimg
