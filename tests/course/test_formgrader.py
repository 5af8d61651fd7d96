"""The Formgrader page of JupyterLab on this course: it lists the assignment and opens an answer to be graded by hand."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

NAME = "cnn_svhn"
TOKEN = "token-of-the-test"


class Page:
    """A running server and how to ask it."""

    def __init__(self, base: str):
        self.base = base

    def get(self, path: str) -> bytes:
        """Return what a GET answers, as a browser of the instructor would."""
        request = urllib.request.Request(f"{self.base}/{path}", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def json(self, path: str):
        """Return a GET's answer as JSON."""
        return json.loads(self.get(path))


@pytest.fixture(scope="module")
def page(course_copy, tmp_path_factory):
    """Release, grade one untouched submission, and start the server in the course's folder."""
    from gradlab.assignment import load
    from gradlab.course import Course
    from gradlab.variants import fill_in
    from lib.datasets import make_sample

    done = course_copy.run("gradlab", "release", NAME, "--no-gate")
    assert done.returncode == 0, done.stderr
    course = Course(course_copy.root)
    make_sample("svhn", course.data / "svhn-sample", num_train=60, num_test=30)
    fill_in(course, load(course, NAME), course.release / NAME, course.submitted / "ada" / NAME, bodies={})
    _write_a_script(course.submitted / "ada" / NAME / load(course, NAME).notebook)
    done = course_copy.run("nbgrader", "autograde", NAME)
    assert done.returncode == 0, done.stderr[-3000:]

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("jupyter")
    env = course_copy.env | {
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home),
        "HOME": str(home),
    }
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}",
        f"--IdentityProvider.token={TOKEN}", "--allow-root",
    ]  # fmt: skip
    log = (home / "log").open("wb")  # the server writes to it until the fixture ends
    server = subprocess.Popen(
        command, cwd=course_copy.root, env=env, stdout=log, stderr=log, start_new_session=True
    )
    found = Page(f"http://127.0.0.1:{port}")
    try:
        for _ in range(120):
            try:
                found.get("api/status")
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert server.poll() is None, (home / "log").read_text(errors="replace")[-3000:]
                time.sleep(0.5)
        else:
            pytest.fail((home / "log").read_text(errors="replace")[-3000:])
        yield found
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
        log.close()


SCRIPT = "<script>fetch('/api/contents')</script><img src=x onerror='alert(1)'>"


def _write_a_script(path):
    """Answer with text, and with what would run in the grader's browser."""
    notebook = nbformat.read(path, as_version=4)
    cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "inline_question"
    ]
    cells[0].source = f"The filters look like **edges**. {SCRIPT}"
    nbformat.write(notebook, path)


def test_page_lists_the_assignment(page):
    """The instructor sees the assignment with its points and its release."""
    listed = {entry["name"]: entry for entry in page.json("formgrader/api/assignments")}
    assert listed[NAME]["max_score"] == 60
    assert listed[NAME]["num_submissions"] == 1
    assert b"formgrader" in page.get("formgrader/manage_assignments").lower()


def test_page_opens_a_submission_for_manual_grading(page):
    """The inline answer waits for a person and can be opened with its rubric."""
    notebooks = page.json(f"formgrader/api/submitted_notebooks/{NAME}/{NAME}")
    assert [entry["needs_manual_grade"] for entry in notebooks] == [True]
    html = page.get(f"formgrader/submissions/{notebooks[0]['id']}/").decode()
    assert "<strong>edges</strong>" in html
    assert "<script>fetch" not in html
    assert "onerror" not in html
    assert "&lt;script&gt;fetch" in html, "the grader sees that it was tried"
    assert "inline_question" in html
    assert "Rubric" in html
