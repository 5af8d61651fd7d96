"""Which classes a network takes for which: the confusion matrix, counted and drawn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lib.errors import ConfigError, ShapeError

GRAY = "#666666"
_DPI = 110
#: A share from which on the number in a cell is white: the cell is dark.
_DARK = 0.55


def confusion_matrix(labels, predictions, num_classes):
    """Count how often each class was taken for each.

    Parameters
    ----------
    labels, predictions : ndarray, shape (N,), int
        The right class and the predicted one of each image, 0 to num_classes - 1.
    num_classes : int >= 1

    Returns
    -------
    matrix : ndarray, shape (num_classes, num_classes), int
        ``matrix[i, j]`` images of class i were taken for class j. What was right stands on the diagonal.

    Raises
    ------
    ShapeError
        If labels and predictions are not two rows of whole numbers of the same length.
    ConfigError
        If num_classes is no count, or a class is not below it.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], 3).tolist()
    [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    """
    where = "confusion_matrix"
    if isinstance(num_classes, bool) or not isinstance(num_classes, (int, np.integer)) or num_classes < 1:
        msg = f"{where}: num_classes={num_classes!r} is not a whole number of at least 1."
        raise ConfigError(msg)
    found = {"labels": np.asarray(labels), "predictions": np.asarray(predictions)}
    for name, array in found.items():
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            msg = (
                f"{where}: {name} has shape {array.shape}, dtype {array.dtype}, wanted one whole number for each "
                "image. Scores (N, K) become classes with scores.argmax(axis=1)."
            )
            raise ShapeError(msg)
        if array.size and not 0 <= array.min() <= array.max() < num_classes:
            outside = array[(array < 0) | (array >= num_classes)][0]
            msg = (
                f"{where}: {name} holds the class {outside}, wanted 0 to {num_classes - 1} "
                f"(num_classes={num_classes})."
            )
            raise ConfigError(msg)
    right, taken = (array.astype(np.int64) for array in found.values())
    if len(right) != len(taken):
        msg = f"{where}: got {len(right)} labels and {len(taken)} predictions, wanted as many."
        raise ShapeError(msg)
    return np.bincount(right * num_classes + taken, minlength=num_classes**2).reshape(num_classes, -1)


def show_confusion(matrix, label_names=None, title=None, note=None):
    """Draw a confusion matrix: a row for each right class, a column for each predicted one.

    Parameters
    ----------
    matrix : ndarray, shape (K, K), numbers >= 0
        As `confusion_matrix` counts. Drawn and written in percent of each row, so that classes of different
        size compare; a row without images stays empty.
    label_names : sequence of K str, optional
        Numbers where it is not given. Underscores become spaces.
    title, note : str or None

    Returns
    -------
    figure : matplotlib Figure

    Raises
    ------
    ShapeError
        If the matrix is not square, or there are not as many names as classes.
    """
    matrix = np.asarray(matrix)
    if (
        matrix.ndim != 2
        or matrix.shape[0] != matrix.shape[1]
        or matrix.dtype.kind not in "fiu"
        or not matrix.size
    ):
        msg = (
            f"show_confusion: matrix has shape {matrix.shape}, dtype {matrix.dtype}, wanted counts (K, K): "
            "confusion_matrix(labels, predictions, num_classes)."
        )
        raise ShapeError(msg)
    count = len(matrix)
    names = range(count) if label_names is None else label_names
    names = [str(name).replace("_", " ") for name in names]
    if len(names) != count:
        msg = f"show_confusion: got {count} classes and {len(names)} names, wanted as many."
        raise ShapeError(msg)
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)

    size = max(3.6, 0.36 * count + 1.6)
    figure, axes = plt.subplots(figsize=(size + 0.8, size), dpi=_DPI, layout="constrained")
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    for i, j in zip(*np.nonzero(shares >= 0.005), strict=True):
        color = "white" if shares[i, j] > _DARK else "black"
        axes.text(j, i, f"{100 * shares[i, j]:.0f}", ha="center", va="center", fontsize=7, color=color)
    upright = label_names is None or max(map(len, names)) <= 2
    axes.set_xticks(range(count), names, fontsize=8, rotation=0 if upright else 90)
    axes.set_yticks(range(count), names, fontsize=8)
    axes.set(xlabel="predicted class", ylabel="right class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    bar = figure.colorbar(
        drawn, ax=axes, fraction=0.035, pad=0.02, format=lambda share, _: f"{100 * share:.0f} %"
    )
    bar.set_label("of the images of the right class", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    if title:
        axes.set_title(title, fontsize=11)
    if note:
        figure.supxlabel(note, x=0.995, ha="right", fontsize=7.5, color=GRAY)
    return figure
