"""The whole way on offline sample data: release, four submissions of our own, grades, feedback, PDF reports.

The submissions are made here, so what each must earn is known, and the demo says if one earns something else.
"""

from __future__ import annotations

import functools
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console

from gradlab import grading, lock, sandbox, store
from gradlab import manifest as manifests
from gradlab import notebook as notebooks
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.gate import run_gate
from gradlab.personas import PREFIX, Persona, load_personas
from gradlab.release import release
from gradlab.sample import prepare
from gradlab.scores import Score, read_scores, show_scores
from gradlab.student import work_through
from gradlab.variants import fill_in, load_variant
from gradlab.verdict_cells import is_machine_graded


def run_demo(course: Course, name: str, console: Console, *, dataset: str = "sample") -> None:
    """Run the demo in a course.

    Parameters
    ----------
    course : Course
    name : str
        Assignment. Its release is made if there is none.
    console : rich.console.Console
    dataset : "sample" or "real"
        "real" takes what lies in data/; what training earns is then not foretold.

    Raises
    ------
    GradlabError
        If students other than the demo's have handed in, or a submission did not earn what it deserves.
    """
    assignment = load(course, name)
    with lock.hold(course, f"demo-{name}", f"gradlab demo {name}"):
        _run(course, assignment, console, dataset)


def _run(course: Course, assignment: Assignment, console: Console, dataset: str) -> None:
    """Run a demo that nobody else runs; for the gradebook it waits, others may run theirs."""
    begin, name = time.monotonic(), assignment.name
    personas = load_personas(course, assignment)
    _refuse_strangers(course, name)
    os.environ["GRADLAB_DATASET"] = dataset
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - begin:4.0f} s] {text}", markup=False)

    if dataset == "sample" and assignment.dataset:
        folder, made = prepare(course, assignment)
        say(f"{'Made' if made else 'Found'} the offline SAMPLE data in {course.relative(folder)}.")
    alone = functools.partial(lock.hold, course, "grade", f"gradlab demo {name}", patience=math.inf, say=say)
    with alone():
        released = _release(course, assignment, say)
    _make_submissions(course, assignment, personas, released, say)
    if not sandbox.isolated():
        say(
            f"No sandbox: {sandbox.why_not()} The demo's submissions are its own and run without; grading strangers would "
            "be refused (gradlab doctor)."
        )
    with alone(), sandbox.trust("made by the demo"):
        failed = grading.grade(course, name, say=say)
    if failed:
        msg = f"the demo could not grade {', '.join(failed)}; the reasons stand above."
        raise GradlabError(msg)
    _show(course, assignment, personas, console)
    surprises = check_scores(read_scores(course, assignment), personas, foretell_training=dataset == "sample")
    surprises += _failed_cells(course, assignment, personas)
    if surprises:
        lines = "".join(f"\n  {line}" for line in surprises)
        msg = f"the demo's submissions did not earn what they deserve:{lines}"
        raise GradlabError(msg)
    say("Each submission earned what it deserves.")


def check_scores(
    scores: dict[str, dict[str, Score]], personas: Mapping[str, Persona], *, foretell_training: bool = True
) -> list[str]:
    """Return one line for every item of a demo student that is not scored as it deserves."""
    wrong = []
    for student, persona in personas.items():
        for exercise, score in scores.get(student, {}).items():
            if score.of == 0:
                right, wanted = not score.points, "nothing before a person looks"
            elif persona.variant is None or exercise in (*persona.unanswered, *persona.none):
                right, wanted = score.points == 0, "0"
            elif score.by_hand:
                right, wanted = score.points is None, "nothing before a person looks"
            elif exercise in persona.partly:
                right, wanted = score.points is not None and 0 < score.points < score.of, "some but not all"
            elif exercise == "training" and not foretell_training:
                continue
            else:
                right, wanted = score.points == score.of, f"{score.of:g}"
            if not right:
                wrong.append(f"{student}, {exercise}: {score} of {score.of:g}, wanted {wanted}")
        if student not in scores:
            wrong.append(f"{student}: not in the gradebook")
    return wrong


def _failed_cells(course: Course, assignment: Assignment, personas: Mapping[str, Persona]) -> list[str]:
    """Return one line for every cell that ends with an error where the reference is graded: none may."""
    wrong = []
    for student, persona in personas.items():
        if persona.variant != "" or persona.unanswered:
            continue
        path = course.autograded / student / assignment.name / assignment.notebook
        notebook = notebooks.read(path, course.relative(path))
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code" or is_machine_graded(cell):
                continue
            for output in cell.outputs:
                if output.output_type == "error" and output.ename != "NotJudged":
                    wrong.append(f"{student}, cell {number}: {output.ename}: {output.evalue}")
    return wrong


def _refuse_strangers(course: Course, name: str) -> None:
    """The demo may grade without a sandbox, so it must never touch a real submission or its grades."""
    others = [
        path.parent.name
        for path in course.submitted.glob(f"*/{name}")
        if not path.parent.name.startswith(PREFIX)
    ]
    if others:
        msg = (
            f"submitted/ holds {others[0]}/{name}, which is not the demo's; run the demo in a fresh clone, so that "
            "real submissions and grades stay apart."
        )
        raise GradlabError(msg)


def _release(course: Course, assignment: Assignment, say: Callable[[str], None]) -> Path:
    """Return the latest release; make it if there is none."""
    target = course.release / assignment.name
    if target.is_dir():
        version = manifests.read(target, course.relative(target)).version
        say(
            f"Found release/{assignment.name}, version {version}; gradlab release {assignment.name} --force renews it."
        )
        return store.get(course, assignment.name, version)
    say(
        f"Releasing {assignment.name}: stripping the answers, running reference and stub through the gate ..."
    )
    made = release(
        course,
        assignment.name,
        force=True,
        gate=functools.partial(run_gate, say=lambda line: say(f"  {line}")),
    )
    say(f"Released {course.relative(made.folder)} and {course.relative(made.zip)}, version {made.version}.")
    return made.kept


def _make_submissions(
    course: Course,
    assignment: Assignment,
    personas: Mapping[str, Persona],
    released: Path,
    say: Callable[[str], None],
) -> None:
    """Let the students work, two at a time, and hand in."""
    aside = course.private / "demo" / assignment.name
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    for student, persona in personas.items():
        bodies = None
        if persona.variant is not None:
            bodies = load_variant(course, assignment.name, persona.variant) if persona.variant else {}
        fill_in(
            course,
            assignment,
            released,
            aside / student,
            bodies=bodies,
            unanswered=frozenset(persona.unanswered),
        )
    say(f"{len(personas)} students work through the notebook: training, saving the model, making the PDF ...")
    with ProcessPoolExecutor(
        max_workers=min(2, os.cpu_count() or 1), mp_context=get_context("spawn")
    ) as pool:
        jobs = {s: pool.submit(_work, str(course.root), assignment.name, str(aside / s)) for s in personas}
        for student, job in jobs.items():
            say(f"  {student} ({personas[student].story}): {job.result():.0f} s")
    for student in personas:
        target = course.submitted / student / assignment.name
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        for name in ("checkpoint.npz", "model.previous.npz"):
            (aside / student / name).unlink(missing_ok=True)
        shutil.move(aside / student, target)
    shutil.rmtree(aside, ignore_errors=True)


def _work(root: str, name: str, folder: str) -> float:
    """Do one student's work in a process of its own; return the seconds it took."""
    begin = time.monotonic()
    course = Course(root)
    course.activate()
    work_through(course, load(course, name), Path(folder))
    command = [sys.executable, "-m", "lib.report", "--no-execute"]
    # a missing part is the student's affair: the exit code says so and the PDF is there
    subprocess.run(command, cwd=folder, env=sandbox.environment(), capture_output=True, check=False)
    for cache in Path(folder).rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)
    return time.monotonic() - begin


def _show(course: Course, assignment: Assignment, personas: Mapping[str, Persona], console: Console) -> None:
    """Print the table and the paths to open."""
    console.print()
    show_scores(course, assignment.name, console)
    console.print("– means that a person has not graded it yet: make lab, then open Formgrader.\n")
    pdf = assignment.report.pdf if assignment.report else ""
    notebook = assignment.notebook.removesuffix(".ipynb")
    for student, persona in personas.items():
        console.print(f"{student}: {persona.story}")
        if pdf:
            console.print(f"  report    reports/{student}/{assignment.name}/{pdf}")
        console.print(f"  feedback  feedback/{student}/{assignment.name}/{notebook}.html")
    console.print(f"\nrelease for students: release/{assignment.name}.zip\n")
