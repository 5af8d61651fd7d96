"""What judges the answers: for each exercise a probe to call and a judge of what came back. Never released.

The probe runs the student's code and is trusted with nothing; it gets plain arrays and returns plain arrays.
The judge runs where no student code ever does. Inputs come from a secret seed, so nobody can prepare for
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lib.check.job import CaseAnswer

#: Where the answer that a judge looks at comes from.
SOURCES = ("probe", "model", "notebook", "manual")


@dataclass(frozen=True)
class Verdict:
    """The share of the points that an answer earns, from 0 to 1, and why."""

    fraction: float
    reason: str = ""


@dataclass
class Context:
    """What a judge may know besides the answers.

    Attributes
    ----------
    cases : list of dict
        The inputs that the probe was given.
    settings : mapping of str to float
        For instance ``floor`` and ``target`` of the training.
    sample : bool
        Whether the course is run on the offline sample.
    labels : ndarray, shape (N,), or None
        The right classes of held-back images. They never reach the probe.
    weights : ndarray, shape (KH, KW, C, F), or None
        First convolution of the model that was handed in.
    """

    cases: list[dict[str, np.ndarray]] = field(default_factory=list)
    settings: Mapping[str, float] = field(default_factory=dict)
    sample: bool = False
    labels: np.ndarray | None = None
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class Exercise:
    """How one graded cell is judged.

    Attributes
    ----------
    name : str
        The exercise in assignment.toml, which is the grade id of its cell.
    source : str
        "probe": a probe is called on secret cases, and the judge compares with the same probe on the master's
        lib. "model": a probe is called on held-back images, and the judge knows their labels.
        "notebook": the judge gets the values that ``check`` handed over while the notebook ran.
        "manual": a person judges; ``rubric`` tells by what.
    probe : str
        ``"lib.check.cnn.probes:conv_forward"``; empty where there is none.
    cases : function(rng) -> list of dict of str to ndarray
    judge : function(got, reference, context) -> Verdict
        ``got`` and ``reference`` are lists of ``lib.check.job.CaseAnswer``, one for each case.
    withhold : tuple of str
        Modules that are not there while the probe runs.
    held_back : function(rng, data_folder, sample) -> (images, labels), optional
        For source "model".
    rubric : str
        Markdown.
    timeout : float
        Seconds for all cases together.
    """

    name: str
    source: str = "probe"
    probe: str = ""
    cases: Callable[[np.random.Generator], list[dict[str, Any]]] | None = None
    judge: Callable[[Sequence[CaseAnswer], Sequence[CaseAnswer], Context], Verdict] | None = None
    withhold: tuple[str, ...] = ()
    held_back: Callable[[np.random.Generator, Any, bool], tuple[np.ndarray, np.ndarray]] | None = None
    rubric: str = ""
    timeout: float = 120.0

    def __post_init__(self) -> None:
        """Refuse an exercise that could not be judged."""
        if self.source not in SOURCES:
            msg = f"exercise {self.name}: source is {self.source!r}, wanted one of {', '.join(SOURCES)}."
            raise ValueError(msg)
        if self.source == "manual":
            missing = None if self.rubric else "rubric"
        elif self.judge is None:
            missing = "judge"
        else:
            missing = "probe" if self.source in ("probe", "model") and not self.probe else None
        if missing:
            msg = f"exercise {self.name}: an exercise of source {self.source!r} needs a {missing}."
            raise ValueError(msg)
