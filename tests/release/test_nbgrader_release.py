"""nbgrader's own commands in a course: the same release, and no release when anything is wrong."""

from __future__ import annotations

import json
import shutil
import sqlite3

import nbformat
import pytest
from course_factory import UNSHIPPED, edit, notebook, tree, write_notebook
from real_nbgrader import PROJECT, nbgrader

from gradlab import store


@pytest.fixture(scope="module")
def native(tmp_path_factory, empty_gradebook):
    """Return a course in which the real program released, made its solution, and validated its master."""
    from course_factory import make_course

    course = make_course(tmp_path_factory.mktemp("native") / "course")
    shutil.copy(empty_gradebook, course.gradebook)
    runs = {
        "generate_assignment": nbgrader(course, "generate_assignment", "tiny"),
        "generate_solution": nbgrader(course, "generate_solution", "tiny"),
        "validate": nbgrader(course, "validate", "source/tiny/tiny.ipynb"),
    }
    return course, runs


@pytest.mark.parametrize("command", ["generate_assignment", "generate_solution", "validate"])
def test_command_succeeds(native, command):
    """The program itself, with nothing but nbgrader_config.py."""
    _, runs = native
    assert runs[command].returncode == 0, runs[command].stderr


def test_native_release_is_the_same_release(native, released):
    """Whoever types nbgrader's command gets what `gradlab release` makes, kept copy included."""
    course, _ = native
    _, made = released
    assert tree(course.release / "tiny") == tree(made.folder) == tree(store.get(course, "tiny"))


def test_script_of_a_native_release_runs(native):
    """The program nbgrader sets every file to 644, and a student types ./get_datasets.sh."""
    course, _ = native
    assert (course.release / "tiny/get_datasets.sh").stat().st_mode & 0o111


def test_gradebook_asks_for_a_kernel_that_does_not_exist(native):
    """A configuration without our Execute fails instead of giving full marks."""
    course, _ = native
    with sqlite3.connect(course.gradebook) as database:
        [(kernel,)] = database.execute("select kernelspec from notebook").fetchall()
    assert json.loads(kernel)["name"] == "gradlab"
    released = nbformat.read(course.release / "tiny/tiny.ipynb", as_version=4)
    assert released.metadata["kernelspec"]["name"] == "python3"


def test_solution_is_executed_with_every_answer(native):
    """The solution folder has the full lib and outputs without errors; the master's folder stays clean."""
    course, runs = native
    solution = nbformat.read(course.solution / "tiny/tiny.ipynb", as_version=4)
    assert solution.cells[-1].outputs[0].text == "31\n"
    assert "padded" in (course.solution / "tiny/lib/layers.py").read_text()
    assert "fails" not in runs["generate_solution"].stderr
    assert sorted(path.name for path in (course.source / "tiny").iterdir()) == [
        "README.md",
        "assignment.toml",
        "images",
        "tiny.ipynb",
    ]


def test_master_validates_with_the_lib_of_the_course(native):
    """`nbgrader validate` finds lib through the configuration."""
    _, runs = native
    assert "Success! Your notebook passes all the tests." in runs["validate"].stdout


def test_kept_versions_are_no_assignments(native):
    """The program nbgrader lists one assignment, whatever lies in release/."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    course, _ = native
    config = Config()
    config.CourseDirectory.root = str(course.root)
    api = NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)
    assert api.get_source_assignments() == {"tiny"}
    assert [item["name"] for item in api.get_assignments()] == ["tiny"]
    assert api.get_submitted_students("*") == set()


def test_native_failure_is_one_sentence_and_no_release(course):
    """The program says what and where, without a traceback, exits with 1 and leaves nothing."""
    edit(course.lib / "layers.py", "        ### END SOLUTION\n        return out", "        return out")
    run = nbgrader(course, "generate_assignment", "tiny")
    assert run.returncode == 1
    assert (
        "lib/layers.py:25: region 'scale-forward' begins inside region 'blur-forward' of line 12"
        in run.stderr
    )
    assert "Traceback" not in run.stderr
    assert not (course.release / "tiny").exists()


def test_native_command_stops_when_the_configuration_cannot_be_loaded(course):
    """The project's own nbgrader_config.py ends the program; nbgrader would go on without it."""
    shutil.copy(PROJECT / "nbgrader_config.py", course.root)
    (course.root / "gradlab").mkdir()
    (course.root / "gradlab/__init__.py").write_text("raise ImportError('half installed')\n")
    run = nbgrader(course, "generate_assignment", "tiny")
    assert run.returncode == 1
    assert "nbgrader_config.py cannot be loaded (ImportError: half installed)" in run.stderr
    assert not (course.release / "tiny").exists()


def stray(name, text=UNSHIPPED):
    """Return an action that leaves a file beside the master."""

    def act(course):
        path = course.source / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return act


def comment(course):
    """Copy a line of an answer into a comment of a file that ships."""
    edit(
        course.lib / "tools.py",
        "def halve",
        "# shifted = padded[1 + offset : len(padded) - 1 + offset]\ndef halve",
    )


def unclosed_cell(course):
    """Forget to close a region in the notebook."""
    master = notebook()
    master.cells[3].source = "### BEGIN SOLUTION tiny-width\nwidth = 31"
    write_notebook(course, master)


def unclosed_hidden(course):
    """Begin hidden tests with a typo: nbgrader alone would release them."""
    master = notebook()
    master.cells[2].source = master.cells[2].source.replace("BEGIN HIDDEN TESTS", "BEGIN HIDEN TESTS")
    write_notebook(course, master)


BROKEN = {
    "stray lib": (stray("lib/layers.py"), "source/tiny/lib would be released as it is"),
    "stray answers": (stray("hints.py"), "source/tiny/hints.py:6: a marker of a region"),
    "answer in a comment": (comment, "LEAK01 lib/tools.py:6: line 3 of region 'blur-forward'"),
    "unclosed cell": (
        unclosed_cell,
        "cell 4 (width):1: region 'tiny-width' opened at line 1 is never closed",
    ),
    "hidden tests": (unclosed_hidden, "END HIDDEN TESTS where BEGIN HIDDEN TESTS was expected"),
    "unknown key": (
        lambda course: edit(course.source / "tiny/assignment.toml", "minutes", "minuts"),
        "unknown key 'minuts'; did you mean 'minutes'?",
    ),
}


@pytest.mark.parametrize(("act", "sentence"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("only", [{}, {"notebook_id": "tiny"}], ids=["all", "one notebook"])
def test_broken_master_leaves_no_release(course, generate, act, sentence, only):
    """Whatever is wrong: one sentence, no folder, also where nbgrader removes only the notebook."""
    act(course)
    success, log = generate(course, **only)
    assert not success
    assert sentence in log
    assert "Traceback" not in log
    assert not (course.release / "tiny").exists()


@pytest.mark.parametrize("step", ["PlaceLib", "NameStubs", "SaveCellsFailClosed", "Provenance", "LeakGate"])
def test_failing_step_leaves_no_release(course, generate, monkeypatch, step):
    """A bug in any of our preprocessors removes the release."""
    from gradlab import nbgrader_release

    def fail(self, nb, resources, *rest):
        raise ZeroDivisionError

    method = "step" if hasattr(getattr(nbgrader_release, step), "step") else "preprocess"
    monkeypatch.setattr(getattr(nbgrader_release, step), method, fail)
    success, log = generate(course)
    assert not success
    assert "ZeroDivisionError" in log
    assert not (course.release / "tiny").exists()
    assert store.versions(course, "tiny") == []


def test_notebook_changed_after_the_leak_gate_leaves_no_release(course, generate):
    """A preprocessor added behind the gate changes what was judged; the hook removes the release itself."""
    edit(
        course.root / "nbgrader_config.py",
        "nbgrader_release.configure",
        """\
from nbgrader.preprocessors import NbGraderPreprocessor


class Late(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        nb.cells[0].source += " (changed)"
        return nb, resources


nbgrader_release.configure""",
    )
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.GenerateAssignment.preprocessors.append(Late)\n")
    _, log = generate(course)
    assert "tiny/tiny.ipynb has changed since the manifest was written, so the release was removed" in log
    assert not (course.release / "tiny").exists()


def test_swallowed_hook_cannot_publish_answers(course, generate):
    """A hook that fails before anything is written changes nothing: no answer depends on a hook."""
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("def fail(**_):\n    raise ZeroDivisionError\n\n\n")
        file.write(
            "c.GenerateAssignment.pre_convert_hook = fail\nc.GenerateAssignment.post_convert_hook = fail\n"
        )
    success, _ = generate(course)
    assert success
    assert "padded" not in (course.release / "tiny/lib/layers.py").read_text()


def test_build_products_are_left_out_natively(course, generate, released):
    """The program nbgrader copies them; the first preprocessor takes them out again."""
    _, made = released
    stray("model.npz", "weights")(course)
    stray("tiny.pdf", "%PDF")(course)
    success, log = generate(course)
    assert success
    assert "Left out of the release: model.npz" in log
    assert tree(course.release / "tiny") == tree(made.folder)


def test_release_without_database_is_the_same(course, generate, released):
    """`--no-db` is still the same release."""
    _, made = released
    edit(
        course.root / "nbgrader_config.py",
        "c = get_config()",
        "c = get_config()\nc.SaveCells.enabled = False",
    )
    success, _ = generate(course)
    assert success
    assert tree(course.release / "tiny") == tree(made.folder)


def test_existing_release_is_skipped_natively(course, generate):
    """Without --force nbgrader leaves an existing release alone."""
    (course.release / "tiny").mkdir(parents=True)
    (course.release / "tiny/tiny.ipynb").write_text("by hand")
    success, log = generate(course)
    assert success
    assert "Skipping existing assignment" in log
    assert (course.release / "tiny/tiny.ipynb").read_text() == "by hand"


def test_kernel_is_renewed_where_submissions_exist(course, generate):
    """SaveCells keeps the notebook's row then, with whatever kernel an older release put there."""
    from nbgrader.api import Gradebook

    assert generate(course)[0]
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("tiny", "ada")
        gradebook.find_notebook("tiny", "tiny").kernelspec = "{}"
        gradebook.db.commit()
    shutil.rmtree(course.release / "tiny")
    assert generate(course)[0]
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        assert json.loads(gradebook.find_notebook("tiny", "tiny").kernelspec)["name"] == "gradlab"


def test_cells_that_may_not_change_any_more_are_one_sentence(course, generate):
    """With submissions in the gradebook, nbgrader refuses new graded cells; so do we, readably."""
    from nbgrader.api import Gradebook

    assert generate(course)[0]
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("tiny", "ada")
    shutil.rmtree(course.release / "tiny")
    master = notebook()
    master.cells[3].metadata["nbgrader"]["grade_id"] = "width_of_the_image"
    write_notebook(course, master)
    success, log = generate(course)
    assert not success
    assert "Cannot add or remove cells for notebook 'tiny'" in log
    assert "Traceback" not in log
