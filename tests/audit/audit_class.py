"""The notebooks of two students, drawn once, and a course of made-up submissions."""

from __future__ import annotations

import copy
import functools
from pathlib import Path

import nbformat

from benchmarks import audit_makers
from gradlab.course import Course
from gradlab.notebook_pictures import plots

SEED, OTHER = 3, 4


@functools.cache
def _book(seed):
    return audit_makers.notebook(seed)


def book(seed=SEED):
    """Return the executed notebook of a student."""
    return copy.deepcopy(_book(seed))


@functools.cache
def plots_of(seed):
    """Return the plots of a student's notebook."""
    return plots(_book(seed), audit_makers.manifest(Path()))


def honest_figure(seed):
    """Return the figure of the training curves."""
    import matplotlib.pyplot as plt

    first, *others = audit_makers.figures(seed)
    for figure in (first, *others):
        plt.close(figure)
    return first


def course(root, **students):
    """Write notebooks into submitted/; return the course."""
    for name, notebook in students.items():
        folder = root / "submitted" / name / "plots"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "plots.ipynb")
    return Course(root)
