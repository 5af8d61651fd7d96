"""Whether a PDF keeps the order that an assignment asks for: of its plots, and of the headings of its sections."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Mapping, Sequence

from lib.manifest import Manifest
from lib.report.sections import Section

_NUMBER = re.compile(r"^[\s\d.·:)–—-]+")
_TAIL = re.compile(r"\s*\([^()]*points?[^()]*\)\s*$|[\s.·:]+\d*$", re.IGNORECASE)


def moved(numbers: Sequence[int]) -> set[int]:
    """Return the fewest of some different numbers that have to be taken out for the others to grow.

    Examples
    --------
    >>> moved([1, 5, 2, 3])
    {5}
    """
    ends: list[int] = []  # of growing rows of length 1, 2, ..., the smallest last number
    rows: list[list[int]] = []
    for number in numbers:
        place = bisect.bisect_left(ends, number)
        row = [*(rows[place - 1] if place else []), number]
        ends[place : place + 1] = [number]
        rows[place : place + 1] = [row]
    return set(numbers) - set(rows[-1] if rows else [])


def heading_places(
    manifest: Manifest, sections: Mapping[str, Section], lines: Sequence[tuple[int, str, float]]
) -> dict[str, tuple[int, int]]:
    """Find the heading of each part in the text of a PDF.

    Parameters
    ----------
    manifest : Manifest
    sections : mapping of str to Section
        Of the notebook; their headings count as well, for who prints the whole notebook.
    lines : sequence of (page, text, height)

    Returns
    -------
    dict of str to (page, index of the line)
        By the key of the part, for those that were found: the largest line that reads like a title of it, the first
        of several. A list of contents is smaller than the headings.
    """
    normal = [(_plain(text), page, height) for page, text, height in lines]
    found = {}
    for part in manifest.parts:
        keys = {manifest.section_key(name) for name in part.exercises}
        for names in ([part.title], [sections[key].heading for key in keys if key in sections]):
            wanted = {_plain(name) for name in names if name} - {""}
            hits = [
                (-round(height), place) for place, (text, _, height) in enumerate(normal) if text in wanted
            ]
            if hits:
                place = min(hits)[1]
                found[part.key] = (normal[place][1], place)
                break
    return found


def order_problems(manifest: Manifest, places: Mapping[str, tuple[int, int]]) -> list[str]:
    """Say which headings are missing, and which stand in another place than required."""
    titles = {part.key: part.title for part in manifest.parts}
    said = [f"no heading “{title}” was found" for key, title in titles.items() if key not in places]
    by_place: dict[int, list[str]] = {}
    for key in titles:
        if key in places:
            by_place.setdefault(places[key][1], []).append(key)
    # two parts of one section share its heading where the whole notebook was printed
    row = list(dict.fromkeys(places[key][1] for key in titles if key in places))
    for place in sorted(moved(row)):
        names = " and ".join(f"“{titles[key]}”" for key in by_place[place])
        said.append(
            f"the heading {names} stands in another place than required, on page {places[by_place[place][0]][0]}"
        )
    return said


def _plain(text: str) -> str:
    """Return the letters of a heading, without its number, its points and what typography does to it."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("¶", " ")
    text = _TAIL.sub("", _NUMBER.sub("", text.strip()))
    return re.sub(r"[^\w]+", "", text)
