"""Executed notebook -> PDF report in the required order, with pandoc and typst; no LaTeX, no browser."""

import importlib

__all__ = ["ReportResult", "build_report", "execute_notebook", "read_notebook"]

_HOMES = {
    "ReportResult": "lib.report.build",
    "build_report": "lib.report.build",
    "execute_notebook": "lib.report.execute",
    "read_notebook": "lib.report.notebook",
}


def __getattr__(name):
    """Import a public name when it is first asked for: papermill takes a second to import."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(_HOMES[name]), name)
