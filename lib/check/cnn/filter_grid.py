"""Compare an array of pictures with the filters of a convolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: A picture may be rescaled and rounded to 256 grey levels: allowed difference relative to its range.
TOLERANCE = 0.01
#: Pixels between the tiles of a mosaic that are tried.
SPACINGS = range(4)
#: Share of the whole that layout, grid and values count.
WEIGHTS = {"layout": 1 / 6, "grid": 1 / 6, "values": 2 / 3}


@dataclass(frozen=True)
class FilterMatch:
    """How an array compares with the filters: the share (0 to 1) of each criterion, and what is wrong."""

    layout: float
    grid: float
    values: float
    problems: tuple[str, ...]

    @property
    def fraction(self) -> float:
        """The criteria put together."""
        return sum(share * getattr(self, name) for name, share in WEIGHTS.items())


def match_filters(im_array, weights, nrows=None, ncols=None) -> FilterMatch:
    """Tell how far an array shows the filters of a layer, one picture for each.

    Parameters
    ----------
    im_array : ndarray or None
        A stack of pictures (F, KH, KW, C), or one mosaic of nrows x ncols of them with 0 to 3 pixels between.
        Each picture, or all together, may be rescaled (brightness and contrast) to be looked at.
    weights : ndarray, shape (KH, KW, C, F)
    nrows, ncols : int or None
        Rows and columns of the grid in which they are shown.
    """
    F = weights.shape[-1]
    tiles = np.moveaxis(weights, -1, 0).astype(np.float64)  # (F, KH, KW, C)
    grid, grid_problems = _grid(nrows, ncols, F)
    if im_array is None:
        return FilterMatch(0, grid, 0, ("im_array is None: the filters are missing.", *grid_problems))
    im_array = np.asarray(im_array)
    if im_array.dtype.kind not in "fiub" or not im_array.size or not np.isfinite(im_array).all():
        return FilterMatch(0, grid, 0, ("im_array does not hold finite numbers.", *grid_problems))
    im_array = im_array.astype(np.float64)
    stack = _as_stack(im_array, tiles.shape, nrows, ncols)
    if stack is None:
        layout, values, problems = _explain_layout(im_array, tiles, weights)
    else:
        layout, values, problems = _explain_values(stack, tiles, weights)
    return FilterMatch(layout, grid, values, (*problems, *grid_problems))


def _grid(nrows, ncols, F):
    """Ask for a grid with a place for every filter and no empty row."""
    try:
        rows, cols = int(nrows), int(ncols)
    except (TypeError, ValueError):
        return 0.0, (f"nrows and ncols are {nrows} and {ncols}, wanted a grid for {F} filters.",)
    if rows >= 1 and cols >= 1 and rows * cols >= F and (rows - 1) * cols < F:
        return 1.0, ()
    return 0.0, (f"a grid of {rows} x {cols} does not fit {F} filters.",)


def _as_stack(array, shape, nrows, ncols):
    """Bring the accepted layouts to (F, KH, KW, C); None when it is none of them."""
    F, KH, KW, C = shape
    if array.shape == shape:
        return array
    if C == 1 and array.shape == shape[:3]:
        return array[..., None]
    if array.ndim == 5 and array.shape[2:] == shape[1:] and array.shape[0] * array.shape[1] >= F:
        return array.reshape(-1, KH, KW, C)[:F]
    return _cut_mosaic(array, shape, nrows, ncols)


def _cut_mosaic(array, shape, nrows, ncols):
    """Cut a mosaic into its tiles, with 0 to 3 pixels between them and the same, or none, around."""
    F, KH, KW, C = shape
    array = array[..., None] if array.ndim == 2 and C == 1 else array
    try:
        rows, cols = int(nrows), int(ncols)
    except (TypeError, ValueError):
        return None
    if array.ndim != 3 or array.shape[2] != C or rows < 1 or cols < 1 or rows * cols < F:
        return None
    for space in SPACINGS:
        for around in {0, space}:
            size = tuple(n * k + (n - 1) * space + 2 * around for n, k in ((rows, KH), (cols, KW)))
            if array.shape[:2] == size:
                corners = [
                    (around + (i // cols) * (KH + space), around + (i % cols) * (KW + space))
                    for i in range(F)
                ]
                return np.stack([array[top : top + KH, left : left + KW] for top, left in corners])
    return None


def _shown(stack, tiles):
    """Tell for each picture whether it is its filter, up to brightness and contrast."""
    return np.array([_is_rescaled(picture, tile) for picture, tile in zip(stack, tiles, strict=True)])


def _is_rescaled(picture, tile):
    x, y = tile.ravel(), picture.ravel()
    spread = x - x.mean()
    power = float(spread @ spread)
    slope = float(spread @ (y - y.mean())) / power if power else 0.0
    if power and slope <= 0:
        return False
    rest = y - y.mean() - slope * spread
    return bool(np.abs(rest).max() <= TOLERANCE * max(np.ptp(y), 1e-12))


def _explain_values(stack, tiles, weights):
    """Judge a stack of the right shape."""
    F, KH, KW, C = tiles.shape
    right = _shown(stack, tiles)
    if right.all():
        return 1.0, 1.0, ()
    if F > 1 and _shown(stack, weights.reshape(F, KH, KW, C)).all():
        said = (
            "every picture is a mixture of all filters: reshape cuts the weights in memory order, does not "
            "move an axis. The filters are the last axis; np.moveaxis(weights, -1, 0) brings it to the front."
        )
        return 1.0, 0.0, (said,)
    if KH == KW and _shown(stack, tiles.transpose(0, 2, 1, 3)).all():
        return 1.0, 0.5, ("rows and columns of every filter are swapped.",)
    if _shown(stack, -tiles).all():
        return 1.0, 0.5, ("every filter is inverted: dark is light.",)
    if KH == KW == C:
        for axes in ((0, 3, 1, 2), (0, 2, 3, 1), (0, 3, 2, 1), (0, 1, 3, 2)):
            if _shown(stack, tiles.transpose(axes)).all():
                return (
                    0.0,
                    0.5,
                    ("the channels are not the last axis of every picture, as matplotlib wants them.",),
                )
    said = f"{int((~right).sum())} of {F} pictures are not the filters of the first convolution in model.npz."
    return 1.0, float(right.mean()), (said,)


def _explain_layout(array, tiles, weights):
    """Judge an array of another shape than was asked for."""
    F, KH, KW, C = tiles.shape
    said = f"im_array has shape {array.shape}, wanted {tiles.shape} (or one mosaic of nrows x ncols pictures)"
    if array.shape == weights.shape and np.allclose(array, weights):
        return 0.0, 0.0, (f"{said}: these are the weights as they stand, with the filters on the last axis.",)
    if array.shape == (F, C, KH, KW) and _shown(array.transpose(0, 2, 3, 1), tiles).all():
        return 0.0, 1.0, (f"{said}: matplotlib wants the channels last.",)
    if array.shape == (F, KH, KW):
        for picture in (tiles.mean(axis=-1), *np.moveaxis(tiles, -1, 0)):
            if _shown(array, picture).all():
                return 0.5, 0.5, (f"{said}: the colors are missing.",)
    if array.ndim == 4 and array.shape[1:] == tiles.shape[1:] and len(array) < F:
        right = _shown(array, tiles[: len(array)])
        return 0.0, float(right.sum()) / F, (f"{said}: {F - len(array)} filters are missing.",)
    return 0.0, 0.0, (f"{said}.",)
