"""How the items of an assignment did their work: how hard each is, and whether those who know more get more of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradlab.scores import Score

#: Below that many scores, a correlation says nothing.
FEW = 8

_MET = re.compile(r"^\d+ of \d+ criteria met[.;,]?\s*")
_CASE = re.compile(r"\b[Cc]ase \d+ \((?:[^()]|\([^()]*\))*\):\s*")
_SHAPE = re.compile(r"\([-\d.,\s]*\d[-\d.,\s]*\)|\[[-\d.,\s]*\d[-\d.,\s]*\]")
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?")
_WORST = re.compile(r"\bentr(?:y|ies) differs?\b|\bworst at\b|^(?:got|wanted)\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")


@dataclass(frozen=True)
class Item:
    """One item over a class.

    Attributes
    ----------
    name : str
    shares : tuple of float
        Of the points that could be reached, of everybody who has a score, from 0 to 1.
    difficulty : float or None
        The mean of the shares: 1 is easy.
    discrimination : float or None
        Correlation of the points with the sum of all other items, over those who have scores of all; None where too few
        have, or where all have the same.
    """

    name: str
    shares: tuple[float, ...]
    difficulty: float | None
    discrimination: float | None


def items_of(scores: Mapping[str, Mapping[str, Score]], names: Sequence[str]) -> list[Item]:
    """Return the statistics of each item.

    Parameters
    ----------
    scores : mapping of student to mapping of item to Score
    names : sequence of str
        Of the items, in the order that is wanted.
    """
    # an item that nobody has scored yet must not keep the others from being compared
    scored = [name for name in names if any(_points(items, name) is not None for items in scores.values())]
    rows = [[_points(items, name) for name in scored] for items in scores.values()]
    whole = np.array([row for row in rows if None not in row], dtype=float).reshape(-1, len(scored))
    found = []
    for name in names:
        shares = []
        for items in scores.values():
            points = _points(items, name)
            if points is not None and items[name].of > 0:
                shares.append(min(1.0, max(0.0, points / items[name].of)))
        correlation = None
        if name in scored:
            own = whole[:, scored.index(name)]
            correlation = _correlation(own, whole.sum(axis=1) - own)
        found.append(Item(name, tuple(shares), float(np.mean(shares)) if shares else None, correlation))
    return found


def reliability(scores: Mapping[str, Mapping[str, Score]], names: Sequence[str]) -> float | None:
    """Return Cronbach's alpha of the items that were scored, over those who have all of them; None for too few."""
    scored = [name for name in names if any(_points(items, name) is not None for items in scores.values())]
    rows = [[_points(items, name) for name in scored] for items in scores.values()]
    whole = np.array([row for row in rows if None not in row], dtype=float).reshape(-1, len(scored))
    if len(whole) < FEW or len(scored) < 2:
        return None
    total = float(whole.sum(axis=1).var(ddof=1))
    if total <= 0:
        return None
    return len(scored) / (len(scored) - 1) * (1 - float(whole.var(axis=0, ddof=1).sum()) / total)


def _points(items: Mapping[str, Score], name: str) -> float | None:
    return items[name].points if name in items else None


def _correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    if len(first) < FEW or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def normal_reason(reason: str) -> str:
    """Return what a reason says without what is particular to one submission: cases, shapes, numbers.

    Examples
    --------
    >>> normal_reason("15 of 21 criteria met. case 1 (input (2, 6, 6, 3), stride 1): dimg: 192 of 216 entries differ.")
    'dimg: # of # entries differ.'
    """
    text = " ".join(reason.split())[:2000]
    text = _CASE.sub("", _MET.sub("", text))
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence]
    telling = [sentence for sentence in sentences if not _WORST.search(sentence)] or sentences
    said = _NUMBER.sub("#", _SHAPE.sub("(…)", " ".join(telling[:2])))
    return said if len(said) <= 220 else f"{said[:219]}…"


def common_reasons(
    lost: Sequence[tuple[str, str, float]], limit: int = 15
) -> list[tuple[str, str, int, float]]:
    """Count for what points were lost.

    Parameters
    ----------
    lost : sequence of (item, reason, points lost)
        One for each verdict that took points.
    limit : int

    Returns
    -------
    list of (item, reason, how many submissions, points lost together)
        The most frequent first.
    """
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for item, reason, points in lost:
        found[item, normal_reason(reason)].append(points)
    counted = [(item, reason, len(points), sum(points)) for (item, reason), points in found.items()]
    return sorted(counted, key=lambda row: (-row[2], -row[3], row[0], row[1]))[:limit]
