"""A convolution and a max pooling of one image with one channel, in plain NumPy.

Letters in shapes: H, W image; KH, KW kernel; OH, OW output.
"""

from __future__ import annotations

import numpy as np

from lib.errors import ConfigError, ShapeError


def correlate(image, kernel, stride=1, padding=0):
    """Slide a kernel over an image; at each stop multiply what lies on each other, and add it all up.

    Parameters
    ----------
    image : array, shape (H, W)
    kernel : array, shape (KH, KW)
        Laid on the image as it stands, not flipped.
    stride : int >= 1
        Pixels from one stop to the next.
    padding : int >= 0
        Zeros put around the image, on each of its four sides.

    Returns
    -------
    out : ndarray, shape (OH, OW), float64
        OH = (H + 2*padding - KH) // stride + 1, OW likewise: a window that would stick out is no stop.

    Raises
    ------
    ShapeError
        If image or kernel is not a table of numbers, or the kernel does not fit on the padded image.
    ConfigError
        If stride or padding is not a whole number of its range.
    """
    image, kernel = _table("correlate", "image", image), _table("correlate", "kernel", kernel)
    _whole("correlate", "stride", stride, 1)
    _whole("correlate", "padding", padding, 0)
    _fits("correlate", image.shape, kernel.shape, padding)
    out = None
    ### BEGIN SOLUTION intro-correlate
    padded = np.pad(image, padding)
    KH, KW = kernel.shape
    OH = (padded.shape[0] - KH) // stride + 1
    OW = (padded.shape[1] - KW) // stride + 1
    out = np.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            out[i, j] = (padded[top : top + KH, left : left + KW] * kernel).sum()
    ### END SOLUTION
    return out


def max_pool(image, size=2, stride=2):
    """Keep the largest number of each window.

    Parameters
    ----------
    image : array, shape (H, W)
    size : int >= 1
        Rows and columns of a window.
    stride : int >= 1
        Pixels from one window to the next.

    Returns
    -------
    out : ndarray, shape (OH, OW), float64
        OH = (H - size) // stride + 1, OW likewise.

    Raises
    ------
    ShapeError
        If image is not a table of numbers, or no window fits.
    ConfigError
        If size or stride is not a whole number of at least 1.
    """
    image = _table("max_pool", "image", image)
    _whole("max_pool", "size", size, 1)
    _whole("max_pool", "stride", stride, 1)
    _fits("max_pool", image.shape, (size, size), 0)
    out = None
    ### BEGIN SOLUTION intro-max-pool
    OH = (image.shape[0] - size) // stride + 1
    OW = (image.shape[1] - size) // stride + 1
    out = np.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            out[i, j] = image[top : top + size, left : left + size].max()
    ### END SOLUTION
    return out


def _table(where, name, value):
    """Return a table of floats."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.ndim != 2 or not array.size:
        msg = f"{where}: {name} has shape {array.shape}, dtype {array.dtype}; wanted rows and columns of numbers."
        raise ShapeError(msg)
    return array.astype(np.float64)


def _whole(where, name, value, least):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        msg = f"{where}: {name}={value!r} is not a whole number of at least {least}."
        raise ConfigError(msg)


def _fits(where, image, window, padding):
    if image[0] + 2 * padding < window[0] or image[1] + 2 * padding < window[1]:
        msg = (
            f"{where}: a window of {window[0]}x{window[1]} does not fit on {image[0]}x{image[1]} pixels with "
            f"padding {padding}. Use a smaller one, or more padding."
        )
        raise ShapeError(msg)
