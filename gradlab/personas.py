"""Who hands in what in the demo, and what each of them deserves: exercises/variants/<assignment>/personas.toml."""

from __future__ import annotations

from dataclasses import dataclass

from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.toml_table import Table, nearest, read_toml

#: Every student of the demo is named so: real ones are never touched.
PREFIX = "demo-"


@dataclass(frozen=True)
class Persona:
    """A student of the demo.

    Attributes
    ----------
    name : str
        Begins with ``PREFIX``.
    story : str
        What they did, in words.
    variant : str or None
        File of exercises/variants/<assignment>/ with their answers; "" is the reference, None is no answer at all.
    unanswered : tuple of str
        Cells they left as they were.
    partly : tuple of str
        Exercises that must earn some of the points but not all.
    none : tuple of str
        Exercises that must earn nothing.
    """

    name: str
    story: str
    variant: str | None = None
    unanswered: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


def load_personas(course: Course, assignment: Assignment) -> dict[str, Persona]:
    """Read the students of an assignment's demo.

    Returns
    -------
    dict of str to Persona
        By name, in the order of the file.

    Raises
    ------
    GradlabError
        If there is no such file, or it names a variant or an exercise that is not there.
    """
    folder = course.exercises / "variants" / assignment.name
    shown = course.relative(folder / "personas.toml")
    top = read_toml(folder / "personas.toml", shown)
    tables = top.tables("persona")
    top.close()
    personas = [_persona(table) for table in tables]
    known = [exercise.name for exercise in assignment.exercises]
    variants = [path.stem for path in folder.glob("*.py")]
    for persona in personas:
        where = f"{shown} [[persona]] {persona.name}"
        if not persona.name.startswith(PREFIX) or sum(p.name == persona.name for p in personas) > 1:
            msg = f"{where}: wanted a name of its own that begins with '{PREFIX}'."
            raise GradlabError(msg)
        if persona.variant and persona.variant not in variants:
            msg = f"{where}: there is no variant '{persona.variant}'{nearest(persona.variant, variants)}"
            raise GradlabError(msg)
        for name in (*persona.partly, *persona.none, *persona.unanswered):
            if name not in known:
                msg = f"{where}: there is no exercise '{name}'{nearest(name, known)}"
                raise GradlabError(msg)
    if not personas:
        msg = f"{shown}: it names no [[persona]]; write one for each student of the demo."
        raise GradlabError(msg)
    return {persona.name: persona for persona in personas}


def _persona(table: Table) -> Persona:
    persona = Persona(
        name=table.text("name"),
        story=table.text("story"),
        variant=table.maybe("variant"),
        unanswered=table.texts("unanswered", ()),
        partly=table.texts("partly", ()),
        none=table.texts("none", ()),
    )
    table.close()
    return persona
