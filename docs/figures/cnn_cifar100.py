"""Draw the figures of the cnn_cifar100 notebook: python docs/figures/cnn_cifar100.py [folder].

Every number in a figure is computed here, never typed, so a figure cannot disagree with the mathematics. Two
figures are those of cnn_svhn: what they show is the same there and here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from cnn_svhn import conv_backward, small_network
from drawing import BLUE, GREEN, GREY, ORANGE, PALE, arrow, canvas, frame, grid
from matplotlib.patches import Rectangle

RED, GRASS, SKY = "#F6D5C8", "#CFE8DD", "#CFE3F1"


def output_size():
    """One row of 8 pixels without padding; a window of 3 steps by 2: three fit, the last pixel is not read."""
    fig, ax = canvas(7.6, 2.6, 15.2, 5.2)
    size, kernel, stride = 8, 3, 2
    out = (size - kernel) // stride + 1
    read = (out - 1) * stride + kernel
    face = [["white"] * read + ["#DDDDDD"] * (size - read)]
    grid(ax, np.arange(1.0, size + 1)[None], 3.6, 0.6, face=face)
    ax.text(3.4, 1.1, "input, W = 8", ha="right", va="center", fontsize=9)
    for i in range(out):
        y, x = 2.0 + 0.62 * i, 3.6 + i * stride
        ax.add_patch(Rectangle((x, y), kernel, 0.42, facecolor=PALE, edgecolor=BLUE, lw=1.6))
        ax.text(x + kernel / 2, y + 0.21, f"window {i}", ha="center", va="center", fontsize=8.5, color=BLUE)
    ax.text(3.4, 2.8, "KW = 3, stride = 2", ha="right", va="center", fontsize=9, color=BLUE)
    arrow(ax, (12.6, 2.5), (11.2, 1.75), ORANGE)
    ax.text(
        12.7, 2.6, "never read: the\nnext window\nwould stick out", fontsize=8.5, va="center", color=ORANGE
    )
    ax.text(3.6, 4.6, f"OW = (8 + 2·0 − 3) // 2 + 1 = {out}", fontsize=11, fontweight="bold", va="center")
    return fig


def conv_color():
    """A 2x2 window of a color image: three layers of the filter, three sums, one output number."""
    fig, ax = canvas(7.8, 3.5, 15.6, 7.0)
    window = np.array([[[3, 1], [2, 0]], [[1, 1], [4, 2]], [[0, 2], [1, 5]]], float)
    w = np.array([[[1, 0], [1, 0]], [[-1, 0], [0, 2]], [[0, 1], [0, -1]]], float)
    bias = 2.0
    sums = (window * w).sum(axis=(1, 2))
    for c, (name, color) in enumerate(zip(("red", "green", "blue"), (RED, GRASS, SKY), strict=True)):
        y = 0.75 + 2.15 * c
        ax.text(1.3, y + 0.85, name, ha="right", va="center", fontsize=9.5)
        grid(ax, window[c], 1.6, y, size=0.85, face=[[color] * 2] * 2)
        ax.text(3.75, y + 0.85, "×", ha="center", va="center", fontsize=14)
        grid(ax, w[c], 4.2, y, size=0.85, face=[[PALE] * 2] * 2)
        arrow(ax, (6.1, y + 0.85), (7.7, y + 0.85))
        ax.text(8.4, y + 0.85, f"{sums[c]:g}", ha="center", va="center", fontsize=12)
        arrow(ax, (8.9, y + 0.85), (10.6, 3.6 + 0.25 * (c - 1)))
    ax.text(2.45, 0.4, "one window", ha="center", fontsize=9.5)
    ax.text(5.05, 0.4, "one filter w", ha="center", fontsize=9.5, color=BLUE)
    ax.text(8.4, 0.4, "sums", ha="center", fontsize=9.5)
    out = sums.sum() + bias
    grid(ax, np.array([[out]]), 13.4, 3.1, size=1.0, bold=True)
    frame(ax, 13.4, 3.1, 1, 1, ORANGE)
    terms = " + ".join(f"({s:g})" if s < 0 else f"{s:g}" for s in sums)
    ax.text(12.0, 3.6, f"+ bias {bias:g}", ha="center", va="center", fontsize=9.5)
    ax.text(12.4, 5.2, f"{terms} + {bias:g} = {out:g}", ha="center", va="center", fontsize=10, color=ORANGE)
    ax.text(13.9, 2.7, "one number of out", ha="center", fontsize=9.5)
    return fig


def pool_forward():
    """A pattern and the same pattern one pixel to the right: most pixels change, the pooled ones hardly."""
    fig, ax = canvas(7.9, 3.6, 15.8, 7.2)
    image = np.zeros((4, 6))
    image[[0, 1, 2, 2, 3], [0, 2, 4, 2, 0]] = [5, 9, 7, 4, 8]
    moved = np.zeros_like(image)
    moved[:, 1:] = image[:, :-1]
    for y, picture, name in ((0.5, image, "image"), (4.1, moved, "moved by one")):
        out = picture.reshape(2, 2, 3, 2).max(axis=(1, 3))
        ax.text(2.1, y + 1.4, name, ha="right", va="center", fontsize=9.5)
        grid(
            ax,
            picture,
            2.4,
            y,
            size=0.7,
            face=[["#FBE6D9" if v else "white" for v in row] for row in picture],
        )
        for i, j in np.ndindex(2, 3):
            frame(ax, 2.4 + 1.4 * j, y + 1.4 * i, 1.4, 1.4, BLUE, lw=1.8)
        arrow(ax, (6.9, y + 1.4), (9.6, y + 1.4))
        ax.text(8.25, y + 1.1, "max of each 2×2", ha="center", fontsize=9)
        grid(ax, out, 10.0, y + 0.35, size=1.05, bold=True, face=[[PALE] * 3] * 2)
    same = int(
        (image.reshape(2, 2, 3, 2).max(axis=(1, 3)) == moved.reshape(2, 2, 3, 2).max(axis=(1, 3))).sum()
    )
    still = int(((image == moved) & (image > 0)).sum())
    ax.text(
        13.4,
        3.6,
        f"pixels ≠ 0\nin place: {still} of 5\n\npooled\nthe same: {same} of 6",
        fontsize=9,
        va="center",
        color=GREY,
    )
    return fig


def pool_backward():
    """Four windows side by side, four winners; all other pixels receive nothing."""
    fig, ax = canvas(7.4, 3.0, 14.8, 6.0)
    image = np.array([[2, 7, 1, 0], [3, 5, 4, 6], [9, 1, 0, 2], [4, 8, 3, 5]], float)
    dout = np.array([[0.5, -1.0], [2.0, 3.0]])
    dx = np.zeros_like(image)
    for a, b in np.ndindex(2, 2):
        window = image[2 * a : 2 * a + 2, 2 * b : 2 * b + 2]
        u, v = np.unravel_index(window.argmax(), window.shape)
        dx[2 * a + u, 2 * b + v] += dout[a, b]
    face = [["#FBE6D9" if v else "white" for v in row] for row in dx]
    grid(ax, image, 0.6, 1.2, face=face)
    grid(ax, dout, 6.3, 2.2, face=[[PALE] * 2] * 2)
    grid(ax, dx, 10.2, 1.2, face=face, bold=True)
    for x in (0.6, 10.2):
        for a, b in np.ndindex(2, 2):
            frame(ax, x + 2 * b, 1.2 + 2 * a, 2, 2, BLUE, lw=1.8)
    ax.text(2.6, 0.75, "image: four windows, four winners", ha="center", fontsize=9)
    ax.text(7.3, 1.75, "dprev", ha="center", fontsize=10, color=BLUE)
    ax.text(12.2, 0.75, "dx: all other pixels receive 0", ha="center", fontsize=9)
    arrow(ax, (8.6, 3.2), (9.9, 3.2))
    return fig


def regularization():
    """What a weight becomes when only the penalty acts on it: L2 shrinks it, L1 takes a fixed step."""
    fig, ax = plt.subplots(figsize=(6.4, 3.0))
    steps, rate, lam = 60, 0.1, 0.2
    for start in (2.0, 1.0):
        squares, sizes = [start], [start]
        for _ in range(steps):
            squares.append(squares[-1] - rate * 2 * lam * squares[-1])
            sizes.append(max(0.0, sizes[-1] - rate * lam))
        ax.plot(squares, color=BLUE, lw=2, label="L2: each step takes the same share" if start == 2 else None)
        ax.plot(
            sizes,
            color=ORANGE,
            lw=2,
            ls="--",
            label="L1: each step takes the same amount" if start == 2 else None,
        )
    ax.set(xlabel="step", ylabel="weight", ylim=(0, 2.1), xlim=(0, steps))
    ax.set_title(f"learning rate {rate:g}, reg_lambda {lam:g}, no other gradient", fontsize=9.5)
    ax.grid(color="#dddddd", lw=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=9)
    fig.tight_layout()
    return fig


def confusion():
    """How to read a confusion matrix of three classes."""
    fig, ax = canvas(7.6, 3.2, 15.2, 6.4)
    counts = np.array([[70, 20, 10], [25, 60, 15], [5, 5, 90]], float)
    names = ("trees", "flowers", "people")
    face = [[plt.cm.Blues(v / 130) for v in row] for row in counts]
    grid(ax, counts, 5.2, 1.9, size=1.3, face=face, fontsize=11)
    for i, name in enumerate(names):
        ax.text(5.0, 2.55 + 1.3 * i, name, ha="right", va="center", fontsize=9.5)
        ax.text(5.85 + 1.3 * i, 1.7, name, ha="center", fontsize=9.5)
    ax.text(7.15, 0.9, "predicted class", ha="center", fontsize=10, fontweight="bold")
    ax.text(1.2, 3.85, "right\nclass", ha="center", va="center", fontsize=10, fontweight="bold")
    frame(ax, 6.5, 1.9, 1.3, 1.3, ORANGE)
    ax.text(
        9.6,
        2.55,
        f"{counts[0, 1]:g} of 100 trees\nwere taken for flowers",
        va="center",
        fontsize=9.5,
        color=ORANGE,
    )
    right = np.trace(counts) / counts.sum()
    ax.text(
        9.6, 5.1, f"diagonal: what was right,\n{right:.0%} in all", va="center", fontsize=9.5, color=GREEN
    )
    for i in range(3):
        frame(ax, 5.25 + 1.3 * i, 1.95 + 1.3 * i, 1.2, 1.2, GREEN, lw=1.6, linestyle="--")
    return fig


FIGURES = (
    output_size,
    conv_color,
    conv_backward,
    pool_forward,
    pool_backward,
    small_network,
    regularization,
    confusion,
)


def main(folder: Path) -> None:
    """Write every figure as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for draw in FIGURES:
        fig = draw()
        # no software name or date in the file: the same figure gives the same bytes
        fig.savefig(folder / f"{draw.__name__}.png", metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "source" / "cnn_cifar100" / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
