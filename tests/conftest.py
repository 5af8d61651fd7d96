"""Options of the whole test suite."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from gradlab import sandbox


@pytest.fixture(autouse=True, scope="session")
def _ours() -> Iterator[None]:
    """Grade without a sandbox where none can be had: whatever this suite hands in, it wrote itself."""
    with sandbox.trust("the tests' own submissions"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c() -> None:
    """Let Ctrl-C interrupt also where a shell started this in the background, deaf to it: training is tested with it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a sandbox where there is none, and say why."""
    if item.get_closest_marker("needs_sandbox") and not sandbox.isolated():
        pytest.skip(sandbox.why_not())


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
