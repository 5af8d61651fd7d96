"""docs/security.md and the attacks that are tested are the same list."""

from __future__ import annotations

from pathlib import Path

from table import ELSEWHERE, PAGE, sections, written

ROOT = Path(__file__).resolve().parents[2]


def test_page_and_tests_agree() -> None:
    """Whoever adds an attack writes the page anew: ``python -m tests.hostile.table``."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page)


def test_no_attack_is_listed_twice() -> None:
    """Names are students' names, and what is tried is said once."""
    for column in (0, 3):
        names = [
            row[column] for title, _, rows in sections() for row in rows if row[3] and "cells" not in title
        ]
        assert len(set(names)) == len(names)


def test_what_is_tested_elsewhere_is_there() -> None:
    """A renamed test does not leave a claim behind."""
    for *_, path, name in ELSEWHERE:
        assert (
            f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") if name else (ROOT / path).is_file()
        )
