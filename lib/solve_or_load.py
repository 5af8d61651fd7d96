"""Train a functional network once, load it ever after: the one cell of a notebook that takes minutes."""

from __future__ import annotations

from pathlib import Path

from lib.model_file import load_model, read_model, save_model
from lib.progress import say
from lib.solver import Solver, rule_name
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


def solve_or_load(path, model, data, *, provenance="", retrain=False, **settings):
    """Load the trained network from a file if it is there and fits, otherwise train it and save it.

    Either way the model holds the best parameters afterwards, and a line says which of the two happened.

    Parameters
    ----------
    path : str or Path
        The model file, ``model.npz``: it is handed in.
    model : functional network
        With ``params``, ``loss`` and ``settings`` (what it takes to build it again).
    data : dict
        As for ``Solver``; ``data["mean_image"]`` is stored, because whoever uses the network has to subtract it.
    provenance : str
        Which data: "CIFAR-10", "CIFAR-10 sample". Taken from ``data.provenance`` if not given.
    retrain : bool
        Train from the beginning even if the file fits. Needed after a change in a layer: the file knows shapes
        and settings, not the code.
    **settings
        As for ``Solver``.

    Returns
    -------
    solver : Solver
        With its histories and best parameters, trained now or as the file has them.

    Raises
    ------
    ModelFileError
        While being graded or reported nothing is trained: the file must be there and fit the network.

    Notes
    -----
    A file fits if it holds the same network (class, settings, shapes), number of images, update rule with its
    settings, batch size, epochs, learning rate decay and provenance. One that does not is kept as
    ``model.previous.npz``. What is only shown or also written (verbose, print_every, checkpoint_name) does not matter.
    """
    path = Path(path)
    provenance = str(provenance or getattr(data, "provenance", ""))
    solver = Solver(model, data, **settings)
    described = _described(solver, provenance)
    if is_being_graded():
        if remark := remark_while_graded(path, described):
            say(remark)
        return _load(path, solver)
    if path.exists():
        reason = "training again was asked for" if retrain else reason_to_train(path, described)
        if reason is None:
            return _load(path, solver)
        kept = f"{path.stem}.previous{path.suffix}"
        say(f"{path}: {reason}. Training; the old file will be kept as {kept}.")
    solver.train()
    finished = solver.epoch >= solver.num_epochs
    if not solver.epoch and path.exists():
        say(f"{path}: stopped before the first epoch ended, so the file is still the network of before.")
        return solver
    if path.exists() and worth_keeping(path):
        set_aside(path)
    save_model(
        path,
        model,
        (solver.loss_history, solver.train_acc_history, solver.val_acc_history),
        data={"mean_image": data.get("mean_image"), "provenance": provenance},
        settings={
            **described,
            "fingerprint": fingerprint(described),
            "finished": finished,
            "epochs": solver.epoch,
        },
    )
    trained = "trained" if finished else "trained, not to the end,"
    say(f"{path}: {trained} and saved, {summary(solver.val_acc_history, provenance, solver.epoch)}.")
    return solver


def _described(solver, provenance):
    """Return all that decides what a training comes to, besides the code: a file fits if its own is the same."""
    model = solver.model
    network = {"type": type(model).__name__, **(getattr(model, "settings", None) or {})}
    if hasattr(model, "reg"):  # may have been changed after the network was built
        network["reg"] = model.reg
    return plain(
        {
            "network": network,
            "shapes": {name: list(value.shape) for name, value in model.params.items()},
            "images": {"training": len(solver.X_train), "validation": len(solver.X_val)},
            "update_rule": rule_name(solver.update_rule),
            "optim_config": solver.optim_config,
            **{
                name: getattr(solver, name)
                for name in ("lr_decay", "batch_size", "num_epochs", "num_train_samples", "num_val_samples")
            },
            "provenance": provenance,
        }
    )


def _load(path, solver):
    """Fill a solver with what a file holds."""
    load_model(path, solver.model)
    saved = read_model(path)
    say(said_of_loaded(path, saved))
    solver.loss_history, solver.train_acc_history, solver.val_acc_history = map(list, saved.history)
    solver.best_params = {name: value.copy() for name, value in saved.params.items()}
    solver.best_val_acc = max(solver.val_acc_history, default=0.0)
    # one accuracy is from before the first iteration
    finished = max(0, len(solver.val_acc_history) - 1)
    solver.epoch = saved.meta.get("settings", {}).get("epochs", finished)
    solver.iteration = len(solver.loss_history)
    return solver
