"""Find the lib that is checked, and where in it and in the notebook an exercise stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

#: What a region that was not filled in raises, see the stubs of a release.
NOT_WRITTEN = re.compile(r"^(?P<region>[\w-]+) is not written yet: (?P<file>[^,]+), (?P<name>[\w.]+)")


def lib_root() -> Path:
    """Return the folder that holds the lib which is imported here."""
    return Path(__file__).resolve().parents[2]


def settings(root=None) -> dict:
    """Read the ``assignment.toml`` of the notebook's folder or of lib's; empty when there is none."""
    for folder in (Path.cwd(), root or lib_root()):
        path = folder / "assignment.toml"
        if path.is_file():
            try:
                return tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return {}
    return {}


def section(region: str) -> str:
    """Say where a region is asked for: ``", section 3 of the notebook"``, or nothing."""
    for exercise in settings().get("exercise", []):
        if region in exercise.get("regions", []):
            return f", section {exercise['heading']} of the notebook"
    return ""


def not_written(message: str) -> str:
    """Turn the message of an unfilled region into a sentence for its author; empty for any other message."""
    found = NOT_WRITTEN.match(message)
    if not found:
        return ""
    return (
        f"not written yet: {found['region']} in {found['file']} ({found['name']}){section(found['region'])}"
    )
