"""Refusals that the functional layers share: each names the function, what came and what was wanted."""

from __future__ import annotations

import numpy as np

from lib.errors import ConfigError, ShapeError


def require_array(where, name, value, axes):
    """Refuse anything but a floating-point array with one axis for each letter of ``axes``, "N, C, H, W"."""
    if not isinstance(value, np.ndarray):
        kind = "None" if value is None else f"a {type(value).__name__}"
        msg = f"{where}: {name} is {kind}, wanted a NumPy array ({axes})."
        raise ShapeError(msg)
    if not np.issubdtype(value.dtype, np.floating):
        msg = f"{where}: {name} has dtype {value.dtype}, wanted floats. Use {name}.astype(np.float32)."
        raise ShapeError(msg)
    if value.ndim != axes.count(",") + 1:
        msg = f"{where}: {name} has shape {value.shape}, wanted {axes.count(',') + 1} axes ({axes})."
        raise ShapeError(msg)


def require_shape(where, name, value, shape, reason):
    """Refuse an array of another shape; ``reason`` says where the wanted one comes from."""
    if np.shape(value) != tuple(shape):
        msg = f"{where}: {name} has shape {np.shape(value)}, wanted {tuple(shape)}: {reason}."
        raise ShapeError(msg)


def setting(where, params, key, least):
    """Return ``params[key]``, a whole number of at least ``least``."""
    if not isinstance(params, dict):
        msg = f"{where}: the settings are {params!r}, wanted a dictionary with '{key}'."
        raise ConfigError(msg)
    if key not in params:
        known = ", ".join(map(repr, params)) or "nothing"
        msg = f"{where}: '{key}' is missing, there is {known}."
        raise ConfigError(msg)
    value = params[key]
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        msg = f"{where}: '{key}' is {value!r}, wanted a whole number of at least {least}."
        raise ConfigError(msg)
    return int(value)


def require_fit(where, image, window, pad=0):
    """Refuse a window that is larger than the padded image."""
    if any(k > n + 2 * pad for n, k in zip(image, window, strict=True)):
        size, of = "x".join(map(str, window)), "x".join(map(str, image))
        msg = f"{where}: a window of {size} does not fit an image of {of} with padding {pad}."
        raise ShapeError(msg)


def require_images_and_filters(where, x, w, b, conv_param):
    """Refuse arguments of a convolution that do not fit each other; return (stride, pad)."""
    require_array(where, "x", x, "N, C, H, W")
    require_array(where, "w", w, "F, C, KH, KW")
    if x.shape[1] != w.shape[1]:
        msg = f"{where}: x {x.shape} has {x.shape[1]} channels, w {w.shape} expects {w.shape[1]}."
        raise ShapeError(msg)
    require_shape(where, "b", b, w.shape[:1], "one bias for each filter")
    stride, pad = setting(where, conv_param, "stride", 1), setting(where, conv_param, "pad", 0)
    require_fit(where, x.shape[2:], w.shape[2:], pad)
    return stride, pad


def require_images_and_windows(where, x, pool_param):
    """Refuse arguments of a pooling that do not fit each other."""
    require_array(where, "x", x, "N, C, H, W")
    window = (setting(where, pool_param, "pool_height", 1), setting(where, pool_param, "pool_width", 1))
    setting(where, pool_param, "stride", 1)
    require_fit(where, x.shape[2:], window)
