"""The judges of cnn_cifar100, and what only this assignment asks of the machinery: 20 classes, extra credit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from exercises import Context
from exercises.cnn_cifar100 import EXERCISES
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.personas import load_personas
from gradlab.variants import load_variant
from gradlab.verdict import Case, judge_one
from lib.check.job import CaseAnswer, pack_text

HandIn = Callable[..., Path]
SAVE = """\
import numpy as np
from lib.cnn.build import build_network
from lib.cnn.cnn_models import SmallConvolutionalNetwork
from lib.model_file import save_model
model = build_network(SmallConvolutionalNetwork, {classes})
extra = {{"mean_image": np.full((1, 1, 1, 3), 0.5), "std_image": np.full((1, 1, 1, 3), 0.25)}}
save_model("model.npz", model, ([1.0], [0.1], [0.1]), data=extra | {{"provenance": "CIFAR-100 sample"}})
"""


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    monkeypatch.setenv("GRADLAB_SECRET", "a secret of the tests")


@pytest.fixture(scope="module")
def cifar100(course: Course) -> Assignment:
    """Return the assignment."""
    return load(course, "cnn_cifar100")


def judge(course: Course, assignment: Assignment, folder: Path, name: str):
    """Judge one exercise of a submission."""
    return judge_one(Case(course, assignment, folder, None, "0" * 16), EXERCISES[name], name)


def test_every_graded_cell_has_its_judge(cifar100: Assignment) -> None:
    """The assignment and the judges name the same exercises, and agree on who grades them."""
    assert [exercise.name for exercise in cifar100.exercises] == list(EXERCISES)
    for exercise in cifar100.exercises:
        assert (EXERCISES[exercise.name].source == "manual") == (exercise.graded == "manual")


def test_points_are_sixty_and_five_that_raise_no_maximum(cifar100: Assignment) -> None:
    """The extra credit is a person's, on top."""
    assert cifar100.points == 60
    extra = {item.name: (item.points, item.extra_credit) for item in cifar100.exercises if item.extra_credit}
    assert extra == {"extra_credit": (0, 5)}
    assert cifar100.report.parts[-1].title == "Extra Credit"


def test_rubrics_add_up_to_the_points(cifar100: Assignment) -> None:
    """The criteria of each rubric are worth what the item is worth."""
    for exercise in cifar100.exercises:
        if exercise.graded == "manual":
            rows = [
                line.split("|")[1].strip()
                for line in EXERCISES[exercise.name].rubric.splitlines()
                if "|" in line
            ]
            points = [float(cell) for cell in rows if cell.replace(".", "").isdigit()]
            assert sum(points) == exercise.points + exercise.extra_credit


def test_variants_name_regions_that_are_there(course: Course, cifar100: Assignment) -> None:
    """An answer to a region that nobody asks for would be left out without a word."""
    notebook = (cifar100.folder / cifar100.notebook).read_text(encoding="utf-8")
    for persona in load_personas(course, cifar100).values():
        for region in load_variant(course, "cnn_cifar100", persona.variant) if persona.variant else ():
            assert region in cifar100.hidden or f"BEGIN SOLUTION {region}\\n" in notebook


LAYERS = ("output_size", "conv_forward", "conv_backward", "pool_forward", "pool_backward")


@pytest.mark.parametrize(("variant", "partly"), [("loops", ()), ("wrong_pooling", ("pool_backward",))])
def test_variants_earn_what_their_personas_deserve(
    variant: str, partly: tuple[str, ...], course: Course, cifar100: Assignment, hand_in: HandIn
) -> None:
    """Right answers in loops earn all, a shared slope loses where windows hold more than one pixel."""
    bodies = load_variant(course, "cnn_cifar100", variant)
    folder = hand_in(**{name.replace("-", "_"): body for name, body in bodies.items()})
    for name in LAYERS:
        found = judge(course, cifar100, folder, name)
        assert (found.fraction == 1.0) == (name not in partly), found.reason


@pytest.mark.parametrize(("accuracy", "fraction"), [(0.05, 0), (0.15, 0), (0.275, 0.5), (0.4, 1), (0.7, 1)])
def test_training_is_linear_between_floor_and_target(
    accuracy: float, fraction: float, cifar100: Assignment
) -> None:
    """Guessing earns nothing, 40 % everything."""
    labels = np.arange(1000) % 20
    shown = np.where(np.arange(1000) < accuracy * 1000, labels, (labels + 1) % 20)
    conv = '[{"kind": "conv", "class": "C", "shapes": {"w": [3, 3, 3, 8]}}]'
    answer = CaseAnswer(arrays={"scores": np.eye(20)[shown], "layers": pack_text(conv)})
    settings = {"floor": cifar100.training.floor, "target": cifar100.training.target}
    verdict = EXERCISES["training"].judge([answer], [], Context(settings=settings, labels=labels))
    assert verdict.fraction == pytest.approx(fraction)
    assert "held-back CIFAR-100 test images; points from 15%, all at 40%" in verdict.reason


OLD = """\
from lib.mlp.fully_conn import *
from lib.mlp.layer_utils import *
from lib.cnn.layer_utils import *


class SmallConvolutionalNetwork(Module):
    def __init__(self, keep_prob=0, dtype=np.float32, seed=None):
        self.net = sequential(
            ConvLayer2D(3, 3, 4, stride=4, init_scale=0.2, name="c"), flatten("f"), fc(8 * 8 * 4, 20, 0.05, "out")
        )
"""


@pytest.mark.parametrize(
    ("classes", "models", "reason"),
    [
        (20, None, "accuracy .*% on 2000 held-back drawn SAMPLE images"),
        (20, OLD, "accuracy .*% on 2000 held-back drawn SAMPLE images"),
        (10, None, r"the scores have shape \(2000, 10\), wanted \(2000, 20\)"),
    ],
    ids=["course", "original file", "ten scores"],
)
def test_untrained_networks_are_scored_at_chance(
    classes: int, models: str | None, reason: str, course: Course, cifar100: Assignment, hand_in: HandIn
) -> None:
    """The network of model.npz is rebuilt with its own number of classes, whatever its constructor takes."""
    folder = hand_in()
    if models:
        (folder / "lib/cnn/cnn_models.py").write_text(models)
    subprocess.run([sys.executable, "-c", SAVE.format(classes=classes)], cwd=folder, check=True)
    found = judge(course, cifar100, folder, "training")
    assert found.fraction == 0
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(found.reason)
