"""Load SVHN, cropped digits: the official files, a part of them, or the drawn sample.

Images come out upright, (N, 32, 32, 3), and labels are the digits themselves: the files store 0 as 10.
"""

from __future__ import annotations

import numpy as np
from scipy.io import loadmat

from lib.datasets.folder import shown
from lib.datasets.locate import (
    DataDict,
    find_folder,
    how_to_get,
    is_sample,
    provenance,
    require_counts,
    split_training,
    tell,
    tell_drawn,
)
from lib.datasets.sample import TEST_NAME, TRAIN_NAME
from lib.errors import DatasetError

NUM_OFFICIAL, NUM_OFFICIAL_TEST = 73257, 26032
NUM_TRAINING, NUM_VALIDATION = 70000, 3257

SVHNData = DataDict


def SVHN(data_dir=None):
    """Read the images and labels as they are in the files.

    Parameters
    ----------
    data_dir : path, optional
        Folder with the two .mat files, or a data folder with svhn/ or svhn-sample/ in it.
        Default: $GRADLAB_DATA, else the nearest data/ upward from the working directory.
        Which of real and sample is taken when both are there: $GRADLAB_DATASET, else the real one.

    Returns
    -------
    train_images : ndarray, shape (N, 32, 32, 3), uint8
        Rows from top to bottom, columns from left to right, RGB.
    train_labels : ndarray, shape (N,), int64
        The digit d is the class d; 0 to 9.
    test_images, test_labels : ndarray
        Likewise.

    Raises
    ------
    DatasetError
        If a file is missing, damaged or not of this data set.
    """
    *arrays, folder, drawn = _read(data_dir)
    tell_drawn("SVHN", folder, drawn)
    return tuple(arrays)


def SVHN_data(num_training=NUM_TRAINING, num_validation=NUM_VALIDATION, data_dir=None):
    """Load SVHN ready for training: split, scaled to 0 ... 1, and centered on the mean training image.

    Parameters
    ----------
    num_training, num_validation : int
        The first images of the training file, and those after them. Of a file too small for the default
        numbers a sixth is kept for validation, and a line says so.
    data_dir : path, optional
        As in SVHN.

    Returns
    -------
    data : SVHNData
        data_train (num_training, 32, 32, 3) float32, labels_train (num_training,) int64, likewise _val and
        _test, and mean_image (32, 32, 3) float32, which was subtracted from all three.

    Raises
    ------
    DatasetError
        If a file is missing or damaged, or has fewer images than were asked for.
    """
    require_counts("SVHN_data", {"num_training": 1}, num_training=num_training, num_validation=num_validation)
    images, labels, test_images, test_labels, folder, drawn = _read(data_dir)
    total = len(images)
    num_training, num_validation = split_training(
        "SVHN_data",
        total,
        num_training,
        num_validation,
        (NUM_TRAINING, NUM_VALIDATION),
        folder / TRAIN_NAME,
    )
    said = provenance("SVHN", (total, len(test_images)), (NUM_OFFICIAL, NUM_OFFICIAL_TEST), drawn)
    tell("SVHN", said, (num_training, num_validation, len(test_images)), folder)

    end = num_training + num_validation
    data_train = _scale(images[:num_training])
    mean_image = data_train.mean(axis=0, dtype=np.float64).astype(np.float32)
    data_val, data_test = _scale(images[num_training:end]), _scale(test_images)
    for part in (data_train, data_val, data_test):
        part -= mean_image  # in place: the full set takes 1.2 GB as it is
    arrays = {
        "data_train": data_train,
        "labels_train": labels[:num_training],
        "data_val": data_val,
        "labels_val": labels[num_training:end],
        "data_test": data_test,
        "labels_test": test_labels,
        "mean_image": mean_image,
    }
    return SVHNData(arrays, said)


def _read(data_dir):
    """Return the arrays of SVHN, the folder they lie in, and whether they are the drawn sample."""
    folder, _, drawn = find_folder("SVHN", "svhn", [(TRAIN_NAME, TEST_NAME)], data_dir)
    return *_read_mat(folder / TRAIN_NAME), *_read_mat(folder / TEST_NAME), folder, drawn


def _read_mat(path):
    """Return images (N, 32, 32, 3) uint8 and labels (N,) int64 of one file, checked."""
    how = how_to_get("svhn", is_sample(path) or path.parent.name == "svhn-sample")
    fetch_again = f"Move it away and r{how.removeprefix('R')}"
    try:
        content = loadmat(path, variable_names=("X", "y"))
    except Exception as error:  # on damaged files scipy raises nearly anything, zlib.error and TypeError too
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        msg = f"SVHN: {shown(path)} is damaged or no .mat file ({reason}). {fetch_again}"
        raise DatasetError(msg) from error
    missing = [key for key in ("X", "y") if key not in content]
    if missing:
        msg = f"SVHN: {shown(path)} has no array {missing[0]!r}; the official file has X and y. {fetch_again}"
        raise DatasetError(msg)
    x, y = content["X"], content["y"]
    if x.ndim != 4 or x.shape[:3] != (32, 32, 3) or x.dtype != np.uint8:
        msg = f"SVHN: X in {shown(path)} is {x.dtype} {x.shape}, wanted uint8 (32, 32, 3, N). {fetch_again}"
        raise DatasetError(msg)
    count = x.shape[3]
    if y.shape != (count, 1) or y.dtype.kind not in "uif":
        msg = f"SVHN: y in {shown(path)} is {y.dtype} {y.shape}, wanted numbers ({count}, 1). {fetch_again}"
        raise DatasetError(msg)
    labels = y[:, 0].astype(np.int64)
    bad = np.flatnonzero((labels < 1) | (labels > 10) | (labels != y[:, 0]))
    if len(bad):
        msg = (
            f"SVHN: y in {shown(path)} holds {y[bad[0], 0]} at position {bad[0]}, wanted 1 to 10 "
            f"(10 stands for the digit 0). {fetch_again}"
        )
        raise DatasetError(msg)
    labels[labels == 10] = 0
    return np.ascontiguousarray(np.moveaxis(x, 3, 0)), labels


def _scale(images):
    """Return images as float32 from 0 to 1."""
    scaled = images.astype(np.float32)
    scaled /= 255
    return scaled
