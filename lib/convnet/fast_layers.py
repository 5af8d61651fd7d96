"""The fast faces of convolution and pooling: same arguments and same numbers as the naive layers, made for training.

The work is done by ``lib.ops``, which lays images out as (N, H, W, C); a transpose is a view, so turning images
around costs nothing, and the results are views as well. Only the caches differ from those of the naive layers.
"""

from __future__ import annotations

from lib.convnet.guards import (
    require_array,
    require_images_and_filters,
    require_images_and_windows,
    require_shape,
)
from lib.errors import ConfigError
from lib.ops import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    conv2d_backward,
    conv2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)


def _last(x):
    """Move the channels of images or slopes (N, C, H, W) to the last place."""
    return x.transpose(0, 2, 3, 1)


def _first(x):
    """Move the channels of images or slopes (N, H, W, C) to where this room has them."""
    return x.transpose(0, 3, 1, 2)


def _require_own_cache(where, cache, kind):
    """Refuse the cache of another function; ``kind`` is the name of the class of the right one.

    The name and not the class, because a notebook that reloads modules has two classes of one name.
    """
    if type(cache).__name__ != kind:
        forward = where.replace("backward", "forward")
        msg = f"{where}: cache is of type {type(cache).__name__}, wanted the one that {forward} returned."
        raise ConfigError(msg)


def _require_slopes(where, dout, axes, shape):
    """Refuse slopes that have not the ``shape`` (N, OH, OW, channels) of the output."""
    require_array(where, "dout", dout, axes)
    N, OH, OW, channels = shape
    require_shape(where, "dout", dout, (N, channels, OH, OW), "the shape that forward produced")


def conv_forward_fast(x, w, b, conv_param):
    """Compute what ``conv_forward_naive`` computes.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
    w : ndarray, shape (F, C, KH, KW), float
    b : ndarray, shape (F,), float
    conv_param : dict with "stride" and "pad"

    Returns
    -------
    out : ndarray, shape (N, F, OH, OW)
    cache : ConvCache
        For ``conv_backward_fast`` only.

    Raises
    ------
    ShapeError, ConfigError
        If the arguments do not fit each other.
    """
    stride, pad = require_images_and_filters("conv_forward_fast", x, w, b, conv_param)
    out, cache = conv2d_forward(_last(x), w.transpose(2, 3, 1, 0), b, stride=stride, pad=pad)
    return _first(out), cache


def conv_backward_fast(dout, cache, *, need_dx=True):
    """Return (dx, dw, db); dx is None where ``need_dx`` says that nobody asks for it."""
    where = "conv_backward_fast"
    _require_own_cache(where, cache, "ConvCache")
    _require_slopes(where, dout, "N, F, OH, OW", (len(cache.x), *cache.grid, cache.w.shape[3]))
    dx, dw, db = conv2d_backward(_last(dout), cache, need_dx=need_dx)
    return None if dx is None else _first(dx), dw.transpose(3, 2, 0, 1), db


def max_pool_forward_fast(x, pool_param):
    """Compute what ``max_pool_forward_naive`` computes.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W), float
    pool_param : dict with "pool_height", "pool_width" and "stride"

    Returns
    -------
    out : ndarray, shape (N, C, OH, OW)
    cache : PoolCache
        For ``max_pool_backward_fast`` only.
    """
    require_images_and_windows("max_pool_forward_fast", x, pool_param)
    window = (pool_param["pool_height"], pool_param["pool_width"])
    out, cache = max_pool2d_forward(_last(x), window, stride=pool_param["stride"])
    return _first(out), cache


def max_pool_backward_fast(dout, cache):
    """Return dx; of equal pixels the first, row by row, gets the slope."""
    where = "max_pool_backward_fast"
    _require_own_cache(where, cache, "PoolCache")
    _require_slopes(where, dout, "N, C, OH, OW", cache.winner.shape)
    return _first(max_pool2d_backward(_last(dout), cache))


def avg_pool_forward_fast(x, pool_param):
    """Compute what ``avg_pool_forward_naive`` computes; arguments as for ``max_pool_forward_fast``."""
    require_images_and_windows("avg_pool_forward_fast", x, pool_param)
    window = (pool_param["pool_height"], pool_param["pool_width"])
    out, cache = avg_pool2d_forward(_last(x), window, stride=pool_param["stride"])
    return _first(out), cache


def avg_pool_backward_fast(dout, cache):
    """Return dx, each pixel's share of the slopes of its windows."""
    where = "avg_pool_backward_fast"
    _require_own_cache(where, cache, "AvgPoolCache")
    _require_slopes(where, dout, "N, C, OH, OW", (cache.shape[0], *cache.grid, cache.shape[3]))
    return _first(avg_pool2d_backward(_last(dout), cache))


# the original course's names for its several implementations: here there is one
conv_forward_strides = conv_forward_im2col = conv_forward_fast
conv_backward_strides = conv_backward_im2col = conv_backward_fast
max_pool_forward_reshape = max_pool_forward_im2col = max_pool_forward_fast
max_pool_backward_reshape = max_pool_backward_im2col = max_pool_backward_fast
