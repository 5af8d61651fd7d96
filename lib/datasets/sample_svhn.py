"""Drawn house numbers in the layout of SVHN, to work on without a network.

An image is one digit of a house number with its neighbors at the sides, as SVHN crops them. It is made from
signed distances: for every font and digit a small field says how far a point lies inside (+) or outside (-)
the glyph. A random map takes each pixel of the image to a point of the number; one look-up there yields
fill, outline and soft edges at any size. Colors, plate, light, blur, noise and JPEG come on top.

Randomness enters as ``rng`` only. The same seed gives the same bytes on the same machine.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from scipy import fft, ndimage

from lib.datasets.sample import SIDE

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
    "STIXGeneralItalic",
    "cmb10",
    "cmr10",
    "cmss10",
    "cmti10",
    "cmtt10",
)
"""Fonts that come with matplotlib and draw all ten digits."""

# How often each digit is the middle one in the official training file.
CLASS_COUNTS = np.array([4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659])

_CHUNK = 500  # images at a time: keeps the temporaries small; part of what a seed means
_GLYPH = 96  # pixels of a glyph's height when its distances are measured
_CELL = 48  # side of a distance field
_REACH = 0.75  # a field covers -_REACH ... _REACH glyph heights in both directions
# Blue, red, brown-yellow and green: what plates are painted in, as differences from gray.
_PAINTS = np.array([[-0.6, -0.2, 0.8], [0.8, -0.4, -0.4], [0.5, 0.3, -0.8], [-0.5, 0.7, -0.2]])
# Quantization of JPEG at quality 50 (ITU-T T.81, table K.1).
_JPEG = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=np.float32,
)
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCC.astype(np.float64)).astype(np.float32)


def render_digits(n, rng):
    """Draw n house-number digits.

    Parameters
    ----------
    n : int >= 0
    rng : numpy.random.Generator
        The only source of randomness; it is advanced.

    Returns
    -------
    images : ndarray, shape (n, 32, 32, 3), uint8
    labels : ndarray, shape (n,), int64
        The digit in the middle, 0 to 9, as frequent as in SVHN.
    """
    images = np.empty((n, SIDE, SIDE, 3), np.uint8)
    labels = np.empty(n, np.int64)
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        images[start:stop], labels[start:stop] = _render_chunk(stop - start, rng)
    return images, labels


@functools.cache
def glyph_fields():
    """Distance fields of all fonts and digits, and half the width of each glyph.

    Returns
    -------
    fields : ndarray, shape (fonts, 10, cell, cell), float32
        Signed distance to the outline in glyph heights, positive inside, glyph centered.
    half_widths : ndarray, shape (fonts, 10), float32
        In glyph heights.
    """
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fields = np.empty((len(FONTS), 10, _CELL, _CELL), np.float32)
    half_widths = np.empty((len(FONTS), 10), np.float32)
    canvas = int(2 * _REACH * _GLYPH)
    for f, name in enumerate(FONTS):
        # The basic layout draws the same with and without the optional library raqm.
        font = ImageFont.truetype(folder / f"{name}.ttf", 128, layout_engine=ImageFont.Layout.BASIC)
        boxes = [font.getbbox(str(digit)) for digit in range(10)]
        # One scale per font: old-style digits keep their different heights.
        height = max(box[3] - box[1] for box in boxes)
        font = font.font_variant(size=round(128 * _GLYPH / height))
        for digit in range(10):
            left, top, right, bottom = font.getbbox(str(digit))
            picture = Image.new("L", (canvas, canvas))
            corner = ((canvas - left - right) / 2, (canvas - top - bottom) / 2)
            ImageDraw.Draw(picture).text(corner, str(digit), fill=255, font=font)
            inside = np.asarray(picture) > 127
            distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
            step = canvas // _CELL
            coarse = distance.reshape(_CELL, step, _CELL, step).mean((1, 3)) / _GLYPH
            fields[f, digit] = coarse
            half_widths[f, digit] = (right - left) / 2 / _GLYPH
    return fields, half_widths


def _render_chunk(n, rng):
    """Draw up to _CHUNK images; arguments and result as render_digits."""
    fields, half_widths = glyph_fields()
    font = rng.integers(len(FONTS), size=n)
    frequency = CLASS_COUNTS / CLASS_COUNTS.sum()
    digits = rng.choice(10, size=(n, 3), p=frequency)  # left, middle, right
    present = np.stack([rng.random(n) < 0.6, np.ones(n, bool), rng.random(n) < 0.6], axis=1)

    u, v, size = _number_coordinates(n, rng)
    distance, edge = _look_up(fields, half_widths, font, digits, present, u, v, rng)

    # Fill and outline, one pixel of softness at the edge.
    weight = rng.normal(0.0, 0.012, n).astype(np.float32)[:, None, None]
    pixels = size[:, None, None]
    fill = np.clip(0.5 + (distance + weight) * pixels, 0, 1)
    outline_width = np.where(rng.random(n) < 0.12, rng.uniform(0.03, 0.09, n), 0).astype(np.float32)
    halo = np.clip(0.5 + (distance + weight + outline_width[:, None, None]) * pixels, 0, 1)
    plate = np.clip(0.5 + edge * pixels, 0, 1)

    wall, board, ink, rim = _colors(n, rng)
    image = _texture(n, rng, wall)
    plain = _texture(n, rng, board)
    image += plate[..., None] * (plain - image)
    image = _drop_shadow(image, halo, rng)
    image += halo[..., None] * (rim[:, None, None] - image)
    image += fill[..., None] * (ink[:, None, None] - image)
    image *= _light(n, rng)
    return _camera(image, rng), digits[:, 1].astype(np.int64)


def _number_coordinates(n, rng):
    """Map pixels to points of the number: u along it, v across, in glyph heights from the middle digit.

    Returns u, v of shape (n, 32, 32) and size of shape (n,): pixels per glyph height, all float32.
    """
    size = np.clip(rng.normal(24.0, 3.0, n), 15, 30)
    aspect = np.exp(rng.normal(-0.16, 0.15, n))  # below 1: narrow digits
    angle = np.deg2rad(np.clip(rng.normal(0, 6, n), -18, 18))
    shear = np.clip(rng.normal(0, 0.10, n), -0.3, 0.3)
    tilt = np.clip(rng.normal(0, 0.08, (n, 2)), -0.2, 0.2)  # perspective: how fast things get smaller
    shift = np.clip(rng.normal(0, 1.2, (n, 2)), -3, 3)
    cos, sin = np.cos(angle), np.sin(angle)

    grid = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    column = lambda a: a.astype(np.float32)[:, None, None]  # noqa: E731 one number per image, against the grid
    x = (grid[None, None, :] - column(shift[:, 0])) / column(size)
    y = (grid[None, :, None] - column(shift[:, 1])) / column(size)
    depth = 1 + column(tilt[:, 0]) * x + column(tilt[:, 1]) * y
    x, y = x / depth, y / depth
    v = column(cos) * y - column(sin) * x
    u = (column(cos) * x + column(sin) * y + column(shear) * v) / column(aspect)
    return u, v, size.astype(np.float32)


def _look_up(fields, half_widths, font, digits, present, u, v, rng):
    """Signed distance of each point to the number and to the plate's edge, both (n, 32, 32)."""
    n = len(font)
    half = half_widths[font[:, None], digits]  # (n, 3)
    gap = rng.uniform(0.02, 0.24, (n, 2)).astype(np.float32)
    left = -(half[:, 1] + gap[:, 0] + half[:, 0])
    right = half[:, 1] + gap[:, 1] + half[:, 2]
    # Each point belongs to one of the three digits; the border runs through the middle of the gap.
    slot = np.ones(u.shape, np.intp)
    slot[u < -(half[:, 1] + gap[:, 0] / 2)[:, None, None]] = 0
    slot[u > (half[:, 1] + gap[:, 1] / 2)[:, None, None]] = 2
    center = np.stack([left, np.zeros(n, np.float32), right], axis=1)
    image = np.arange(n)[:, None, None]

    scale = _CELL / (2 * _REACH)
    col = (u - center[image, slot]) * scale + (_CELL - 1) / 2
    row = v * scale + (_CELL - 1) / 2
    limit = _CELL - 1.001
    np.clip(col, 0, limit, out=col)
    np.clip(row, 0, limit, out=row)
    j, i = col.astype(np.intp), row.astype(np.intp)
    a, b = col - j, row - i
    start = ((font[:, None, None] * 10 + digits[image, slot]) * _CELL + i) * _CELL + j
    flat = fields.reshape(-1)
    upper = flat[start] * (1 - a) + flat[start + 1] * a
    lower = flat[start + _CELL] * (1 - a) + flat[start + _CELL + 1] * a
    distance = upper * (1 - b) + lower * b
    distance[~present[image, slot]] = -1

    # The plate ends above, below and beside the number; a wide margin hides it.
    margin = np.where(rng.random((n, 4)) < 0.45, rng.uniform(0.06, 0.35, (n, 4)), 3.0).astype(np.float32)
    reach_left = np.where(present[:, 0], left - half[:, 0], -half[:, 1]) - margin[:, 0]
    reach_right = np.where(present[:, 2], right + half[:, 2], half[:, 1]) + margin[:, 1]
    edge = np.minimum(u - reach_left[:, None, None], reach_right[:, None, None] - u)
    np.minimum(edge, v + (0.5 + margin[:, 2])[:, None, None], out=edge)
    np.minimum(edge, (0.5 + margin[:, 3])[:, None, None] - v, out=edge)
    return distance, edge


def _colors(n, rng):
    """Colors of wall, board, ink and rim, each (n, 3) float32 in levels of 0 to 255."""
    board_level = rng.uniform(45, 215, n)
    contrast = np.exp(rng.normal(np.log(72), 0.5, n)).clip(30, 190)
    brighter = rng.random(n) * 255 > board_level  # dark boards carry bright digits more often than not
    ink_level = np.where(brighter, board_level + contrast, board_level - contrast)
    # What does not fit on one side goes to the other, so that the contrast is kept.
    ink_level = np.where((ink_level < 5) | (ink_level > 250), 2 * board_level - ink_level, ink_level)
    board = _tint(board_level, rng)
    ink = _tint(ink_level.clip(0, 255), rng)
    wall = _tint(rng.uniform(30, 225, n), rng)
    ring = np.where(brighter, board_level - 0.8 * contrast, board_level + 0.8 * contrast)
    return wall, board, ink, _tint(ring.clip(0, 255), rng)


def _tint(level, rng):
    """Give gray levels (n,) a color: mostly a faint one, at times a strong one."""
    n = len(level)
    hue = _PAINTS[rng.choice(len(_PAINTS), size=n, p=[0.4, 0.25, 0.2, 0.15])] + rng.normal(0, 0.25, (n, 3))
    hue -= hue.mean(1, keepdims=True)
    hue /= np.linalg.norm(hue, axis=1, keepdims=True) + 1e-9
    strength = np.where(rng.random(n) < 0.15, rng.uniform(30, 80, n), rng.normal(0, 14, n))
    return (level[:, None] + strength[:, None] * hue).clip(0, 255).astype(np.float32)


def _texture(n, rng, color):
    """Surfaces of a color with a gradient and blotches, shape (n, 32, 32, 3)."""
    knots = rng.normal(0, 1, (n, 5, 5)).astype(np.float32)
    knots *= np.abs(rng.normal(0, 9, n)).astype(np.float32)[:, None, None]
    slope = rng.normal(0, 9, (n, 2)).astype(np.float32)
    ramp = np.linspace(-1, 1, SIDE, dtype=np.float32)
    blotches = _stretch() @ knots @ _stretch().T
    blotches += slope[:, 0, None, None] * ramp + slope[:, 1, None, None] * ramp[:, None]
    return color[:, None, None, :] + blotches[..., None]


@functools.cache
def _stretch():
    """Matrix (32, 5) that interpolates 5 knots linearly to 32 points."""
    knots = np.eye(5, dtype=np.float32)
    at = np.linspace(0, 4, SIDE)
    return np.stack([np.interp(at, np.arange(5), row) for row in knots], axis=1).astype(np.float32)


def _drop_shadow(image, mask, rng):
    """Darken where raised digits would cast a shadow; a third of the images."""
    n = len(image)
    strength = np.where(rng.random(n) < 0.35, rng.uniform(0.15, 0.6, n), 0).astype(np.float32)
    offset = rng.integers(-2, 3, size=(n, 2))
    shadow = np.zeros_like(mask)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            chosen = np.flatnonzero((offset == (dy, dx)).all(1))
            shadow[chosen] = np.roll(mask[chosen], (dy, dx), axis=(1, 2))
    return image * (1 - strength[:, None, None, None] * shadow[..., None])


def _light(n, rng):
    """Factors (n, 32, 32, 1): uneven light, and the edge of a shadow on some images."""
    direction = rng.normal(0, 1, (n, 2)).astype(np.float32)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True) + 1e-9
    ramp = np.linspace(-1, 1, SIDE, dtype=np.float32)
    along = direction[:, 0, None, None] * ramp + direction[:, 1, None, None] * ramp[:, None]
    uneven = 1 + np.abs(rng.normal(0, 0.12, n)).astype(np.float32)[:, None, None] * along
    depth = np.where(rng.random(n) < 0.15, rng.uniform(0.1, 0.4, n), 0).astype(np.float32)
    place = rng.uniform(-0.9, 0.9, n).astype(np.float32)
    edge = 1 / (1 + np.exp(-8 * (along - place[:, None, None])))
    return (uneven * (1 - depth[:, None, None] * edge))[..., None]


def _camera(image, rng):
    """Blur, noise and JPEG: float images to uint8."""
    n = len(image)
    # Noise of the sensor is blurred with the image, because SVHN enlarges small crops.
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + noise * np.exp(rng.normal(1.4, 0.5, n)).astype(np.float32)[:, None, None, None]
    levels = np.array([0.0, 0.4, 0.7, 1.0, 1.3, 1.7, 2.1, 2.6])
    share = [0.10, 0.16, 0.18, 0.18, 0.14, 0.12, 0.08, 0.04]
    across, down = rng.choice(len(levels), size=n, p=share), None
    down = np.clip(across + rng.integers(-1, 2, size=n), 0, len(levels) - 1)
    for axis, choice in ((2, across), (1, down)):
        for k, sigma in enumerate(levels):
            chosen = np.flatnonzero(choice == k)
            if sigma and len(chosen):
                image[chosen] = ndimage.gaussian_filter1d(image[chosen], sigma, axis=axis, mode="nearest")
    image += rng.standard_normal(image.shape, dtype=np.float32) * 1.5
    image = _jpeg(image, np.exp(rng.normal(-1.4, 0.5, n)).astype(np.float32))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _jpeg(image, loss):
    """Round the 8 x 8 cosine coefficients as JPEG does; chroma twice as coarsely. loss 1 is quality 50."""
    n = len(image)
    ycc = (image - 128) @ _TO_YCC.T
    blocks = ycc.reshape(n, 4, 8, 4, 8, 3)
    coefficients = fft.dctn(blocks, axes=(2, 4), norm="ortho", overwrite_x=True)
    table = _JPEG[:, None, :, None] * np.array([1, 2, 2], np.float32)  # (8, 1, 8, 3)
    table = table * loss[:, None, None, None, None, None]
    coefficients = np.rint(coefficients / table) * table
    ycc = fft.idctn(coefficients, axes=(2, 4), norm="ortho", overwrite_x=True).reshape(image.shape)
    return ycc @ _TO_RGB.T + 128
