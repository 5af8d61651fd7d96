"""The package of kernels as a whole: public names, the examples in its docstrings, what it imports."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import lib.ops

FOLDER = Path(lib.ops.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    """Every example gives what its docstring says."""
    results = doctest.testmod(importlib.import_module(f"lib.ops.{module}"))
    assert results.failed == 0


def test_every_kernel_has_an_example():
    """Each public function shows itself at work."""
    functions = [getattr(lib.ops, name) for name in lib.ops.__all__ if not name.endswith("Cache")]
    assert [function.__name__ for function in functions if ">>> " not in function.__doc__] == []


def test_public_names():
    """What other rooms may import changes only on purpose."""
    pairs = [
        "avg_pool2d",
        "batch_norm",
        "conv2d",
        "dense",
        "dropout",
        "gelu",
        "group_norm",
        "layer_norm",
        "leaky_relu",
        "max_pool2d",
        "relu",
        "softmax_cross_entropy",
    ]
    caches = [
        "AvgPool",
        "Conv",
        "CrossEntropy",
        "Dense",
        "Dropout",
        "Gelu",
        "LeakyRelu",
        "Norm",
        "Pool",
        "Relu",
    ]
    names = [f"{pair}_{way}" for pair in pairs for way in ("forward", "backward")]
    names += [f"{cache}Cache" for cache in caches] + ["fold", "output_size", "softmax", "unfold"]
    assert sorted(names) == sorted(lib.ops.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_imports_numpy_errors_and_the_standard_library_only(module):
    """Kernels know nothing of layers, networks or data, and nothing slow is imported with them."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported <= {"numpy", "typing", "functools", "math", "sys", "threading", "lib.errors"}
