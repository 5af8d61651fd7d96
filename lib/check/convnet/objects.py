"""Checks of what lives in the notebook: filters written by hand, and the trained network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.check.run import say
from lib.check.trained import check_histories, fail, say_points
from lib.errors import CourseError

#: How exact a filter must be.
EXACT = 1e-6
NUM_SCORED = 500


def vertical_edges_problems(w):
    """List what is wrong with a filter for vertical edges: any that changes sign from left to right."""
    problems = _array_problems("vertical_edges", w)
    if problems:
        return problems
    w = np.asarray(w, dtype=float)
    largest = np.abs(w).max()
    if np.abs(w.sum()) > EXACT * largest * 9:
        return [
            f"vertical_edges: the weights add up to {w.sum():.3g}, so it answers on a flat area. Wanted is 0."
        ]
    columns, rows = w.sum(axis=0), w.sum(axis=1)
    if np.abs(rows).max() > EXACT * largest * 9:
        if np.abs(columns).max() < EXACT * largest * 9:
            return [
                "vertical_edges: this one finds horizontal edges. Transpose it: the sign changes from left to right."
            ]
        return ["vertical_edges: a row does not add up to 0, so it answers at horizontal edges, too."]
    if np.abs(columns).max() <= EXACT * largest * 9:
        return ["vertical_edges: each column adds up to 0, so a vertical edge gives 0. Weigh its rows alike."]
    if np.abs(columns[0] - columns[2]) <= EXACT * largest * 9:
        return [
            "vertical_edges: left and right have the same weight, so it finds lines. "
            "An edge is a change from left to right: opposite weights there."
        ]
    return []


def smoothing_problems(w):
    """List what is wrong with a Gaussian smoothing filter."""
    problems = _array_problems("smoothing", w)
    if problems:
        return problems
    w = np.asarray(w, dtype=float)
    if w.min() < 0:
        return [f"smoothing: the weight {w.min():.3g} is negative. A mean has positive weights."]
    if abs(w.sum() - 1) > 5e-3:
        return [f"smoothing: the weights add up to {w.sum():.4g}, so brightness changes. Divide by the sum."]
    for turned, said in (
        (w[::-1], "top and bottom"),
        (w[:, ::-1], "left and right"),
        (w.T, "rows and columns"),
    ):
        if np.abs(turned - w).max() > 5e-3:
            return [f"smoothing: {said} differ. A Gaussian falls off alike in all directions."]
    if not w[1, 1] > w[0, 1] > w[0, 0] > 0:
        return [
            f"smoothing: middle {w[1, 1]:.3g}, side {w[0, 1]:.3g}, corner {w[0, 0]:.3g}; "
            "wanted is the largest in the middle and the smallest, above 0, in the corners."
        ]
    return []


def _array_problems(name, w):
    missing = f"not written yet: {name} holds no weights. Fill in the cell above."
    if w is None:
        return [missing]
    try:
        w = np.asarray(w, dtype=float)
    except (TypeError, ValueError):
        return [f"{name} is no array of numbers: rows of different lengths, or text."]
    if not w.any():
        return [missing]
    if w.shape != (3, 3):
        return [f"{name} has shape {w.shape}, wanted (3, 3)."]
    return [] if np.isfinite(w).all() else [f"{name} holds numbers that are not finite."]


def image_filters(vertical_edges=None, smoothing=None):
    """Check the two filters written by hand, each by what it does: any right one will do.

    Parameters
    ----------
    vertical_edges, smoothing : ndarray, shape (3, 3)
    """
    problems = [*vertical_edges_problems(vertical_edges), *smoothing_problems(smoothing)]
    if problems:
        fail("image_filters", *problems)
    say(
        "image_filters: one finds vertical edges and is silent on flat areas, one smooths and keeps brightness"
    )


def training(results=None, model=None, data=None, path="model.npz"):
    """Check what came out of training: histories, accuracy, and the file that is handed in.

    Parameters
    ----------
    results : Solver
        As ``solve_or_load`` returned it.
    model : the trained network
    data : dict
        ``X_val`` and ``y_val``.
    path : path
        The model file.
    """
    from lib.model_file import read_model

    name = "training"
    if results is None or model is None:
        fail(name, "not trained yet: results or model is None. Run the training cell first.")
    losses, accuracies = getattr(results, "loss_history", ()), getattr(results, "val_acc_history", ())
    losses, accuracies = np.asarray(losses, dtype=float), np.asarray(accuracies, dtype=float)
    check_histories(name, losses, accuracies)
    if not Path(path).is_file():
        fail(name, f"{path} is missing: run the training cell, it saves what is handed in.")
    try:
        saved = read_model(path)
    except CourseError as error:
        fail(name, str(error))
    same = set(saved.params) == set(model.params) and all(
        np.shape(saved.params[key]) == np.shape(value) and np.allclose(saved.params[key], value)
        for key, value in model.params.items()
    )
    if not same:
        said = "Run the training cell again: it loads the file if the settings fit, and trains otherwise."
        fail(name, f"{path} holds other weights than model. {said}")
    best = float(accuracies.max())
    if data is not None:
        images, labels = data["X_val"][:NUM_SCORED], np.asarray(data["y_val"][:NUM_SCORED])
        scores = np.concatenate([model.loss(images[i : i + 100]) for i in range(0, len(images), 100)])
        accuracy = float((scores.argmax(axis=1) == labels).mean())
        if accuracy < best - 0.1:
            said = f"model reaches {accuracy:.1%} on {len(labels)} validation images, its history {best:.1%}."
            fail(name, f"{said} Does it hold the best parameters?")
    say_points(name, best, str(saved.meta.get("provenance", "")))
