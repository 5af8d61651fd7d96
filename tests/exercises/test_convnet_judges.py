"""The judges of the functional course, in both of its assignments: all points, a part with the reason, or none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from exercises import Context, Exercise
from exercises.convnet_layers import layer_exercise, net_exercise, trained_exercise
from exercises.convnets_cifar10 import EXERCISES as CONVNETS
from exercises.threelayer_cifar10 import EXERCISES as THREELAYER
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.lib_regions import lib_regions
from gradlab.personas import load_personas
from gradlab.regions import read_text
from gradlab.variants import fill, load_variant
from gradlab.verdict import Case, judge_one
from lib.check.convnet import probes
from lib.check.convnet.network import PARTS
from lib.check.job import CaseAnswer, pack_text
from lib.convnet.classifiers.cnn import FourLayerConvNet, ThreeLayerConvNet
from lib.datasets import CIFAR10, CIFAR10_data
from lib.datasets.sample_files import make_cifar10_sample
from lib.model_file import save_model

BOTH = {"convnets_cifar10": CONVNETS, "threelayer_cifar10": THREELAYER}
CODED = {
    exercise.name: (name, exercise)
    for name, exercises in BOTH.items()
    for exercise in exercises.values()
    if exercise.source == "probe"
}
Answer = Callable[[Mapping[str, str]], Path]


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    monkeypatch.setenv("GRADLAB_SECRET", "a secret of the tests")


@pytest.fixture
def answer(course: Course, tmp_path: Path) -> Answer:
    """Return a function that makes a submission: the reference, with other bodies in some regions."""

    def make(bodies: Mapping[str, str]) -> Path:
        folder = tmp_path / "submission"
        shutil.copytree(course.lib, folder / "lib")
        places = lib_regions(course)
        for filename in {places[name].filename for name in bodies if name in places}:
            text = fill(read_text(course.root / filename, filename), bodies, filename)
            (folder / filename).write_text(text, encoding="utf-8")
        return folder

    return make


def judge(course: Course, folder: Path, name: str):
    """Judge one coded exercise of a submission."""
    assignment, exercise = CODED[name]
    return judge_one(Case(course, load(course, assignment), folder, None, "0" * 16), exercise, name)


@pytest.mark.parametrize("name", BOTH)
def test_assignment_and_judges_name_the_same_exercises(name: str, course: Course) -> None:
    """In the same order, with the same grader; rubrics are worth what the items are, all items 100 points."""
    assignment: Assignment = load(course, name)
    assert [exercise.name for exercise in assignment.exercises] == list(BOTH[name])
    assert assignment.points == 100
    for item in assignment.exercises:
        exercise = BOTH[name][item.name]
        assert (exercise.source == "manual") == (item.graded == "manual")
        if item.graded == "manual":
            cells = [row.split("|")[1].strip() for row in exercise.rubric.splitlines() if "|" in row]
            assert sum(float(cell) for cell in cells if cell.replace(".", "").isdigit()) == item.points


@pytest.mark.parametrize("name", CODED)
def test_reference_earns_all(name: str, course: Course, answer: Answer) -> None:
    """The reference meets every criterion, computed by other code than the judge's own."""
    found = judge(course, answer({}), name)
    assert found.fraction == 1.0, found.reason


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("convnets_cifar10", "wrong_group"),
        ("threelayer_cifar10", "wrong_reg"),
        pytest.param("convnets_cifar10", "loops", marks=pytest.mark.slow),
        pytest.param("threelayer_cifar10", "loops", marks=pytest.mark.slow),
    ],
)
def test_personas_earn_what_they_deserve(name: str, variant: str, course: Course, answer: Answer) -> None:
    """Other right answers earn all; of wrong ones, each exercise earns what personas.toml says."""
    assignment = load(course, name)
    persona = next(p for p in load_personas(course, assignment).values() if p.variant == variant)
    bodies = load_variant(course, name, variant)
    folder = answer(bodies)
    touched = [e.name for e in assignment.exercises if set(e.regions) & set(bodies)]
    assert set(persona.none) <= set(touched)
    for exercise in {*touched, *persona.partly} & set(CODED):
        found = judge(course, folder, exercise)
        if exercise in persona.none:
            assert found.fraction == 0, (exercise, found.reason)
        elif exercise in persona.partly:
            assert 0 < found.fraction < 1, (exercise, found.reason)
        else:
            assert found.fraction == 1, (exercise, found.reason)


STUB = "raise NotImplementedError('{0} is not written yet: lib/convnet/layers.py, {0}')"
WRONG = [
    (
        "conv_backward",
        {"conv-naive-backward": "db = dout.sum(axis=(0, 2, 3))"},
        1 / 3,
        "dx is None",
    ),
    (
        "conv_forward",
        {"conv-naive-forward": "from lib.ops import conv2d_forward\nout = x"},
        0,
        "lib.ops cannot be used in this exercise",
    ),
    (
        "avg_pool_forward",
        {"avg-naive-forward": "from lib.convnet.fast_layers import avg_pool_forward_fast\nout = x"},
        0,
        "lib.convnet.fast_layers cannot be used in this exercise",
    ),
    (
        "max_pool_forward",
        {"max-naive-forward": STUB.format("max-naive-forward")},
        0,
        "not written yet: max-naive-forward",
    ),
    ("groupnorm_forward", {"groupnorm-forward": "import os\nos._exit(0)"}, 0, "ended the Python process"),
    (
        "three_layer_net",
        {"three-layer-loss": "loss, _ = softmax_loss(scores, y)"},
        4 / 7,
        r"gradient of W1 is missing: loss returns no grads\['W1'\]",
    ),
    (
        "three_layer_net",
        {"three-layer-init": "self.params['W1'] = np.zeros((num_filters, C, filter_size, filter_size))"},
        0,
        "params has no 'b1'",
    ),
]


@pytest.mark.parametrize(("name", "bodies", "fraction", "reason"), WRONG)
def test_wrong_answers_earn_their_part(
    name: str, bodies: dict[str, str], fraction: float, reason: str, course: Course, answer: Answer
) -> None:
    """What is right counts, and the reason names what is wrong."""
    found = judge(course, answer(bodies), name)
    assert found.fraction == pytest.approx(fraction), found.reason
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(found.reason)


def test_networks_may_be_built_of_the_fast_layers(course: Course, answer: Answer) -> None:
    """What is withheld from "write this layer" is there for "write this network"."""
    for name in ("three_layer_net", "four_layer_net"):
        assert CODED[name][1].withhold == ()
    assert "lib.convnet.fast_layers" in CODED["conv_forward"][1].withhold


def test_single_precision_is_right(course: Course, answer: Answer) -> None:
    """A forward pass in float32 earns all points, even where a channel is faint."""
    body = (
        "groups = np.float32(x).reshape(len(x), G, -1)\n"
        "mean, var = groups.mean(axis=2, keepdims=True), groups.var(axis=2, keepdims=True)\n"
        "out = gamma * ((groups - mean) / np.sqrt(var + np.float32(eps))).reshape(x.shape) + beta"
    )
    found = judge(course, answer({"groupnorm-forward": body}), "groupnorm_forward")
    assert found.fraction == 1.0, found.reason


@pytest.mark.parametrize("name", CODED)
def test_cases_follow_from_the_seed_alone(name: str) -> None:
    """The same seed gives the same cases, another one others; none is a published one."""
    exercise = CODED[name][1]
    draw = [exercise.cases(np.random.default_rng(number)) for number in (1, 1, 2)]
    texts = [str([{k: np.asarray(v).tolist() for k, v in case.items()} for case in cases]) for cases in draw]
    assert texts[0] == texts[1] != texts[2]


def test_cases_hold_what_students_get_wrong() -> None:
    """Padding and none, images and windows that are not square, remainders, overlaps, single channels and images."""
    rng = np.random.default_rng(0)
    convs = layer_exercise("conv_forward").cases(rng)
    pads, shapes = {int(c["pad"]) for c in convs}, [c["x"].shape for c in convs]
    assert {0, 1, 2} <= pads
    assert any(H != W for _, _, H, W in shapes)
    assert any(c["w"].shape[2] != c["w"].shape[3] for c in convs)
    assert {1} < {C for _, C, _, _ in shapes}
    assert {1} < {N for N, *_ in shapes}

    def left_over(case, window):
        pad = int(case.get("pad", 0))
        return any(
            (n + 2 * pad - k) % int(case["stride"]) for n, k in zip(case["x"].shape[2:], window, strict=True)
        )

    assert any(left_over(c, c["w"].shape[2:]) for c in convs)
    pools = layer_exercise("max_pool_backward").cases(rng)
    sides = [(int(c["pool_height"]), int(c["pool_width"])) for c in pools]
    assert any(h != w for h, w in sides)
    assert any(int(c["stride"]) < min(s) for c, s in zip(pools, sides, strict=True))
    assert any(int(c["stride"]) > max(s) for c, s in zip(pools, sides, strict=True))
    assert any(left_over(c, s) for c, s in zip(pools, sides, strict=True))
    groups = {(int(c["G"]), c["x"].shape[1]) for c in layer_exercise("groupnorm_backward").cases(rng)}
    assert any(G == 1 for G, _ in groups)
    assert any(G == C for G, C in groups)
    assert any(1 < G < C for G, C in groups)
    assert float(net_exercise("four_layer_net", 4).cases(rng)[0]["reg"]) > 0
    assert len(PARTS) == 7


def scored(accuracy: float, made: str = "FourLayerConvNet", num: int = 1000, keep: int | None = None):
    """Return the answer of a network that is right on a share of the images, and what judges it."""
    labels = np.arange(num) % 10
    shown = np.where(np.arange(num) < accuracy * num, labels, (labels + 1) % 10)
    arrays = {"scores": np.eye(10)[shown][:keep], "class": pack_text(made)}
    return CaseAnswer(arrays=arrays), Context(settings={"floor": 0.2, "target": 0.5}, labels=labels)


@pytest.mark.parametrize(("accuracy", "fraction"), [(0.1, 0), (0.2, 0), (0.35, 0.5), (0.5, 1), (0.9, 1)])
def test_training_is_linear_between_floor_and_target(accuracy: float, fraction: float) -> None:
    found, context = scored(accuracy)
    verdict = trained_exercise("FourLayerConvNet").judge([found], [], context)
    assert verdict.fraction == pytest.approx(fraction)
    assert f"accuracy {accuracy:.1%} on 1000 held-back CIFAR-10 test images" in verdict.reason


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("ThreeLayerConvNet", "model.npz holds a ThreeLayerConvNet, wanted a FourLayerConvNet"),
        ("", "model.npz holds a network without a name, wanted a FourLayerConvNet"),
    ],
)
def test_training_counts_only_for_the_network_that_was_asked_for(made: str, reason: str) -> None:
    found, context = scored(0.9, made)
    verdict = trained_exercise("FourLayerConvNet").judge([found], [], context)
    assert verdict.fraction == 0
    assert reason in verdict.reason


def test_training_of_too_few_images_does_not_count() -> None:
    found, context = scored(0.9, keep=300)
    verdict = trained_exercise("FourLayerConvNet").judge([found], [], context)
    assert verdict.fraction == 0
    assert "scored 300 images" in verdict.reason


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a small sample of CIFAR-10."""
    folder = tmp_path_factory.mktemp("data")
    make_cifar10_sample(folder / "cifar10-sample", per_batch=30, num_test=40)
    return folder


@pytest.mark.parametrize("network", [ThreeLayerConvNet, FourLayerConvNet])
def test_probe_rebuilds_the_network_and_prepares_images_as_the_loader_does(
    network: type, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit: sizes from model.npz, not the defaults; channels first; the mean image taken off."""
    data, raw = CIFAR10_data(data_dir=data_folder), CIFAR10(data_folder)
    np.random.seed(0)
    model = network(num_filters=2, filter_size=5, hidden_dim=6, weight_scale=0.05, reg=0.01)
    monkeypatch.chdir(tmp_path)
    save_model("model.npz", model, ([1.0], [0.1], [0.1]), data=data)
    found = probes.training({"images": raw[2], "batch": np.array(16), "seconds": np.array(60.0)})
    assert CaseAnswer(arrays=found).text("class") == network.__name__
    np.testing.assert_array_equal(found["scores"][:16], model.loss(data["X_test"][:16]).astype(np.float64))
    np.testing.assert_allclose(found["scores"], model.loss(data["X_test"]), rtol=1e-5, atol=1e-6)
    late = probes.training({"images": raw[2], "batch": np.array(16), "seconds": np.array(0.0)})
    assert len(late["scores"]) == 16


def test_probe_refuses_a_network_that_is_none_of_the_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        params = {"W1": np.zeros(3)}

    monkeypatch.chdir(tmp_path)
    save_model("model.npz", Other(), ([1.0], [0.1], [0.1]))
    with pytest.raises(ValueError, match=r"model\.npz holds a Other, wanted one of the networks"):
        probes.training({"images": np.zeros((1, 32, 32, 3), np.uint8), "batch": 1, "seconds": 1})


@pytest.mark.parametrize(
    ("edges", "smooth", "fraction", "reason"),
    [
        ([[1, 0, -1]] * 3, np.outer([1, 2, 1], [1, 2, 1]) / 16, 1.0, "all 2 criteria met"),
        ([[0, 1, -1]] * 3, np.outer([1, 2, 1], [1, 2, 1]) / 16, 1.0, "all 2 criteria met"),
        ([[-1, 2, -1]] * 3, np.outer([1, 2, 1], [1, 2, 1]) / 16, 0.5, "it finds lines"),
        ([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], None, 0.0, "each column adds up to 0"),
        (None, np.outer([1, 2, 1], [1, 2, 1]) / 16, 0.5, "vertical_edges holds no weights"),
        ([[1, 0, -1]] * 3, [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 0.5, "smoothing: middle 1"),
        ([[1, 0, -1]] * 3, np.full((3, 3), np.nan), 0.5, "not finite"),
    ],
)
def test_filters_are_judged_by_what_they_do(edges, smooth, fraction: float, reason: str) -> None:
    """Any filter for vertical edges and any Gaussian will do, each for half the points."""
    exercise: Exercise = CONVNETS["image_filters"]
    given = {"vertical_edges": edges, "smoothing": smooth}
    arrays = {name: np.asarray(value, float) for name, value in given.items() if value is not None}
    verdict = exercise.judge([CaseAnswer(arrays=arrays)], [], Context())
    assert verdict.fraction == fraction
    assert reason in verdict.reason
