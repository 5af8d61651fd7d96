"""Draw the figures of the mlp_basics notebook: python docs/figures/mlp_basics.py [folder].

Every number in a figure is computed here, never typed, so a figure cannot disagree with the mathematics.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from drawing import BLUE, GREEN, GREY, ORANGE, PALE, arrow, canvas, frame, grid
from matplotlib.patches import FancyBboxPatch

SAND = "#FBE6D9"


def _axes(count=1, width=7.8, height=2.8):
    """Return a figure with plots side by side, without the upper and right border."""
    fig, axes = plt.subplots(1, count, figsize=(width, height), layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
    return fig, axes[0] if count > 1 else axes[0, 0]


def _box(ax, x, y, width, height, text, color="white", fontsize=9):
    ax.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle="round,pad=0.02,rounding_size=0.12",
            facecolor=color,
            edgecolor=BLUE if color != "white" else GREY,
            lw=1.3,
        )
    )
    ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=fontsize)


def fc_forward():
    """Two samples times a matrix of weights plus the biases."""
    fig, ax = canvas(8.2, 3.0, 16.4, 6.0)
    x = np.array([[1.0, 0, 2], [0, 3, 1]])
    w = np.array([[1.0, 2], [0, 1], [3, -1]])
    b = np.array([[10.0, 20]])
    out = x @ w + b
    grid(ax, x, 0.6, 2.2, face=[[SAND] * 3, ["white"] * 3])
    ax.text(2.1, 1.75, "feat (N, D)", ha="center", fontsize=9.5)
    ax.text(4.05, 3.2, "@", ha="center", va="center", fontsize=13)
    grid(ax, w, 4.6, 1.7, face=[[PALE, "white"]] * 3)
    ax.text(5.6, 1.25, "w (D, K)", ha="center", fontsize=9.5, color=BLUE)
    ax.text(7.1, 3.2, "+", ha="center", va="center", fontsize=13)
    grid(ax, b, 7.6, 2.7, face=[[PALE, "white"]])
    ax.text(8.6, 2.25, "b (K,)", ha="center", fontsize=9.5, color=BLUE)
    arrow(ax, (9.9, 3.2), (11.1, 3.2))
    grid(ax, out, 11.4, 2.2, bold=True)
    frame(ax, 11.4, 2.2, 1, 1, ORANGE)
    ax.text(12.4, 1.75, "output (N, K)", ha="center", fontsize=9.5)
    terms = " + ".join(f"{a:g}·{c:g}" for a, c in zip(x[0], w[:, 0], strict=True))
    ax.text(8.2, 5.4, f"{terms} + {b[0, 0]:g} = {out[0, 0]:g}", ha="center", fontsize=10, color=ORANGE)
    return fig


def fc_backward():
    """The slopes of the outputs, and how they come back to weights, biases and input."""
    fig, ax = canvas(8.4, 3.45, 16.8, 6.9)
    x = np.array([[1.0, 0, 2], [0, 3, 1]])
    w = np.array([[1.0, 2], [0, 1], [3, -1]])
    d = np.array([[1.0, 0], [2, -1]])
    dw, db, dx = x.T @ d, d.sum(axis=0, keepdims=True), d @ w.T
    size = 0.82
    rows = (
        ("dw = featᵀ @ dprev", x.T, "@", d, dw, 0.9),
        ("dfeat = dprev @ wᵀ", d, "@", w.T, dx, 4.9),
    )
    for title, left, sign, right, result, y in rows:
        ax.text(0.3, y - 0.35, title, fontsize=9.5, color=BLUE, va="center")
        high = max(len(left), len(right), len(result)) * size
        places = [y + (high - len(part) * size) / 2 for part in (left, right, result)]
        grid(ax, left, 0.4, places[0], size=size, fontsize=9)
        after = 0.4 + left.shape[1] * size
        ax.text(after + 0.4, y + high / 2, sign, ha="center", va="center", fontsize=12)
        grid(ax, right, after + 0.8, places[1], size=size, fontsize=9)
        after += 0.8 + right.shape[1] * size
        arrow(ax, (after + 0.2, y + high / 2), (after + 1.1, y + high / 2))
        grid(ax, result, after + 1.3, places[2], size=size, fontsize=9, bold=True)
    ax.text(9.6, 0.55, "db = sum of dprev over the samples", fontsize=9.5, color=BLUE, va="center")
    grid(ax, d, 9.9, 1.1, size=size, fontsize=9)
    arrow(ax, (9.9 + size, 2.9), (9.9 + size, 3.5))
    grid(ax, db, 9.9, 3.7, size=size, fontsize=9, bold=True)
    ax.text(
        12.0,
        2.0,
        "every sample used the same w and b,\nso their slopes add up: a sum, no mean",
        fontsize=8.8,
        va="center",
        color=ORANGE,
    )
    return fig


def leaky_relu():
    """The leaky ReLU and its slope."""
    fig, (left, right) = _axes(2, 7.8, 2.5)
    x = np.linspace(-3, 3, 301)
    slope = 0.1
    left.plot(x, np.where(x > 0, x, slope * x), color=BLUE, lw=2)
    left.set(title="output", xlabel="feat")
    right.plot(x[x < 0], np.full((x < 0).sum(), slope), color=ORANGE, lw=2)
    right.plot(x[x > 0], np.ones((x > 0).sum()), color=ORANGE, lw=2)
    right.set(title="slope: what dprev is multiplied with", xlabel="feat", ylim=(-0.1, 1.15))
    right.annotate(f"negative_slope, here {slope:g}", (-2.9, slope + 0.06), fontsize=9, color=ORANGE)
    return fig


def _gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)))


def gelu():
    """GELU as the input times a smooth switch, and its slope."""
    fig, (left, middle, right) = _axes(3, 8.6, 2.6)
    x = np.linspace(-4, 4, 401)
    switch = 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)))
    left.plot(x, switch, color=GREEN, lw=2)
    left.set(title="the switch (1 + t)/2", xlabel="feat")
    middle.plot(x, np.maximum(x, 0), color=GREY, lw=1.2, ls="--", label="ReLU")
    middle.plot(x, _gelu(x), color=BLUE, lw=2, label="GELU")
    middle.set(title="feat times the switch", xlabel="feat")
    middle.legend(fontsize=8.5, frameon=False)
    step = 1e-5
    right.plot(x, (_gelu(x + step) - _gelu(x - step)) / (2 * step), color=ORANGE, lw=2)
    right.axhline(1, color=GREY, lw=0.8, ls="--")
    right.axhline(0, color=GREY, lw=0.8, ls="--")
    right.set(title="its slope", xlabel="feat")
    return fig


def dropout():
    """A batch, its mask, what is passed on, and the way back through the same mask."""
    fig, ax = canvas(8.4, 3.6, 16.8, 7.2)
    keep_prob = 0.5
    x = np.array([[2.0, 4, 6], [1, 3, 5]])
    kept = np.array([[1.0, 0, 1], [0, 1, 0]])
    d = np.array([[1.0, 2, 3], [4, 5, 6]])
    face = [["white" if k else "#DDDDDD" for k in row] for row in kept]
    for y, values, name, result, color in (
        (1.1, x, "feat", x * kept / keep_prob, BLUE),
        (4.6, d, "dprev", d * kept / keep_prob, ORANGE),
    ):
        grid(ax, values, 0.5, y)
        ax.text(2.0, y - 0.35, name, ha="center", fontsize=9.5, color=color)
        ax.text(4.0, y + 1, "×", ha="center", va="center", fontsize=14)
        grid(ax, kept, 4.5, y, face=face)
        ax.text(6.0, y - 0.35, "kept: the same mask", ha="center", fontsize=9.5)
        ax.text(9.05, y + 1, f"/ keep_prob = {keep_prob:g}", ha="center", va="center", fontsize=9)
        arrow(ax, (10.55, y + 1), (11.4, y + 1), color=color)
        grid(ax, result, 11.6, y, face=face, bold=True)
        ax.text(
            13.1, y - 0.35, "output" if name == "feat" else "dfeat", ha="center", fontsize=9.5, color=color
        )
    ax.text(15.9, 2.1, "forward", ha="center", va="center", fontsize=9.5, color=BLUE)
    ax.text(15.9, 5.6, "backward", ha="center", va="center", fontsize=9.5, color=ORANGE)
    return fig


def cascade():
    """The shapes that flow through the two cascades and the small network."""
    fig, ax = canvas(8.4, 3.15, 16.8, 6.3)
    rows = (
        (
            0.9,
            ["feat\n(4, 5, 3)", "flatten", "fc\n15 → 5", "leaky ReLU\nor GELU", "output\n(4, 5)"],
            ["", "(4, 15)", "(4, 5)", ""],
        ),
        (
            4.2,
            ["feat\n(4, 4)", "fc\n4 → 30", "GELU", "fc\n30 → 7", "scores\n(4, 7)"],
            ["", "(4, 30)", "(4, 30)", ""],
        ),
    )
    for y, boxes, between in rows:
        for i, text in enumerate(boxes):
            x = 0.4 + i * 3.4
            _box(ax, x, y, 2.3, 1.35, text, "white" if i in (0, 4) else PALE)
            if i < 4:
                arrow(ax, (x + 2.35, y + 0.67), (x + 3.37, y + 0.67))
                ax.text(x + 2.87, y + 1.75, between[i], ha="center", fontsize=8.3, color=ORANGE)
    ax.text(0.4, 0.5, "TestFCReLU and TestFCGeLU", fontsize=9.5, color=BLUE)
    ax.text(0.4, 3.8, "SmallFullyConnectedNetwork", fontsize=9.5, color=BLUE)
    return fig


def softmax_loss():
    """Scores, their powers, the probabilities, and the loss of the right class."""
    fig, axes = _axes(4, 8.8, 2.5)
    scores = np.array([2.0, 1.0, -1.0])
    powers = np.exp(scores - scores.max())
    chances = powers / powers.sum()
    label = 1
    colors = [GREY, ORANGE, GREY]
    for ax, values, title in zip(
        axes[:3],
        (scores, powers, chances),
        ("scores", "exp(score − largest)", "divided by their sum"),
        strict=True,
    ):
        bars = ax.bar(range(3), values, color=colors, width=0.6)
        ax.bar_label(bars, [f"{v:.2f}" for v in values], fontsize=8.5, padding=2)
        ax.set(title=title, xticks=range(3), xticklabels=[f"class {k}" for k in range(3)])
        ax.tick_params(axis="x", labelsize=8)
        ax.margins(y=0.2)
        ax.title.set_fontsize(9.5)
    p = np.linspace(0.02, 1, 200)
    axes[3].plot(p, -np.log(p), color=BLUE, lw=2)
    axes[3].plot(chances[label], -np.log(chances[label]), "o", color=ORANGE)
    axes[3].annotate(
        f"−log {chances[label]:.2f} = {-np.log(chances[label]):.2f}",
        (chances[label], -np.log(chances[label])),
        xytext=(8, 6),
        textcoords="offset points",
        fontsize=8.5,
        color=ORANGE,
    )
    axes[3].set(title="loss of the right class", xlabel="its probability")
    axes[3].title.set_fontsize(9.5)
    return fig


def training_loop():
    """The three blocks of the training loop."""
    fig, ax = canvas(8.6, 3.5, 17.2, 7.0)
    steps = [
        "batch",
        "model\nforward",
        "loss\nforward",
        "loss\nbackward",
        "model\nbackward",
        "optimizer\nstep",
    ]
    for i, text in enumerate(steps):
        x = 0.3 + 2.85 * i
        _box(ax, x, 1.0, 2.15, 1.3, text, "white" if i == 0 else PALE)
        if i < 5:
            arrow(ax, (x + 2.2, 1.65), (x + 2.82, 1.65))
    ax.plot([15.6, 15.6, 1.37, 1.37], [2.35, 2.95, 2.95, 2.5], color=GREY, lw=1.3)
    arrow(ax, (1.37, 2.7), (1.37, 2.33))
    ax.text(8.5, 3.25, "every iteration", ha="center", fontsize=9, color=GREY)
    ax.text(0.3, 0.6, "block 1: train-step", fontsize=9.5, color=BLUE)
    ax.text(0.3, 4.35, "after every epoch", fontsize=9, color=GREY)
    _box(ax, 0.3, 4.7, 5.2, 1.5, "block 2: train-accuracy\ntrain_acc and val_acc, dropout off", SAND, 8.8)
    _box(ax, 6.5, 4.7, 4.2, 1.5, "val_acc the best\nso far?", "white", 8.8)
    _box(ax, 11.9, 4.7, 5.0, 1.5, "block 3: train-best\ncopy every parameter", SAND, 8.8)
    arrow(ax, (5.55, 5.45), (6.45, 5.45))
    arrow(ax, (10.75, 5.45), (11.85, 5.45))
    ax.text(11.3, 5.1, "yes", ha="center", fontsize=8.5, color=GREY)
    return fig


def penalties():
    """The penalties L1 and L2, and how strongly each pulls a parameter towards 0."""
    fig, (left, right) = _axes(2, 7.8, 2.6)
    p = np.linspace(-2, 2, 401)
    left.plot(p, np.abs(p), color=BLUE, lw=2, label="L1: |p|")
    left.plot(p, p * p, color=ORANGE, lw=2, ls="--", label="L2: p²")
    left.set(title="penalty", xlabel="parameter p")
    right.plot(p[p < 0], np.sign(p[p < 0]), color=BLUE, lw=2, label="L1: sign of p")
    right.plot(p[p > 0], np.sign(p[p > 0]), color=BLUE, lw=2)
    right.plot(p, 2 * p, color=ORANGE, lw=2, ls="--", label="L2: 2 p")
    right.set(title="its slope: the pull towards 0", xlabel="parameter p")
    for ax in (left, right):
        ax.legend(fontsize=8.5, frameon=False)
    return fig


def _bowl(point):
    """A long valley: steep in one direction, flat in the other."""
    return np.array([0.05 * point[0], 1.0 * point[1]])


def _path(rule, steps, start=(-9.0, 2.0)):
    state, point, path = {}, np.array(start), [np.array(start)]
    for step in range(1, steps + 1):
        point = point + rule(_bowl(point), state, step)
        path.append(point.copy())
    return np.array(path)


def _momentum(lr, beta):
    def rule(grad, state, step):
        state["v"] = beta * state.get("v", 0) - lr * grad
        return state["v"]

    return rule


def _rmsprop(lr, decay=0.9):
    def rule(grad, state, step):
        state["c"] = decay * state.get("c", 0) + (1 - decay) * grad**2
        return -lr * grad / (np.sqrt(state["c"]) + 1e-8)

    return rule


def _adam(lr, beta1=0.9, beta2=0.99):
    def rule(grad, state, step):
        state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * grad
        state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * grad**2
        return -lr * state["m"] / (1 - beta1**step) / (np.sqrt(state["v"] / (1 - beta2**step)) + 1e-8)

    return rule


def _valley(ax, path, color, title):
    x, y = np.meshgrid(np.linspace(-10, 3, 200), np.linspace(-3, 3, 120))
    ax.contour(
        x, y, 0.025 * x * x + 0.5 * y * y, levels=np.geomspace(0.02, 6, 9), colors="#cccccc", linewidths=0.8
    )
    ax.plot(*path.T, "o-", color=color, ms=2.8, lw=1.2)
    ax.plot(0, 0, "*", color=GREEN, ms=11)
    ax.grid(visible=False)
    ax.set_title(title, fontsize=9.5)
    ax.set(xlim=(-10, 3), ylim=(-3, 3), xticks=[], yticks=[])


def momentum():
    """Twenty-five steps in a long valley, without and with momentum."""
    fig, (left, right) = _axes(2, 8.2, 2.5)
    steps, lr = 25, 0.6
    _valley(left, _path(_momentum(lr, 0.0), steps), BLUE, f"SGD, lr {lr:g}: {steps} steps")
    _valley(right, _path(_momentum(lr, 0.8), steps), ORANGE, f"momentum 0.8, lr {lr:g}: {steps} steps")
    return fig


def rmsprop():
    """Fifteen steps in the valley: plain, and divided by the recent size of the gradient."""
    fig, (left, right) = _axes(2, 8.2, 2.5)
    steps = 15
    _valley(left, _path(_momentum(0.6, 0.0), steps), BLUE, f"SGD, lr 0.6: {steps} steps")
    _valley(right, _path(_rmsprop(0.5), steps), ORANGE, f"RMSProp, lr 0.5: {steps} steps")
    return fig


def adam():
    """What the correction does to the averages of a gradient that is 1 all the time, and Adam's path."""
    fig, (left, right) = _axes(2, 8.4, 2.6)
    steps = np.arange(1, 41)
    m = 1 - 0.9**steps
    left.plot(steps, m, color=BLUE, lw=1.8, label="m, started at 0")
    left.plot(steps, m / (1 - 0.9**steps), color=ORANGE, lw=1.8, ls="--", label="m / (1 − beta1ᵗ)")
    left.set(title="average of a gradient that is always 1", xlabel="step t", ylim=(0, 1.15))
    left.title.set_fontsize(9.5)
    left.legend(fontsize=8.5, frameon=False, loc="lower right")
    _valley(right, _path(_adam(0.6), 25), ORANGE, "Adam, lr 0.6: 25 steps in the valley")
    return fig


def main(folder: Path) -> None:
    """Write every figure as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_all = (
        fc_forward,
        fc_backward,
        leaky_relu,
        gelu,
        dropout,
        cascade,
        softmax_loss,
        training_loop,
        penalties,
        momentum,
        rmsprop,
        adam,
    )
    for draw in draw_all:
        fig = draw()
        # no software name or date in the file: the same figure gives the same bytes
        fig.savefig(folder / f"{draw.__name__}.png", metadata={"Software": None})
        plt.close(fig)


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "source" / "mlp_basics" / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
