"""Check a training of the layer networks: histories, the file that is handed in, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lib.check.errors import CheckFailed
from lib.check.run import say
from lib.check.where import settings
from lib.errors import CourseError

#: Validation images that are scored to see whether the model is the one that was trained.
NUM_SCORED = 500


def fail(name, *problems):
    """Raise CheckFailed with one line for each problem."""
    msg = f"{name}:" + "".join(f"\n  {problem}" for problem in problems)
    raise CheckFailed(msg)


def check_training(
    name,
    results=None,
    model=None,
    data=None,
    path="model.npz",
    *,
    refuse: Callable[[], str] = str,
    limits: str = "",
):
    """Check what came out of training: histories, network, accuracy, and the file that is handed in.

    Parameters
    ----------
    name : str
        The exercise.
    results : tuple (opt_params, loss_hist, train_acc_hist, val_acc_hist)
    model : the trained network
    data : dict
        ``data["data_val"]`` holds (images, labels).
    path : path
        The model file.
    refuse : function() -> str
        Says what is wrong with the network itself; empty when nothing is.
    limits : str
        What ``refuse`` asked for, said when it was met.

    Raises
    ------
    CheckFailed
        With the first thing that is not right.
    """
    if results is None or model is None:
        fail(name, "not trained yet: results or model is None. Run the training cell first.")
    if not isinstance(results, (tuple, list)) or len(results) != 4:
        fail(
            name,
            "results is not (opt_params, loss_hist, train_acc_hist, val_acc_hist), as train_or_load gives.",
        )
    losses, accuracies = np.asarray(results[1], dtype=float), np.asarray(results[3], dtype=float)
    check_histories(name, losses, accuracies)
    if problem := refuse():
        fail(name, problem)
    saved = _check_file(name, model, path)
    best = float(accuracies.max())
    _check_accuracy(name, model, data, best)
    say_points(name, best, str(saved.meta.get("provenance", "")), limits)


def check_histories(name, losses, accuracies):
    """Ask for histories that are there, finite, and of a loss that went down."""
    if losses.ndim != 1 or not losses.size or accuracies.ndim != 1 or not accuracies.size:
        fail(name, "the histories of loss and validation accuracy are empty: was the network trained?")
    if not np.isfinite(losses).all():
        first = int(np.argmax(~np.isfinite(losses)))
        fail(name, f"the loss is not finite from iteration {first} on. Try a smaller learning rate.")
    part = max(1, len(losses) // 10)
    before, after = losses[:part].mean(), losses[-part:].mean()
    if len(losses) > 20 and after >= before:
        fail(
            name,
            f"the loss did not go down: {before:.3f} first, {after:.3f} last. Try another learning rate.",
        )


def _check_file(name, model, path):
    """Ask for a model file that holds this network; return what it holds."""
    from lib.model_file import read_model

    if not Path(path).is_file():
        fail(name, f"{path} is missing: run the training cell, it saves what is handed in.")
    try:
        saved = read_model(path)
    except CourseError as error:
        fail(name, str(error))
    ours = [value for layer in model.net.layers for value in layer.params.values()]
    same = len(ours) == len(saved.params) and all(
        np.shape(a) == np.shape(b) and np.allclose(a, b)
        for a, b in zip(ours, saved.params.values(), strict=True)
    )
    if not same:
        fail(
            name,
            f"{path} holds other weights than model. Run the training cell again: it loads the file if the settings fit, and trains otherwise.",
        )
    return saved


def _check_accuracy(name, model, data, best):
    """Score some validation images, to see that the model is as good as its history says."""
    try:
        images, labels = data["data_val"]
    except (TypeError, KeyError, ValueError):
        return  # the model was checked without data
    images, labels = images[:NUM_SCORED], np.asarray(labels[:NUM_SCORED])
    scores = np.concatenate([model.forward(images[i : i + 100], False) for i in range(0, len(images), 100)])
    accuracy = float((scores.argmax(axis=1) == labels).mean())
    if accuracy < best - 0.1:
        said = f"model reaches {accuracy:.1%} on {len(labels)} validation images, its history {best:.1%}."
        fail(name, f"{said} Does it hold the best parameters (opt_params)?")


def say_points(name, best, provenance, limits=""):
    """Say what the validation accuracy would earn; ``limits`` is what else was met."""
    sample = "sample" in provenance.lower()
    stated = settings().get("training", {})
    prefix = "sample_" if sample else ""
    floor, target = stated.get(f"{prefix}floor"), stated.get(f"{prefix}target")
    on = " on the SAMPLE data" if sample else ""
    if floor is None or target is None:
        say(f"{name}: validation accuracy {best:.1%}{on}")
        return
    if best <= floor:
        fail(
            name,
            f"validation accuracy {best:.1%}{on}: points begin above {floor:.0%}, {target:.0%} earns all.",
        )
    share = min(1.0, (best - floor) / (target - floor))
    say(f"  ok  trained, saved{limits and ', '}{limits}")
    say(
        f"{name}: validation accuracy {best:.1%}{on}, about {share:.0%} of the points; {target:.0%} is all. "
        "Graded is the accuracy on other images."
    )
