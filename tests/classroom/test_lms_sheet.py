"""Tables of Canvas, Moodle and nbgrader: told apart, read, refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.lms_sheet import CANVAS, MOODLE, ROSTER, Person, read
from gradlab.roster import import_roster, people_of

CANVAS_CSV = """\
Student,ID,SIS User ID,SIS Login ID,Section,Tiny (777),Other (778)
    Points Possible,,,,,14,10
"Bitdiddle, Ben",12345,u1,ben,Section 1,,9
"Hacker, Alyssa P.",12346,u2,alyssa,Section 1,,8
"Student, Test",99,,,Section 1,,
"""
MOODLE_CSV = (
    "Identifier;Full name;ID number;Email address;Status;Grade;Maximum Grade;Last modified (submission)\n"
    "Participant 4711;Ben Bitdiddle;ben;ben@x.edu;Submitted;;28,00;Tuesday, 24 November 2026, 6:30 PM\n"
    "Participant 4712;Alyssa P. Hacker;alyssa;a@x.edu;No submission;;28,00;-\n"
)
ROSTER_CSV = "id,first_name,last_name,email,lms_user_id\nben,Ben,Bitdiddle,ben@x.edu,12345\n"


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    """Write a table."""
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        (CANVAS_CSV, CANVAS, Person("ben", "Ben", "Bitdiddle", "", "12345")),
        (MOODLE_CSV, MOODLE, Person("ben", "Ben", "Bitdiddle", "ben@x.edu", "4711")),
        (ROSTER_CSV, ROSTER, Person("ben", "Ben", "Bitdiddle", "ben@x.edu", "12345")),
    ],
    ids=["Canvas", "Moodle", "roster"],
)
def test_tables_are_told_apart(tmp_path: Path, text: str, kind: str, wanted: Person) -> None:
    """With byte order mark, and whatever separates the columns."""
    sheet = read(write(tmp_path, text))
    assert sheet.kind == kind
    assert sheet.students()[0][0] == wanted


def test_rows_that_are_no_students(tmp_path: Path) -> None:
    """Canvas's points possible and its test student, the teacher's view of the course, are nobody."""
    ids = [person.id for person, _ in read(write(tmp_path, CANVAS_CSV)).students()]
    assert ids == ["ben", "alyssa"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a,b\n1,2\n", "no table that is known here; its columns are a, b"),
        ("", "its columns are missing"),
        ("id\nben\nben\n", "line 3: 'ben' stands in line 2 already"),
        ("id\n../ben\n", "cannot name a folder"),
        ("id,email\n,a@x\n", "line 2: a student has no id"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path: Path, text: str, wanted: str) -> None:
    """The message names the line and what to do."""
    with pytest.raises(GradlabError, match=wanted):
        read(write(tmp_path, text)).students()


def test_a_table_that_is_not_text(tmp_path: Path) -> None:
    """A spreadsheet that was not exported."""
    path = tmp_path / "class.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(GradlabError, match="export it again as CSV"):
        read(path)


def test_a_roster_becomes_students(course: Course, tmp_path: Path) -> None:
    """Twice is no harm; a table with an error in its last line writes nobody."""
    done = import_roster(course, write(tmp_path, CANVAS_CSV))
    assert (done.new, done.known) == (("alyssa", "ben"), ())
    again = import_roster(course, write(tmp_path, ROSTER_CSV))
    assert (again.new, again.known, again.unlisted) == ((), ("ben",), ("alyssa",))
    people = {person.id: person for person in people_of(course)}
    assert people["ben"] == Person("ben", "Ben", "Bitdiddle", "ben@x.edu", "12345")
    with pytest.raises(GradlabError):
        import_roster(course, write(tmp_path, "id\nnew\nnew\n"))
    assert "new" not in {person.id for person in people_of(course)}
