"""Drawn pictures of shapes and textures in the layout of CIFAR, to work on without a network.

Ten kinds for CIFAR-10; twenty for the superclasses of CIFAR-100, each in five manners, which are its fine
classes. A shape is drawn from its signed distance at a random place, size and turn; a texture fills the
picture with a random period, phase and turn. Light and noise are random. Each kind leans to a color of the
background, as the sea does behind ships: that tells a little, and lets a network start; the form tells the rest.

Randomness enters as ``rng`` only. The same seed gives the same bytes on the same machine.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SIDE = 32
_LEAN = 55  # levels by which a kind leans to its color

SHAPES = (
    "disc",
    "square",
    "triangle",
    "cross",
    "ring",
    "crescent",
    "star",
    "heart",
    "arrow",
    "half disc",
)
TEXTURES = (
    "stripes",
    "checkerboard",
    "dots",
    "waves",
    "circles",
    "rays",
    "bricks",
    "grid",
    "zigzag",
    "spiral",
)
KINDS10 = (
    "disc",
    "square",
    "triangle",
    "cross",
    "ring",
    "crescent",
    "stripes",
    "checkerboard",
    "dots",
    "waves",
)
KINDS20 = (*SHAPES, *TEXTURES)
SHAPE_MANNERS = ("filled", "outlined", "striped", "shaded", "doubled")
TEXTURE_MANNERS = ("fine", "coarse", "soft", "tilted", "vignetted")


def fine_names():
    """List the names of the 100 fine classes: twenty kinds, each in five manners."""
    return [
        f"{manner} {kind}"
        for kind in KINDS20
        for manner in (SHAPE_MANNERS if kind in SHAPES else TEXTURE_MANNERS)
    ]


def render_cifar10(n, rng):
    """Draw n pictures of ten kinds.

    Parameters
    ----------
    n : int >= 0
    rng : numpy.random.Generator
        The only source of randomness; it is advanced.

    Returns
    -------
    images : ndarray, shape (n, 32, 32, 3), uint8
    labels : ndarray, shape (n,), int64
        Indices of ``KINDS10``.
    """
    labels = rng.integers(len(KINDS10), size=n)
    manners = rng.integers(3, size=n)  # filled, outlined, striped; fine, coarse, soft
    images = [_picture(KINDS10[k], m, rng) for k, m in zip(labels, manners, strict=True)]
    return _stack(images), labels.astype(np.int64)


def render_cifar100(n, rng):
    """Draw n pictures of twenty kinds in five manners each.

    Returns
    -------
    images : ndarray, shape (n, 32, 32, 3), uint8
    coarse : ndarray, shape (n,), int64
        Indices of ``KINDS20``.
    fine : ndarray, shape (n,), int64
        Indices of ``fine_names()``.
    """
    fine = rng.integers(100, size=n)
    images = [_picture(KINDS20[f // 5], f % 5, rng) for f in fine]
    return _stack(images), (fine // 5).astype(np.int64), fine.astype(np.int64)


def _stack(images):
    return np.stack(images) if images else np.empty((0, SIDE, SIDE, 3), np.uint8)


def _picture(kind, manner, rng):
    """Draw one picture: (32, 32, 3) uint8."""
    back, front = _colors(KINDS20.index(kind), rng)
    draw = _shape if kind in SHAPES else _texture
    cover = draw(kind, manner, rng)[..., None]
    image = back + cover * (front - back)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    slope = rng.normal(0, 12, 2)
    image = image + (slope[0] * x + slope[1] * y)[..., None]
    blotches = ndimage.zoom(rng.normal(0, 14, (5, 5)), SIDE / 5, order=1)
    image = image + blotches[..., None]
    image = ndimage.gaussian_filter(image, (s := rng.uniform(0.2, 0.8), s, 0))
    image = image + rng.normal(0, rng.uniform(3, 10), image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _colors(number, rng):
    """Return background and foreground, (3,) each, that differ enough to be told apart."""
    # kinds stand around the circle of hues, neighbors in the list far apart
    hue = 2 * np.pi * (7 * number % 20) / 20
    lean = _LEAN * np.cos(hue - np.array([0, 2, 4]) * np.pi / 3)
    back = np.clip(rng.uniform(40, 215) + rng.normal(0, 26, 3) + lean, 10, 245)
    direction = rng.normal(0, 1, 3)
    direction /= np.linalg.norm(direction)
    contrast = rng.uniform(75, 150)
    front = back + contrast * direction
    # what does not fit on one side goes to the other, so that the contrast is kept
    front = np.where((front < 0) | (front > 255), back - contrast * direction, front)
    return back, np.clip(front, 0, 255)


def _plane(rng, turn, size, reach):
    """Return coordinates of all pixels: moved, turned, in units of ``size`` pixels."""
    angle = rng.uniform(-turn, turn)
    cos, sin = np.cos(angle), np.sin(angle)
    shift = rng.uniform(-reach, reach, 2)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2.0
    x, y = x - shift[0], y - shift[1]
    return (cos * x + sin * y) / size, (cos * y - sin * x) / size


def _shape(kind, manner, rng):
    """Return how much of each pixel a shape covers, (32, 32), 0 to 1."""
    size = rng.uniform(8, 13)
    x, y = _plane(rng, np.deg2rad(22), size, 15.5 - size * 0.95)
    if manner == 4:  # two of them, smaller
        left = _distance(kind, (x + 0.55) * 2.0, y * 2.0) / 2.0
        right = _distance(kind, (x - 0.55) * 2.0, y * 2.0) / 2.0
        return _soft(np.minimum(left, right) * size)
    d = _distance(kind, x, y) * size
    cover = _soft(d)
    if manner == 1:
        return _soft(np.abs(d + 1.3) - 1.3)
    if manner == 2:
        return cover * (0.45 + 0.55 * (np.sin((x + y) * size * 1.6) > 0))
    if manner == 3:
        return cover * np.clip(0.55 + 0.45 * x, 0.1, 1)
    return cover


def _soft(d):
    """Turn a distance in pixels, negative inside, into coverage with one pixel of softness."""
    return np.clip(0.5 - d, 0, 1)


def _distance(kind, x, y):
    """Return about the distance to a shape of radius 1, negative inside."""
    r = np.hypot(x, y)
    if kind == "disc":
        return r - 0.95
    if kind == "square":
        return np.maximum(np.abs(x), np.abs(y)) - 0.82
    if kind == "triangle":
        return np.maximum(np.abs(x) * 0.87 + y * 0.5, -y) * 1.0 - 0.55 + 0.1 * (y > 0)
    if kind == "cross":
        return np.minimum(_bar(x, y), _bar(y, x))
    if kind == "ring":
        return np.abs(r - 0.7) - 0.24
    if kind == "crescent":
        return np.maximum(r - 0.95, 0.75 - np.hypot(x - 0.5, y))
    if kind == "star":
        angle = np.mod(np.arctan2(x, -y), 2 * np.pi / 5) - np.pi / 5
        return r * np.cos(np.abs(angle) - np.pi / 5 * 0.15) - 0.42 - 0.5 * np.abs(angle) / (np.pi / 5)
    if kind == "heart":
        top = np.minimum(np.hypot(x - 0.4, y + 0.3), np.hypot(x + 0.4, y + 0.3)) - 0.46
        tip = np.maximum(np.abs(x) * 0.75 + (y - 0.1) * 0.66 - 0.5, -y - 0.35)
        return np.minimum(top, tip)
    if kind == "arrow":
        shaft = np.maximum(np.abs(y) - 0.2, np.abs(x + 0.3) - 0.6)
        head = np.maximum(np.abs(y) * 0.75 + x * 0.66 - 0.62, -x)
        return np.minimum(shaft, head)
    return np.maximum(r - 0.95, -y)  # half disc


def _bar(along, across):
    return np.maximum(np.abs(along) - 0.95, np.abs(across) - 0.26)


def _texture(kind, manner, rng):
    """Return a pattern over the whole picture, (32, 32), 0 to 1."""
    period = {0: rng.uniform(4.5, 6), 1: rng.uniform(9, 12)}.get(manner, rng.uniform(6, 9))
    turn = np.pi / 4 + 0.35 if manner == 3 else 0.3
    x, y = _plane(rng, turn, period, 5)
    wave = _pattern(kind, x, y, rng)
    sharp = 1.2 if manner == 2 else 4.0
    cover = 0.5 + 0.5 * np.tanh(sharp * wave)
    if manner == 4:
        far = np.hypot(*(np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2.0)) / SIDE
        cover = cover * np.clip(1.3 - 2.0 * far, 0.1, 1)
    return cover


def _pattern(kind, x, y, rng):
    """Return a periodic function of about -1 to 1, one period a unit."""
    turn = 2 * np.pi
    if kind == "stripes":
        return np.sin(turn * x)
    if kind == "checkerboard":
        return 1.4 * np.sin(turn * x * 0.7) * np.sin(turn * y * 0.7)
    if kind == "dots":
        return 1.6 * (0.36 - np.hypot(np.mod(x, 1) - 0.5, np.mod(y, 1) - 0.5))
    if kind == "waves":
        return np.sin(turn * (x + 0.35 * np.sin(turn * 0.6 * y)))
    if kind == "circles":
        return np.sin(turn * np.hypot(x, y))
    if kind == "rays":
        return np.sin(rng.integers(5, 9) * np.arctan2(y, x))
    if kind == "bricks":
        return 12 * _into_brick(x, 1.4 * y) - 1.5
    if kind == "grid":
        return np.maximum(np.cos(turn * x), np.cos(turn * y)) * 2 - 1.3
    if kind == "zigzag":
        return np.sin(turn * (x + 1.2 * np.abs(np.mod(y * 0.7, 1) - 0.5)))
    return np.sin(turn * np.hypot(x, y) + 2 * np.arctan2(y, x))  # spiral


def _into_brick(x, y):
    """Return how far a point lies inside its brick: 0 in the mortar; rows are one unit high, bricks two long."""
    along = np.mod(x * 0.7 + 0.5 * np.mod(np.floor(y), 2), 1)
    across = np.mod(y, 1)
    return np.minimum(0.5 - np.abs(across - 0.5), 0.5 - np.abs(along - 0.5))
