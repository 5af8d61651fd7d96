"""The tables that learning platforms write and read: Canvas's gradebook, Moodle's grading worksheet, nbgrader's roster.

They are told apart by their columns; nobody has to say which it is.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from gradlab.errors import GradlabError

CANVAS, MOODLE, ROSTER = "Canvas gradebook", "Moodle grading worksheet", "roster"
#: Columns by which a table is known.
_KNOWN = {
    CANVAS: ("Student", "ID", "Section"),
    MOODLE: ("Identifier", "Full name", "Grade"),
    ROSTER: ("id",),
}
#: Canvas puts these in the first column of rows that are no students; the last one is the teacher's view of the course.
_NO_STUDENT = ("points possible", "manual posting", "student, test")
#: Separators, wildcards, what is not seen or not UTF-8; in front what hides a folder or looks like an option.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff/\\\[\]*?:]|^[.-]|^\s|\s$")


@dataclass(frozen=True)
class Person:
    """A student as a table has them; ``lms_id`` is the number that the platform puts into file names."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table of a platform.

    Attributes
    ----------
    path : Path
    kind : str
        ``CANVAS``, ``MOODLE`` or ``ROSTER``.
    header : list of str
    rows : list of dict of str to str
        Every row, also those that are no students.
    """

    path: Path
    kind: str
    header: list[str]
    rows: list[dict[str, str]]

    def students(self) -> list[tuple[Person, dict[str, str]]]:
        """Return the students with their rows.

        Raises
        ------
        GradlabError
            If a student has no id, one that cannot be the name of a folder, or the id of another one.
        """
        found: list[tuple[Person, dict[str, str]]] = []
        seen: dict[str, int] = {}
        for number, row in enumerate(self.rows, 2):
            if not any(value.strip() for value in row.values()) or self._no_student(row):
                continue
            person = _PERSON[self.kind](row)
            if not is_safe_id(person.id):
                what = f"the id {person.id!r}, which cannot name a folder" if person.id else "no id"
                msg = f"{self.path.name}, line {number}: a student has {what}; correct it."
                raise GradlabError(msg)
            if person.id in seen:
                msg = f"{self.path.name}, line {number}: '{person.id}' stands in line {seen[person.id]} already."
                raise GradlabError(msg)
            seen[person.id] = number
            found.append((person, row))
        return found

    def _no_student(self, row: dict[str, str]) -> bool:
        if self.kind != CANVAS:
            return False
        name = row.get("Student", "").strip().lower()
        return name.startswith(_NO_STUDENT) or not row.get("ID", "").strip()


def is_safe_id(text: str) -> bool:
    """Tell whether a student's id can be the name of a folder, and is harmless as one."""
    return bool(text) and not _UNSAFE.search(text) and len(text.encode()) < 200


def read(path: str | Path) -> Sheet:
    """Read a table, whichever of the three it is.

    Raises
    ------
    GradlabError
        If it is none of them.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        msg = f"{path} cannot be read ({reason}); export it again as CSV."
        raise GradlabError(msg) from error
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    header = [name.strip() for name in lines[0]] if lines else []
    for kind, columns in _KNOWN.items():
        if set(columns) <= set(header):
            rows = [dict(zip(header, [*line, *[""] * len(header)], strict=False)) for line in lines[1:]]
            return Sheet(path, kind, header, rows)
    known = "; ".join(f"{kind}: {', '.join(columns)}, ..." for kind, columns in _KNOWN.items())
    msg = f"{path} is no table that is known here; its columns are {', '.join(header[:8]) or 'missing'}. Known are: {known}."
    raise GradlabError(msg)


def _canvas_person(row: dict[str, str]) -> Person:
    last, _, first = (part.strip() for part in row["Student"].partition(","))
    login = row.get("SIS Login ID", "").strip() or row.get("SIS User ID", "").strip()
    number = row["ID"].strip()
    return Person(login or number, first, last, login if "@" in login else "", number)


def _moodle_person(row: dict[str, str]) -> Person:
    first, _, last = row["Full name"].strip().rpartition(" ")
    email = row.get("Email address", "").strip()
    own = row.get("ID number", "").strip() or row.get("Username", "").strip()
    number = re.sub(r"\D", "", row["Identifier"])
    return Person(own or email or number, first, last, email, number)


def _roster_person(row: dict[str, str]) -> Person:
    names = ("id", "first_name", "last_name", "email", "lms_user_id")
    return Person(*(row.get(name, "").strip() for name in names))


_PERSON = {CANVAS: _canvas_person, MOODLE: _moodle_person, ROSTER: _roster_person}
