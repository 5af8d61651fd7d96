"""Files written for the original courses of functions with caches still run when they are dropped into lib."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIB = HERE.parents[2] / "lib"
THEIRS = HERE / "dropped_in_convnet"
#: What one of the two courses has and the other has not.
ONLY_ONE = {"avg_pool_forward", "avg_pool_backward"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((["layers.py"], ["classifiers/cnn.py"]), id="layers and networks"),
        pytest.param(
            (["layers.py", "more_layers.py"], []), id="layers only, the course with average pooling"
        ),
        pytest.param(([], ["classifiers/cnn.py"]), id="networks only"),
    ],
)
def outcome(request, tmp_path_factory):
    """Copy lib, drop the old files in, and run the notebook's cells in a process of their own."""
    layers, networks = request.param
    folder = tmp_path_factory.mktemp("dropped-in")
    shutil.copytree(LIB, folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    room = folder / "lib" / "convnet"
    if layers:
        text = "\n\n".join((THEIRS / name).read_text(encoding="utf-8") for name in layers)
        (room / "layers.py").write_text(text, encoding="utf-8")
    for name in networks:
        shutil.copy(THEIRS / name, room / name)
    shutil.copy(HERE / "functional_cells.py", folder)
    done = subprocess.run(
        [sys.executable, "functional_cells.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    found["without"] = ONLY_ONE if layers == ["layers.py"] else set()
    return found


def test_the_first_cell_prints_the_same_difference(outcome):
    """The figure does not depend on the data set."""
    assert outcome["conv"] == pytest.approx(2.2121476417505994e-08, rel=1e-6)


def test_the_gradients_of_the_networks_are_right(outcome):
    """Old layers, old networks, given fast layers and sandwiches fit together."""
    assert max(outcome["gradients"].values()) < 1e-6


def test_a_solver_trains_and_a_file_is_loaded(outcome):
    """Training learns the images by heart; what was saved is not trained again."""
    for accuracy, loaded in outcome["overfit"].values():
        assert accuracy == 1
        assert loaded


def test_a_saved_network_can_be_built_again(outcome):
    """The original networks do not keep their settings; the grader reads the sizes from the weights."""
    assert outcome["scored"]


def test_every_check_passes(outcome):
    """Our checks ask for no more than what the courses had; what a course did not have is named as missing."""
    for name, said in outcome["checks"].items():
        if name in outcome["without"]:
            assert "avg_pool" in said
        else:
            assert said == "passed", f"{name}: {said}"
