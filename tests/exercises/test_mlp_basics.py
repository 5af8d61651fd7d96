"""The judges of mlp_basics: all points for right answers, a part with the reason for wrong ones, none for none."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from exercises import Context
from exercises.mlp_basics import DATASET, EXERCISES
from gradlab.assignment import Assignment, load
from gradlab.course import Course
from gradlab.regions import find_regions, read_text
from gradlab.variants import fill, load_variant
from gradlab.verdict import Case, judge_one
from lib.check.fresh import run_probe
from lib.check.job import CaseAnswer, pack_text
from lib.check.mlp.networks import limit_problem
from lib.check.mlp.objects import ACTIVATIONS, POINTS, activation_values

PROBED = [name for name, exercise in EXERCISES.items() if exercise.source == "probe"]


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    monkeypatch.setenv("GRADLAB_SECRET", "a secret of the tests")


@pytest.fixture(scope="module")
def basics(course: Course) -> Assignment:
    """Return the assignment mlp_basics."""
    return load(course, "mlp_basics")


def hand_in(course: Course, assignment: Assignment, folder: Path, bodies: dict[str, str]) -> Path:
    """Make a submission: the reference, with other bodies in its regions."""
    shutil.copytree(course.lib, folder / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in assignment.student_files:
        if (course.root / name).is_file():
            text = (course.root / name).read_text(encoding="utf-8")
            (folder / name).write_text(fill(text, bodies, name), encoding="utf-8")
    return folder


def judge(course: Course, assignment: Assignment, folder: Path, name: str):
    """Judge one exercise of a submission."""
    return judge_one(Case(course, assignment, folder, None, "0" * 16), EXERCISES[name], name)


def test_every_graded_cell_has_its_judge(basics: Assignment) -> None:
    """The assignment and the judges name the same exercises, and agree on who grades them."""
    assert sorted(exercise.name for exercise in basics.exercises) == sorted(EXERCISES)
    for exercise in basics.exercises:
        assert (EXERCISES[exercise.name].source == "manual") == (exercise.graded == "manual")


def test_points_are_those_of_the_assignment_after_this_one(basics: Assignment) -> None:
    """Sixty points, of which training is five; every region of Problem 1 is an exercise."""
    assert basics.points == 60
    assert basics.exercise("training").points == 5
    asked = {region for exercise in basics.exercises for region in exercise.regions}
    assert asked == set(basics.hidden)
    assert set(load_given(basics)) == asked


def load_given(basics: Assignment) -> tuple[str, ...]:
    """Return the regions that cnn_svhn gives away."""
    course = Course(basics.folder.parents[1])
    return load(course, "cnn_svhn").given


def drawn(name: str, seed: int) -> list[dict[str, np.ndarray]]:
    """Draw the cases of an exercise."""
    cases = EXERCISES[name].cases(np.random.default_rng(seed))
    return [{key: np.asarray(value) for key, value in case.items()} for case in cases]


@pytest.mark.parametrize("name", PROBED)
def test_reference_earns_all(name: str) -> None:
    """The reference answers meet every criterion."""
    exercise, cases = EXERCISES[name], drawn(name, 3)
    answers, _ = run_probe(exercise.probe, cases, withhold=exercise.withhold)
    found = exercise.judge(answers, answers, Context(cases=cases))
    assert found.fraction == 1.0, found.reason


@pytest.mark.parametrize("name", PROBED)
def test_cases_follow_from_the_seed_alone(name: str) -> None:
    """The same seed gives the same cases, another one others."""
    texts = [
        str([{key: value.tolist() for key, value in case.items()} for case in drawn(name, seed)])
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("name", ["fc_backward", "dropout_net", "train_net", "adam", "l1"])
def test_stub_earns_nothing(name: str, course: Course, basics: Assignment, tmp_path: Path) -> None:
    """Where nothing is written there are no points, and the reason says what is missing."""
    stubs = {
        region.name: f'raise NotImplementedError("{region.name} is not written yet: {file}, x")'
        for file in basics.student_files
        if (course.root / file).is_file()
        for region in find_regions(read_text(course.root / file, file), file)
    }
    root = hand_in(course, basics, tmp_path, stubs)
    exercise, cases = EXERCISES[name], drawn(name, 1)
    answers, _ = run_probe(exercise.probe, cases, withhold=exercise.withhold, root=root)
    found = exercise.judge(answers, answers, Context(cases=cases))
    assert found.fraction == 0
    assert "not written yet" in found.reason


PARTS = [
    ("fc_backward", 25 / 30, "db: this is what comes out when the mean over the samples is taken"),
    ("cascaded_nets", 4 / 6, "every entry is 0.25 times the wanted one"),
    ("small_net", 4 / 5, "gradient of b of layer 1"),
    ("dropout_net", 3 / 6, "gradient of b of layer 1"),
    ("fc_forward", 1, "all 18 criteria met"),
]


def test_wrong_answers_earn_their_part(course: Course, basics: Assignment, tmp_path: Path) -> None:
    """A mean in one gradient costs its part in every exercise that it spoils, on a submission judged as a whole."""
    folder = hand_in(course, basics, tmp_path, load_variant(course, "mlp_basics", "wrong_backward"))
    for name, fraction, reason in PARTS:
        found = judge(course, basics, folder, name)
        assert found.fraction == pytest.approx(fraction), found.reason
        assert reason in found.reason


def test_withheld_modules_are_not_there(course: Course, basics: Assignment, tmp_path: Path) -> None:
    """Neither the grader's own formulas nor the solved layers of lib can be called by an answer."""
    body = "from lib.check.mlp.formulas import gelu as right\noutput = right(feat)"
    folder = hand_in(course, basics, tmp_path, {"gelu-forward": body})
    found = judge(course, basics, folder, "gelu_forward")
    assert found.fraction == 0
    assert "lib.check.mlp.formulas cannot be used in this exercise" in found.reason


def answers_of(name: str):
    """Return cases of an exercise, what the reference gives, and its judge."""
    cases = drawn(name, 4)
    return cases, run_probe(EXERCISES[name].probe, cases)[0], EXERCISES[name].judge


def test_doing_nothing_in_dropout_earns_little() -> None:
    """A layer that passes everything on is right only where nothing is dropped."""
    cases, reference, judge_it = answers_of("dropout_forward")
    lazy = [CaseAnswer(arrays=dict.fromkeys(("out", "again", "next", "after"), case["x"])) for case in cases]
    assert judge_it(lazy, reference, Context(cases=cases)).fraction == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("spoiled", "fraction"),
    [
        ({"softmax": 0, "loss": 0, "logit": 0}, 0),
        ({"softmax": 0, "loss": 0}, 1 / 2),
        ({"loss": 0, "logit": 0}, 1 / 2),
        ({"logit": 0}, 1),
        ({}, 1),
    ],
)
def test_what_is_kept_counts_where_it_can_be_told(spoiled: dict, fraction: float) -> None:
    """Any array is no answer: the right probabilities are, or whatever lies beside the right loss."""
    cases, reference, judge_it = answers_of("cross_entropy_forward")
    answers = [
        CaseAnswer(arrays={**answer.arrays, **{name: np.zeros(1) for name in spoiled}})
        for answer in reference
    ]
    assert judge_it(answers, reference, Context(cases=cases)).fraction == pytest.approx(fraction)


def test_probabilities_of_a_mistake_in_softmax_are_kept_all_the_same() -> None:
    """A sum over the whole array costs softmax and loss, not what is kept; 1 in each entry is made up."""
    cases, reference, judge_it = answers_of("cross_entropy_forward")
    for power, fraction in ((1, 13 / 24), (0, 0)):
        powers = [np.exp(power * (case["x"] - case["x"].max(axis=1, keepdims=True))) for case in cases]
        found = [p / p.sum() if power else p for p in powers]
        answers = [CaseAnswer(arrays={"softmax": p, "loss": np.zeros(()), "logit": p}) for p in found]
        assert judge_it(answers, reference, Context(cases=cases)).fraction == pytest.approx(fraction)


def test_an_input_changed_in_place_costs_a_part() -> None:
    """The numbers are right, but the caller has lost its own."""
    cases, reference, judge_it = answers_of("leaky_relu_forward")
    changed = [dataclasses.replace(answer, mutated=("x",)) for answer in reference]
    found = judge_it(changed, reference, Context(cases=cases))
    assert found.fraction == 0.5
    assert "the input x was changed in place" in found.reason


SHAPES = {"w": [3072, 100], "b": [100]}


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ([{"shapes": SHAPES}, {"shapes": {}}, {"shapes": SHAPES}], ""),
        ([{"shapes": SHAPES}] * 3, "has 3 layers with weights, allowed are 2"),
        ([{"shapes": {"k": [3, 3, 3, 8]}}], "has 1 layers with weights"),
        ([], "no layers"),
    ],
)
def test_training_is_for_one_hidden_layer(layers: list, problem: str) -> None:
    """Deeper networks and convolutions are not what is asked for here."""
    said = limit_problem(layers)
    assert problem in said
    assert bool(said) == bool(problem)


@pytest.mark.parametrize(("accuracy", "fraction"), [(0.3, 0), (0.5, 0.5), (0.7, 1)])
def test_training_is_linear_between_floor_and_target(accuracy: float, fraction: float) -> None:
    """Points grow from the floor to the target."""
    labels = np.arange(1000) % 10
    shown = np.where(np.arange(1000) < accuracy * 1000, labels, (labels + 1) % 10)
    layers = pack_text(json.dumps([{"shapes": SHAPES}, {"shapes": SHAPES}]))
    context = Context(settings={"floor": 0.4, "target": 0.6}, sample=True, labels=labels)
    answer = CaseAnswer(arrays={"scores": np.eye(10)[shown], "layers": layers})
    verdict = EXERCISES["training"].judge([answer], [], context)
    assert verdict.fraction == pytest.approx(fraction)


@pytest.mark.parametrize("classes", [10, 20])
def test_trained_network_is_rebuilt_from_its_file(
    classes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of classes, the mean and the deviation of the images are those of model.npz."""
    from lib.check.mlp.probes import training
    from lib.mlp.fully_conn import TinyNet
    from lib.model_file import save_model

    model = TinyNet(num_classes=classes)
    mean, std = np.full((1, 1, 1, 3), 0.5, np.float32), np.full((1, 1, 1, 3), 0.25, np.float32)
    save_model(
        tmp_path / "model.npz", model, ([1.0], [0.1], [0.1]), data={"mean_image": mean, "std_image": std}
    )
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3)).astype(np.uint8)
    found = training({"images": images, "batch": np.array(3), "seconds": np.array(60.0)})
    want = model.forward((images.astype(np.float32) / 255 - 0.5) / 0.25, False)
    np.testing.assert_allclose(found["scores"], want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("values", "fraction"),
    [
        ({"reg_lambda": 0.005, "added": 2.0}, 1),
        ({"reg_lambda": 0.01, "added": 1.0}, 1),
        ({"reg_lambda": 0.01, "added": 2.0}, 0),
        ({"reg_lambda": 0.005, "added": 7.0}, 0),
        ({"reg_lambda": np.array([0.005, 0.01]), "added": 2.0}, 0),
        ({}, 0),
    ],
)
def test_lambda_is_judged_with_the_factor_of_the_students_own_penalty(values: dict, fraction: float) -> None:
    """Half of weight decay over lr, or the whole where the penalty has no factor 2."""
    answer = CaseAnswer(arrays={key: np.asarray(value) for key, value in values.items()})
    assert EXERCISES["l2_lambda"].judge([answer], [], Context()).fraction == fraction


def test_activation_functions_are_judged_one_by_one() -> None:
    """A missing function and one of the wrong shape cost theirs."""
    values = {name: activation_values(name) for name in ACTIVATIONS}
    judge_it = EXERCISES["activations"].judge
    assert judge_it([CaseAnswer(arrays=values)], [], Context()).fraction == 1
    spoiled = {**values, "selu": POINTS[:3]}
    del spoiled["tanh"]
    found = judge_it([CaseAnswer(arrays=spoiled)], [], Context())
    assert found.fraction == pytest.approx(5 / 7)
    assert judge_it([CaseAnswer()], [], Context()).fraction == 0


def test_data_set_stands_in_one_place(basics: Assignment) -> None:
    """The judges take it from assignment.toml."""
    assert basics.dataset == DATASET


def test_rubrics_add_up_to_the_points(basics: Assignment) -> None:
    """The criteria of each rubric are worth what the item is worth."""
    for exercise in basics.exercises:
        if exercise.graded == "manual":
            rows = [
                line.split("|")[1]
                for line in EXERCISES[exercise.name].rubric.splitlines()
                if line.startswith("| ")
            ]
            points = [float(cell) for cell in rows if cell.strip().replace(".", "").isdigit()]
            assert sum(points) == exercise.points
