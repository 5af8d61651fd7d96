"""Run one of nbgrader's steps in this process, as its command would."""

from __future__ import annotations

import os

from gradlab import nbgrader_log
from gradlab.course import Course

#: nbgrader's word to notebooks for what they run for.
EXECUTION = "NBGRADER_EXECUTION"


def convert(course: Course, step: str, name: str, student: str, *, force: bool) -> bool:
    """Run one of nbgrader's converters on a student, or ``*`` for all.

    Parameters
    ----------
    course : Course
    step : str
        "Autograde" or "GenerateFeedback".
    name : str
        Assignment.
    student : str
    force : bool
        Do it again where it has been done.

    Returns
    -------
    bool
        False if nbgrader reported that some submission failed; it has said which and why.
    """
    import logging

    from nbgrader import converters
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets import log as traitlets_log

    from gradlab.release import load_config

    config = load_config(course)
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.assignment_id = name
    config.CourseDirectory.student_id = student
    logger = traitlets_log.get_logger()
    nbgrader_log.install()
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    handler.setFormatter(logging.Formatter("%(message)s"))
    converter = getattr(converters, step)(coursedir=CourseDirectory(config=config), config=config)
    converter.force = force
    logger.addHandler(handler)
    before = os.environ.get(EXECUTION)
    try:
        converter.start()
    except NbGraderException:
        return False
    finally:
        logger.removeHandler(handler)
        # nbgrader forgets to do this when a submission fails; every check would say "not judged" from then on
        if before is None:
            os.environ.pop(EXECUTION, None)
    return True
