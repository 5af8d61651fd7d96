"""Load CIFAR-10: the official python pickles, some of them, or the drawn sample."""

from __future__ import annotations

import numpy as np

from lib.datasets.cifar_rows import images_of, labels_of, unpack_fetched
from lib.datasets.folder import shown
from lib.datasets.locate import (
    DataDict,
    find_folder,
    how_to_get,
    provenance,
    require_counts,
    split_training,
    tell,
    tell_drawn,
)
from lib.datasets.pickles import load_pickle
from lib.errors import DatasetError

TITLE, NAME = "CIFAR-10", "cifar10"
FOLDER, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
FILES = (BATCHES[0], "test_batch", "batches.meta")
OFFICIAL = (50000, 10000)
NUM_TRAINING, NUM_VALIDATION, NUM_TEST = 49000, 1000, 1000


def CIFAR10(data_dir=None):
    """Read the images and labels as they are in the files.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the files, or a data folder with cifar10/ or cifar10-sample/ in it. Default: $GRADLAB_DATA,
        else the nearest data/ upward from the working directory. Which of real and sample is taken when both
        are there: $GRADLAB_DATASET, else the real one.

    Returns
    -------
    train_images : ndarray, shape (N, 32, 32, 3), uint8
        Of the training batches that are there, in their order.
    train_labels : ndarray, shape (N,), int64
        0 to 9.
    test_images, test_labels : ndarray
        Likewise.
    label_names : list of str
        Ten names.

    Raises
    ------
    DatasetError
        If a file is missing, damaged, or not of this data set.
    """
    *arrays, folder, drawn = _read(data_dir)
    tell_drawn(TITLE, folder, drawn)
    return tuple(arrays)


def CIFAR10_data(
    num_training=NUM_TRAINING,
    num_validation=NUM_VALIDATION,
    num_test=NUM_TEST,
    subtract_mean=True,
    channels_first=True,
    data_dir=None,
):
    """Load CIFAR-10 ready for training: split, and centered on the mean training image.

    Parameters
    ----------
    num_training, num_validation : int
        The first images of the training batches, and those after them. Of files too few for the default
        numbers a sixth is kept for validation, and a line says so.
    num_test : int
        The first images of the test batch; all of them if there are fewer.
    subtract_mean : bool
    channels_first : bool
        Whether images are (N, 3, 32, 32) or (N, 32, 32, 3).
    data_dir : path, optional
        As in CIFAR10.

    Returns
    -------
    data : DataDict
        X_train float32 in the pixels' own range of 0 to 255, y_train int64, likewise _val and _test;
        mean_image float32, which was subtracted from all three (zeros without ``subtract_mean``);
        label_names.

    Raises
    ------
    DatasetError
        If a file is missing or damaged, or there are fewer images than were asked for.
    """
    require_counts(
        "CIFAR10_data",
        {"num_training": 1},
        num_training=num_training,
        num_validation=num_validation,
        num_test=num_test,
    )
    images, labels, test_images, test_labels, names, folder, drawn = _read(data_dir)
    default = (NUM_TRAINING, NUM_VALIDATION)
    num_training, num_validation = split_training(
        "CIFAR10_data", len(images), num_training, num_validation, default, folder / BATCHES[0]
    )
    num_test = min(num_test, len(test_images))
    said = provenance(TITLE, (len(images), len(test_images)), OFFICIAL, drawn)
    tell(TITLE, said, (num_training, num_validation, num_test), folder)

    end = num_training + num_validation
    parts = [images[:num_training], images[num_training:end], test_images[:num_test]]
    if channels_first:
        parts = [part.transpose(0, 3, 1, 2) for part in parts]
    parts = [np.ascontiguousarray(part, dtype=np.float32) for part in parts]
    mean_image = parts[0].mean(axis=0, dtype=np.float64).astype(np.float32)
    if not subtract_mean:
        mean_image[...] = 0
    for part in parts:
        part -= mean_image
    arrays = {
        "X_train": parts[0],
        "y_train": labels[:num_training],
        "X_val": parts[1],
        "y_val": labels[num_training:end],
        "X_test": parts[2],
        "y_test": test_labels[:num_test],
        "mean_image": mean_image,
        "label_names": names,
    }
    return DataDict(arrays, said)


get_CIFAR10_data = CIFAR10_data


def _read(data_dir):
    """Return the arrays of CIFAR-10, the names, the folder, and whether it is the drawn sample."""
    unpack_fetched(NAME, ARCHIVE, FOLDER, FILES[0], data_dir)
    folder, _, drawn = find_folder(TITLE, NAME, [FILES], data_dir, [FOLDER], BATCHES)
    advice = how_to_get(NAME, drawn)
    there = [name for name in BATCHES if (folder / name).is_file()]
    batches = [_read_batch(folder / name, advice) for name in there]
    names = load_pickle(folder / "batches.meta", advice).get("label_names")
    if not isinstance(names, list) or len(names) != 10:
        msg = f"{TITLE}: {shown(folder / 'batches.meta')} holds no ten label_names. {advice}"
        raise DatasetError(msg)
    test_images, test_labels = _read_batch(folder / "test_batch", advice)
    images = np.concatenate([part for part, _ in batches])
    labels = np.concatenate([part for _, part in batches])
    return images, labels, test_images, test_labels, [str(name) for name in names], folder, drawn


def _read_batch(path, advice):
    """Return images (N, 32, 32, 3) uint8 and labels (N,) int64 of one batch, checked."""
    content = load_pickle(path, advice)
    images = images_of(content, TITLE, path, advice)
    return images, labels_of(content, "labels", len(images), 10, TITLE, path, advice)
