"""Draw the figures of the cnn_svhn notebook: python docs/figures/cnn_svhn.py [folder].

Every number in a figure is computed here, never typed, so a figure cannot disagree with the mathematics.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from drawing import BLUE, GREY, ORANGE, PALE, arrow, canvas, frame, grid
from matplotlib.patches import Rectangle


def output_size():
    """One row of 7 pixels, padded to 9; a window of 3 steps by 2: four windows fit."""
    fig, ax = canvas(7.6, 2.9, 15.2, 5.8)
    size, pad, kernel, stride = 7, 1, 3, 2
    row = np.concatenate([np.zeros(pad), np.arange(1, size + 1), np.zeros(pad)])[None]
    face = [["#DDDDDD"] * pad + ["white"] * size + ["#DDDDDD"] * pad]
    grid(ax, row, 3, 0.6, face=face)
    ax.text(2.8, 1.1, "padded input\nW + 2·pad = 9", ha="right", va="center", fontsize=9)
    out = (size + 2 * pad - kernel) // stride + 1
    for i in range(out):
        y, x = 2.05 + 0.62 * i, 3 + i * stride
        ax.add_patch(Rectangle((x, y), kernel, 0.42, facecolor=PALE, edgecolor=BLUE, lw=1.6))
        ax.text(x + kernel / 2, y + 0.21, f"window {i}", ha="center", va="center", fontsize=8.5, color=BLUE)
    ax.text(2.8, 3.2, "KW = 3, stride = 2", ha="right", va="center", fontsize=9, color=BLUE)
    ax.text(3, 5.25, f"OW = (7 + 2·1 − 3) // 2 + 1 = {out}", fontsize=11, fontweight="bold", va="center")
    return fig


def conv_forward():
    """A 3x3 filter on a 5x5 image: one window, one product sum, one output pixel."""
    fig, ax = canvas(7.8, 3.5, 15.6, 7.0)
    rng = np.random.default_rng(4)
    image = rng.integers(0, 4, (5, 5)).astype(float)
    w = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
    bias = 1.0
    out = np.array([[(image[i : i + 3, j : j + 3] * w).sum() + bias for j in range(3)] for i in range(3)])
    grid(ax, image, 0.5, 1.2)
    frame(ax, 1.5, 1.2, 3, 3, ORANGE)
    grid(ax, w, 7.0, 2.2, face=[[PALE] * 3] * 3)
    frame(ax, 7.0, 2.2, 3, 3, BLUE)
    grid(ax, out, 12.0, 2.2)
    frame(ax, 13.0, 2.2, 1, 1, ORANGE)
    ax.text(3.0, 0.7, "image, one channel", ha="center", fontsize=9.5)
    ax.text(8.5, 1.7, "filter w, not flipped", ha="center", fontsize=9.5, color=BLUE)
    ax.text(13.5, 1.7, "out", ha="center", fontsize=9.5)
    ax.text(6.25, 3.7, "∗", ha="center", va="center", fontsize=18)
    arrow(ax, (10.25, 3.7), (11.8, 3.7))
    window = image[0:3, 1:4]
    terms = " + ".join(
        f"{a:g}·{'(' + f'{b:g}' + ')' if b < 0 else f'{b:g}'}"
        for a, b in zip(window.ravel(), w.ravel(), strict=True)
        if b
    )
    ax.text(
        7.8,
        6.6,
        f"{terms} + bias {bias:g} = {out[0, 1]:g}",
        ha="center",
        va="center",
        fontsize=9.5,
        color=ORANGE,
    )
    return fig


def conv_backward(slopes="dprev"):
    """Each dout value paints a copy of the filter into dx; where copies overlap they add up."""
    fig, ax = canvas(7.8, 3.3, 15.6, 6.6)
    dout = np.array([[1.0, 2.0], [0.0, -1.0]])
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    dx = np.zeros((3, 3))
    for i in range(2):
        for j in range(2):
            dx[i : i + 2, j : j + 2] += dout[i, j] * w
    grid(ax, dout, 0.6, 2.1)
    frame(ax, 1.6, 2.1, 1, 1, ORANGE)
    grid(ax, w, 4.2, 2.1, face=[[PALE] * 2] * 2)
    ax.text(1.6, 1.6, slopes, ha="center", fontsize=10)
    ax.text(5.2, 1.6, "w", ha="center", fontsize=10, color=BLUE)
    copy = np.full((3, 3), np.nan)
    copy[0:2, 1:3] = dout[0, 1] * w
    grid(ax, copy, 7.6, 1.6)
    frame(ax, 8.6, 1.6, 2, 2, ORANGE)
    ax.text(9.1, 1.1, f"the copy of {slopes} = 2", ha="center", fontsize=9.5, color=ORANGE)
    grid(ax, dx, 12.1, 1.6, bold=True)
    ax.text(13.6, 1.1, "dx: all four copies added", ha="center", fontsize=9.5)
    ax.text(3.4, 3.1, "×", ha="center", va="center", fontsize=15)
    arrow(ax, (6.35, 3.1), (7.4, 3.1))
    arrow(ax, (10.8, 3.1), (11.9, 3.1))
    ax.text(
        7.8,
        5.7,
        "A pixel in the middle lies in several windows: its gradient is a sum, so use += and never =.",
        ha="center",
        fontsize=9.5,
    )
    return fig


def pool_forward():
    """Max pooling with overlapping 3x3 windows and stride 2."""
    fig, ax = canvas(7.2, 3.1, 14.4, 6.2)
    image = np.array(
        [[1, 5, 2, 0, 3], [4, 0, 1, 7, 2], [2, 3, 6, 1, 0], [0, 8, 1, 2, 9], [3, 1, 4, 5, 2]], float
    )
    out = np.array([[image[i : i + 3, j : j + 3].max() for j in (0, 2)] for i in (0, 2)])
    grid(ax, image, 1.0, 0.7)
    frame(ax, 1.0, 0.7, 3, 3, BLUE)
    frame(ax, 3.06, 0.76, 2.94, 2.94, ORANGE, linestyle="--")
    grid(ax, out, 10.2, 2.2, bold=True, face=[[PALE, "#FBE6D9"], ["white", "white"]])
    arrow(ax, (6.5, 3.2), (9.8, 3.2))
    ax.text(8.15, 2.75, "max of each window", ha="center", fontsize=9.5)
    ax.text(8.15, 3.85, "3×3, stride 2", ha="center", fontsize=9.5, color=GREY)
    ax.text(11.2, 1.7, "out", ha="center", fontsize=10)
    return fig


def pool_backward(slopes="dprev"):
    """Only the winner of a window receives its gradient; a pixel that wins twice receives both."""
    fig, ax = canvas(7.2, 3.1, 14.4, 6.2)
    image = np.array(
        [[1, 5, 2, 0, 3], [4, 0, 1, 2, 2], [2, 3, 9, 1, 0], [0, 8, 1, 2, 4], [3, 1, 4, 5, 2]], float
    )
    dout = np.array([[1.0, 2.0], [-1.0, 3.0]])
    dx = np.zeros_like(image)
    for a, i in enumerate((0, 2)):
        for b, j in enumerate((0, 2)):
            window = image[i : i + 3, j : j + 3]
            r, c = np.unravel_index(window.argmax(), window.shape)
            dx[i + r, j + c] += dout[a, b]
    face = [["#FBE6D9" if v else "white" for v in row] for row in dx]
    grid(ax, image, 0.4, 0.7, face=face)
    grid(ax, dout, 6.3, 2.2, face=[[PALE] * 2] * 2)
    grid(ax, dx, 9.2, 0.7, face=face, bold=True)
    ax.text(2.9, 0.35, "image: the 9 wins four windows", ha="center", fontsize=9)
    ax.text(7.3, 1.75, slopes, ha="center", fontsize=10, color=BLUE)
    ax.text(11.7, 0.35, f"dx: 1 + 2 − 1 + 3 = {dx[2, 2]:g}", ha="center", fontsize=9)
    arrow(ax, (8.4, 3.2), (9.1, 3.2))
    return fig


def small_network():
    """The shapes that flow through TestCNN."""
    fig, ax = canvas(7.8, 2.1, 15.6, 4.2)
    boxes = [
        ("image\n(4, 8, 8, 3)", "white"),
        ("convolution\n3 filters 3×3", PALE),
        ("max pooling\n2×2, stride 2", PALE),
        ("flatten", PALE),
        ("fully connected\n27 → 5", PALE),
        ("scores\n(4, 5)", "white"),
    ]
    after = ["", "(4, 6, 6, 3)", "(4, 3, 3, 3)", "(4, 27)", "", ""]
    for i, (text, color) in enumerate(boxes):
        x = 0.15 + i * 2.6
        ax.add_patch(
            Rectangle(
                (x, 1.1), 2.05, 1.4, facecolor=color, edgecolor=BLUE if color != "white" else GREY, lw=1.4
            )
        )
        ax.text(x + 1.02, 1.8, text, ha="center", va="center", fontsize=8.3)
        if i < len(boxes) - 1:
            arrow(ax, (x + 2.08, 1.8), (x + 2.58, 1.8))
        ax.text(x + 1.02, 2.95, after[i], ha="center", va="center", fontsize=8.3, color=ORANGE)
    return fig


def main(folder: Path) -> None:
    """Write every figure as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for draw in (output_size, conv_forward, conv_backward, pool_forward, pool_backward, small_network):
        fig = draw()
        # no software name or date in the file: the same figure gives the same bytes
        fig.savefig(folder / f"{draw.__name__}.png", metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "source" / "cnn_svhn" / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
