"""What the figures of all notebooks share: colors, tables of numbers, frames, arrows, a canvas, saving."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

BLUE, ORANGE, GREEN, GREY, PALE = "#0072B2", "#D55E00", "#009E73", "#666666", "#E8F1F8"
plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "savefig.dpi": 110})


def grid(ax, values, x0, y0, *, size=1.0, fmt="{:g}", face=None, edge=GREY, bold=False, fontsize=10):
    """Draw a 2-D array as a table whose top left corner is (x0, y0); y grows downwards."""
    rows, cols = values.shape
    for r in range(rows):
        for c in range(cols):
            color = face[r][c] if face is not None else "white"
            ax.add_patch(
                Rectangle((x0 + c * size, y0 + r * size), size, size, facecolor=color, edgecolor=edge, lw=0.8)
            )
            if np.isfinite(values[r, c]):
                ax.text(
                    x0 + (c + 0.5) * size,
                    y0 + (r + 0.5) * size,
                    fmt.format(values[r, c]),
                    ha="center",
                    va="center",
                    fontsize=fontsize,
                    fontweight="bold" if bold else "normal",
                )


def frame(ax, x0, y0, cols, rows, color, **kw):
    """Outline a block of cells."""
    ax.add_patch(Rectangle((x0, y0), cols, rows, fill=False, edgecolor=color, lw=kw.pop("lw", 2.6), **kw))


def arrow(ax, start, end, color=GREY, **kw):
    """Draw an arrow between two points."""
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, color=color, lw=1.4, **kw))


def canvas(width, height, x, y):
    """Return an empty drawing whose units are cells and whose y axis points down."""
    fig, ax = plt.subplots(figsize=(width, height))
    ax.set(xlim=(0, x), ylim=(y, 0), aspect="equal")
    ax.axis("off")
    fig.subplots_adjust(0.01, 0.01, 0.99, 0.99)
    return fig, ax
