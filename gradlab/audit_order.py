"""Whether a PDF keeps the order that an assignment asks for: of its plots, and of the headings of its sections."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from gradlab.pdf_reading import Line
from lib.manifest import Manifest
from lib.report.sections import Section

#: Page, and how far down it is, in points.
Place = tuple[int, float]
_NUMBER = re.compile(r"^[\s\d.·:)–—-]+")
_TAIL = re.compile(r"\s*\([^()]*points?\b[^()]*\)?\s*$|[\s.·:]+\d*$", re.IGNORECASE)


def moved(numbers: Sequence[Any]) -> set[Any]:
    """Return the fewest of some different numbers, or places, that have to be taken out for the others to grow.

    Examples
    --------
    >>> moved([1, 5, 2, 3])
    {5}
    """
    ends: list[Any] = []  # of growing rows of length 1, 2, ..., the smallest last number
    rows: list[list[Any]] = []
    for number in numbers:
        place = bisect.bisect_left(ends, number)
        row = [*(rows[place - 1] if place else []), number]
        ends[place : place + 1] = [number]
        rows[place : place + 1] = [row]
    return set(numbers) - set(rows[-1] if rows else [])


def heading_places(
    manifest: Manifest, sections: Mapping[str, Section], lines: Sequence[Line]
) -> dict[str, Place]:
    """Find the heading of each part in the text of a PDF.

    Parameters
    ----------
    manifest : Manifest
    sections : mapping of str to Section
        Of the notebook; their headings count as well, for who prints the whole notebook.
    lines : sequence of Line

    Returns
    -------
    dict of str to (page, how far down)
        By the key of the part, for those that were found: the largest line that reads like a title of it, the first
        of several. A list of contents is smaller than the headings.
    """
    after = [line.text for line in lines[1:]] + [""]
    # a long heading goes on in the next line
    read = [
        {_plain(line.text), _plain(f"{line.text} {more}")} for line, more in zip(lines, after, strict=True)
    ]
    found = {}
    for part in manifest.parts:
        keys = {manifest.section_key(name) for name in part.exercises}
        for names in ([part.title], [sections[key].heading for key in keys if key in sections]):
            wanted = {_plain(name) for name in names if name} - {""}
            hits = [(-round(line.height), n) for n, line in enumerate(lines) if read[n] & wanted]
            if hits:
                line = lines[min(hits)[1]]
                found[part.key] = (line.page, -line.top)
                break
    return found


def order_problems(manifest: Manifest, places: Mapping[str, Place]) -> list[str]:
    """Say which headings are missing, and which stand in another place than required."""
    titles = {part.key: part.title for part in manifest.parts}
    said = [f"no heading “{title}” was found" for key, title in titles.items() if key not in places]
    # two parts of one section share its heading where the whole notebook was printed
    for place in sorted(moved(list(dict.fromkeys(places[key] for key in titles if key in places)))):
        names = " and ".join(f"“{titles[key]}”" for key in titles if places.get(key) == place)
        said.append(f"the heading {names} stands in another place than required, on page {place[0]}")
    return said


def under_another(part: str, place: Place, places: Mapping[str, Place]) -> bool:
    """Tell whether something of a part stands above its heading, or below that of another part."""
    if part not in places:
        return False
    return place < places[part] or any(places[part] < other <= place for other in places.values())


def _plain(text: str) -> str:
    """Return the letters of a heading, without its number, its points and what typography does to it."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("¶", " ")
    text = _TAIL.sub("", _NUMBER.sub("", text.strip()))
    return re.sub(r"[^\w]+", "", text)
