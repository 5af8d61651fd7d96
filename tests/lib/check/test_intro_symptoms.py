"""The checks of the introduction: the reference passes each, and a usual mistake is called by its name."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import numpy as np
import pytest

from lib.check.errors import CheckFailed
from lib.check.intro import alternatives, checks, looks, networks, objects
from lib.check.job import CaseAnswer, pack_text
from lib.check.run import run_check
from lib.check.values import MAX_TEXT, export_values

needs_torch = pytest.mark.torch


@pytest.mark.parametrize("name", ["correlate", "max_pool", "training_loop", "regularized_net"])
@needs_torch
def test_reference_passes(name):
    """Every published case of the reference answer is right."""
    pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")
    with redirect_stdout(io.StringIO()) as said:
        run_check(name, checks.CHECKS[name])
    assert "passed" in said.getvalue()


# (cases, right answer, usual wrong ones, look, name of the answer)
ARRAYS = [
    ("correlate", alternatives.correlate_right, alternatives.correlate, looks.correlate_problems, "out"),
    ("max_pool", alternatives.max_pool_right, alternatives.max_pool, looks.max_pool_problems, "out"),
    ("mosaic", alternatives.mosaic_right, alternatives.mosaic, looks.mosaic_problems, "out"),
    (
        "responses",
        alternatives.responses_right,
        alternatives.wrong_responses,
        looks.responses_problems,
        "out",
    ),
]


@pytest.mark.parametrize(("name", "right", "wrong", "look", "key"), ARRAYS, ids=[row[0] for row in ARRAYS])
def test_each_usual_mistake_is_named(name, right, wrong, look, key):
    """The right array has no symptom; each wrong one has the sentence of its mistake in at least one case."""
    named, labels = set(), set()
    for case in checks.CHECKS[name].cases():
        want = right(case.inputs)
        assert look(CaseAnswer(arrays={key: want}), case.inputs) == []
        for label, array in wrong(case.inputs).items():
            labels.add(label)
            if array.shape == want.shape and np.allclose(array, want):
                continue
            said = " ".join(look(CaseAnswer(arrays={key: array}), case.inputs))
            assert said, label
            named |= {label} if f"when {label}" in said else set()
    # of several that come to the same array, one is told
    assert len(named) >= len(labels) - 1, labels - named


NETWORKS = [
    ("conv_net", alternatives.conv_net_scores, alternatives.conv_net, networks.conv_net_problems, "scores"),
    ("deep_net", alternatives.deep_net_scores, alternatives.deep_net, networks.deep_net_problems, "scores"),
    (
        "deep_net",
        alternatives.deep_net_maps,
        alternatives.deep_net_features,
        networks.deep_net_problems,
        "maps",
    ),
    (
        "regularized_net",
        alternatives.regularized_scores,
        alternatives.regularized,
        networks.regularized_problems,
        "scores",
    ),
]


@pytest.mark.parametrize(("name", "right", "wrong", "look", "key"), NETWORKS)
def test_each_usual_mistake_of_a_network_is_named(name, right, wrong, look, key):
    """The criterion that is about these numbers names the mistake."""
    criterion = {"scores": "scores", "maps": "features"}[key]
    for case in checks.CHECKS[name].cases()[-2:]:
        want = right(case.inputs)
        assert look(CaseAnswer(arrays={key: want.astype(np.float32)}), case.inputs)[criterion] == []
        for label, array in wrong(case.inputs).items():
            said = look(CaseAnswer(arrays={key: array}), case.inputs)[criterion]
            assert f"when {label}" in " ".join(said)


def step_answer(inputs, modes=True, **change):
    """Return what ``train_step`` gives with a mistake."""
    w, b, loss = alternatives.train_steps(inputs, **change)
    flags = np.full(len(loss), modes)
    return CaseAnswer(
        arrays={"w": w, "b": b, "loss": loss, "modes": flags, "graphs": np.ones(len(loss), bool)}
    )


@pytest.mark.parametrize(
    ("change", "criterion", "said"),
    [
        ({}, "", ""),
        ({"keep": True}, "weights", "zero_grad"),
        ({"twice": True}, "loss", "softmax comes before cross entropy"),
        ({"total": True}, "loss", "Wanted is the mean"),
        ({"modes": False}, "mode", "Call net.train"),
    ],
)
def test_mistakes_of_a_training_step_are_named(change, criterion, said):
    """Gradients that add up, a softmax too many, a sum, the wrong mode."""
    inputs = checks.step_inputs(np.random.default_rng(4))
    found = looks.step_problems(step_answer(inputs, **change), inputs)
    if not criterion:
        assert found == {"mode": [], "weights": [], "loss": []}
    else:
        assert said in " ".join(found[criterion])


def test_weights_that_do_not_change_are_told():
    """A step is missing, or comes too early."""
    inputs = checks.step_inputs(np.random.default_rng(4))
    answer = step_answer(inputs)
    still = {**answer.arrays, "w": np.array([inputs["w"]] * 3), "b": np.array([inputs["b"]] * 3)}
    assert "did not change" in looks.step_problems(CaseAnswer(arrays=still), inputs)["weights"][0]
    idle = CaseAnswer(arrays={"loss": np.ones(3)})
    assert "does not call net(images)" in looks.step_problems(idle, inputs)["mode"][0]
    tensor = CaseAnswer(arrays=answer.arrays, kinds={"loss": "Tensor"})
    assert ".item()" in looks.step_problems(tensor, inputs)["loss"][0]


@pytest.mark.parametrize(
    "label", alternatives.accuracy(checks.accuracy_inputs(np.random.default_rng(5), 23, 10))
)
def test_mistakes_of_an_accuracy_are_named(label):
    """Means of means, batches left out, counts, percent."""
    inputs = checks.accuracy_inputs(np.random.default_rng(5), 23, 10)
    arrays = {"modes": np.zeros(3, bool), "graphs": np.zeros(3, bool)}
    right = {**arrays, "fraction": np.asarray(alternatives.accuracy_right(inputs)[0])}
    assert looks.accuracy_problems(CaseAnswer(arrays=right), inputs) == {"mode": [], "fraction": []}
    wrong = {**arrays, "fraction": np.asarray(alternatives.accuracy(inputs)[label])}
    assert label in looks.accuracy_problems(CaseAnswer(arrays=wrong), inputs)["fraction"][0]


@pytest.mark.parametrize(
    ("change", "criterion", "said"),
    [
        ({}, None, ""),
        ({"train_dropped": [0, 0.5]}, 0, "nothing is dropped in training mode, wanted 50%"),
        ({"train_dropped": [0.06, 0.5]}, 0, "Is it before the pooling"),
        ({"train_dropped": [0.5, 0.75]}, 1, "75% of the numbers are dropped, wanted 50%"),
        ({"eval_dropped": [0.5, 0]}, 0, "F.dropout must be told: training=self.training"),
        ({"train_mean": [1, 0.5]}, 1, "divided by 1 - p"),
        ({"train_dropped": [0.5]}, 0, "wanted two fully connected layers"),
    ],
)
def test_dropout_is_measured(change, criterion, said):
    """Rate, mode, scale, and where it is."""
    arrays = {"train_dropped": [0.5, 0.5], "eval_dropped": [0, 0], "train_mean": [1, 1], "eval_mean": [1, 1]}
    answer = CaseAnswer(arrays={key: np.array(value, float) for key, value in {**arrays, **change}.items()})
    inputs = checks.regularized_inputs(np.random.default_rng(6), 3, 5, 0.5)
    found = networks.regularized_problems(answer, inputs)
    names = networks.REGULARIZED[3:]
    if criterion is None:
        assert [found[name] for name in names] == [[], []]
    else:
        assert said in found[names[criterion]][0]


def test_layer_that_is_missing_is_named():
    """A plain list of layers gets its own hint."""
    inputs = checks.conv_net_inputs(np.random.default_rng(7), 3, 5, 0)
    said = "a convolution with weights of shape (3, 1, 5, 5); it has none"
    found = networks.conv_net_problems(CaseAnswer(arrays={"missing": pack_text(said)}), inputs)
    assert "super().__init__()" in found["layers"][0]
    assert found["scores"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "not written yet: convolved is None"),
        ({"convolved": [[0, 1], [0, 6]], "pooled": 6}, "turned the kernel"),
        ({"convolved": [[8, 20], [14, 24]], "pooled": 24}, r"convolved\[1, 1\] is not 24: .* rows 1 to 3"),
        ({"convolved": [[8, 20], [14, 25]], "pooled": 20}, "pooled is not 20"),
        ({"convolved": [[8, 20], [14, 25]]}, "pooled is None: fill it in as well"),
        ({"convolved": "8 20", "pooled": 25}, "convolved is '8 20', wanted rows of numbers"),
        ({"convolved": np.ones((3, 3)), "pooled": 25}, "How often does a 3x3 kernel fit"),
    ],
)
def test_slips_by_hand_are_told(answer, said):
    """What is wrong is named, and the right number is not given away."""
    with pytest.raises(CheckFailed, match=said) as caught:
        objects.by_hand(**answer)
    assert "25" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["not valid", "Not valid.", " invalid", "not possible: 4.5", "it is not valid", "NOT VALID"]
)
def test_fourth_size_may_be_called_not_valid(text):
    """In a few words; for a size that fits they are wrong, and other words are no answer."""
    assert objects.size_problems("size_4", text) == []
    assert "it is valid" in objects.size_problems("size_1", text)[0]
    assert "wanted a tuple" in objects.size_problems("size_4", "(7, 4, 8)")[0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("size_1", None, "size_1 is None: fill it in as well"),
        ("size_1", (24, 24, 16), "The channels come first"),
        ("size_2", (2, 30, 30), "those of the input are added up"),
        ("size_3", (3, 31, 31), "more than one pixel"),
        ("size_4", (7, 4.5, 8.5), "Only whole windows count"),
        ("size_5", (112, 255, 255), "padding is on both sides"),
        ("size_1", (16, 23, 23), "One too few"),
        ("size_1", 24, "wanted a tuple"),
    ],
)
def test_wrong_sizes_get_a_hint(name, value, said):
    """The hint says what the numbers may come from."""
    assert said in objects.size_problems(name, value)[0]


def test_sizes_that_nobody_wrote_are_told():
    """The cell as released is called not written; one that is left out is named."""
    with pytest.raises(CheckFailed, match="not written yet: all five are None"):
        objects.output_sizes(**dict.fromkeys(objects.SIZES))
    with pytest.raises(CheckFailed, match="size_5 is None: fill it in as well"):
        objects.output_sizes(size_1=(16, 24, 24))


def test_texts_of_the_notebook_reach_the_grader(tmp_path):
    """A short text travels as bytes, a long one is cut, and nothing is pickled."""
    export_values("sizes", {"a": "not valid", "b": (1, 2), "c": None, "d": "x" * 999}, str(tmp_path))
    with np.load(tmp_path / "sizes.npz", allow_pickle=False) as archive:
        answer = CaseAnswer(arrays={key: archive[key] for key in archive.files})
    assert sorted(answer.arrays) == ["a", "b", "d"]
    assert answer.text("a") == "not valid"
    assert len(answer.text("d")) == MAX_TEXT
