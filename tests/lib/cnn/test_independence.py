"""Students' layers and fast layers do not need each other: a check withholds one, a typo breaks the other."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONV = "layer = {cls}(3, 3, 2); layer.backward(layer.forward(np.ones((1, 4, 4, 3))))"


@pytest.mark.parametrize(
    ("withheld", "module", "cls"),
    [
        pytest.param(["lib.ops", "lib.cnn.fast_layers"], "lib.cnn.layer_utils", "ConvLayer2D", id="student"),
        pytest.param(["lib.cnn.layer_utils", "lib.mlp"], "lib.cnn.fast_layers", "FastConvLayer2D", id="fast"),
    ],
)
def test_layers_run_without_the_others(withheld, module, cls):
    """With the other modules not importable, both passes still run."""
    block = f"import sys; sys.modules.update(dict.fromkeys({withheld}))"
    code = f"{block}\nimport numpy as np\nfrom {module} import {cls}\n{CONV.format(cls=cls)}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
