"""The same pipeline on real SVHN images: the part that can be had, in the official layout."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import numpy as np
import pypdfium2
import pytest
import scipy.io
from course_copies import make_copy

NAME = "cnn_svhn"
#: So few images take small batches, or there are not enough steps.
SETTINGS = """optimizer = Adam(model.net, 1e-3)
batch_size, epochs = 10, 10
lr_decay, lr_decay_every = 0.95, 1"""
PART = Path(os.environ.get("GRADLAB_REAL_DATA", ""), "svhn", "train_32x32_first1083.mat")

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        "GRADLAB_REAL_DATA" not in os.environ or not PART.is_file(), reason="GRADLAB_REAL_DATA is not set"
    ),
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Release, let one reference student train on 900 real images, and grade on the other 183."""
    from gradlab.assignment import load
    from gradlab.course import Course
    from gradlab.student import work_through
    from gradlab.variants import fill_in

    copy = make_copy(tmp_path_factory.mktemp("real") / "course", dataset="real")
    mat = scipy.io.loadmat(PART)
    folder = copy.root / "data/svhn"
    folder.mkdir(parents=True)
    for name, part in (("train", slice(0, 900)), ("test", slice(900, None))):
        scipy.io.savemat(folder / f"{name}_32x32.mat", {"X": mat["X"][..., part], "y": mat["y"][part]})
    done = copy.run("gradlab", "release", NAME, "--no-gate")
    assert done.returncode == 0, done.stderr
    course = Course(copy.root)
    assignment = load(course, NAME)
    work = course.submitted / "ada" / NAME
    fill_in(course, assignment, course.release / NAME, work, bodies={"training-settings": SETTINGS})
    copy.notebook = work_through(course, assignment, work)
    done = copy.run("gradlab", "grade", NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def test_notebook_runs_through_and_learns(graded):
    """No cell fails, and 750 real images teach the network far more than guessing."""
    failed = {
        cell.metadata.get("nbgrader", {}).get("grade_id", cell.id)
        for cell in graded.notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert failed == set()
    with np.load(graded.root / f"submitted/ada/{NAME}/model.npz") as model:
        assert max(model["val_acc_hist"]) > 0.55


def test_every_layer_earns_its_points(graded):
    """What does not depend on how many images there are is scored as on the sample."""
    from gradlab.assignment import load
    from gradlab.course import Course
    from gradlab.scores import read_scores

    course = Course(graded.root)
    items = read_scores(course, load(course, NAME))["ada"]
    layers = (
        "output_size",
        "conv_forward",
        "conv_backward",
        "pool_forward",
        "pool_backward",
        "test_cnn",
        "filters",
    )
    assert {name: items[name].points for name in layers} == {name: items[name].of for name in layers}
    assert 0 < items["training"].points < 25


def test_report_does_not_call_it_a_sample(graded):
    """Real images are named for what they are: a part of the set."""
    document = pypdfium2.PdfDocument(graded.root / f"reports/ada/{NAME}/problem_2_solution.pdf")
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    assert "SVHN part: 900 of 73257 images" in text
    assert "sample" not in text.lower()
    executed = nbformat.read(graded.root / f"autograded/ada/{NAME}/{NAME}.ipynb", 4)
    assert executed.metadata["gradlab"]["dataset"] == "real"


def test_targets_measures_the_reference_on_what_is_there(graded):
    """The command that settles whether 88 % is reached runs to its end, and says on how much data."""
    folder = graded.root / "data/svhn"
    for name, num in (("train", 160), ("test", 40)):  # few are enough to see it through
        mat = scipy.io.loadmat(folder / f"{name}_32x32.mat")
        scipy.io.savemat(folder / f"{name}_32x32.mat", {"X": mat["X"][..., :num], "y": mat["y"][:num]})
    done = graded.run("gradlab", "targets", NAME)
    assert done.returncode == 0, done.stderr
    assert "SVHN part: 160 of 73257 images" in done.stdout
    assert "best validation accuracy" in done.stdout
    assert "held-back SVHN test images" in done.stdout
    assert "target 88%: not reached" in done.stdout
