"""Draw the figures of the cnn_intro_mnist notebook: python docs/figures/cnn_intro_mnist.py [folder].

Every number in a figure is computed here, never typed, so a figure cannot disagree with the mathematics.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from drawing import BLUE, GREEN, GREY, ORANGE, PALE, arrow, canvas, frame, grid
from matplotlib.patches import Rectangle

WARM = "#FBE6D9"


def sliding():
    """A 2x2 kernel at two of its stops on a 3x4 image, and the two sums."""
    fig, ax = canvas(7.6, 3.3, 15.2, 6.6)
    image = np.array([[1.0, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1]])
    kernel = np.array([[1.0, -1], [0, 2]])
    out = np.array([[(image[i : i + 2, j : j + 2] * kernel).sum() for j in range(3)] for i in range(2)])
    grid(ax, image, 0.6, 1.3)
    frame(ax, 0.6, 1.3, 2, 2, ORANGE)
    frame(ax, 2.6, 2.3, 2, 2, GREEN, linestyle="--")
    grid(ax, kernel, 6.8, 1.8, face=[[PALE] * 2] * 2)
    grid(ax, out, 11.2, 1.8)
    frame(ax, 11.2, 1.8, 1, 1, ORANGE)
    frame(ax, 13.2, 2.8, 1, 1, GREEN, linestyle="--")
    ax.text(2.6, 0.8, "image", ha="center")
    ax.text(7.8, 1.3, "kernel", ha="center", color=BLUE)
    ax.text(12.7, 1.3, "features", ha="center")
    ax.text(5.7, 2.8, "∗", ha="center", va="center", fontsize=18)
    arrow(ax, (9.1, 2.8), (10.9, 2.8))
    for (i, j), y, color in (((0, 0), 5.1, ORANGE), ((1, 2), 5.9, GREEN)):
        window = image[i : i + 2, j : j + 2]
        terms = " + ".join(
            f"{a:g}·{f'({b:g})' if b < 0 else f'{b:g}'}"
            for a, b in zip(window.ravel(), kernel.ravel(), strict=True)
        )
        ax.text(7.6, y, f"{terms} = {out[i, j]:g}", ha="center", va="center", color=color)
    return fig


def by_hand():
    """The image and the kernel of the exercise, without the answer."""
    fig, ax = canvas(6.4, 2.7, 12.8, 5.4)
    image = np.array([[0, 0, 0, 1], [0, 0, 1, 2], [0, 0, 2, 3], [0, 1, 2, 3]], float)
    kernel = np.array([[0, 0, 2], [0, 1, 2], [0, 2, 3]], float)
    grid(ax, image, 0.6, 1.0)
    grid(ax, kernel, 6.4, 1.5, face=[[PALE] * 3] * 3)
    grid(ax, np.full((2, 2), np.nan), 10.4, 2.0)
    ax.text(2.6, 0.5, "image", ha="center")
    ax.text(7.9, 1.0, "kernel", ha="center", color=BLUE)
    ax.text(11.4, 1.5, "?", ha="center")
    ax.text(5.5, 3.0, "∗", ha="center", va="center", fontsize=18)
    ax.text(9.9, 3.0, "=", ha="center", va="center", fontsize=14)
    return fig


def _block(ax, x, y, channels, height, width, color, label):
    """Draw feature maps as a stack of sheets; return its right edge."""
    sheets = min(channels, 4)
    for sheet in reversed(range(sheets)):
        ax.add_patch(
            Rectangle(
                (x + 0.16 * sheet, y - 0.16 * sheet), width, height, facecolor=color, edgecolor=BLUE, lw=1.2
            )
        )
    right = x + width + 0.16 * (sheets - 1)
    ax.text((x + right) / 2, y + height + 0.35, label, ha="center", va="top", fontsize=9)
    return right


def output_sizes():
    """An input of two channels, three filters of two channels each, an output of three channels."""
    fig, ax = canvas(7.8, 2.9, 15.6, 5.8)
    H = W = 8
    KH = KW = 3
    OH, OW = H - KH + 1, W - KW + 1
    _block(ax, 0.6, 1.4, 2, 2.6, 2.6, "white", f"input\n(C, H, W) = (2, {H}, {W})")
    for f in range(3):
        _block(
            ax,
            6.0 + 1.45 * f,
            2.2,
            2,
            0.95,
            0.95,
            PALE,
            f"F = 3 filters of\n(C, KH, KW) = (2, {KH}, {KW})" if f == 1 else "",
        )
    _block(ax, 12.0, 1.7, 3, 2.6 * OH / H, 2.6 * OW / W, WARM, f"output\n(F, OH, OW) = (3, {OH}, {OW})")
    ax.text(4.75, 2.7, "∗", ha="center", va="center", fontsize=18)
    arrow(ax, (10.5, 2.7), (11.7, 2.7))
    return fig


def softmax_twice():
    """Scores, softmax, and softmax of that: the second one makes a sure network unsure."""
    scores = np.array([0.5, 4.0, 1.0, -1.0, 0.0, 2.0, -0.5, 0.0, 1.0, -2.0])

    def softmax(x):
        powers = np.exp(x - x.max())
        return powers / powers.sum()

    once, twice = softmax(scores), softmax(softmax(scores))
    fig, axes = plt.subplots(1, 3, figsize=(8.2, 2.5), layout="constrained")
    for ax, values, title in zip(
        axes,
        (scores, once, twice),
        ("scores of the network", f"softmax: digit 1 has {once[1]:.0%}", f"softmax again: {twice[1]:.0%}"),
        strict=True,
    ):
        colors = [ORANGE if i == 1 else BLUE for i in range(10)]
        ax.bar(range(10), values, color=colors)
        ax.set_title(title, fontsize=10)
        ax.set_xticks(range(10))
        ax.tick_params(labelsize=8)
        ax.spines[["top", "right"]].set_visible(False)
        ax.axhline(0, color="black", lw=0.8)
    for ax in axes[1:]:
        ax.set_ylim(0, 1)
    return fig


def _chain(ax, boxes, after, width=2.05, step=2.6, y=1.1):
    """Draw boxes in a row, joined by arrows, with shapes below."""
    for i, (text, color) in enumerate(boxes):
        x = 0.15 + i * step
        edge = BLUE if color != "white" else GREY
        ax.add_patch(Rectangle((x, y), width, 1.4, facecolor=color, edgecolor=edge, lw=1.4))
        ax.text(x + width / 2, y + 0.7, text, ha="center", va="center", fontsize=8.3)
        if i < len(boxes) - 1:
            arrow(ax, (x + width + 0.03, y + 0.7), (x + step - 0.02, y + 0.7))
        ax.text(x + width / 2, y + 1.85, after[i], ha="center", va="center", fontsize=8.3, color=ORANGE)


def conv_net():
    """The shapes that flow through ConvNet with 16 filters of 5x5 and no padding."""
    fig, ax = canvas(7.9, 1.9, 15.8, 3.8)
    side = 28 - 5 + 1
    boxes = [
        ("images", "white"),
        ("convolution\n16 filters 5×5\nReLU", PALE),
        ("flatten", PALE),
        ("fully connected\n100 units\nReLU", PALE),
        ("fully connected\n10 units", PALE),
        ("scores", "white"),
    ]
    after = [
        "(N, 1, 28, 28)",
        f"(N, 16, {side}, {side})",
        f"(N, {16 * side * side})",
        "(N, 100)",
        "",
        "(N, 10)",
    ]
    _chain(ax, boxes, after)
    return fig


def deep_net():
    """Two blocks of DeepNet: maps become more and smaller."""
    fig, ax = canvas(7.9, 3.05, 15.8, 6.1)
    sizes = [(1, 28, 3.2), (16, 28, 3.2), (16, 14, 1.6), (32, 14, 1.6), (32, 7, 0.8)]
    names = ["images", "convolution\nReLU", "2×2 pooling", "convolution\nReLU", "2×2 pooling"]
    x = 0.4
    for i, ((channels, side, size), name) in enumerate(zip(sizes, names, strict=True)):
        color = "white" if i == 0 else (PALE if i % 2 else WARM)
        right = _block(
            ax, x, 2.6 - size / 2 + 0.45, channels, size, size, color, f"({channels}, {side}, {side})"
        )
        ax.text((x + right) / 2, 0.5, name, ha="center", va="center", fontsize=8.5)
        if i < len(sizes) - 1:
            arrow(ax, (right + 0.08, 3.0), (right + 0.62, 3.0))
        x = right + 0.75
    ax.text(
        7.9,
        5.75,
        f"{28 * 28} pixels become {16 * 28 * 28} features, and in the end {32 * 7 * 7} numbers.",
        ha="center",
        va="center",
        fontsize=9,
    )
    return fig


def reshape_or_move():
    """Two filters of 2x2 side by side: moved they stay whole, reshaped they are mixed."""
    fig, ax = canvas(7.6, 2.9, 15.2, 5.8)
    filters = np.arange(1.0, 9).reshape(2, 2, 2)  # (F, KH, KW)
    colors = np.array([[PALE] * 4, [WARM] * 4]).reshape(2, 2, 2)
    for f in range(2):
        grid(ax, filters[f], 0.4 + 2.6 * f, 1.7, face=colors[f])
        ax.text(1.4 + 2.6 * f, 1.2, f"filter {f}", ha="center", fontsize=9.5)
    arrow(ax, (5.3, 2.4), (6.7, 1.7), GREEN)
    arrow(ax, (5.3, 3.0), (6.7, 4.1), ORANGE)
    right = filters.transpose(1, 0, 2).reshape(2, 4)
    wrong = filters.reshape(2, 4)
    grid(ax, right, 7.0, 0.6, face=colors.transpose(1, 0, 2).reshape(2, 4))
    grid(ax, wrong, 7.0, 3.3, face=colors.reshape(2, 4))
    ax.text(
        11.3, 1.6, "axis moved, then reshaped:\nboth filters are whole", va="center", fontsize=9, color=GREEN
    )
    ax.text(
        11.3,
        4.3,
        "only reshaped:\nthe second row of\nfilter 0 has moved up",
        va="center",
        fontsize=9,
        color=ORANGE,
    )
    return fig


def dropout_and_norm():
    """Left: dropout in training and in evaluation. Right: what batch norm does to one channel of a batch."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 2.9), gridspec_kw={"width_ratios": [1.25, 1]})
    fig.subplots_adjust(0.01, 0.16, 0.98, 0.86, wspace=0.12)
    left.set(xlim=(0, 10), ylim=(5.2, 0), aspect="equal")
    left.axis("off")
    rng = np.random.default_rng(3)
    values = rng.integers(1, 6, (1, 6)).astype(float)
    kept = np.array([[1, 0, 1, 1, 0, 0]], bool)
    grid(left, values, 3.6, 0.7)
    grid(
        left, np.where(kept, values / 0.5, 0), 3.6, 2.2, face=[["white" if k else "#DDDDDD" for k in kept[0]]]
    )
    grid(left, values, 3.6, 3.7)
    for y, text in (
        (1.2, "features"),
        (2.7, "net.train()\ndrop half, double the rest"),
        (4.2, "net.eval()\nleave as it is"),
    ):
        left.text(3.4, y, text, ha="right", va="center", fontsize=8.5)
    left.set_title("dropout, p = 0.5", fontsize=10)
    x = rng.normal(4, 2, 400)
    y = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    bins = np.linspace(-4, 11, 46)
    right.hist(x, bins, color=ORANGE, alpha=0.65, label=f"before: mean {x.mean():.1f}, spread {x.std():.1f}")
    right.hist(
        y, bins, color=BLUE, alpha=0.65, label=f"after: mean {abs(y.mean()):.1f}, spread {y.std():.1f}"
    )
    right.legend(fontsize=8, frameon=False)
    right.set_title("batch norm, one channel of a batch", fontsize=10)
    right.spines[["top", "right", "left"]].set_visible(False)
    right.set_yticks([])
    right.set_xlabel("value of a feature", fontsize=8.5)
    right.tick_params(labelsize=8)
    return fig


FIGURES = (
    sliding,
    by_hand,
    output_sizes,
    softmax_twice,
    conv_net,
    deep_net,
    reshape_or_move,
    dropout_and_norm,
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
    default = Path(__file__).resolve().parents[2] / "source" / "cnn_intro_mnist" / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
