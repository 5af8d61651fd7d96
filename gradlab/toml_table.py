"""Read a TOML table strictly: every key known, every value of its type, every mistake one sentence."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradlab.errors import GradlabError


def nearest(name: str, known: Iterable[str]) -> str:
    """Return '; did you mean …?' for the closest known name, or the list of the known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names) or 'none'}."


def read_toml(path: Path, shown: str) -> Table:
    """Read a file as the table of all its keys; ``shown`` is its name in messages."""
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        msg = f"{shown} not found; write one, or take another assignment's as a model."
        raise GradlabError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{shown} is not TOML: {error}."
        raise GradlabError(msg) from error
    return Table(data, shown)


class Table:
    """One table of a TOML file.

    Each method takes one key out of it; ``close`` complains about what is left. A default makes a key
    optional.

    Parameters
    ----------
    data : dict
    where : str
        File and table, for messages: ``source/a/assignment.toml [lib]``.
    """

    def __init__(self, data: dict[str, Any], where: str) -> None:
        self.where = where
        self._data = dict(data)
        self._asked: set[str] = set()

    def text(self, key: str, default: str | None = None) -> str:
        """Take a non-empty string."""
        value = self._take(key, default)
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self._wrong(key, value, 'a text, like "…"')
        return value

    def maybe(self, key: str) -> str | None:
        """Take a string that may be empty; None if the key is not there."""
        self._asked.add(key)
        value = self._data.pop(key, None)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, value, 'a text, like "…"')
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Take a number >= 0."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise self._wrong(key, value, "a number that is not negative")
        return value

    def choice(self, key: str, choices: Iterable[str]) -> str:
        """Take one of several texts."""
        value = self.text(key)
        known = tuple(choices)
        if value not in known:
            raise self._wrong(key, value, " or ".join(f'"{name}"' for name in known))
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Take a list of texts, none of them twice."""
        value = self._take(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(key, value, 'a list of texts, like ["…", "…"]')
        twice = sorted({item for item in value if list(value).count(item) > 1})
        if twice:
            msg = f"{self.where}: '{key}' lists '{twice[0]}' twice; once is enough."
            raise GradlabError(msg)
        return tuple(value)

    def table(self, key: str) -> Table | None:
        """Take a table, or None if there is none."""
        self._asked.add(key)
        if key not in self._data:
            return None
        value = self._data.pop(key)
        if not isinstance(value, dict):
            raise self._wrong(key, value, f"a table, [{key}]")
        return Table(value, f"{self.where} [{key}]")

    def need(self, key: str) -> Table:
        """Take a table that must be there."""
        table = self.table(key)
        if table is None:
            msg = f"{self.where}: the table [{key}] is missing; add it."
            raise GradlabError(msg)
        return table

    def tables(self, key: str, shown: str | None = None) -> list[Table]:
        """Take a list of tables, empty if there is none; each goes by its name, its key, or its number."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, value, f"tables, [[{shown or key}]]")
        names = [item.get("name") or item.get("key") or number for number, item in enumerate(value, 1)]
        return [
            Table(item, f"{self.where} [[{shown or key}]] {name}")
            for item, name in zip(value, names, strict=True)
        ]

    def close(self) -> None:
        """Complain about a key that nobody asked for."""
        for key in self._data:
            msg = f"{self.where}: unknown key '{key}'{nearest(key, self._asked)}"
            raise GradlabError(msg)

    def _take(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self._data:
            return self._data.pop(key)
        if default is None:
            # a misspelled key is missing and left over at once: name the likelier mistake
            left = difflib.get_close_matches(key, list(self._data), n=1)
            hint = f"; '{left[0]}' looks like it." if left else "; add it."
            msg = f"{self.where}: the key '{key}' is missing{hint}"
            raise GradlabError(msg)
        return default

    def _wrong(self, key: str, value: Any, wanted: str) -> GradlabError:
        return GradlabError(f"{self.where}: '{key}' is {value!r}, wanted {wanted}.")
