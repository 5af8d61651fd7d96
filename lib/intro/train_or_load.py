"""Train once, load ever after: the network that is handed in."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from pathlib import Path

from lib.intro.train import Results, fit, start, train_step
from lib.intro.weights import load_net, save_net
from lib.model_file import read_model
from lib.progress import say
from lib.trained_file import (
    fingerprint,
    is_being_graded,
    plain,
    reason_to_train,
    remark_while_graded,
    said_of_loaded,
    set_aside,
    summary,
    worth_keeping,
)


def train_or_load(
    path, net, data, optimizer, batch_size=50, max_epochs=10, *, verbose=False, provenance="", retrain=False
):
    """Load the trained network from a file if it is there and fits, otherwise train it and save it.

    Either way the network holds its best weights afterwards, and a line says which of the two happened.

    Parameters
    ----------
    path : str or Path
        The model file, ``model.npz``: it is handed in.
    net, data, optimizer, batch_size, max_epochs, verbose
        As for `lib.intro.train.fit`.
    provenance : str
        Which data. Taken from ``data.provenance`` if not given.
    retrain : bool
        Train from the beginning even if the file fits.

    Returns
    -------
    Results
        (opt_params, loss_hist, train_acc_hist, val_acc_hist)

    Raises
    ------
    ModelFileError
        While being graded or reported (NBGRADER_EXECUTION or GRADLAB_LOAD_ONLY is set) nothing is trained: the
        file must be there and fit the network.

    Notes
    -----
    A file fits if it holds the same layers, optimizer settings, batch size, epochs, number of images and
    provenance, and was trained with the same code of the network and of ``train_step``. One that does not is
    kept as ``model.previous.npz``.
    """
    path = Path(path)
    provenance = str(provenance or getattr(data, "provenance", ""))
    settings = plain(
        {
            "network": describe(start(net, data["X_train"])),
            "code": code_of(net),
            "optimizer": {"type": type(optimizer).__name__, **_scalars(optimizer.defaults)},
            "batch_size": batch_size,
            "max_epochs": max_epochs,
            "images": len(data["X_train"]),
            "provenance": provenance,
        }
    )
    if is_being_graded():
        if remark := remark_while_graded(path, settings):
            say(remark)
        return _load(path, net)
    if path.exists():
        reason = "training again was asked for" if retrain else reason_to_train(path, settings)
        if reason is None:
            return _load(path, net)
        say(f"{path}: {reason}. Training; the old file will be kept as {path.stem}.previous{path.suffix}.")
    results = fit(net, data, optimizer, batch_size, max_epochs, verbose)
    if not results.val_acc_hist:
        say(f"{path}: stopped before the first epoch ended, so nothing was saved.")
        return results
    if path.exists() and worth_keeping(path):
        set_aside(path)
    finished = len(results.val_acc_hist) >= max_epochs
    settings |= {"fingerprint": fingerprint(settings), "finished": finished}
    save_net(path, net, results, provenance=provenance, settings=settings)
    trained = "trained" if finished else "trained, not to the end,"
    say(f"{path}: {trained} and saved, {summary(results.val_acc_hist, provenance)}.")
    return results


def describe(net):
    """Return what makes two networks the same kind, as lines: class, layers with their settings, shapes."""
    shapes = [f"{name} {list(value.shape)}" for name, value in net.named_parameters()]
    return [type(net).__name__, *str(net).splitlines(), *shapes]


def code_of(net):
    """Return a short text that differs when the code of a network or of ``train_step`` does."""
    digest = hashlib.sha256()
    for thing in (type(net), train_step):
        with contextlib.suppress(OSError, TypeError):  # a class typed into the notebook has no file
            digest.update(inspect.getsource(thing).encode())
    return digest.hexdigest()[:16]


def _scalars(values):
    return {
        key: value
        for key, value in sorted(values.items())
        if value is None or isinstance(value, (bool, int, float, str, tuple, list))
    }


def _load(path, net):
    history = load_net(path, net)
    saved = read_model(path)
    say(said_of_loaded(path, saved))
    return Results(saved.params, *(list(values) for values in history))
