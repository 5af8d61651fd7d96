"""Makes the fixtures of small_notebooks known to all tests of this folder."""

from small_notebooks import build  # noqa: F401
