"""Drawn digits in the layout of MNIST, to work on without a network: bright strokes on black, bent by hand.

The glyphs are those of the house numbers; here each is alone, slanted, stretched, thickened and warped by a
smooth random field. Randomness enters as ``rng`` only.
"""

from __future__ import annotations

import functools

import numpy as np
from scipy import ndimage

from lib.datasets.sample_svhn import glyph_fields

SIDE = 28
_REACH = 0.75  # a glyph's field covers -_REACH ... _REACH glyph heights


def render_mnist(n, rng):
    """Draw n digits.

    Parameters
    ----------
    n : int >= 0
    rng : numpy.random.Generator
        The only source of randomness; it is advanced.

    Returns
    -------
    images : ndarray, shape (n, 28, 28), uint8
        0 is the background, 255 full ink.
    labels : ndarray, shape (n,), int64
        Digits 0 to 9, about equally many.
    """
    fields, _ = glyph_fields()
    labels = rng.integers(10, size=n)
    fonts = rng.integers(len(fields), size=n)
    images = [_digit(fields[f, d], rng) for f, d in zip(fonts, labels, strict=True)]
    stacked = np.stack(images) if images else np.empty((0, SIDE, SIDE), np.uint8)
    return stacked, labels.astype(np.int64)


def _digit(field, rng):
    """Draw one digit from its distance field."""
    cell = len(field)
    height = rng.uniform(16, 21)  # pixels
    angle, shear, stretch = rng.normal(0, 0.14), rng.normal(0, 0.18), np.exp(rng.normal(0, 0.14))
    shift = rng.normal(0, 1.0, 2)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2.0
    x, y = (x - shift[0]) / height, (y - shift[1]) / height
    warp = _stretch() @ rng.normal(0, 0.035, (2, 4, 4)) @ _stretch().T
    x, y = x + warp[0], y + warp[1]
    v = np.cos(angle) * y - np.sin(angle) * x
    u = (np.cos(angle) * x + np.sin(angle) * y + shear * v) * stretch
    scale, middle = cell / (2 * _REACH), (cell - 1) / 2
    distance = ndimage.map_coordinates(
        field, [v * scale + middle, u * scale + middle], order=1, mode="constant", cval=-1.0
    )
    weight = rng.uniform(0.0, 0.05)
    ink = np.clip(0.5 + (distance + weight) * height, 0, 1) * rng.uniform(0.75, 1.0)
    ink = ndimage.gaussian_filter(ink, rng.uniform(0.3, 0.7))
    return np.clip(np.rint(ink * 255), 0, 255).astype(np.uint8)


@functools.cache
def _stretch():
    """Return the matrix (28, 4) that interpolates 4 knots smoothly to 28 points."""
    return ndimage.zoom(np.eye(4), (SIDE / 4, 1), order=3)
