"""Training: batches in random order, accuracy, and the loop over network, loss and optimizer."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from lib.errors import ConfigError
from lib.interrupt import InterruptBetweenIterations
from lib.mlp.checkpoint import (
    Progress,
    describe_network,
    describe_optimizer,
    read_checkpoint,
    require_continuable,
    restore_checkpoint,
    save_checkpoint,
)
from lib.mlp.guards import require_accuracies, require_count, require_number
from lib.model_file import decode_json, encode_json
from lib.progress import progress_bar, say
from lib.trained_file import differing_settings, set_aside

ACCURACY_SAMPLES = 2000  # of the training set, per epoch: an estimate within about one percent


class DataLoader:
    """Batches in random order; every sample comes at most once per pass.

    Parameters
    ----------
    data : ndarray, shape (N, ...)
    labels : ndarray, shape (N,)
    batch_size : int >= 1
        With fewer samples than that, each batch holds all of them.
    seed : int or None
        Seed of the order. None draws one from NumPy's global generator, so that np.random.seed decides.
    """

    def __init__(self, data, labels, batch_size, *, seed=None):
        self.data = data
        self.labels = labels
        self.batch_size = require_count("DataLoader", "batch_size", batch_size)
        if len(data) == 0 or len(data) != len(labels):
            msg = f"DataLoader: got {len(data)} samples, {len(labels)} labels, wanted as many, at least one."
            raise ConfigError(msg)
        if seed is None:
            seed = np.random.randint(2**31 - 1)  # noqa: NPY002
        self.rng = np.random.default_rng(seed)
        self._reset()
        self._shuffle()

    def _reset(self):
        """Start a pass over the samples."""
        self.indices = np.arange(len(self.data))
        self.position = 0

    def _shuffle(self):
        """Put the samples in a new order."""
        self.rng.shuffle(self.indices)

    def get_batch(self):
        """Return the next batch, (data, labels); less than a batch left over waits for the next pass."""
        if self.position and self.position + self.batch_size > len(self.indices):
            self._reset()
            self._shuffle()
        chosen = self.indices[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        return self.data[chosen], self.labels[chosen]

    def state_dict(self):
        """Return what `load_state_dict` needs to go on with the very next batch."""
        return {
            "rng": self.rng.bit_generator.state,
            "indices": self.indices.tolist(),
            "position": self.position,
        }

    def load_state_dict(self, state):
        """Go on where the loader stood that returned ``state``."""
        self.rng.bit_generator.state = state["rng"]
        self.indices = np.asarray(state["indices"], dtype=np.int64)
        self.position = state["position"]


SVHN_DataLoader = DataLoader


def compute_acc(model, data, labels, num_samples=None, batch_size=100):
    """Return the fraction of samples whose highest score is that of the right class.

    Parameters
    ----------
    model : Module
        Runs with ``is_training=False``: dropout is off.
    data : ndarray, shape (N, ...)
    labels : ndarray, shape (N,), int
    num_samples : int or None
        Score only this many, drawn at random but always the same ones, so that epochs can be compared.
    batch_size : int >= 1
        Samples per forward pass; bounds the memory.

    Returns
    -------
    accuracy : float in [0, 1]
    """
    batch_size = require_count("compute_acc", "batch_size", batch_size)
    if len(data) == 0 or len(data) != len(labels):
        msg = f"compute_acc: got {len(data)} samples, {len(labels)} labels, wanted as many, at least one."
        raise ConfigError(msg)
    chosen = np.arange(len(data))
    if num_samples is not None and num_samples < len(data):
        num_samples = require_count("compute_acc", "num_samples", num_samples)
        chosen = np.sort(np.random.default_rng(0).permutation(len(data))[:num_samples])
    right = 0
    for start in range(0, len(chosen), batch_size):
        batch = chosen[start : start + batch_size]
        scores = model.forward(data[batch], False)
        right += int(np.sum(scores.argmax(axis=1) == labels[batch]))
    return right / len(chosen)


def train_net(
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
    checkpoint=None,
):
    """Train a network and keep the parameters with the best validation accuracy.

    Parameters
    ----------
    data : dict
        ``data["data_train"]`` and ``data["data_val"]`` are pairs: images (N, ...), floats; labels (N,), ints.
    model : Module
        Holds the last parameters afterwards; the best ones are returned.
    loss_func : cross_entropy
    optimizer : Optimizer
        Made for ``model.net``. Its ``lr`` changes as training goes on.
    batch_size, max_epochs : int >= 1
        An epoch has N // batch_size iterations, at least one.
    lr_decay : float in (0, 1]
        Factor on the learning rate after every ``lr_decay_every`` epochs.
    lr_decay_every : int >= 1
    show_every : int >= 1
        Iterations over which the loss next to the progress bar is averaged.
    verbose : bool
        Print a line per epoch.
    regularization : {"none", "l1", "l2"}
    reg_lambda : float >= 0
        Kind and weight of the penalty on the parameters, see `Module.backward`.
    checkpoint : path or None
        File that is written after each epoch and on Ctrl-C. If it exists, training goes on from it, to the
        same result as without the interruption; if it was made with other settings, it is set aside.

    Returns
    -------
    opt_params : dict, name -> array
        Copies of the parameters after the epoch with the best validation accuracy.
    loss_hist : list of float
        Loss of each iteration.
    train_acc_hist, val_acc_hist : list of float
        Accuracies after each epoch; on the training set, over the same 2000 samples each time.

    Raises
    ------
    ConfigError
        If an argument is wrong, or the loss stops being finite; the model holds the best parameters then.

    Notes
    -----
    Ctrl-C ends training after the running iteration and returns what was reached; a second one at once.
    """
    where = "train_net"
    data_train, labels_train = _samples(data, "data_train")
    data_val, labels_val = _samples(data, "data_val")
    max_epochs = require_count(where, "max_epochs", max_epochs)
    lr_decay_every = require_count(where, "lr_decay_every", lr_decay_every)
    show_every = require_count(where, "show_every", show_every)
    lr_decay = require_number(where, "lr_decay", lr_decay, 0, 1)
    if lr_decay == 0:
        msg = "train_net: lr_decay=0 would set the learning rate to 0. Use 1.0 to keep it."
        raise ConfigError(msg)
    if getattr(optimizer, "net", model.net) is not model.net:
        msg = "train_net: the optimizer was made for another network. Make it anew with model.net."
        raise ConfigError(msg)
    batch_size = require_count(where, "batch_size", batch_size)
    loader = DataLoader(data_train, labels_train, batch_size)
    iters_per_epoch = max(len(data_train) // batch_size, 1)
    settings = {
        "network": describe_network(model.net),
        "optimizer": describe_optimizer(optimizer),
        "batch_size": batch_size,
        "lr_decay": lr_decay,
        "lr_decay_every": lr_decay_every,
        "regularization": regularization,
        "reg_lambda": reg_lambda,
        "training images": len(data_train),
    }
    progress = Progress()
    if checkpoint is not None:
        require_continuable(optimizer)
        settings, progress = _continue_from(checkpoint, settings, max_epochs, model, optimizer, loader)
    opt_params, best_val_acc = progress.opt_params, progress.best_val_acc

    stopped_inside = False
    # in text and on stdout: a widget is lost when a notebook is saved or printed, and what stands on stderr
    # reads like a failure
    bar = progress_bar(
        file=sys.stdout,
        total=max_epochs * iters_per_epoch,
        initial=progress.iteration,
        desc="training",
        unit="it",
        mininterval=0.5,
        ncols=100,
    )
    with InterruptBetweenIterations() as interrupt, bar:
        try:
            while progress.epoch < max_epochs and not interrupt.pending:
                data_batch, labels_batch = loader.get_batch()
                loss = None
                ### BEGIN SOLUTION train-step
                scores = model.forward(data_batch)
                loss = loss_func.forward(scores, labels_batch)
                dscores = loss_func.backward()
                if regularization == "none":
                    model.backward(dscores)
                else:
                    model.backward(dscores, regularization, reg_lambda)
                optimizer.step()
                ### END SOLUTION
                _require_finite(loss, progress, optimizer, model)
                progress.loss_hist.append(float(loss))
                progress.iteration += 1
                _show(bar, progress, show_every)
                if progress.iteration % iters_per_epoch:
                    continue

                train_acc, val_acc = None, None
                ### BEGIN SOLUTION train-accuracy
                train_acc = compute_acc(model, data_train, labels_train, num_samples=ACCURACY_SAMPLES)
                val_acc = compute_acc(model, data_val, labels_val)
                ### END SOLUTION
                require_accuracies(train_acc=train_acc, val_acc=val_acc)
                ### BEGIN SOLUTION train-best
                if val_acc > best_val_acc:
                    best_val_acc = val_acc
                    opt_params = {name: value.copy() for name, value in model.net.params.items()}
                ### END SOLUTION
                progress.epoch += 1
                progress.train_acc_hist.append(train_acc)
                progress.val_acc_hist.append(val_acc)
                progress.opt_params, progress.best_val_acc = opt_params, best_val_acc
                if progress.epoch % lr_decay_every == 0:
                    optimizer.lr *= lr_decay
                if verbose:
                    say(_epoch_line(progress, max_epochs, iters_per_epoch))
                if checkpoint is not None:
                    save_checkpoint(checkpoint, progress, model, optimizer, loader, settings)
        except KeyboardInterrupt:
            stopped_inside = True  # layers, generators and optimizer may be half done: do not save this
        if (
            interrupt.pending
            and not stopped_inside
            and progress.epoch < max_epochs
            and checkpoint is not None
        ):
            save_checkpoint(checkpoint, progress, model, optimizer, loader, settings)
    if progress.epoch < max_epochs:
        say(_stopped_line(progress, max_epochs, checkpoint))
    if not opt_params:
        opt_params = {
            name: value.copy() for layer in model.net.layers for name, value in layer.params.items()
        }
    return opt_params, progress.loss_hist, progress.train_acc_hist, progress.val_acc_hist


def _samples(data, part):
    """Return the pair (images, labels) of one part of the data, checked."""
    if part not in data:
        msg = f"train_net: data has no '{part}', it has: {', '.join(map(str, data)) or 'nothing'}."
        raise ConfigError(msg)
    pair = data[part]
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
        msg = (
            f"train_net: data['{part}'] is a {type(pair).__name__}, wanted a pair (images, labels): "
            f"{{'{part}': (data['{part}'], data['{part.replace('data', 'labels')}']), ...}}."
        )
        raise ConfigError(msg)
    images, labels = np.asarray(pair[0]), np.asarray(pair[1])
    problem = None
    if len(images) == 0:
        problem = "holds no samples"
    elif labels.shape != (len(images),):
        problem = f"holds {len(images)} images and labels of shape {labels.shape}, wanted ({len(images)},)"
    elif not np.issubdtype(images.dtype, np.floating):
        problem = f"holds images of dtype {images.dtype}, wanted floats: images.astype(np.float32) / 255"
    elif not np.issubdtype(labels.dtype, np.integer):
        problem = f"holds labels of dtype {labels.dtype}, wanted integers: labels.astype(np.int64)"
    elif labels.min() < 0:
        problem = f"holds the label {labels.min()}; classes are counted from 0"
    if problem:
        msg = f"train_net: data['{part}'] {problem}."
        raise ConfigError(msg)
    return images, labels


def _continue_from(checkpoint, settings, max_epochs, model, optimizer, loader):
    """Restore a checkpoint if there is one of this very training; return (settings, progress)."""
    path = Path(checkpoint)
    settings = decode_json(encode_json(settings))  # as it will come back from the file
    if not path.exists():
        return settings, Progress()
    meta, arrays = read_checkpoint(path)
    # an optimizer that has trained already comes with the rate it had reached: still the same training
    if settings["optimizer"].get("lr") == meta["optimizer"].get("lr"):
        settings["optimizer"]["lr"] = meta["settings"]["optimizer"].get("lr")
    differences = differing_settings(meta["settings"], settings)
    if differences:
        previous = set_aside(path)
        say(
            f"{path} was made with other settings ({'; '.join(differences)}): training from the beginning. "
            f"The old file is kept as {previous}."
        )
        return settings, Progress()
    progress = restore_checkpoint(path, (meta, arrays), model, optimizer, loader)
    if progress.epoch >= max_epochs:
        say(f"{path}: finished, {progress.epoch} epochs are done. Delete it to train again.")
    else:
        say(
            f"{path}: going on after {progress.epoch} of {max_epochs} epochs, iteration {progress.iteration}."
        )
    return settings, progress


def _require_finite(loss, progress, optimizer, model):
    """Stop a training whose loss is no number any more: it does not recover."""
    if loss is None:
        msg = f"train_net: loss is None in iteration {progress.iteration + 1}. Assign the loss of the batch to it."
        raise ConfigError(msg)
    if math.isfinite(loss):
        return
    kept = "."
    if progress.opt_params:
        for name, value in progress.opt_params.items():
            model.net.assign(name, value)
        kept = (
            f"; the model holds the best parameters so far, validation accuracy {progress.best_val_acc:.3f}."
        )
    msg = (
        f"train_net: the loss is {loss} in iteration {progress.iteration + 1}, epoch {progress.epoch + 1}. "
        f"Try a smaller learning rate than {optimizer.lr:g}, or smaller initial weights{kept}"
    )
    raise ConfigError(msg)


def _show(bar, progress, show_every):
    """Move the progress bar; the bar itself decides how often it is drawn."""
    if progress.iteration % show_every == 0 or progress.iteration == 1:
        shown = {"loss": f"{np.mean(progress.loss_hist[-show_every:]):.3f}"}
        if progress.val_acc_hist:
            shown |= {
                "train": f"{progress.train_acc_hist[-1]:.3f}",
                "val": f"{progress.val_acc_hist[-1]:.3f}",
            }
        bar.set_postfix(shown, refresh=False)
    bar.update()


def _epoch_line(progress, max_epochs, iters_per_epoch):
    loss = np.mean(progress.loss_hist[-iters_per_epoch:])
    return (
        f"epoch {progress.epoch}/{max_epochs}: average loss {loss:.4f}, training accuracy "
        f"{progress.train_acc_hist[-1]:.3f}, validation accuracy {progress.val_acc_hist[-1]:.3f}"
    )


def _stopped_line(progress, max_epochs, checkpoint):
    line = f"Stopped after {progress.epoch} of {max_epochs} epochs, iteration {progress.iteration}"
    if progress.val_acc_hist:
        line += f"; best validation accuracy {progress.best_val_acc:.3f}"
    if checkpoint is not None and Path(checkpoint).exists():
        line += f". Run it again to go on from {checkpoint}"
    return line + "."
