"""Refusals that every kernel shares: each names the function, what came, what was wanted and what to do."""

import numpy as np

from lib.errors import ConfigError, ShapeError


def check_array(where, name, value, axes=None):
    """Refuse anything but a floating-point array, with one axis for each letter of `axes`.

    Parameters
    ----------
    where : str
        Function that is being called; opens the message.
    name : str
        Name of the argument.
    value : object
        The argument.
    axes : str or None
        Names of the axes, for example ``"N, H, W, C"``. None accepts every rank.

    Raises
    ------
    ShapeError
        If value is no array, is not floating point, or has another number of axes.
    """
    if not isinstance(value, np.ndarray):
        msg = (
            f"{where}: {name} is a {type(value).__name__}, wanted a NumPy array. Convert it with np.asarray."
        )
        raise ShapeError(msg)
    if not np.issubdtype(value.dtype, np.floating):
        msg = (
            f"{where}: {name} has dtype {value.dtype}, wanted floating point. "
            f"Convert it first: {name}.astype(np.float32)."
        )
        raise ShapeError(msg)
    if axes is not None and value.ndim != axes.count(",") + 1:
        wanted = f"{axes.count(',') + 1} axes ({axes})"
        msg = f"{where}: {name} has shape {value.shape}, wanted {wanted}."
        raise ShapeError(msg)


def check_shape(where, name, value, wanted, reason):
    """Refuse an array whose shape is not `wanted`; `reason` says where the wanted shape comes from."""
    check_array(where, name, value)
    if value.shape != wanted:
        msg = f"{where}: {name} has shape {value.shape}, wanted {wanted}: {reason}."
        raise ShapeError(msg)


def check_count(where, name, value, smallest):
    """Refuse a setting that is not a whole number of at least `smallest`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < smallest:
        msg = f"{where}: {name}={value!r} is not a whole number >= {smallest}."
        raise ConfigError(msg)
