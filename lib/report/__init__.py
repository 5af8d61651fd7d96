"""Executed notebook -> PDF report in the required order, with pandoc and typst; neither LaTeX nor a browser."""

from lib.report.build import ReportResult, build_report
from lib.report.execute import execute_notebook
from lib.report.notebook import read_notebook

__all__ = ["ReportResult", "build_report", "execute_notebook", "read_notebook"]
