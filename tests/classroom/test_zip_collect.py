"""nbgrader zip_collect on what Canvas, Moodle and our own hand-in command make."""

from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path

import pytest
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from test_lms_sheet import CANVAS_CSV, MOODLE_CSV, write
from traitlets.config import Config

from gradlab import submission
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.release import load_config
from gradlab.roster import import_roster


def pack(**files: str | bytes) -> bytes:
    """Return a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def handin(text: str = "mine", prefix: str = "") -> bytes:
    """Return what python -m lib.handin packs."""
    return pack(
        **{f"{prefix}tiny.ipynb": text, f"{prefix}lib/layers.py": text, f"{prefix}lib/extra.py": text}
    )


def collect(course: Course, caplog: pytest.LogCaptureFixture, **files: bytes | str) -> str:
    """Put files into downloaded/tiny/archive and run nbgrader zip_collect tiny; return its log."""
    for name, content in files.items():
        path = course.root / "downloaded" / "tiny" / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    config = Config(load_config(course))
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.assignment_id = "tiny"
    app = ZipCollectApp(config=config)
    app.log = logging.getLogger("zip_collect")
    app.coursedir = CourseDirectory(config=config)
    with caplog.at_level(logging.INFO, "zip_collect"):
        app.init_plugins()
        app.extract_archive_files()
        app.process_extracted_files()
    return caplog.text


def submitted(course: Course) -> dict[str, list[str]]:
    """Return student -> files."""
    found: dict[str, list[str]] = {}
    for path in sorted(course.submitted.glob("*/tiny/**/*")):
        if path.is_file():
            parts = path.relative_to(course.submitted).parts
            found.setdefault(parts[0], []).append("/".join(parts[2:]))
    return found


WHOLE = ["lib/extra.py", "lib/layers.py", "tiny.ipynb"]


def test_canvas(course: Course, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The platform's own zip, with a student's zip, single files handed in twice, a late one, a stranger."""
    import_roster(course, write(tmp_path, CANVAS_CSV))
    everything = pack(
        **{
            "bitdiddleben_12345_900_tiny_ben.zip": handin("old"),
            "bitdiddleben_12345_901_tiny_ben-1.zip": handin("new", prefix="tiny/"),
            "hackeralyssa_LATE_12346_902_tiny.ipynb": "nb",
            "hackeralyssa_LATE_12346_903_layers-2.py": "layers",
            "nobody_555_904_tiny.ipynb": "nb",
        }
    )
    said = collect(course, caplog, **{"submissions.zip": everything})
    found = submitted(course)
    assert found == {"ben": WHOLE, "alyssa": ["lib/layers.py", "tiny.ipynb"], "555": ["tiny.ipynb"]}
    assert (course.submitted / "ben" / "tiny" / "tiny.ipynb").read_text() == "new"
    assert "ben: tiny.ipynb is there more than once" in said
    assert "Canvas's number 555 is in no roster" in said
    assert (
        "alyssa: handed in late, as Canvas says, but not when, so it counts as in time; write it to downloaded/tiny/timestamps.csv, and run nbgrader zip_collect --force again."
        in said
    )


def test_moodle(course: Course, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Folders by participant; the worksheet beside them knows who and when."""
    import_roster(course, write(tmp_path, CANVAS_CSV))
    folder = course.root / "downloaded" / "tiny"
    folder.mkdir(parents=True)
    quoted = MOODLE_CSV.replace("Tuesday, 24 November 2026, 6:30 PM", "2026-11-24 18:30 UTC")
    write(folder, quoted, "worksheet.csv")
    everything = pack(
        **{
            "Ben Bitdiddle_4711_assignsubmission_file/tiny_x.zip": handin(),
            "Alyssa P. Hacker_9999_assignsubmission_file_/tiny.ipynb": "nb",
            "Alyssa P. Hacker_9999_assignsubmission_onlinetext/onlinetext.html": "<p>hello",
        }
    )
    collect(course, caplog, **{"CS-101 Tiny-4711.zip": everything})
    assert submitted(course) == {"ben": [*WHOLE[:2], "timestamp.txt", WHOLE[2]], "alyssa": ["tiny.ipynb"]}
    when = (course.submitted / "ben" / "tiny" / "timestamp.txt").read_text()
    assert when.startswith("2026-11-24 18:30:00")


def test_each_student_in_a_line(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """Who has everything and who does not; a thousand files of a zipped folder are told in one line."""
    junk = {f"data/part{i}.bin": "x" for i in range(1000)}
    ada = pack(**{"tiny.ipynb": "nb", "lib/layers.py": "x", "lib/extra.py": "x", **junk})
    said = collect(course, caplog, **{"tiny_ada.zip": ada, "class/bob/b.ipynb": ""})
    assert "ada: 3 file(s), nothing is missing." in said
    assert "bob: 1 file(s), missing: lib/layers.py." in said
    assert "1000 file(s) are no part of a submission and were left out: tiny_ada/data/part0.bin, " in said
    assert "part999" not in said
    assert len(said.splitlines()) < 20


def test_our_own_zips_and_folders(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """As they come by mail; a copy in a deeper folder does not win."""
    collect(
        course,
        caplog,
        **{
            "tiny_ada.zip": handin(),
            "class/bob/tiny/tiny.ipynb": "nb",
            "class/bob/tiny/lib/layers.py": "layers",
            "class/bob/tiny/backup/lib/layers.py": "old",
            "class/bob/notes.txt": "notes",
        },
    )
    assert submitted(course) == {"ada": WHOLE, "bob": ["lib/layers.py", "tiny.ipynb"]}
    assert (course.submitted / "bob" / "tiny" / "lib" / "layers.py").read_text() == "layers"


def test_a_file_in_its_place_wins(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """A whole folder that was zipped holds others of the same name, nearer to the top or earlier in the alphabet."""
    names = ("lib/layers.py", "lib/backup/layers.py", "layers.py", "lib/a/layers.py")
    ada = pack(**{"tiny.ipynb": "nb", **{name: name for name in names}})
    bob = pack(**{"tiny.ipynb": "nb", "x/lib/layers.py": "x", "y/lib/layers.py": "y"})
    said = collect(course, caplog, **{"tiny_ada.zip": ada, "tiny_bob.zip": bob})
    assert (course.submitted / "ada" / "tiny" / "lib" / "layers.py").read_text() == "lib/layers.py"
    assert "ada: lib/layers.py is there more than once" not in said
    assert "bob: lib/layers.py is there more than once: tiny_bob/x/lib/layers.py is taken" in said


def test_one_bad_archive_costs_nobody_else(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """It arrives packed, so that the student is not lost; grading then says that there is no notebook."""
    said = collect(
        course,
        caplog,
        **{"tiny_ada.zip": handin(), "tiny_eve.zip": pack(**{"../../evil": "x"}), "tiny_fay.zip": b"no zip"},
    )
    assert submitted(course) == {"ada": WHOLE, "eve": ["tiny_eve.zip"], "fay": ["tiny_fay.zip"]}
    assert "tiny_eve.zip: it holds the path '../../evil'" in said
    assert not list(course.root.rglob("evil"))


def test_a_notebook_of_another_name(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """It is collected as it is called, and taken when it is the only one."""
    collect(course, caplog, **{"tiny_ada.zip": pack(**{"tiny (1).ipynb": "nb"})})
    folder = course.submitted / "ada" / "tiny"
    assignment = load(course, "tiny")
    assert submission.take_lone_notebook(folder, assignment) == folder / "tiny (1).ipynb"
    assert (folder / "tiny.ipynb").read_text() == "nb"
    assert submission.take_lone_notebook(folder, assignment) is None
