"""The judges of cnn_svhn: all points for right answers of any kind, a part with the reason, none for none."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exercises import Context, Verdict
from exercises.cnn_svhn import EXERCISES
from gradlab.assignment import Assignment
from gradlab.course import Course
from gradlab.dataset import held_back
from gradlab.errors import GradlabError
from gradlab.verdict import Case, judge_one, judge_submission, require_data, seed, uses_sample
from lib.check.cnn.network import count_layers
from lib.check.job import CaseAnswer, CaseError, pack_text

HandIn = Callable[..., Path]
NAMES = ("train_32x32.mat", "test_32x32.mat")
LAYER_EXERCISES = (
    "output_size",
    "conv_forward",
    "conv_backward",
    "pool_forward",
    "pool_backward",
    "test_cnn",
)


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_DATASET", "sample")
    monkeypatch.setenv("GRADLAB_SECRET", "a secret of the tests")


def judge(course: Course, assignment: Assignment, folder: Path, name: str, values: Path | None = None):
    """Judge one exercise of a submission."""
    return judge_one(Case(course, assignment, folder, values, "0" * 16), EXERCISES[name], name)


def test_every_graded_cell_has_its_judge(assignment: Assignment) -> None:
    """The assignment and the judges name the same exercises, and agree on who grades them."""
    assert [exercise.name for exercise in assignment.exercises] == list(EXERCISES)
    for exercise in assignment.exercises:
        assert (EXERCISES[exercise.name].source == "manual") == (exercise.graded == "manual")


@pytest.mark.parametrize("name", LAYER_EXERCISES)
def test_reference_earns_all(name: str, course: Course, assignment: Assignment, hand_in: HandIn) -> None:
    """The reference answers meet every criterion."""
    found = judge(course, assignment, hand_in(), name)
    assert found.fraction == 1.0, found.reason


PARTS = [
    (
        "output_size",
        {"conv_output_size": "output_size = list(input_size[:3]) + [self.number_filters]"},
        0.0,
        0.4,
        "received",
    ),
    (
        "conv_forward",
        {
            "conv_forward": "N, OH, OW, F = self.get_output_size(img.shape)\nk = self.kernel_size\n"
            "output = np.zeros((N, OH, OW, F))\nfor i in range(OH):\n    for j in range(OW):\n"
            "        output[:, i, j] = np.tensordot(img[:, i : i + k, j : j + k], w, axes=3) + b\n"
            "self.meta = img"
        },
        0.1,
        0.5,
        "padding 1",
    ),
    (
        "conv_backward",
        {"conv_backward": "self.grads = {self.w_name: w, self.b_name: dprev.sum(axis=(0, 1, 2))}"},
        1 / 3,
        1 / 3,
        "dimg is None",
    ),
    (
        "pool_backward",
        {"pool_backward": "dimg = np.zeros(img.shape)"},
        0.0,
        0.0,
        "all entries are zero",
    ),
    (
        "conv_forward",
        {"conv_forward": "from lib.ops import conv2d_forward\noutput = conv2d_forward(img, w, b)[0]"},
        0.0,
        0.0,
        "ImportError|ModuleNotFoundError|missing|cannot be used",
    ),
    (
        "conv_forward",
        {"conv_forward": 'raise NotImplementedError("conv-forward is not written yet: lib/x.py, C.forward")'},
        0.0,
        0.0,
        "not written yet: conv-forward",
    ),
    ("pool_forward", {"pool_forward": "import os\nos._exit(0)"}, 0.0, 0.0, "ended the Python process"),
    (
        "test_cnn",
        {
            "test_cnn": "self.net = sequential(ConvLayer2D(3, 3, 3, init_scale=0.02, name='a'), "
            "MaxPoolingLayer(2, 2, 'b'), flatten('c'), fc(27, 5, name='d'))"
        },
        0.8,
        0.8,
        "init_scale=0.02",
    ),
]


@pytest.mark.parametrize(
    ("name", "bodies", "low", "high", "reason"), PARTS, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(PARTS)]
)
def test_wrong_answers_earn_their_part(
    name: str,
    bodies: dict[str, str],
    low: float,
    high: float,
    reason: str,
    course: Course,
    assignment: Assignment,
    hand_in: HandIn,
) -> None:
    """What is right counts, and the reason names what is wrong."""
    found = judge(course, assignment, hand_in(**bodies), name)
    assert found.fraction is not None, found.reason
    assert low - 1e-9 <= found.fraction <= high + 1e-9, found.reason
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(found.reason)


def test_single_precision_is_right(course: Course, assignment: Assignment, hand_in: HandIn) -> None:
    """A forward pass in float32 earns all points."""
    body = (
        "k, s, p = self.kernel_size, self.stride, self.padding\n"
        "N, OH, OW, F = self.get_output_size(img.shape)\n"
        "x = np.float32(np.pad(img, ((0, 0), (p, p), (p, p), (0, 0))))\n"
        "output = np.zeros((N, OH, OW, F), np.float32)\nfor i in range(OH):\n    for j in range(OW):\n"
        "        seen = x[:, i * s : i * s + k, j * s : j * s + k]\n"
        "        output[:, i, j] = np.tensordot(seen, w.astype(np.float32), axes=3) + b\n"
        "self.meta = img"
    )
    assert judge(course, assignment, hand_in(conv_forward=body), "conv_forward").fraction == 1.0


@pytest.mark.parametrize("name", LAYER_EXERCISES)
def test_cases_follow_from_the_seed_alone(name: str) -> None:
    """The same seed gives the same cases, another one others."""
    draw = [EXERCISES[name].cases(np.random.default_rng(number)) for number in (1, 1, 2)]
    texts = [
        str([{key: np.asarray(v).tolist() for key, v in case.items()} for case in cases]) for cases in draw
    ]
    assert texts[0] == texts[1] != texts[2]


def test_seeds_differ_by_exercise_version_and_secret(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell one seed from another without the secret."""
    seeds = {seed(course, "a", "x"), seed(course, "b", "x"), seed(course, "a", "y")}
    monkeypatch.setenv("GRADLAB_SECRET", "another secret of the tests")
    assert len(seeds | {seed(course, "a", "x")}) == 4


def scored(accuracy: float, num: int = 1000, layers: list | None = None, keep: int | None = None):
    """Return the answer of a network that is right on a share of the images, and what judges it."""
    labels = np.arange(num) % 10
    shown = np.where(np.arange(num) < accuracy * num, labels, (labels + 1) % 10)
    plain = {"kind": "conv", "class": "C", "shapes": {"w": [3, 3, 3, 8]}}
    arrays = {
        "scores": np.eye(10)[shown][:keep],
        "layers": pack_text(json.dumps([plain] if layers is None else layers)),
    }
    return CaseAnswer(arrays=arrays), Context(
        settings={"floor": 0.5, "target": 0.9}, sample=True, labels=labels
    )


@pytest.mark.parametrize(("accuracy", "fraction"), [(0.1, 0), (0.5, 0), (0.7, 0.5), (0.9, 1), (1.0, 1)])
def test_training_is_linear_between_floor_and_target(accuracy: float, fraction: float) -> None:
    """Points grow from the floor to the target, and the reason names accuracy and data."""
    answer, context = scored(accuracy)
    verdict = EXERCISES["training"].judge([answer], [], context)
    assert verdict.fraction == pytest.approx(fraction)
    assert f"accuracy {accuracy:.1%} on 1000 held-back drawn SAMPLE images" in verdict.reason


CONV = {"kind": "conv", "class": "C", "shapes": {"w": [3, 3, 3, 8]}}
TWO_IN_ONE = {"kind": "other", "class": "Block", "shapes": {"w": [3, 3, 3, 8], "v": [3, 3, 8, 8]}}


IMAGES = {"in": [2, 8, 8, 4], "out": [2, 8, 8, 4]}
MIXES = {"kind": "fc", "class": "Mix", "shapes": {"w": [36, 4]}, **IMAGES}
FLAT = {"kind": "other", "class": "Mix", "shapes": {"w": [144]}, **IMAGES}
HALVES = {"kind": "other", "class": "Half", "shapes": {}, "in": [2, 8, 8, 4], "out": [2, 4, 4, 4]}
NORMS = {"kind": "other", "class": "Norm", "shapes": {"gamma": [4], "beta": [4]}, **IMAGES}
NORMS_4D = {"kind": "conv", "class": "N", "shapes": {"g": [1, 1, 1, 4], "b": [1, 1, 1, 4]}, **IMAGES}
FC = {"kind": "fc", "class": "fc", "shapes": {"w": [4, 4], "b": [4]}, "in": [2, 4], "out": [2, 4]}


@pytest.mark.parametrize(
    ("layer", "counts"),
    [
        (CONV, (1, 0)),
        (TWO_IN_ONE, (2, 0)),
        (MIXES, (1, 0)),
        (FLAT, (1, 0)),
        (HALVES, (0, 1)),
        (NORMS, (0, 0)),
        (NORMS | {"shapes": {"a": []}}, (0, 0)),
        (NORMS | {"shapes": {"a": [8, 8, 4]}}, (0, 0)),
        (NORMS_4D | {"kind": "other"}, (0, 0)),
        (IMAGES | {"shapes": {}}, (0, 0)),
        (FC, (0, 0)),
        (FC | {"shapes": {"w": [1, 1, 4, 4]}}, (1, 0)),
        ({"shapes": {}, "in": [2, 4, 4, 4], "out": [2, 64]}, (0, 0)),
    ],
)
def test_layers_are_counted_by_what_they_do(layer: dict, counts: tuple[int, int]) -> None:
    """Names can be chosen; what a layer does to images cannot."""
    assert count_layers([layer]) == counts


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"layers": [CONV] * 3}, "3 convolutions and 0 poolings"),
        ({"layers": [{"kind": "pool", "shapes": {}}] * 3}, "0 convolutions and 3 poolings"),
        ({"layers": [CONV, TWO_IN_ONE]}, "3 convolutions"),
        ({"layers": [MIXES] * 3}, "3 convolutions and 0 poolings"),
        ({"layers": [HALVES] * 3}, "0 convolutions and 3 poolings"),
        ({"layers": []}, "no layers"),
        ({"keep": 200}, "scored 200 images"),
    ],
)
def test_training_refuses(change: dict, reason: str) -> None:
    """Networks beyond the limits and scores of too few images earn nothing."""
    answer, context = scored(1.0, **change)
    verdict = EXERCISES["training"].judge([answer], [], context)
    assert verdict.fraction == 0
    assert reason in verdict.reason


def test_training_takes_fewer_images_of_a_slow_network() -> None:
    """A network that ran out of time is judged on what it scored."""
    answer, context = scored(1.0, keep=600)
    assert EXERCISES["training"].judge([answer], [], context).fraction == 1


@pytest.mark.parametrize(
    "scores", [np.full((1000, 10), np.nan), np.zeros((1000, 3)), np.zeros((2000, 10)), np.zeros(1000)]
)
def test_training_refuses_odd_scores(scores: np.ndarray) -> None:
    """Scores of another shape, or none at all, earn nothing."""
    answer, context = scored(1.0)
    odd = CaseAnswer(arrays={**answer.arrays, "scores": scores})
    assert EXERCISES["training"].judge([odd], [], context).fraction == 0


def test_training_tells_the_error_of_a_network() -> None:
    """An exception while the network is built is the reason."""
    error = CaseError("ModelFileError", "model.npz holds another network")
    verdict = EXERCISES["training"].judge([CaseAnswer(error=error)], [], scored(1.0)[1])
    assert verdict == type(verdict)(0.0, "ModelFileError: model.npz holds another network")


def test_untrained_network_is_scored_on_held_back_images(
    course: Course, assignment: Assignment, hand_in: HandIn
) -> None:
    """The network of model.npz is built from the submission's lib and scores the secret images, at chance."""
    from lib.cnn.cnn_models import SmallConvolutionalNetwork
    from lib.model_file import save_model

    folder = hand_in()
    save_model(
        folder / "model.npz",
        SmallConvolutionalNetwork(),
        ([1.0], [0.1], [0.1]),
        data={"mean_image": np.zeros((32, 32, 3)), "provenance": "SVHN sample"},
    )
    shelf = course.private / "cache" / "held_back"
    before = set(shelf.glob("sample-*.npz"))
    found = judge(course, assignment, folder, "training")
    assert found.fraction == 0, found.reason
    assert "on 2000 held-back drawn SAMPLE images" in found.reason
    assert len(set(shelf.glob("sample-*.npz")) - before) == 1
    judge(course, assignment, folder, "training")
    assert len(set(shelf.glob("sample-*.npz")) - before) == 1


SHUFFLED = """

class Mix:
    \"\"\"A convolution of 3x3 pixels and a halving, neither called so.\"\"\"

    def __init__(self, name, weights=True):
        self.name, self.w = name, name + "_k"
        self.params = {self.w: np.full((27, 3), 0.1)} if weights else {}
        self.grads = dict.fromkeys(self.params)

    def forward(self, feat):
        if not self.params:
            return feat[:, ::2, ::2]
        padded = np.pad(feat, ((0, 0), (1, 1), (1, 1), (0, 0)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        return seen.reshape(*feat.shape[:3], 27) @ self.params[self.w]

    def backward(self, dprev):
        return dprev
"""


def test_deep_network_of_other_names_is_refused(
    course: Course, assignment: Assignment, hand_in: HandIn
) -> None:
    """Convolutions and poolings are counted by what they do to images, in the process of the submission."""
    import subprocess
    import sys

    body = (
        "self.net = sequential(*(Mix(f'm{i}', i < 3) for i in range(6)), flatten(name='flat'),\n"
        "    dropout(keep_prob=0.5, seed=1, name='drop'), fc(48, 10, name='fc'))"
    )
    folder = hand_in(small_cnn=body)
    path = folder / "lib" / "cnn" / "cnn_models.py"
    path.write_text(path.read_text() + SHUFFLED)
    save = (
        "from lib.cnn.cnn_models import SmallConvolutionalNetwork as Net\n"
        "from lib.model_file import save_model\n"
        "save_model('model.npz', Net(), ([1.0], [0.1], [0.1]), data={'provenance': 'SVHN sample'})"
    )
    subprocess.run([sys.executable, "-c", save], cwd=folder, check=True)
    found = judge(course, assignment, folder, "training")
    assert found.fraction == 0
    assert "the network has 3 convolutions and 3 poolings, allowed are 2" in found.reason


@pytest.mark.parametrize(
    ("choice", "provenance", "fraction", "reason"),
    [
        ("sample", "SVHN", None, "was trained on SVHN, but this course grades on the SAMPLE"),
        ("sample", "", None, "does not say what it was trained on"),
        ("sample", "SVHN sample", 0.5, "^fine$"),
        ("real", "SVHN sample", 0.5, "fine; model.npz was trained on the SAMPLE, but is graded on real data"),
        ("real", "SVHN", 0.5, "^fine$"),
    ],
)
def test_model_is_graded_on_the_data_that_it_was_trained_on(
    choice: str,
    provenance: str,
    fraction: float | None,
    reason: str,
    course: Course,
    assignment: Assignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A real network is not judged on drawn images; one of the sample on real images is, and it is told."""
    from lib.model_file import encode_json

    own = Course(tmp_path / "course")
    _put(own, "svhn")
    monkeypatch.setenv("GRADLAB_DATASET", choice)
    monkeypatch.setattr("gradlab.verdict.call_probe", lambda *given: ([CaseAnswer()], ""))
    monkeypatch.setattr(
        "gradlab.verdict.held_back", lambda *given: (np.zeros((1, 2, 2, 3)), np.zeros(1, int))
    )
    np.savez(tmp_path / "model.npz", meta=encode_json({"provenance": provenance}))
    case = Case(own, assignment, tmp_path, None, "0" * 16)
    exercise = replace(EXERCISES["training"], judge=lambda *given: Verdict(0.5, "fine"))
    found = judge_one(case, exercise, "training")
    assert found.fraction == fraction
    assert re.search(reason, found.reason), found.reason


def _put(course: Course, folder: str, header: str = "MATLAB 5.0", names: tuple[str, ...] = NAMES) -> None:
    """Put files that look like those of SVHN into a folder of the data."""
    target = course.data / folder
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        (target / name).write_text(header.ljust(200))


SAMPLE = "MATLAB 5.0, gradlab SAMPLE 1"


@pytest.mark.parametrize(
    ("choice", "folders", "problem", "sample"),
    [
        ("", {}, r"data set 'svhn' is not in data/: run ./get_datasets.sh svhn, or .*--sample", False),
        ("", {"svhn": "real"}, None, False),
        ("", {"svhn": "real", "svhn-sample": SAMPLE}, None, False),
        ("", {"svhn-sample": SAMPLE}, None, True),
        ("", {"svhn": SAMPLE}, None, True),
        ("", {".": "real"}, None, False),
        ("sample", {"svhn": "real"}, r"not in data/ \(GRADLAB_DATASET=sample\)", True),
        ("real", {"svhn-sample": SAMPLE}, r"not in data/ \(GRADLAB_DATASET=real\)", False),
        (" Sample ", {"svhn": "real", "svhn-sample": SAMPLE}, None, True),
    ],
)
def test_data_must_be_there(
    choice: str,
    folders: dict[str, str],
    problem: str | None,
    sample: bool,
    assignment: Assignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which data a course grades on, and that it has some, is told by its files and by the setting."""
    own = Course(tmp_path)
    monkeypatch.setenv("GRADLAB_DATASET", choice)
    for folder, header in folders.items():
        _put(own, folder, header)
    assert uses_sample(own, "svhn") is sample
    with pytest.raises(GradlabError, match=problem) if problem else contextlib.nullcontext():
        require_data(own, assignment)


def test_half_a_data_set_is_told(
    assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two files is no data set."""
    monkeypatch.delenv("GRADLAB_DATASET")
    _put(Course(tmp_path), "svhn", names=NAMES[1:])
    with pytest.raises(GradlabError, match=r"data/svhn/train_32x32.mat is missing"):
        require_data(Course(tmp_path), assignment)


def test_misspelled_choice_is_refused(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice that nobody offers is no choice."""
    monkeypatch.setenv("GRADLAB_DATASET", "smaple")
    with pytest.raises(GradlabError, match="GRADLAB_DATASET='smaple' is neither 'real' nor 'sample'"):
        uses_sample(course, "svhn")


def test_held_back_images_are_drawn_anew_when_data_or_code_change(
    assignment: Assignment, tmp_path: Path
) -> None:
    """Images kept from other files, or by other code, are not used."""
    own, drawn = Course(tmp_path), []

    def draw(rng, data_folder, sample):
        drawn.append(sample)
        return np.zeros((1, 2, 2, 3)), np.zeros(1, int)

    def times(sample: bool) -> int:
        del drawn[:]
        for _ in range(2):
            held_back(own, assignment, draw, 7, sample)
        return len(drawn)

    own.exercises.mkdir()
    code = own.exercises / "cnn_svhn.py"
    code.write_text("NUM_REAL = 1")
    _put(own, "svhn")
    assert [times(True), times(False), times(True), times(False)] == [1, 1, 0, 0]
    _put(own, "svhn", "another file")
    assert [times(True), times(False)] == [0, 1]
    code.write_text("NUM_REAL = 2")
    assert [times(True), times(False)] == [1, 1]


def test_missing_model_is_told(course: Course, assignment: Assignment, hand_in: HandIn) -> None:
    """Without model.npz there are no points, and the file is named."""
    found = judge(course, assignment, hand_in(), "training")
    assert (found.fraction, found.reason[:24]) == (0, "model.npz is missing fro")


def test_filters_are_compared_with_the_model_handed_in(
    course: Course, assignment: Assignment, hand_in: HandIn, tmp_path: Path
) -> None:
    """The values of the notebook are judged against the first convolution of model.npz."""
    folder = hand_in()
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 4))
    np.savez(folder / "model.npz", **{"param.my_first_w": weights, "param.my_first_b": np.zeros(4)})
    values = tmp_path / "values"
    values.mkdir()
    np.savez(values / "filters.npz", im_array=np.moveaxis(weights, -1, 0), nrows=2, ncols=2)
    assert judge(course, assignment, folder, "filters", values).fraction == pytest.approx(1)
    np.savez(values / "filters.npz", im_array=weights.reshape(4, 3, 3, 3), nrows=2, ncols=2)
    found = judge(course, assignment, folder, "filters", values)
    assert found.fraction == pytest.approx(1 / 3)
    assert "mixture of all filters" in found.reason


def test_pickle_in_values_is_refused(
    course: Course, assignment: Assignment, hand_in: HandIn, tmp_path: Path
) -> None:
    """A pickled object among the values is not loaded."""
    np.savez(tmp_path / "filters.npz", im_array=np.array([print], dtype=object))
    found = judge(course, assignment, hand_in(), "filters", tmp_path)
    assert found.fraction == 0
    assert "wanted plain numbers" in found.reason


def test_judges_that_cannot_be_imported_judge_nothing(
    course: Course, assignment: Assignment, tmp_path: Path
) -> None:
    """A broken exercises file gives no points to anybody."""
    broken = Course(tmp_path)
    broken.exercises.mkdir()
    (broken.exercises / "cnn_svhn.py").write_text("import nothing_of_that_name")
    found = judge_submission(broken, assignment, tmp_path, None, version="0" * 16)
    assert {judged.fraction for judged in found.values()} == {None}
    assert "exercises/cnn_svhn.py cannot be used" in found["training"].reason


def test_dataset_is_the_course_s_choice(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sample or real is decided by the grader's settings and files, never by the submission."""
    assert uses_sample(course, "svhn")
    monkeypatch.setenv("GRADLAB_DATASET", "real")
    assert not uses_sample(course, "svhn")


def test_rubrics_add_up_to_the_points(assignment: Assignment) -> None:
    """The criteria of each rubric are worth what the item is worth."""
    for exercise in assignment.exercises:
        if exercise.graded == "manual":
            rows = [
                line.split("|")[1]
                for line in EXERCISES[exercise.name].rubric.splitlines()
                if line.startswith("| ")
            ]
            points = [float(cell) for cell in rows if cell.strip().replace(".", "").isdigit()]
            assert sum(points) == exercise.points
