"""Train once, load ever after; never train while being graded."""

import numpy as np
import pytest

from lib.errors import ModelFileError
from lib.mlp.layer_utils import cross_entropy
from lib.mlp.train import compute_acc
from lib.mlp.train_or_load import train_or_load
from lib.model_file import read_model
from lib.optim import SGD
from tests.lib.mlp.small_training import adam, data, network, printed
from tests.lib.mlp.test_checkpoint import PressesAt


@pytest.fixture(autouse=True)
def outside_grading(monkeypatch, tmp_path):
    """Run in an empty folder, as a student does."""
    for name in ("NBGRADER_EXECUTION", "GRADLAB_LOAD_ONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def run(*, epochs=2, make=adam, model=None, loss_func=None, **options):
    """Run the training cell with fresh objects; return (results, model)."""
    model = model or network()
    loss_func = loss_func or cross_entropy()
    options = {"provenance": "SVHN sample", "lr_decay": 0.5, "lr_decay_every": 1} | options
    return train_or_load("model.npz", data(), model, loss_func, make(model), 20, epochs, **options), model


def no_training(*_, **__):
    """Stand in for train_net where nothing may be trained."""
    pytest.fail("trained")


def test_first_run_trains_and_saves(capsys):
    """The model holds the best parameters, the file what was handed over."""
    results, model = run(mean_image=np.full((1, 4), 0.5))
    assert printed(capsys) == [
        f"model.npz: trained and saved, 2 epochs, best validation accuracy {max(results[3]):.3f}, "
        "data: SVHN sample."
    ]
    assert compute_acc(model, *data()["data_val"]) == max(results[3])
    saved = read_model("model.npz")
    np.testing.assert_array_equal(saved.mean_image, np.full((1, 4), 0.5))
    assert saved.meta["provenance"] == "SVHN sample"
    assert saved.history == tuple(results[1:])


def test_second_run_loads(monkeypatch, capsys):
    """The same results, without training; the line says when and what."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (best, *histories), _ = run()
    capsys.readouterr()
    monkeypatch.setattr("lib.mlp.train_or_load.train_net", no_training)
    (again, *same), model = run(model=network(seed=99))
    assert same == histories
    for name, value in best.items():
        np.testing.assert_array_equal(again[name], value)
        np.testing.assert_array_equal(model.net.params[name], value)
    assert printed(capsys) == [
        "model.npz: loaded, not trained again; saved 2023-11-14 22:13:20 UTC, 2 epochs, "
        f"best validation accuracy {max(histories[2]):.3f}, data: SVHN sample."
    ]


def test_same_objects_may_be_used_again(monkeypatch):
    """Training lowers the learning rate; it is put back, so that the cell can be run again in one kernel."""
    model = network()
    optimizer = adam(model)
    run(model=model, make=lambda _: optimizer)
    assert optimizer.lr == 1e-2
    monkeypatch.setattr("lib.mlp.train_or_load.train_net", no_training)
    run(model=model, make=lambda _: optimizer)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"epochs": 3}, "max_epochs: 2 -> 3"),
        ({"make": lambda model: adam(model, lr=0.02)}, "optimizer lr: 0.01 -> 0.02"),
        ({"make": lambda model: SGD(model.net, 0.01)}, "optimizer type: Adam -> SGD"),
        ({"provenance": "SVHN"}, "provenance: SVHN sample -> SVHN"),
        ({"lr_decay": 0.9}, "lr_decay: 0.5 -> 0.9"),
        ({"model": network(hidden=9)}, "network: other layers"),
    ],
    ids=["epochs", "rate", "rule", "data", "decay", "layers"],
)
def test_other_settings_train_again_and_keep_the_old_file(capsys, tmp_path, changes, match):
    """The line names the difference, and the file of before is still there."""
    run()
    old = (tmp_path / "model.npz").read_bytes()
    capsys.readouterr()
    run(**changes)
    said = capsys.readouterr().out
    assert f"model.npz: it was trained with other settings ({match}" in said
    assert "the old file will be kept as model.previous.npz" in said
    assert (tmp_path / "model.previous.npz").read_bytes() == old
    assert (tmp_path / "model.npz").read_bytes() != old


def test_retrain_trains_although_the_file_fits(capsys, tmp_path):
    """After a change in a layer, which the file cannot know."""
    run()
    run(retrain=True)
    assert "model.npz: training again was asked for. Training" in capsys.readouterr().out
    assert (tmp_path / "model.previous.npz").exists()


def test_damaged_file_is_kept_and_replaced(capsys, tmp_path):
    """A student whose disk was full must not be stuck."""
    (tmp_path / "model.npz").write_bytes(b"rubbish")
    run()
    assert "the file cannot be used (model.npz cannot be read" in capsys.readouterr().out
    assert (tmp_path / "model.previous.npz").read_bytes() == b"rubbish"


def test_interrupted_training_is_saved_and_gone_on_with(capsys, tmp_path):
    """What was reached can be handed in; the next run goes on from the checkpoint and removes it."""
    undisturbed, _ = run(epochs=4)
    (tmp_path / "model.npz").unlink()
    run(epochs=4, loss_func=PressesAt(5), checkpoint="checkpoint.npz")
    assert read_model("model.npz").meta["settings"]["finished"] is False
    results, _ = run(epochs=4, model=network(seed=99), checkpoint="checkpoint.npz")
    said = capsys.readouterr().out
    assert "trained, not to the end, and saved, 1 epoch," in said
    assert "it holds a training that was stopped early" in said
    assert "checkpoint.npz: going on after 1 of 4 epochs" in said
    assert results[1:] == undisturbed[1:]
    assert not (tmp_path / "checkpoint.npz").exists()


def test_retrain_sets_an_old_checkpoint_aside(tmp_path):
    """It would bring back what the retraining is to get rid of."""
    run(epochs=4, loss_func=PressesAt(5), checkpoint="checkpoint.npz")
    results, _ = run(epochs=4, checkpoint="checkpoint.npz", retrain=True)
    assert len(results[1]) == 12
    assert (tmp_path / "checkpoint.previous.npz").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("NBGRADER_EXECUTION", "autograde"), ("NBGRADER_EXECUTION", "validate"), ("GRADLAB_LOAD_ONLY", "1")],
)
def test_grading_and_report_refuse_to_train(monkeypatch, name, value):
    """A missing file costs the points of the training, not an hour of the grader."""
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("lib.mlp.train_or_load.train_net", no_training)
    with pytest.raises(
        ModelFileError, match=r"model.npz is missing, and neither the report nor grading trains"
    ):
        run(retrain=True)


def test_grading_loads_whatever_the_settings_say(monkeypatch, capsys):
    """The file counts; that the notebook says otherwise is printed."""
    (_, *histories), _ = run()
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setattr("lib.mlp.train_or_load.train_net", no_training)
    capsys.readouterr()
    (_, *same), _ = run(epochs=7)
    assert same == histories
    said = capsys.readouterr().out
    assert "model.npz: trained with other settings than the notebook has (max_epochs: 2 -> 7)" in said


def test_grading_refuses_another_network(monkeypatch):
    """With the names of what differs."""
    run()
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(ModelFileError, match=r"'fc1_w' is \(4, 8\) there and \(4, 5\) here"):
        run(model=network(hidden=5))


def test_training_stopped_at_once_leaves_the_earlier_network(capsys, tmp_path):
    """Who changes a setting, starts and thinks better of it has not lost an hour of training."""
    run()
    earlier = (tmp_path / "model.npz").read_bytes()
    run(epochs=4, loss_func=PressesAt(1))
    assert "stopped before the first epoch ended" in capsys.readouterr().out
    assert (tmp_path / "model.npz").read_bytes() == earlier


def test_a_stopped_training_never_takes_the_place_of_a_finished_one(tmp_path):
    """Of the files set aside the finished one is worth more than the stopped one."""
    run()
    earlier = (tmp_path / "model.npz").read_bytes()
    run(epochs=4, loss_func=PressesAt(5))
    assert (tmp_path / "model.previous.npz").read_bytes() == earlier
    run(epochs=3)
    assert (tmp_path / "model.previous.npz").read_bytes() == earlier
