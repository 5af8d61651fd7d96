"""The Solver: what it learns, remembers, continues and refuses, on a network of one matrix."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from lib.errors import ConfigError, ModelFileError, ShapeError
from lib.solver import Solver
from tests.lib.small_solver import Linear, PressesAt, classes, solver


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
    with pytest.raises(ModelFileError, match=r"'W' is \(4, 3\) there and \(4, 5\) here"):
        solver(other).load_checkpoint(tmp_path / "run_epoch_1.npz")
    fresh = solver(update_rule="adam")
    before = fresh.model.params["W"].copy()
    with pytest.raises(ModelFileError, match="its update rule is sgd, not adam"):
        fresh.load_checkpoint(tmp_path / "run_epoch_1.npz")
    np.testing.assert_array_equal(fresh.model.params["W"], before)
    np.savez(tmp_path / "other.npz", W=np.zeros(3))
    with pytest.raises(ModelFileError, match="is not a checkpoint of a Solver"):
        solver().load_checkpoint(tmp_path / "other.npz")
    (tmp_path / "run_epoch_1.npz").write_bytes(b"no archive")
    with pytest.raises(ModelFileError, match="cannot be read"):
        solver().load_checkpoint(tmp_path / "run_epoch_1.npz")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"learning_rate": 1}, "'learning_rate' is not known"),
        ({"update_rule": "adamw"}, "update_rule='adamw' is not known. Use one of sgd"),
        ({"batch_size": 0}, "batch_size=0 is not a whole number"),
        ({"batch_size": 2.5}, "batch_size=2.5 is not a whole number"),
        ({"num_epochs": True}, "num_epochs=True is not a whole number"),
        ({"num_train_samples": 0}, "num_train_samples=0 is not a whole number"),
        ({"num_val_samples": "all"}, "num_val_samples='all' is not a whole number"),
        ({"lr_decay": 1.5}, r"lr_decay=1.5 is outside \(0, 1\]"),
        ({"lr_decay": "no"}, r"lr_decay='no' is outside \(0, 1\]"),
        ({"optim_config": [1e-3]}, "optim_config is a list, wanted a dictionary"),
        ({"optim_config": {"learning_rate": -1}}, "learning_rate=-1 is not a number of at least 0"),
    ],
)
def test_wrong_settings_are_named(changes, said):
    with pytest.raises(ConfigError, match=said):
        solver(**changes)
    with pytest.raises(ValueError, match=said):
        solver(**changes)


def test_names_that_the_rule_does_not_know_are_refused():
    """Otherwise {"lr": 1e-3} would train with a rate that nobody chose."""
    with pytest.raises(ConfigError, match=r"sgd: 'lr' is not known. Use learning_rate"):
        solver(optim_config={"lr": 0.5}).train()


def test_a_folder_that_is_not_there_is_said_before_the_first_epoch(tmp_path):
    s = solver(checkpoint_name=tmp_path / "nowhere" / "run")
    with pytest.raises(ConfigError, match="there is no folder"):
        s.train()
    assert s.iteration == 0


def test_wrong_models_are_named():
    with pytest.raises(ConfigError, match="model is a NoneType, wanted an object with a dictionary params"):
        Solver(None, classes())
    model = Linear()
    model.loss = lambda X, y=None: None
    with pytest.raises(ShapeError, match=r"model.loss\(X\) gave a NoneType, wanted scores of shape"):
        solver(model).train()
    scores = np.zeros((50, 3))
    for answer, said in (
        (1.0, r"model.loss\(X, y\) gave a float, wanted the loss and a dictionary"),
        ((None, {}), "the loss is a NoneType in iteration 1, wanted one number"),
        ((np.zeros(2), {}), r"the loss is a ndarray of shape \(2,\)"),
    ):
        model.loss = lambda X, y=None, answer=answer: scores[: len(X)] if y is None else answer
        with pytest.raises(ConfigError, match=said):
            solver(model).train()


def test_wrong_data_and_gradients_are_named():
    data = classes()
    with pytest.raises(ConfigError, match="data is a list, wanted a dictionary"):
        Solver(Linear(), [data])
    with pytest.raises(ConfigError, match="'y_train' has dtype float64, wanted integers"):
        Solver(Linear(), data | {"y_train": data["y_train"].astype(float)})
    with pytest.raises(ConfigError, match="data has no 'y_val'"):
        Solver(Linear(), {k: v for k, v in data.items() if k != "y_val"})
    with pytest.raises(ConfigError, match=r"'y_train' has shape \(49,\), wanted \(50,\)"):
        Solver(Linear(), data | {"y_train": data["y_train"][:-1]})
    model = Linear()
    model.loss = lambda X, y=None: np.zeros((len(X), 3)) if y is None else (1.0, {"W": np.zeros((4, 2))})
    with pytest.raises(ShapeError, match=r"loss gave \(4, 2\) for 'W', wanted an array of shape \(4, 3\)"):
        solver(model).train()


def test_a_loss_that_is_no_number_leaves_the_best_parameters():
    """A diverged network is worth nothing; the one before is."""

    class Diverges(Linear):
        count = 0

        def loss(self, X, y=None):
            self.count += y is not None
            return (np.nan, {}) if y is not None and self.count == 8 else super().loss(X, y)

    s = solver(Diverges())
    said = r"the loss is nan in iteration 8. Try a smaller learning rate than 0.5. The model holds the best"
    with pytest.raises(ConfigError, match=said):
        s.train()
    assert s.best_val_acc == max(s.val_acc_history) > 0.6
    np.testing.assert_array_equal(s.model.params["W"], s.best_params["W"])


def test_ctrl_c_keeps_what_was_reached_even_in_the_first_epoch(capsys):
    """The iteration is finished and its network scored: otherwise the untrained one could win."""
    handler = signal.getsignal(signal.SIGINT)
    np.random.seed(0)
    s = solver(PressesAt(4))
    before = s.model.params["W"].copy()
    s.train()
    assert signal.getsignal(signal.SIGINT) is handler
    assert (s.epoch, s.iteration, len(s.loss_history)) == (0, 4, 4)
    assert len(s.val_acc_history) == len(s.train_acc_history) == 2
    assert s.best_val_acc == s.val_acc_history[1] > s.val_acc_history[0]
    assert not np.array_equal(s.model.params["W"], before)
    assert s.check_accuracy(s.X_val, s.y_val) == s.best_val_acc
    assert "Stopped after 0 of 4 epochs, iteration 4." in capsys.readouterr().out
    s.model.calls = ()
    s.train()
    assert s.epoch == 4


def test_ctrl_c_at_the_end_of_an_epoch_ends_that_epoch(tmp_path):
    s = solver(PressesAt(5), checkpoint_name=tmp_path / "run")
    s.train()
    assert (s.epoch, s.iteration, len(s.val_acc_history)) == (1, 5, 2)
    assert (tmp_path / "run_epoch_1.npz").is_file()


def test_a_second_ctrl_c_ends_the_training_at_once():
    s = solver(PressesAt(7, 7))
    s.train()
    assert (s.epoch, s.iteration, len(s.val_acc_history)) == (1, 6, 2)
    assert s.check_accuracy(s.X_val, s.y_val) == s.best_val_acc


def test_a_network_that_is_never_right_has_best_parameters_too():
    data = classes()
    data["y_val"] = np.full(10, 7)  # a class that no score is about
    s = Solver(Linear(), data, num_epochs=1, verbose=False)
    s.train()
    assert s.best_val_acc == 0.0
    assert set(s.best_params) == {"W"}


def test_accuracy_is_counted_on_the_wanted_number_of_samples():
    """The same ones whenever it is asked, in batches of any size, and it moves no random generator."""
    s = solver()
    X, y = s.X_train, s.y_train
    wanted = float((s.model.loss(X).argmax(axis=1) == y).mean())
    for batch_size in (1, 7, 100):
        assert s.check_accuracy(X, y, batch_size=batch_size) == pytest.approx(wanted, abs=1e-12)
    state = np.random.get_state()[1].copy()
    few = s.check_accuracy(X, y, num_samples=8)
    assert few == s.check_accuracy(X, y, num_samples=8, batch_size=3)
    assert (8 * few).is_integer()
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_progress_goes_to_stdout_only(capsys):
    solver(verbose=True).train()
    said = capsys.readouterr()
    assert "epoch 4/4: training accuracy" in said.out
    assert "training" in said.out
    assert said.err == ""
    solver().train()
    assert capsys.readouterr() == ("", "")


def test_an_update_rule_of_ones_own():
    def half(w, dw, config=None):
        return w - 0.5 * dw, config

    histories = []
    for rule in (half, "sgd"):
        np.random.seed(4)
        s = solver(update_rule=rule)
        s.train()
        histories.append(s.loss_history)
    assert histories[0] == histories[1]


def test_fewer_images_than_a_batch_make_one_iteration():
    s = solver(batch_size=1000, num_epochs=2)
    s.train()
    assert s.iterations_per_epoch == 1
    assert len(s.loss_history) == 2
