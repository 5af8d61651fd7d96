"""The Solver: train a network that is a dictionary of parameters and a loss.

It knows no layer. A model has ``params``, a dictionary of arrays, and ``loss``: ``loss(X)`` gives scores
(N, K), ``loss(X, y)`` gives the loss and a dictionary of gradients with the keys of ``params``.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from lib import update_rules
from lib.errors import ConfigError, ShapeError
from lib.interrupt import InterruptBetweenIterations
from lib.model_file import decode_json, encode_json, read_npz, write_npz

RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
_HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")


class Solver:
    """Train a model and keep the parameters with the best validation accuracy.

    Parameters
    ----------
    model : object with ``params`` and ``loss``
        Holds the best parameters after ``train``.
    data : dict
        ``X_train`` (N, ...), ``y_train`` (N,), ``X_val``, ``y_val``.
    update_rule : str or function
        "sgd", "sgd_momentum", "rmsprop", "adam" of ``lib.update_rules``, or a function like them.
    optim_config : dict
        Settings of the rule, e.g. ``{"learning_rate": 1e-3}``.
    lr_decay : float in (0, 1]
        Factor on the learning rate after each epoch.
    batch_size, num_epochs : int >= 1
        An epoch has N // batch_size iterations, at least one.
    num_train_samples, num_val_samples : int or None
        How many images are scored for an accuracy, always the same ones; None means all.
    checkpoint_name : str or path, optional
        After each epoch everything is written to ``<name>_epoch_<number>.npz``.
    print_every : int
        Iterations over which the loss beside the progress bar is averaged.
    verbose : bool
        Show the progress bar and a line for each epoch.

    Attributes
    ----------
    loss_history : list of float
        One loss for each iteration.
    train_acc_history, val_acc_history : list of float
        Accuracies before the first iteration and after each epoch.
    best_val_acc : float
    best_params : dict, name -> array
        Copies: what the model does afterwards does not change them.

    Raises
    ------
    ConfigError
        If a keyword is not known, or a setting or a part of the data is wrong.

    Notes
    -----
    The order of the images comes from np.random, so one np.random.seed decides a whole training.
    """

    def __init__(self, model, data, **kwargs):
        self.model = model
        self.X_train, self.y_train = _samples(data, "X_train", "y_train")
        self.X_val, self.y_val = _samples(data, "X_val", "y_val")
        self.update_rule = _rule(kwargs.pop("update_rule", "sgd"))
        self.optim_config = dict(kwargs.pop("optim_config", {}))
        self.lr_decay = kwargs.pop("lr_decay", 1.0)
        self.batch_size = _count("batch_size", kwargs.pop("batch_size", 100))
        self.num_epochs = _count("num_epochs", kwargs.pop("num_epochs", 10))
        self.num_train_samples = kwargs.pop("num_train_samples", 1000)
        self.num_val_samples = kwargs.pop("num_val_samples", None)
        self.checkpoint_name = kwargs.pop("checkpoint_name", None)
        self.print_every = _count("print_every", kwargs.pop("print_every", 10))
        self.verbose = kwargs.pop("verbose", True)
        if kwargs:
            msg = f"Solver: {', '.join(map(repr, kwargs))} is not known. Look at the names in Solver's documentation."
            raise ConfigError(msg)
        if not 0 < self.lr_decay <= 1:
            msg = f"Solver: lr_decay={self.lr_decay!r} is outside (0, 1]. Use 1.0 to keep the learning rate."
            raise ConfigError(msg)
        self._reset()

    def _reset(self):
        """Start from the beginning."""
        self.epoch = 0
        self.iteration = 0
        self.best_val_acc = 0.0
        self.best_params = {}
        self.loss_history = []
        self.train_acc_history = []
        self.val_acc_history = []
        # one for each array: a rule keeps its memory there
        self.optim_configs = {name: dict(self.optim_config) for name in self.model.params}

    @property
    def iterations_per_epoch(self):
        """Number of batches in one pass over the training images."""
        return max(len(self.X_train) // self.batch_size, 1)

    def _step(self, chosen):
        """Make one update with the images ``chosen``."""
        loss, grads = self.model.loss(self.X_train[chosen], self.y_train[chosen])
        if not math.isfinite(loss):
            rate = next(iter(self.optim_configs.values())).get("learning_rate")
            msg = f"Solver: the loss is {loss} in iteration {self.iteration + 1}. Try a smaller learning rate than {rate}."
            raise ConfigError(msg)
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            if grads.get(name) is None or np.shape(grads[name]) != w.shape:
                shape = np.shape(grads[name]) if grads.get(name) is not None else "no gradient"
                msg = f"Solver: loss gave {shape} for '{name}', wanted an array of shape {w.shape}."
                raise ShapeError(msg)
            self.model.params[name], self.optim_configs[name] = self.update_rule(
                w, grads[name], self.optim_configs[name]
            )
        self.iteration += 1

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        """Return the fraction of samples whose highest score is that of the right class.

        Parameters
        ----------
        X : ndarray, shape (N, ...)
        y : ndarray, shape (N,), int
        num_samples : int or None
            Score only this many, drawn at random but always the same ones.
        batch_size : int
            Samples per pass; bounds the memory.

        Returns
        -------
        accuracy : float in [0, 1]
        """
        chosen = np.arange(len(X))
        if num_samples is not None and num_samples < len(X):
            chosen = np.sort(np.random.default_rng(0).permutation(len(X))[:num_samples])
        right = 0
        for start in range(0, len(chosen), batch_size):
            batch = chosen[start : start + batch_size]
            right += int(np.sum(self.model.loss(X[batch]).argmax(axis=1) == y[batch]))
        return right / len(chosen)

    def train(self):
        """Run the training; the model holds the best parameters afterwards.

        Ctrl-C ends it after the running iteration, with what was reached; a second one at once.
        """
        total = self.num_epochs * self.iterations_per_epoch
        if not self.val_acc_history:
            self._score()
        bar = tqdm(
            file=sys.stdout,  # what stands on stderr reads like a failure
            total=total,
            initial=self.iteration,
            desc="training",
            unit="it",
            mininterval=0.5,
            ncols=100,
            disable=not self.verbose,
        )
        with InterruptBetweenIterations() as interrupt, bar:
            while self.epoch < self.num_epochs and not interrupt.pending:
                order = np.random.permutation(len(self.X_train))  # noqa: NPY002  (the notebook seeds it)
                for start in range(0, self.iterations_per_epoch * self.batch_size, self.batch_size):
                    self._step(order[start : start + self.batch_size])
                    self._show(bar)
                    if interrupt.pending:
                        break
                else:
                    self._end_epoch()
        if self.epoch < self.num_epochs:
            tqdm.write(f"Stopped after {self.epoch} of {self.num_epochs} epochs, iteration {self.iteration}.")
        if self.best_params:
            self.model.params.update({name: value.copy() for name, value in self.best_params.items()})

    def _end_epoch(self):
        """Decay the rate, score, keep the best, write a checkpoint."""
        self.epoch += 1
        for config in self.optim_configs.values():
            if "learning_rate" in config:
                config["learning_rate"] *= self.lr_decay
        self._score()
        if self.verbose:
            line = f"epoch {self.epoch}/{self.num_epochs}: training accuracy {self.train_acc_history[-1]:.3f}"
            tqdm.write(f"{line}, validation accuracy {self.val_acc_history[-1]:.3f}")
        if self.checkpoint_name:
            self.save_checkpoint(f"{self.checkpoint_name}_epoch_{self.epoch}.npz")

    def _score(self):
        """Note both accuracies, and copy the parameters if they are the best so far."""
        self.train_acc_history.append(self.check_accuracy(self.X_train, self.y_train, self.num_train_samples))
        self.val_acc_history.append(self.check_accuracy(self.X_val, self.y_val, self.num_val_samples))
        if self.val_acc_history[-1] > self.best_val_acc:
            self.best_val_acc = self.val_acc_history[-1]
            self.best_params = {name: value.copy() for name, value in self.model.params.items()}

    def _show(self, bar):
        if self.iteration % self.print_every == 0 or self.iteration == 1:
            shown = {"loss": f"{np.mean(self.loss_history[-self.print_every :]):.3f}"}
            shown |= {"val": f"{self.val_acc_history[-1]:.3f}"}
            bar.set_postfix(shown, refresh=False)
        bar.update()

    def save_checkpoint(self, path):
        """Write everything that a later run needs to go on after the last finished epoch.

        Parameters
        ----------
        path : str or path
            An npz file: plain arrays, nothing pickled.
        """
        arrays = {f"param.{name}": value for name, value in self.model.params.items()}
        arrays |= {f"best.{name}": value for name, value in self.best_params.items()}
        arrays |= {name: np.asarray(getattr(self, name), dtype=np.float64) for name in _HISTORIES}
        numbers = {}
        for name, config in self.optim_configs.items():
            for key, value in config.items():
                if isinstance(value, np.ndarray):
                    arrays[f"config.{name}.{key}"] = value
                else:
                    numbers[f"{name}.{key}"] = value
        meta = {
            "epoch": self.epoch,
            "iteration": self.iteration,
            "best_val_acc": self.best_val_acc,
            "config": numbers,
            "rng": np.random.get_state(legacy=False),  # noqa: NPY002
        }
        write_npz(Path(path), arrays | {"meta": encode_json(meta)})

    def load_checkpoint(self, path):
        """Go on from what ``save_checkpoint`` wrote: ``train`` then does the epochs that are left.

        Raises
        ------
        ModelFileError
            If the file is missing or damaged.
        ShapeError
            If it is of another network.
        """
        arrays = read_npz(path, "Delete the file to train from the beginning.")
        meta = decode_json(arrays.pop("meta"))
        params = {name: arrays[f"param.{name}"] for name in self.model.params if f"param.{name}" in arrays}
        shapes = {name: value.shape for name, value in params.items()}
        wanted = {name: value.shape for name, value in self.model.params.items()}
        if shapes != wanted:
            msg = (
                f"{path} is of another network: it holds {shapes}, wanted {wanted}. Delete it to start anew."
            )
            raise ShapeError(msg)
        self.model.params.update(params)
        self.best_params = {
            name.removeprefix("best."): value for name, value in arrays.items() if name.startswith("best.")
        }
        for name in _HISTORIES:
            setattr(self, name, arrays[name].tolist())
        for key, value in meta["config"].items():
            name, _, setting = key.rpartition(".")
            self.optim_configs[name][setting] = value
        for key, value in arrays.items():
            if key.startswith("config."):
                name, _, setting = key.removeprefix("config.").rpartition(".")
                self.optim_configs[name][setting] = value
        self.epoch, self.iteration = meta["epoch"], meta["iteration"]
        self.best_val_acc = meta["best_val_acc"]
        state = meta["rng"]
        state["state"]["key"] = np.asarray(state["state"]["key"], dtype=np.uint32)
        np.random.set_state(state)  # noqa: NPY002


def _rule(rule):
    """Return an update rule by its name, or the function that was given."""
    if callable(rule):
        return rule
    if rule not in RULES:
        msg = f"Solver: update_rule={rule!r} is not known. Use one of {', '.join(RULES)}, or a function."
        raise ConfigError(msg)
    return getattr(update_rules, rule)


def _count(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        msg = f"Solver: {name}={value!r} is not a whole number of at least 1."
        raise ConfigError(msg)
    return int(value)


def _samples(data, images, labels):
    """Return images and labels of one part of the data, checked."""
    for name in (images, labels):
        if name not in data:
            msg = f"Solver: data has no '{name}', it has: {', '.join(map(str, data)) or 'nothing'}."
            raise ConfigError(msg)
    X, y = np.asarray(data[images]), np.asarray(data[labels])
    if len(X) == 0 or y.shape != (len(X),):
        msg = f"Solver: '{images}' holds {len(X)} images, '{labels}' has shape {y.shape}, wanted ({len(X)},)."
        raise ConfigError(msg)
    return X, y
