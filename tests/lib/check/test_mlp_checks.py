"""The checks of fully connected networks: the reference passes each, and a usual mistake is called by its name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from gradlab.variants import fill
from lib import ops
from lib.check.errors import CheckFailed
from lib.check.mlp import cases, formulas, objects
from lib.check.mlp.checks import CHECKS
from lib.check.mlp.probes_train import train_net as watched
from lib.check.mlp.train_loop import draw_best_case, draw_case, train_problems
from lib.check.run import run_check

PROJECT = Path(__file__).resolve().parents[3]
FILES = ("layer_utils", "losses", "fully_conn", "sequential", "train")


def make_root(folder: Path, **bodies: str) -> Path:
    """Copy lib and put other bodies into its regions."""
    skip = shutil.ignore_patterns("__pycache__", "convnet", "cnn", "intro", "report", "datasets")
    shutil.copytree(PROJECT / "lib", folder / "lib", ignore=skip)
    replaced = {name.replace("_", "-"): body for name, body in bodies.items()}
    for name in [*(f"lib/mlp/{file}.py" for file in FILES), "lib/optim.py"]:
        text = (PROJECT / name).read_text(encoding="utf-8")
        (folder / name).write_text(fill(text, replaced, name), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", CHECKS)
def test_reference_passes(name, capsys):
    """Every published case is met, and each says so in a line."""
    run_check(name, CHECKS[name])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("passed")
    assert len(lines) == 1 + len(CHECKS[name].cases())
    assert "Your code printed" not in "\n".join(lines)


MISTAKES = [
    ("fc_forward", {"fc_forward": "output = feat @ self.params[self.w_name]"}, "the bias is left out"),
    (
        "fc_backward",
        {
            "fc_backward": "dfeat = dprev @ self.params[self.w_name].T\n"
            "self.grads = {self.w_name: feat.T @ dprev, self.b_name: dprev}"
        },
        "db has shape .* when the sum over the samples is left out",
    ),
    ("leaky_relu_forward", {"leaky_relu_forward": "output = np.maximum(feat, 0)"}, "that is ReLU"),
    ("gelu_backward", {"gelu_backward": "dfeat = dprev * (1 + self.tanh) / 2"}, "by the product rule"),
    (
        "dropout_forward",
        {"dropout_forward": "kept = self.rng.rand(*feat.shape) < self.keep_prob\noutput = feat * kept"},
        "the kept entries are not scaled",
    ),
    (
        "dropout_backward",
        {
            "dropout_backward": "dfeat = dprev * (self.rng.rand(*dprev.shape) < self.keep_prob) / self.keep_prob"
        },
        "Use the mask of the forward pass again",
    ),
    (
        "cross_entropy_forward",
        {"softmax": "scores = np.exp(feat) / np.exp(feat).sum(axis=1, keepdims=True)"},
        "Subtract the largest score of each row",
    ),
    (
        "cross_entropy_backward",
        {"cross_entropy_backward": "dlogit = logit - np.eye(logit.shape[1])[label]"},
        "not divided by the number of samples",
    ),
    (
        "small_net",
        {"small_fc_net": "self.net = sequential(fc(4, 30, name='a'), gelu(), fc(30, 7, name='b'))"},
        "give the layer init_scale=0.02",
    ),
    (
        "sgd",
        {
            "sgd_update": "for n, g in layer.grads.items():\n"
            "    layer.params[n] = layer.params[n] - self.lr * (g + self.weight_decay * layer.params[n])"
        },
        "weight decay is multiplied by lr. Here it is not",
    ),
    (
        "l2",
        {
            "sequential_l2": "for layer in self.layers:\n    for n in layer.grads:\n"
            "        layer.grads[n] = layer.grads[n] + lam * layer.params[n]"
        },
        "the factor 2 is left out",
    ),
    (
        "train_net",
        {
            "train_best": "if val_acc > best_val_acc:\n    best_val_acc, opt_params = val_acc, dict(model.net.params)"
        },
        "shares its arrays with the network",
    ),
]


@pytest.mark.parametrize(("name", "bodies", "message"), MISTAKES, ids=[name for name, *_ in MISTAKES])
def test_usual_mistake_is_called_by_its_name(name, bodies, message, tmp_path):
    """A student reads what is wrong, not only that something is."""
    with pytest.raises(CheckFailed, match=message):
        run_check(name, CHECKS[name], root=make_root(tmp_path, **bodies))


def test_region_that_is_not_written_is_named(tmp_path):
    """The message names the region, the file and the method."""
    body = 'raise NotImplementedError("train-best is not written yet: lib/mlp/train.py, train_net")'
    with pytest.raises(CheckFailed, match=r"not written yet: train-best in lib/mlp/train.py \(train_net\)"):
        run_check("train_net", CHECKS["train_net"], root=make_root(tmp_path, train_best=body))


def test_formulas_agree_with_the_kernels():
    """The expectations come from another place than the fast kernels, and are the same numbers."""
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    y = np.array([0, 2, 1, 1, 0])
    np.testing.assert_allclose(formulas.dense(x, w, b), ops.dense_forward(x, w, b)[0], rtol=1e-12)
    loss, cache = ops.softmax_cross_entropy_forward(x, y)
    np.testing.assert_allclose(formulas.loss(x, y), loss, rtol=1e-12)
    np.testing.assert_allclose(
        formulas.loss_gradient(x, y), ops.softmax_cross_entropy_backward(1.0, cache), rtol=1e-9
    )


@pytest.mark.parametrize("seed", range(4))
def test_best_epoch_of_a_drawn_training_is_in_the_middle(seed):
    """Neither keeping the last nor keeping the first, nor looking at training accuracy, gives the right answer."""
    case = draw_best_case(np.random.default_rng(seed))
    found = watched(case)
    best = int(found["val_acc"].argmax())
    assert 0 < best < int(case["epochs"]) - 1
    assert found["train_acc"][best] < found["train_acc"].max()
    np.testing.assert_array_equal(found["best.fc_w"], found["path.fc_w"][best + 1])


def test_watched_training_is_not_told_apart_by_its_progress_bar(capsys):
    """What the bar writes is not shown as the student's print."""
    watched(draw_case(np.random.default_rng(0)))
    assert capsys.readouterr().out == ""


def test_a_training_that_stops_after_one_batch_is_told():
    """An answer of the wrong length is described, not compared."""
    from lib.check.job import CaseAnswer

    case = draw_case(np.random.default_rng(0))
    found = watched(case)
    short = {key: value[:2] if key.startswith("path") else value for key, value in found.items()}
    problems = train_problems(CaseAnswer(arrays={k: np.asarray(v) for k, v in short.items()}), case)
    assert "once for each batch" in problems["step"][0]
    assert problems["best"] == ["not looked at: the steps come first."]


def test_published_numbers_are_those_of_the_formulas():
    """The tables of the original course and our formulas agree to their eight digits."""
    small = cases.published_small_net()
    scores = formulas.chain(
        small["x"], [("fc", small["w1"], small["b1"]), ("gelu",), ("fc", small["w2"], small["b2"])]
    )
    assert formulas.loss(scores, small["y"]) == pytest.approx(2.4248995879903195, abs=1e-12)
    case = cases.published_rule("adam")
    settings = {key: case[key].item() for key in ("lr", "beta1", "beta2", "eps", "t")}
    path = formulas.adam(case["w1"], case["dw1"], mt=case["mt.w1"], vt=case["vt.w1"], **settings)
    np.testing.assert_allclose(path["w"][0, 0, 0], -0.40094747, atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "not written yet: reg_lambda is None"),
        ({"reg_lambda": 0.01, "added": 2.0}, "takes 0.0002 [*] p, weight decay takes 0.0001 [*] p"),
        ({"reg_lambda": 0.005, "added": 3.0}, "exercise l2 comes first"),
    ],
)
def test_lambda_that_does_not_fit_is_explained(arguments, message):
    """The sentence compares what one step takes away."""
    with pytest.raises(CheckFailed, match=message):
        objects.l2_lambda(**arguments)


def test_activation_functions_are_checked_one_by_one(capsys):
    """The first that is missing or wrong is named; the exact form of GELU is right as well."""
    with pytest.raises(CheckFailed, match="not written yet: sigmoid is None"):
        objects.activations()
    right = {name: objects.activation_values(name) for name in objects.ACTIVATIONS}
    with pytest.raises(CheckFailed, match="tanh returns x itself"):
        objects.activations(**(right | {"tanh": objects.POINTS}))
    objects.activations(**right)
    assert "7 functions" in capsys.readouterr().out
