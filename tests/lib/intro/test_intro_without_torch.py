"""Where PyTorch is not installed: one sentence for the introduction, and everything else works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SENTENCE = "cnn_intro_mnist needs PyTorch: pip install torch==2.13.0"


def python(code):
    """Run code where PyTorch cannot be found."""
    blocked = f"import sys; sys.modules['torch'] = None\n{code}"
    return subprocess.run(
        [sys.executable, "-c", blocked], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("module", ["lib.intro.nets", "lib.intro.by_hand", "lib.intro.experiments"])
def test_importing_the_introduction_says_what_to_install(module):
    """The last line is the sentence, not "No module named torch"."""
    done = python(f"import {module}")
    assert done.returncode == 1
    assert SENTENCE in done.stderr.splitlines()[-1]


def test_judges_and_checks_load_without_pytorch():
    """A grader without it can list assignments and judge what needs no PyTorch; training is then not judged."""
    code = """
import numpy as np
from exercises.cnn_intro_mnist import EXERCISES
from exercises import Context
from lib.check.intro.checks import CHECKS, OBJECT_CHECKS
from lib.check.job import CaseAnswer, CaseError
from gradlab.assignment import load
from gradlab.course import Course
assert load(Course('.'), 'cnn_intro_mnist').points == 100
values = CaseAnswer(arrays={'convolved': np.array([[8, 20], [14, 25]]), 'pooled': np.array(25)})
assert EXERCISES['by_hand'].judge([values], [], Context()).fraction == 1
try:
    EXERCISES['training'].judge([CaseAnswer(error=CaseError('ConfigError', 'x'))], [], Context())
except RuntimeError as error:
    print(error)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "cnn_intro_mnist needs PyTorch to be graded: pip install torch==2.13.0\n"


def test_only_the_introduction_imports_pytorch():
    """One room of lib, and what checks it."""
    import ast

    found = set()
    for path in sorted((ROOT / "lib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "torch" for name in names):
                found.add(path.parent.relative_to(ROOT).as_posix())
    assert found == {"lib/intro", "lib/check/intro"}
