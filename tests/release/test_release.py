"""Releases: the same bytes again, nothing left behind when one fails, nothing unlisted in them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from course_factory import UNSHIPPED, edit, everything, notebook, tree, write_notebook

from gradlab import assemble, manifest, store
from gradlab.assignment import load
from gradlab.errors import GradlabError, ReleaseRefused
from gradlab.release import release


def compare(found: dict[str, bytes], golden: Path, update: bool) -> None:
    """Compare files with the golden ones, or make them so; their names keep other tools away from them."""
    found = {f"{name}.golden": content for name, content in found.items()}
    if update:
        shutil.rmtree(golden, ignore_errors=True)
        for name, content in found.items():
            (golden / name).parent.mkdir(parents=True, exist_ok=True)
            (golden / name).write_bytes(content)
    assert tree(golden) == found, "accept the change with: pytest tests/release --update-goldens"


def test_release_equals_the_golden_one(released, request):
    """What students get changes only on purpose."""
    _, made = released
    golden = request.path.parent / "golden"
    compare(tree(made.folder), golden, request.config.getoption("--update-goldens"))


def test_release_holds_no_answer_and_only_what_ships(released):
    """The hidden region is a stub, the given one is solved, an unlisted file is absent."""
    _, made = released
    layers = (made.folder / "lib/layers.py").read_text()
    assert (
        'raise NotImplementedError("blur-forward is not written yet: lib/layers.py, Blur.forward")' in layers
    )
    assert "np.multiply" in layers
    assert "SOLUTION" not in "".join(str(content) for content in tree(made.folder).values())
    assert not (made.folder / "lib/unshipped.py").exists()


def test_manifest_says_whose_each_file_is(released):
    """Student files may change, the rest is put back at grading."""
    _, made = released
    found = manifest.read(made.folder, "tiny")
    assert found.owned_by("student") == ["lib/layers.py", "tiny.ipynb"]
    assert manifest.differences(made.folder, found) == []


def test_notebook_carries_its_version_and_the_kernel_of_students(released):
    """A submission can be matched with the release it began as, and opens on any machine."""
    _, made = released
    nb = nbformat.read(made.folder / "tiny.ipynb", as_version=4)
    assert nb.metadata["gradlab"] == {"assignment": "tiny", "version": made.version}
    assert nb.metadata["kernelspec"]["name"] == "python3"
    assert nb.metadata["kernelspec"]["display_name"] == "Python 3 (ipykernel)"


def test_same_master_gives_the_same_zip(course, released):
    """Another folder, another gradebook, another umask: the same bytes."""
    _, made = released
    before = os.umask(0o077)
    try:
        other = release(course, "tiny")
    finally:
        os.umask(before)
    assert other.zip.read_bytes() == made.zip.read_bytes()


def test_zip_unpacks_into_one_folder_with_a_script_that_runs(released):
    """Sorted names, one date, permissions kept."""
    _, made = released
    with zipfile.ZipFile(made.zip) as zipped:
        entries = zipped.infolist()
        assert {name.split("/")[0] for name in zipped.namelist()} == {"tiny"}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in entries}
    assert modes["tiny/get_datasets.sh"] == 0o755
    assert modes["tiny/lib/layers.py"] == 0o644
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_requirements_are_the_locked_versions_of_student_packages(released):
    """The student gets what the course was tested with, and nothing of the grader's."""
    _, made = released
    lines = (made.folder / "requirements.txt").read_text().splitlines()
    assert "numpy==1.2.2" in lines
    assert len(lines) == len(assemble.STUDENT_PACKAGES)
    assert not any(line.startswith("nbgrader") for line in lines)


def test_requirements_fall_back_on_the_ranges_of_the_project(course):
    """Before there is a lock, the ranges of pyproject.toml serve."""
    names = ", ".join(f'"{name}>=1"' for name in assemble.STUDENT_PACKAGES)
    (course.root / "pyproject.toml").write_text(f"[project]\ndependencies = [{names}]\n")
    (course.root / "requirements.lock").unlink()
    assert "numpy>=1\n" in assemble.requirements(course)


def test_package_missing_from_the_lock_is_named(course):
    """A release whose requirements lack a package would fail at the student's."""
    edit(course.root / "requirements.lock", "numpy==1.2.2\n", "")
    with pytest.raises(GradlabError, match=r"requirements\.lock does not name numpy"):
        assemble.requirements(course)


def test_existing_release_stays_without_force(released):
    """The second release needs a yes."""
    course, made = released
    before = everything(course)
    with pytest.raises(GradlabError, match=r"release/tiny exists; give --force to replace it"):
        release(course, "tiny")
    assert everything(course) == before
    assert made.folder.is_dir()


def test_changed_master_is_another_version_and_the_old_one_is_kept(course):
    """Grading works from what was handed out, not from what the master became."""
    first = release(course, "tiny")
    old = tree(first.folder)
    edit(course.lib / "tools.py", "Return x / 2.", "Return half of x.")
    second = release(course, "tiny", force=True)
    assert first.version != second.version
    assert tree(store.get(course, "tiny", first.version)) == old
    assert b"half of x" in (store.get(course, "tiny") / "lib/tools.py").read_bytes()
    assert second.folder.is_dir()


def test_changed_answer_is_the_same_release(course):
    """The version is about what students get."""
    first = release(course, "tiny")
    edit(course.lib / "layers.py", "out += shifted / np.float64(3.0)", "out += shifted * np.float64(1 / 3)")
    assert release(course, "tiny", force=True).version == first.version


def refuse(course, assignment, folder):
    """Be a gate that finds something."""
    assert (folder / "release.json").is_file()
    msg = "the stub passes blur_forward"
    raise GradlabError(msg)


def no_space(*_args, **_kwargs):
    """Be a disk that is full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "release.zip")


def crash(*_args, **_kwargs):
    """Be a mistake of ours."""
    raise ZeroDivisionError


BREAKS = {
    "gate": (None, {"gate": refuse}, GradlabError, "the stub passes blur_forward"),
    "disk full at the zip": ("write_zip", {}, GradlabError, r"no space is left on the disk \(release\.zip\)"),
    "disk full at the store": ("store.keep", {}, GradlabError, r"no space is left .* is untouched"),
    "disk full at the gradebook": ("_record", {}, GradlabError, r"no space is left on the disk"),
    "disk full inside nbgrader": (
        "manifests.notebook_text",
        {},
        GradlabError,
        r"no space is left on the disk",
    ),
    "bug": ("write_zip", {}, ZeroDivisionError, None),
}


@pytest.mark.parametrize(("where", "settings", "error", "message"), BREAKS.values(), ids=BREAKS.keys())
def test_failure_leaves_everything_as_it_was(course, monkeypatch, where, settings, error, message):
    """Old release, zip, kept versions and gradebook: untouched, and no scratch folder left."""
    release(course, "tiny")
    before = everything(course)
    edit(course.lib / "tools.py", "Return x / 2.", "Return half of x.")
    if where:
        monkeypatch.setattr(f"gradlab.release.{where}", crash if error is ZeroDivisionError else no_space)
    with pytest.raises(error, match=message):
        release(course, "tiny", force=True, **settings)
    edit(course.lib / "tools.py", "Return half of x.", "Return x / 2.")
    after = everything(course)
    # the gradebook is an SQLite file: what it says is compared, not its pages
    assert {path: item for path, item in after.items() if path != "gradebook.db"} == {
        path: item for path, item in before.items() if path != "gradebook.db"
    }
    assert not list(course.release.glob(".new-*"))


def test_rename_that_fails_halfway_is_undone(course, monkeypatch):
    """Folder and zip change together or not at all."""
    first = release(course, "tiny")
    before = (tree(first.folder), first.zip.read_bytes())
    edit(course.lib / "tools.py", "Return x / 2.", "Return half of x.")
    rename = type(first.zip).rename

    def fail_at_new_zip(path, target):
        if path.name == "tiny.zip" and ".new-" in path.parent.name:
            no_space()
        return rename(path, target)

    monkeypatch.setattr(type(first.zip), "rename", fail_at_new_zip)
    with pytest.raises(GradlabError, match="no space is left"):
        release(course, "tiny", force=True)
    assert (tree(first.folder), first.zip.read_bytes()) == before


def test_gradebook_is_restored_when_the_last_step_fails(course, monkeypatch):
    """A release that is not made leaves no new cells in the gradebook."""
    from nbgrader.api import Gradebook

    release(course, "tiny")
    master = notebook()
    master.cells[3].metadata["nbgrader"]["grade_id"] = "width_of_the_image"
    write_notebook(course, master)
    monkeypatch.setattr(store, "keep", no_space)
    with pytest.raises(GradlabError, match="no space is left"):
        release(course, "tiny", force=True)
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        names = {cell.name for cell in gradebook.find_notebook("tiny", "tiny").source_cells}
    assert "width" in names
    assert "width_of_the_image" not in names


def test_first_release_that_fails_leaves_no_gradebook(course, monkeypatch):
    """What was not there before is not there after."""
    course.gradebook.unlink()
    before = everything(course)
    monkeypatch.setattr(store, "keep", no_space)
    with pytest.raises(GradlabError):
        release(course, "tiny")
    after = everything(course)
    assert {path: item for path, item in after.items() if not path.startswith(".gradlab/locks/")} == before


def test_master_that_changes_during_the_gate_is_refused(course):
    """What is put in place is what was judged."""

    def meddle(course, assignment, folder):
        edit(course.lib / "tools.py", "Return x / 2.", "Return half of x.")

    with pytest.raises(GradlabError, match="its master changed meanwhile"):
        release(course, "tiny", gate=meddle)
    assert not (course.release / "tiny").exists()


def test_region_in_neither_list_is_hidden(course):
    """A forgotten listing hides too much, never too little."""
    edit(course.source / "tiny/assignment.toml", '"lib/tools.py"', '"lib/tools.py", "lib/unshipped.py"')
    made = release(course, "tiny")
    text = (made.folder / "lib/unshipped.py").read_text()
    assert "2.0 * x" not in text
    assert "sharpen-forward is not written yet" in text
    assert manifest.read(made.folder, "tiny").files["lib/unshipped.py"].owner == "course"


def test_crlf_master_gives_the_same_release(course, released):
    """Markers at the end of a Windows line are markers, and the release has one kind of line."""
    _, made = released
    for path in (course.lib / "layers.py", course.source / "tiny/README.md", course.root / "get_datasets.sh"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert tree(release(course, "tiny").folder) == tree(made.folder)


def leave(name, content=b"x = 1\n"):
    """Return an action that leaves a file in the master's folder."""

    def act(course):
        path = course.source / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return act


LEFT_OUT = {
    "bytecode": leave("__pycache__/helper.cpython-311.pyc", b"\xcb\r\r\n"),
    "compiled beside": leave("helper.pyc", b"\xcb\r\r\n"),
    "checkpoints": leave(".ipynb_checkpoints/tiny-checkpoint.ipynb", b"{}"),
    "model": leave("model.npz", b"PK\x03\x04"),
    "report": leave("tiny.pdf", b"%PDF-1.7"),
    "hand-in": leave("tiny.zip", b"PK\x03\x04"),
    "finder": leave(".DS_Store", b"\0\0\0\1Bud1"),
    "nested notebook": leave("drafts/draft.ipynb", b"{}"),
    "editor": leave("README.md~", b"### BEGIN SOLUTION a"),
}


@pytest.mark.parametrize("act", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_what_runs_and_editors_leave_is_left_out(course, released, act):
    """A master's folder is worked in; the release is what it would be without that."""
    _, made = released
    act(course)
    assert tree(release(course, "tiny").folder) == tree(made.folder)


REFUSED = {
    "lib": (leave("lib/layers.py"), r"source/tiny/lib would be released as it is"),
    "judges": (leave("exercises/tiny.py"), r"source/tiny/exercises would be released as it is"),
    "data": (leave("data/train.csv"), r"source/tiny/data would be released as it is"),
    "marker": (leave("hint.py", UNSHIPPED.encode()), r"source/tiny/hint\.py:6: a marker of a region"),
    "marker in prose": (leave("notes.md", b"### begin solution a\n"), r"source/tiny/notes\.md:1: a marker"),
    "link": (
        lambda course: (course.source / "tiny/old").symlink_to(course.lib),
        r"source/tiny/old is a link",
    ),
    "second notebook": (leave("draft.ipynb", b"{}"), r"source/tiny holds a second notebook, draft\.ipynb"),
}


@pytest.mark.parametrize(("act", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_must_not_be_beside_the_master_is_refused(course, act, message):
    """The program nbgrader would copy each of these to students as it stands."""
    act(course)
    with pytest.raises(GradlabError, match=message):
        release(course, "tiny")
    assert not (course.release / "tiny").exists()


def test_answer_copied_into_a_comment_is_refused(course):
    """Stripping cannot know it; the scan does."""
    edit(
        course.lib / "tools.py",
        "def halve",
        "# shifted = padded[1 + offset : len(padded) - 1 + offset]\ndef halve",
    )
    with pytest.raises(
        ReleaseRefused, match=r"tiny is not released: LEAK01 lib/tools\.py:6: line 3 of region"
    ):
        release(course, "tiny")
    assert not course.release.exists() or not list(course.release.iterdir())


def test_compiled_lib_is_not_released(course, released):
    """Bytecode of an unstripped module is the module."""
    import py_compile

    _, made = released
    py_compile.compile(str(course.lib / "layers.py"), doraise=True)
    (course.lib / "stray.pyc").write_bytes(b"\xcb\r\r\n")
    assert tree(release(course, "tiny").folder) == tree(made.folder)


def test_solved_assembly_holds_every_answer_and_is_kept_from_students(course, tmp_path):
    """The gate and generate_solution need it; a folder that students see never gets it."""
    tiny = load(course, "tiny")
    paths = assemble.assemble(course, tiny, tmp_path / "solved", solved=True)
    assert "tiny.ipynb" in paths
    assert "padded" in (tmp_path / "solved/lib/layers.py").read_text()
    assert "SOLUTION" not in (tmp_path / "solved/lib/layers.py").read_text()
    with pytest.raises(GradlabError, match=r"answers are never written below release/"):
        assemble.assemble(course, tiny, course.release / "tiny", solved=True)


@pytest.mark.parametrize("name", ["get_datasets.sh", "data/registry.toml"])
def test_missing_shared_file_is_named(course, name):
    """An assignment with a data set needs the means to fetch it."""
    (course.root / name).unlink()
    with pytest.raises(
        GradlabError, match=f"{name} not found at the course's root; tiny needs it to fetch 'dots'"
    ):
        release(course, "tiny")


def test_configuration_that_cannot_be_loaded_stops_the_release(course):
    """The program nbgrader itself would go on with its own settings."""
    edit(course.root / "nbgrader_config.py", "c = get_config()", "import sys\nsys.exit('run make setup')")
    with pytest.raises(GradlabError, match="run make setup"):
        release(course, "tiny")


def test_notebook_without_traces_of_the_machine(course, released):
    """Times, widgets and the author's kernel do not reach students, and do not change the version."""
    _, made = released
    path = course.source / "tiny/tiny.ipynb"
    data = json.loads(path.read_text())
    data["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    data["metadata"]["kernelspec"]["name"] = "venv-of-the-author"
    data["cells"][1]["metadata"]["execution"] = {"iopub.execute_input": "2026-11-20"}
    data["cells"][1]["execution_count"] = 7
    data["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["42\n"]}]
    path.write_text(json.dumps(data))
    assert release(course, "tiny").version == made.version
