"""Which data a course grades on: real or sample, whether it is there at all, and the images held back from it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gradlab.arrays import ArraysRefused, load_arrays
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from lib.datasets.locate import is_sample
from lib.datasets.sets import SETS
from lib.model_file import decode_json

CHOICE = "GRADLAB_DATASET"
Draw = Callable[[np.random.Generator, Any, bool], tuple[np.ndarray, np.ndarray]]


def choice() -> str:
    """Return "real", "sample" or "" as $GRADLAB_DATASET says.

    Raises
    ------
    GradlabError
        If it says anything else.
    """
    said = os.environ.get(CHOICE, "").strip().lower()
    if said not in ("", "real", "sample"):
        msg = f"{CHOICE}={said!r} is neither 'real' nor 'sample'. Set one of them, or unset it."
        raise GradlabError(msg)
    return said


def uses_sample(course: Course, dataset: str) -> bool:
    """Tell whether a course grades on the sample: $GRADLAB_DATASET says so, or only the sample is there."""
    said = choice()
    if said:
        return said == "sample"
    return not _lying(course, dataset, "real") and bool(_lying(course, dataset, "sample"))


def require_data(course: Course, assignment: Assignment) -> None:
    """Refuse to judge anybody by data that is not there.

    Raises
    ------
    GradlabError
        If neither real data nor the sample is there, or not the one that $GRADLAB_DATASET asks for, or a file
        of it is missing.
    """
    dataset = assignment.dataset
    if not dataset:
        return
    said = choice()
    lying = [
        path for kind in ([said] if said else ("real", "sample")) for path in _lying(course, dataset, kind)
    ]
    how = f"run ./get_datasets.sh {dataset}, or ./get_datasets.sh --sample"
    if not lying:
        asked = f" ({CHOICE}={said})" if said else ""
        msg = f"data set '{dataset}' is not in data/{asked}: {how}"
        raise GradlabError(msg)
    folder = lying[0].parent
    for name in SETS[dataset].lying(folder) if dataset in SETS else ():
        if not (folder / name).is_file():
            there = course.relative(folder / name)
            msg = f"data set '{dataset}' is not complete, {there} is missing: {how}"
            raise GradlabError(msg)


def _lying(course: Course, dataset: str, kind: str) -> list[Path]:
    """Return the files of one kind, "real" or "sample", of the first folder that holds some.

    A sample that was put in the place of the real files is a sample. Of a set that is not known here, whatever
    lies in its folder counts.
    """
    if not dataset:
        return []
    known = SETS.get(dataset)
    folders = (
        known.places(course.data) if known else [course.data / dataset, course.data / f"{dataset}-sample"]
    )
    for folder in folders:
        paths = [folder / name for name in known.lying(folder)] if known else sorted(folder.glob("*"))
        drawn = folder.name.endswith("-sample")
        found = [
            path for path in paths if path.is_file() and (drawn or is_sample(path)) == (kind == "sample")
        ]
        if found:
            return found
    return []


def trained_on(path: Path) -> str | None:
    """Return what a model file says it was trained on, "" if nothing; None if the file cannot be read."""
    try:
        meta = decode_json(load_arrays(path)["meta"])
    except KeyError:
        return ""
    except (ArraysRefused, OSError, ValueError, TypeError):
        return None
    return str(meta.get("provenance") or "")[:100]


def is_trained_on_sample(provenance: str) -> bool:
    """Tell whether a provenance is that of a sample."""
    return "sample" in provenance.lower()


def held_back(
    course: Course, assignment: Assignment, draw: Draw, number: int, sample: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the held-back images and labels of an exercise, made once and kept in the private folder.

    Parameters
    ----------
    course, assignment : Course, Assignment
    draw : function(rng, data_folder, sample) -> (images, labels)
    number : int
        The seed.
    sample : bool

    Returns
    -------
    images : ndarray, shape (N, H, W, C)
    labels : ndarray, shape (N,)
    """
    kind = "sample" if sample else "real"
    key = _key(course, assignment, number, kind)
    path = course.private / "cache" / "held_back" / f"{kind}-{key}.npz"
    try:
        kept = load_arrays(path)
        return kept["images"], kept["labels"]
    except (OSError, ArraysRefused, KeyError):
        pass  # not made yet, or cut off while it was written
    images, labels = draw(np.random.default_rng(number), course.data, sample)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.stem}.{os.getpid()}.npz")
    np.savez(draft, images=images, labels=labels)
    draft.replace(path)
    return images, labels


def _key(course: Course, assignment: Assignment, number: int, kind: str) -> str:
    """Name what held-back images depend on: the seed, the code that makes them, and the files they are from."""
    digest = hashlib.sha256(f"{assignment.name}/{number}/{kind}\n".encode())
    code = (*sorted(course.exercises.glob("*.py")), *sorted((course.lib / "datasets").glob("*.py")))
    for path in code:
        if path.is_file():
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
    if kind == "real":
        for path in _lying(course, assignment.dataset, kind):
            stat = path.stat()
            digest.update(f"{course.relative(path)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:24]
