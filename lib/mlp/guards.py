"""Checks that every layer makes of what it is given, with one wording for all of them."""

from __future__ import annotations

import numpy as np

from lib.errors import CallOrderError, ConfigError, ShapeError


def require_float_array(where, name, value):
    """Refuse anything but an array of floating-point numbers.

    Parameters
    ----------
    where : str
        Start of the message, e.g. ``"layer 'fc1'"``.
    name : str
        Name of the argument, e.g. ``"feat"``.
    value : object
        What the caller passed.

    Raises
    ------
    ShapeError
        If value is not an ndarray or its dtype is not a float.
    """
    if not isinstance(value, np.ndarray):
        kind = "None" if value is None else f"a {type(value).__name__}"
        msg = f"{where}: {name} is {kind}, wanted a NumPy array of floats."
        raise ShapeError(msg)
    if not np.issubdtype(value.dtype, np.floating):
        msg = f"{where}: {name} has dtype {value.dtype}, wanted floats. Use {name}.astype(np.float32)."
        raise ShapeError(msg)


def require_shape(where, name, value, wanted, hint=""):
    """Refuse an array whose shape differs from ``wanted``.

    Parameters
    ----------
    where, name : str
        As in `require_float_array`.
    value : ndarray
    wanted : tuple of (int or str)
        A string stands for an axis of any length and is its letter in the message: ``("N", 15)``.
    hint : str
        What to do about it; the end of the message.

    Raises
    ------
    ShapeError
        If the rank or one of the fixed lengths differs.
    """
    fits = value.ndim == len(wanted) and all(
        isinstance(want, str) or got == want for got, want in zip(value.shape, wanted, strict=False)
    )
    if not fits:
        letters = ", ".join(str(entry) for entry in wanted) + ("," if len(wanted) == 1 else "")
        msg = f"{where}: {name} has shape {value.shape}, wanted ({letters}). {hint}".rstrip()
        raise ShapeError(msg)


def require_gradient(where, dprev, shape):
    """Refuse an upstream gradient that does not fit what ``forward`` produced.

    Parameters
    ----------
    where : str
    dprev : ndarray
    shape : tuple of int
        Shape of the output of the last forward pass.
    """
    require_float_array(where, "dprev", dprev)
    if dprev.shape != shape:
        msg = f"{where}: dprev has shape {dprev.shape}, forward produced {shape}."
        raise ShapeError(msg)


def require_forward(where, meta):
    """Refuse a backward pass without the forward pass it belongs to; ``meta`` is None until then."""
    if meta is None:
        msg = f"{where}: backward called before forward. Call forward on the same batch first."
        raise CallOrderError(msg)


def require_count(where, name, value):
    """Refuse anything but a whole number of at least 1; returns it as an int."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        msg = f"{where}: {name}={value!r} is not a whole number of at least 1."
        raise ConfigError(msg)
    return int(value)


def require_number(where, name, value, low, high=np.inf, hint=""):
    """Refuse anything but a finite number with ``low <= value <= high``; returns it as a float."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (number and np.isfinite(value) and low <= value <= high):
        span = f"at least {low}" if np.isinf(high) else f"from {low} to {high}"
        msg = f"{where}: {name}={value!r} is not a number {span}. {hint}".rstrip()
        raise ConfigError(msg)
    return float(value)


def require_accuracies(**accuracies):
    """Refuse anything but numbers in the histories of a training; the message names the first that is none."""
    for name, value in accuracies.items():
        if isinstance(value, (bool, np.bool_)) or not isinstance(
            value, (int, float, np.integer, np.floating)
        ):
            kind = "None" if value is None else f"a {type(value).__name__}"
            msg = f"train_net: {name} is {kind}, wanted a number from 0 to 1. Assign the accuracy of the epoch to it."
            raise ConfigError(msg)
