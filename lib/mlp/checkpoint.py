"""checkpoint.npz: everything that an interrupted training needs to go on as if nothing had happened."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lib.errors import ConfigError, ModelFileError
from lib.model_file import compare_params, decode_json, encode_json, read_npz, with_prefix, write_npz

_HISTORIES = ("loss_hist", "train_acc_hist", "val_acc_hist")


@dataclass
class Progress:
    """How far a training has come.

    Attributes
    ----------
    iteration : int
        Finished iterations, over all epochs.
    epoch : int
        Finished epochs.
    loss_hist, train_acc_hist, val_acc_hist : list of float
        One entry per iteration, per epoch, per epoch.
    best_val_acc : float
        Best validation accuracy so far; -1 before the first epoch is finished.
    opt_params : dict, name -> array
        Copies of the parameters that reached it.
    """

    iteration: int = 0
    epoch: int = 0
    loss_hist: list = field(default_factory=list)
    train_acc_hist: list = field(default_factory=list)
    val_acc_hist: list = field(default_factory=list)
    best_val_acc: float = -1.0
    opt_params: dict = field(default_factory=dict)


def describe_network(net):
    """Return what makes two networks the same kind: per layer its class, name, shapes and settings.

    Parameters
    ----------
    net : sequential

    Returns
    -------
    layers : list of dict
        Settings are the public attributes that are numbers or text, such as a stride.
    """
    return [
        {
            "type": type(layer).__name__,
            "name": layer.name,
            "shapes": {name: list(value.shape) for name, value in layer.params.items()},
            "settings": _scalars(layer, leave_out=("name",)),
        }
        for layer in net.layers
    ]


def describe_optimizer(optimizer):
    """Return the class of an optimizer and its settings, without the count of steps."""
    return {"type": type(optimizer).__name__, **_scalars(optimizer, leave_out=("t",))}


def _scalars(thing, leave_out):
    # bool is left out: a layer's is_training says when it ran last, not what it is
    return {
        key: value.item() if isinstance(value, np.generic) else value
        for key, value in sorted(vars(thing).items())
        if isinstance(value, (int, float, str, np.integer, np.floating))
        and not isinstance(value, bool)
        and not key.startswith("_")
        and key not in leave_out
    }


def save_checkpoint(path, progress, model, optimizer, loader, settings):
    """Write the state of a training between two iterations.

    Parameters
    ----------
    path : str or Path
    progress : Progress
    model : Module
    optimizer : Optimizer
    loader : DataLoader
    settings : dict
        Description that a later run must match to go on from here.
    """
    arrays, optimizer_numbers = {}, {}
    for name, value in _params(model).items():
        arrays[f"param.{name}"] = value
    for name, value in progress.opt_params.items():
        arrays[f"best.{name}"] = value
    for layer in model.net.layers:
        for key, value in (getattr(layer, "state", None) or {}).items():
            arrays[f"state.{layer.name}.{key}"] = value
    for key, value in optimizer.state_dict().items():
        if isinstance(value, np.ndarray):
            arrays[f"optimizer.{key}"] = value
        else:
            optimizer_numbers[key] = value
    arrays |= {name: np.asarray(getattr(progress, name), dtype=np.float64) for name in _HISTORIES}
    meta = {
        "settings": settings,
        "iteration": progress.iteration,
        "epoch": progress.epoch,
        "best_val_acc": progress.best_val_acc,
        "optimizer": optimizer_numbers,
        "loader": loader.state_dict(),
        "rng": {name: _rng_state(rng) for name, rng in _generators(model).items()},
    }
    write_npz(path, arrays | {"meta": encode_json(meta)})


def read_checkpoint(path):
    """Read a checkpoint file: (meta, arrays). A damaged one raises ModelFileError."""
    advice = "Delete the file to train from the beginning."
    arrays = read_npz(path, advice)
    try:
        return decode_json(arrays.pop("meta")), arrays
    except (KeyError, ValueError, TypeError) as error:
        msg = f"{path} is not a checkpoint: {error}. {advice}"
        raise ModelFileError(msg) from error


def restore_checkpoint(path, contents, model, optimizer, loader):
    """Put a checkpoint back into model, optimizer, loader and generators.

    Parameters
    ----------
    path : str or Path
        For messages.
    contents : (dict, dict)
        What `read_checkpoint` returned.
    model, optimizer, loader
        As for `save_checkpoint`; freshly made ones will do.

    Returns
    -------
    progress : Progress
    """
    meta, arrays = contents
    part = {prefix: with_prefix(arrays, prefix) for prefix in ("param", "best", "state", "optimizer")}
    differences = compare_params(part["param"], _params(model))
    if differences:
        msg = f"{path} is of another network: {'; '.join(differences)}. Delete it to start anew."
        raise ModelFileError(msg)
    for name, value in part["param"].items():
        model.net.assign(name, value)
    for layer in model.net.layers:
        for key in getattr(layer, "state", None) or {}:
            layer.state[key] = part["state"][f"{layer.name}.{key}"]
    optimizer.load_state_dict(meta["optimizer"] | part["optimizer"])
    loader.load_state_dict(meta["loader"])
    generators = _generators(model)
    for name, state in meta["rng"].items():
        if name in generators:
            _set_rng_state(generators[name], state)
    histories = {name: arrays[name].tolist() for name in _HISTORIES}
    return Progress(
        meta["iteration"],
        meta["epoch"],
        **histories,
        best_val_acc=meta["best_val_acc"],
        opt_params=part["best"],
    )


def require_continuable(optimizer):
    """Refuse, before any work is done, an optimizer whose state cannot be saved."""
    if not (hasattr(optimizer, "state_dict") and hasattr(optimizer, "load_state_dict")):
        msg = (
            f"train_net: {type(optimizer).__name__} has no state_dict, so a checkpoint could not go on where "
            "it stopped. Let it inherit from lib.optim.Optimizer, or leave checkpoint out."
        )
        raise ConfigError(msg)


def _params(model):
    return {name: value for layer in model.net.layers for name, value in layer.params.items()}


def _generators(model):
    """Return every source of chance of a network: NumPy's global generator and the ``rng`` of each layer."""
    generators = {"": np.random}
    for layer in model.net.layers:
        if isinstance(getattr(layer, "rng", None), (np.random.RandomState, np.random.Generator)):
            generators[layer.name] = layer.rng
    return generators


def _rng_state(rng):
    return rng.bit_generator.state if isinstance(rng, np.random.Generator) else rng.get_state(legacy=False)


def _set_rng_state(rng, state):
    if isinstance(rng, np.random.Generator):
        rng.bit_generator.state = state
    else:
        rng.set_state(state)
