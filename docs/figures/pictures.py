"""Draw two pictures of our own for filters to work on: a house in a landscape, and a still life."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Ellipse, Polygon, Rectangle

SIDE = 160


def _canvas():
    fig = plt.figure(figsize=(SIDE / 100, SIDE / 100), dpi=100)
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 100), ylim=(0, 100))
    ax.axis("off")
    return fig, ax


def _gradient(ax, low, high, bottom, top):
    """Fill a band with a smooth change of color."""
    steps = np.linspace(0, 1, 64)[:, None, None]
    image = np.array(low) * (1 - steps) + np.array(high) * steps
    ax.imshow(image, extent=(0, 100, bottom, top), origin="lower", aspect="auto", zorder=0)


def house():
    """Draw a house with a fence, a tree, hills and a pond."""
    rng = np.random.default_rng(8)
    fig, ax = _canvas()
    _gradient(ax, (0.98, 0.86, 0.62), (0.35, 0.6, 0.9), 42, 100)
    _gradient(ax, (0.2, 0.45, 0.18), (0.5, 0.68, 0.32), 0, 45)
    ax.add_patch(Circle((80, 84), 7, color="#FFF4C4"))
    x = np.linspace(0, 100, 200)
    ax.fill_between(x, 42, 52 + 7 * np.sin(x / 13) + 4 * np.sin(x / 5), color="#6D8FA3", zorder=1)
    ax.fill_between(x, 38, 46 + 4 * np.sin(x / 17 + 2), color="#4E7F4A", zorder=2)
    ax.add_patch(Rectangle((22, 30), 40, 28, color="#D9B08C", zorder=3))
    for y in range(33, 58, 3):
        ax.plot((22, 62), (y, y), color="#B98E68", lw=0.5, zorder=4)
    ax.add_patch(Polygon([(18, 58), (42, 78), (66, 58)], color="#A63C32", zorder=4))
    ax.add_patch(Rectangle((52, 66), 5, 12, color="#7A4A3A", zorder=3))
    ax.add_patch(Rectangle((38, 30), 9, 17, color="#5B3A24", zorder=5))
    for left in (26, 51):
        ax.add_patch(Rectangle((left, 40), 8, 9, color="#CFE8F5", zorder=5))
        ax.plot((left + 4, left + 4), (40, 49), color="white", lw=0.9, zorder=6)
        ax.plot((left, left + 8), (44.5, 44.5), color="white", lw=0.9, zorder=6)
    ax.add_patch(Rectangle((80, 26), 4, 24, color="#5A3D28", zorder=5))
    for _ in range(60):
        spot = rng.normal((82, 60), (6, 7))
        ax.add_patch(Circle(spot, rng.uniform(1.5, 3.5), color=(0.1, rng.uniform(0.35, 0.6), 0.15), zorder=6))
    ax.add_patch(Ellipse((66, 12), 44, 14, color="#3F7FB0", zorder=5))
    for y in (8, 11, 14):
        ax.plot((54, 78), (y, y), color="#8FC1E0", lw=0.7, zorder=6)
    for left in range(0, 34, 4):
        ax.add_patch(Rectangle((left, 16), 1.7, 13, color="#F4F0E6", zorder=7))
    ax.plot((0, 33), (21, 21), color="#F4F0E6", lw=1.4, zorder=7)
    ax.plot((0, 33), (26, 26), color="#F4F0E6", lw=1.4, zorder=7)
    return fig


def still_life():
    """Draw a bowl of fruit and a bottle on a checkered cloth."""
    fig, ax = _canvas()
    _gradient(ax, (0.55, 0.42, 0.4), (0.22, 0.18, 0.28), 38, 100)
    for i in range(11):
        for j in range(4):
            color = "#F2ECE0" if (i + j) % 2 else "#B5483F"
            ax.add_patch(Rectangle((10 * i - 5, 10 * j), 10, 10, color=color, zorder=1))
    ax.add_patch(Rectangle((0, 39), 100, 2, color="#6B3A32", zorder=2))
    ax.add_patch(Rectangle((12, 28), 16, 42, color="#2F6B4F", zorder=4))
    ax.add_patch(Polygon([(12, 70), (28, 70), (23, 80), (17, 80)], color="#2F6B4F", zorder=4))
    ax.add_patch(Rectangle((17, 80), 6, 12, color="#2F6B4F", zorder=4))
    ax.add_patch(Rectangle((17, 90), 6, 4, color="#C8A15A", zorder=5))
    ax.add_patch(Rectangle((13, 40), 14, 17, color="#F3E7C9", zorder=5))
    for y in (44, 48, 52):
        ax.plot((15, 25), (y, y), color="#8A6B3A", lw=0.9, zorder=6)
    ax.plot((15, 15), (60, 68), color="#9FD0B5", lw=1.5, zorder=5)
    fruit = [
        ((48, 44), 10, "#D9362B"),
        ((64, 46), 11, "#F09A1A"),
        ((80, 43), 9.5, "#8FBF3A"),
        ((58, 57), 9, "#F3D23B"),
    ]
    for (x, y), r, color in fruit:
        for k in range(6):
            shade = np.clip(np.array(mpl.colors.to_rgb(color)) * (0.75 + 0.07 * k) + 0.02 * k, 0, 1)
            ax.add_patch(Circle((x - 0.3 * k, y + 0.3 * k), r * (1 - 0.14 * k), color=shade, zorder=5))
    x = np.linspace(36, 92, 120)
    ax.fill_between(
        x, 36 - 22 * np.sqrt(np.clip(1 - ((x - 64) / 28) ** 2, 0, 1)), 38, color="#3C5A99", zorder=7
    )
    for k in range(5):
        ax.plot((40 + 10 * k, 44 + 10 * k), (36, 30), color="#DCE4F5", lw=1.2, zorder=8)
    ax.plot((36, 92), (37, 37), color="#DCE4F5", lw=1.5, zorder=8)
    return fig


def write(folder: Path) -> None:
    """Write both pictures as small PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for draw in (house, still_life):
        fig = draw()
        fig.savefig(folder / f"picture_{draw.__name__}.png", dpi=100, metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
