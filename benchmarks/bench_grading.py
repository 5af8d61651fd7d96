"""Grading a class, beside stock nbgrader on the same submissions in the same run: ``python -m benchmarks.bench_grading``.

Both get the same copies of one worked-through submission. Stock nbgrader 0.9.6 runs each notebook in the grader's own account, its
checks inside the notebook, one after the other. gradlab runs each in the sandbox, calls the probes, and lets the judges decide; its
workers are as many as there are processors. They take turns, so that a busy machine slows both alike. What is compared is
autograding; feedback and reports are measured apart.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

#: A course of stock nbgrader: nothing of gradlab's in its configuration.
STOCK = """\
c = get_config()
c.Execute.timeout = 300
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
c.Autograde.exclude_overwriting = {{"{name}": {owned!r}}}
"""
#: Stock nbgrader's word to notebooks makes our checks hand over values instead of checking; here they have to check.
CHECKS_DECIDE = "import os\nos.environ.pop('NBGRADER_EXECUTION', None)\n"


def make_course(root: Path, name: str):
    """Copy the project, release an assignment, and return course, assignment and release."""
    from gradlab.assignment import load
    from gradlab.course import Course
    from gradlab.release import release
    from gradlab.sample import prepare

    root.mkdir()
    for part in ("lib", "exercises", "source", "nbgrader_config.py", "requirements.lock", "get_datasets.sh"):
        path = PROJECT / part
        if path.is_dir():
            shutil.copytree(path, root / part, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
        else:
            shutil.copy(path, root / part)
    (root / "data").mkdir()
    shutil.copy(PROJECT / "data" / "registry.toml", root / "data")
    course = Course(root)
    course.activate()
    assignment = load(course, name)
    os.environ["GRADLAB_DATASET"] = "sample"
    prepare(course, assignment)
    return course, assignment, release(course, name).kept


#: Of a large class so many hand in different notebooks; the others copy, and what was run once is not run again.
DIFFERENT = 20


def hand_in(course, assignment, released: Path, num: int, *, light: bool = False) -> list[str]:
    """Let one student work through the notebook, and hand in ``num`` copies that differ by a comment.

    ``light`` copies compute nothing of their own, and from the 21st on are like an earlier one, so that what a class costs the
    coordinator can be seen within minutes.
    """
    from gradlab.student import work_through
    from gradlab.variants import fill_in

    model = course.root / "worked"
    fill_in(course, assignment, released, model, bodies={})
    if light:
        path = model / assignment.notebook
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader", {}).get("solution"):
                cell["source"] = ""
        path.write_text(json.dumps(notebook), encoding="utf-8")
    else:
        work_through(course, assignment, model)
    students = [f"student-{i:03d}" for i in range(num)]
    for number, student in enumerate(students):
        target = course.submitted / student / assignment.name
        shutil.copytree(model, target, ignore=shutil.ignore_patterns("__pycache__"))
        path = target / assignment.notebook
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cell = next(
            c
            for c in notebook["cells"]
            if c["metadata"].get("nbgrader", {}).get("solution") and c["cell_type"] == "code"
        )
        cell["source"] = "".join(cell["source"]) + f"\n# {number % DIFFERENT if light else number}"
        path.write_text(json.dumps(notebook), encoding="utf-8")
    return students


def make_stock(root: Path, course, assignment, released: Path) -> None:
    """Make the same class for stock nbgrader."""
    from gradlab import manifest as manifests

    owned = manifests.read(released, "release").owned_by("student")
    root.mkdir()
    shutil.copytree(released, root / "source" / assignment.name)
    path = root / "source" / assignment.name / assignment.notebook
    notebook = json.loads(path.read_text(encoding="utf-8"))
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    first["source"] = CHECKS_DECIDE + "".join(first["source"])
    path.write_text(json.dumps(notebook), encoding="utf-8")
    shutil.copytree(course.submitted, root / "submitted")
    config = STOCK.format(name=assignment.name, owned=owned)
    (root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    nbgrader(root, course, "generate_assignment", assignment.name, "--force")


def nbgrader(root: Path, course, *words: str) -> float:
    """Run a command of nbgrader; return its seconds."""
    env = {
        **os.environ,
        "GRADLAB_DATA": str(course.data),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    env.pop("PYTHONPATH", None)
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"nbgrader {' '.join(words)} failed:\n{done.stderr[-3000:]}")
    return time.monotonic() - begin


def stock_scores(root: Path, name: str) -> set[float]:
    """Return the scores that stock nbgrader gave."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        return {one.score for one in gradebook.assignment_submissions(name)}


def ours(course, assignment, students: list[str], workers: int) -> float:
    """Run and autograde the class as ``gradlab grade`` does; return the seconds."""
    from gradlab import grading

    shutil.rmtree(course.private / "bundles", ignore_errors=True)
    begin = time.monotonic()
    filled = grading.run_and_autograde(course, assignment, students, workers=workers)
    if filled.problems or filled.made < min(len(students), DIFFERENT):
        sys.exit(f"{filled.made} of {len(students)} were run: {filled.problems}")
    return time.monotonic() - begin


#: What ``gradlab grade`` does before it writes feedback and reports, as a program of its own: stock nbgrader is one as well.
ALONE = """\
import sys
from gradlab.course import Course
course = Course.find()
from gradlab.assignment import load
from gradlab.grading import run_and_autograde, submissions
name, workers = sys.argv[1:]
run_and_autograde(course, load(course, name), submissions(course, name), workers=int(workers))
"""


def ours_alone(course, name: str, workers: int) -> float:
    """Run and autograde the class in a program of its own; return the seconds."""
    shutil.rmtree(course.private / "bundles", ignore_errors=True)
    begin = time.monotonic()
    command = [sys.executable, "-c", ALONE, name, str(workers)]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"grading failed:\n{done.stderr[-3000:]}")
    return time.monotonic() - begin


def inside(course, name: str) -> dict[str, float]:
    """Return where the seconds of a submission go, means over the class, on one worker."""
    told = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (course.private / "bundles" / name).glob("*/execution.json")
    ]
    parts: dict[str, float] = {}
    for one in told:
        for part, seconds in one["parts"].items():
            parts[part] = parts.get(part, 0.0) + seconds / len(told)
    return parts


def main() -> None:
    """Print rates, their ratio, and where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", nargs="?", default="cnn_svhn")
    parser.add_argument("--submissions", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--growth", type=int, nargs="*", default=[], help="instead: gradlab alone, on so many submissions"
    )
    parser.add_argument("--reports", type=int, default=0, help="instead: so many PDF reports in one run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-grading-", ignore_cleanup_errors=True) as scratch:
        course, assignment, released = make_course(Path(scratch) / "course", options.assignment)
        num = max([options.submissions, *options.growth]) if options.growth else options.submissions
        students = hand_in(course, assignment, released, num, light=bool(options.growth))
        if options.growth:
            growth(course, assignment, students, options)
        elif options.reports:
            reports(course, assignment, students, options)
        else:
            compare(Path(scratch) / "stock", course, assignment, released, students, options)


def compare(root: Path, course, assignment, released: Path, students: list[str], options) -> None:
    """Let both grade the class, in turns."""
    name, num = assignment.name, len(students)
    make_stock(root, course, assignment, released)
    stock: list[float] = []
    own: list[float] = []
    for _ in range(options.rounds):
        stock.append(nbgrader(root, course, "autograde", name, "--force"))
        own.append(ours_alone(course, name, options.workers))
    theirs, mine, cores = min(stock), min(own), options.workers
    print(
        f"{name}: {num} submissions, best of {options.rounds} rounds, scores of stock nbgrader {stock_scores(root, name)}"
    )
    rows = {"stock nbgrader": (theirs, 1), f"gradlab, {cores} workers": (mine, cores)}
    for who, (seconds, used) in rows.items():
        print(f"  {who:<24} {60 * num / seconds:6.1f} a minute, {60 * num / seconds / used:6.1f} a core")
    ratios = sorted(one / other for one, other in zip(stock, own, strict=True))
    print(f"  ratio                    {theirs / mine:6.2f}, a core {theirs / mine / cores:.2f}", end="")
    print(f" (round by round {', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    parts = inside(course, name)
    print("of a submission, on its worker:")
    for part, seconds in parts.items():
        print(f"  {part:<24} {seconds:6.2f} s")
    floor = (parts["imports"] + parts["cells"]) * num / cores
    print(
        f"  imports and cells alone, on all workers, would be {theirs / floor:.2f} times stock nbgrader's rate"
    )
    from gradlab import papers

    course.activate()
    begin = time.monotonic()
    missing = papers.write(course, name, students, workers=cores, say=lambda line: None)
    print(f"feedback and report        {(time.monotonic() - begin) / num:6.2f} s ({len(missing)} failed)")


def growth(course, assignment, students: list[str], options) -> None:
    """Show that a submission costs the same in a large class, and that the coordinator does not grow.

    Beside the clock on the wall stands the coordinator's own processor time, which a busy machine changes little.
    """
    waiting = course.root / "waiting"
    course.submitted.rename(waiting)
    course.submitted.mkdir()
    for num in [4, *sorted(options.growth)]:  # what is made once for a class is made with the first four
        for student in students[:num]:
            if (waiting / student).is_dir():
                (waiting / student).rename(course.submitted / student)
        spent = time.process_time()
        found = ours(course, assignment, students[:num], options.workers)
        spent = time.process_time() - spent
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{num:5d} submissions: {found / num:.2f} s each, {spent / num:.2f} s of the coordinator's processor time; its peak memory "
            f"so far {own:.0f} MB",
            flush=True,
        )


def reports(course, assignment, students: list[str], options) -> None:
    """Write many reports in one run, as ``gradlab report`` does; a class of few students is gone through again and again."""
    from gradlab import papers

    ours(course, assignment, students, options.workers)
    many = [students[i % len(students)] for i in range(options.reports)]
    begin = time.monotonic()
    failed = papers.write(
        course, assignment.name, many, feedback=False, workers=options.workers, say=lambda line: None
    )
    seconds = time.monotonic() - begin
    print(
        f"{len(many)} reports of {assignment.name}: {seconds:.0f} s, {seconds / len(many):.2f} s each, {len(failed)} failed"
    )


if __name__ == "__main__":
    main()
