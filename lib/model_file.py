"""model.npz: a trained network, how it came to be, and what it was trained on.

Entries of the file, all plain arrays, nothing is ever unpickled:

- ``param.<name>``, in the order of the layers: the parameters;
- ``state.<layer>.<key>``: what a layer remembers besides (its dictionary ``state``, if it has one);
- ``loss_hist``, ``train_acc_hist``, ``val_acc_hist``: one number per iteration, per epoch, per epoch;
- ``mean_image`` and ``std_image``: what was done to the images, where that is known;
- ``meta``: JSON as bytes: format, provenance of the data, settings, versions, time, and the class of the
  network with what it takes to build it again, where the network says so (``settings``).

A network is either a ``net`` of layers or, as the functional networks are, a dictionary ``params``.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.errors import ConfigError, ModelFileError

FORMAT = 1
MAX_BYTES = 2**30
MAX_ENTRIES = 2000
_HISTORIES = ("loss_hist", "train_acc_hist", "val_acc_hist")


class History(NamedTuple):
    """The course of a training: loss per iteration, accuracies per epoch, as lists of floats."""

    loss_hist: list
    train_acc_hist: list
    val_acc_hist: list


@dataclass
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    params : dict, name -> array
        In the order of the layers.
    history : History
    mean_image, std_image : ndarray or None
    meta : dict
        ``provenance`` (str), ``settings`` (dict), ``saved`` (UTC time), ``numpy`` (version), ``format``.
    state : dict, "<layer>.<key>" -> array
    """

    params: dict
    history: History
    mean_image: np.ndarray | None = None
    std_image: np.ndarray | None = None
    meta: dict = field(default_factory=dict)
    state: dict = field(default_factory=dict)


def write_npz(path, arrays):
    """Write named arrays to a file that is either complete or not there.

    Parameters
    ----------
    path : str or Path
    arrays : dict, name -> array
        Kept in this order.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")  # same folder, so same disk
    try:
        with temporary.open("wb") as stream:
            np.savez(stream, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_npz(path, advice):
    """Read all arrays of a file, refusing what is damaged, pickled or too large.

    Parameters
    ----------
    path : str or Path
    advice : str
        End of the message: what to do when the file cannot be read.

    Returns
    -------
    arrays : dict, name -> array

    Raises
    ------
    ModelFileError
        If the file is missing or cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path} not found. {advice}"
        raise ModelFileError(msg)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ENTRIES or size > MAX_BYTES:
            msg = f"it unpacks to {size} bytes in {len(entries)} arrays, over {MAX_BYTES} or {MAX_ENTRIES}"
            raise ValueError(msg)
        with np.load(path, allow_pickle=False) as archive:
            return {name: _plain(name, archive[name]) for name in archive.files}
    # a damaged archive makes zipfile and NumPy raise nearly anything
    except Exception as error:
        msg = f"{path} cannot be read: {error or type(error).__name__}. {advice}"
        raise ModelFileError(msg) from error


def _plain(name, array):
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        msg = f"'{name}' is not an array of numbers"
        raise ValueError(msg)
    return array


def encode_json(value):
    """Return a JSON document as an array of bytes, which is how an npz can hold it."""
    text = json.dumps(value, default=_encode, ensure_ascii=False)
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _encode(value):
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return str(value)


def decode_json(array):
    """Return the dictionary that `encode_json` made bytes of."""
    value = json.loads(array.tobytes().decode())
    if not isinstance(value, dict):
        msg = f"expected a JSON object, got {type(value).__name__}"
        raise TypeError(msg)
    return value


def save_model(path, model, history, *, data=None, settings=None):
    """Write the network as it is now, with its history, to a file.

    Parameters
    ----------
    path : str or Path
        Replaced if it exists.
    model : Module or functional network
        Any object with a ``net`` of layers, or with a dictionary ``params``.
    history : History, or (loss_hist, train_acc_hist, val_acc_hist), or the four results of ``train_net``
    data : dict or None
        The data set: ``mean_image`` and ``std_image`` are stored if it has them, and its attribute or entry
        ``provenance``.
    settings : dict or None
        Anything that JSON can hold; ends up in ``meta["settings"]``.
    """
    data = {} if data is None else data
    arrays = {f"param.{name}": value for name, value in _params(model).items()}
    arrays |= {f"state.{name}": value for name, value in _state(model).items()}
    losses, train_acc, val_acc = _three(history)
    arrays |= {
        name: np.asarray(values, dtype=np.float64)
        for name, values in zip(_HISTORIES, (losses, train_acc, val_acc), strict=True)
    }
    arrays |= {
        name: np.asarray(data[name]) for name in ("mean_image", "std_image") if data.get(name) is not None
    }
    provenance = getattr(data, "provenance", None) or data.get("provenance") or ""
    meta = {
        "format": FORMAT,
        "provenance": str(provenance),
        "settings": settings or {},
        "numpy": np.__version__,
        "saved": _now(),
        "model": {"class": type(model).__name__, "arguments": getattr(model, "settings", None) or {}},
    }
    write_npz(path, arrays | {"meta": encode_json(meta)})


def _three(history):
    if isinstance(history, dict):
        history = tuple(history[name] for name in _HISTORIES)
    history = tuple(history)
    if len(history) == 4:  # the first of train_net's results is the parameters
        history = history[1:]
    if len(history) != 3:
        msg = f"save_model: history has {len(history)} parts, wanted {', '.join(_HISTORIES)}."
        raise ConfigError(msg)
    return history


def _now():
    """Return the time in UTC; SOURCE_DATE_EPOCH, where it is set, makes files reproducible."""
    seconds = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _layers(model):
    return model.net.layers if hasattr(model, "net") else []


def _params(model):
    if not hasattr(model, "net"):
        return dict(model.params)
    return {name: value for layer in model.net.layers for name, value in layer.params.items()}


def _state(model):
    return {
        f"{layer.name}.{key}": np.asarray(value)
        for layer in _layers(model)
        for key, value in (getattr(layer, "state", None) or {}).items()
    }


def read_model(path):
    """Read a model file without a network to put it in.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    model_file : ModelFile

    Raises
    ------
    ModelFileError
        If the file is missing, damaged or not a model file.
    """
    advice = "Run the training cell; it writes the file anew."
    arrays = read_npz(path, f"{advice} A damaged file has to be deleted first.")
    try:
        meta = decode_json(arrays["meta"])
        history = History(*(arrays[name].astype(np.float64).tolist() for name in _HISTORIES))
    except (KeyError, ValueError, TypeError) as error:
        msg = f"{path} is not a model file: {error}. Delete it. {advice}"
        raise ModelFileError(msg) from error
    if not all(isinstance(values, list) for values in history):
        msg = f"{path} is not a model file: a history is a single number. Delete it. {advice}"
        raise ModelFileError(msg)
    params, state = with_prefix(arrays, "param"), with_prefix(arrays, "state")
    for name, value in params.items():
        if value.dtype.kind != "f":
            msg = f"{path}: 'param.{name}' has dtype {value.dtype}, wanted floats. Delete the file. {advice}"
            raise ModelFileError(msg)
    return ModelFile(params, history, arrays.get("mean_image"), arrays.get("std_image"), meta, state)


def load_model(path, model):
    """Put the parameters of a model file into a network.

    Parameters
    ----------
    path : str or Path
    model : Module
        The network that the file was saved from, or one with the same names and shapes.

    Returns
    -------
    history : History

    Raises
    ------
    ModelFileError
        If the file cannot be read or holds another network; the message names every difference. The network
        is unchanged then.
    """
    saved = read_model(path)
    differences = compare_params(saved.params, _params(model))
    if differences:
        msg = (
            f"{path} holds another network: {'; '.join(differences)}. "
            "Build the network that it was saved from, or delete the file and train again."
        )
        raise ModelFileError(msg)
    if not hasattr(model, "net"):
        for name, value in saved.params.items():
            model.params[name] = value.astype(model.params[name].dtype, copy=False)
        return saved.history
    for name, value in saved.params.items():
        model.net.assign(name, value)
    for layer in model.net.layers:
        state = getattr(layer, "state", None)
        if state is not None:
            state.update(with_prefix(saved.state, layer.name))
    model.net.gather_params()
    return saved.history


def with_prefix(arrays, prefix):
    """Return the entries whose name begins with ``<prefix>.``, under the rest of their name."""
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


def compare_params(saved, wanted):
    """Say in which names and shapes the parameters of a file and of a network differ.

    Parameters
    ----------
    saved, wanted : dict, name -> array
        Of the file, of the network.

    Returns
    -------
    differences : list of str
        Empty if the file fits.
    """
    differences = [f"it lacks '{name}'" for name in wanted if name not in saved]
    differences += [f"it has '{name}', which the network has not" for name in saved if name not in wanted]
    differences += [
        f"'{name}' is {saved[name].shape} there and {value.shape} here"
        for name, value in wanted.items()
        if name in saved and saved[name].shape != value.shape
    ]
    return differences
