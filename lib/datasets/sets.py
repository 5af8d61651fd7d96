"""The data sets that assignments use: what a tool must know to draw, find and judge each of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from lib.errors import DatasetError


@dataclass(frozen=True)
class ImageSet:
    """One data set.

    Attributes
    ----------
    name, title : str
        The name of its folder, and what a reader calls it.
    num_classes : int
    layouts : tuple of tuple of str
        The files of the set in each of the forms that it comes in; any form will do.
    maker : str
        ``"module:function"``, writes the sample.
    archives : tuple of str
        What ./get_datasets.sh fetches where that is not the files themselves; unpacked when the set is loaded.
    subfolders : tuple of str
        What archives unpack to.
    """

    name: str
    title: str
    num_classes: int
    layouts: tuple[tuple[str, ...], ...]
    maker: str
    archives: tuple[str, ...] = ()
    subfolders: tuple[str, ...] = ()

    def make_sample(self, folder, *, force=False, **sizes) -> bool:
        """Draw the sample into a folder, unless it is there; return whether anything was written."""
        return _function(self.maker)(Path(folder), force=force, **sizes)

    def lying(self, folder) -> tuple[str, ...]:
        """Return the files of the form that a folder holds, if only in part; none if it holds nothing of the set."""
        forms = (*self.layouts, *((archive,) for archive in self.archives))
        return next((files for files in forms if any((Path(folder) / name).is_file() for name in files)), ())

    def places(self, data) -> list[Path]:
        """Return where a set may lie below a data folder, the best place first."""
        # directly in data/ is where students and older scripts put it
        tops = [Path(data) / self.name, Path(data), Path(data) / f"{self.name}-sample"]
        return [folder for top in tops for folder in (top, *(top / sub for sub in self.subfolders))]

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw held-back sample images, (N, H, W, C) uint8, and their labels (N,)."""
        return _DRAW[self.name](count, rng)

    def test_images(self, data_folder) -> tuple[np.ndarray, np.ndarray]:
        """Read the official test images, (N, H, W, C) uint8, and their labels (N,)."""
        return _TEST[self.name](data_folder)

    def provenance(self, data_folder) -> str:
        """Load the set as an assignment does, and say which data these are."""
        return _function(_LOADERS[self.name])(data_dir=data_folder).provenance


def _function(address):
    module, name = address.split(":")
    return getattr(import_module(f"lib.datasets.{module}"), name)


def _draw_cifar100(count, rng):
    images, coarse, _ = _function("sample_pictures:render_cifar100")(count, rng)
    return images, coarse


def _draw_mnist(count, rng):
    images, labels = _function("sample_digits:render_mnist")(count, rng)
    return images[..., None], labels


def _test_cifar100(data_folder):
    found = _function("cifar100:CIFAR100")(data_folder)
    return found.test_images, found.test_coarse


def _test_mnist(data_folder):
    _, _, images, labels = _function("mnist:MNIST")(data_folder)
    return images[..., None], labels


_DRAW = {
    "svhn": lambda count, rng: _function("sample_svhn:render_digits")(count, rng),
    "cifar10": lambda count, rng: _function("sample_pictures:render_cifar10")(count, rng),
    "cifar100": _draw_cifar100,
    "mnist": _draw_mnist,
}
_TEST = {
    "svhn": lambda folder: _function("svhn:SVHN")(folder)[2:4],
    "cifar10": lambda folder: _function("cifar10:CIFAR10")(folder)[2:4],
    "cifar100": _test_cifar100,
    "mnist": _test_mnist,
}
_LOADERS = {
    "svhn": "svhn:SVHN_data",
    "cifar10": "cifar10:CIFAR10_data",
    "cifar100": "cifar100:CIFAR100_data",
    "mnist": "mnist:MNIST_data",
}

SETS = {
    "svhn": ImageSet("svhn", "SVHN", 10, (("train_32x32.mat", "test_32x32.mat"),), "sample:make_sample"),
    "cifar10": ImageSet(
        "cifar10",
        "CIFAR-10",
        10,
        (("data_batch_1", "test_batch", "batches.meta"),),
        "sample_files:make_cifar10_sample",
        ("cifar-10-python.tar.gz",),
        ("cifar-10-batches-py",),
    ),
    "cifar100": ImageSet(
        "cifar100",
        "CIFAR-100",
        20,
        (("train.mat", "test.mat", "meta.mat"), ("train", "test", "meta")),
        "sample_files:make_cifar100_sample",
        ("cifar-100-python.tar.gz",),
        ("cifar-100-python",),
    ),
    "mnist": ImageSet(
        "mnist",
        "MNIST",
        10,
        (
            (
                "train-images-idx3-ubyte.gz",
                "train-labels-idx1-ubyte.gz",
                "t10k-images-idx3-ubyte.gz",
                "t10k-labels-idx1-ubyte.gz",
            ),
            ("mnist.npz",),
        ),
        "sample_files:make_mnist_sample",
    ),
}


def make_sample(name, folder, *, force=False, **sizes) -> bool:
    """Draw the sample of a set, in the layout of its official files, unless the same one is there already.

    Parameters
    ----------
    name : str
        One of ``SETS``.
    folder : path
        Usually data/<name>-sample. Made if missing.
    force : bool
        Draw again, and replace files that are not a sample.
    **sizes
        Numbers of images, e.g. ``num_train``, as the set's own function takes them.

    Returns
    -------
    made : bool
        False if the same sample was there and nothing was done.

    Raises
    ------
    DatasetError
        If no sample is known of that name, a file that is no sample is in the way, or cannot be written.
    """
    if name not in SETS:
        msg = f"make_sample: no sample can be drawn for {name!r}, only for: {', '.join(SETS)}."
        raise DatasetError(msg)
    return SETS[name].make_sample(folder, force=force, **sizes)
