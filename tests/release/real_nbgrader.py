"""nbgrader as a person runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gradlab.course import Course

PROJECT = Path(__file__).resolve().parents[2]


def nbgrader(course: Course, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real program in a course."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "JUPYTER_PLATFORM_DIRS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nbgrader", *arguments],
        cwd=course.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
