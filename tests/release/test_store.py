"""Kept releases and the course's folder: found by version, checked, and safe from what submissions say."""

from __future__ import annotations

import shutil
import stat

import pytest
from course_factory import edit, tree

from gradlab import manifest, store
from gradlab.course import Course
from gradlab.errors import GradlabError


def test_release_is_kept_byte_for_byte(released):
    """The kept copy is the release, and the latest one."""
    course, made = released
    assert tree(store.get(course, "tiny")) == tree(made.folder)
    assert store.versions(course, "tiny") == [made.version] == [store.latest(course, "tiny")]


def test_older_version_is_still_there_after_the_next(course, released, tmp_path):
    """A student who has last week's release is graded against that."""
    _, made = released
    older = shutil.copytree(made.folder, tmp_path / "older")
    newer = shutil.copytree(made.folder, tmp_path / "newer")
    edit(newer / "README.md", "Open", "Please open")
    owners = {path: entry.owner for path, entry in manifest.read(newer, "newer").files.items()}
    manifest.write(newer, "tiny", "f" * 16, owners)
    store.keep(course, older)
    store.keep(course, newer)
    assert store.latest(course, "tiny") == "f" * 16
    assert tree(store.get(course, "tiny", made.version)) == tree(older)
    assert tree(store.get(course, "tiny")) == tree(newer)


def test_keeping_twice_changes_nothing(course, released):
    """The same version is one folder."""
    _, made = released
    assert store.keep(course, made.folder) == store.keep(course, made.folder)
    assert store.versions(course, "tiny") == [made.version]


def test_damaged_copy_is_refused_and_renewed_by_the_next_release(course, released):
    """A grader never works with a copy that somebody edited."""
    _, made = released
    kept = store.keep(course, made.folder)
    edit(kept / "lib" / "tools.py", "0.5", "0.6")
    with pytest.raises(GradlabError, match=r"lib/tools\.py has changed since the manifest was written"):
        store.get(course, "tiny")
    store.keep(course, made.folder)
    assert tree(store.get(course, "tiny")) == tree(made.folder)


@pytest.mark.parametrize("version", ["0" * 16, "..", "../../lib", "latest", "", "A" * 16])
def test_version_that_is_not_kept_is_refused(released, version):
    """A version comes with a submission and may say anything; it never becomes a path."""
    course, made = released
    with pytest.raises(GradlabError, match=f"kept are {made.version}"):
        store.get(course, "tiny", version)


@pytest.mark.parametrize("name", ["..", "tiny/../tiny", "unknown", ""])
def test_assignment_that_is_not_kept_is_refused(released, name):
    """So may the name of the assignment."""
    course, _ = released
    with pytest.raises(GradlabError, match="none is kept"):
        store.get(course, name)


def test_folder_that_is_no_release_is_not_kept(course, tmp_path):
    """Only finished releases are kept."""
    with pytest.raises(GradlabError, match=r"release\.json not found"):
        store.keep(course, tmp_path)


def test_course_is_found_from_a_folder_inside(course, monkeypatch):
    """Every command works from anywhere in the course."""
    monkeypatch.setattr("sys.path", ["somewhere"])
    monkeypatch.chdir(course.source / "tiny" / "images")
    assert Course.find().root == course.root
    import sys

    assert sys.path == [str(course.root), "somewhere"]


def test_folder_outside_a_course_is_named(tmp_path):
    """The message says what a course is."""
    with pytest.raises(
        GradlabError, match=r"is not inside a course: no folder up from here holds nbgrader_config\.py"
    ):
        Course.find(tmp_path)


def test_secret_is_made_once_and_only_its_owner_reads_it(course):
    """Seeds stay the same, and nobody else can compute them."""
    secret = course.secret()
    assert len(secret) == 64
    assert secret == course.secret() == Course(course.root).secret()
    assert stat.S_IMODE((course.private / "secret").stat().st_mode) == 0o600
    assert [path.name for path in course.private.iterdir()] == ["secret"]


def test_secret_of_the_environment_comes_first(course, monkeypatch):
    """Graders on several machines share one; an empty one is a mistake, not a secret."""
    monkeypatch.setenv("GRADLAB_SECRET", "from the key ring of the course")
    assert course.secret() == b"from the key ring of the course"
    monkeypatch.setenv("GRADLAB_SECRET", "")
    with pytest.raises(GradlabError, match=r"\$GRADLAB_SECRET holds 0 characters"):
        course.secret()
