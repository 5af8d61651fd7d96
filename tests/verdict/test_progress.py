"""What a grader sees while a class is graded."""

from __future__ import annotations

import io

from rich.console import Console

from gradlab import progress


def test_lines_are_rare_and_the_last_one_comes() -> None:
    """Three submissions within a minute are one line."""
    said: list[str] = []
    with progress.bar(Console(file=io.StringIO()))(3, said.append) as told:
        for left in (2, 1, 0):
            told("ada", left)
    assert said == ["  3 of 3 are done."]


def test_lines_estimate_what_is_left(monkeypatch) -> None:
    """After a minute there is a word on the rest."""
    now = iter([0.0, 61.0, 62.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    said: list[str] = []
    with progress.lines(4, said.append) as told:
        told("ada", 3)
        told("bob", 2)
    assert said == ["  1 of 4 are done, about 3 min to go."]


def test_terminal_gets_a_bar() -> None:
    """Counts, the student's name as it is, and time left."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with progress.bar(console)(4, print) as told:
        told("[red]ada", 2)
    assert "[red]ada" in screen.getvalue()
    assert "2/4" in screen.getvalue()
