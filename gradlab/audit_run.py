"""Audit some submissions of a class, picked at random: the whole of ``gradlab audit``."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gradlab import assignment as assignments
from gradlab import audit_page, grading, notebook_pictures, sandbox, submission
from gradlab.audit import Audit, Finding, audit, beside_run
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.retrain import retrain
from lib.manifest import Manifest, read_manifest

Say = Callable[[str], Any]


def run(
    course: Course,
    name: str,
    *,
    sample: int = 10,
    seed: int = 0,
    student: str = "*",
    retrained: int = 0,
    say: Say = print,
) -> tuple[int, Path]:
    """Audit a sample of the submissions of an assignment; write a page and the same as JSON.

    Parameters
    ----------
    course : Course
    name : str
    sample : int
        How many submissions; 0 for all.
    seed : int
        The same seed picks the same submissions.
    student : str
        Only this one.
    retrained : int
        How many of them are trained again.
    say : callable

    Returns
    -------
    looks : int
        How many things a person has to look at.
    page : Path
        ``reports/<name>_audit.html``.

    Raises
    ------
    GradlabError
        If the assignment asks for no report, nobody handed in, or training is asked for and cannot be had.
    """
    assignment = assignments.load(course, name)
    manifest = read_manifest(course.source / name)
    if not manifest.pdf or not manifest.parts:
        msg = f"source/{name}/assignment.toml asks for no report, so there is no PDF to audit."
        raise GradlabError(msg)
    if sample < 0 or retrained < 0:
        msg = f"--sample {sample} --retrain {retrained}: wanted numbers of submissions, 0 or more."
        raise GradlabError(msg)
    if retrained:
        sandbox.require()
    everybody = grading.submissions(course, name)
    chosen = grading.submissions(course, name, student) if student != "*" else choose(everybody, sample, seed)
    say(f"Auditing {len(chosen)} of {len(everybody)} submission(s) of {name} ...")
    marks = marks_of_class(course, manifest, everybody)
    audits, sections = [], []
    for number, one in enumerate(chosen):
        done = audit(course, manifest, one, marks)
        if number < retrained:
            say(f"  {one}: training again ...")
            _train_again(course, assignment, manifest, done)
        sections.append(audit_page.section(number, done, manifest))
        done.forget_pictures()
        audits.append(done)
        say(f"  {one}: {summary(done)}")
        for line in done.to_look_at():
            say(f"    look: {line}")
    told = {"assignment": name, "seed": seed, "sample": sample, "handed_in": len(everybody)}
    title = f"{assignment.title}: plots of {len(chosen)} of {len(everybody)} submissions"
    page = course.reports / f"{name}_audit.html"
    _write(page, audit_page.page(title, audits, sections, seed=None if student != "*" else seed))
    students = [as_json(one) for one in audits]
    _write(
        page.with_suffix(".json"),
        json.dumps({**told, "students": students}, indent=1, ensure_ascii=False) + "\n",
    )
    return sum(one.looks for one in audits), page


def choose(students: Sequence[str], sample: int, seed: int) -> list[str]:
    """Pick students at random; the same seed picks the same, and somebody who hands in later moves few others.

    Examples
    --------
    >>> choose(["ada", "ben", "cem", "dora"], 2, 7) == choose(["dora", "cem", "ben", "ada"], 2, 7)
    True
    """
    drawn = sorted(students, key=lambda name: hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest())
    return sorted(drawn[:sample] if sample else drawn)


def marks_of_class(
    course: Course, manifest: Manifest, students: Sequence[str]
) -> dict[str, list[tuple[str, int]]]:
    """Return mark of the pixels -> (student, cell) of everybody whose notebook shows that plot."""
    found: dict[str, list[tuple[str, int]]] = {}
    for student in students:
        path = course.submitted / student / manifest.name / manifest.notebook
        try:
            notebook = submission.read_notebook(path, path.name)
        except (GradlabError, OSError):
            continue  # whoever audits that student is told
        for plot in notebook_pictures.plots(notebook, manifest):
            if plot.mark:
                found.setdefault(plot.mark, []).append((student, plot.cell))
    return found


def _train_again(course: Course, assignment: assignments.Assignment, manifest: Manifest, done: Audit) -> None:
    """Add to an audit what the submission shows when its network is trained anew."""
    try:
        done.retrained = retrain(course, assignment, manifest, done.student)
    except GradlabError as error:
        done.problems.append(f"not trained again: {error}")
        return
    done.trained_again = [Finding(finding.plot, outcome="") for finding in done.findings]
    beside_run(done.trained_again, done.retrained.plots)


def summary(done: Audit) -> str:
    """Say in a line what came out."""
    counted = [finding.outcome for finding in done.findings if not finding.needs_look]
    words = [f"{counted.count(kind)} {kind}" for kind in ("identical", "same data") if kind in counted]
    words += [f"{done.looks} to look at"] if done.looks else []
    return ", ".join(words) or "no plots"


def as_json(done: Audit) -> dict[str, Any]:
    """Return an audit without its pictures."""

    def plot(finding: Finding) -> dict[str, Any]:
        drawn = finding.drawn
        return {
            "part": finding.plot.part,
            "cell": finding.plot.cell,
            "outcome": finding.outcome,
            "why": finding.why,
            "page": drawn.page if drawn else None,
            "beside_run": finding.run,
            "beside_run_why": finding.run_why,
            "notes": finding.notes,
            "likeness": round(finding.likeness, 4),
            "needs_look": finding.needs_look,
        }

    return {
        "student": done.student,
        "pdf": done.pdf,
        "num_pages": done.num_pages,
        "looks": done.looks,
        "problems": done.problems,
        "order": done.order,
        "notes": done.notes,
        "plots": [plot(finding) for finding in done.findings],
        "other_pictures": [
            {"page": extra.drawn.page, "from": extra.where, "look": extra.why} for extra in done.extras
        ],
        "trained_again": done.retrained
        and {
            "seconds": round(done.retrained.seconds, 1),
            "notes": done.retrained.notes,
            "plots": [{"part": f.plot.part, "outcome": f.run, "why": f.run_why} for f in done.trained_again],
        },
    }


def _write(path: Path, text: str) -> None:
    """Write a file as a whole, or leave the old one."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
