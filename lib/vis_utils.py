"""Pictures for the notebooks and the report: training curves, images, filters, responses.

Every function returns a Matplotlib figure. Colors keep apart for color-blind readers (M. Okabe, K. Ito, Color
Universal Design, 2008), and curves differ in their markers too, so that a black-and-white print can be read.
``note`` is printed small in a corner: which data the picture was made from.

``confusion_matrix`` and ``show_confusion``, ``visualize_grid``, ``vis_grid`` and ``vis_nn`` can be imported from
here as well. Their files load on first use: an assignment that draws none of them comes without.
"""

from __future__ import annotations

import functools
import math
from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from lib.errors import ConfigError, ShapeError

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#666666"
CURVES = "application/vnd.gradlab.curves+json"
_DPI = 110
_HOME = {
    "confusion_matrix": "vis_confusion",
    "show_confusion": "vis_confusion",
    "visualize_grid": "vis_grid",
    "vis_grid": "vis_grid",
    "vis_nn": "vis_grid",
}


def __getattr__(name):
    """Import the module that holds one of the names of `_HOME` when it is first asked for."""
    if name not in _HOME:
        msg = f"module 'lib.vis_utils' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"lib.{_HOME[name]}"), name)


def plot_history(loss_hist, train_acc_hist, val_acc_hist, *, title=None, target=None, note=None):
    """Draw the loss of each iteration and the accuracies of each epoch, side by side.

    Parameters
    ----------
    loss_hist : sequence of float
        One per iteration. Drawn as it is, pale, and averaged over a fiftieth of its length.
    train_acc_hist, val_acc_hist : sequence of float
        One per epoch, from 0 to 1.
    title : str or None
    target : float or None
        Accuracy to reach; a dashed line.
    note : str or None

    Returns
    -------
    figure : matplotlib Figure
        A notebook keeps its numbers beside its picture, as `CURVES`.
    """
    losses = _numbers("plot_history", "loss_hist", loss_hist)
    histories = {
        "training": _numbers("plot_history", "train_acc_hist", train_acc_hist),
        "validation": _numbers("plot_history", "val_acc_hist", val_acc_hist),
    }
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), dpi=_DPI, layout="constrained")

    iterations = np.arange(1, len(losses) + 1)
    window = max(1, len(losses) // 50)
    pale = {"alpha": 0.25, "linewidth": 0.7} if window > 1 else {"linewidth": 1.6}
    left.plot(iterations, losses, color=BLUE, label="each iteration", **pale)
    if window > 1:
        smooth = np.convolve(losses, np.full(window, 1 / window), mode="valid")
        middle = iterations[: len(smooth)] + (window - 1) / 2
        left.plot(middle, smooth, color=BLUE, linewidth=1.8, label=f"mean of {window} iterations")
    left.set(title="Training loss", xlabel="iteration", ylabel="cross-entropy loss")
    left.set_ylim(0, _loss_limit(losses))

    styles = {"training": ("o-", ORANGE), "validation": ("s-", BLUE)}
    for name, values in histories.items():
        style, color = styles[name]
        best = (
            f", best {np.nanmax(values):.3f} in epoch {np.nanargmax(values) + 1}"
            if name == "validation"
            else ""
        )
        epochs = np.arange(1, len(values) + 1)
        size = 4.5 if len(values) <= 40 else 0
        right.plot(epochs, values, style, color=color, markersize=size, linewidth=1.6, label=name + best)
    if target is not None:
        right.axhline(target, color=GRAY, linestyle="--", linewidth=1.2, label=f"target {target:g}")
    right.set(title="Accuracy", xlabel="epoch", ylabel="fraction classified correctly")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if len(histories["validation"]) == 1:
        right.set_xlim(0.5, 1.5)
    for axes, where in ((left, "upper right"), (right, "best")):
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc=where, fontsize=8.5, framealpha=0.9)
    # IPython asks a figure for this when it is displayed, and draws the picture as ever
    curves = (losses, *histories.values())
    figure._repr_mimebundle_ = functools.partial(_bundle, curves, title, target, note)
    return _finish(figure, title, note)


def _bundle(curves, title, target, note, include=None, exclude=None):
    """Return the numbers of a picture, with every digit, as texts: JSON has no "nan", and each is one line."""
    names = ("loss_hist", "train_acc_hist", "val_acc_hist")
    told = {name: " ".join(map(repr, curve.tolist())) for name, curve in zip(names, curves, strict=True)}
    words = {name: text and str(text) for name, text in (("title", title), ("note", note))}
    return {CURVES: {"drawn_by": "plot_history", **told, **words, "target": target and float(target)}}


def show_images(
    images, labels=None, *, ncols=None, label_names=None, channels_first=False, title=None, note=None
):
    """Show images in a grid, with a label above each.

    Parameters
    ----------
    images : ndarray, shape (N, H, W, C), (N, H, W) or (H, W, 3), C is 1 or 3
        uint8, or floats. Floats outside 0 to 1 (a mean was subtracted) are stretched, all images alike.
    labels : sequence or None
        One per image; numbers are looked up in ``label_names`` if that is given.
    ncols : int or None
        Images per row; None chooses up to ten.
    label_names : sequence of str or None
    channels_first : bool
        Whether the images are (N, C, H, W) or (C, H, W).
    title, note : str or None

    Returns
    -------
    figure : matplotlib Figure
    """
    images = _channels_last(images, channels_first)
    if images.ndim == 3 and images.shape[-1] == 3:
        images = images[None]
    if images.ndim == 3:
        images = images[..., None]
    _require_pictures("show_images", "images", images)
    if labels is not None and len(labels) != len(images):
        msg = f"show_images: got {len(images)} images and {len(labels)} labels, wanted as many."
        raise ShapeError(msg)
    ncols = min(len(images), 10) if ncols is None else _count("show_images", "ncols", ncols)
    nrows = math.ceil(len(images) / ncols)
    size = 0.95 if len(images) > 1 else 2.2
    above = 0.22 if labels is not None else 0.0
    height, width = images.shape[1:3]
    tall = nrows * (size * height / width + above) + _title_room(title)
    figure, axes = plt.subplots(figsize=(max(ncols * size, 2.2), tall), dpi=_DPI, layout="constrained")
    axes.set_axis_off()
    # one picture of all images: as many axes as images would take ten times as long to draw
    gap = max(1, width // 16) if len(images) > 1 else 0
    image, corners = _mosaic(_displayable(images), ncols, gap, round(above / size * width))
    _draw(axes, image)
    if labels is not None:
        for (top, left), label in zip(corners, labels, strict=True):
            text = str(label if label_names is None else label_names[int(label)])
            place = (left + (width - 1) / 2, top - 0.5)
            axes.annotate(text, place, (0, 2), textcoords="offset points", ha="center", fontsize=9)
    return _finish(figure, title, note)


def _mosaic(pictures, ncols, gap, above):
    """Return pictures side by side on white, and the (top, left) corner of each; rows are ``above`` pixels further apart."""
    count, height, width, colors = pictures.shape
    nrows = math.ceil(count / ncols)
    down, right = height + gap + above, width + gap
    image = np.ones((nrows * down - gap - above, ncols * right - gap, colors))
    corners = [(index // ncols * down, index % ncols * right) for index in range(count)]
    for (top, left), picture in zip(corners, pictures, strict=True):
        image[top : top + height, left : left + width] = picture
    return image, corners


def filter_grid(im_array, nrows=None, ncols=None, *, scale="each", gap=1):
    """Put filters side by side in one image.

    Parameters
    ----------
    im_array : ndarray, shape (F, KH, KW, C) or (F, KH, KW), C is 1 or 3
        The filters, number first: weights of shape (KH, KW, C, F) need ``np.moveaxis(w, -1, 0)``.
    nrows, ncols : int or None
        Rows and columns; F must fit. None chooses a grid that is nearly square.
    scale : {"each", "all"}
        Stretch each filter from its own smallest weight (0) to its own largest (1), or all of them alike. A
        filter of equal weights becomes 0.5.
    gap : int >= 0
        Pixels of white (1.0) around each filter.

    Returns
    -------
    image : ndarray, shape (nrows*(KH+gap)+gap, ncols*(KW+gap)+gap, C), values from 0 to 1

    Examples
    --------
    >>> filter_grid(np.zeros((6, 5, 5, 3)), 2, 3).shape
    (13, 19, 3)
    """
    filters = _stack("filter_grid", im_array)
    nrows, ncols = _grid("filter_grid", len(filters), nrows, ncols)
    if scale not in ("each", "all"):
        msg = f"filter_grid: scale={scale!r} is not known. Use 'each' or 'all'."
        raise ConfigError(msg)
    axis = (1, 2, 3) if scale == "each" else None
    low = filters.min(axis=axis, keepdims=True)
    span = filters.max(axis=axis, keepdims=True) - low
    scaled = np.where(span > 0, (filters - low) / np.where(span > 0, span, 1), 0.5)
    height, width = filters.shape[1] + gap, filters.shape[2] + gap
    image = np.ones((nrows * height + gap, ncols * width + gap, filters.shape[3]))
    for index, picture in enumerate(scaled):
        top, left = gap + index // ncols * height, gap + index % ncols * width
        image[top : top + filters.shape[1], left : left + filters.shape[2]] = picture
    return image


def show_filters(
    im_array, nrows=None, ncols=None, *, scale="each", channels_first=False, title=None, note=None
):
    """Show the filters of a convolution as a grid of pictures.

    Parameters
    ----------
    im_array : ndarray
        As for `filter_grid`; or a finished mosaic, shape (H, W, 3) or (H, W, 1), which is shown as it is.
    nrows, ncols, scale
        As for `filter_grid`.
    channels_first : bool
        Whether the filters are (F, C, KH, KW), as the functional layers keep them.
    title, note : str or None

    Returns
    -------
    figure : matplotlib Figure
    """
    array = _channels_last(im_array, channels_first)
    if array.ndim == 3 and array.shape[1] != array.shape[2] and array.shape[2] in (1, 3):
        image = _displayable(array[None])[0]
    else:
        image = filter_grid(array, nrows, ncols, scale=scale)
    width = min(8.0, max(3.0, image.shape[1] / 9))
    height = width * image.shape[0] / image.shape[1] + _title_room(title)
    figure, axes = plt.subplots(figsize=(width, height), dpi=_DPI, layout="constrained")
    _draw(axes, image)
    axes.set_axis_off()
    return _finish(figure, title, note)


def show_responses(image, responses, titles=None, *, channels_first=False, title=None, note=None):
    """Show an image and, beside it, what filters answer to it.

    Parameters
    ----------
    image : ndarray, shape (H, W, C) or (H, W), C is 1 or 3
    responses : ndarray, shape (OH, OW, F) or (OH, OW)
        One map per filter. All share one color scale, in which 0 is white if there are negative values.
    titles : sequence of str or None
        One per map.
    channels_first : bool
        Whether the image is (C, H, W) and the responses are (F, OH, OW).
    title, note : str or None

    Returns
    -------
    figure : matplotlib Figure
    """
    image, responses = (_channels_last(array, channels_first) for array in (image, responses))
    image = image[..., None] if image.ndim == 2 else image
    responses = responses[..., None] if responses.ndim == 2 else responses
    _require_pictures("show_responses", "image", image[None] if image.ndim == 3 else image)
    if responses.ndim != 3 or responses.size == 0:
        msg = f"show_responses: responses has shape {responses.shape}, wanted (OH, OW, F) for one image."
        raise ShapeError(msg)
    count = responses.shape[2]
    titles = [f"filter {number}" for number in range(count)] if titles is None else list(titles)
    if len(titles) != count:
        msg = f"show_responses: got {count} maps and {len(titles)} titles, wanted as many."
        raise ShapeError(msg)

    ncols = min(count + 1, 6)
    nrows = math.ceil((count + 1) / ncols)
    shape = (1.75 * ncols + 0.6, 2.0 * nrows + _title_room(title))
    figure, grid = plt.subplots(nrows, ncols, figsize=shape, dpi=_DPI, squeeze=False, layout="constrained")
    for axes in grid.flat:
        axes.set_axis_off()
    first, *others = grid.flat
    _draw(first, _displayable(image[None])[0])
    first.set_title("image", fontsize=9)
    largest = float(np.abs(responses).max()) or 1.0
    signed = bool((responses < 0).any())
    colors = {"cmap": "RdBu_r", "vmin": -largest} if signed else {"cmap": "viridis", "vmin": 0.0}
    for axes, heading, response in zip(others, titles, np.moveaxis(responses, -1, 0), strict=False):
        drawn = axes.imshow(response, interpolation="nearest", vmax=largest, **colors)
        axes.set_title(heading, fontsize=9)
    bar = figure.colorbar(drawn, ax=grid.ravel().tolist(), fraction=0.04, pad=0.02)
    bar.ax.tick_params(labelsize=8)
    return _finish(figure, title, note)


def _channels_last(array, channels_first):
    """Return an array with its channels on the last axis; one of two axes has none."""
    array = np.asarray(array)
    return np.moveaxis(array, -3, -1) if channels_first and array.ndim >= 3 else array


def _numbers(where, name, values):
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size == 0:
        msg = f"{where}: {name} has shape {array.shape}, wanted at least one number in a row. Train first."
        raise ShapeError(msg)
    return array


def _loss_limit(losses):
    """Return the top of the loss axis: a few early peaks must not flatten the curve."""
    finite = losses[np.isfinite(losses)]
    if finite.size == 0:
        return 1.0
    return 1.08 * max(float(np.quantile(finite, 0.995)), 1e-6)


def _count(where, name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        msg = f"{where}: {name}={value!r} is not a whole number of at least 1."
        raise ConfigError(msg)
    return int(value)


def _grid(where, number, nrows, ncols):
    """Return rows and columns for a number of pictures, choosing what is not given."""
    if ncols is None:
        rows = None if nrows is None else _count(where, "nrows", nrows)
        ncols = math.ceil(math.sqrt(number)) if rows is None else math.ceil(number / rows)
    ncols = _count(where, "ncols", ncols)
    nrows = math.ceil(number / ncols) if nrows is None else _count(where, "nrows", nrows)
    if nrows * ncols < number:
        msg = f"{where}: {number} filters do not fit {nrows} rows of {ncols}."
        raise ConfigError(msg)
    return nrows, ncols


def _stack(where, im_array):
    filters = np.asarray(im_array)
    if filters.ndim == 3:
        filters = filters[..., None]
    _require_pictures(where, "im_array", filters)
    return filters.astype(np.float64)


def _require_pictures(where, name, array):
    pictures = array.ndim == 4 and array.shape[-1] in (1, 3) and array.size > 0
    if array.dtype.kind not in "fiu" or not pictures:
        msg = (
            f"{where}: {name} has shape {array.shape}, dtype {array.dtype}, wanted numbers with the count of "
            "pictures first and 1 or 3 colors last. Weights (KH, KW, C, F) need np.moveaxis(w, -1, 0)."
        )
        raise ShapeError(msg)


def _displayable(images):
    """Return images as floats from 0 to 1; what lies outside is stretched, all images alike."""
    if images.dtype.kind in "iu":
        return np.clip(images / 255, 0, 1)
    images = images.astype(np.float64)
    low, high = float(np.nanmin(images)), float(np.nanmax(images))
    if low >= -1e-3 and high <= 1 + 1e-3:
        return np.clip(images, 0, 1)
    return (images - low) / ((high - low) or 1.0)


def _draw(axes, picture):
    if picture.shape[-1] == 1:
        axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axes.imshow(picture, interpolation="nearest")


def _title_room(title):
    return 0.35 if title else 0.1


def _finish(figure, title, note):
    if title:
        figure.suptitle(title, fontsize=11)
    if note:
        figure.supxlabel(note, x=0.995, ha="right", fontsize=7.5, color=GRAY)
    return figure
