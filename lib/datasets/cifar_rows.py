"""What CIFAR-10 and CIFAR-100 have in common: rows of 3072 numbers, labels beside them, an archive to unpack."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.datasets.folder import data_folder, shown
from lib.datasets.locate import choice, how_to_get
from lib.datasets.pickles import unpack_archive
from lib.errors import DatasetError

SIDE = 32


def unpack_fetched(name, archive, folder, unless, data_dir=None):
    """Unpack the archive that ./get_datasets.sh fetched, the first time that somebody loads the set.

    Parameters
    ----------
    name, archive, folder : str
        "cifar10", the name of the archive, and what it unpacks to.
    unless : str
        A file that makes the archive unnecessary where it lies beside it.
    data_dir : path, optional
        As of the loaders.

    Raises
    ------
    DatasetError
        If the archive is damaged, or cannot be unpacked where it lies.
    """
    if choice() == "sample":
        return
    data = Path(data_dir).expanduser() if data_dir is not None else data_folder()
    for place in (data, data / name):
        if not (place / unless).is_file():
            unpack_archive(place / archive, folder, how_to_get(name))


def images_of(content, title, path, advice):
    """Return the images of a file, (N, 32, 32, 3) uint8, checked.

    Parameters
    ----------
    content : dict
        Of the file; ``data`` is (N, 3072) uint8, a row all red pixels, then all green, then all blue.
    title, path, advice : str, Path, str
        For messages: the set, the file, and where to get it anew.

    Raises
    ------
    DatasetError
        If ``data`` is anything else, or holds no image.
    """
    rows = content.get("data")
    wanted = (3 * SIDE * SIDE,)
    if (
        not isinstance(rows, np.ndarray)
        or rows.dtype != np.uint8
        or rows.shape[1:] != wanted
        or not len(rows)
    ):
        kind = f"{rows.dtype} {rows.shape}" if isinstance(rows, np.ndarray) else type(rows).__name__
        msg = f"{title}: 'data' in {shown(path)} is {kind}, wanted uint8 (N, 3072). Move it away. {advice}"
        raise DatasetError(msg)
    return np.ascontiguousarray(rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


def labels_of(content, key, count, num_classes, title, path, advice):
    """Return the labels of a file, (count,) int64, checked; in a .mat file they are a column.

    Raises
    ------
    DatasetError
        If there is not one whole number from 0 to num_classes - 1 for each image.
    """
    try:
        labels = np.asarray(content.get(key, ())).ravel()
    except ValueError:  # lists of different lengths
        labels = np.empty(0)
    fits = labels.shape == (count,) and labels.dtype.kind in "iu"
    if not fits or labels.min() < 0 or labels.max() >= num_classes:
        msg = (
            f"{title}: '{key}' in {shown(path)} is not one class of 0 to {num_classes - 1} for each of "
            f"{count} images. Move it away. {advice}"
        )
        raise DatasetError(msg)
    return labels.astype(np.int64)
