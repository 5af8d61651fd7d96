"""Tell an answer from the stub it replaces, and prose from code."""

from __future__ import annotations

import ast
import inspect
import re

# A stub alone on its line, with the markup and the region's name that may follow it. What is typed behind the
# stub's words is an answer.
_STUB_LINE = re.compile(
    r"^[\W_]*YOUR ANSWER HERE(?:[\W_]*|:\s*[a-z0-9]+(?:-[a-z0-9]+)+[\W_]*)$", re.MULTILINE
)
_STUB_WORDS = re.compile(r"^[*_\s]*YOUR ANSWER HERE[*_\s]*:?[*_ ]*", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE_STUB = re.compile(
    r"#[ #]*YOUR CODE HERE(?:: *(?P<name>[\w-]+))?[^\n]*\n"
    r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*raise NotImplementedError"
)
_MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)
_SHOWING = {"print", "display", "Markdown", "Latex", "HTML", "display_markdown"}


def without_stub(text: str) -> str:
    """Return a written answer without the words that stood there before; empty if nothing was written."""
    rest = _STUB_WORDS.sub("", _STUB_LINE.sub("", text))
    return rest if _COMMENT.sub("", rest).strip() else ""


def code_stubs(text: str) -> list[str]:
    """Return the names of the stubs that still stand in a piece of code; "" for one without a name."""
    return [match["name"] or "" for match in _CODE_STUB.finditer(text)]


def is_code_stub(text: str) -> bool:
    """Tell whether a code cell holds nothing of the student's own: empty, or a stub that still raises."""
    return not text.strip() or bool(code_stubs(text))


def prose_of(code: str) -> str | None:
    """Return what a code cell says if all it does is to say something, else None.

    Bare strings, strings given a name, and ``print``, ``display``, ``Markdown`` or ``Latex`` of such strings
    are prose; imports and comments among them do no harm. Anything else is code.

    Parameters
    ----------
    code : str
        Source of a code cell.

    Returns
    -------
    str or None
        The strings in their order, a blank line between two.
    """
    if len(code) > 200_000:
        return None
    try:
        body = ast.parse(_MAGIC.sub("", code)).body
        said: list[str] = []
        names: dict[str, str] = {}
        for statement in body:
            if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
                continue
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                text = _string(statement.value, names)
                if text is None or not all(isinstance(target, ast.Name) for target in targets):
                    return None
                names.update({target.id: text for target in targets})
                said.append(text)
            elif isinstance(statement, ast.Expr):
                texts = _shown(statement.value, names)
                if texts is None:
                    return None
                said += [text for text in texts if text not in said]
            else:
                return None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return "\n\n".join(inspect.cleandoc(text) for text in said) if said else None


def text_of_repr(shown: str) -> str | None:
    """Return the string that a notebook shows in quotes, None if it shows something else."""
    shown = shown.strip()
    if not shown or shown[0] not in "'\"" or len(shown) > 200_000:
        return None
    try:
        value = ast.literal_eval(shown)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return inspect.cleandoc(value) if isinstance(value, str) else None


def _shown(node: ast.expr, names: dict[str, str]) -> list[str] | None:
    """Return the strings that an expression shows: itself, or what is inside print(...) and its like."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in _SHOWING or node.keywords:
            return None
        texts = [_shown(argument, names) for argument in node.args]
        return None if None in texts else [text for part in texts if part for text in part]
    text = _string(node, names)
    return None if text is None else [text]


def _string(node: ast.expr, names: dict[str, str]) -> str | None:
    """Return the value of a string that stands in the source, perhaps in pieces joined by +."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _string(node.left, names), _string(node.right, names)
        return None if left is None or right is None else left + right
    return None
