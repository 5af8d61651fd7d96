"""Draw the figures of the convnets_cifar10 notebook: python docs/figures/convnets_cifar10.py [folder].

Every number in a figure is computed here, never typed, so a figure cannot disagree with the mathematics.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cnn_svhn
import matplotlib.pyplot as plt
import numpy as np
import pictures
from drawing import BLUE, GREEN, GREY, ORANGE, PALE, arrow, canvas, frame, grid
from matplotlib.patches import FancyBboxPatch, Rectangle

PLANES = [("red", "#F6DADA"), ("green", "#DDEFDD"), ("blue", "#DCE4F5")]


def conv_planes():
    """Three planes of an image, three of a filter: one sum for all, one output pixel."""
    fig, ax = canvas(8.2, 4.6, 16.4, 9.2)
    rng = np.random.default_rng(3)
    image, w = rng.integers(0, 4, (3, 4, 4)).astype(float), rng.integers(-1, 3, (3, 2, 2)).astype(float)
    out = np.array(
        [[(image[:, i : i + 2, j : j + 2] * w).sum() for j in range(3)] for i in range(3)], dtype=float
    )
    size = 0.62
    for c, (name, color) in enumerate(PLANES):
        y = 0.5 + 2.85 * c
        grid(ax, image[c], 2.1, y, size=size, face=[[color] * 4] * 4, fontsize=8.5)
        frame(ax, 2.1 + size, y + size, 2 * size, 2 * size, ORANGE)
        grid(ax, w[c], 6.6, y + size, size=size, face=[[color] * 2] * 2, fontsize=8.5)
        frame(ax, 6.6, y + size, 2 * size, 2 * size, BLUE)
        ax.text(5.6, y + 2 * size, "·", ha="center", va="center", fontsize=18)
        ax.text(1.9, y + 2 * size, f"x[n, {c}]\n{name}", ha="right", va="center", fontsize=8.5)
        part = (image[c, 1:3, 1:3] * w[c]).sum()
        ax.text(9.0, y + 2 * size, f"{part:g}", ha="center", va="center", fontsize=11, color=ORANGE)
        arrow(ax, (9.4, y + 2 * size), (10.6, 4.55 + 0.25 * (c - 1)))
    ax.text(7.2, 8.85, "filter w[f], 3 planes", ha="center", va="center", fontsize=9, color=BLUE)
    ax.text(11.1, 4.55, "+", ha="center", va="center", fontsize=15)
    arrow(ax, (11.5, 4.55), (12.5, 4.55))
    grid(ax, out, 12.8, 3.6, size=size, fontsize=8.5)
    frame(ax, 12.8 + size, 3.6 + size, size, size, ORANGE)
    ax.text(13.73, 3.1, "out[n, f], bias 0", ha="center", va="center", fontsize=9)
    return fig


def image_filters():
    """A small picture with a horizontal and a vertical edge, and what two filters make of it."""
    image = np.zeros((12, 12))
    image[6:, :] += 0.5
    image[:, 8:] += 0.5
    edges = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], float)
    smoothing = np.outer([1, 2, 1], [1, 2, 1]) / 16

    def slide(w):
        return np.array(
            [[(image[i : i + 3, j : j + 3] * w).sum() for j in range(10)] for i in range(10)], dtype=float
        )

    fig, axes = plt.subplots(1, 5, figsize=(8.6, 2.1), width_ratios=[1.2, 0.8, 1.2, 0.8, 1.2])
    for axis, picture, title in (
        (axes[0], image, "a picture"),
        (axes[2], slide(edges) / 8 + 0.5, "horizontal edges, 0 is gray"),
        (axes[4], slide(smoothing), "smoothed"),
    ):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set_title(title, fontsize=9)
        axis.set(xticks=[], yticks=[])
    for axis, w, fmt in ((axes[1], edges, "{:g}"), (axes[3], smoothing * 16, "{:g}/16")):
        axis.set(xlim=(-0.1, 3.1), ylim=(3.1, -0.1), aspect="equal")
        axis.axis("off")
        grid(axis, w, 0, 0, fmt=fmt, face=[[PALE] * 3] * 3, fontsize=7.5)
        axis.set_title(f"weights, sum {w.sum() / (16 if fmt != '{:g}' else 1):g}", fontsize=9, color=BLUE)
    fig.tight_layout()
    return fig


def average_pool():
    """Average pooling forward and backward on 4x4 pixels, windows side by side."""
    fig, ax = canvas(8.2, 2.9, 16.4, 5.8)
    x = np.array([[4, 8, 1, 1], [0, 4, 3, 7], [2, 2, 8, 0], [2, 2, 4, 4]], float)
    out = x.reshape(2, 2, 2, 2).mean(axis=(1, 3))
    dout = np.array([[8.0, 4], [12, 0]])
    dx = np.kron(dout / 4, np.ones((2, 2)))
    colors = np.array([["#F8E3D4", PALE], ["#DDEFDD", "#EEEEEE"]])
    wide = np.kron(np.arange(4).reshape(2, 2), np.ones((2, 2), int))
    face = colors.ravel()[wide]
    size = 0.85
    for values, x0, y0, look, title in (
        (x, 0.4, 1.4, face, "x"),
        (out, 5.0, 2.25, colors, "out: means"),
        (dout, 9.0, 2.25, colors, "dout: slopes"),
        (dx, 12.4, 1.4, face, "dx: a quarter each"),
    ):
        grid(ax, values, x0, y0, size=size, face=look, fontsize=9)
        middle = x0 + size * values.shape[1] / 2
        ax.text(middle, y0 - 0.4, title, ha="center", va="center", fontsize=9.5)
    arrow(ax, (4.0, 3.1), (4.85, 3.1))
    arrow(ax, (10.9, 3.1), (12.2, 3.1), color=ORANGE)
    ax.text(2.9, 5.35, "forward", ha="center", fontsize=9.5, color=GREY)
    ax.text(12.0, 5.35, "backward", ha="center", fontsize=9.5, color=ORANGE)
    return fig


def four_layer_net():
    """The layers of FourLayerConvNet and the shapes between them."""
    return network(hidden=100, affine=3)


def network(hidden, affine):
    """Draw a convolution with pooling and ``affine`` affine layers, and the shapes between them."""
    fig, ax = canvas(8.6, 2.4, 17.2, 4.8)
    filters, classes, side = 32, 10, 32
    flat = filters * (side // 2) ** 2
    before = [
        ("conv", "W1, b1", PALE),
        ("ReLU", "", "white"),
        ("max pool", "2×2", "white"),
    ]
    hidden_boxes = [
        box for k in range(2, affine + 1) for box in (("affine", f"W{k}, b{k}", PALE), ("ReLU", "", "white"))
    ]
    last = [("affine", f"W{affine + 1}, b{affine + 1}", PALE), ("softmax\nloss", "", "#F8E3D4")]
    boxes = [*before, *hidden_boxes, *last]
    shapes = [
        f"(N,3,{side},{side})",
        f"(N,{filters},{side},{side})",
        "",
        f"(N,{filters},{side // 2},{side // 2})",
    ]
    shapes += [f"(N,{hidden})", ""] * (affine - 1) + [f"(N,{classes})"]
    width, step = 1.35, 1.85
    for k, (name, params, color) in enumerate(boxes):
        left = 0.75 + step * k
        ax.add_patch(
            FancyBboxPatch(
                (left, 1.7),
                width,
                1.4,
                boxstyle="round,pad=0.02,rounding_size=0.12",
                facecolor=color,
                edgecolor=GREY,
            )
        )
        ax.text(left + width / 2, 2.25 if params else 2.4, name, ha="center", va="center", fontsize=8.5)
        if params:
            ax.text(left + width / 2, 2.75, params, ha="center", va="center", fontsize=7.5, color=BLUE)
        arrow(ax, (left - step + width if k else 0.1, 2.4), (left - 0.03, 2.4))
        if shapes[k]:
            high = 1.25 if k % 2 == 0 else 3.55
            ax.text(left - 0.25, high, shapes[k], ha="center", va="center", fontsize=7.2, color=GREY)
    ax.text(
        8.6,
        4.4,
        f"W2 has {filters}·{side // 2}·{side // 2} = {flat} rows",
        ha="center",
        fontsize=8.5,
        color=BLUE,
    )
    return fig


def norm_axes():
    """Tables of images by channels: the cells that share a mean, for batch, layer, instance and group norm."""
    fig, ax = canvas(8.4, 2.75, 16.8, 5.5)
    images, channels, groups = 4, 6, 2
    shown = (1, 2)
    size = 0.52
    for k, (title, share) in enumerate(
        (
            ("batch norm", lambda n, c: c == shown[1]),
            ("layer norm", lambda n, c: n == shown[0]),
            ("instance norm", lambda n, c: (n, c) == shown),
            (
                "group norm, G = 2",
                lambda n, c: n == shown[0] and c * groups // channels == shown[1] * groups // channels,
            ),
        )
    ):
        x0, y0 = 1.1 + 4.0 * k, 1.3
        for n in range(images):
            for c in range(channels):
                color = ORANGE if share(n, c) else "white"
                ax.add_patch(
                    Rectangle(
                        (x0 + c * size, y0 + n * size), size, size, facecolor=color, edgecolor=GREY, lw=0.8
                    )
                )
        ax.text(x0 + channels * size / 2, 0.8, title, ha="center", va="center", fontsize=9.5)
        ax.text(
            x0 + channels * size / 2,
            y0 + images * size + 0.35,
            "channels C",
            ha="center",
            fontsize=8,
            color=GREY,
        )
    ax.text(
        0.75,
        1.3 + images * size / 2,
        "images N",
        ha="center",
        va="center",
        rotation=90,
        fontsize=8,
        color=GREY,
    )
    ax.text(
        8.4,
        4.75,
        "one cell = all H × W pixels of one plane; colored cells share one mean and one variance",
        ha="center",
        va="center",
        fontsize=8.8,
        color=GREEN,
    )
    return fig


def conv_backward():
    """How slopes come back through a convolution, in the letters of the functional layers."""
    return cnn_svhn.conv_backward("dout")


def main(folder: Path) -> None:
    """Write every figure as PNG."""
    pictures.write(folder)
    draw_all = (conv_planes, image_filters, average_pool, four_layer_net, norm_axes, conv_backward)
    for draw in draw_all:
        fig = draw()
        # no software name or date in the file: the same figure gives the same bytes
        fig.savefig(folder / f"{draw.__name__}.png", metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "source" / "convnets_cifar10" / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
