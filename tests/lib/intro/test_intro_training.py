"""Training in the introduction: the loop, and the file that keeps a trained network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")

from small_digits import Net, make_data  # noqa: E402

from lib.errors import ConfigError, ModelFileError  # noqa: E402
from lib.intro import train as loop  # noqa: E402
from lib.intro.train import accuracy, fit, start, train_step  # noqa: E402
from lib.intro.train_or_load import train_or_load  # noqa: E402
from lib.intro.weights import load_net  # noqa: E402
from lib.model_file import read_model  # noqa: E402

pytestmark = pytest.mark.torch
DATA = make_data()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GRADLAB_LOAD_ONLY", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    torch.manual_seed(0)


def trained(epochs=6, lr=1e-2, net=None, **kwargs):
    """Train or load the small network with model.npz."""
    net = net or Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    return net, train_or_load("model.npz", net, DATA, optimizer, 20, epochs, **kwargs)


def scores_of(net):
    """Return the scores of the test images."""
    net.eval()
    with torch.no_grad():
        return net(torch.as_tensor(DATA["X_test"])).numpy()


def test_train_step_moves_the_weights_and_returns_the_loss_before():
    """One step of plain gradient descent, by hand."""
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 3)).eval()
    x, y = torch.as_tensor(DATA["X_train"][:8]), torch.as_tensor(DATA["y_train"][:8])
    weight = net[1].weight.detach().clone()
    want = torch.nn.functional.cross_entropy(net(x), y)
    slope = torch.autograd.grad(want, net[1].weight)[0]
    loss = train_step(net, x, y, torch.optim.SGD(net.parameters(), lr=0.5))
    assert type(loss) is float
    assert loss == pytest.approx(want.item())
    assert net.training
    torch.testing.assert_close(net[1].weight.detach(), weight - 0.5 * slope)


@pytest.mark.parametrize("batch_size", [1, 7, 60, 500])
def test_accuracy_does_not_depend_on_the_batches(batch_size):
    """The last, smaller batch counts for what it is."""
    net = start(Net(), DATA["X_train"])
    x, y = torch.as_tensor(DATA["X_test"]), torch.as_tensor(DATA["y_test"])
    want = float((scores_of(net).argmax(1) == DATA["y_test"]).mean())
    assert accuracy(net.train(), x, y, batch_size) == pytest.approx(want)
    assert not net.training


def test_fit_learns_and_keeps_the_best_weights():
    """The small classes are learned, and the network is that of the best epoch."""
    net = Net()
    results = fit(net, DATA, torch.optim.Adam(net.parameters(), lr=1e-2), 20, 8)
    assert len(results.loss_hist) == 8 * 3
    assert len(results.val_acc_hist) == len(results.train_acc_hist) == 8
    assert max(results.val_acc_hist) > 0.9
    best = accuracy(net, torch.as_tensor(DATA["X_valid"]), torch.as_tensor(DATA["y_valid"]))
    assert best == pytest.approx(max(results.val_acc_hist))
    assert list(results.opt_params) == [name for name, _ in net.named_parameters()]


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"max_epochs": 2.5}, {"max_epochs": True}])
def test_fit_refuses_odd_settings(change):
    """The message names the setting."""
    (name,) = change
    with pytest.raises(ConfigError, match=f"fit: {name}="):
        fit(Net(), DATA, None, **change)


def test_interrupted_training_keeps_whole_epochs(monkeypatch, capsys):
    """Ctrl-C ends the training after the last whole epoch; the file says that it is not finished, and is not taken."""
    calls = []

    def step(*given):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return train_step(*given)

    monkeypatch.setattr(loop, "train_step", step)
    _, results = trained()
    assert len(results.val_acc_hist) == 2
    assert read_model("model.npz").meta["settings"]["finished"] is False
    monkeypatch.undo()
    assert "stopped after 2 of 6 epochs" in capsys.readouterr().out


def test_file_is_loaded_and_not_trained_again(monkeypatch, capsys):
    """A fresh network with the file gives the same scores to the bit, what batch norm remembers included."""
    net, results = trained()
    monkeypatch.setattr("lib.intro.train_or_load.fit", None)  # calling it would fail
    again, loaded = trained()
    np.testing.assert_array_equal(scores_of(again), scores_of(net))
    assert again.norm.running_mean.abs().sum() > 0
    assert loaded.val_acc_hist == results.val_acc_hist
    said = capsys.readouterr().out
    assert "trained and saved, 6 epochs" in said
    assert "loaded, not trained again" in said
    assert "data: MNIST sample" in said


def test_file_holds_plain_arrays():
    """Nothing in it is pickled, and what was trained on stands in it."""
    trained(2)
    with np.load("model.npz", allow_pickle=False) as archive:
        assert {archive[name].dtype.kind for name in archive.files} <= set("fiub")
    saved = read_model("model.npz")
    assert saved.params["conv.weight"].shape == (3, 1, 3, 3)
    assert saved.meta["provenance"] == "MNIST sample"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 3}, "max_epochs: 2 -> 3"),
        ({"lr": 1e-3}, "optimizer lr: 0.01 -> 0.001"),
        ({"net": Net(4)}, "network: other layers"),
        ({"retrain": True}, "training again was asked for"),
    ],
)
def test_other_settings_train_anew_and_keep_the_old_file(change, said, capsys):
    """The reason is told, and the file before is set aside."""
    from pathlib import Path

    trained(2)
    before = Path("model.npz").read_bytes()
    trained(**{"epochs": 2, **change})
    assert said in capsys.readouterr().out
    assert Path("model.previous.npz").read_bytes() == before


def test_changed_code_trains_anew(monkeypatch, capsys):
    """A network whose forward was corrected is not loaded from before."""
    trained(2)
    monkeypatch.setattr("lib.intro.train_or_load.code_of", lambda net: "another")
    trained(2)
    assert "code:" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["GRADLAB_LOAD_ONLY", "NBGRADER_EXECUTION"])
def test_grading_never_trains(variable, monkeypatch, capsys):
    """Without a file that is told; one of other settings is loaded, with a remark."""
    monkeypatch.setenv(variable, "1")
    with pytest.raises(
        ModelFileError, match=r"model.npz is missing, and neither the report nor grading trains"
    ):
        trained()
    monkeypatch.delenv(variable)
    trained(2)
    monkeypatch.setenv(variable, "1")
    _, results = trained(5)
    assert len(results.val_acc_hist) == 2
    assert "trained with other settings than the notebook has (max_epochs: 2 -> 5)" in capsys.readouterr().out


def test_file_of_another_network_names_the_differences():
    """Names and shapes, and the network is unchanged."""
    trained(1)
    other = start(Net(5), DATA["X_train"])
    before = scores_of(other)
    with pytest.raises(
        ModelFileError, match=r"'conv.weight' is \(3, 1, 3, 3\) there and \(5, 1, 3, 3\) here"
    ):
        load_net("model.npz", other)
    np.testing.assert_array_equal(scores_of(other), before)
