"""How a check ends when it does not pass.

CheckFailed   (AssertionError)   an answer is missing or wrong; the text is meant for its author
NotJudged     (Exception)        the verdict on this cell is reached elsewhere: while grading, check() decides
nothing
"""

from __future__ import annotations


class CheckFailed(AssertionError):
    """An answer is missing or wrong.

    In a notebook only the message is shown: where in ``lib.check`` it was raised helps nobody.
    """

    def _render_traceback_(self) -> list[str]:
        """Give IPython what to print instead of a traceback."""
        return ["Not passed yet.", *str(self).splitlines()]


class NotJudged(Exception):
    """The check was skipped on purpose, so this cell has earned nothing by running.

    While a submission is graded the student's own kernel must not decide: ``check`` hands over the values
    that it was given and raises this. A grader that does not replace it by a verdict then gives no points,
    never all.
    """

    def _render_traceback_(self) -> list[str]:
        """Give IPython what to print instead of a traceback."""
        return [f"NotJudged: {self}"]
