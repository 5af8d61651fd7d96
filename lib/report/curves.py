"""Say in words what a figure of training curves shows, from the numbers that it carries: for readers who cannot see it."""

from __future__ import annotations

import math
from typing import Any

#: Under this name ``lib.vis_utils`` keeps the numbers of a figure beside its picture.
CURVES = "application/vnd.gradlab.curves+json"
#: Characters of one curve that are read: 40000 numbers and more.
MAX_TEXT = 500_000


def describe(told: Any) -> str:
    """Return a sentence on the curves of a figure; empty if it carries none that can be read.

    Parameters
    ----------
    told : dict
        ``loss_hist``, ``train_acc_hist`` and ``val_acc_hist``, each a text of numbers. It is a student's, and may be anything.
    """
    if not isinstance(told, dict):
        return ""
    loss = _numbers(told.get("loss_hist"))
    parts = [f"training loss {_course(loss, '.2f')} over {len(loss)} iterations"] if len(loss) > 1 else []
    for name, key in (("training", "train_acc_hist"), ("validation", "val_acc_hist")):
        values = _numbers(told.get(key))
        if values:
            epochs = f" over {len(values)} epochs" if len(values) > 1 else ""
            parts.append(f"{name} accuracy {_course(values, '.3f')}{epochs}")
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:]


def _course(values: list[float], form: str) -> str:
    first, last = values[0], values[-1]
    if len(values) == 1:
        return f"is {last:{form}}"
    verb = "falls" if last < first else "rises" if last > first else "stays"
    return f"stays at {last:{form}}" if verb == "stays" else f"{verb} from {first:{form}} to {last:{form}}"


def _numbers(text: Any) -> list[float]:
    """Read the finite numbers of a curve."""
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        return []
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        return []
    return [value for value in values if math.isfinite(value) and abs(value) < 1e6]
