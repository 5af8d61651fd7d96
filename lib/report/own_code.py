"""The functions that a student wrote, as they stand in the files handed in, for a report that shows code."""

from __future__ import annotations

import ast
from pathlib import Path

from lib.report.collect import Item, Source, Trouble

#: A file longer than this was not written for this course.
MAX_BYTES = 2_000_000


def student_code(where: str, folder: Path) -> list[Item]:
    """Return the functions and classes that an exercise is written in.

    Parameters
    ----------
    where : str
        As in assignment.toml: ``"lib/convnet/layers.py, conv_forward_naive"``; several names, of one file, are
        separated by commas. Anything else, such as the name of a cell, has no code of its own to show.
    folder : path
        The folder of the submission.

    Returns
    -------
    list of Item
        A Source for each name; a Trouble where the file or the name is missing or the file is no Python.
    """
    path, *names = (part.strip() for part in where.split(","))
    if not path.endswith(".py") or not names:
        return []
    file = folder / path
    try:
        if file.stat().st_size > MAX_BYTES or file.is_symlink():
            return [Trouble(0, f"{path} is no file that could be shown")]
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        tree = ast.parse(text)
    except FileNotFoundError:
        return [Trouble(0, f"{path} is missing")]
    except (OSError, UnicodeDecodeError) as error:
        return [Trouble(0, f"{path} cannot be read ({type(error).__name__})")]
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        return [Trouble(0, f"{path} is not valid Python{f', line {line}' if line else ''}")]
    lines = text.split("\n")
    items: list[Item] = []
    for name in names:
        node = _find(tree, name.split("."))
        if node is None:
            items.append(Trouble(0, f"{path} has no {name}"))
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        code = _without_docstring(node, lines, first)
        items.append(Source(0, code, f"{path}, {name}"))
    return items


_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _find(tree: ast.AST, path: list[str]) -> _Named | None:
    """Return the function or class of a dotted name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Named) and node.name == path[0]:
            return node if len(path) == 1 else _find(node, path[1:])
    return None


def _without_docstring(node: _Named, lines: list[str], first: int) -> str:
    """Return the lines of a function without its docstring, which came with the assignment."""
    kept = list(range(first, (node.end_lineno or first) + 1))
    for inner in ast.walk(node):
        if not isinstance(inner, _Named) or not ast.get_docstring(inner, clean=False):
            continue
        doc = inner.body[0]
        if len(inner.body) > 1:
            drop = set(range(doc.lineno, (doc.end_lineno or doc.lineno) + 1))
            kept = [number for number in kept if number not in drop]
    shown = [lines[number - 1] for number in kept]
    indent = min((len(line) - len(line.lstrip()) for line in shown if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in shown).strip("\n")
