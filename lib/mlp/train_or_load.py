"""Train once, load ever after: the one cell of a notebook that takes minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np  # noqa: F401  (comes along with a star import, as from every module of this folder)

from lib.mlp.checkpoint import describe_network, describe_optimizer
from lib.mlp.train import train_net
from lib.model_file import load_model, read_model, save_model
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
    path,
    data,
    model,
    loss_func,
    optimizer,
    batch_size,
    max_epochs,
    lr_decay=1.0,
    lr_decay_every=1000,
    show_every=10,
    verbose=False,
    regularization="none",
    reg_lambda=0.0,
    *,
    mean_image=None,
    std_image=None,
    provenance="",
    checkpoint=None,
    retrain=False,
):
    """Load the trained network from a file if it is there and fits, otherwise train it and save it.

    Either way the model holds the best parameters afterwards, and a line says which of the two happened.

    Parameters
    ----------
    path : str or Path
        The model file, ``model.npz``: it is handed in.
    data, model, loss_func, optimizer, batch_size, max_epochs, lr_decay, lr_decay_every, show_every, verbose, regularization, reg_lambda
        As for `lib.mlp.train.train_net`.
    mean_image, std_image : ndarray or None
        What was subtracted from the images, and what they were then divided by; stored, because whoever uses
        the network has to do the same.
    provenance : str
        Which data: ``"SVHN"``, ``"SVHN sample"``. Taken from ``data.provenance`` if not given.
    checkpoint : path or None
        As for `train_net`. Removed when training is finished: the model file takes its place.
    retrain : bool
        Train from the beginning even if the file fits. Needed after a change in a layer: the file knows
        names, shapes and settings, not the code.

    Returns
    -------
    opt_params, loss_hist, train_acc_hist, val_acc_hist
        As `train_net` returns them.

    Raises
    ------
    ModelFileError
        While being graded or reported (NBGRADER_EXECUTION or GRADLAB_LOAD_ONLY is set) nothing is trained: the
        file must be there and fit the network.

    Notes
    -----
    A file fits if it holds the same layers (classes, names, shapes, settings), optimizer settings, batch
    size, epochs, learning rate decay and provenance. One that does not is kept as ``model.previous.npz``.
    The learning rate of the optimizer is put back to what it was before training.
    """
    path = Path(path)
    provenance = str(provenance or getattr(data, "provenance", ""))
    settings = plain(
        {
            "network": describe_network(model.net),
            "optimizer": describe_optimizer(optimizer),
            "batch_size": batch_size,
            "max_epochs": max_epochs,
            "lr_decay": lr_decay,
            "lr_decay_every": lr_decay_every,
            "regularization": regularization,
            "reg_lambda": reg_lambda,
            "provenance": provenance,
        }
    )
    if is_being_graded():
        if remark := remark_while_graded(path, settings):
            say(remark)
        return _load(path, model)

    reason = None
    if path.exists():
        reason = "training again was asked for" if retrain else reason_to_train(path, settings)
        if reason is None:
            return _load(path, model)
        say(f"{path}: {reason}. Training; the old file will be kept as {path.stem}.previous{path.suffix}.")
    if retrain and checkpoint is not None and Path(checkpoint).exists():
        set_aside(checkpoint)

    learning_rate = optimizer.lr
    try:
        results = train_net(
            data,
            model,
            loss_func,
            optimizer,
            batch_size,
            max_epochs,
            lr_decay,
            lr_decay_every,
            show_every,
            verbose,
            regularization,
            reg_lambda,
            checkpoint=checkpoint,
        )
    finally:
        optimizer.lr = learning_rate
    _put(model, results[0])
    finished = len(results[3]) >= max_epochs
    if not results[3] and path.exists():
        say(f"{path}: stopped before the first epoch ended, so the file is still the network of before.")
        return results
    if path.exists() and worth_keeping(path):
        set_aside(path)
    extra = {"mean_image": mean_image, "std_image": std_image, "provenance": provenance}
    save_model(
        path,
        model,
        results,
        data=extra,
        settings={**settings, "fingerprint": fingerprint(settings), "finished": finished},
    )
    if finished and checkpoint is not None:
        Path(checkpoint).unlink(missing_ok=True)
    trained = "trained" if finished else "trained, not to the end,"
    say(f"{path}: {trained} and saved, {summary(results[3], provenance)}.")
    return results


def _load(path, model):
    history = load_model(path, model)
    saved = read_model(path)
    say(said_of_loaded(path, saved))
    opt_params = {name: value.copy() for name, value in saved.params.items()}
    return opt_params, *(list(values) for values in history)


def _put(model, params):
    for name, value in params.items():
        model.net.assign(name, value)
    model.net.gather_params()
