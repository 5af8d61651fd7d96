"""Figures of the introduction: filters in a grid, and how experiments compare."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lib.errors import ShapeError

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#666666"
_DPI = 110


def show_mosaics(mosaics, *, note=None):
    """Show mosaics of filters beside each other, with lines between the filters.

    Parameters
    ----------
    mosaics : sequence of (mosaic, nrows, ncols, title)
        Each mosaic has shape (nrows*KH, ncols*KW), as ``lib.intro.filters.filter_mosaic`` makes it. Red is
        positive, blue negative, white 0; all filters of a mosaic share one scale.
    note : str or None
        Printed small in a corner: which data they were made from.

    Returns
    -------
    figure : matplotlib Figure

    Raises
    ------
    ShapeError
        If a mosaic does not divide into its grid.
    """
    mosaics = [(np.asarray(mosaic), *rest) for mosaic, *rest in mosaics]
    width = min(3.2, 9.6 / len(mosaics))
    height = max(width * mosaic.shape[0] / max(mosaic.shape[-1], 1) for mosaic, *_ in mosaics)
    figure, grid = plt.subplots(
        1,
        len(mosaics),
        figsize=(width * len(mosaics), height + 0.45),
        dpi=_DPI,
        squeeze=False,
        layout="constrained",
    )
    for axes, (mosaic, nrows, ncols, title) in zip(grid[0], mosaics, strict=True):
        if mosaic.ndim != 2 or mosaic.shape[0] % nrows or mosaic.shape[1] % ncols or not mosaic.size:
            plt.close(figure)
            msg = f"show_mosaics: a mosaic has shape {mosaic.shape}, which is no grid of {nrows} x {ncols} pictures."
            raise ShapeError(msg)
        largest = float(np.abs(mosaic).max()) or 1.0
        axes.imshow(mosaic, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")
        for row in range(1, nrows):
            axes.axhline(row * mosaic.shape[0] / nrows - 0.5, color="black", linewidth=0.7)
        for column in range(1, ncols):
            axes.axvline(column * mosaic.shape[1] / ncols - 0.5, color="black", linewidth=0.7)
        axes.set_axis_off()
        axes.set_title(title, fontsize=9.5)
    return _finish(figure, None, note)


def show_runs(runs, *, goal=None, title=None, note=None):
    """Compare experiments: a dot for the test accuracy of each seed, a line for their mean.

    Parameters
    ----------
    runs : sequence of Run
        Of ``lib.intro.experiments``; the first is drawn on top.
    goal : float or None
        An accuracy to compare with; a dashed line.
    title, note : str or None

    Returns
    -------
    figure : matplotlib Figure
    """
    runs = list(runs)
    figure, axes = plt.subplots(figsize=(8.0, 0.55 * len(runs) + 1.2), dpi=_DPI, layout="constrained")
    names = []
    for place, run in enumerate(runs):
        mean = float(run.test_acc.mean())
        axes.plot(run.test_acc, np.full(len(run.test_acc), place), "o", color=BLUE, markersize=6, alpha=0.6)
        axes.plot([mean, mean], [place - 0.32, place + 0.32], color=ORANGE, linewidth=2.5)
        axes.annotate(f"{mean:.3f}", (mean, place - 0.36), ha="center", fontsize=8.5, color=ORANGE)
        names.append(f"{run.name}\n{run.num_params} weights")
    if goal is not None:
        axes.axvline(goal, color=GRAY, linestyle="--", linewidth=1.2)
        axes.annotate(f"{goal:g}", (goal, -0.75), ha="center", fontsize=8.5, color=GRAY)
    axes.set_yticks(range(len(runs)), names, fontsize=8.5)
    axes.set(
        ylim=(len(runs) - 0.4, -0.9), xlabel="test accuracy: one dot for each seed, the line is their mean"
    )
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return _finish(figure, title, note)


def _finish(figure, title, note):
    if title:
        figure.suptitle(title, fontsize=11)
    if note:
        figure.supxlabel(note, x=0.995, ha="right", fontsize=7.5, color=GRAY)
    return figure
