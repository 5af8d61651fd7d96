"""The book of experiments and its figures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="cnn_intro_mnist needs PyTorch, the extra [torch]")

from small_digits import Net, make_data  # noqa: E402

from lib.errors import ModelFileError, ShapeError  # noqa: E402
from lib.intro import experiments  # noqa: E402
from lib.intro.experiments import Experiments  # noqa: E402
from lib.intro.plots import show_mosaics, show_runs  # noqa: E402

pytestmark = pytest.mark.torch
DATA = make_data()


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return a book in an empty folder."""
    for name in ("GRADLAB_LOAD_ONLY", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Experiments("experiments.npz")


def run(book, name="small", **kwargs):
    """Train the small network in a book."""
    return book.run(name, Net, DATA, **{"batch_size": 20, "max_epochs": 2, "seeds": (0, 1), **kwargs})


def test_run_tells_each_seed(book, capsys):
    """One accuracy for each seed, one line in all."""
    found = run(book)
    assert found.test_acc.shape == (2,)
    assert found.valid_acc.shape == found.train_acc.shape == (2, 2)
    assert found.filters.shape == (3, 1, 3, 3)
    assert found.num_params == sum(
        p.numel() for p in [torch.empty(30), torch.empty(6), torch.empty(108 * 3 + 3)]
    )
    assert capsys.readouterr().out == f"{found}\n"
    assert str(found).startswith(f"small: test accuracy {found.test_acc.mean():.3f} (")


def test_book_trains_nothing_twice(book, monkeypatch, capsys):
    """A second book of the same file has the same numbers, and a second run stands beside the first."""
    first, other = run(book), run(book, "other", seeds=(3,))
    monkeypatch.setattr(experiments, "fit", None)  # calling it would fail
    again = Experiments("experiments.npz")
    for before, name, seeds in ((first, "small", (0, 1)), (other, "other", (3,))):
        after = run(again, name, seeds=seeds)
        np.testing.assert_array_equal(after.test_acc, before.test_acc)
        np.testing.assert_array_equal(after.filters, before.filters)
    assert "[from experiments.npz]" in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"max_epochs": 1}, {"seeds": (0,)}, {"first_weights": 0.5}])
def test_other_settings_are_another_experiment(book, change, monkeypatch):
    """What was asked for differently is trained."""
    run(book)
    trained = []
    fit = experiments.fit
    monkeypatch.setattr(experiments, "fit", lambda *given: trained.append(1) or fit(*given))
    run(book, **change)
    assert trained


def test_grading_takes_what_is_there(book, monkeypatch, capsys):
    """Other settings are told; an experiment that is missing is an error, and nothing is trained."""
    run(book)
    monkeypatch.setenv("GRADLAB_LOAD_ONLY", "1")
    assert run(book, max_epochs=5).valid_acc.shape == (2, 2)
    assert "with other settings than the notebook has (max_epochs: 2 -> 5)" in capsys.readouterr().out
    with pytest.raises(ModelFileError, match=r"experiments.npz has no experiment 'new'.* Run all cells"):
        run(book, "new")


def test_first_convolution_is_kept(book):
    """It can be asked for its responses, with its padding; without one that is told."""
    conv = run(book).conv_1
    assert conv.padding == (1, 1)
    assert conv(torch.zeros(1, 1, 6, 6)).shape == (1, 3, 6, 6)
    flat = book.run(
        "flat", lambda: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 3)), DATA, max_epochs=1
    )
    with pytest.raises(ModelFileError, match="'flat': its network has no convolution"):
        _ = flat.conv_1


def test_small_first_weights_begin_small(book):
    """The factor is applied before training, so the filters differ from the usual ones by more than training does."""
    usual, small = run(book, max_epochs=1), run(book, "small start", max_epochs=1, first_weights=0.01)
    assert np.abs(small.filters).max() < 0.3 * np.abs(usual.filters).max()


def test_interrupted_experiment_is_not_kept(book, monkeypatch):
    """What was stopped by hand is trained anew the next time."""
    from lib.intro import train

    def stopped(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train_step", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(book)
    assert not book.path.exists()


@pytest.mark.parametrize("content", [b"no archive", None])
def test_damaged_book_is_told(book, content):
    """Nothing is unpickled, and the remedy stands in the message."""
    if content is None:
        np.savez(book.path, meta=np.frombuffer(b'{"a": 1}', dtype=np.uint8))
    else:
        book.path.write_bytes(content)
    with pytest.raises(ModelFileError, match="Delete it and run the notebook again"):
        run(book)


def test_figures_show_what_they_are_given(book):
    """One axes for each mosaic, one row for each run, the note in the corner."""
    found = run(book)
    figure = show_mosaics([(np.eye(6), 2, 3, "six"), (np.zeros((4, 4)), 1, 1, "flat")], note="MNIST sample")
    assert [axes.get_title() for axes in figure.axes] == ["six", "flat"]
    figure = show_runs([found, found], goal=0.9, title="two", note="MNIST sample")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        f"small\n{found.num_params} weights"
    ] * 2
    plt.close("all")
    with pytest.raises(ShapeError, match=r"no grid of 2 x 2"):
        show_mosaics([(np.eye(5), 2, 2, "odd")])
    assert not plt.get_fignums()
