"""Load SVHN, cropped digits: the official files, a part of them, or the drawn sample.

Images come out upright, (N, 32, 32, 3), and labels are the digits themselves: the files store 0 as 10.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from lib.datasets.folder import data_folder, say, shown
from lib.datasets.sample import TEST_NAME, TRAIN_NAME, is_sample
from lib.errors import ConfigError, DatasetError

NUM_OFFICIAL, NUM_OFFICIAL_TEST = 73257, 26032
NUM_TRAINING, NUM_VALIDATION = 70000, 3257
HOW = "Run: ./get_datasets.sh (or: python -m lib.datasets svhn)"
HOW_SAMPLE = "Without a network: python -m lib.datasets --sample"


class SVHNData(dict):
    """The arrays by name, as a dict, and where they come from.

    Keys, in this order: data_train, labels_train, data_val, labels_val, data_test, labels_test, mean_image.

    Attributes
    ----------
    provenance : str
        "SVHN", "SVHN sample", or "SVHN part: 1083 of 73257 images".
    """

    def __init__(self, arrays, provenance):
        super().__init__(arrays)
        self.provenance = provenance


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
    train_images, train_labels, test_images, test_labels, folder, drawn = _read(data_dir)
    if drawn:
        say(f"SVHN: SAMPLE, drawn images and not the real ones ({shown(folder)}).")
    return train_images, train_labels, test_images, test_labels


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
    for name, value, least in (("num_training", num_training, 1), ("num_validation", num_validation, 0)):
        if not isinstance(value, (int, np.integer)) or value < least:
            msg = f"SVHN_data: {name}={value!r} must be a whole number, at least {least}."
            raise ConfigError(msg)
    images, labels, test_images, test_labels, folder, drawn = _read(data_dir)
    total = len(images)
    by_default = (num_training, num_validation) == (NUM_TRAINING, NUM_VALIDATION)
    if num_training + num_validation > total:
        if not by_default or total < 2:
            msg = (
                f"SVHN_data: num_training={num_training} and num_validation={num_validation} need "
                f"{num_training + num_validation} images, {shown(folder / TRAIN_NAME)} has {total}. "
                "Ask for fewer, or leave both out: then a sixth is kept for validation."
            )
            raise DatasetError(msg)
        # the official share, 4 %, of so few images would be too few for a steady accuracy
        num_validation = max(1, total // 6)
        num_training = total - num_validation

    provenance = _provenance(total, len(test_images), drawn)
    if provenance != "SVHN":
        kind = "SAMPLE, drawn images and not the real ones" if drawn else provenance.removeprefix("SVHN ")
        split = f"{num_training} to train, {num_validation} to validate, {len(test_images)} to test"
        say(f"SVHN: {kind}; {split} ({shown(folder)}).")

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
    return SVHNData(arrays, provenance)


def _read(data_dir):
    """Return the arrays of SVHN, the folder they lie in, and whether they are the drawn sample."""
    folder = _find_folder(data_dir)
    for name, other in ((TRAIN_NAME, TEST_NAME), (TEST_NAME, TRAIN_NAME)):
        if not (folder / name).is_file():
            msg = f"SVHN: {shown(folder / name)} not found, though {other} is there. {HOW}. {HOW_SAMPLE}"
            raise DatasetError(msg)
    drawn, drawn_test = is_sample(folder / TRAIN_NAME), is_sample(folder / TEST_NAME)
    if drawn != drawn_test:
        names = (TRAIN_NAME, TEST_NAME) if drawn else (TEST_NAME, TRAIN_NAME)
        what = f"in {shown(folder)}, {names[0]} is the sample and {names[1]} is not"
        msg = f"SVHN: {what}. Move one of them away. {HOW}"
        raise DatasetError(msg)
    drawn = drawn or folder.name == "svhn-sample"
    if drawn and _choice() == "real":
        msg = f"SVHN: GRADLAB_DATASET=real, but {shown(folder)} holds the SAMPLE. {HOW}"
        raise DatasetError(msg)
    return *_read_mat(folder / TRAIN_NAME), *_read_mat(folder / TEST_NAME), folder, drawn


def _choice():
    """Return "real", "sample" or "" as $GRADLAB_DATASET says."""
    choice = os.environ.get("GRADLAB_DATASET", "").strip().lower()
    if choice not in ("", "real", "sample"):
        msg = f"GRADLAB_DATASET={choice!r} is neither 'real' nor 'sample'. Set one of them, or unset it."
        raise ConfigError(msg)
    return choice


def _find_folder(data_dir):
    """Return the folder that holds (or should hold) the two files."""
    data = Path(data_dir).expanduser() if data_dir is not None else data_folder()
    choice = _choice()
    real = [data / "svhn", data]  # directly in data/ is where seeds' scripts and students put them
    sample = [data / "svhn-sample"]
    if data_dir is not None:
        real.reverse()  # a folder given by hand may be the one with the files
        if is_sample(data / TRAIN_NAME):
            sample.insert(0, data)
    candidates = {"real": real, "sample": sample, "": [*real, *sample]}[choice]
    for folder in candidates:
        if (folder / TRAIN_NAME).is_file() or (folder / TEST_NAME).is_file():
            return folder
    if choice == "sample":
        missing = shown(data / "svhn-sample" / TRAIN_NAME)
        msg = f"SVHN: {missing} not found. Run: python -m lib.datasets --sample"
    else:
        msg = f"SVHN: {shown(data / 'svhn' / TRAIN_NAME)} not found. {HOW}. {HOW_SAMPLE}"
    raise DatasetError(msg)


def _read_mat(path):
    """Return images (N, 32, 32, 3) uint8 and labels (N,) int64 of one file, checked."""
    fetch_again = f"Move it away and run: ./get_datasets.sh (or: python -m lib.datasets {_set_name(path)})"
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


def _set_name(path):
    return "--sample --force" if path.parent.name == "svhn-sample" else "svhn"


def _provenance(total, total_test, drawn):
    if drawn:
        return "SVHN sample"
    if (total, total_test) == (NUM_OFFICIAL, NUM_OFFICIAL_TEST):
        return "SVHN"
    if total != NUM_OFFICIAL:
        return f"SVHN part: {total} of {NUM_OFFICIAL} images"
    return f"SVHN part: {total} of {NUM_OFFICIAL} images, test {total_test} of {NUM_OFFICIAL_TEST}"


def _scale(images):
    """Return images as float32 from 0 to 1."""
    scaled = images.astype(np.float32)
    scaled /= 255
    return scaled
