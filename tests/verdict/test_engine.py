"""Bundles and the workers that fill them: nothing twice, nothing stale, nothing lost when something is killed."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from grading_run import autograde, scores
from odd_submissions import half, hangs, kills_kernel, right, wrong
from tiny_course import PROJECT, answer, submit

from gradlab import bundles, engine, grade_table, grading
from gradlab.assignment import load
from gradlab.course import Course

CLASS = {"ada": right, "bob": half, "cyd": wrong, "dan": kills_kernel}
DESERVED = {"ada": (4, 2), "bob": (2, 2), "cyd": (0, 0), "dan": (4, 0)}


def fill(course: Course, **options: object) -> engine.Filled:
    """Fill the bundles of the class."""
    return engine.fill(course, load(course, "tiny"), sorted(CLASS), **options)  # type: ignore[arg-type]


def points(course: Course) -> dict[str, tuple[float | None, float | None]]:
    """Return what each student has."""
    return {
        student: (found["shift"], found["picture"]) for student in CLASS if (found := scores(course, student))
    }


@pytest.fixture
def class_(course: Course) -> Course:
    """A course in which four students handed in."""
    for student, change in CLASS.items():
        submit(course, student, change)
    return course


def test_nothing_runs_twice(class_: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nbgrader's pass takes the bundles that workers made, and a second grading takes them again."""
    first = fill(class_, workers=2)
    assert (first.made, sorted(first.keys)) == (4, sorted(CLASS))
    monkeypatch.setattr(bundles, "work", lambda job, pack: pytest.fail("it was run before"))
    assert autograde(class_).success
    assert points(class_) == DESERVED
    assert fill(class_).made == 0


def test_changed_submission_runs_again(class_: Course) -> None:
    """A resubmission, a changed limit and a changed check each make a new bundle; only what changed runs again."""
    two = ["ada", "bob"]
    before = engine.fill(class_, load(class_, "tiny"), two, workers=1).keys
    submit(class_, "bob", lambda folder, nb: answer(folder, nb, out="by + x"))
    after = engine.fill(class_, load(class_, "tiny"), two, workers=1)
    assert after.made == 1
    assert {student for student in two if after.keys[student] != before[student]} == {"bob"}
    toml = class_.source / "tiny" / "assignment.toml"
    toml.write_text(toml.read_text().replace("cell_seconds = 10", "cell_seconds = 9"))
    assert engine.fill(class_, load(class_, "tiny"), two, workers=1).made == 2


def test_changed_exercise_is_probed_again(class_: Course) -> None:
    """A bundle is no reason to believe answers to questions that are not asked any more."""
    engine.fill(class_, load(class_, "tiny"), ["bob"], workers=1)
    path = class_.exercises / "tiny.py"
    path.write_text(path.read_text().replace("(0.0, 0.0, 1.5, -2.0)", "(0.0, 0.0, 0.0, -2.0)"))
    assert autograde(class_, "bob").success
    assert points(class_)["bob"] == (3, 2)


def test_worker_that_dies_costs_nobody(class_: Course) -> None:
    """A worker killed in the middle: its submission is run by another one."""
    killed: list[int] = []

    def kill_one(student: str, left: int) -> None:
        if not killed:
            import psutil

            mine = [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]
            killed.append(mine[0].pid)
            mine[0].kill()

    done = fill(class_, workers=1, told=kill_one)
    assert killed
    assert done.problems == {}
    assert sorted(done.keys) == sorted(CLASS)


def test_table_of_the_class(class_: Course) -> None:
    """reports/tiny_grades.csv has every item; who broke down is named with the reason."""
    submit(class_, "eve", lambda folder, nb: (folder / "tiny.ipynb").write_text(""))
    assert grading.grade(class_, "tiny", say=lambda text: None) == ["eve"]
    with grade_table.path_of(class_, "tiny").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["ada", "bob", "cyd", "dan", "eve"]
    assert (rows["bob"]["shift"], rows["bob"]["picture"], rows["bob"]["words"]) == ("2", "2", "")
    assert rows["ada"]["status"] == "by hand"
    assert float(rows["ada"]["seconds"]) > 0
    assert rows["eve"]["status"] not in ("by hand", "graded")
    assert grade_table.failed(class_, "tiny") == {"eve"}
    submit(class_, "eve", right)
    said: list[str] = []
    assert grading.grade(class_, "tiny", say=said.append, only_failed=True) == []
    assert any("Running and autograding 1 submission" in line for line in said)
    assert scores(class_, "eve")["shift"] == 4


def start(course: Course, *words: str) -> subprocess.Popen:
    """Start ``gradlab`` as a person does; what it says goes to a file."""
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with (course.root / "said.txt").open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-c", STARTER, *words],
            cwd=course.root,
            env=env,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


#: Trusts the submissions, which are ours, so that the tests of batches run without a sandbox as well.
STARTER = """
import sys
sys.path.remove("")
from gradlab import cli, sandbox
from gradlab.course import Course
Course.activate = lambda self: None  # the tiny course's lib is not a whole one
with sandbox.trust("the tests' own submissions"):
    cli.main()
"""


def kill_at_random(course: Course, times: int, seed: int) -> None:
    """Kill the coordinator or one of its workers at random moments, and start again; then let it end."""
    import psutil

    rng = random.Random(seed)
    for number in range(times):
        process = start(course, "grade", "tiny")
        time.sleep(rng.uniform(1.5, 9))
        if number % 2:
            process.kill()
        else:
            workers = [
                p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())
            ]
            for worker in workers[:1]:
                worker.kill()
            time.sleep(rng.uniform(0, 3))
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert start(course, "grade", "tiny").wait(900) == 0, (course.root / "said.txt").read_text()
    assert _no_worker_is_left(), "workers of a killed coordinator end themselves"


def _no_worker_is_left() -> bool:
    import psutil

    for _ in range(100):
        orphans = [p for p in psutil.process_iter(["ppid", "cmdline"]) if p.info["ppid"] == 1]
        if not [p for p in orphans if "spawn_main" in " ".join(p.info["cmdline"] or [])]:
            return True
        time.sleep(0.1)
    return False


def test_killed_batch_goes_on(class_: Course) -> None:
    """Killed three times at random moments: afterwards everybody has the grade of an undisturbed run."""
    kill_at_random(class_, 3, seed=1)
    assert points(class_) == DESERVED
    assert list((class_.private / "bundles" / "tiny").glob(".new-*")) == []


@pytest.mark.slow
def test_thirty_kills_in_a_class_of_forty(course: Course) -> None:
    """Forty submissions, thirty kills: every submission has exactly one grade, equal to an undisturbed run's."""
    kinds = [(right, (4, 2)), (half, (2, 2)), (wrong, (0, 0)), (kills_kernel, (4, 0)), (hangs, (0, 2))]
    for number in range(40):
        submit(course, f"s{number:02}", kinds[number % 5][0])
    kill_at_random(course, 30, seed=2)
    for number in range(40):
        found = scores(course, f"s{number:02}")
        assert (found["shift"], found["picture"]) == kinds[number % 5][1], number


@contextmanager
def cluster(num: int) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """Start a Dask scheduler and workers as processes of their own, on loopback."""
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
    port = 18700 + os.getpid() % 1000
    address = f"tcp://127.0.0.1:{port}"
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "distributed.cli.dask_scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--no-dashboard",
            ],
            **quiet,
        )
    ]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
    ]
    processes += [subprocess.Popen(worker, **quiet) for _ in range(num)]
    try:
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.needs_sandbox
def test_cluster_whose_worker_dies(class_: Course) -> None:
    """Two Dask workers, one of them killed: all submissions are run, and earn what they deserve."""
    distributed = pytest.importorskip("distributed")
    with cluster(2) as (address, processes):
        with distributed.Client(address, timeout=30) as client:
            client.wait_for_workers(2, timeout=60)
        killed = []

        def kill_one(student: str, left: int) -> None:
            if not killed:
                killed.append(student)
                processes[-1].kill()

        done = fill(class_, scheduler=address, told=kill_one)
    assert done.problems == {}
    assert done.made == 4
    assert killed
    assert autograde(class_).success
    assert points(class_) == DESERVED


def test_values_and_probes_are_plain_files(class_: Course) -> None:
    """Nothing in a bundle is a link, whatever the submission left."""

    def linked(folder: Path, nb: object) -> None:
        right(folder, nb)
        from nbformat.v4 import new_code_cell

        code = "import os\nvalues = os.environ['GRADLAB_VALUES']\nos.symlink('/etc/hostname', values + '/shift.npz')"
        nb.cells.append(new_code_cell(code, id="link"))  # type: ignore[attr-defined]

    submit(class_, "ada", linked)
    engine.fill(class_, load(class_, "tiny"), ["ada"], workers=1)
    shelf = class_.private / "bundles" / "tiny"
    assert not [path for path in shelf.rglob("*") if path.is_symlink()]
    assert {path.read_bytes()[:2] for path in shelf.rglob("values/*.npz")} == {b"PK"}
