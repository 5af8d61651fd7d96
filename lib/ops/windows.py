"""The sliding window: where it stands, what it sees, and the adjoint of looking.

A window of KH x KW pixels moves over an image in steps of `stride` pixels. It stands at OH x OW places, all
of them wholly inside the (padded) image; a remainder at the right and lower edge is not read. Convolution and
pooling take their geometry from here and from nowhere else.

``unfold`` copies what every window sees; ``fold`` adds it back to where it came from. They are adjoint:
``sum(unfold(x) * c) == sum(x * fold(c))``. That is why the gradient of a convolution folds.
"""

import numpy as np

from lib.errors import ShapeError

from ._checks import check_count


def output_size(size, window, *, stride=1, pad=0):
    """Count the places where a window fits along one axis.

    Parameters
    ----------
    size : int
        Length of the image along the axis, in pixels.
    window : int
        Length of the window along the axis, in pixels.
    stride : int >= 1
        Pixels between neighboring windows.
    pad : int >= 0
        Pixels of zeros added at both ends.

    Returns
    -------
    int
        ``1 + (size + 2*pad - window) // stride``; zero or less means that no window fits.

    Examples
    --------
    >>> output_size(28, 4, stride=2, pad=3)
    16
    """
    return 1 + (size + 2 * pad - window) // stride


def window_grid(where, image, window, *, stride, pad=0):
    """Return (OH, OW), the number of windows along both axes, or refuse settings that leave none.

    Parameters
    ----------
    where : str
        Function that is being called; opens the message.
    image : tuple of int
        (H, W) of the image without padding.
    window : tuple of int
        (KH, KW).
    stride : int >= 1
    pad : int >= 0

    Returns
    -------
    tuple of int
        (OH, OW), both at least 1.

    Raises
    ------
    ConfigError
        If a setting is not a whole number or too small.
    ShapeError
        If the window is larger than the padded image.

    Examples
    --------
    >>> window_grid("conv2d", (5, 8), (3, 3), stride=2)
    (2, 3)
    """
    check_count(where, "window height", window[0], 1)
    check_count(where, "window width", window[1], 1)
    check_count(where, "stride", stride, 1)
    check_count(where, "pad", pad, 0)
    grid = tuple(output_size(n, k, stride=stride, pad=pad) for n, k in zip(image, window, strict=True))
    if min(grid) < 1:
        missing = max(k - n for n, k in zip(image, window, strict=True))
        msg = (
            f"{where}: a {window[0]}x{window[1]} window does not fit a {image[0]}x{image[1]} image "
            f"with pad={pad}. Use a smaller window or pad >= {-(-missing // 2)}."
        )
        raise ShapeError(msg)
    return grid


def taps(places, window, stride):
    """List, for each offset inside the window, the slice of pixels that all windows see at that offset.

    Parameters
    ----------
    places : int
        Number of windows along the axis.
    window : int
        Length of the window along the axis.
    stride : int

    Returns
    -------
    list of slice, length `window`
        ``axis[taps[i]]`` has length `places`: pixel i of the first window, of the second, and so on.

    Examples
    --------
    >>> [list(range(7)[tap]) for tap in taps(3, 2, 2)]   # windows 01, 23, 45; pixel 6 is a remainder
    [[0, 2, 4], [1, 3, 5]]
    """
    return [slice(i, i + stride * places, stride) for i in range(window)]


def unfold(x, window, *, stride=1, pad=0, out=None):
    """Copy what every window sees, one plane per pixel of the window and channel.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Batch of images, channels last.
    window : tuple of int
        (KH, KW).
    stride : int >= 1
    pad : int >= 0
        Pixels of zeros added on each of the four sides.
    out : ndarray, shape (KH, KW, C, N, OH, OW), optional
        Where to write. By default a new array of the dtype of x.

    Returns
    -------
    ndarray, shape (KH, KW, C, N, OH, OW)
        ``[u, v, c, n, i, j]`` is pixel (i*stride + u - pad, j*stride + v - pad) of channel c of image n.

    Notes
    -----
    The planes come first because a copy then moves whole rows of the image instead of C numbers at a time. It
    is done in two stages, across first: with a stride of 1 the second one moves whole planes.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> unfold(x, (2, 2))[:, :, 0, 0, 1, 0]   # the window in the lower left corner
    array([[3., 4.],
           [6., 7.]])
    """
    N, H, W, C = x.shape
    KH, KW = window
    OH, OW = window_grid("unfold", (H, W), window, stride=stride, pad=pad)
    if out is None:
        out = np.empty((KH, KW, C, N, OH, OW), x.dtype)
    padded = np.zeros((C, N, H + 2 * pad, W + 2 * pad), out.dtype)
    padded[:, :, pad : pad + H, pad : pad + W] = x.transpose(3, 0, 1, 2)
    rows = taps(OH, KH, stride)
    for v, columns in enumerate(taps(OW, KW, stride)):
        strip = padded[:, :, :, columns].copy()
        for u in range(KH):
            out[u, v] = strip[:, :, rows[u]]
    return out


def unfold_rows(x, window, *, stride=1, pad=0, out):
    """Copy what every window sees, one row per window: the planes of ``unfold`` as columns.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
    window : tuple of int
        (KH, KW).
    stride : int >= 1
    pad : int >= 0
    out : ndarray, shape (N, OH, OW, KH, KW, C)
        Where to write.

    Returns
    -------
    out

    Notes
    -----
    A copy moves KW*C numbers at a time. That is faster than planes when there are many channels.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> seen = unfold_rows(x, (2, 2), out=np.empty((1, 2, 2, 2, 2, 1)))
    >>> seen[0, 1, 0, :, :, 0]   # the window in the lower left corner
    array([[3., 4.],
           [6., 7.]])
    """
    N, H, W, C = x.shape
    OH, OW = window_grid("unfold_rows", (H, W), window, stride=stride, pad=pad)
    padded = np.zeros((N, H + 2 * pad, W + 2 * pad, C), out.dtype)
    padded[:, pad : pad + H, pad : pad + W] = x
    seen = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(1, 2))
    out[...] = seen[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)[:, :OH, :OW]
    return out


def fold(patches, shape, *, stride=1, pad=0, out=None):
    """Add what windows hold back to the pixels that they saw: the adjoint of ``unfold``.

    Parameters
    ----------
    patches : ndarray, shape (KH, KW, C, N, OH, OW)
        One number for each pixel of each window.
    shape : tuple of int
        (N, H, W, C) of the images.
    stride : int >= 1
    pad : int >= 0
    out : ndarray, shape (N, H, W, C), optional
        Where to write. By default a new array of the dtype of patches.

    Returns
    -------
    ndarray, shape (N, H, W, C)
        Each pixel holds the sum over the windows that saw it; pixels that no window saw hold zero. What would
        fall on the padding is dropped.

    Examples
    --------
    >>> fold(np.ones((2, 2, 1, 1, 2, 2)), (1, 3, 3, 1))[0, :, :, 0]   # how many windows see a pixel
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    N, H, W, C = shape
    KH, KW, _, _, OH, OW = patches.shape
    padded = np.zeros((C, N, H + 2 * pad, W + 2 * pad), patches.dtype)
    rows = taps(OH, KH, stride)
    for v, columns in enumerate(taps(OW, KW, stride)):
        strip = np.zeros((C, N, H + 2 * pad, OW), patches.dtype)
        for u in range(KH):
            strip[:, :, rows[u]] += patches[u, v]
        padded[:, :, :, columns] += strip
    out = np.empty(shape, patches.dtype) if out is None else out
    for channel in range(C):  # one at a time: whole rows instead of C numbers
        out[..., channel] = padded[channel, :, pad : pad + H, pad : pad + W]
    return out
