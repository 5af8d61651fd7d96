"""The published checks of the output size of a convolution."""

from __future__ import annotations

import numpy as np

from lib.check.diagnose import unassigned
from lib.check.run import Case


def size_problems(got, want, settings, shape=None):
    """Compare an output size: existence, type, length, whole numbers, values; ``shape`` is the input's."""
    kernel, filters, stride, padding = settings
    if got is None:
        return [f"the output size is {unassigned('output_size')}"]
    if not isinstance(got, np.ndarray) or got.ndim != 1:
        kind = getattr(got, "kind", "nested list")
        return [f"the output size is a {kind}, wanted a list of four whole numbers."]
    if got.shape != (4,):
        return [f"the output size has {got.size} entries, wanted four: [N, OH, OW, F]."]
    if got.dtype.kind not in "iu":
        return [f"the output size is {got.tolist()}, wanted whole numbers: divide with //, not with /."]
    if np.array_equal(got, want):
        return []
    said = f"received {got.tolist()} and expected {list(want)}"
    asked = f"kernel {kernel}, {filters} filters, stride {stride}, padding {padding}"
    hint = ""
    rows_and_columns = list(got[1:3])
    if got[0] != want[0]:
        hint = " The first entry is the number of images: a convolution does not change it."
    elif list(got) == [want[0], want[3], want[1], want[2]]:
        hint = " The filters come last: [N, OH, OW, F]."
    elif got[3] != want[3]:
        hint = " The last entry is the number of filters."
    elif padding and shape and rows_and_columns == _windows(shape, kernel, stride, padding / 2):
        hint = " The padding is on both sides: 2 * self.padding."
    elif padding and shape and rows_and_columns == _windows(shape, kernel, stride, 0):
        hint = " The padding is left out."
    elif stride > 1 and shape and rows_and_columns == _windows(shape, kernel, 1, padding):
        hint = " The stride is left out."
    elif (got[1], got[2]) == (want[2], want[1]):
        hint = " Height and width are swapped."
    elif all(g == w + 1 for g, w in zip(got[1:3], want[1:3], strict=True)):
        hint = " One too many: windows that stick out do not count."
    elif all(g == w - 1 for g, w in zip(got[1:3], want[1:3], strict=True)):
        hint = " One too few: the first window counts as well."
    elif want[1] != want[2] and got[1] == got[2]:
        hint = " Height and width are different here."
    return [f"{said} ({asked}).{hint}"]


def _windows(shape, kernel, stride, padding):
    """Count the windows along the rows and columns of images; half a padding is one on one side."""
    return [1 + (int(n + 2 * padding) - kernel) // stride for n in shape[1:3]]


def _size_case(title, shape, settings, want):
    inputs = {"input_shape": np.array(shape), "settings": np.array(settings)}

    def look(answer):
        got = answer.value("size", lists=True)
        return size_problems(got, want, settings, shape), f"received {list(want)} and expected {list(want)}"

    return Case(title, inputs, look)


def output_size_cases():
    """List the published cases of the output size."""
    return [
        _size_case("28x28 images, padding 3, stride 2", (32, 28, 28, 3), (4, 16, 2, 3), [32, 16, 16, 16]),
        _size_case("9x9 images, stride 2: a pixel is left over", (5, 9, 9, 1), (4, 6, 2, 0), [5, 3, 3, 6]),
        _size_case("images of 7 rows and 12 columns", (2, 7, 12, 3), (3, 8, 1, 1), [2, 7, 12, 8]),
    ]
