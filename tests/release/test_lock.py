"""Two commands at once: the second says who is at work, and a command that was killed is in nobody's way."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from course_factory import everything, tree
from real_nbgrader import PROJECT, nbgrader

from gradlab import demo, grading, lock, store
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.release import release

HOLD = """
import sys
from gradlab import lock
from gradlab.course import Course
with lock.hold(Course(sys.argv[1]), sys.argv[2], sys.argv[3]):
    print("held", flush=True)
    sys.stdin.read()
"""
RELEASE = """
import sys
from gradlab.course import Course
from gradlab.release import release
def gate(*_):
    print("held", flush=True)
    sys.stdin.read()
release(Course(sys.argv[1]), "tiny", force=True, gate=gate)
"""


@contextlib.contextmanager
def another(program, course, *arguments):
    """Start another process and wait until it is where it shall be; it ends with the block."""
    command = [sys.executable, "-W", "ignore", "-c", program, str(course.root), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_who_comes_second_is_told_at_once_who_is_at_work(tmp_path):
    course = Course(tmp_path)
    with another(HOLD, course, "grade", "gradlab grade tiny") as process:
        with pytest.raises(GradlabError) as caught, lock.hold(course, "grade", "gradlab grade dots"):
            pass
        said = rf"gradlab grade tiny \(process {process.pid}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\) is at work"
        assert re.match(said, str(caught.value))
        assert "wait until it is done, or end that process" in str(caught.value)
        with lock.hold(course, "release-tiny", "gradlab release tiny"):  # another lock
            pass


def test_a_lock_ends_with_its_process(tmp_path):
    course = Course(tmp_path)
    with another(HOLD, course, "grade", "gradlab grade tiny") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with lock.hold(course, "grade", "gradlab grade dots"):
            pass
    with another(HOLD, course, "grade", "gradlab grade tiny"):  # and with its block
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_child_that_outlives_the_process_does_not_keep_the_lock(tmp_path):
    course = Course(tmp_path)
    program = HOLD.replace("    print", "    import os; os.fork() or sys.stdin.read()\n    print")
    with another(program, course, "grade", "gradlab grade tiny") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with lock.hold(
            course, "grade", "gradlab grade dots", patience=5
        ):  # the child may only just have begun
            assert not process.stdin.closed  # so the child reads on


def test_a_process_may_take_its_own_lock_again(tmp_path):
    """The inner block gives nothing back; what fails inside it does."""
    course = Course(tmp_path)
    program = HOLD.replace(
        '    print("held"', '    with lock.hold(Course(sys.argv[1]), "grade", "x"): pass\n    print("held"'
    )
    with (
        another(program, course, "grade", "gradlab demo tiny"),
        pytest.raises(GradlabError, match=r"gradlab demo tiny \(process"),
        lock.hold(course, "grade", "gradlab grade tiny"),
    ):
        pass
    with pytest.raises(ZeroDivisionError), lock.hold(course, "grade", "gradlab grade tiny"):
        raise ZeroDivisionError
    with another(HOLD, course, "grade", "gradlab grade tiny"):
        pass


def test_who_is_patient_waits_and_says_so_once(tmp_path):
    course, said = Course(tmp_path), []
    with another(HOLD, course, "grade", "gradlab demo dots") as process:
        timer = threading.Timer(3 * lock.POLL_SECONDS, process.kill)
        timer.start()
        with lock.hold(course, "grade", "gradlab demo tiny", patience=60, say=said.append):
            assert process.wait() != 0
        timer.join()
    [line] = said
    assert line.startswith(f"Waiting for another command: gradlab demo dots (process {process.pid},")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / ".gradlab").touch()
    with (
        pytest.raises(GradlabError, match=r"\.gradlab/locks/grade\.lock cannot be locked: File exists"),
        lock.hold(Course(tmp_path), "grade", "gradlab grade tiny"),
    ):
        pass


def test_an_assignment_is_released_by_one_command_at_a_time(course):
    """Nothing is touched by the second, be it ours or nbgrader's own, which would begin by removing the old release."""
    release(course, "tiny")
    with another(HOLD, course, "release-tiny", "gradlab release tiny") as process:
        before = everything(course)
        with pytest.raises(GradlabError, match=rf"gradlab release tiny \(process {process.pid}, "):
            release(course, "tiny", force=True)
        run = nbgrader(course, "generate_assignment", "tiny", "--force")
        assert run.returncode == 1
        assert f"gradlab release tiny (process {process.pid}, since" in run.stderr
        assert "Traceback" not in run.stderr
        assert {
            path: item for path, item in everything(course).items() if "nbgrader.log" not in path
        } == before


def test_a_release_does_not_write_the_gradebook_under_a_grader(course, monkeypatch):
    monkeypatch.setattr("gradlab.release.PATIENCE", 0)
    with (
        another(HOLD, course, "grade", "gradlab grade dots"),
        pytest.raises(GradlabError, match=r"gradlab grade dots \(process \d+, since .* is at work"),
    ):
        release(course, "tiny")
    assert not (course.release / "tiny").exists()


def test_a_gradebook_is_written_by_one_grader_at_a_time(course):
    release(course, "tiny")
    (course.submitted / "ada/tiny").mkdir(parents=True)
    with (
        another(HOLD, course, "grade", "gradlab grade dots"),
        pytest.raises(GradlabError, match=r"gradlab grade dots \(process \d+, since .* is at work"),
    ):
        grading.grade(course, "tiny", say=lambda _: None)
    assert not (course.private / "backups").exists()


def test_nbgrader_holds_the_lock_while_it_releases(course, generate, monkeypatch):
    """Also in the server of Formgrader, which lives on: the lock is free afterwards."""
    from gradlab import assemble

    tried = []

    def look(*arguments, **settings):
        with (
            contextlib.suppress(AssertionError),
            another(HOLD, course, "release-tiny", "gradlab release tiny"),
        ):
            tried.append("free")
        return whole(*arguments, **settings)

    whole = assemble.assemble
    monkeypatch.setattr(assemble, "assemble", look)
    assert generate(course)[0]
    assert not tried
    with another(HOLD, course, "release-tiny", "gradlab release tiny"):
        pass


def test_what_a_killed_release_left_is_removed_by_the_next(course):
    """What lies in the folder of one at work stays."""
    with another(RELEASE, course) as process:
        [left] = course.release.glob(".new-tiny-*")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.is_dir()
    stale, living = course.release / ".new-other-abcdefgh", course.release / ".new-dots-abcdefgh"
    for folder in (stale, living, course.versions / "tiny/.new-0123-1"):
        folder.mkdir(parents=True)
        (folder / "half").touch()
    (course.versions / "tiny/.latest-1").touch()
    with another(HOLD, course, "release-dots", "gradlab release dots"):
        made = release(course, "tiny")
        assert list(course.release.glob(".new-*")) == [living]
    assert sorted(path.name for path in (course.versions / "tiny").iterdir()) == sorted(
        [made.version, "latest"]
    )
    release(course, "tiny", force=True)
    assert not list(course.release.glob(".new-*"))


def test_a_release_that_was_moved_aside_comes_back(course):
    """Killed after the old release was moved and before the new one was: the old one is all that there is."""
    made = release(course, "tiny")
    before = tree(made.folder)
    aside = course.release / ".new-tiny-abcdefgh" / "before"
    aside.mkdir(parents=True)
    made.folder.rename(aside / "tiny")
    with pytest.raises(GradlabError, match=r"release/tiny exists; give --force"):
        release(course, "tiny")
    assert tree(made.folder) == before
    assert tree(store.get(course, "tiny")) == before


def test_demos_of_two_assignments_do_not_share_a_folder(course):
    """What the students of one work on outlives the start and the end of the other."""
    released = release(course, "tiny")
    work = course.private / "demo/dots/demo-mean/dots.ipynb"
    work.parent.mkdir(parents=True)
    work.touch()
    said = []
    demo._make_submissions(course, load(course, "tiny"), {}, released.kept, said.append)
    assert said
    assert work.is_file()


def test_a_demo_is_run_once_at_a_time(course):
    with (
        another(HOLD, course, "demo-tiny", "gradlab demo tiny"),
        pytest.raises(GradlabError, match=r"gradlab demo tiny \(process \d+, since .* is at work"),
    ):
        demo.run_demo(course, "tiny", None)
