"""Grids of images as arrays, by the names that the functional course gave them."""

from __future__ import annotations

import math

import numpy as np

from lib.errors import ShapeError


def visualize_grid(Xs, ubound=255.0, padding=1):
    """Put images side by side in one, each stretched over the whole range by itself.

    Parameters
    ----------
    Xs : ndarray, shape (N, H, W, C)
        Filters of shape (F, C, KH, KW) need ``Xs.transpose(0, 2, 3, 1)``.
    ubound : float
        The largest value of each image becomes this, the smallest becomes 0. An image of one value is 0.
    padding : int >= 0
        Pixels of 0 between images.

    Returns
    -------
    grid : ndarray, shape (n*H + (n-1)*padding, n*W + (n-1)*padding, C), n = ceil(sqrt(N))
        Row by row; places without an image are 0. For ``imshow``: ``grid.astype("uint8")``.
    """
    Xs = _stack("visualize_grid", Xs).astype(np.float64)
    _, H, W, _ = Xs.shape
    low = Xs.min(axis=(1, 2, 3), keepdims=True)
    span = Xs.max(axis=(1, 2, 3), keepdims=True) - low
    scaled = ubound * np.divide(Xs - low, span, out=np.zeros_like(Xs), where=span > 0)
    side = math.ceil(math.sqrt(len(Xs)))
    grid = _place(scaled, side, side, 0.0, padding)
    return grid[: side * (H + padding) - padding, : side * (W + padding) - padding]


def vis_grid(Xs):
    """Put images side by side in one, all stretched alike from 0 to 1.

    Parameters
    ----------
    Xs : ndarray, shape (N, H, W, C)

    Returns
    -------
    grid : ndarray, shape (n*(H+1), n*(W+1), C), n = ceil(sqrt(N))
        Row by row, with a line of the smallest value below and to the right of each image.
    """
    Xs = _stack("vis_grid", Xs)
    side = math.ceil(math.sqrt(len(Xs)))
    return _stretch(_place(Xs, side, side, Xs.min(), 1))


def vis_nn(rows):
    """Put rows of images one below the other, all stretched alike from 0 to 1.

    Parameters
    ----------
    rows : sequence of R sequences of D images, each of shape (H, W, C)
        For instance an image and its nearest neighbors in each row.

    Returns
    -------
    grid : ndarray, shape (R*(H+1), D*(W+1), C)
        With a line of the smallest value below and to the right of each image.
    """
    try:
        Xs = np.asarray(rows)
    except ValueError as error:  # rows of different lengths, images of different shapes
        msg = f"vis_nn: the rows do not hold the same number of images of one shape ({error})."
        raise ShapeError(msg) from None
    if Xs.ndim != 5:
        msg = f"vis_nn: rows has shape {Xs.shape}, wanted (R, D, H, W, C): R rows of D images."
        raise ShapeError(msg)
    Xs, (R, D) = _stack("vis_nn", Xs.reshape(-1, *Xs.shape[2:])), Xs.shape[:2]
    return _stretch(_place(Xs, R, D, Xs.min(), 1))


def _stack(where, Xs):
    Xs = np.asarray(Xs)
    if Xs.ndim != 4 or not Xs.size or Xs.dtype.kind not in "fiub":
        msg = f"{where}: Xs has shape {Xs.shape}, dtype {Xs.dtype}, wanted numbers (N, H, W, C), N images."
        raise ShapeError(msg)
    return Xs


def _place(Xs, nrows, ncols, empty, padding):
    """Return the images row by row, each with ``padding`` pixels of ``empty`` below it and to its right."""
    _, H, W, C = Xs.shape
    grid = np.full((nrows, H + padding, ncols, W + padding, C), empty, dtype=Xs.dtype)
    for number, image in enumerate(Xs):
        grid[number // ncols, :H, number % ncols, :W] = image
    return grid.reshape(nrows * (H + padding), ncols * (W + padding), C)


def _stretch(grid):
    grid = grid.astype(np.float64)
    span = grid.max() - grid.min()
    return (grid - grid.min()) / (span or 1.0)
