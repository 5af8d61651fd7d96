"""Train once, load ever after: the one cell of a notebook that takes minutes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np  # noqa: F401  (comes along with a star import, as from every module of this folder)
from tqdm import tqdm

from lib.errors import ModelFileError
from lib.mlp.checkpoint import describe_network, describe_optimizer, differing_settings, set_aside
from lib.mlp.train import train_net
from lib.model_file import decode_json, encode_json, load_model, read_model, save_model


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
    mean_image : ndarray or None
        What was subtracted from the images; stored, because whoever uses the network has to subtract it too.
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
    settings = decode_json(
        encode_json(
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
    )
    # nbgrader sets the first, the report of lib.report the second
    if os.environ.get("NBGRADER_EXECUTION") or os.environ.get("GRADLAB_LOAD_ONLY"):
        return _load_for_grading(path, model, settings)

    reason = None
    if path.exists():
        reason = "training again was asked for" if retrain else _reason_to_train(path, settings)
        if reason is None:
            return _load(path, model)
        tqdm.write(
            f"{path}: {reason}. Training; the old file will be kept as {path.stem}.previous{path.suffix}."
        )
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
        tqdm.write(
            f"{path}: stopped before the first epoch ended, so the file is still the network of before."
        )
        return results
    if path.exists() and _worth_keeping(path):
        set_aside(path)
    extra = {"mean_image": mean_image, "provenance": provenance}
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
    tqdm.write(f"{path}: {trained} and saved, {_summary(results[3], provenance)}.")
    return results


def _worth_keeping(path):
    """Tell whether a file may take the place of the one that was set aside before it: a stopped training may not."""
    if not path.with_name(f"{path.stem}.previous{path.suffix}").exists():
        return True
    try:
        return read_model(path).meta.get("settings", {}).get("finished", True)
    except ModelFileError:
        return False


def fingerprint(settings):
    """Return a short text that differs when the settings do (sha256 of their JSON, 16 digits)."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _reason_to_train(path, settings):
    """Say why a model file cannot be taken as it is; None if it can."""
    try:
        saved = read_model(path).meta.get("settings", {})
    except ModelFileError as error:
        return f"the file cannot be used ({error})"
    if not saved.get("finished", True):
        return "it holds a training that was stopped early"
    if saved.get("fingerprint") == fingerprint(settings):
        return None
    # a file of another make has no such settings at all
    differences = differing_settings(_described(saved), settings)
    return f"it was trained with other settings ({'; '.join(differences)})"


def _described(saved):
    return {key: value for key, value in saved.items() if key not in ("fingerprint", "finished")}


def _load_for_grading(path, model, settings):
    """Load whatever was handed in; grading never trains."""
    if not path.exists():
        msg = f"{path} is missing, and neither the report nor grading trains. Run the training cell first."
        raise ModelFileError(msg)
    saved = read_model(path).meta.get("settings", {})
    if saved.get("fingerprint") != fingerprint(settings):
        differences = differing_settings(_described(saved), settings)
        tqdm.write(f"{path}: trained with other settings than the notebook has ({'; '.join(differences)}).")
    return _load(path, model)


def _load(path, model):
    history = load_model(path, model)
    saved = read_model(path)
    when = str(saved.meta.get("saved", "")).replace("T", " ").replace("Z", " UTC") or "at an unknown time"
    summary = _summary(history.val_acc_hist, saved.meta.get("provenance"))
    tqdm.write(f"{path}: loaded, not trained again; saved {when}, {summary}.")
    opt_params = {name: value.copy() for name, value in saved.params.items()}
    return opt_params, *(list(values) for values in history)


def _put(model, params):
    for name, value in params.items():
        model.net.assign(name, value)
    model.net.gather_params()


def _summary(val_acc_hist, provenance):
    accuracy = f"best validation accuracy {max(val_acc_hist):.3f}" if val_acc_hist else "no epoch finished"
    return f"{len(val_acc_hist)} epochs, {accuracy}, data: {provenance or 'not named'}"
