"""Hand the values of a notebook's answer over to the grader, as plain arrays."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from lib.check.job import pack_text

#: An answer larger than this many numbers is left out: no picture of filters is that large.
MAX_ENTRIES = 5_000_000
#: A longer text is no short answer; its beginning is kept.
MAX_TEXT = 200


def export_values(name: str, objects: dict, folder: str | None):
    """Write the arrays, numbers and texts among ``objects`` to ``folder/name.npz``; do nothing without a folder.

    A text becomes the bytes that ``CaseAnswer.text`` reads. Anything else (a model, None) is left out: what the
    grader needs of a model is in ``model.npz``.
    """
    if not folder or not re.fullmatch(r"\w+", name):
        return
    arrays = {}
    for key, value in objects.items():
        if isinstance(value, str):
            arrays[key] = pack_text(value[:MAX_TEXT])
            continue
        try:
            array = np.asarray(value)
        except Exception:
            continue
        if array.dtype.kind in "fiub" and array.size <= MAX_ENTRIES:
            arrays[key] = array
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    np.savez(path / f"{name}.npz", **arrays)
