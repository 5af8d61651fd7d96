"""What an import of the library brings along: nothing that takes long."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = """
lib.ops, lib.cnn.fast_layers, lib.cnn.layer_utils, lib.cnn.cnn_models, lib.convnet.fast_layers, lib.convnet.layers,
lib.convnet.classifiers.cnn, lib.grad_check, lib.mlp.layer_utils, lib.mlp.train, lib.optim, lib.solver, lib.update_rules
"""
#: Each of them takes longer to import than all of these modules together.
SLOW = {"IPython", "PIL", "matplotlib", "numba", "pooch", "requests", "scipy", "torch", "tqdm"}


def test_layers_networks_and_training_import_nothing_slow():
    """Pictures, downloads and progress bars are read when they are needed."""
    code = f"import sys; import {' '.join(MODULES.split())}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "lib" in loaded
    assert loaded & SLOW == set()
