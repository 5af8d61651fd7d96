"""Checks of what lives in the notebook: answers by hand, output sizes, the trained network."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from lib.check.intro.alternatives import conv
from lib.check.run import say
from lib.check.trained import NUM_SCORED, check_histories, fail, say_points
from lib.errors import CourseError

#: The image and the kernel of the exercise by hand.
IMAGE = np.array([[0, 0, 0, 1], [0, 0, 1, 2], [0, 0, 2, 3], [0, 1, 2, 3]])
KERNEL = np.array([[0, 0, 2], [0, 1, 2], [0, 2, 3]])
#: input (C, H, W), filters, their (C, KH, KW), stride, padding.
SIZES = {
    "size_1": ((1, 28, 28), 16, (1, 5, 5), 1, 0),
    "size_2": ((2, 32, 32), 24, (2, 3, 3), 1, 0),
    "size_3": ((10, 32, 32), 3, (10, 2, 2), 2, 0),
    "size_4": ((11, 8, 16), 7, (11, 3, 3), 2, 1),
    "size_5": ((128, 256, 256), 112, (128, 3, 3), 1, 1),
}
NOT_VALID = re.compile(
    r"\s*(it\s+is\s+|it's\s+)?(not\s+(valid|possible|defined)|invalid|impossible|undefined)\b.*", re.I
)


def convolved_problems(convolved) -> list[str]:
    """Say what is wrong with the features that were computed by hand."""
    if convolved is None:
        return ["not written yet: convolved is None. Fill in the cell above."]
    got, want = _numbers(convolved), _convolved(KERNEL)
    if got is None:
        return [f"convolved is {str(convolved)[:40]!r}, wanted rows of numbers: [[…, …], […, …]]."]
    if got.shape != want.shape:
        return [
            f"convolved has shape {got.shape}. How often does a 3x3 kernel fit on 4x4 pixels, in each direction?"
        ]
    if np.array_equal(got, want):
        return []
    if np.array_equal(got, _convolved(KERNEL[::-1, ::-1])):
        return [
            "convolved: you turned the kernel by half a turn. That is a convolution in mathematics; here it stays as it is."
        ]
    if np.array_equal(got, _convolved(KERNEL.T)):
        return ["convolved: rows and columns of the kernel are swapped."]
    if np.array_equal(got, want.T):
        return ["convolved: its rows and columns are swapped."]
    row, column = (int(n) for n in np.argwhere(got != want)[0])
    said = f"convolved[{row}, {column}] is not {got[row, column]:g}"
    return [
        f"{said}: lay the kernel on rows {row} to {row + 2} and columns {column} to {column + 2}, multiply, add up."
    ]


def pooled_problems(pooled, convolved=None) -> list[str]:
    """Say what is wrong with the pooled number; it has to fit the features that were computed before."""
    if pooled is None:
        return ["pooled is None: fill it in as well."]
    got, features = _numbers(pooled), _numbers(convolved)
    if got is None or got.size != 1:
        return ["pooled is not one number: a window of 2x2 fits once on 2x2 features."]
    fits = {float(_convolved(KERNEL).max())}
    if features is not None and features.shape == (2, 2):
        fits.add(float(features.max()))
    return (
        []
        if float(got.reshape(())) in fits
        else [f"pooled is not {got.item():g}: it is the largest of the features."]
    )


def right_features(convolved) -> np.ndarray:
    """Mark which of the four features are right; none if they are not four."""
    got, want = _numbers(convolved), _convolved(KERNEL)
    return got == want if got is not None and got.shape == want.shape else np.zeros(want.shape, bool)


def _convolved(kernel):
    return conv(IMAGE[None, None], kernel[None, None])[0, 0]


def _numbers(value):
    """Return an array of numbers, or None if it is none."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return None
    return array if array.dtype.kind in "fiu" and array.size else None


def by_hand(convolved=None, pooled=None):
    """Check the convolution and the pooling that were done by hand.

    Parameters
    ----------
    convolved : array-like, shape (2, 2)
    pooled : number, or array-like with one
    """
    problems = convolved_problems(convolved)
    problems += pooled_problems(pooled, convolved) if not problems else []
    if problems:
        fail("by_hand", *problems)
    say("by_hand: four features and the largest of them are right")


def size_problems(name, value) -> list[str]:
    """Say what is wrong with one output size: a tuple of three whole numbers, or the text "not valid"."""
    if value is None:
        return [f"{name} is None: fill it in as well."]
    (channels, *image), filters, (_, *kernel), stride, padding = SIZES[name]
    spans = [n + 2 * padding - k for n, k in zip(image, kernel, strict=True)]
    want = (filters, *(span // stride + 1 for span in spans))
    leaves_rest = any(span % stride for span in spans)
    if isinstance(value, str):
        if NOT_VALID.fullmatch(value):
            return (
                []
                if leaves_rest
                else [f"{name}: it is valid, the windows fit without a rest. What size comes out?"]
            )
        return [
            f'{name} is the text {value[:40]!r}, wanted a tuple (channels, height, width) or "not valid".'
        ]
    got = _numbers(value)
    if got is None or got.shape != (3,):
        return [f'{name} is {str(value)[:40]}, wanted a tuple (channels, height, width) or "not valid".']
    if tuple(got.tolist()) == want:
        return []
    return [f"{name} is not {tuple(got.tolist())}.{_size_hint(got, want, channels, spans, stride, padding)}"]


def _size_hint(got, want, channels, spans, stride, padding):
    """Say what the wrong numbers may come from."""
    if tuple(got[::-1].tolist()) == want or tuple(got[[1, 2, 0]].tolist()) == want:
        return " The channels come first: (channels, height, width)."
    if got[0] == channels and channels != want[0]:
        return " Each filter makes one channel of the output; those of the input are added up."
    if got[0] != want[0]:
        return " The first number is how many filters there are."
    if any(g != int(g) for g in got.tolist()):
        return " Only whole windows count: round down, or say that it is not valid."
    if padding and all(g == (s - padding) // stride + 1 for g, s in zip(got[1:], spans, strict=True)):
        return " The padding is on both sides."
    if all(g == w - 1 for g, w in zip(got[1:], want[1:], strict=True)):
        return " One too few: the first window counts as well."
    if stride > 1 and all(g == s + 1 for g, s in zip(got[1:], spans, strict=True)):
        return " The window moves by more than one pixel."
    return " Think of the first and the last window: how many steps lie between?"


def output_sizes(**sizes):
    """Check the five output sizes.

    Parameters
    ----------
    size_1, size_2, size_3, size_4, size_5 : tuple of three whole numbers, or the text "not valid"
    """
    if all(sizes.get(name) is None for name in SIZES):
        fail("output_sizes", "not written yet: all five are None. Fill in the cell above.")
    problems = [said for name in SIZES for said in size_problems(name, sizes.get(name))]
    if problems:
        fail("output_sizes", *problems)
    say("output_sizes: all five are right")
    if not isinstance(sizes["size_4"], str):
        return
    say("  size_4: PyTorch is more generous than you. It rounds down, and gives (7, 4, 8).")


def training(results=None, net=None, data=None, path="model.npz"):
    """Check what came out of training: histories, network, accuracy, and the file that is handed in.

    Parameters
    ----------
    results : Results (opt_params, loss_hist, train_acc_hist, val_acc_hist)
    net : the trained BestNet
    data : dict
        With X_valid and y_valid.
    path : path
        The model file.
    """
    name = "training"
    if results is None or net is None:
        fail(name, "not trained yet: results or net is None. Run the training cell first.")
    if not isinstance(results, (tuple, list)) or len(results) != 4:
        fail(
            name,
            "results is not (opt_params, loss_hist, train_acc_hist, val_acc_hist), as train_or_load gives.",
        )
    losses, accuracies = np.asarray(results[1], dtype=float), np.asarray(results[3], dtype=float)
    check_histories(name, losses, accuracies)
    if type(net).__name__ != "BestNet":
        fail(name, f"net is a {type(net).__name__}. The grader builds BestNet(), so train that one.")
    saved = _saved(name, net, path)
    best = float(accuracies.max())
    if data is not None:
        _check_accuracy(name, net, data, best)
    say_points(name, best, str(saved.meta.get("provenance", "")))


def _saved(name, net, path):
    """Ask for a model file that holds this network; return what it holds."""
    from lib.model_file import read_model

    if not Path(path).is_file():
        fail(name, f"{path} is missing: run the training cell, it saves what is handed in.")
    try:
        saved = read_model(path)
    except CourseError as error:
        fail(name, str(error))
    ours = {key: value.detach().numpy() for key, value in net.named_parameters()}
    same = list(ours) == list(saved.params) and all(
        ours[key].shape == value.shape and np.allclose(ours[key], value)
        for key, value in saved.params.items()
    )
    if not same:
        fail(
            name,
            f"{path} holds other weights than net. Run the training cell again: it loads the file or trains.",
        )
    return saved


def _check_accuracy(name, net, data, best):
    """Score some validation images, to see that the network is as good as its history says."""
    from lib.check.intro.probes import score

    labels = np.asarray(data["y_valid"][:NUM_SCORED])
    scores = score(net, np.asarray(data["X_valid"][:NUM_SCORED]))
    found = float((scores.argmax(axis=1) == labels).mean())
    if found < best - 0.1:
        said = f"net reaches {found:.1%} on {len(labels)} validation images, its history {best:.1%}."
        fail(name, f"{said} Does it hold the best weights?")
