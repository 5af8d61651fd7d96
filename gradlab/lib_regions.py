"""The regions of a course's lib."""

from __future__ import annotations

from gradlab import regions
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.regions import Region


def lib_regions(course: Course) -> dict[str, Region]:
    """Return every region of lib by name; two of one name, or a malformed marker anywhere, are an error."""
    found: dict[str, Region] = {}
    for path in sorted(course.lib.rglob("*")):
        if path.suffix != ".py" or not path.is_file() or "__pycache__" in path.parts:
            continue
        shown = course.relative(path)
        for region in regions.find_regions(regions.read_text(path, shown), shown):
            if region.name in found:
                other = found[region.name]
                msg = (
                    f"{shown}:{region.first}: region '{region.name}' stands in "
                    f"{other.filename}:{other.first} already; give each its own name."
                )
                raise GradlabError(msg)
            found[region.name] = region
    return found
