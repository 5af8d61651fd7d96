"""What the tools raise when a person has to do something.

GradlabError          one sentence that names the thing and what to do; the command line prints it and exits with 1
└── ReleaseRefused    a release would give something away; carries the findings
MachineFull           a submission was stopped because this machine had nothing left; it is tried again
"""

from __future__ import annotations

from collections.abc import Sequence


class GradlabError(Exception):
    """A mistake that a person can put right. The text is one sentence for them, never a traceback."""


class ReleaseRefused(GradlabError):
    """A release would give something away, so there is none.

    Attributes
    ----------
    findings : tuple
        Every finding, in reading order; ``str(finding)`` is a line for the user.
    """

    def __init__(self, assignment: str, findings: Sequence[object]) -> None:
        self.findings = tuple(findings)
        more = len(self.findings) - 1
        tail = f" (and {more} more)" if more else ""
        super().__init__(f"{assignment} is not released: {self.findings[0]}{tail}")


class MachineFull(RuntimeError):
    """A submission ran while this machine had almost no memory or disk left, which says nothing about the submission."""
