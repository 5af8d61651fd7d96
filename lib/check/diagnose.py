"""Say in words how an array differs from the one that was wanted.

``compare`` looks in the order in which a person would: is there an answer, is it an array, does its shape
fit, are its values right; and when they are not, what simple mistake gives exactly these numbers. Checks show
the sentences to students, judges write them into the grade.
"""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from lib.check.job import Other

#: Answers computed in single precision differ by about this much, relative to the largest entry.
SINGLE_PRECISION = 1e-5
#: Beyond this there is nothing to explain, and sums and differences overflow.
HUGE = 1e100
#: Said of an answer that is not there.
NOTHING = "None: nothing came back. Is the result assigned to the variable that is returned?"


def unassigned(variable):
    """Say that the skeleton returned ``variable`` as it was before the answer: the hint "missing"."""
    return f"None: is the result assigned to `{variable}`, the variable that is returned?"


def compare(
    name,
    got,
    want,
    *,
    rtol=1e-6,
    alternatives=None,
    overlap=None,
    pad=0,
    image=True,
    layout="NHWC",
    bias=None,
    hints=None,
):
    """List the symptoms of a wrong answer, the most telling first; nothing when it is right.

    Parameters
    ----------
    name : str
        What the answer is called in the sentences.
    got : ndarray, Other or None
        The answer.
    want : ndarray
        The right one.
    rtol : float
        Allowed difference, relative to the entry plus the largest entry of ``want``.
    alternatives : mapping of str to ndarray, or function that makes one, optional
        Wrong answers by the mistake that makes them: ``{"the kernel is flipped": …}``.
    overlap : ndarray, optional
        How many windows see each entry of ``want`` (same shape, or one that broadcasts to it).
    pad : int
        Pixels of padding that the answer must not contain.
    image : bool
        Whether ``want`` is a batch of images, so that a border and a first image can be spoken of.
    layout : "NHWC" or "NCHW"
        The axes of a batch of images.
    bias : ndarray, shape (C,), optional
        What is added once to every entry of a channel.
    hints : mapping of str to str, optional
        What the exercise can say better than this module: ``"missing"``, the rest of the sentence when
        nothing came back; ``"scalar"``, what is wanted instead of one number; ``"padded"``, a second
        cause of padding that is still there.

    Returns
    -------
    list of str
        Whole sentences.
    """
    hints = hints or {}
    if got is None:
        return [f"{name} is {hints.get('missing', NOTHING)}"]
    if isinstance(got, Other) or not isinstance(got, np.ndarray):
        kind = got.kind if isinstance(got, Other) else type(got).__name__
        return [f"{name} is a {kind}, wanted a NumPy array of shape {want.shape}."]
    if got.dtype.kind not in "fiub":
        return [f"{name} has dtype {got.dtype}, wanted floating-point numbers."]
    if got.shape != want.shape:
        return _shape_symptoms(name, got, want, rtol, _computed(alternatives), pad, hints, layout)
    got = got.astype(np.float64) if got.dtype.kind in "bf" else got
    if not np.isfinite(got).all():
        kind = "nan (not a number)" if np.isnan(got).any() else "infinite"
        count = int((~np.isfinite(got)).sum())
        return [
            f"{name}: {count} of {got.size} entries are {kind}. Is there a division by zero, or np.empty?"
        ]
    if close(got, want, rtol):
        return []
    if np.abs(got).max() > HUGE:
        return [worst_entry(name, got, want, rtol)]
    reasons = _explain(got, want, rtol, _computed(alternatives), overlap, image, max(pad, 1), bias, layout)
    return [f"{name}: {reason}" for reason in reasons] + [worst_entry(name, got, want, rtol)]


def explained(problems):
    """Tell whether what ``compare`` said is of a right answer, or of just the numbers of a usual mistake.

    Both follow from the inputs: somebody ran the code, where any other wrong answer may be made up.
    """
    return not problems or "his is what comes out when" in problems[0]


def _computed(alternatives):
    """Return the wrong answers to compare with; a function makes them only when they are needed."""
    return (alternatives() if callable(alternatives) else alternatives) or {}


def close(got, want, rtol):
    """Tell whether two arrays of one shape agree, relative to each entry plus the largest one."""
    return bool(right_entries(got, want, rtol).all())


def right_entries(got, want, rtol):
    """Mark the entries that agree; none with a wrong answer that overflowed, which any number would be close to."""
    scale = np.abs(want).max(initial=0.0)
    if np.isinf(scale):
        return np.zeros(np.broadcast_shapes(np.shape(got), np.shape(want)), bool)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.abs(got - want) <= rtol * (np.abs(want) + scale) + 1e-300


def worst_entry(name, got, want, rtol):
    """Name how many entries differ, and the worst of them with both values."""
    if want.size == 1:
        return f"{name}: got {got.item():.15g}, wanted {want.item():.15g}."
    wrong = ~right_entries(got, want, rtol)
    with np.errstate(over="ignore"):
        at = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
    place = ", ".join(str(int(i)) for i in at)
    return (
        f"{name}: {int(wrong.sum())} of {want.size} entries differ, worst at [{place}]: "
        f"got {got[at]:.6g}, wanted {want[at]:.6g}."
    )


def _shape_symptoms(name, got, want, rtol, alternatives, pad, hints, layout):
    """Explain a wrong shape."""
    said = f"{name} has shape {got.shape}, wanted {want.shape}."
    if got.size == 0 and want.size:
        return [f"{said} It is empty: a slice such as [pad:-pad] selects nothing when pad is 0."]
    if got.ndim == 0:
        return [f"{name} is one number, wanted {hints.get('scalar', f'an array of shape {want.shape}.')}"]
    alike = {label: wrong for label, wrong in alternatives.items() if wrong.shape == got.shape}
    for label, wrong in alike.items():
        if close(got, wrong, rtol):
            return [f"{said} This is what comes out when {label}."]
    for label in alike:
        return [f"{said} That is the shape of what comes out when {label}."]
    if got.ndim != want.ndim:
        if want.ndim == 4 and got.shape == want.shape[1:]:
            return [f"{said} The first axis is missing: is only one of the images returned?"]
        if got.size == want.size and close(got.reshape(want.shape), want, rtol):
            return [f"{said} The numbers are right: reshape them, or sum with keepdims=True."]
        return [f"{said} It has {got.ndim} {'axis' if got.ndim == 1 else 'axes'} instead of {want.ndim}."]
    if got.ndim == 4:
        grown = tuple(n + 2 * pad * (axis in "HW") for n, axis in zip(want.shape, layout, strict=False))
        if pad and got.shape == grown:
            return [
                f"{said} The padding of {pad} on each side is still there: crop it before you return"
                f"{hints.get('padded', '')}."
            ]
    for axes in permutations(range(want.ndim)):
        if tuple(want.shape[a] for a in axes) == got.shape:
            swapped = {"H": "W", "W": "H"}
            turned = tuple(layout.index(swapped.get(axis, axis)) for axis in layout)
            if got.ndim == 4 and axes == turned:
                return [f"{said} Height and width are swapped."]
            return [f"{said} The axes are in another order: transpose{axes} of the right one has this shape."]
    if got.size == want.size:
        return [f"{said} The number of entries is right: is a reshape missing?"]
    return [said]


def _explain(got, want, rtol, alternatives, overlap, image, border, bias, layout):
    """Find simple mistakes that give exactly these values."""
    for label, wrong in alternatives.items():
        if wrong.shape == got.shape and not close(wrong, want, rtol) and close(got, wrong, rtol):
            return [f"this is what comes out when {label}."]
    is_image = image and want.ndim == 4
    places = [layout.index(axis) for axis in "NHWC"] if is_image else range(want.ndim)
    last = got.transpose(places), want.transpose(places)  # what speaks of channels looks for them at the end
    if bias is not None and (reason := _bias_counted(last[0] - last[1], bias, rtol * np.abs(want).max())):
        return [reason]
    if reason := _integers(got, want, rtol) or _whole_array(*last, rtol):
        return [reason]
    for explain in (_order_of_axes, _single_precision):
        if reason := explain(got, want, rtol):
            return [reason]
    right = right_entries(got, want, rtol)
    if overlap is not None and (reason := _overlapping(right, overlap)):
        return [reason]
    if is_image and (reason := _part_of_image(right.transpose(places), border)):
        return [reason]
    if _same_numbers(got, want, rtol):
        return ["the right numbers, but in the wrong places. Is an axis order or a reshape mixed up?"]
    return []


def _bias_counted(offset, bias, tolerance):
    """Explain by a bias that was added more than once: the same whole multiple of it everywhere."""
    largest = int(np.argmax(np.abs(bias)))
    if offset.shape[-1:] != bias.shape or not bias[largest]:
        return ""
    extra = round(float(offset[..., largest].mean() / bias[largest]))
    if extra < 1 or np.abs(offset - extra * bias).max() > 4 * tolerance:
        return ""
    return f"every entry is off by the same amount (bias counted {extra + 1} times?). Add the bias after the loop."


def _whole_array(got, want, rtol):
    """Explain by one operation on every entry: nothing there, sign, factor, offset."""
    if not got.any() and want.any():
        return "all entries are zero. Is the result written into the array that is returned?"
    if close(-got, want, rtol):
        return "wrong sign: every entry is minus the wanted one."
    power = float((want * want).sum())
    factor = float((got * want).sum()) / power if power else 0.0
    varied = want.size > 2 and np.ptp(np.abs(want)) > rtol * np.abs(want).max()
    if varied and 1e-9 < abs(factor) < np.inf and close(got, factor * want, rtol * max(abs(factor), 1e-3)):
        return _name_factor(factor)
    if want.ndim > 1 and want.size > 2 * want.shape[-1]:
        offset = (got - want).reshape(-1, want.shape[-1])
        if np.ptp(offset, axis=0).max() <= 4 * rtol * np.abs(want).max():
            return "off by the same amount all over a channel. Is the bias added, and added once?"
    return ""


def _name_factor(factor):
    """Say what a constant factor may come from."""
    said = f"every entry is {factor:.6g} times the wanted one."
    inverse = 1 / factor
    if inverse > 1.5 and abs(inverse - round(inverse)) < 1e-6 * inverse:
        return f"{said} That is 1/{round(inverse)}: a mean where a sum is wanted?"
    if factor > 1.5 and abs(factor - round(factor)) < 1e-6 * factor:
        return f"{said} Is something added {round(factor)} times that counts once?"
    return said


def _order_of_axes(got, want, rtol):
    """Explain by a transpose or a flip of the right answer."""
    for axes in permutations(range(want.ndim)):
        moved = want.transpose(axes)
        if moved.shape == got.shape and list(axes) != sorted(axes) and close(got, moved, rtol):
            pair = [a for a in range(want.ndim) if axes[a] != a]
            return f"axes {' and '.join(map(str, pair))} are swapped."
    for count in (1, 2):
        for axes in combinations(range(want.ndim), count):
            if close(got, np.flip(want, axes), rtol):
                which = " and ".join(map(str, axes))
                return f"the right values, but back to front along axis {which}."
    return ""


def _integers(got, want, rtol):
    """Explain by fractions that were cut off."""
    whole = np.array_equal(got, np.round(got))
    if whole and not close(np.round(want), want, rtol) and np.abs(got - want).max() <= 1 + rtol:
        return (
            "only whole numbers. Was the result array made with an integer dtype? Then fractions are cut off."
        )
    return ""


def _single_precision(got, want, rtol):
    """Explain by float32 arithmetic."""
    if rtol < SINGLE_PRECISION and close(got, want, SINGLE_PRECISION):
        return "right to about seven digits, which is float32. Keep the dtype of the input (float64 here)."
    return ""


def _overlapping(right, overlap):
    """Explain by windows that overlap: wrong exactly where several of them meet."""
    many = np.broadcast_to(overlap, right.shape) > 1
    if many.any() and not many.all() and right[~many].all() and (~right[many]).mean() > 0.5:
        return (
            "right where one window counts, wrong where windows overlap. Add (+=) instead of assigning (=)."
        )
    return ""


def _part_of_image(right, border):
    """Explain by which part of a batch of images (N, H, W, C) is right."""
    N, H, W, C = right.shape
    if N > 1 and right[0].all() and not right[1:].any(axis=(1, 2, 3)).all():
        return f"only the first of the {N} images is right. Does the loop over the batch end too early?"
    inside = np.zeros(right.shape, bool)
    inside[:, border : H - border, border : W - border] = True
    wrong = ~right
    if inside.any() and right[inside].all() and wrong[~inside].mean() > 0.2:
        tail = np.zeros(right.shape, bool)
        tail[:, -border:], tail[:, :, -border:] = True, True
        if right[~tail].all() and H > 2:
            return (
                "only the last rows or columns are wrong. Does the loop stop a window too early or too late?"
            )
        return "right inside, wrong along the border. Look at the padding."
    per_channel = right.all(axis=(0, 1, 2))
    if C > 1 and per_channel[0] and not per_channel[1:].any():
        return f"only the first of the {C} channels is right."
    return ""


def _same_numbers(got, want, rtol):
    """Tell whether both hold the same numbers in another order."""
    return want.size > 2 and close(np.sort(got, axis=None), np.sort(want, axis=None), rtol)
