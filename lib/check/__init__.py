"""Checks that a student runs in the notebook: ``check("conv_forward")``.

A check of code in ``lib`` runs in a fresh process, so an edited file is always the one checked. Objects of
the notebook are checked where they are: ``check("training", results=results, model=model, data=data_dict)``.
A passed check prints what it did, a failed one raises ``CheckFailed`` with the symptom.
"""

from __future__ import annotations

from lib.check.errors import CheckFailed, NotJudged

__all__ = ["CheckFailed", "NotJudged", "check"]


def check(name: str, **objects):
    """Check the answer to the exercise ``name``.

    Parameters
    ----------
    name : str
        An exercise, e.g. ``"conv_forward"``.
    **objects
        What lives in the notebook and belongs to the answer, e.g. ``im_array=…, nrows=…, ncols=…``.

    Raises
    ------
    CheckFailed
        If the answer is missing or wrong; the message says what to look at.
    NotJudged
        While a submission is graded: the grader decides, from the files and values handed in.
    ConfigError
        If there is no such check.
    """
    import os

    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        from lib.check.values import export_values

        export_values(name, objects, os.environ.get("GRADLAB_VALUES"))
        msg = f"{name} is not judged here: the grader decides, outside this notebook."
        raise NotJudged(msg)

    try:
        from lib.check.families import family_of
        from lib.check.run import run_check

        family = family_of(name)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("lib."):
            raise
        msg = (
            f"{error.name.replace('.', '/')}.py is missing; unpack the release again and take it from there."
        )
        raise CheckFailed(msg) from None
    if name in family.OBJECT_CHECKS:
        family.OBJECT_CHECKS[name](**objects)
    else:
        run_check(name, family.CHECKS[name])
