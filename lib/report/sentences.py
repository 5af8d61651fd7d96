"""Errors that come from the computer and not from us, each as one sentence for the person in front of it."""

from __future__ import annotations


def sentence(error: ImportError | OSError) -> str:
    """Say what is missing or what the system refused, which file it is about, and what to do."""
    if isinstance(error, ImportError) and (error.name or "").startswith("lib."):
        file = f"{error.name.replace('.', '/')}.py"
        return f"{file} is missing; unpack the release again and take it from there."
    if isinstance(error, ImportError):
        return f"{error.name or error} is missing; run: pip install -r requirements.txt"
    where = f"{error.filename}: " if error.filename else ""
    what = error.strerror or str(error) or type(error).__name__
    return f"{where}{what}; check the free space of the disk and the rights of this folder and its files."
