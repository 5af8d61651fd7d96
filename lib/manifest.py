"""What an assignment says about itself: ``assignment.toml`` in the folder that a student works in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lib.errors import ConfigError

FILE = "assignment.toml"
_KINDS = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


@dataclass(frozen=True)
class Exercise:
    """One exercise: its grade id, title and points, where it is written, and the number of its heading."""

    name: str
    title: str = ""
    points: float = 0.0
    graded: str = "auto"
    where: str = ""
    regions: tuple[str, ...] = ()
    heading: str = ""
    extra_credit: float = 0.0


@dataclass(frozen=True)
class ReportPart:
    """One part of the report: the sections of some exercises, of which ``show`` is "images", "text" or "all".

    "all" shows the student's code, what the cells of the sections show, and the answers.
    """

    key: str
    title: str
    exercises: tuple[str, ...]
    show: str


@dataclass(frozen=True)
class Manifest:
    """One assignment.

    Attributes
    ----------
    folder : Path
        Where assignment.toml lies.
    name, title, notebook, dataset : str
        ``notebook`` is a file name; ``dataset`` is empty where none is needed.
    exercises : tuple of Exercise
        In the order of the notebook.
    parts : tuple of ReportPart
        Of the report, in the order that is required.
    pdf : str
        File name of the report; empty if none is asked for.
    files : tuple of str
        What is handed in, relative to the folder, with forward slashes.
    extra_files : tuple of str
        What is handed in besides, if it is there.
    """

    folder: Path
    name: str
    title: str
    notebook: str
    dataset: str = ""
    exercises: tuple[Exercise, ...] = ()
    parts: tuple[ReportPart, ...] = ()
    pdf: str = ""
    files: tuple[str, ...] = ()
    extra_files: tuple[str, ...] = ()

    def exercise(self, name: str) -> Exercise:
        """Return one exercise by its name.

        Raises
        ------
        ConfigError
            If there is none of that name.
        """
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        known = ", ".join(exercise.name for exercise in self.exercises) or "none"
        msg = f"{self.name}: no exercise is named {name!r}; it has {known}."
        raise ConfigError(msg)

    def section_key(self, name: str) -> str:
        """Return the key of the section of an exercise: the first exercise with the same heading."""
        exercise = self.exercise(name)
        for other in self.exercises:
            if exercise.heading and other.heading == exercise.heading:
                return other.name
        return name


def read_manifest(folder: str | Path = ".") -> Manifest:
    """Read the assignment.toml of a folder.

    Parameters
    ----------
    folder : path
        An unpacked release, or ``source/<assignment>`` of a course.

    Returns
    -------
    Manifest

    Raises
    ------
    ConfigError
        If the file is missing, is not TOML, lacks an entry, or an entry is of the wrong kind.
    """
    folder = Path(folder)
    path = folder / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = (
            f"{FILE} not found in {folder.resolve().name}/; run this in the folder of the assignment, "
            "where the notebook is."
        )
        raise ConfigError(msg) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{FILE} is damaged ({error}); take it again from the zip of the assignment."
        raise ConfigError(msg) from error
    head = _get(data, "assignment", dict, "")
    notebook = _file(_get(head, "notebook", str, "[assignment] "), "[assignment] notebook")
    report = _get(data, "report", dict, "", {})
    pdf = _get(report, "pdf", str, "[report] ", "")
    manifest = Manifest(
        folder=folder,
        name=_get(head, "name", str, "[assignment] "),
        title=_get(head, "title", str, "[assignment] "),
        notebook=notebook,
        dataset=_get(head, "dataset", str, "[assignment] ", ""),
        exercises=tuple(_exercise(entry, n) for n, entry in enumerate(_tables(data, "exercise", ""), 1)),
        parts=tuple(_part(entry, n) for n, entry in enumerate(_tables(report, "part", "[report] "), 1)),
        pdf=_file(pdf, "[report] pdf") if pdf else "",
        files=_files(_get(data, "submission", dict, "", {}), "[submission] "),
        extra_files=_files(_get(data, "lib", dict, "", {}), "[lib] "),
    )
    for part in manifest.parts:
        for name in part.exercises:
            manifest.exercise(name)
    return manifest


def _exercise(entry: dict, number: int) -> Exercise:
    where = f"[[exercise]] {number}: "
    return Exercise(
        name=_get(entry, "name", str, where),
        title=_get(entry, "title", str, where, ""),
        points=float(_get(entry, "points", float, where, 0.0)),
        graded=_get(entry, "graded", str, where, "auto"),
        where=_get(entry, "where", str, where, ""),
        regions=_texts(entry, "regions", where),
        heading=str(_get(entry, "heading", str, where, "")),
        extra_credit=float(_get(entry, "extra_credit", float, where, 0.0)),
    )


def _part(entry: dict, number: int) -> ReportPart:
    where = f"[[report.part]] {number}: "
    show = _get(entry, "show", str, where)
    if show not in ("images", "text", "all"):
        msg = f"{FILE}, {where}got show = {show!r}; wanted 'images', 'text' or 'all'."
        raise ConfigError(msg)
    return ReportPart(
        key=_get(entry, "key", str, where),
        title=_get(entry, "title", str, where),
        exercises=_texts(entry, "exercises", where),
        show=show,
    )


def _files(table: dict, where: str) -> tuple[str, ...]:
    return tuple(_file(name, f"{where}files") for name in _texts(table, "files", where))


def _file(name: str, where: str) -> str:
    """Refuse a path that leads out of the folder."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        msg = f"{FILE}, {where}: got {name!r}; wanted a path inside the folder, with forward slashes."
        raise ConfigError(msg)
    return path.as_posix()


def _tables(table: dict, key: str, where: str) -> list[dict]:
    entries = _get(table, key, list, where, [])
    if not all(isinstance(entry, dict) for entry in entries):
        msg = f"{FILE}, {where}{key}: wanted tables, written [[...]]."
        raise ConfigError(msg)
    return entries


def _texts(table: dict, key: str, where: str) -> tuple[str, ...]:
    entries = _get(table, key, list, where, [])
    if not all(isinstance(entry, str) for entry in entries):
        msg = f"{FILE}, {where}{key}: wanted a list of texts."
        raise ConfigError(msg)
    return tuple(entries)


def _get(table: dict, key: str, kind: type, where: str, default: Any = None) -> Any:
    """Take an entry of the right kind out of a table; without a default it must be there."""
    value = table.get(key, default)
    if value is None:
        msg = (
            f"{FILE}, {where}{key} is missing; add it, or take the file again from the zip of the assignment."
        )
        raise ConfigError(msg)
    right = (int, float) if kind is float else kind
    if not isinstance(value, right) or isinstance(value, bool):
        msg = f"{FILE}, {where}{key}: got {value!r}; wanted {_KINDS[kind]}."
        raise ConfigError(msg)
    return value
