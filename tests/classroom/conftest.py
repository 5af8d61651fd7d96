"""What the tests of a course's paperwork share: a tiny released course in which students hand in."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "verdict"))

from tiny_fixtures import _environment, course, released

__all__ = ["_environment", "course", "released"]
