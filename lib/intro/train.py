"""How a network learns: one step, a measure of success, and the loop around both."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from lib.errors import ConfigError
from lib.progress import say

#: Training images on which the training accuracy is measured after each epoch.
NUM_MEASURED = 500


class Results(NamedTuple):
    """What a training gave: the best weights (name -> ndarray), the losses of all steps, accuracies of all epochs."""

    opt_params: dict
    loss_hist: list
    train_acc_hist: list
    val_acc_hist: list


def train_step(net, images, labels, optimizer):
    """Let a network learn from one batch: scores, loss, gradients, and one step of the optimizer.

    Parameters
    ----------
    net : nn.Module
        Returns scores (N, K). It is put into training mode first: dropout drops, batch norm uses the batch.
    images : Tensor, shape (N, 1, H, W)
    labels : Tensor, shape (N,), int64
    optimizer : torch.optim.Optimizer
        Of the parameters of net.

    Returns
    -------
    loss : float
        Cross entropy of the batch, its mean over the images, before the step.
    """
    loss = None
    ### BEGIN SOLUTION intro-train-step
    net.train()
    optimizer.zero_grad()
    batch_loss = F.cross_entropy(net(images), labels)
    batch_loss.backward()
    optimizer.step()
    loss = batch_loss.item()
    ### END SOLUTION
    return loss


def accuracy(net, images, labels, batch_size=500):
    """Return the fraction of images whose largest score is that of their label.

    Parameters
    ----------
    net : nn.Module
        Returns scores (N, K). It is put into evaluation mode first: nothing is dropped, batch norm uses what
        it remembers.
    images : Tensor, shape (N, 1, H, W)
    labels : Tensor, shape (N,), int64
    batch_size : int
        Images that are scored at a time; the last batch may be smaller.

    Returns
    -------
    fraction : float, from 0 to 1
    """
    fraction = None
    ### BEGIN SOLUTION intro-accuracy
    net.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(images), batch_size):
            scores = net(images[start : start + batch_size])
            right += (scores.argmax(dim=1) == labels[start : start + batch_size]).sum().item()
    fraction = right / len(images)
    ### END SOLUTION
    return fraction


def fit(net, data, optimizer, batch_size=50, max_epochs=10, verbose=False):
    """Train a network; afterwards it holds the weights of the epoch with the best validation accuracy.

    Parameters
    ----------
    net : nn.Module
        The order of the images is drawn from PyTorch's global generator: ``torch.manual_seed`` before.
    data : dict
        X_train (N, 1, H, W) float32, y_train (N,) int64, X_valid, y_valid: arrays.
    optimizer : torch.optim.Optimizer
    batch_size, max_epochs : int
    verbose : bool
        Print a line for each epoch.

    Returns
    -------
    Results

    Raises
    ------
    ConfigError
        If batch_size or max_epochs is not a whole number of at least 1.

    Notes
    -----
    Ctrl-C (*Kernel > Interrupt*) ends the training after the last whole epoch.
    """
    for name, value in (("batch_size", batch_size), ("max_epochs", max_epochs)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            msg = f"fit: {name}={value!r} is not a whole number of at least 1."
            raise ConfigError(msg)
    x, y, x_valid, y_valid = (
        torch.as_tensor(data[key]) for key in ("X_train", "y_train", "X_valid", "y_valid")
    )
    best, opt_state = -1.0, _snapshot(start(net, x))
    results = Results({}, [], [], [])
    try:
        for epoch in range(1, max_epochs + 1):
            losses = [train_step(net, x[part], y[part], optimizer) for part in _batches(len(x), batch_size)]
            train_acc = accuracy(net, x[:NUM_MEASURED], y[:NUM_MEASURED])
            val_acc = accuracy(net, x_valid, y_valid)
            if val_acc > best:
                best, opt_state = val_acc, _snapshot(net)
            results.loss_hist.extend(losses)
            results.train_acc_hist.append(train_acc)
            results.val_acc_hist.append(val_acc)
            if verbose:
                mean = sum(losses) / len(losses)
                say(f"epoch {epoch:2}: loss {mean:.3f}, accuracy {train_acc:.3f} train, {val_acc:.3f} valid")
    except KeyboardInterrupt:
        say(f"stopped after {len(results.val_acc_hist)} of {max_epochs} epochs.")
    net.load_state_dict(opt_state)
    params = {name: value.detach().numpy().copy() for name, value in net.named_parameters()}
    return results._replace(opt_params=params)


def start(net, images):
    """Let a network see one image, so that layers which find out their sizes by themselves do so; return it."""
    net.eval()
    with torch.no_grad():
        net(torch.as_tensor(images[:1]))
    return net


def _batches(count, batch_size):
    """Return the places of all images in a new order, batch by batch."""
    return torch.randperm(count).split(batch_size)


def _snapshot(net):
    return {name: value.clone() for name, value in net.state_dict().items()}
