"""Grade a class with nbgrader's own steps: autograde, feedback, and a PDF report for each submission."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradlab import assignment as assignments
from gradlab import (
    grade_table,
    late_days,
    lock,
    nbgrader_log,
    nbgrader_step,
    papers,
    progress,
    store,
    submission,
)
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.gradebook import back_up
from gradlab.one_after_another import OneAfterAnother
from gradlab.progress import Say

if TYPE_CHECKING:
    from gradlab.engine import Filled

#: Folders below each other in which a notebook is looked for.
DEEPEST = 8
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
        if (
            odd.startswith(".") or _ODD.search(odd) or not _is_text(odd)
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


def _is_text(name: str) -> bool:
    """Tell whether a folder's name is text, and not bytes that stand for none."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    """Run the submissions on all processors, autograde, write feedback and reports.

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
        Shows how far the class is.

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
    from gradlab import bundles, sandbox, verdict

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
        try:
            other = submission.take_lone_notebook(folder, assignment)
        except OSError as error:  # autograde says it again, and goes on with the others
            say(f"  {one}: {nbgrader_log.os_error(error)}")
            continue
        if other:
            say(f"  {one}: {other.name} is taken for {assignment.notebook}, which was not there.")
    saved = back_up(course)
    if saved:
        say(f"Gradebook copied to {course.relative(saved)}.")
    say(f"Running and autograding {len(students)} submission(s) of {name} ...")
    with show(len(students), say) as told:
        filled = run_and_autograde(
            course, assignment, students, force=force, workers=workers, scheduler=scheduler, told=told
        )
    say(f"Autograded; {filled.made} were run now, {len(filled.keys) - filled.made} before.")
    graded = [one for one in students if (course.autograded / one / name).is_dir()]
    problems = dict.fromkeys(set(students) - set(graded), "could not be graded")
    for one in sorted(problems):
        if reason := misplaced(course, assignment, one):
            say(f"  {reason}")
            problems[one] = reason.removeprefix(f"{one}: ")
        elif one in filled.problems:
            problems[one] = filled.problems[one]
    for one, reason in not_judged(course, assignment, graded).items():
        say(f"  {one}: {reason}")
        problems[one] = reason
    if graded:
        report = assignment.report is not None
        say(f"Writing feedback{' and reports' if report else ''} ...")
        for one, missing in papers.write(
            course, name, graded, report=report, workers=workers, say=say
        ).items():
            problems.setdefault(one, missing)
    if unknown := sorted(late_days.unknown(course, name) & set(students)):
        say(
            f"Late, but nobody said when, so it cost nothing: {', '.join(unknown)} (docs/grading.md, section 3)."
        )
    say(f"Table: {course.relative(grade_table.write(course, assignment, problems, filled.seconds))}")
    if student == "*" and not only_failed and not filled.problems:
        bundles.prune(course, name, set(filled.keys.values()))
    return sorted(problems)


def run_and_autograde(
    course: Course,
    assignment: assignments.Assignment,
    students: Sequence[str],
    *,
    force: bool = True,
    workers: int = 0,
    scheduler: str = "",
    told: Callable[[str, int], Any] = lambda student, left: None,
) -> Filled:
    """Run submissions on all processors, and let nbgrader autograde those that have been run, beside it.

    nbgrader writes the gradebook, so it takes one student at a time; where there are many workers it would be at it for as long
    again if it began when they had ended.

    Parameters
    ----------
    course, assignment, students, force, workers, scheduler
        As for ``grade``.
    told : callable (student, left)
        Is called when a student is graded, or cannot be, with the number of students left.

    Returns
    -------
    Filled
        What running gave; what autograding gave stands in the gradebook and in autograded/.

    Raises
    ------
    GradlabError
        If this machine or the cluster can run nothing.
    """
    from gradlab import engine

    left = len(students)

    def autograde(student: str) -> None:
        nonlocal left
        if force:
            _forget(course, assignment, student)
        nbgrader_step.convert(course, "Autograde", assignment.name, student, force=force)
        left -= 1
        told(student, left)

    with OneAfterAnother(autograde) as autograding:
        filled = engine.fill(
            course,
            assignment,
            students,
            workers=workers,
            scheduler=scheduler,
            told=lambda student, _: autograding.put(student),
        )
        for student in students:
            if student not in filled.keys:  # nbgrader says what is wrong with it
                autograding.put(student)
    return filled


def _forget(course: Course, assignment: assignments.Assignment, student: str) -> None:
    """Take back what an earlier run left, so that a submission that breaks down keeps no points of the one before."""
    from gradlab.nbgrader_autograde import forget_scores

    if course.gradebook.is_file():
        notebook = assignment.notebook.removesuffix(".ipynb")
        names = {"notebook": notebook, "assignment": assignment.name, "student": student}
        forget_scores({"db_url": f"sqlite:///{course.gradebook}", **names})
    folder = course.autograded / student / assignment.name
    # what cannot be removed stands in autograde's way as well, which says so and goes on with the others
    with contextlib.suppress(OSError, RecursionError):
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
    deeper = []
    for depth in range(1, DEEPEST):  # a search without end would end in a submission's folders
        deeper += [path for path in folder.glob("*/" * depth + assignment.notebook) if path.is_file()]
    if deeper:
        return f"{student}: {assignment.notebook} lies in {course.relative(deeper[0].parent)}; move its files up to {shown}."
    packed = sorted(path.name for path in folder.glob("*.zip"))
    if packed:
        why = "damaged, or more than `nbgrader zip_collect` unpacks; it has said which"
        return f"{student}: {shown} holds {packed[0]}, which stayed packed ({why}). Unpack it by hand, or ask the student for another."
    return (
        f"{student}: {shown} holds no notebook, wanted {assignment.notebook}; ask the student to hand it in."
    )
