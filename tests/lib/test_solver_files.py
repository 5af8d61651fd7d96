"""solve_or_load: trains once, loads what fits, never trains for a grader."""

from __future__ import annotations

import numpy as np
import pytest

from lib.convnet.classifiers import cnn
from lib.errors import ModelFileError
from lib.model_file import load_model, read_model, save_model
from lib.solve_or_load import solve_or_load
from tests.lib.small_solver import Linear, PressesAt, classes


@pytest.fixture(autouse=True)
def _no_grading(monkeypatch):
    for name in ("GRADLAB_LOAD_ONLY", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)


def train_or_load_linear(path, seed=0, model=None, **changes):
    np.random.seed(seed)
    settings = {"batch_size": 10, "num_epochs": 3, "verbose": False, "optim_config": {"learning_rate": 0.5}}
    model = Linear() if model is None else model
    return model, solve_or_load(path, model, classes(), provenance="a test", **(settings | changes))


def test_a_second_run_loads_what_the_first_one_trained(tmp_path, capsys):
    path = tmp_path / "model.npz"
    first, trained = train_or_load_linear(path)
    assert "trained and saved, 3 epochs" in capsys.readouterr().out
    second, loaded = train_or_load_linear(path, seed=5)
    said = capsys.readouterr().out
    assert "loaded, not trained again" in said
    assert "3 epochs" in said  # the accuracy before the first iteration is not one of them
    assert (loaded.epoch, loaded.iteration) == (trained.epoch, trained.iteration) == (3, 15)
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


@pytest.mark.parametrize("name", ["GRADLAB_LOAD_ONLY", "NBGRADER_EXECUTION"])
def test_grading_needs_no_folder_for_checkpoints(tmp_path, monkeypatch, name):
    """What only training needs must not be missed where nothing is trained."""
    path = tmp_path / "model.npz"
    train_or_load_linear(path)
    monkeypatch.setenv(name, "1")
    monkeypatch.setattr("lib.solver.Solver.train", lambda _: pytest.fail("trained while being graded"))
    train_or_load_linear(path, checkpoint_name=tmp_path / "nowhere" / "run", retrain=True)


@pytest.mark.parametrize(
    "changes", [{"lr_decay": 1.0}, {"update_rule": "sgd"}, {"num_val_samples": None}, {"print_every": 3}]
)
def test_a_default_spelled_out_and_what_is_only_shown_are_no_other_settings(tmp_path, capsys, changes):
    train_or_load_linear(tmp_path / "model.npz")
    capsys.readouterr()
    train_or_load_linear(tmp_path / "model.npz", **changes, checkpoint_name=tmp_path / "run")
    assert "loaded, not trained again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 20}, "batch_size: 10 -> 20"),
        ({"update_rule": "adam"}, "update_rule: sgd -> adam"),
        ({"optim_config": {"learning_rate": 0.1}}, "optim_config learning_rate: 0.5 -> 0.1"),
        ({"model": Linear(reg=0.1)}, "network reg: 0.0 -> 0.1"),
        ({"model": Linear(scale=0.1)}, "network scale: 0.01 -> 0.1"),
    ],
)
def test_other_settings_train_anew_and_say_which(tmp_path, capsys, changes, said):
    path = tmp_path / "model.npz"
    train_or_load_linear(path)
    old = path.read_bytes()
    capsys.readouterr()
    train_or_load_linear(path, **changes)
    out = capsys.readouterr().out
    assert f"it was trained with other settings ({said})" in out
    assert "trained and saved" in out
    assert (tmp_path / "model.previous.npz").read_bytes() == old


def test_other_images_train_anew(tmp_path, capsys):
    """The name of the data set stays the same when only a part of it is taken."""
    train_or_load_linear(tmp_path / "model.npz")
    np.random.seed(0)
    settings = {"batch_size": 10, "num_epochs": 3, "verbose": False, "optim_config": {"learning_rate": 0.5}}
    solve_or_load(tmp_path / "model.npz", Linear(), classes(80), provenance="a test", **settings)
    assert "(images training: 50 -> 70)" in capsys.readouterr().out


def test_training_again_may_be_asked_for(tmp_path, capsys):
    train_or_load_linear(tmp_path / "model.npz")
    train_or_load_linear(tmp_path / "model.npz", retrain=True)
    assert "training again was asked for" in capsys.readouterr().out


def test_a_stopped_training_is_saved_but_not_taken_for_a_finished_one(tmp_path, capsys):
    path = tmp_path / "model.npz"
    _, stopped = train_or_load_linear(path, model=PressesAt(8))
    assert "trained, not to the end, and saved, 1 epoch, best" in capsys.readouterr().out
    saved = read_model(path)
    assert saved.meta["settings"]["finished"] is False
    np.testing.assert_array_equal(saved.params["W"], stopped.best_params["W"])
    train_or_load_linear(path, model=PressesAt())
    assert "it holds a training that was stopped early" in capsys.readouterr().out
    earlier = path.read_bytes()
    train_or_load_linear(path, model=PressesAt(2), num_epochs=5)
    assert "the file is still the network of before" in capsys.readouterr().out
    assert path.read_bytes() == earlier


def test_a_network_of_another_shape_is_refused_while_graded(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    train_or_load_linear(path)
    monkeypatch.setenv("GRADLAB_LOAD_ONLY", "1")
    other = Linear()
    other.params["W"] = np.zeros((4, 5))
    with pytest.raises(ModelFileError, match=r"'W' is \(4, 3\) there and \(4, 5\) here"):
        train_or_load_linear(path, model=other)


def test_a_model_without_settings_and_penalty_will_do(tmp_path, capsys):
    model = Linear()
    del model.reg, model.settings
    train_or_load_linear(tmp_path / "model.npz", model=model)
    assert "trained and saved" in capsys.readouterr().out


def test_the_file_says_how_to_build_the_network_again(tmp_path):
    """Class and arguments stand in it, so that a grader can score the network by itself."""
    sizes = {"input_dim": (2, 6, 4), "num_filters": 3, "filter_size": 3, "hidden_dim": 5, "num_classes": 4}
    model = cnn.ThreeLayerConvNet(**sizes, weight_scale=0.1)
    save_model(tmp_path / "model.npz", model, ([1.0], [0.1], [0.2]))
    said = read_model(tmp_path / "model.npz").meta["model"]
    again = getattr(cnn, said["class"])(**said["arguments"])
    load_model(tmp_path / "model.npz", again)
    X = np.random.default_rng(0).standard_normal((3, 2, 6, 4))
    np.testing.assert_array_equal(again.loss(X), model.loss(X))


def test_a_loaded_network_keeps_its_own_precision(tmp_path):
    """A file of float64 must not make a float32 network slow, nor the other way round blunt."""
    model = Linear()
    save_model(tmp_path / "model.npz", model, ([1.0], [0.1], [0.2]))
    single = Linear()
    single.params["W"] = single.params["W"].astype(np.float32)
    load_model(tmp_path / "model.npz", single)
    assert single.params["W"].dtype == np.float32
    np.testing.assert_allclose(single.params["W"], model.params["W"], rtol=1e-6)
