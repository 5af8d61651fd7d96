"""What ``nbgrader zip_collect`` needs to read the downloads of Canvas and Moodle, and folders of handed-in zips.

The instructor puts what the platform gives into ``downloaded/<assignment>/archive/``. nbgrader calls the extractor, then
asks the collector about every file: whose is it, and where in the submission does it belong?

    bitdiddleben_12345_678901_cnn_svhn_ben.zip                     Canvas; LATE_ may stand behind the name
    Ben Bitdiddle_4711_assignsubmission_file/cnn_svhn_ben.zip      Moodle
    cnn_svhn_ben.zip                                               made by python -m lib.handin
    ben/cnn_svhn.ipynb, ben/lib/cnn/layer_utils.py                 a folder for each student

The outermost name that names a student decides. What lies below it the student named, and could have named after another.
"""

from __future__ import annotations

import datetime
import logging
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dateutil import parser as dates
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from gradlab import late_days, lms_sheet, roster, store, unpack
from gradlab import manifest as manifests
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.lms_sheet import Person
from gradlab.submission import MODEL

_CANVAS = re.compile(r"(?P<name>[^_/]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL)
#: The first number is Moodle's; what stands behind it, perhaps another, is the name of the student's file.
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<user>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)", re.DOTALL)
_KNOWN = re.compile(r"(?P<user>.+)", re.DOTALL)
#: Canvas numbers a file that is handed in again: layer_utils-1.py.
_AGAIN = re.compile(r"-\d+(?=\.[A-Za-z0-9]+$)")
TIMESTAMPS = "timestamps.csv"


@dataclass(frozen=True)
class Owner:
    """Whose a file is: the student, the path below what is theirs, whether Canvas calls it late, Canvas's file number."""

    student: str
    inner: tuple[str, ...]
    late: bool = False
    number: int = 0


class Extractor(ExtractorPlugin):
    """Unpacks with suspicion, archives in archives too; what cannot be unpacked stays as it is."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack and copy everything in ``archive_path``."""
        source, target = Path(archive_path), Path(extracted_path)
        app: Any = self.parent
        self._assignment, self._target = app.coursedir.assignment_id, target
        self._ids = {person.id for person in roster.people_of(Course(app.coursedir.root))}
        self._budgets: defaultdict[tuple[str, str], unpack.Budget] = defaultdict(unpack.Budget)
        found = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.is_symlink()]
        for path in found:
            if not any(part in unpack.JUNK for part in path.parts):
                self._take(path, target / path.relative_to(source), depth=0)
        if not found:
            self.log.error("%s is empty; put there what the platform gives.", archive_path)

    def _take(self, path: Path, target: Path, depth: int, theirs: unpack.Budget | None = None) -> None:
        """Copy a file, or unpack it beside the place where its copy would be; ``theirs`` is what its student has left."""
        if unpack.is_archive(path) and depth < 3:
            parts = target.relative_to(self._target).parts
            if theirs is None and (named := _named(parts, self._assignment, self._ids)):
                theirs = self._budgets[named[1].re.pattern, named[1]["user"]]
            elif theirs is None and depth:
                theirs = unpack.Budget()
            # an archive that names nobody is the platform's, and holds a whole class
            budget = theirs or unpack.Budget(
                max_files=100 * unpack.MAX_FILES, max_bytes=100 * unpack.MAX_BYTES
            )
            try:
                folder = unpack.folder_for(target)
                unpack.unpack(path, folder, budget)
            except unpack.Refused as refused:
                self.log.error("%s: %s; it stays packed.", "/".join(parts), refused)
            else:
                for inner in sorted(folder.rglob("*")):
                    if inner.is_file() and unpack.is_archive(inner):
                        self._take(inner, inner, depth + 1, theirs)
                if path == target:
                    path.unlink()
                return
        if path != target:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


class Collector(FileNameCollectorPlugin):
    """Finds student and place of each file; looks at all files at once, so that copies are told apart."""

    _plan: dict[str, dict[str, Any]] | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.log.addFilter(_not_each_file)

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        """Return student, place and time of a file; None if it is no part of a submission."""
        if self._plan is None:
            app: Any = self.parent
            course = Course(app.coursedir.root)
            name = app.coursedir.assignment_id
            extracted = Path(app._format_collect_path(app.extracted_directory))
            self._plan = plan(course, load(course, name), extracted, self.log)
        return self._plan.get(str(Path(submitted_file)))


def _not_each_file(record: logging.LogRecord) -> bool:
    """Leave out nbgrader's lines about single files: a zipped folder has thousands, and the plan says it in one."""
    return not str(record.msg).startswith(
        (
            "Parsing file: ",
            "Directory not found. Creating: ",
            "Skipped submission with no match",
            "Copying from: ",
            "  Copying to: ",
        )
    )


def plan(course: Course, assignment: Assignment, extracted: Path, log: Any) -> dict[str, dict[str, Any]]:
    """Decide about all files below a folder.

    Parameters
    ----------
    course, assignment : Course, Assignment
    extracted : Path
    log : logger
        Is told what a person should know: what of whom is there and what is not, files left behind, students whom
        the roster does not have.

    Returns
    -------
    dict of str to dict
        Path -> ``student_id``, ``file_id``, ``timestamp``, as nbgrader wants them.
    """
    register = Register(course, assignment, extracted.parent, log)
    wanted = places(course, assignment)
    candidates: dict[tuple[str, str], list[tuple[tuple[int, bool, int, str], Path]]] = {}
    late: set[str] = set()
    unknown: set[str] = set()
    left_out: list[Path] = []
    paths = sorted(path for path in extracted.rglob("*") if path.is_file())
    roots = folders_of_notebooks(
        [path.relative_to(extracted) for path in paths], assignment.name, register.ids
    )
    unsafe: set[str] = set()
    for path in paths:
        owner = owner_of(path.relative_to(extracted).parts, assignment.name, register, roots)
        if owner is None:
            log.warning("%s: nobody's, as far as its name tells; left out.", path.relative_to(extracted))
            continue
        if not lms_sheet.is_safe_id(owner.student):
            if owner.student not in unsafe:
                # ascii: a terminal obeys some of what such an id may hold
                where = ascii("/".join(path.relative_to(extracted).parts))
                log.warning(
                    "%s: %a cannot be a student's id; all that is theirs is left out.", where, owner.student
                )
            unsafe.add(owner.student)
            continue
        if owner.late:
            late.add(owner.student)
        place = place_of(owner.inner, wanted)
        if place is None and not (path.suffix == ".ipynb" or unpack.is_archive(path)):
            left_out.append(path.relative_to(extracted))
            continue
        key = (owner.student, place or owner.inner[-1])
        guessed = not "/".join(("", *owner.inner)).endswith(f"/{place}")
        # the newest attempt, then a file that lies where it belongs, then the one that lies on top
        candidates.setdefault(key, []).append(((-owner.number, guessed, len(owner.inner), str(path)), path))
    found: dict[str, dict[str, Any]] = {}
    for (student, place), several in candidates.items():
        (first, path), *others = sorted(several)
        if any(rank[0] != first[0] for rank, _ in others):
            log.warning("%s: %s is there more than once; the newest is taken.", student, place)
        for rank, other in others:
            if rank[:2] == first[:2]:
                taken, left = path.relative_to(extracted), other.relative_to(extracted)
                log.warning(
                    "%s: %s is there more than once: %s is taken, %s is not.", student, place, taken, left
                )
        found[str(path)] = {"student_id": student, "file_id": place}
        if when := register.time_of(student):
            found[str(path)]["timestamp"] = when
        elif student in late:
            log.warning(
                "%s: handed in late, as Canvas says, but not when, so it counts as in time; write it to %s, and run nbgrader "
                "zip_collect --force again.",
                student,
                course.relative(extracted.parent / TIMESTAMPS),
            )
            late.discard(student)
            unknown.add(student)
    _summarize(assignment, found, left_out, log)
    late_days.remember_unknown(
        course, assignment.name, unknown, {one["student_id"] for one in found.values()}
    )
    return found


def _summarize(
    assignment: Assignment, found: Mapping[str, Mapping[str, Any]], left_out: Sequence[Path], log: Any
) -> None:
    """Say in a line for each student how many files there are and which are missing; in one what was left out."""
    have: dict[str, set[str]] = {}
    for told in found.values():
        have.setdefault(told["student_id"], set()).add(told["file_id"])
    for student, names in sorted(have.items()):
        lone = any(name.endswith(".ipynb") for name in names)  # grading takes one of another name
        missing = [
            name
            for name in assignment.asked_for
            if name not in names and not (lone and name == assignment.notebook)
        ]
        said = f"missing: {', '.join(missing)}" if missing else "nothing is missing"
        (log.warning if missing else log.info)("%s: %d file(s), %s.", student, len(names), said)
    if left_out:
        some = ", ".join(str(path) for path in left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        log.info("%d file(s) are no part of a submission and were left out: %s", len(left_out), some)


def places(course: Course, assignment: Assignment) -> list[str]:
    """Return the paths that a submission may hold."""
    released = store.get(course, assignment.name)
    owned = manifests.read(released, course.relative(released)).owned_by("student")
    return sorted({MODEL, *owned, *assignment.files, *assignment.asked_for})


def _named(parts: Sequence[str], assignment: str, ids: Collection[str]) -> tuple[int, re.Match[str]] | None:
    """Find the outermost part of a path that names a student, as a platform, our own command, or the roster does."""
    mine = re.compile(rf"{re.escape(assignment)}_(?P<user>.+)", re.DOTALL)
    for i, part in enumerate(parts):
        # Canvas first: it puts its numbers in front, so that nothing a student chose can look like them
        if match := _CANVAS.fullmatch(part) or _MOODLE.fullmatch(part):
            return i, match
        if i < len(parts) - 1 or unpack.is_archive(Path(part)):
            name = part if i < len(parts) - 1 else unpack.stem(Path(part))
            if match := mine.fullmatch(name) or (_KNOWN.fullmatch(name) if name in ids else None):
                return i, match
    return None


def owner_of(
    parts: tuple[str, ...], assignment: str, register: Register, roots: Sequence[tuple[str, ...]] = ()
) -> Owner | None:
    """Find whose a file is from its path below the extracted folder: the outermost name decides, or else a folder's."""
    named = _named(parts, assignment, register.ids)
    for root in roots:
        if parts[: len(root)] == root and (named is None or named[0] >= len(root)):
            return Owner(root[-1], parts[len(root) :])
    if named is None:
        return None
    i, match = named
    rest = parts[i + 1 :]
    if match.re is _CANVAS:
        inner = rest or (_AGAIN.sub("", match["rest"]),)
        return Owner(register.canvas(match["user"]), inner, bool(match["late"]), int(match["file"]))
    if match.re is _MOODLE:
        return Owner(register.moodle(match["user"], match["name"]), rest or (match["rest"],))
    return Owner(match["user"], rest or (parts[i],))


def folders_of_notebooks(
    paths: Sequence[Path], assignment: str, ids: Collection[str] = ()
) -> list[tuple[str, ...]]:
    """Return the folders that hold a notebook where no name names a student: their names are the students'.

    They lie at one level, that of the notebook nearest to the top; what is below, the student named.
    """
    found = set()
    for path in paths:
        folder = path.parent.parts
        while folder and folder[-1] == assignment:
            folder = folder[:-1]
        if path.suffix == ".ipynb" and folder and _named(path.parts, assignment, ids) is None:
            found.add(folder)
    level = min(map(len, found), default=0)
    return sorted({folder[:level] for folder in found})


def place_of(inner: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Find where a file belongs: by the end of its path, else by its name where that leaves no doubt."""
    for i in range(len(inner)):
        if "/".join(inner[i:]) in wanted:
            return "/".join(inner[i:])
    names = Counter(PurePosixPath(path).name for path in wanted)
    name = inner[-1] if inner else ""
    if names[name] == 1:
        return next(path for path in wanted if PurePosixPath(path).name == name)
    return None


class Register:
    """Who is who: the gradebook's students, and the tables that lie beside the archive folder."""

    def __init__(self, course: Course, assignment: Assignment, folder: Path, log: Any) -> None:
        people = roster.people_of(course)
        self._log, self._said = log, set[str]()
        self.ids = frozenset(person.id for person in people)
        self._by_number = {person.lms_id: person.id for person in people if person.lms_id}
        self._by_name = _unambiguous(people)
        self._moodle: dict[str, str] = {}
        self._times: dict[str, str] = {}
        for path in sorted(folder.glob("*.csv")):
            self._read(lms_sheet.read(path))

    def _read(self, sheet: lms_sheet.Sheet) -> None:
        for person, row in sheet.students():
            if sheet.kind == lms_sheet.MOODLE:
                self._moodle[person.lms_id] = person.id
            elif person.lms_id:
                self._by_number.setdefault(person.lms_id, person.id)
            when = row.get("timestamp") or row.get("Last modified (submission)") or ""
            if when.strip(" -"):
                self._times[person.id] = _utc(when, f"{sheet.path.name}, {person.id}")

    def canvas(self, number: str) -> str:
        """Return the student with a Canvas number; the number itself where the roster does not have it."""
        return self._by_number.get(number) or self._unknown(number, "Canvas")

    def moodle(self, number: str, name: str) -> str:
        """Return the student with a participant's number, else the only one of that name."""
        known = self._moodle.get(number) or self._by_name.get(" ".join(name.split()).casefold())
        return known or self._unknown(number, "Moodle")

    def time_of(self, student: str) -> str:
        """Return when a student handed in, in UTC; empty where nobody says."""
        return self._times.get(student, "")

    def _unknown(self, number: str, platform: str) -> str:
        if number not in self._said:
            self._said.add(number)
            self._log.warning(
                "%s's number %s is in no roster; it is taken for the student's id. Import one: gradlab roster FILE.",
                platform,
                number,
            )
        return number


def _unambiguous(people: Sequence[Person]) -> Mapping[str, str]:
    names = [(" ".join(f"{one.first_name} {one.last_name}".split()).casefold(), one.id) for one in people]
    count = Counter(name for name, _ in names)
    return {name: found for name, found in names if name and count[name] == 1}


def _utc(text: str, where: str) -> str:
    """Read a time as platforms write it; without a zone it is this machine's."""
    from gradlab.errors import GradlabError

    try:
        found = dates.parse(text)
    except (ValueError, OverflowError) as error:
        msg = f"{where}: {text!r} is no time that is understood here; write it as 2026-11-24 18:30."
        raise GradlabError(msg) from error
    return found.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def configure(c: Any, _course: Course) -> None:
    """Set what ``nbgrader zip_collect`` needs in this course."""
    c.ZipCollectApp.extractor_plugin = Extractor
    c.ZipCollectApp.collector_plugin = Collector
