"""Convolution and max pooling as in ``lib.cnn.layer_utils``, several times as fast, to train with.

Same constructors, attributes, methods and results. They run on ``lib.ops`` and read nothing of
``lib.cnn.layer_utils``: networks made of them train whatever state your own layers are in.
"""

from contextlib import contextmanager

import numpy as np

from lib.errors import CallOrderError, CourseError
from lib.ops._checks import check_count
from lib.ops.conv import conv2d_backward, conv2d_forward
from lib.ops.pool import max_pool2d_backward, max_pool2d_forward
from lib.ops.windows import output_size


@contextmanager
def _named(name):
    """Put the layer's name in front of what a kernel refuses."""
    try:
        yield
    except CourseError as error:
        msg = f"layer '{name}': {error}"
        raise type(error)(msg) from None


def _take(layer):
    """Return what the forward pass of a layer stored, or refuse a backward pass without one."""
    if layer.meta is None:
        msg = f"layer '{layer.name}': backward called before forward. Call forward on the same batch first."
        raise CallOrderError(msg)
    return layer.meta


class FastConvLayer2D:
    """Convolution with the API of ``ConvLayer2D``.

    Parameters
    ----------
    input_channels : int >= 1
    kernel_size : int >= 1
    number_filters : int >= 1
    stride : int >= 1
    padding : int >= 0
    init_scale : float
        Standard deviation of the first weights. Biases start at zero.
    name : str
        Unique in the network: parameters and gradients are kept under ``<name>_w`` and ``<name>_b``.
    need_dx : bool, keyword only
        False in the first layer of a network, where nobody asks for the gradient of the images: backward then
        takes less than half the time, and returns NaN in its place, so that no use of it goes unnoticed.

    Attributes
    ----------
    params : dict of str to ndarray
        ``params[self.w_name]``, shape (kernel_size, kernel_size, C, F);
        ``params[self.b_name]``, shape (F,).
    grads : dict of str to ndarray or None
        The gradients, same keys and shapes; None until the first backward pass.
    meta : lib.ops.ConvCache or None
        What backward needs of the last forward pass.
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
        *,
        need_dx=True,
    ):
        where = f"layer '{name}'"
        check_count(where, "input_channels", input_channels, 1)
        check_count(where, "kernel_size", kernel_size, 1)
        check_count(where, "number_filters", number_filters, 1)
        check_count(where, "stride", stride, 1)
        check_count(where, "padding", padding, 0)
        self.name = name
        self.w_name = name + "_w"
        self.b_name = name + "_b"
        self.input_channels = input_channels
        self.kernel_size = kernel_size
        self.number_filters = number_filters
        self.stride = stride
        self.padding = padding
        self.need_dx = need_dx
        shape = (kernel_size, kernel_size, input_channels, number_filters)
        # The global generator, as in ConvLayer2D: the same seed gives the same weights.
        weights = init_scale * np.random.randn(*shape)  # noqa: NPY002
        self.params = {self.w_name: weights, self.b_name: np.zeros(number_filters)}
        self.grads = {self.w_name: None, self.b_name: None}
        self.meta = None

    def get_output_size(self, input_size):
        """Predict the shape [N, OH, OW, F] of the output from the shape (N, H, W, C) of the images.

        Examples
        --------
        >>> FastConvLayer2D(3, 4, 16, stride=2, padding=3).get_output_size((32, 28, 28, 3))
        [32, 16, 16, 16]
        """
        N, H, W, _ = input_size
        OH, OW = (output_size(n, self.kernel_size, stride=self.stride, pad=self.padding) for n in (H, W))
        return [N, OH, OW, self.number_filters]

    def forward(self, img):
        """Slide every filter over every image (N, H, W, C), add its bias and return (N, OH, OW, F)."""
        w, b = self.params[self.w_name], self.params[self.b_name]
        with _named(self.name):
            output, self.meta = conv2d_forward(img, w, b, stride=self.stride, pad=self.padding)
        return output

    def backward(self, dprev):
        """Store the gradients of filters and biases and return the one of the images, shape (N, H, W, C).

        Called after ``forward`` on the same batch; `dprev` has the shape of the output.
        Empties ``self.meta``.
        """
        cache = _take(self)
        with _named(self.name):
            dimg, dw, db = conv2d_backward(dprev, cache, need_dx=self.need_dx)
        self.grads[self.w_name], self.grads[self.b_name] = dw, db
        self.meta = None
        if dimg is None:
            return np.broadcast_to(dprev.dtype.type(np.nan), cache.x.shape)  # one number, seen as a batch
        return dimg


class FastMaxPoolingLayer:
    """Max pooling with the API of ``MaxPoolingLayer``.

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
    meta : lib.ops.PoolCache or None
        What backward needs of the last forward pass.
    """

    def __init__(self, pool_size, stride, name):
        where = f"layer '{name}'"
        check_count(where, "pool_size", pool_size, 1)
        check_count(where, "stride", stride, 1)
        self.name = name
        self.pool_size = pool_size
        self.stride = stride
        self.params = {}
        self.grads = {}
        self.meta = None

    def forward(self, img):
        """Keep the largest pixel of every window of images (N, H, W, C) and return (N, OH, OW, C)."""
        with _named(self.name):
            output, self.meta = max_pool2d_forward(img, (self.pool_size, self.pool_size), stride=self.stride)
        return output

    def backward(self, dprev):
        """Send the gradient of every window to its first maximum and return it, shape (N, H, W, C).

        Called after ``forward`` on the same batch; `dprev` has the shape of the output.
        Empties ``self.meta``.
        """
        cache = _take(self)
        with _named(self.name):
            dimg = max_pool2d_backward(dprev, cache)
        self.meta = None
        return dimg
