"""Files that a student of the original course wrote still run when they are dropped into lib."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIB = HERE.parents[2] / "lib"


DROPPED_IN = [
    pytest.param(["layer_utils.py", "cnn_models.py"], id="layers and models"),
    pytest.param(["layer_utils.py"], id="layers only"),
    pytest.param(["cnn_models.py"], id="models only"),
]


@pytest.fixture(scope="module", params=DROPPED_IN)
def outcome(request, tmp_path_factory):
    """Copy lib, drop the old files in, and run the notebook's cells in a process of their own."""
    folder = tmp_path_factory.mktemp("dropped-in")
    shutil.copytree(LIB, folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in request.param:
        shutil.copy(HERE / "dropped_in" / name, folder / "lib" / "cnn")
    shutil.copy(HERE / "notebook_cells.py", folder)
    done = subprocess.run(
        [sys.executable, "notebook_cells.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_seed_0_comes_out_as_printed(outcome):
    """Old layers, old model and new lib give the loss that the notebook asks for."""
    assert outcome["seed_0"]["loss"] == pytest.approx(4.56046848799693, abs=1e-10)


def test_gradients_arrive(outcome):
    """Each parameter has its gradient, and the images have theirs."""
    shapes = {"conv_w": [3, 3, 3, 3], "conv_b": [3], "fc_w": [27, 5], "fc_b": [5]}
    assert outcome["seed_0"]["grads"] == shapes
    assert outcome["seed_0"]["dimg"] == [4, 8, 8, 3]


def test_training_lowers_the_loss(outcome):
    """A few steps with dropout and the given optimizer learn the batch."""
    training = outcome["training"]
    assert training["after"] < 0.8 * training["before"]
    assert training["scores"] == [10, 10]
