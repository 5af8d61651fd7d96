"""Interrupted trainings: what is returned, and that going on gives what no interruption would have given."""

import os
import signal

import numpy as np
import pytest

from lib.errors import ConfigError, ModelFileError
from lib.mlp.layer_utils import cross_entropy
from lib.mlp.train import train_net
from lib.optim import SGD, SGDM, Optimizer, RMSProp
from tests.lib.mlp.small_training import FailingLoss, adam, data, network, printed

EPOCHS, PER_EPOCH = 4, 3


def train(loss_func=None, make=adam, seed=7, path=None, epochs=EPOCHS, **settings):
    """Train a fresh network, with decay of the learning rate; return (results, model, optimizer)."""
    model = network(seed)
    optimizer = make(model)
    results = train_net(
        data(),
        model,
        loss_func or cross_entropy(),
        optimizer,
        20,
        epochs,
        0.9,
        1,
        checkpoint=path,
        **settings,
    )
    return results, model, optimizer


def press_ctrl_c():
    """Send the signal of Ctrl-C, and go on with a loss: the program itself notices later."""
    os.kill(os.getpid(), signal.SIGINT)
    return 1.0


def interrupt():
    """Raise what Ctrl-C raises in the middle of a computation."""
    raise KeyboardInterrupt


class PressesAt(cross_entropy):
    """A loss during which Ctrl-C is pressed, in iteration ``at``; the loss itself is right."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def forward(self, feat, label):
        """Compute the loss, and press."""
        self.left -= 1
        if self.left == 0:
            press_ctrl_c()
        return super().forward(feat, label)


def assert_same(first, second):
    """Compare results, last parameters and optimizer state, bit for bit."""
    (one, *one_hist), model_one, optimizer_one = first
    (two, *two_hist), model_two, optimizer_two = second
    assert one_hist == two_hist
    for name, value in one.items():
        np.testing.assert_array_equal(two[name], value)
        assert two[name].dtype == value.dtype
    for name, value in model_one.net.params.items():
        np.testing.assert_array_equal(model_two.net.get_params(name), value)
    state_one, state_two = optimizer_one.state_dict(), optimizer_two.state_dict()
    assert state_one.keys() == state_two.keys()
    for key, value in state_one.items():
        np.testing.assert_array_equal(state_two[key], value)


@pytest.mark.parametrize(
    "make",
    [
        adam,
        lambda model: SGD(model.net, 0.1, weight_decay=1e-3),
        lambda model: SGDM(model.net, 0.1, 0.9),
        lambda model: RMSProp(model.net, 0.01),
    ],
    ids=["Adam", "SGD", "SGDM", "RMSProp"],
)
@pytest.mark.parametrize(
    "loss_func", [PressesAt, lambda at: FailingLoss(at, interrupt)], ids=["between", "inside"]
)
@pytest.mark.parametrize("at", [PER_EPOCH + 2, 2 * PER_EPOCH, 2 * PER_EPOCH + 1])
def test_resumed_training_equals_an_undisturbed_one(tmp_path, make, loss_func, at):
    """Interrupted within or at the end of an epoch, continued by new objects with another seed."""
    path = tmp_path / "checkpoint.npz"
    undisturbed = train(make=make)
    stopped = train(loss_func(at), make=make, path=path)
    assert len(stopped[0][3]) < EPOCHS
    assert_same(undisturbed, train(make=make, seed=99, path=path))


@pytest.mark.parametrize("at", [1, 2])
def test_ctrl_c_in_the_first_epoch_is_kept_too(tmp_path, at):
    """Between two iterations everything is whole, so not even one iteration is lost."""
    path = tmp_path / "checkpoint.npz"
    undisturbed = train()
    (best, losses, *_), *_ = train(PressesAt(at), path=path)
    assert len(losses) == at
    assert best.keys() == {"fc1_w", "fc1_b", "fc2_w", "fc2_b"}
    assert_same(undisturbed, train(seed=99, path=path))


def test_more_epochs_go_on_from_a_finished_checkpoint(tmp_path):
    """Two epochs and then four are four."""
    path = tmp_path / "checkpoint.npz"
    train(path=path, epochs=2)
    assert_same(train(), train(seed=99, path=path))


def test_interrupt_returns_what_was_reached(capsys):
    """No traceback; a line says how far it came."""
    (best, losses, train_acc, val_acc), *_ = train(FailingLoss(PER_EPOCH + 2, interrupt))
    assert (len(losses), len(train_acc), len(val_acc)) == (PER_EPOCH + 1, 1, 1)
    assert best
    said = f"Stopped after 1 of 4 epochs, iteration 4; best validation accuracy {val_acc[0]:.3f}."
    assert printed(capsys) == [said]


def test_second_ctrl_c_stops_at_once():
    """Whoever presses twice does not want to wait for a slow layer."""

    def twice():
        press_ctrl_c()
        press_ctrl_c()
        pytest.fail("the second Ctrl-C did not raise")

    (_, losses, *_), *_ = train(FailingLoss(2, twice))
    assert len(losses) == 1


def test_signal_is_given_back():
    """After training, Ctrl-C means what it meant before."""
    before = signal.getsignal(signal.SIGINT)
    train(epochs=1)
    assert signal.getsignal(signal.SIGINT) is before


def test_lines_say_where_a_training_goes_on(tmp_path, capsys):
    """One line when it stops, one when it goes on, one when nothing is left."""
    path = tmp_path / "checkpoint.npz"
    train(PressesAt(4), path=path)
    train(path=path)
    results, *_ = train(path=path)
    lines = printed(capsys)
    assert lines[0].endswith(f"Run it again to go on from {path}.")
    assert lines[1] == f"{path}: going on after 1 of 4 epochs, iteration 4."
    assert lines[2] == f"{path}: finished, 4 epochs are done. Delete it to train again."
    assert len(results[3]) == EPOCHS


def test_same_objects_may_be_used_again(tmp_path):
    """Running the cell again in one kernel passes an optimizer whose rate has decayed already."""
    path = tmp_path / "checkpoint.npz"
    model = network()
    optimizer = adam(model)
    arguments = (optimizer, 20, EPOCHS, 0.9, 1)
    train_net(data(), model, PressesAt(5), *arguments, checkpoint=path)
    results = train_net(data(), model, cross_entropy(), *arguments, checkpoint=path)
    assert_same(train(), (results, model, optimizer))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda model: adam(model, lr=0.5), "optimizer lr: 0.01 -> 0.5"),
        (lambda model: SGD(model.net, 0.01), "optimizer type: Adam -> SGD"),
    ],
)
def test_other_settings_start_anew_and_keep_the_old_file(tmp_path, capsys, make, match):
    """Nothing that took an hour is thrown away."""
    path = tmp_path / "checkpoint.npz"
    train(PressesAt(4), path=path)
    old = path.read_bytes()
    capsys.readouterr()
    assert_same(train(make=make), train(make=make, path=path))
    said = capsys.readouterr().out
    assert "was made with other settings (" in said
    assert match in said
    assert (tmp_path / "checkpoint.previous.npz").read_bytes() == old


def test_another_network_starts_anew(tmp_path, capsys):
    """The layers belong to the settings."""
    path = tmp_path / "checkpoint.npz"
    train(epochs=1, path=path)
    model = network(hidden=5)
    results = train_net(data(), model, cross_entropy(), adam(model), 20, 1, 0.9, 1, checkpoint=path)
    assert "(network: other layers)" in capsys.readouterr().out
    assert len(results[1]) == PER_EPOCH


def test_damaged_checkpoint_is_named(tmp_path):
    """With what to do about it."""
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"rubbish")
    with pytest.raises(
        ModelFileError, match=r"checkpoint.npz cannot be read: .* Delete the file to train from"
    ):
        train(path=path)


def test_optimizer_without_a_state_is_refused_before_training(tmp_path):
    """It would go on wrongly without a word."""

    class Bare:
        def __init__(self, model):
            self.net, self.lr = model.net, 0.1

    with pytest.raises(ConfigError, match=r"Bare has no state_dict, .* or leave checkpoint out"):
        train(make=Bare, path=tmp_path / "checkpoint.npz")


class Noisy(Optimizer):
    """A rule of a student's own, which draws from the global generator and keeps an average."""

    def __init__(self, net, lr=0.05):
        super().__init__(net, lr)
        self.average = {}

    def update(self, layer):
        """Step with noise."""
        for name, grad in layer.grads.items():
            self.average[name] = 0.5 * self.average.get(name, 0) + grad
            noise = 1e-3 * np.random.standard_normal(grad.shape)
            layer.params[name] = layer.params[name] - self.lr * (self.average[name] + noise)


def test_rule_of_ones_own_goes_on_as_well(tmp_path):
    """Numbers and dictionaries are found by the base class; the global generator is restored."""
    path = tmp_path / "checkpoint.npz"
    make = lambda model: Noisy(model.net)  # noqa: E731
    undisturbed = train(make=make)
    train(PressesAt(5), make=make, path=path)
    assert_same(undisturbed, train(make=make, seed=99, path=path))


def test_checkpoint_is_never_half_written(tmp_path, monkeypatch):
    """A crash while writing leaves the checkpoint of the epoch before."""
    path = tmp_path / "checkpoint.npz"
    train(epochs=1, path=path)
    before = path.read_bytes()

    def crash(*_, **__):
        raise OSError(28, "disk full")

    monkeypatch.setattr(np, "savez", crash)
    with pytest.raises(OSError, match="disk full"):
        train(path=path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint.npz"]
