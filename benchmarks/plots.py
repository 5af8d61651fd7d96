"""Pictures of what was measured."""

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt


def plot_costs(curves, path):
    """Draw the cost of a training step for each image, against the size of the batch and of the images."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    labels = {"batch": "images in a batch (32x32)", "side": "pixels along a side (32 images)"}
    for axis, (kind, points) in zip(axes, curves.items(), strict=True):
        for name, style in (("loops", "s:"), ("PyTorch", "o--"), ("lib", "o-")):
            known = [(p[kind], p["ms per image"][name]) for p in points if name in p["ms per image"]]
            if known:
                axis.loglog(*zip(*known, strict=True), style, label=name, markersize=4)
        axis.set_xlabel(labels[kind])
        axis.set_xticks([p[kind] for p in points], [str(p[kind]) for p in points])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms for an image, one thread")
    axes[0].legend()
    figure.suptitle(
        "A training step: conv 3x3 (3 to 16), gelu, pool, fully connected, Adam, float32", size=10
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_training(trainings, path):
    """Draw the validation accuracy of each training over the processor time that it took."""
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, found in trainings.items():
        points = found["points"]
        axis.plot(
            [p["processor seconds"] for p in points],
            [p["validation accuracy"] for p in points],
            "o-",
            markersize=4,
            label=f"{name}, {found['training images']} real images",
        )
    axis.set_xlabel("seconds of processor time, one thread; a dot is an epoch")
    axis.set_ylabel("validation accuracy")
    axis.set_ylim(0, None)
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)
