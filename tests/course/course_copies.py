"""A copy of this course in a temporary folder, so that a test never touches the release or gradebook of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("lib", "exercises", "source")
FILES = ("nbgrader_config.py", "get_datasets.sh", "requirements.lock", "pyproject.toml", "data/registry.toml")


class CourseCopy:
    """A course folder and the commands that a person types in it."""

    def __init__(self, root: Path, dataset: str):
        self.root = root
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("GRADLAB_")}
        self.env |= {
            "GRADLAB_SECRET": "a secret of the tests, never used elsewhere",
            "GRADLAB_DATASET": dataset,
            "MPLBACKEND": "agg",
            "OPENBLAS_NUM_THREADS": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "140",
        }
        self.env.pop("PYTHONPATH", None)

    def run(self, *words: str, cwd: Path | None = None, timeout: int = 900) -> subprocess.CompletedProcess:
        """Run gradlab as it is installed, or a module of this Python: run("gradlab", "list"), run("nbgrader", "export")."""
        scripts = Path(sys.executable).parent
        command = [scripts / "gradlab"] if words[0] == "gradlab" else [sys.executable, "-m", words[0]]
        return subprocess.run(
            [*command, *words[1:]],
            cwd=cwd or self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def make_copy(root: Path, dataset: str = "sample") -> CourseCopy:
    """Copy what git tracks of a course, without anything that tools made."""
    for room in ROOMS:
        skip = shutil.ignore_patterns("__pycache__", "*.npz", "*.pdf", "*.zip", ".ipynb_checkpoints")
        shutil.copytree(ROOT / room, root / room, ignore=skip)
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    for room in ("release", "submitted", "autograded", "feedback", "reports"):
        (root / room).mkdir()
    return CourseCopy(root, dataset)
