"""nbgrader zip_collect on what Canvas, Moodle and our own hand-in command make."""

from __future__ import annotations

import functools
import io
import logging
import zipfile
from pathlib import Path

import pytest
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from test_lms_sheet import CANVAS_CSV, MOODLE_CSV, write
from traitlets.config import Config

from gradlab import submission, unpack
from gradlab.assignment import load
from gradlab.course import Course
from gradlab.lms_sheet import is_safe_id
from gradlab.release import load_config
from gradlab.roster import import_roster


def pack(**files: str | bytes) -> bytes:
    """Return a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
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


def texts(course: Course) -> dict[str, str]:
    """Return student -> text of the notebook."""
    return {path.parts[-3]: path.read_text() for path in course.submitted.glob("*/tiny/tiny.ipynb")}


FOR_ALYSSA = ("tiny_alyssa", "x_12346_99999999_y", "x_4712_assignsubmission_file_")


def test_nobody_hands_in_for_another(
    course: Course, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Canvas and our own zips: names inside a student's archive are the student's own."""
    import_roster(course, write(tmp_path, CANVAS_CSV))
    inside = {f"{name}/tiny.ipynb": "ben's" for name in FOR_ALYSSA}
    packed = {f"{name}.zip": handin("ben's") for name in FOR_ALYSSA}
    platform = pack(
        **{
            "bitdiddleben_12345_900_x_12346_assignsubmission_file_.zip": pack(
                **inside, **{"tiny.ipynb": "ben's"}
            ),
            "hackeralyssa_12346_901_tiny.zip": handin("alyssa's"),
        }
    )
    collect(
        course,
        caplog,
        **{
            "submissions.zip": platform,
            "tiny_cy.zip": pack(**{name.replace("y/", "z/"): "cy's" for name in inside}),
            "tiny_dan.zip": pack(**packed),
        },
    )
    assert texts(course) == {"ben": "ben's", "alyssa": "alyssa's", "cy": "cy's", "dan": "ben's"}


@pytest.mark.parametrize("between", ["_", "/"])
def test_nor_in_moodle(
    course: Course, tmp_path: Path, caplog: pytest.LogCaptureFixture, between: str
) -> None:
    """Flat and in folders: the first number is Moodle's."""
    import_roster(course, write(tmp_path, CANVAS_CSV))
    (course.root / "downloaded" / "tiny").mkdir(parents=True)
    write(course.root / "downloaded" / "tiny", MOODLE_CSV.replace("Tuesday, 24 November 2026, 6:30 PM", "-"))
    names = {
        f"Ben Bitdiddle_4711_assignsubmission_file{between}{name}.zip": handin("ben's") for name in FOR_ALYSSA
    }
    collect(course, caplog, **{"CS-101.zip": pack(**names)})
    assert texts(course) == {"ben": "ben's"}


def test_nor_in_folders(course: Course, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The students' folders lie at one level, or are called what the roster calls them."""
    import_roster(course, write(tmp_path, CANVAS_CSV))
    folders = {
        "class/ada/tiny.ipynb": "ada's",
        "class/eve/ada/tiny.ipynb": "eve's",
        "class/eve/tiny_ada/lib/layers.py": "eve's",
        **{f"class/ben/{name}/tiny.ipynb": "ben's" for name in FOR_ALYSSA},
    }
    folders["class/eve/tiny.ipynb"] = "eve's"
    collect(course, caplog, **folders)
    assert texts(course) == {"ada": "ada's", "ben": "ben's", "eve": "eve's"}


def test_a_zip_of_zips(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    """The instructor's: it names nobody, so the archives in it do."""
    collect(
        course, caplog, **{"class.zip": pack(**{"tiny_ada.zip": handin("a"), "tiny_bob.zip": handin("b")})}
    )
    assert texts(course) == {"ada": "a", "bob": "b"}


def test_archives_in_archives(course: Course, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever they are called and hold, the rest of the class stays whole, and the log names the student."""
    import_roster(course, write(tmp_path, CANVAS_CSV))
    times = pack(**{"timestamps.csv": "id,timestamp\nben,2020-01-01 00:00 UTC\n"})
    others = pack(**{"hackeralyssa_12346_901_tiny/tiny.ipynb": "ben's"})
    broken = bytearray(pack(**{"tiny.ipynb": "nb"}))
    broken[41:43] = b"\xff" * 2
    evil = {
        "tiny.ipynb": "ben's",
        "...zip": others,
        "a/...zip": pack(**{"...zip": times}),
        ".zip": b"no zip",
        "b.zip": bytes(broken),
    }
    platform = pack(
        **{"hackeralyssa_12346_901_tiny.zip": handin("alyssa's"), "zz_12345_900_tiny.zip": pack(**evil)}
    )
    said = collect(course, caplog, **{"submissions.zip": platform})
    assert texts(course) == {"alyssa": "alyssa's", "ben": "ben's"}
    assert "submissions/zz_12345_900_tiny/...zip: its name names no folder; it stays packed." in said
    assert "submissions/zz_12345_900_tiny/b.zip: it cannot be unpacked" in said
    assert not list(course.root.rglob("timestamps.csv"))


@pytest.mark.parametrize("lone", [True, False])
def test_bombs_in_archives(
    course: Course, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, lone: bool
) -> None:
    """A student has one budget, however deep and in however many archives; a platform's zip has a class's."""
    monkeypatch.setattr(unpack, "Budget", functools.partial(unpack.Budget, max_bytes=100_000))
    zeros = pack(zeros=b"\0" * 60_000)
    bomb = pack(**{f"{name}.zip": zeros for name in "abc"})
    names = ("tiny_ben.zip", "tiny_ada.zip") if lone else ("ben_12345_900_a.zip", "ada_12346_901_a.zip")
    files = dict(zip(names, (bomb, pack(**{"tiny.ipynb": "a" * 90_000})), strict=True))
    said = collect(course, caplog, **(files if lone else {"submissions.zip": pack(**files)}))
    assert "together with what else is the same student's" in said
    extracted = course.root / "downloaded" / "tiny" / "extracted"
    assert len(list(extracted.rglob("zeros"))) == 1
    assert list(texts(course)) == (["ada"] if lone else ["12346"])


@pytest.mark.parametrize("student", ["..", ".y", "[x]", "-rf", "a\x1b[2Jb", "a\u202eb"])
def test_ids_that_are_no_folders(course: Course, caplog: pytest.LogCaptureFixture, student: str) -> None:
    """They are left out, with a warning that a terminal can show."""
    said = collect(course, caplog, **{f"tiny_{student}.zip": handin(), "tiny_ada.zip": handin()})
    assert submitted(course) == {"ada": WHOLE}
    assert f"{student!a} cannot be a student's id" in said
    assert said.count("cannot be a student's id") == 1


def test_ids() -> None:
    """What is no name of a folder, or cannot be written at all."""
    assert all(is_safe_id(one) for one in ("ben", "ben@x.edu", "Jürgen Groß", "12345", "b-b_b.b"))
    assert not any(is_safe_id(one) for one in ("", "a/b", "a\\b", "\udcff", "a" * 300, " a", "a\n", "*"))
