"""Grade a class with nbgrader's own steps: autograde, feedback, and a PDF report for each submission."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence

from gradlab import assignment as assignments
from gradlab import grade_table, lock, nbgrader_log, progress, store, submission
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.gradebook import back_up
from gradlab.progress import Say

#: nbgrader's word to notebooks for what they run for.
EXECUTION = "NBGRADER_EXECUTION"
_ODD = re.compile(r"[\x00-\x1f\[\]*?]")


def submissions(course: Course, name: str, student: str = "*") -> list[str]:
    """Return the students who handed in an assignment.

    Raises
    ------
    GradlabError
        If nobody did, or not the one who is named.
    """
    found = sorted(path.parent.name for path in course.submitted.glob(f"*/{name}") if path.is_dir())
    for odd in found:
        if odd.startswith(".") or _ODD.search(
            odd
        ):  # nbgrader would stop at it, or pass it over without a word
            msg = (
                f"submitted/ holds a folder named {odd!r}, which nbgrader cannot read; rename it: letters, digits, "
                "-, _ and . are safe."
            )
            raise GradlabError(msg)
    if student != "*":
        if student not in found:
            listed = ", ".join(found[:12]) + (", ..." if len(found) > 12 else "") or "nobody"
            msg = f"submitted/{student}/{name} does not exist; {listed} handed in {name}."
            raise GradlabError(msg)
        return [student]
    if not found:
        msg = f"submitted/ holds no submission of {name}; put each into submitted/<student>/{name}/."
        raise GradlabError(msg)
    return found


@lock.holding("grade", "gradlab grade")
def grade(
    course: Course,
    name: str,
    *,
    student: str = "*",
    force: bool = True,
    say: Say = print,
    workers: int = 0,
    scheduler: str = "",
    only_failed: bool = False,
    show: progress.Show = progress.lines,
) -> list[str]:
    """Run the submissions on all processors, then autograde, write feedback and reports.

    Killed at any moment and called again, it goes on with the submissions that have not been run.

    Parameters
    ----------
    course : Course
    name : str
    student : str
        One student, or ``*`` for all.
    force : bool
        Grade again what is graded already. Manual scores stay.
    say : callable
        Is told what happens, a line at a time.
    workers : int
        Processes that run submissions; 0: as many as there are processors.
    scheduler : str
        Address of a Dask scheduler whose workers run the submissions instead.
    only_failed : bool
        Only those who needed attention the last time.
    show : progress.Show
        Shows how far the running is.

    Returns
    -------
    list of str
        Students whose submission could not be graded, or who got no report. The others have both.

    Raises
    ------
    GradlabError
        If nobody can be graded: no such assignment, release, submission, data set or sandbox, a damaged gradebook.
    """
    # they know the course's lib, which is importable once the course is active
    from gradlab import bundles, engine, sandbox, verdict

    assignment = assignments.load(course, name)
    store.get(course, name)  # a class can only be graded against the release that it had
    students = submissions(course, name, student)
    if only_failed:
        students = [one for one in students if one in grade_table.failed(course, name)]
        if not students:
            say(f"Nobody needed attention when {name} was graded last.")
            return []
    verdict.require_data(course, assignment)
    sandbox.require()
    for one in students:
        folder = course.submitted / one / name
        if other := submission.take_lone_notebook(folder, assignment):
            say(f"  {one}: {other.name} is taken for {assignment.notebook}, which was not there.")
    saved = back_up(course)
    if saved:
        say(f"Gradebook copied to {course.relative(saved)}.")
    say(f"Running {len(students)} submission(s) of {name} ...")
    with show(len(students), say) as told:
        filled = engine.fill(course, assignment, students, workers=workers, scheduler=scheduler, told=told)
    if force:
        for one in students:
            _forget(course, assignment, one)
    say(f"Autograding ({filled.made} were run now, {len(filled.keys) - filled.made} before) ...")
    for one in students if only_failed else [student]:
        convert(course, "Autograde", name, one, force=force)
    graded = [one for one in students if (course.autograded / one / name).is_dir()]
    problems = dict.fromkeys(set(students) - set(graded), "could not be graded")
    for one in sorted(problems):
        if reason := misplaced(course, assignment, one):
            say(f"  {reason}")
            problems[one] = reason
        elif one in filled.problems:
            problems[one] = filled.problems[one]
    for one, reason in not_judged(course, assignment, graded).items():
        say(f"  {one}: {reason}")
        problems[one] = reason
    if graded:
        say("Writing feedback ...")
        for one in graded if only_failed else [student]:
            convert(course, "GenerateFeedback", name, one, force=True)
    if graded and assignment.report:
        say("Writing reports ...")
        problems |= dict.fromkeys(make_reports(course, name, graded, say), "no report")
    say(f"Table: {course.relative(grade_table.write(course, assignment, problems, filled.seconds))}")
    if student == "*" and not only_failed and not filled.problems:
        bundles.prune(course, name, set(filled.keys.values()))
    return sorted(problems)


def _forget(course: Course, assignment: assignments.Assignment, student: str) -> None:
    """Take back what an earlier run left, so that a submission that breaks down keeps no points of the one before."""
    from gradlab.nbgrader_autograde import forget_scores

    if course.gradebook.is_file():
        notebook = assignment.notebook.removesuffix(".ipynb")
        names = {"notebook": notebook, "assignment": assignment.name, "student": student}
        forget_scores({"db_url": f"sqlite:///{course.gradebook}", **names})
    folder = course.autograded / student / assignment.name
    if folder.is_dir():
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)  # nbgrader leaves files, and sometimes folders, read-only
        shutil.rmtree(folder)


def not_judged(course: Course, assignment: assignments.Assignment, students: Sequence[str]) -> dict[str, str]:
    """Return student -> sentence for those of whom a machine-graded exercise has no score."""
    from gradlab.scores import read_scores

    scores = read_scores(course, assignment)
    found = {}
    for student in students:
        items = scores.get(student, {})
        open_items = [name for name, score in items.items() if score.points is None and not score.by_hand]
        if open_items:
            found[student] = f"not judged: {', '.join(open_items)}; the cells in autograded/ say why."
    return found


def misplaced(course: Course, assignment: assignments.Assignment, student: str) -> str:
    """Say where the notebook of a submission lies if it is not where it belongs; nbgrader only passes it over."""
    folder = course.submitted / student / assignment.name
    if any(folder.glob("*.ipynb")):
        return ""  # there is one, and grading it has said what is wrong
    shown = course.relative(folder)
    deeper = sorted(path for path in folder.rglob(assignment.notebook) if path.is_file())
    if deeper:
        return f"{student}: {assignment.notebook} lies in {course.relative(deeper[0].parent)}; move its files up to {shown}."
    packed = sorted(path.name for path in folder.glob("*.zip"))
    if packed:
        why = "damaged, or more than `nbgrader zip_collect` unpacks; it has said which"
        return f"{student}: {shown} holds {packed[0]}, which stayed packed ({why}). Unpack it by hand, or ask the student for another."
    return (
        f"{student}: {shown} holds no notebook, wanted {assignment.notebook}; ask the student to hand it in."
    )


def make_reports(course: Course, name: str, students: Sequence[str], say: Say) -> list[str]:
    """Write the PDF of each student's graded submission.

    Parameters
    ----------
    course : Course
    name : str
        Assignment.
    students : sequence of str
    say : callable
        Is told, a line for each student, the path of the PDF or why there is none.

    Returns
    -------
    list of str
        Students without a new report, in the order given: not graded yet, or something in their notebook
        can not be shown. It costs nobody else theirs.
    """
    from gradlab.report import make_report

    failed = []
    for student in students:
        try:
            line = course.relative(make_report(course, name, student))
        except GradlabError as error:
            line = str(error)
            failed.append(student)
        except Exception as error:  # what a stranger's files make libraries raise, nobody can list
            reason = nbgrader_log.sentence(error) or f"{type(error).__name__}: {error}"
            line = f"{student}, {name}: no report; {' '.join(reason.split())[:300]}"
            failed.append(student)
        say(f"  {line}")
    return failed


def convert(course: Course, step: str, name: str, student: str, *, force: bool) -> bool:
    """Run one of nbgrader's converters in this process, as its command would.

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
