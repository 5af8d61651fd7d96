"""The Solver: train a network that is a dictionary of parameters and a loss.

It knows no layer. A model has ``params``, a dictionary of arrays, and ``loss``: ``loss(X)`` gives scores
(N, K), ``loss(X, y)`` gives the loss and a dictionary of gradients with the keys of ``params``.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from lib import update_rules
from lib.errors import ConfigError, ModelFileError, ShapeError
from lib.interrupt import InterruptBetweenIterations
from lib.model_file import compare_params, decode_json, encode_json, read_npz, with_prefix, write_npz
from lib.progress import progress_bar, say

RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
SETTINGS = (
    "update_rule, optim_config, lr_decay, batch_size, num_epochs, num_train_samples, num_val_samples, "
    "checkpoint_name, print_every, verbose"
)
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
    optim_config : dict or None
        Settings of the rule, e.g. ``{"learning_rate": 1e-3}``. A name that the rule does not know is refused.
    lr_decay : float in (0, 1]
        Factor on the learning rate after each epoch.
    batch_size, num_epochs : int >= 1
        An epoch has N // batch_size iterations, at least one.
    num_train_samples, num_val_samples : int or None
        How many images are scored for an accuracy, always the same ones; None means all.
    checkpoint_name : str or path, optional
        After each epoch everything is written to ``<name>_epoch_<number>.npz``; ``load_checkpoint`` goes on from
        there.
    print_every : int
        Iterations over which the loss beside the progress bar is averaged.
    verbose : bool
        Show the progress bar and a line for each epoch.

    Attributes
    ----------
    loss_history : list of float
        One loss for each iteration.
    train_acc_history, val_acc_history : list of float
        Accuracies before the first iteration, after each epoch, and where Ctrl-C stopped the training.
    epoch, iteration : int
        How many are finished.
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
        self.model = _functional(model)
        self.X_train, self.y_train = _samples(data, "X_train", "y_train")
        self.X_val, self.y_val = _samples(data, "X_val", "y_val")
        self.update_rule = _rule(kwargs.pop("update_rule", "sgd"))
        self.optim_config = _config(kwargs.pop("optim_config", None))
        self.lr_decay = kwargs.pop("lr_decay", 1.0)
        self.batch_size = _count("batch_size", kwargs.pop("batch_size", 100))
        self.num_epochs = _count("num_epochs", kwargs.pop("num_epochs", 10))
        self.num_train_samples = _count("num_train_samples", kwargs.pop("num_train_samples", 1000), True)
        self.num_val_samples = _count("num_val_samples", kwargs.pop("num_val_samples", None), True)
        self.checkpoint_name = kwargs.pop("checkpoint_name", None)
        self.print_every = _count("print_every", kwargs.pop("print_every", 10))
        self.verbose = kwargs.pop("verbose", True)
        if kwargs:
            msg = f"Solver: {', '.join(map(repr, kwargs))} is not known. Use {SETTINGS}."
            raise ConfigError(msg)
        if not _is_number(self.lr_decay) or not 0 < self.lr_decay <= 1:
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
        loss, grads = self._loss_and_gradients(chosen)
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            self.model.params[name], self.optim_configs[name] = self.update_rule(
                w, grads[name], self.optim_configs[name]
            )
        self.iteration += 1

    def _loss_and_gradients(self, chosen):
        """Ask the model for both, and refuse what no training recovers from."""
        result = self.model.loss(self.X_train[chosen], self.y_train[chosen])
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
            msg = f"Solver: model.loss(X, y) gave {_kind(result)}, wanted the loss and a dictionary of gradients."
            raise ConfigError(msg)
        loss, grads = result
        if loss is None or np.size(loss) != 1:
            msg = f"Solver: the loss is {_kind(loss)} in iteration {self.iteration + 1}, wanted one number."
            raise ConfigError(msg)
        if not math.isfinite(loss):
            self._put_best()
            rate = self.optim_config.get("learning_rate", "the rule's own")
            msg = (
                f"Solver: the loss is {loss} in iteration {self.iteration + 1}. Try a smaller learning rate than "
                f"{rate}. The model holds the best parameters so far, validation accuracy {self.best_val_acc:.3f}."
            )
            raise ConfigError(msg)
        for name, w in self.model.params.items():
            shape = "no gradient" if grads.get(name) is None else np.shape(grads[name])
            if shape != w.shape:
                msg = f"Solver: loss gave {shape} for '{name}', wanted an array of shape {w.shape}."
                raise ShapeError(msg)
        return loss, grads

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
            scores = self.model.loss(X[batch])
            if getattr(scores, "ndim", None) != 2 or len(scores) != len(batch):
                msg = f"Solver: model.loss(X) gave {_kind(scores)}, wanted scores of shape ({len(batch)}, classes)."
                raise ShapeError(msg)
            right += int(np.sum(scores.argmax(axis=1) == y[batch]))
        return right / len(chosen)

    def train(self):
        """Run the training; the model holds the best parameters afterwards.

        Ctrl-C ends it after the running iteration, and what was reached is scored too; a second one ends it at
        once. Another call goes on with the epochs that are left.
        """
        _require_folder(self.checkpoint_name)
        if not self.val_acc_history:
            self._score()
        bar = progress_bar(
            file=sys.stdout,  # what stands on stderr reads like a failure
            total=self.num_epochs * self.iterations_per_epoch,
            initial=self.iteration,
            desc="training",
            unit="it",
            mininterval=0.5,
            ncols=100,
            disable=not self.verbose,
        )
        with InterruptBetweenIterations() as interrupt, bar:
            try:
                while self.epoch < self.num_epochs and not interrupt.pending:
                    self._run_epoch(bar, interrupt)
            except KeyboardInterrupt:
                pass  # half a step may be done: the best parameters so far are whole
        if self.epoch < self.num_epochs:
            say(f"Stopped after {self.epoch} of {self.num_epochs} epochs, iteration {self.iteration}.")
        self._put_best()

    def _run_epoch(self, bar, interrupt):
        """Make the iterations of one epoch, or of a part of it."""
        order = np.random.permutation(len(self.X_train))  # noqa: NPY002  (the notebook seeds it)
        last = self.iterations_per_epoch - 1
        for number in range(self.iterations_per_epoch):
            self._step(order[number * self.batch_size : (number + 1) * self.batch_size])
            self._show(bar)
            if interrupt.pending and number < last:
                self._score()
                return
        self._end_epoch()

    def _put_best(self):
        """Put copies of the best parameters into the model."""
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
            say(f"{line}, validation accuracy {self.val_acc_history[-1]:.3f}")
        if self.checkpoint_name:
            self.save_checkpoint(f"{self.checkpoint_name}_epoch_{self.epoch}.npz")

    def _score(self):
        """Note both accuracies, and copy the parameters if they are the best so far."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if not self.best_params or val_acc > self.best_val_acc:
            self.best_val_acc = val_acc
            self.best_params = {name: value.copy() for name, value in self.model.params.items()}

    def _show(self, bar):
        if self.iteration % self.print_every == 0 or self.iteration == 1:
            loss, accuracy = np.mean(self.loss_history[-self.print_every :]), self.val_acc_history[-1]
            bar.set_postfix(loss=f"{loss:.3f}", val=f"{accuracy:.3f}", refresh=False)
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
            "update_rule": rule_name(self.update_rule),
            "config": numbers,
            "rng": np.random.get_state(legacy=False),  # noqa: NPY002
        }
        write_npz(Path(path), arrays | {"meta": encode_json(meta)})

    def load_checkpoint(self, path):
        """Go on from what ``save_checkpoint`` wrote: ``train`` then does the epochs that are left.

        Raises
        ------
        ModelFileError
            If the file is missing, damaged, no checkpoint, or of another network or update rule. Nothing is
            changed then.
        """
        advice = "Delete the file to train from the beginning."
        arrays = read_npz(path, advice)
        try:
            meta = decode_json(arrays["meta"])
            histories = {name: arrays[name].tolist() for name in _HISTORIES}
            numbers = {name: meta[name] for name in ("epoch", "iteration", "best_val_acc")}
            rule, settings, state = meta["update_rule"], dict(meta["config"]), meta["rng"]
            state["state"]["key"] = np.asarray(state["state"]["key"], dtype=np.uint32)
        except (KeyError, ValueError, TypeError) as error:
            msg = f"{path} is not a checkpoint of a Solver: {error}. {advice}"
            raise ModelFileError(msg) from error
        params = with_prefix(arrays, "param")
        differences = compare_params(params, self.model.params)
        if rule != rule_name(self.update_rule):
            differences.append(f"its update rule is {rule}, not {rule_name(self.update_rule)}")
        if differences:
            msg = f"{path} is of another training: {'; '.join(differences)}. {advice}"
            raise ModelFileError(msg)
        self.model.params.update(params)
        self.best_params = with_prefix(arrays, "best")
        for name, value in (histories | numbers).items():
            setattr(self, name, value)
        for key, value in (settings | with_prefix(arrays, "config")).items():
            name, _, setting = key.rpartition(".")
            self.optim_configs[name][setting] = value
        np.random.set_state(state)  # noqa: NPY002


def _kind(value):
    """Name what came: its type, and its shape if it has one."""
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + ("" if shape is None else f" of shape {shape}")


def _is_number(value):
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _functional(model):
    """Return the model, if it has parameters and a loss."""
    if not (isinstance(getattr(model, "params", None), dict) and callable(getattr(model, "loss", None))):
        msg = f"Solver: model is a {type(model).__name__}, wanted an object with a dictionary params and a method loss."
        raise ConfigError(msg)
    return model


def _config(config):
    """Return a copy of the settings of the rule."""
    config = {} if config is None else config
    if not isinstance(config, dict):
        msg = f"Solver: optim_config is a {type(config).__name__}, wanted a dictionary: {{'learning_rate': 1e-3}}."
        raise ConfigError(msg)
    rate = config.get("learning_rate", 0.0)
    if not (_is_number(rate) and 0 <= rate < np.inf):
        msg = f"Solver: learning_rate={rate!r} is not a number of at least 0. 1e-3 is usual."
        raise ConfigError(msg)
    return dict(config)


def _require_folder(name):
    """Refuse a name of checkpoints that cannot be written: better before the first epoch than after it."""
    if name is not None and not Path(name).parent.is_dir():
        msg = f"Solver: checkpoint_name={str(name)!r}, but there is no folder {Path(name).parent}. Make it first."
        raise ConfigError(msg)


def rule_name(rule):
    """Return the name under which a rule can be recognized later."""
    return getattr(rule, "__name__", type(rule).__name__)


def _rule(rule):
    """Return an update rule by its name, or the function that was given."""
    if callable(rule):
        return rule
    if rule not in RULES:
        msg = f"Solver: update_rule={rule!r} is not known. Use one of {', '.join(RULES)}, or a function."
        raise ConfigError(msg)
    return getattr(update_rules, rule)


def _count(name, value, or_none=False):
    if or_none and value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        msg = f"Solver: {name}={value!r} is not a whole number of at least 1."
        raise ConfigError(msg)
    return int(value)


def _samples(data, images, labels):
    """Return images and labels of one part of the data, checked."""
    if not isinstance(data, dict):
        msg = f"Solver: data is a {type(data).__name__}, wanted a dictionary with X_train, y_train, X_val, y_val."
        raise ConfigError(msg)
    for name in (images, labels):
        if name not in data:
            msg = f"Solver: data has no '{name}', it has: {', '.join(map(str, data)) or 'nothing'}."
            raise ConfigError(msg)
    X, y = np.asarray(data[images]), np.asarray(data[labels])
    if len(X) == 0 or y.shape != (len(X),):
        msg = f"Solver: '{images}' holds {len(X)} images, '{labels}' has shape {y.shape}, wanted ({len(X)},)."
        raise ConfigError(msg)
    if not np.issubdtype(y.dtype, np.integer):
        msg = f"Solver: '{labels}' has dtype {y.dtype}, wanted integers: {labels}.astype(np.int64)."
        raise ConfigError(msg)
    return X, y
