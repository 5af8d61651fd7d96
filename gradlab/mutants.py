"""Wrong and right variants of answers, one file for each exercise: ``exercises/mutants/<family>/<exercise>.py``.

A file is a module docstring and functions named ``right_<how>`` or ``wrong_<what>``, whose docstring says what this
student did and whose body holds regions, as in lib. A small change of another variant can be an entry of a list::

    EDITS = [("wrong_<what>", "<what this student did>", "<base>", "<old text>", "<new text>")]

The base is another function, or "reference". A file that says ``OBJECTS = True`` is about objects of the notebook: its
functions are called, and return what ``check`` is given. Nothing in there is ever released.
"""

from __future__ import annotations

import ast
import runpy
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradlab import regions
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.errors import GradlabError
from gradlab.regions import Region
from gradlab.verdict import load_exercises

#: Every coded exercise has at least this many variants.
LEAST_WRONG, LEAST_RIGHT = 6, 3


@dataclass(frozen=True)
class Mutant:
    """One variant.

    Attributes
    ----------
    family, exercise, name : str
    story : str
        What this student did.
    bodies : mapping of str to str
        Bodies by region; empty for objects of the notebook.
    objects : function, optional
        Makes the objects of the notebook.
    """

    family: str
    exercise: str
    name: str
    story: str
    bodies: Mapping[str, str] = field(default_factory=dict)
    objects: Callable[[], dict[str, Any]] | None = None

    @property
    def right(self) -> bool:
        """Whether the answer deserves all points."""
        return self.name.startswith("right_")


def exercises_of(course: Course) -> dict[tuple[str, str], Assignment]:
    """Return (family, exercise) -> the first assignment that has it, for every exercise that a program can answer.

    That is every exercise judged by a probe. Exercises on objects of the notebook are added where a file of
    variants is there.
    """
    found: dict[tuple[str, str], Assignment] = {}
    for name in course.assignments():
        assignment = load(course, name)
        judges = load_exercises(course, name)
        for exercise in assignment.exercises:
            key = (assignment.checks, exercise.name)
            source = judges[exercise.name].source if exercise.name in judges else ""
            if source == "probe" or (source == "notebook" and path_of(course, *key).is_file()):
                found.setdefault(key, assignment)
    return found


def path_of(course: Course, family: str, exercise: str) -> Path:
    """Return where the variants of an exercise stand."""
    return course.exercises / "mutants" / family / f"{exercise}.py"


def load_mutants(course: Course, family: str, exercise: str, reference: Mapping[str, Region]) -> list[Mutant]:
    """Read the variants of one exercise.

    Parameters
    ----------
    course : Course
    family, exercise : str
    reference : mapping of str to Region
        Every region of lib.

    Returns
    -------
    list of Mutant
        In the order of the file.

    Raises
    ------
    GradlabError
        If the file is missing, breaks the format, or holds too few variants.
    """
    path = path_of(course, family, exercise)
    shown = course.relative(path)
    if not path.is_file():
        msg = f"{shown} not found; write at least {LEAST_WRONG} wrong and {LEAST_RIGHT} right answers to {exercise}."
        raise GradlabError(msg)
    text = regions.read_text(path, shown)
    tree = ast.parse(text)
    if _constant(tree, "OBJECTS"):
        mutants = _of_objects(path, shown, family, exercise, tree)
    else:
        mutants = _of_regions(text, shown, family, exercise, tree, reference)
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if not mutant.name.startswith(("right_", "wrong_")) or names.count(mutant.name) > 1:
            msg = f"{shown}: '{mutant.name}' is no name of its own that begins with right_ or wrong_."
            raise GradlabError(msg)
    right = sum(mutant.right for mutant in mutants)
    if right < LEAST_RIGHT or len(mutants) - right < LEAST_WRONG:
        msg = (
            f"{shown}: {right} right and {len(mutants) - right} wrong answers, wanted at least {LEAST_RIGHT} and "
            f"{LEAST_WRONG}."
        )
        raise GradlabError(msg)
    return mutants


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [node for node in found if not node.name.startswith("_")]


def _story(node: ast.FunctionDef, shown: str) -> str:
    said = (ast.get_docstring(node) or "").strip().split("\n")[0]
    if not said:
        msg = f"{shown}: {node.name} does not say what this student did; give it a docstring."
        raise GradlabError(msg)
    return said


def _constant(tree: ast.Module, name: str) -> Any:
    """Return the value of a constant of the file, None if there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(t, "id", "") for t in node.targets] == [name]:
            return ast.literal_eval(node.value)
    return None


def _of_objects(path: Path, shown: str, family: str, exercise: str, tree: ast.Module) -> list[Mutant]:
    made = runpy.run_path(str(path))
    return [
        Mutant(family, exercise, node.name, _story(node, shown), objects=made[node.name])
        for node in _functions(tree)
    ]


def _of_regions(
    text: str, shown: str, family: str, exercise: str, tree: ast.Module, reference: Mapping[str, Region]
) -> list[Mutant]:
    lines = regions.normalize(text).split("\n")
    mutants = []
    for node in _functions(tree):
        # a comment at the end, such as a marker, is no part of the parsed function: read on to what comes next
        after = min(
            (other.lineno for other in tree.body if other.lineno > node.lineno), default=len(lines) + 1
        )
        alone = "\n".join(lines[node.lineno - 1 : after - 1])
        found = list(regions.find_regions(alone, f"{shown} {node.name}"))
        unknown = [region.name for region in found if region.name not in reference]
        if not found or unknown:
            said = f"region '{unknown[0]}' is not in lib" if unknown else "it holds no region"
            msg = f"{shown}: {node.name} is no variant: {said}."
            raise GradlabError(msg)
        bodies = {region.name: textwrap.dedent(region.body) for region in found}
        mutants.append(Mutant(family, exercise, node.name, _story(node, shown), bodies))
    by_name = {mutant.name: mutant.bodies for mutant in mutants}
    for entry in _constant(tree, "EDITS") or []:
        name, story, base, old, new = entry
        if base == "reference":
            bodies = {
                n: textwrap.dedent(region.body)
                for n, region in reference.items()
                if old in textwrap.dedent(region.body)
            }
            near = {region for body in by_name.values() for region in body}
            bodies = {n: body for n, body in bodies.items() if n in near or not near} or bodies
        elif base in by_name:
            bodies = dict(by_name[base])
        else:
            msg = f"{shown}: the edit '{name}' changes '{base}', which is neither a variant nor 'reference'."
            raise GradlabError(msg)
        count = sum(body.count(old) for body in bodies.values())
        if count != 1:
            msg = f"{shown}: the edit '{name}' replaces a text that occurs {count} times in {base}, wanted once: {old!r}."
            raise GradlabError(msg)
        changed = {region: body.replace(old, new) for region, body in bodies.items()}
        mutants.append(Mutant(family, exercise, name, story, changed))
    return mutants
