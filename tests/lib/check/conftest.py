"""What the tests of checks share: a copy of lib whose answers can be replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gradlab.variants import fill

PROJECT = Path(__file__).resolve().parents[3]
LAYERS = "lib/cnn/layer_utils.py"
MODELS = "lib/cnn/cnn_models.py"

MakeRoot = Callable[..., Path]


@pytest.fixture
def make_root(tmp_path: Path) -> MakeRoot:
    """Return a function that copies lib and puts other bodies into its regions."""

    def make(**bodies: str) -> Path:
        root = tmp_path / "root"
        shutil.copytree(PROJECT / "lib", root / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        replaced = {name.replace("_", "-"): body for name, body in bodies.items()}
        for name in (LAYERS, MODELS):
            text = (PROJECT / name).read_text(encoding="utf-8")
            (root / name).write_text(fill(text, replaced, name), encoding="utf-8")
        return root

    return make
