"""Training the reference networks on real images: epochs a minute, and accuracy over time.

``GRADLAB_REAL_DATA=/path python -m benchmarks.bench_training`` trains the reference of ``cnn_cifar100`` and the one
of ``convnets_cifar10``, with the settings of their notebooks, on what lies in ``cifar100/`` and
``cifar-10-batches-py/`` of that folder. The official parts may be cut: 12000 and 9000 images are trained on.
"""

import json
import os
import sys
import time
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from benchmarks.plots import plot_training  # noqa: E402
from benchmarks.timing import machine, use_threads  # noqa: E402
from lib.cnn.build import build_network  # noqa: E402
from lib.cnn.cnn_models import SmallConvolutionalNetwork  # noqa: E402
from lib.convnet.classifiers.cnn import FourLayerConvNet  # noqa: E402
from lib.datasets import CIFAR10_data, CIFAR100_data  # noqa: E402
from lib.mlp.layer_utils import cross_entropy  # noqa: E402
from lib.mlp.train import train_net  # noqa: E402
from lib.optim import Adam  # noqa: E402
from lib.solver import Solver  # noqa: E402

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results"


def answer(name, cell_id, known):
    """Run the reference's answer to a cell of a notebook; return the names that it knows afterwards."""
    cells = json.loads((PROJECT / "source" / name / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    exec("".join(next(cell["source"] for cell in cells if cell["id"] == cell_id)), known)
    return known


class Watch:
    """Note the accuracy and the time after each epoch."""

    def __init__(self):
        self.begin = time.perf_counter(), time.process_time()
        self.points = []

    def note(self, val_acc):
        """Write down where the training stands."""
        wall, cpu = time.perf_counter() - self.begin[0], time.process_time() - self.begin[1]
        self.points.append(
            {
                "seconds": round(wall, 2),
                "processor seconds": round(cpu, 2),
                "validation accuracy": round(val_acc, 4),
            }
        )
        print(f"  epoch {len(self.points)}: {self.points[-1]}", flush=True)


def train_cifar100(folder):
    """Train the reference of cnn_cifar100 on 12000 images; validate on 3000 others."""
    data = CIFAR100_data(folder / "cifar100", num_training=12000, num_validation=3000)
    known = {
        "np": np,
        "build_network": build_network,
        "SmallConvolutionalNetwork": SmallConvolutionalNetwork,
        "cross_entropy": cross_entropy,
        "Adam": Adam,
        "num_classes": 20,
    }
    known = answer("cnn_cifar100", "training-settings", known)
    pairs = {f"data_{part}": (data[f"data_{part}"], data[f"labels_{part}"]) for part in ("train", "val")}
    watch = Watch()
    for _ in range(known["epochs"]):
        _, _, _, accuracies = train_net(
            pairs, known["model"], known["loss_f"], known["optimizer"], known["batch_size"], 1,
            regularization=known["regularization"], reg_lambda=known["reg_lambda"],
        )  # fmt: skip
        known["optimizer"].lr *= known["lr_decay"]
        watch.note(accuracies[-1])
    return 12000, watch.points


class WatchedSolver(Solver):
    """A Solver that notes the time after each epoch."""

    def _end_epoch(self):
        super()._end_epoch()
        self.watch.note(self.val_acc_history[-1])


def train_cifar10(folder):
    """Train the reference of convnets_cifar10 on 9000 images; validate on 1000 others."""
    data = CIFAR10_data(9000, 1000, data_dir=folder)
    known = answer(
        "convnets_cifar10",
        "training-settings",
        {"np": np, "FourLayerConvNet": FourLayerConvNet, "data": data},
    )
    solver = WatchedSolver(known["model"], data, verbose=False, **known["settings"])
    solver.watch = Watch()
    solver.train()
    return 9000, solver.watch.points


def main():
    """Train both, print and write down."""
    folder = os.environ.get("GRADLAB_REAL_DATA")
    if not folder:
        sys.exit("Set GRADLAB_REAL_DATA to a folder with cifar100/ and cifar-10-batches-py/.")
    os.environ.pop("GRADLAB_DATASET", None)
    use_threads(1)
    result = {"machine": machine(), "threads": 1, "trainings": {}}
    for name, train in (("cnn_cifar100", train_cifar100), ("convnets_cifar10", train_cifar10)):
        print(name)
        images, points = train(Path(folder))
        last = points[-1]
        result["trainings"][name] = {
            "training images": images,
            "epochs a minute": round(60 * len(points) / last["seconds"], 2),
            "epochs a minute of processor time": round(60 * len(points) / last["processor seconds"], 2),
            "points": points,
        }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "training.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    plot_training(result["trainings"], RESULTS / "training.png")


if __name__ == "__main__":
    main()
