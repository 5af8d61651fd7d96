"""Options of the whole test suite."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_grading_left_over() -> Iterator[None]:
    """Take back what nbgrader leaves in the environment when it fails in this process."""
    yield
    os.environ.pop("NBGRADER_EXECUTION", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one command that accepts a changed release: ``pytest tests/release --update-goldens``."""
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the golden files anew instead of comparing with them",
    )
