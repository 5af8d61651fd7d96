"""The Solver: what it learns, remembers, continues and refuses, on a network of one matrix."""

from __future__ import annotations

import numpy as np
import pytest

from lib import optim
from lib.errors import ConfigError, ModelFileError, ShapeError
from lib.solve_or_load import solve_or_load
from lib.solver import Solver
from lib.update_rules import adam, rmsprop, sgd, sgd_momentum


class Linear:
    """Scores = X @ W; softmax cross entropy."""

    def __init__(self, scale=0.01, reg=0.0, seed=0):
        self.params = {"W": scale * np.random.default_rng(seed).standard_normal((4, 3))}
        self.reg = reg
        self.settings = {"scale": scale}

    def loss(self, X, y=None):
        scores = X @ self.params["W"]
        if y is None:
            return scores
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        return loss, {"W": X.T @ p / len(y)}


def classes(n=60):
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, n)
    X = rng.standard_normal((n, 4)) + 2 * np.eye(3, 4)[y]
    return {"X_train": X[10:], "y_train": y[10:], "X_val": X[:10], "y_val": y[:10], "mean_image": np.zeros(4)}


def solver(model=None, **changes):
    settings = {"batch_size": 10, "num_epochs": 4, "verbose": False, "optim_config": {"learning_rate": 0.5}}
    return Solver(model or Linear(), classes(), **(settings | changes))


def test_it_learns_and_keeps_what_was_best():
    np.random.seed(0)
    s = solver(num_epochs=6)
    s.train()
    assert len(s.loss_history) == 6 * 5
    assert len(s.train_acc_history) == len(s.val_acc_history) == 7  # once before the first iteration
    assert s.best_val_acc == max(s.val_acc_history) > 0.6
    assert s.loss_history[-1] < s.loss_history[0]
    assert s.check_accuracy(s.X_val, s.y_val) == s.best_val_acc  # the model holds the best parameters


def test_best_parameters_are_copies():
    s = solver()
    s.train()
    before = s.best_params["W"].copy()
    s.model.params["W"] += 1
    np.testing.assert_array_equal(s.best_params["W"], before)


def test_the_learning_rate_decays_once_an_epoch_for_each_array():
    s = solver(lr_decay=0.5, num_epochs=3)
    s.train()
    assert s.optim_configs["W"]["learning_rate"] == 0.5 * 0.5**3
    assert s.optim_config == {"learning_rate": 0.5}


def test_the_same_seed_gives_the_same_training():
    histories = []
    for _ in range(2):
        np.random.seed(7)
        s = solver()
        s.train()
        histories.append(s.loss_history)
    assert histories[0] == histories[1]


@pytest.mark.parametrize("rule", ["sgd_momentum", "adam"])
def test_a_checkpoint_goes_on_to_the_same_end(tmp_path, rule):
    np.random.seed(1)
    whole = solver(update_rule=rule, num_epochs=4, checkpoint_name=str(tmp_path / "run"))
    whole.train()
    np.random.seed(99)
    again = solver(update_rule=rule, num_epochs=4)
    again.load_checkpoint(tmp_path / "run_epoch_2.npz")
    again.train()
    assert again.loss_history == whole.loss_history
    assert again.val_acc_history == whole.val_acc_history
    np.testing.assert_array_equal(again.model.params["W"], whole.model.params["W"])


def test_a_damaged_checkpoint_or_one_of_another_network_is_refused(tmp_path):
    s = solver(checkpoint_name=str(tmp_path / "run"), num_epochs=1)
    s.train()
    other = Linear()
    other.params["W"] = np.zeros((4, 5))
    with pytest.raises(ShapeError, match="of another network"):
        solver(other).load_checkpoint(tmp_path / "run_epoch_1.npz")
    (tmp_path / "run_epoch_1.npz").write_bytes(b"no archive")
    with pytest.raises(ModelFileError, match="cannot be read"):
        solver().load_checkpoint(tmp_path / "run_epoch_1.npz")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"learning_rate": 1}, "'learning_rate' is not known"),
        ({"update_rule": "adamw"}, "update_rule='adamw' is not known. Use one of sgd"),
        ({"batch_size": 0}, "batch_size=0 is not a whole number"),
        ({"lr_decay": 1.5}, r"lr_decay=1.5 is outside \(0, 1\]"),
    ],
)
def test_wrong_settings_are_named(changes, said):
    with pytest.raises(ConfigError, match=said):
        solver(**changes)
    with pytest.raises(ValueError, match=said):
        solver(**changes)


def test_wrong_data_and_gradients_are_named():
    data = classes()
    with pytest.raises(ConfigError, match="data has no 'y_val'"):
        Solver(Linear(), {k: v for k, v in data.items() if k != "y_val"})
    with pytest.raises(ConfigError, match=r"'y_train' has shape \(49,\), wanted \(50,\)"):
        Solver(Linear(), data | {"y_train": data["y_train"][:-1]})
    model = Linear()
    model.loss = lambda X, y=None: np.zeros((len(X), 3)) if y is None else (1.0, {"W": np.zeros((4, 2))})
    with pytest.raises(ShapeError, match=r"loss gave \(4, 2\) for 'W', wanted an array of shape \(4, 3\)"):
        solver(model).train()
    model.loss = lambda X, y=None: np.zeros((len(X), 3)) if y is None else (np.nan, {})
    with pytest.raises(
        ConfigError, match="the loss is nan in iteration 1. Try a smaller learning rate than 0.5"
    ):
        solver(model).train()


def test_update_rules_compute_their_formulas():
    w, dw = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    assert optim.adam is adam
    np.testing.assert_allclose(sgd(w, dw, {"learning_rate": 0.1})[0], w - 0.1 * dw)
    moved, config = sgd_momentum(w, dw, {"learning_rate": 0.1, "velocity": np.ones(2)})
    np.testing.assert_allclose(moved, w + 0.9 - 0.1 * dw)
    np.testing.assert_allclose(config["velocity"], 0.9 - 0.1 * dw)
    moved, config = rmsprop(w, dw, {"learning_rate": 0.1, "cache": np.ones(2)})
    cache = 0.99 + 0.01 * dw**2
    np.testing.assert_allclose(moved, w - 0.1 * dw / (np.sqrt(cache) + 1e-8))
    moved, config = adam(w, dw)
    np.testing.assert_allclose(moved, w - 1e-3 * np.sign(dw), rtol=1e-6)  # the first step has size 1
    moved, config = adam(moved, dw, config)
    assert config["t"] == 2
    for rule in (sgd, sgd_momentum, rmsprop, adam):
        assert rule(w.astype(np.float32), dw)[0].dtype == np.float32
    np.testing.assert_array_equal(w, [1.0, -2.0])


def train_or_load_linear(path, seed=0, **changes):
    np.random.seed(seed)
    settings = {"batch_size": 10, "num_epochs": 3, "verbose": False, "optim_config": {"learning_rate": 0.5}}
    model = Linear()
    return model, solve_or_load(path, model, classes(), provenance="a test", **(settings | changes))


def test_a_second_run_loads_what_the_first_one_trained(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("GRADLAB_LOAD_ONLY", raising=False)
    path = tmp_path / "model.npz"
    first, trained = train_or_load_linear(path)
    assert "trained and saved, 3 epochs" in capsys.readouterr().out
    second, loaded = train_or_load_linear(path, seed=5)
    assert "loaded, not trained again" in capsys.readouterr().out
    np.testing.assert_array_equal(first.params["W"], second.params["W"])
    assert loaded.val_acc_history == trained.val_acc_history
    assert loaded.best_val_acc == trained.best_val_acc
    train_or_load_linear(path, num_epochs=2)
    said = capsys.readouterr().out
    assert "num_epochs: 3 -> 2" in said
    assert (tmp_path / "model.previous.npz").is_file()


def test_grading_loads_and_never_trains(tmp_path, capsys, monkeypatch):
    path = tmp_path / "model.npz"
    monkeypatch.setenv("GRADLAB_LOAD_ONLY", "1")
    with pytest.raises(ModelFileError, match="neither the report nor grading trains"):
        train_or_load_linear(path)
    monkeypatch.delenv("GRADLAB_LOAD_ONLY")
    train_or_load_linear(path)
    monkeypatch.setenv("GRADLAB_LOAD_ONLY", "1")
    train_or_load_linear(path, num_epochs=9)
    assert "trained with other settings than the notebook has (num_epochs: 3 -> 9)" in capsys.readouterr().out
