"""Checks of what lives in the notebook: the trained model and the pictures of its filters."""

from __future__ import annotations

import contextlib

import numpy as np

from lib.check.cnn.filter_grid import match_filters
from lib.check.cnn.network import MAX_LAYERS, limit_problem
from lib.check.cnn.probes import summarize, watch
from lib.check.run import say
from lib.check.trained import check_training, fail


def training(results=None, model=None, data=None, path="model.npz"):
    """Check what came out of training: histories, network, accuracy, and the file that is handed in.

    Parameters
    ----------
    results : tuple (opt_params, loss_hist, train_acc_hist, val_acc_hist)
    model : the trained network
    data : dict
        ``data["data_val"]`` holds (images, labels).
    path : path
        The model file.
    """
    check_training(
        "training",
        results,
        model,
        data,
        path,
        refuse=lambda: limit_problem(summarize(model, _look_inside(model, data))),
        limits=f"at most {MAX_LAYERS} convolutions and {MAX_LAYERS} poolings",
    )


def _look_inside(model, data):
    """Run two images through the network, and return what its layers did to them; nothing if that fails."""
    with contextlib.suppress(Exception), watch(model) as seen:
        try:
            images = np.asarray(data["data_val"][0][:2])
        except (TypeError, KeyError, IndexError):  # checked without data
            images = np.zeros((2, 32, 32, 3), np.float32)
        model.forward(images, False)
        return seen
    return {}


def filters(im_array=None, nrows=None, ncols=None, model=None):
    """Check that ``im_array`` shows the filters of the model's first convolution, one picture for each.

    Parameters
    ----------
    im_array : ndarray
        A stack (F, KH, KW, C), or one mosaic of nrows x ncols pictures.
    nrows, ncols : int
    model : the trained network
    """
    if im_array is None:
        fail("filters", "not written yet: im_array is None. Fill in the cell above.")
    weights = (
        []
        if model is None
        else [w for layer in model.net.layers for w in layer.params.values() if w.ndim == 4]
    )
    if not weights:
        fail("filters", "model has no convolution whose filters could be shown.")
    match = match_filters(im_array, weights[0], nrows, ncols)
    if match.problems:
        fail("filters", *match.problems)
    KH, KW, _, F = weights[0].shape
    say(f"filters: {F} filters of {KH}x{KW} pixels in the right order")
