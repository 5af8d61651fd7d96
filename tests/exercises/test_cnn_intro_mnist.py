"""The judges of cnn_intro_mnist, and what its reference networks reach."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from exercises import Context
from exercises.cnn_intro_mnist import EXERCISES
from gradlab.assemble import requirements
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.verdict import Case, judge_one
from lib.check.intro import alternatives
from lib.check.job import CaseAnswer, CaseError, pack_text
from lib.check.values import export_values

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    monkeypatch.setenv("GRADLAB_SECRET", "a secret of the tests")


@pytest.fixture(scope="module")
def intro(course: Course) -> Assignment:
    """Return the assignment."""
    return load(course, "cnn_intro_mnist")


def judge(course: Course, assignment: Assignment, folder: Path, name: str, values: Path | None = None):
    """Judge one exercise of a submission."""
    return judge_one(Case(course, assignment, folder, values, "0" * 16), EXERCISES[name], name)


def test_every_graded_cell_has_its_judge(intro: Assignment) -> None:
    """The assignment and the judges name the same exercises, and agree on who grades them."""
    assert [exercise.name for exercise in intro.exercises] == list(EXERCISES)
    for exercise in intro.exercises:
        assert (EXERCISES[exercise.name].source == "manual") == (exercise.graded == "manual")
    assert intro.points == 100


def test_rubrics_add_up_to_the_points(intro: Assignment) -> None:
    """The criteria of each rubric are worth what the item is worth."""
    for exercise in intro.exercises:
        if exercise.graded == "manual":
            rows = [
                line.split("|")[1] for line in EXERCISES[exercise.name].rubric.splitlines() if "|" in line
            ]
            assert sum(float(cell) for cell in rows if cell.strip().isdigit()) == exercise.points


def test_students_of_this_assignment_alone_install_pytorch(intro: Assignment) -> None:
    """requirements.txt names it, in the version that the course was tested with."""
    course = Course(PROJECT)
    assert "torch==2.13.0\n" in requirements(course, intro.extras)
    assert "torch" not in requirements(course, load(course, "cnn_svhn").extras)


def test_judges_ask_what_the_checks_ask() -> None:
    """The same probe, and the same modules withheld."""
    from lib.check.intro.checks import CHECKS

    for name, check in CHECKS.items():
        assert (EXERCISES[name].probe, EXERCISES[name].withhold) == (check.probe, check.withhold)


SLOW = ("max_pool", "training_loop", "deep_net", "mosaic", "responses", "regularized_net")


@pytest.mark.torch
@pytest.mark.parametrize(
    "name", ["correlate", "conv_net", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)]
)
def test_reference_earns_all(name: str, course: Course, intro: Assignment, tmp_path: Path) -> None:
    """The reference answers meet every criterion."""
    pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")
    _copy(course, tmp_path)
    assert judge(course, intro, tmp_path, name).fraction == 1.0


def _copy(course: Course, folder: Path) -> None:
    shutil.copytree(course.lib, folder / "lib", dirs_exist_ok=True)


BY_HAND = [
    ({"convolved": [[8, 20], [14, 25]], "pooled": 25}, 1.0),
    ({"convolved": np.array([[8.0, 20], [14, 25]]), "pooled": [[25]]}, 1.0),
    ({"convolved": [[8, 20], [14, 27]], "pooled": 27}, 5 / 6),
    ({"convolved": [[8, 20], [14, 27]], "pooled": 25}, 5 / 6),
    ({"convolved": [[0, 1], [0, 6]], "pooled": 6}, 2 / 6),
    ({"convolved": None, "pooled": 25}, 2 / 6),
    ({"convolved": None, "pooled": None}, 0.0),
    ({"convolved": "nonsense", "pooled": "nonsense"}, 0.0),
]


@pytest.mark.parametrize(("objects", "fraction"), BY_HAND)
def test_features_by_hand_are_judged_one_by_one(
    objects: dict, fraction: float, course: Course, intro: Assignment, tmp_path: Path
) -> None:
    """An error in one sum costs that feature; the pooled number may follow from it."""
    export_values("by_hand", objects, str(tmp_path))
    assert judge(course, intro, tmp_path, "by_hand", tmp_path).fraction == pytest.approx(fraction)


SIZES = {"size_1": (16, 24, 24), "size_2": (24, 30, 30), "size_3": (3, 16, 16), "size_5": (112, 256, 256)}


@pytest.mark.parametrize(
    ("change", "fraction"),
    [
        ({"size_4": "not valid"}, 1.0),
        ({"size_4": (7, 4, 8)}, 1.0),
        ({"size_4": "dunno"}, 0.8),
        ({"size_4": (7, 4, 8), "size_1": "not valid", "size_2": None}, 0.6),
        ({name: "not valid" for name in (*SIZES, "size_4")}, 0.2),
    ],
)
def test_each_size_is_a_fifth(
    change: dict, fraction: float, course: Course, intro: Assignment, tmp_path: Path
) -> None:
    """Rounding down and "not valid" are both right for the fourth, and for no other."""
    export_values("output_sizes", {**SIZES, **change}, str(tmp_path))
    assert judge(course, intro, tmp_path, "output_sizes", tmp_path).fraction == pytest.approx(fraction)


def test_error_of_a_network_is_the_student_s_where_pytorch_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """With PyTorch an error of the probe is told and earns nothing; without it nothing is judged."""
    answer = CaseAnswer(error=CaseError("ModelFileError", "model.npz holds another network"))
    monkeypatch.setattr("exercises.cnn_intro_mnist.find_spec", lambda name: object())
    verdict = EXERCISES["training"].judge([answer], [], Context())
    assert (verdict.fraction, verdict.reason) == (0.0, "ModelFileError: model.npz holds another network")
    monkeypatch.setattr("exercises.cnn_intro_mnist.find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="needs PyTorch to be graded"):
        EXERCISES["training"].judge([answer], [], Context())


@pytest.mark.torch
def test_untrained_network_scores_held_back_images(course: Course, intro: Assignment, tmp_path: Path) -> None:
    """BestNet is built from the submission's lib, filled from model.npz, and is at chance."""
    pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")
    from lib.intro.nets import BestNet
    from lib.intro.train import Results
    from lib.intro.weights import save_net

    _copy(course, tmp_path)
    save_net(tmp_path / "model.npz", BestNet(), Results({}, [1.0], [0.1], [0.1]), provenance="MNIST sample")
    found = judge(course, intro, tmp_path, "training")
    assert found.fraction == 0, found.reason
    assert "on 2000 held-back drawn SAMPLE images" in found.reason


def drawn(name: str) -> list[dict[str, np.ndarray]]:
    """Draw the cases of an exercise."""
    cases = EXERCISES[name].cases(np.random.default_rng(5))
    return [{key: np.asarray(value) for key, value in case.items()} for case in cases]


def judge_arrays(name: str, answers: list[dict[str, np.ndarray]]):
    """Judge arrays that a process says its network gave."""
    got = [CaseAnswer(arrays=arrays) for arrays in answers]
    return EXERCISES[name].judge(got, got, Context(cases=drawn(name)))


LAYERS = {"layers": pack_text('[{"class": "Conv2d"}]')}


def claims(case: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Say what a good network would say of itself, without one."""
    shares = {"train_dropped": np.full(2, float(case.get("dropout", 0))), "eval_dropped": np.zeros(2)}
    return {**LAYERS, **shares, "train_mean": np.ones(2), "eval_mean": np.ones(2)}


@pytest.mark.parametrize("name", ["conv_net", "deep_net", "regularized_net"])
def test_networks_that_are_only_claimed_earn_nothing(name: str) -> None:
    """Neither no arrays at all, nor shares and layers that were made up, with or without scores."""
    cases = drawn(name)
    made_up = [claims(case) for case in cases]
    scored = [
        said | {"scores": np.ones((len(c["images"]), 10))} for said, c in zip(made_up, cases, strict=True)
    ]
    for answers in ([{}] * len(cases), [LAYERS] * len(cases), made_up, scored):
        assert judge_arrays(name, answers).fraction == 0


SCORES = [
    (alternatives.conv_net_scores, LAYERS, 1.0),
    (alternatives.conv_net_scores, {}, 2 / 3),
    (alternatives.conv_net_scores, {"layers": pack_text("[]")}, 2 / 3),
    (lambda case: alternatives.conv_net_scores(case, hidden_relu=False), LAYERS, 1 / 3),
    (lambda case: alternatives.conv_net_scores(case) + 1, LAYERS, 0.0),
]


@pytest.mark.parametrize(("scores", "layers", "fraction"), SCORES)
def test_layers_count_beside_scores_that_a_network_gave(scores, layers: dict, fraction: float) -> None:
    """The right ones or those of a usual mistake; an empty description of layers is none."""
    found = judge_arrays("conv_net", [{"scores": scores(case), **layers} for case in drawn("conv_net")])
    assert found.fraction == pytest.approx(fraction)


def test_right_dropout_counts_beside_a_softmax_too_many() -> None:
    """Layers and both dropouts keep their points; batch norm is looked at by itself."""
    cases = drawn("regularized_net")
    scores = [alternatives.softmax(alternatives.regularized_scores(case)) for case in cases]
    answers = [claims(case) | {"scores": array} for case, array in zip(cases, scores, strict=True)]
    assert judge_arrays("regularized_net", answers).fraction == pytest.approx(3 / 5)


def test_statistics_of_another_shape_are_wrong_and_no_error() -> None:
    """Neither what batch norm remembers nor the shares of the dropouts; layers and scores keep their points."""
    shares = dict.fromkeys(("train_dropped", "eval_dropped", "train_mean", "eval_mean"), np.ones((1, 2)))
    answers = [
        {**LAYERS, **shares, "scores": alternatives.regularized_scores(case), "running_mean": np.zeros(7)}
        for case in drawn("regularized_net")
    ]
    found = judge_arrays("regularized_net", answers)
    assert found.fraction == pytest.approx(2 / 5)
    assert "remembers the mean of its channels" in found.reason


def _real_data() -> Path:
    folder = os.environ.get("GRADLAB_REAL_DATA")
    if not folder:
        pytest.skip("GRADLAB_REAL_DATA is not set: no real MNIST")
    return Path(folder)


def _mean_accuracy(make, num_training: int, batch_size: int, epochs: int, num_test: int, seeds: int) -> float:
    torch = pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")
    from lib.datasets import MNIST_data
    from lib.intro.train import accuracy, fit

    data = MNIST_data(num_training, 2000, num_test, data_dir=_real_data())
    found = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        net = make()
        fit(net, data, torch.optim.Adam(net.parameters(), lr=1e-3), batch_size, epochs)
        found.append(accuracy(net, torch.as_tensor(data["X_test"]), torch.as_tensor(data["y_test"])))
    return float(np.mean(found))


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", ["DeepNet", "BestNet"])
def test_reference_on_1000_images_beats_the_original(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The original printed 0.908 on the 500 test images after 50 epochs; ours needs 12, mean of 5 seeds."""
    pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")
    monkeypatch.setenv("GRADLAB_DATASET", "real")
    from lib.intro import nets

    assert _mean_accuracy(getattr(nets, name), 1000, 50, 12, 500, 5) > 0.908


@pytest.mark.slow
@pytest.mark.real_data
def test_reference_reaches_the_target_on_all_test_images(
    intro: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the settings of the notebook, by a margin."""
    pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")
    monkeypatch.setenv("GRADLAB_DATASET", "real")
    from lib.intro.nets import BestNet

    assert intro.training is not None
    assert _mean_accuracy(BestNet, 10000, 100, 5, 10000, 2) > intro.training.target + 0.004
