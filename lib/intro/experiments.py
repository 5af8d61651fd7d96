"""A book of experiments: each network is trained once for each seed, and what came out is kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lib.errors import ModelFileError
from lib.intro.train import accuracy, fit, start
from lib.intro.train_or_load import code_of, describe
from lib.model_file import decode_json, encode_json, read_npz, write_npz
from lib.progress import say
from lib.trained_file import differing_settings, fingerprint, is_being_graded, plain

_ARRAYS = ("loss_hist", "train_acc", "valid_acc", "test_acc", "filters", "bias")


@dataclass(frozen=True)
class Run:
    """One experiment.

    Attributes
    ----------
    name : str
    num_params : int
        Numbers that the network learns.
    loss_hist : ndarray, shape (steps,)
        Of the first seed.
    train_acc, valid_acc : ndarray, shape (seeds, epochs)
    test_acc : ndarray, shape (seeds,)
        Of the weights with the best validation accuracy.
    filters, bias : ndarray, shapes (F, C, KH, KW) and (F,)
        The first convolution of the first seed; empty if there is none.
    settings : dict
    """

    name: str
    num_params: int
    loss_hist: np.ndarray
    train_acc: np.ndarray
    valid_acc: np.ndarray
    test_acc: np.ndarray
    filters: np.ndarray
    bias: np.ndarray
    settings: dict

    def __str__(self):
        acc = ", ".join(f"{value:.3f}" for value in self.test_acc)
        return f"{self.name}: test accuracy {self.test_acc.mean():.3f} ({acc}), {self.num_params} weights"

    @property
    def conv_1(self) -> nn.Conv2d:
        """The first convolution, as it was after training."""
        if not self.filters.size:
            msg = f"experiment '{self.name}': its network has no convolution. Choose one that has."
            raise ModelFileError(msg)
        F, C, KH, KW = self.filters.shape
        stride, padding = self.settings["stride"], self.settings["padding"]
        conv = nn.Conv2d(C, F, (KH, KW), stride, padding if isinstance(padding, str) else tuple(padding))
        conv.load_state_dict({"weight": torch.as_tensor(self.filters), "bias": torch.as_tensor(self.bias)})
        return conv


class Experiments:
    """The book.

    Parameters
    ----------
    path : str or Path
        Its file, ``experiments.npz``: it is handed in, so that a grader need not train again.
    """

    def __init__(self, path="experiments.npz"):
        self.path = Path(path)

    def run(
        self,
        name,
        make: Callable[[], nn.Module],
        data,
        *,
        batch_size=50,
        max_epochs=10,
        seeds=(0, 1, 2),
        first_weights=1.0,
    ) -> Run:
        """Train ``make()`` once for each seed with Adam, or take the result from the book.

        Parameters
        ----------
        name : str
        make : function() -> nn.Module
            A class of networks, or a function that makes one.
        data : dict
            As `lib.intro.train.fit` takes it, and X_test, y_test.
        batch_size, max_epochs : int
        seeds : sequence of int
        first_weights : float
            The first convolution's weights are multiplied by this before training. With small ones, what was
            learned stands out from the random beginning.

        Returns
        -------
        Run

        Raises
        ------
        ModelFileError
            While being graded or reported, when the book does not have it.

        Notes
        -----
        A result is taken from the book when layers, settings, data and the code of the network and of
        ``train_step`` are those it was made with.
        """
        torch.manual_seed(0)
        net = start(make(), data["X_train"])
        settings = plain(
            {
                "network": describe(net),
                "code": code_of(net),
                "batch_size": batch_size,
                "max_epochs": max_epochs,
                "seeds": list(seeds),
                "first_weights": first_weights,
                "images": len(data["X_train"]),
                "provenance": str(getattr(data, "provenance", "")),
            }
        )
        kept = self._read().get(name)
        if kept is not None and (
            is_being_graded() or kept.settings.get("fingerprint") == fingerprint(settings)
        ):
            found = differing_settings({key: kept.settings.get(key) for key in settings}, settings)
            remark = f"; with other settings than the notebook has ({'; '.join(found)})" if found else ""
            say(f"{kept} [from {self.path.name}{remark}]")
            return kept
        if is_being_graded():
            msg = (
                f"{self.path} has no experiment '{name}', and neither the report nor grading trains. "
                "Run all cells of the notebook first."
            )
            raise ModelFileError(msg)
        run = _train(name, make, data, settings)
        self._write(run)
        say(str(run))
        return run

    def _read(self) -> dict[str, Run]:
        if not self.path.is_file():
            return {}
        advice = "Delete it and run the notebook again; it is written anew."
        arrays = read_npz(self.path, advice)
        try:
            entries = decode_json(arrays["meta"])
            return {
                name: Run(
                    name,
                    int(entry["num_params"]),
                    *(arrays[f"{number}.{key}"] for key in _ARRAYS),
                    settings=dict(entry["settings"]),
                )
                for number, (name, entry) in enumerate(entries.items())
            }
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            msg = f"{self.path} is not a book of experiments ({type(error).__name__}: {error}). {advice}"
            raise ModelFileError(msg) from error

    def _write(self, run: Run) -> None:
        try:
            runs = self._read()
        except ModelFileError as error:
            say(f"{error} It is replaced.")
            runs = {}
        runs[run.name] = run
        arrays = {
            f"{number}.{key}": getattr(entry, key)
            for number, entry in enumerate(runs.values())
            for key in _ARRAYS
        }
        meta = {name: {"num_params": r.num_params, "settings": r.settings} for name, r in runs.items()}
        write_npz(self.path, arrays | {"meta": encode_json(meta)})


def _first_convolution(net):
    return next((layer for layer in net.modules() if isinstance(layer, nn.Conv2d)), None)


def _train(name, make, data, settings) -> Run:
    """Train for each seed, and put together what is kept."""
    results, tests, first = [], [], None
    for seed in settings["seeds"]:
        torch.manual_seed(seed)
        net = start(make(), data["X_train"])
        if settings["first_weights"] != 1 and (conv := _first_convolution(net)) is not None:
            with torch.no_grad():
                conv.weight.mul_(settings["first_weights"])
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
        results.append(fit(net, data, optimizer, settings["batch_size"], settings["max_epochs"]))
        if len(results[-1].val_acc_hist) < settings["max_epochs"]:  # stopped by hand: nothing to keep
            raise KeyboardInterrupt
        tests.append(accuracy(net, torch.as_tensor(data["X_test"]), torch.as_tensor(data["y_test"])))
        first = first or net
    conv = _first_convolution(first)
    filters = np.zeros((0, 0, 0, 0)) if conv is None else conv.weight.detach().numpy().copy()
    bias = np.zeros(len(filters)) if conv is None or conv.bias is None else conv.bias.detach().numpy().copy()
    kept = settings | {"fingerprint": fingerprint(settings)}
    if conv is not None:
        kept |= {"stride": conv.stride, "padding": conv.padding}
    return Run(
        name,
        sum(value.numel() for value in first.parameters()),
        np.asarray(results[0].loss_hist),
        np.asarray([result.train_acc_hist for result in results]),
        np.asarray([result.val_acc_hist for result in results]),
        np.asarray(tests),
        filters,
        bias.astype(filters.dtype),
        kept,
    )
