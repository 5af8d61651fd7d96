"""Whether a trained network on disk may be taken as it is: settings compared, the file before kept, words for it.

The one cell of a notebook that takes minutes loads its file when it fits and trains when it does not. What
"fits" means is the same for every kind of network, and stands here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lib.errors import ModelFileError
from lib.model_file import decode_json, encode_json, read_model


def is_being_graded():
    """Tell whether a grader or the report runs the notebook: then nothing is trained.

    nbgrader sets NBGRADER_EXECUTION, ``lib.report`` sets GRADLAB_LOAD_ONLY.
    """
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("GRADLAB_LOAD_ONLY"))


def plain(settings):
    """Return settings as they will come back from a file."""
    return decode_json(encode_json(settings))


def fingerprint(settings):
    """Return a short text that differs when the settings do (sha256 of their JSON, 16 digits)."""
    import hashlib  # only here: it takes longer to import than this module

    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def differing_settings(old, new, prefix=""):
    """Name the settings in which two descriptions differ, as ``name: old value -> new value``.

    Parameters
    ----------
    old, new : dict
        Values of any kind that JSON can hold.

    Returns
    -------
    differences : list of str
    """
    differences = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            differences += differing_settings(before, after, f"{prefix}{key} ")
        elif key == "network" and before != after:
            differences.append("network: other layers")
        elif before != after:
            differences.append(f"{prefix}{key}: {before} -> {after}")
    return differences


def set_aside(path):
    """Rename a file to ``<name>.previous<suffix>``, replacing an older one; returns the new path."""
    path = Path(path)
    previous = path.with_name(f"{path.stem}.previous{path.suffix}")
    path.replace(previous)
    return previous


def worth_keeping(path):
    """Tell whether a file may take the place of the one that was set aside before it: a stopped training may not."""
    if not path.with_name(f"{path.stem}.previous{path.suffix}").exists():
        return True
    try:
        return read_model(path).meta.get("settings", {}).get("finished", True)
    except ModelFileError:
        return False


def reason_to_train(path, settings):
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
    return f"it was trained with other settings ({'; '.join(_differences(saved, settings))})"


def remark_while_graded(path, settings):
    """Return a sentence when the file that was handed in was trained with other settings than the notebook has.

    Raises
    ------
    ModelFileError
        If there is no file: neither the report nor grading trains.
    """
    if not path.exists():
        msg = f"{path} is missing, and neither the report nor grading trains. Run the training cell first."
        raise ModelFileError(msg)
    saved = read_model(path).meta.get("settings", {})
    if saved.get("fingerprint") == fingerprint(settings):
        return ""
    return f"{path}: trained with other settings than the notebook has ({'; '.join(_differences(saved, settings))})."


def _differences(saved, settings):
    described = {
        key: value for key, value in saved.items() if key not in ("fingerprint", "finished", "epochs")
    }
    return differing_settings(described, settings)


def said_of_loaded(path, saved):
    """Say when a file was saved that is taken as it is, and what it reached."""
    when = str(saved.meta.get("saved", "")).replace("T", " ").replace("Z", " UTC") or "at an unknown time"
    epochs = saved.meta.get("settings", {}).get("epochs")
    reached = summary(saved.history.val_acc_hist, saved.meta.get("provenance"), epochs)
    return f"{path}: loaded, not trained again; saved {when}, {reached}."


def summary(val_acc_hist, provenance, epochs=None):
    """Say how long a training took, what it reached, and on which data.

    Parameters
    ----------
    val_acc_hist : list of float
    provenance : str
    epochs : int or None
        Finished epochs; None where the history has one accuracy for each.
    """
    epochs = len(val_acc_hist) if epochs is None else epochs
    accuracy = f"best validation accuracy {max(val_acc_hist):.3f}" if val_acc_hist else "no epoch finished"
    return f"{epochs} epoch{'' if epochs == 1 else 's'}, {accuracy}, data: {provenance or 'not named'}"
