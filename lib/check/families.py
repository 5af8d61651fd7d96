"""Find the checks of an assignment: ``lib/check/<family>/checks.py``, where assignment.toml names the family."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from lib.check.where import settings
from lib.errors import ConfigError


def names() -> list[str]:
    """List the families that this lib holds."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/checks.py"))


def load(family: str) -> ModuleType:
    """Import the checks of a family.

    Returns
    -------
    module
        ``CHECKS``, what a probe is called for, and ``OBJECT_CHECKS``, what is checked in the notebook, both
        by the name of the exercise.

    Raises
    ------
    ConfigError
        If there is no such family.
    """
    if family not in names():
        msg = f"{family!r} is no family of checks in lib/check; there are: {', '.join(names()) or 'none'}."
        raise ConfigError(msg)
    return import_module(f"lib.check.{family}.checks")


def family_of(name: str) -> ModuleType:
    """Return the checks of the assignment at hand; without an assignment.toml, the first that know ``name``.

    Raises
    ------
    ConfigError
        If assignment.toml names no family that is here, or no family knows the exercise.
    """
    stated = settings().get("assignment", {}).get("checks")
    found = [load(family) for family in ([stated] if stated else names())]
    for module in found:
        if name in module.CHECKS or name in module.OBJECT_CHECKS:
            return module
    known = ", ".join(key for module in found for key in [*module.CHECKS, *module.OBJECT_CHECKS])
    msg = f"check: there is no exercise {name!r}. There are: {known or 'none'}."
    raise ConfigError(msg)
